"""The mark that a run is going on, and what is done when the next one finds it: the run before died.

Whether the process alone died or the whole machine is known by the boot id; after the latter nothing
that was not flushed is believed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collector.images.extras import installed, reasons
from collector.ledger import Ledger, disk
from collector.ledger.paths import drop_if_empty
from collector.maintenance import files

RUNNING = "running"
BOOT = "boot"
EXTRAS = "extras"
"""The note of the formats that could be decoded with the extras of the last run."""
SLACK = 2.0
"""Seconds by which file times of coarse file systems (FAT) may lie before the clock."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done after a run that died."""

    orphans: int = 0
    """Pictures deleted that had their name but not yet their row; their URLs are to do."""
    lost: int = 0
    """Pictures that a dead machine did not keep; their URLs are to do."""
    checked: int = 0


def begin(ledger: Ledger, at: datetime | None = None) -> None:
    """Leave the mark."""
    ledger.remember(RUNNING, (at or datetime.now(UTC)).isoformat())
    ledger.remember(BOOT, disk.boot_id())


def readable_now(ledger: Ledger) -> int:
    """Put back what the extra of its format has been installed for since; how many URLs are to do again."""
    before, there = set(ledger.note(EXTRAS).split()), installed()
    if there == before:
        return 0
    ledger.remember(EXTRAS, " ".join(sorted(there)))
    new = there - before
    return ledger.maintenance.put_back(reasons(new))[0] if new else 0


def end(ledger: Ledger) -> None:
    """Take the mark away: everything named is recorded."""
    ledger.remember(RUNNING, "")


def clock_went_back(ledger: Ledger) -> None:
    """Move the mark when the wall clock shows less than it: files to come are still younger than the mark."""
    began = _mark(ledger)
    if began is not None and (current := datetime.now(UTC)) < began:
        begin(ledger, current)


def after_unclean_stop(ledger: Ledger, folder: Path, boot: Callable[[], str] = disk.boot_id) -> Mended:
    """Looks at nothing when the run before ended well and the machine ran on. LedgerError when it is damaged."""
    began = _mark(ledger)
    orphans = 0
    if began is not None:
        ledger.maintenance.check()
        orphans = remove_orphans(ledger, folder, began.timestamp() - SLACK)
    boot_now = boot()
    if boot_now and boot_now == ledger.note(BOOT):
        return Mended(orphans)
    mark, unsynced = ledger.maintenance.unsynced()
    if not mark:
        return Mended(orphans)
    lost = [saved for saved in unsynced if files.trouble(folder, saved)]
    for saved in lost:
        file = files.itself(folder, saved.file)
        if file.is_symlink() or files.in_its_place(file):
            files.set_aside(file)
        file.unlink(missing_ok=True)
    ledger.maintenance.lost(lost)
    disk.flush(folder, [saved.file for saved in unsynced])
    ledger.maintenance.synced(mark)
    return Mended(orphans, len(lost), len(unsynced))


def remove_orphans(ledger: Ledger, folder: Path, since: float) -> int:
    """Delete pictures that a killed run had named but not yet recorded; their URLs are still to do. How many.

    Only files written since then, with a name of ours and bytes that agree with it, whose picture no row has; or
    torn ones, as a dead machine leaves them. Anything else in the folder belongs to the user. What a row has by another
    name was being renamed when the run was killed.
    """
    removed = 0
    for file in files.pictures(ledger, folder, since):
        known = ledger.maintenance.owner_of(file.name) or ledger.maintenance.files_with([files.sha256(file)])
        if not known and (files.made_here(file) or files.torn(file)):
            file.unlink()
            removed += 1
    for directory in files.class_folders(folder, since):
        drop_if_empty(directory)  # Made for a picture that never got its name.
    return removed


def _mark(ledger: Ledger) -> datetime | None:
    """When the run that is not known to have ended began."""
    text = ledger.note(RUNNING)
    return datetime.fromisoformat(text) if text else None
