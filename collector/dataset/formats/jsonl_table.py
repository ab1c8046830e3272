"""metadata.jsonl with a line for each picture, and the pictures beside it; below a folder for each split.

Hugging Face's imagefolder reads it: the label stands in a column, so no folder name is taken for a class or a split.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from collector.dataset.formats import rows
from collector.dataset.formats.folders import by_split
from collector.dataset.samples import EncodedSample, ExportPlan

READABLE: Final = rows.READABLE
TABLE: Final = "metadata.jsonl"


def write(folder: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """See Exporter."""
    for split, group in groupby(pictures, key=lambda written: written.sample.split):
        write_table(folder / split, plan, group)


def write_table(place: Path, plan: ExportPlan, pictures: Iterable[EncodedSample]) -> None:
    """One table and its pictures."""
    place.mkdir(exist_ok=True)
    with (place / TABLE).open("w", encoding="utf-8", newline="\n") as file:
        for written in pictures:
            row = rows.row(written, plan, rows.save(place, written))
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def check(folder: Path, plan: ExportPlan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    counts: Counter[tuple[str, str]] = Counter()
    for split in plan.splits:
        if (folder / split / TABLE).is_file():
            counts += check_table(folder / split)
    return counts


def check_table(place: Path) -> Counter[tuple[str, str]]:
    """(split, class) -> pictures of one table."""
    return rows.checked(place, partial(_entries, place))


def _entries(place: Path) -> Iterator[rows.Entry]:
    with (place / TABLE).open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield row["file_name"], row["split"], row["label"]


def patterns(plan: ExportPlan) -> list[tuple[str, list[str]]]:
    """(split, globs) for Hugging Face."""
    places = [(split, f"{split}/" if split else "") for split in plan.splits]
    return [(split, [f"{place}{TABLE}", f"{place}{rows.PICTURES}/**"]) for split, place in places]


def loading(folder: Path, plan: ExportPlan) -> str:
    """See Exporter."""

    def table(split: str) -> str:
        return f"pd.read_json({str(folder / split / TABLE)!r}, lines=True)"

    return by_split("import pandas as pd", plan, table, whole="table")
