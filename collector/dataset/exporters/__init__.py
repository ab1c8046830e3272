"""The one table of export formats. Explicit, one line each: a format that is not named here does not exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from collector.contracts import UsageError
from collector.dataset.samples import Plan, Written

EXPORTERS: Final[Mapping[str, str]] = {
    "imagefolder": "collector.dataset.exporters.imagefolder",
    "keras": "collector.dataset.exporters.keras",
    "yolo-cls": "collector.dataset.exporters.yolo_cls",
    "hf": "collector.dataset.exporters.hf",
    "webdataset": "collector.dataset.exporters.webdataset",
    "csv": "collector.dataset.exporters.csv_table",
    "jsonl": "collector.dataset.exporters.jsonl_table",
    "parquet": "collector.dataset.exporters.parquet_table",
    "coco": "collector.dataset.exporters.coco",
    "fiftyone": "collector.dataset.exporters.fiftyone",
    "labelstudio": "collector.dataset.exporters.labelstudio",
    "croissant": "collector.dataset.exporters.croissant",
    "img2dataset": "collector.dataset.exporters.img2dataset",
}
"""Name -> module. The module offers what `Exporter` says."""


class Exporter(Protocol):
    """What an exporter's module offers."""

    @property
    def READABLE(self) -> frozenset[str]:
        """Extensions that the format's loaders read; other pictures are written anew. Empty: it holds no pictures."""

    def write(self, folder: Path, plan: Plan, pictures: Iterable[Written]) -> None:
        """Write the export into an empty folder. `pictures` are the plan's samples in its order, without those that
        could not be read any more."""

    def check(self, folder: Path, plan: Plan) -> Counter[tuple[str, str]]:
        """(split, class) -> pictures, read back by the rules of the format's own loader. ValueError: what is wrong."""

    def loading(self, folder: Path, plan: Plan) -> str:
        """The lines of Python that load it."""


def load(name: str) -> Exporter:
    """The module of a format. UsageError that lists the choices when there is no such format."""
    module = EXPORTERS.get(name)
    if module is None:
        raise UsageError(f"no export format {name!r}; there are: {', '.join(EXPORTERS)}")
    return cast(Exporter, import_module(module))
