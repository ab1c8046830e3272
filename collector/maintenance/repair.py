"""A damaged ledger is rebuilt from what can be read of it, its backups and the pictures; it is kept beside.

Every picture is hashed: a row whose picture is not on disk as recorded is not believed, and its URL is to do.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.errors import ForeignLedger, LedgerError
from collector.ledger import Ledger, disk, layout
from collector.ledger.lock import FolderLock
from collector.ledger.paths import inside, stored_path
from collector.ledger.salvage import Salvaged, salvage
from collector.maintenance import files


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair came to."""

    salvaged: Salvaged
    kept: Path | None
    """Where the damaged ledger is now; None when there was none."""
    unknown: int
    """Pictures on disk whose row is lost; they stay, and are known again when their URL is fetched again."""


def repair(folder: Path) -> Repaired | None:
    """Rebuild the folder's ledger; None when it is sound. LedgerError when there is nothing to rebuild it from.

    FolderLocked and OSError say why it cannot be done; the old files are as they were then.
    """
    with FolderLock(folder):
        path = folder / layout.LEDGER
        if path.is_file() and path.stat().st_size and _is_sound(folder):
            return None
        backups = [folder / name for name in (layout.BACKUP, layout.OLDER_BACKUP) if (folder / name).is_file()]
        damaged = path if path.is_file() else _last_damaged(path)
        if damaged is None and not backups:
            raise LedgerError(f"{path}: no ledger and no backup here; nothing to repair")
        part = folder / f"{layout.PART_PREFIX}repair{layout.PART_SUFFIX}"
        part.unlink(missing_ok=True)
        try:
            salvaged = salvage(part, damaged, backups, _Pictures(folder))
            if not salvaged.rows["query"] and not backups and salvaged.unreadable:
                raise LedgerError(
                    f"{path}: nothing in it can be read and there is no backup; move it away to begin anew"
                )
            disk.fsync(part)
            kept = _keep(path) if path.exists() else None
            part.replace(path)
        finally:
            for name in (part.name, f"{part.name}-journal", f"{part.name}-wal", f"{part.name}-shm"):
                (folder / name).unlink(missing_ok=True)
        disk.flush(folder, [])
        with Ledger.open(folder) as ledger:
            ledger.maintenance.check(thorough=True)
            unknown = sum(ledger.maintenance.owner_of(file.name) is None for file in files.pictures(ledger, folder))
        return Repaired(salvaged, kept, unknown)


class _Pictures:
    """Says of an outcome's row whether the bytes it speaks of are on disk; hashes each file once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], bool] = {}

    def __call__(self, row: dict[str, Any]) -> bool:
        path, sha = row["path"], row["sha256"]
        if (path, sha) not in self._known:
            with suppress(OSError, LedgerError):
                size = int(row.get("bytes") or 0)
                file = inside(self._folder, stored_path(path))
                self._known[path, sha] = not files.file_trouble(file, size, sha)
        return self._known.get((path, sha), False)


def _is_sound(folder: Path) -> bool:
    """ForeignLedger for a ledger of a newer version, or of somebody else: those are not ours to mend."""
    try:
        with Ledger.inspect(folder) as ledger:
            ledger.maintenance.check(thorough=True)
    except ForeignLedger:
        raise
    except LedgerError:
        return False
    return True


def _keep(path: Path) -> Path:
    """Give the damaged file, and its log, a second name beside; the first stays until the new one takes it."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        os.link(path, kept)
    except OSError:  # A file system without hard links.
        shutil.copy2(path, kept)
    for end in ("-wal", "-shm"):
        log = path.with_name(path.name + end)
        if log.exists():
            log.replace(kept.with_name(kept.name + end))
    return kept


def _last_damaged(path: Path) -> Path | None:
    """The newest one kept by an earlier repair that did not get to its end."""
    kept = [entry for entry in path.parent.glob(f"{path.name}.damaged-*") if entry.name[-1].isdigit()]
    return max(kept, key=lambda entry: entry.stat().st_mtime, default=None)
