"""All pictures against the ledger: what is missing, altered, moved or unknown; the lost can be fetched again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.ledger import Ledger, Row
from collector.ledger.paths import inside
from collector.ledger.rows import SAVED
from collector.maintenance import altered, files

DROPPED = "set.dropped"
"""Why a picture is left out that a person dropped."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One file that is not as recorded."""

    kind: str
    """`missing`, `altered`, `moved` (the same bytes under another path), `unknown` (ours by name, in no row) or
    `unbacked` (rows that count on a picture that no row has saved)."""
    path: Path
    """Relative to the folder: where it should be; for `unknown`, where it is."""
    now: Path | None = None
    """For `moved`: where it is. For `unbacked`: where its file is, if it is there."""
    saved: Row | None = None
    sha256: str = ""
    """For `unbacked`."""
    instead: str = ""
    """For `altered`: what is in its place that is no file, such as "a pipe"."""


def findings(ledger: Ledger, folder: Path, bytes_too: bool = True) -> Iterator[Finding]:
    """Everything that is not as it should be. LedgerError when the ledger itself is damaged.

    Without `bytes_too` a file of the right size is believed; then a flipped byte is not seen.
    """
    ledger.maintenance.check(thorough=True)
    missing: dict[str, Row] = {}
    for saved in ledger.dataset.rows(SAVED):
        kind = files.trouble(folder, saved, bytes_too)
        if kind == "missing":
            missing[(folder / saved.file).name] = saved
        elif kind:
            place = folder / saved.file
            instead = files.in_its_place(place) or ("a link" if place.is_symlink() else "")
            yield Finding(kind, saved.file, saved=saved, instead=instead)
    moved = set()
    for finding in (*misplaced(ledger, folder, missing), *_unbacked(ledger, folder)):
        moved.add(finding.now)
        yield finding
    for file in files.pictures(ledger, folder):
        path = file.relative_to(folder)
        owner = ledger.maintenance.owner_of(file.name)
        if path not in moved and owner != path and (owner is None or file.name in missing):
            yield Finding("unknown", path)
    for saved in missing.values():
        if saved.left_out != DROPPED:  # Who dropped it may delete it as well.
            yield Finding("missing", saved.file, saved=saved)


def misplaced(ledger: Ledger, folder: Path, missing: dict[str, Row]) -> Iterator[Finding]:
    """Files that lie in another class folder, or under a name of somebody's choice, by their bytes; they are taken out
    of `missing` (name -> row)."""
    if not missing:
        return
    sizes = {row.bytes for row in missing.values()}
    shas = {row.sha256: name for name, row in missing.items()}
    for directory in files.class_folders(folder):
        for file in sorted(directory.iterdir()):
            if file.is_symlink() or not file.is_file() or file.stat().st_size not in sizes:
                continue
            if ledger.maintenance.owner_of(file.name) == file.relative_to(folder):
                continue
            if name := shas.pop(files.sha256(file), None):
                row = missing.pop(name)
                yield Finding("moved", row.file, file.relative_to(folder), row)


def _unbacked(ledger: Ledger, folder: Path) -> Iterator[Finding]:
    for sha256, path in ledger.maintenance.unbacked():
        there = {path, *(name.relative_to(folder) / path.name for name in files.class_folders(folder))}
        whole = (place for place in sorted(there) if not files.file_trouble(inside(folder, place), None, sha256))
        yield Finding("unbacked", path, next(whole, None), sha256=sha256)


def close_books(ledger: Ledger, found: list[Finding]) -> int:
    """Mend what is unbacked: the picture is saved where its file is there, and its URLs are to do where it is not; how
    many of them."""
    for finding in found:
        if finding.kind == "unbacked" and finding.now is not None:
            ledger.maintenance.back(finding.sha256, finding.now)
    return ledger.maintenance.close_books()


def fetch_again(ledger: Ledger, folder: Path, found: list[Finding]) -> int:
    """Put the missing and altered ones back to do; how many URLs. Altered files stay, under another name.

    What is known of altered ones goes: the file may have been looked at in the picture's place.
    """
    lost = [finding.saved for finding in found if finding.kind in ("missing", "altered") and finding.saved]
    for finding in found:
        if finding.kind == "altered":
            files.set_aside(files.itself(folder, finding.path))
    replaced = {one.saved.sha256 for one in found if one.kind == "altered" and one.saved}
    altered.forget(ledger, folder, replaced)
    with ledger.transaction():
        ledger.dataset.set_altered(ledger.dataset.altered() - replaced)
    return ledger.maintenance.lost(lost) + close_books(ledger, found)
