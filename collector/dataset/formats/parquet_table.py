"""data.parquet with a row for each picture, and the pictures beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

from collector.dataset.formats import arrow, rows
from collector.dataset.samples import EncodedSample, ExportPlan

READABLE: Final = rows.READABLE
TABLE: Final = "data.parquet"
_GROUP: Final = 10_000
_NUMBERS: Final = ("label_id", "width", "height", "rank")


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    entries = (rows.row(written, plan, rows.save(folder, written)).values() for written in pictures)
    arrow.write(folder / TABLE, schema(plan), entries, group=_GROUP)


def schema(plan: ExportPlan) -> Any:
    """The columns of `rows.row` with their types."""
    pa = arrow.pyarrow()
    kinds = {name: pa.int64() for name in _NUMBERS} | {"labels": pa.list_(pa.string())}
    kinds |= {"latitude": pa.float64(), "longitude": pa.float64()}
    return pa.schema([(name, kinds.get(name, pa.string())) for name in rows.columns(plan)])


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    return rows.checked(folder, partial(arrow.read, folder / TABLE, ["file_name", "split", "label"], _GROUP))


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    return f"import pandas as pd\ntable = pd.read_parquet({str(folder / TABLE)!r})"
