"""When a grid that had no browser is asked again, and when the run gives it up. Counts and draws; waits for nothing.

Apart from the threads that ask it, so that a test is its clock.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

LONGEST = 30.0
"""Seconds between two tries, at most."""


class Patience:
    """What all workers of a run know together. May be used from many threads."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`seconds` without any browser after which it is at an end."""
        self._seconds, self._clock, self._uniform = seconds, clock, uniform
        self._lock = threading.Lock()
        self._without: float | None = None
        """When a browser was missed for the first time since one was held."""

    def got_one(self) -> None:
        """A worker has a browser."""
        with self._lock:
            self._without = None

    def refused(self, times: int, held: bool) -> float | None:
        """Seconds until a worker asks again after so many refusals in a row; None when there is no point any more.

        `held`: another worker has a browser, so the grid gives some. The lot is drawn between 1 s and a bound that
        doubles up to 30 s, so that workers do not come back all at once.
        """
        now = self._clock()
        with self._lock:
            if held:
                self._without = None
            elif self._without is None:
                self._without = now
            left = self._seconds - (now - self._without) if self._without is not None else LONGEST
        if left <= 0:
            return None
        return min(self._uniform(1.0, min(LONGEST, 2.0**times)), max(left, 0.1))
