"""Moves the files of pictures that are left out of the set beside the output folder, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from collector.ledger import Ledger
from collector.ledger.paths import REJECTED, drop_if_empty, inside, move


def rejects(folder: Path) -> Path:
    """Where left-out pictures are moved to: beside the output folder, so that no loader takes it for a class."""
    out = folder.absolute()
    return out.with_name(f"{out.name}{REJECTED}")


def apply(ledger: Ledger, folder: Path) -> int:
    """Move the files of pictures that are left out beside the folder, and those back that no longer are; how many.

    File first, ledger second, and a file that is there already is taken as moved: a kill between the two is made good
    by doing it again.
    """
    _proved(folder, ledger.dataset.to_move())
    undone = restore(ledger, folder, ledger.dataset.stranded())
    moved = 0
    for sha256, path in _proved(folder, ledger.dataset.to_move()):
        beside = Path("..", rejects(folder).name, path.parent.name, path.name)
        if move(folder, path, beside):
            with ledger.transaction():
                ledger.dataset.relocate(sha256, beside, path.as_posix())
            moved += 1
    return moved + undone


def _proved(folder: Path, files: Sequence[tuple[str, Path]]) -> Sequence[tuple[str, Path]]:
    """The files, when every one lies inside: all are looked at before the first is moved. LedgerError."""
    for _, path in files:
        inside(folder, path)
    return files


def undo(ledger: Ledger, folder: Path) -> int:
    """Move every file back that was moved away; how many. The verdicts stay."""
    return restore(ledger, folder, ledger.dataset.moved() + ledger.dataset.stranded())


def restore(ledger: Ledger, folder: Path, files: Sequence[tuple[str, Path]]) -> int:
    """Move (sha256, path) files back into their class folders; how many."""
    for sha256, path in _proved(folder, files):
        back = Path(path.parent.name, path.name)
        move(folder, path, back)
        with ledger.transaction():
            ledger.dataset.relocate(sha256, back, "")
    drop_if_empty(rejects(folder))
    return len(files)
