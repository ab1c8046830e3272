"""urls.parquet for img2dataset: the set as URLs, with the hashes by which it can be built again and checked.

Rules: github.com/rom1504/img2dataset (--url_col, --caption_col, --verify_hash). Holds no pictures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from collector.dataset.formats import arrow
from collector.dataset.samples import EncodedSample, ExportPlan, Sample

READABLE: Final[frozenset[str]] = frozenset()
TABLE: Final = "urls.parquet"
_COLUMNS: Final = ("url", "caption", "label", "split", "id", "sha256")
_GROUP: Final = 10_000


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter. The caption is the title, or the label where there is none."""
    pa = arrow.pyarrow()
    schema = pa.schema([(name, pa.string()) for name in _COLUMNS])
    rows = (_row(written.sample) for written in pictures)
    arrow.write(folder / TABLE, schema, rows, group=_GROUP)


def _row(sample: Sample) -> tuple[str, ...]:
    item = sample.item
    return item.url, item.title or item.label, item.label, sample.split, sample.key, item.sha256


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    return Counter(arrow.read(folder / TABLE, ["split", "label"], _GROUP))


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    options = (
        '--input_format parquet --url_col url --caption_col caption --save_additional_columns \'["label","split"]\''
    )
    lines = [f"img2dataset --url_list {str(folder / TABLE)!r} {options} \\"]
    return "\n".join([*lines, '  --compute_hash sha256 --verify_hash \'["sha256","sha256"]\' --output_folder DEST'])
