"""metadata.jsonl with a line for each picture, and the pictures beside it.

Hugging Face's imagefolder reads it too: the label stands in a column, so no folder name is taken for a split.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from collector.dataset.formats import rows
from collector.dataset.samples import Plan, Written

READABLE: Final = rows.READABLE
TABLE: Final = "metadata.jsonl"


def write(folder: Path, plan: Plan, pictures: Iterable[Written]) -> None:
    """See Exporter."""
    with (folder / TABLE).open("w", encoding="utf-8", newline="\n") as file:
        for written in pictures:
            row = rows.row(written, plan, rows.save(folder, written))
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def check(folder: Path, plan: Plan) -> Counter[tuple[str, str]]:
    """See Exporter."""
    with (folder / TABLE).open(encoding="utf-8") as file:
        return rows.checked(folder, (json.loads(line) for line in file))


def loading(folder: Path, plan: Plan) -> str:
    """See Exporter."""
    return f"import pandas as pd\ntable = pd.read_json({str(folder / TABLE)!r}, lines=True)"
