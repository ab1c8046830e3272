"""Now and then, and at the end, sees that saved pictures are on the disk itself, and tells the ledger.

A thread waits for the disk; only the calling thread touches the ledger. Without it a power cut would
cost every picture since the last one: those that were not flushed are hashed and fetched again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from collector.ledger import Ledger, disk
from collector.maintenance import startup

EVERY_PICTURES = 2000
EVERY_SECONDS = 60.0


class Checkpoints:
    """`tick` after each commit; `close` at the end."""

    def __init__(self, ledger: Ledger, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger, self._folder, self._clock = ledger, folder, clock
        self._last = clock()
        self._fresh = 0
        self._mark = 0
        self._thread: threading.Thread | None = None
        self._trouble: OSError | None = None

    def tick(self, saved: int) -> None:
        """`saved` pictures more are in the ledger. OSError when the disk refused what it was given."""
        self._fresh += saved
        if self._thread is not None and not self._thread.is_alive():
            self._done()
        if self._thread is None and self._fresh and self._due():
            startup.clock_went_back(self._ledger)
            self._begin()

    def close(self) -> None:
        """Return when everything saved so far is on disk and the ledger knows it. OSError as above."""
        if self._thread is not None:
            self._done()
        self._begin()
        self._done()

    def _due(self) -> bool:
        return self._fresh >= EVERY_PICTURES or self._clock() - self._last >= EVERY_SECONDS

    def _begin(self) -> None:
        self._last, self._fresh = self._clock(), 0
        self._mark, paths = self._ledger.maintenance.unsynced_files()
        self._thread = threading.Thread(target=self._flush, args=(paths,), name="checkpoint", daemon=True)
        self._thread.start()

    def _flush(self, paths: list[Path]) -> None:
        try:
            if paths:
                disk.flush(self._folder, paths)
        except OSError as error:
            self._trouble = error

    def _done(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        self._ledger.maintenance.synced(self._mark)
