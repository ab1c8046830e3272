"""A clock whose pauses take no time: what is slept through is skipped."""

from __future__ import annotations

import time


class Skipping:
    """Call it for the time in seconds; `sleep` puts it forward."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Skip so many seconds; other threads get their turn."""
        self._skipped += seconds
        time.sleep(0.001)
