"""What a person did to the files, taken as a word: deleting is dropping, moving to another class is relabelling.

Writes the ledger; moves a file only to give it back the name that we know it by.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from collector.errors import some
from collector.ledger import Ledger, Row
from collector.ledger.layout import FILE_NAME
from collector.ledger.names import number_of
from collector.ledger.paths import inside, move
from collector.ledger.rows import SAVED
from collector.maintenance.verify import DROPPED, Finding, misplaced

FEW: Final = 5
SHARE: Final = 0.1
"""Files, and share of all, up to which missing ones may be taken for deleted without being asked: more is a disk."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was taken as a person's word."""

    dropped: tuple[Path, ...] = ()
    """Where the deleted files were."""
    moved: tuple[tuple[Path, str], ...] = ()
    """(where a file was, the class that it is of now)."""

    def __bool__(self) -> bool:
        return bool(self.dropped or self.moved)


def accept(ledger: Ledger, folder: Path, found: Iterable[Finding]) -> Accepted:
    """Missing files were dropped by a person, and moved ones are of the class that their folder is; others are left."""
    dropped: list[Path] = []
    moved: list[tuple[Path, str]] = []
    for finding in found:
        row = finding.saved
        if finding.kind == "missing" and row is not None:
            with ledger.transaction():
                ledger.dataset.review(row.sha256, row.label, "drop")
            dropped.append(row.file)
        elif finding.kind == "moved" and row is not None and finding.now is not None:
            now = finding.now
            label = ledger.keywords.label_of(now.parts[0]) or now.parts[0]
            relabel(ledger, folder, row, label, now)
            moved.append((row.file, label))
    return Accepted(tuple(dropped), tuple(moved))


def by_hand(ledger: Ledger, folder: Path) -> Iterator[Finding]:
    """What can be nothing but a person's hands: files in another class folder, and a few that are gone from a folder in
    which others are still there. Sizes are compared, not bytes."""
    missing = {(folder / row.file).name: row for row in _missing(ledger, folder)}
    if not missing:
        return
    yield from misplaced(ledger, folder, missing)
    lost = [row for row in missing.values() if row.left_out != DROPPED]
    gone = [row for row in lost if _one_of_many(inside(folder, row.file))]
    count = sum(1 for _ in ledger.dataset.cells(("id",), SAVED))
    if len(gone) == len(lost) and len(gone) <= max(FEW, SHARE * count) and len(gone) < count:
        yield from (Finding("missing", row.file, saved=row) for row in gone)


def told(done: Accepted) -> Iterator[str]:
    """Lines for the user."""
    if done.dropped:
        listed = some([path.as_posix() for path in done.dropped])
        yield f"deleted by hand, so dropped from the set: {listed}; `collector review undo` takes it back"
    for label, count in sorted(Counter(label for _, label in done.moved).items()):
        yield f"pictures moved by hand, so of class {label} now: {count:,}"


def _missing(ledger: Ledger, folder: Path) -> Iterator[Row]:
    root = os.fspath(folder)
    gone = [
        sha256
        for sha256, path in ledger.dataset.cells(("sha256", "path"), SAVED)
        if not os.path.exists(f"{root}{os.sep}{path}")  # noqa: PTH110 - of each of a million: a Path costs more.
    ]
    for sha256 in gone:
        yield from ledger.dataset.rows(replace(SAVED, sha256=sha256))


def _one_of_many(file: Path) -> bool:
    return (
        file.parent.is_dir()
        and not os.path.lexists(file)
        and any(FILE_NAME.fullmatch(other.name) or number_of(other.name) is not None for other in file.parent.iterdir())
    )


def relabel(ledger: Ledger, folder: Path, row: Row, label: str, now: Path | None = None) -> None:
    """Put a picture into another class, its file first; `now`: where somebody moved that meanwhile.

    Its name becomes the one that we know it by. What was moved beside the output folder stays beside it.
    """
    now = now or row.file
    with ledger.transaction():
        target = now.parent.parent / ledger.work.folder(label) / row.file.name
    move(folder, now, target)
    with ledger.transaction():
        ledger.keywords.refile(row.sha256, label)
        ledger.keywords.place(row.sha256, target)
