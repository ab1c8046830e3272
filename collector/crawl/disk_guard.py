"""Whether a run may go on: the folder is still ours and has room. Looks only; ends nothing itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from collector.errors import DiskError
from collector.ledger import disk, layout

LOOK_SECONDS = 5.0
"""Between two looks at the folder."""


class DiskGuard:
    """Looks now and then whether the folder is still ours and has room. Stops the run before anything is half done."""

    def __init__(self, folder: Path, keep_free: int, clock: Callable[[], float]) -> None:
        self._folder, self._keep_free, self._clock = folder, keep_free, clock
        self._ledger = folder / layout.LEDGER
        self._file: int | None = None
        self._next = -math.inf

    def trouble(self) -> Exception | None:
        """Why the run cannot go on: the ledger's file is gone or another one, the folder is gone, room runs out."""
        if (now := self._clock()) < self._next:
            return None
        self._next = now + LOOK_SECONDS
        try:
            file, room = self._ledger.stat().st_ino, disk.room(self._folder)
        except OSError as error:
            return error
        if file != self._file and self._file is not None:
            return DiskError(f"{self._ledger}: replaced by another file during the run; put the folder back")
        self._file = file
        if room < self._keep_free:
            line = f"{self._folder}: {room >> 20} MiB free, less than fetch.keep_free = {self._keep_free};"
            return DiskError(f"{line} make room, then run the same command to go on")
        return None
