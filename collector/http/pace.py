"""When a host may be asked for its next page: shared turns and pauses. Pure bookkeeping; thread-safe, never sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

FIRST_PAUSE = 4.0
LONGEST_PAUSE = 300.0
"""Seconds; a host that asks for more is left to another run."""


@dataclass(slots=True)
class _Host:
    next_turn: float = float("-inf")
    paused_until: float = float("-inf")
    slow_downs: int = 0
    """In a row."""
    slowed_at: float = float("-inf")


class Pace:
    """The book of all hosts, by name and port. Times are those of `clock`, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def turn(self, host: str, rate: float) -> float:
        """0 when the turn is the caller's, taken now; else the seconds after which to ask again. `rate` 0: no limit."""
        with self._lock:
            known, now = self._known(host), self._clock()
            wait = max(known.next_turn, known.paused_until) - now
            if wait > 0:
                return wait
            if rate > 0:
                known.next_turn = now + 1 / rate
            return 0.0

    def pause(self, host: str) -> float:
        """Seconds for which nobody asks the host; 0 when it is not paused."""
        with self._lock:
            return max(0.0, self._known(host).paused_until - self._clock())

    def slow_down(self, host: str, seconds: float, began: float) -> None:
        """The host asked to slow down, for so long; 0: 4 s, doubling to 300 s. `began`: when its request was made.

        Requests that were under way together count once.
        """
        with self._lock:
            known, now = self._known(host), self._clock()
            if began >= known.slowed_at:
                known.slow_downs += 1
                known.slowed_at = now
            usual = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(known.slow_downs - 1, 16))
            known.paused_until = max(known.paused_until, now + (seconds or usual))

    def succeeded(self, host: str) -> None:
        """It answered as asked: the next pause is a short one again."""
        with self._lock:
            known = self._known(host)
            if self._clock() >= known.paused_until:
                known.slow_downs = 0

    def _known(self, host: str) -> _Host:
        return self._hosts.setdefault(host, _Host())
