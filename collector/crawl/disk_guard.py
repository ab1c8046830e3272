"""Whether a run may go on: the folder is still ours and has room. Looks only; ends nothing itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from collector.errors import GO_ON, DiskError
from collector.ledger import disk, layout
from collector.ledger.db import REPAIR
from collector.ledger.lock import FILE_NAME

LOOK_SECONDS = 5.0
"""Between two looks at the folder."""


class DiskGuard:
    """Looks now and then whether the folder is still ours and has room. Stops the run before anything is half done."""

    def __init__(self, folder: Path, keep_free: int, clock: Callable[[], float]) -> None:
        self._folder, self._keep_free, self._clock = folder, keep_free, clock
        self._ledger, self._lock = folder / layout.LEDGER, folder / FILE_NAME
        self._began = _file(self._ledger), _file(self._lock)
        """The files that the run began with."""
        self._next = -math.inf

    def trouble(self) -> Exception | None:
        """Why the run cannot go on: ledger, lock file or folder are gone or others, or room runs out."""
        if (now := self._clock()) < self._next:
            return None
        self._next = now + LOOK_SECONDS
        if (lost := self.lost()) is not None:
            return lost
        try:
            room = disk.room(self._folder)
        except OSError as error:
            return error
        if room < self._keep_free:
            least = f"fetch.keep_free ({self._keep_free >> 20:,} MiB)"
            return DiskError(f"{self._folder}: {room >> 20:,} MiB free, less than {least}; make room, then {GO_ON}")
        return None

    def lost(self) -> DiskError | None:
        """What became of the ledger or the lock file, if they are not those that the run began with."""
        ledger, lock = _file(self._ledger), _file(self._lock)
        if self._began[0] not in (0, ledger):
            if not ledger:
                return DiskError(f"{self._ledger}: gone during the run; put it back, or {REPAIR}")
            return DiskError(f"{self._ledger}: replaced by another file during the run; put the folder back")
        if self._began[1] not in (0, lock):
            what = "replaced by another file" if lock else "deleted"
            return DiskError(f"{self._lock}: {what} during the run, though it keeps other runs out; {GO_ON}")
        return None


def _file(path: Path) -> int:
    """What tells a file from another of that name; 0 when there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
