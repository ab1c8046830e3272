"""The one table of export formats. Explicit, one line each: a format that is not named here does not exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from collector.dataset.samples import EncodedSample, ExportPlan
from collector.errors import UsageError, alternatives
from collector.images.form import Form

EXPORTERS: Final[Mapping[str, str]] = {
    "imagefolder": "collector.dataset.formats.folders:IMAGEFOLDER",
    "keras": "collector.dataset.formats.folders:KERAS",
    "yolo-cls": "collector.dataset.formats.yolo_cls",
    "hf": "collector.dataset.formats.hf",
    "webdataset": "collector.dataset.formats.webdataset",
    "csv": "collector.dataset.formats.csv_table",
    "jsonl": "collector.dataset.formats.jsonl_table",
    "parquet": "collector.dataset.formats.parquet_table",
    "coco": "collector.dataset.formats.coco",
    "fiftyone": "collector.dataset.formats.fiftyone",
    "labelstudio": "collector.dataset.formats.labelstudio",
    "croissant": "collector.dataset.formats.croissant",
    "img2dataset": "collector.dataset.formats.img2dataset",
}
"""Name -> module, or a value in one, that offers what `Exporter` says."""


class Exporter(Protocol):
    """What an exporter offers."""

    @property
    def READABLE(self) -> frozenset[str]:
        """Extensions that the format's loaders read; other pictures are written anew. Empty: it holds no pictures."""

    """`ORIGINALS`, where a module has it: extensions that its loaders open when bytes are to stay as they came; else
    these are the READABLE ones."""

    def write(self, folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
        """Write the export into an empty folder. `pictures` are the plan's samples in its order, without those that
        could not be read any more."""

    def check(self, folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
        """(split, class) -> pictures, read back by the rules of the format's own loader. ValueError: what is wrong."""

    def loading(self, folder: Path, plan: ExportPlan) -> str:
        """The lines of Python that load it."""


def readable(exporter: Exporter, form: Form) -> frozenset[str]:
    """Extensions of pictures whose bytes may stay as they are in this form."""
    if form.encoding == "original":
        return cast(frozenset[str], getattr(exporter, "ORIGINALS", exporter.READABLE))
    return exporter.READABLE


def load(name: str) -> Exporter:
    """What writes a format. UsageError that lists the choices when there is no such format."""
    if name not in EXPORTERS:
        raise UsageError(f"no export format {name!r}; {alternatives(name, EXPORTERS)}")
    module, _, value = EXPORTERS[name].partition(":")
    loaded = import_module(module)
    return cast(Exporter, getattr(loaded, value) if value else loaded)
