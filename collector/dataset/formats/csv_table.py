"""data.csv with a row for each picture, and the pictures beside it. Rules: RFC 4180, UTF-8, read with pandas."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from collector.dataset.attribution import no_formula
from collector.dataset.formats import rows
from collector.dataset.samples import EncodedSample, ExportPlan

READABLE: Final = rows.READABLE
TABLE: Final = "data.csv"
_CHUNK: Final = 10_000
_QUOTED: Final = "'"
"""A cell that begins so gets another one in front: to take one away gives every cell back."""


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter. `labels` is JSON; what a spreadsheet would take for a formula has a ' in front."""
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows.columns(plan), lineterminator="\n")
        writer.writeheader()
        for written in pictures:
            row = rows.row(written, plan, rows.save(folder, written))
            row["labels"] = json.dumps(row["labels"], ensure_ascii=False)
            writer.writerow({name: _cell(value) for name, value in row.items()})


def _cell(value: object) -> str:
    """A negative number is none that a spreadsheet would compute."""
    if value is None:
        return ""
    return str(value) if isinstance(value, float) else no_formula(str(value), _QUOTED)


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter. As pandas reads it, every column a text."""
    return rows.checked(folder, partial(_entries, folder))


def _entries(folder: Path) -> Iterator[rows.Entry]:
    import pandas as pd

    columns = ["file_name", "split", "label"]
    with pd.read_csv(folder / TABLE, dtype=str, keep_default_na=False, usecols=columns, chunksize=_CHUNK) as frames:
        for frame in frames:
            plain = frame[columns].replace("^'", "", regex=True)
            yield from plain.itertuples(index=False, name=None)


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""
    read = f"pd.read_csv({str(folder / TABLE)!r}, keep_default_na=False)"
    return f"import pandas as pd\ntable = {read}.replace(\"^'\", '', regex=True)"
