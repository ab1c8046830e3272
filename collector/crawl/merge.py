"""The waiting URLs of a keyword that several sources are asked for, in the order of their ranks. No I/O, no clock.

The sources answer at different speeds: a URL is let go when all that would come before it is known.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping

from collector.model import Task

PATIENCE = 20.0
"""Seconds without news after which a search that was begun is not waited for."""

Host = Callable[[str], str]
"""URL -> its host."""


class Merge:
    """One keyword's. Order: first the first of each source, then the second of each, ..., in the order of the row."""

    def __init__(self, order: Mapping[int, int], host: Host, reached: Mapping[int, int] | None = None) -> None:
        """`order`: number of a search -> its place in the row; `reached`: the rank it came to in earlier runs."""
        self.order = dict(order)
        self._host = host
        self._reached = dict(reached or {})
        self._heard: dict[int, float | None] = {}
        """Searches under way -> when there was news of them; None before they began."""
        self._lanes: dict[str, list[tuple[int, int, int, Task]]] = {}
        """Host -> heap of (rank, place, serial, task), some of them out of date."""
        self._current: dict[int, int] = {}
        """Number of a waiting URL -> serial of its valid entry."""
        self._serial = 0

    def __len__(self) -> int:
        return len(self._current)

    def __contains__(self, number: object) -> bool:
        return number in self._current

    # ----------------------------------------------------------------- what searches tell

    def asked(self, search: int) -> None:
        """A search waits for its turn; what it may bring is waited for from now on."""
        self.order.setdefault(search, len(self.order))
        self._heard[search] = None

    def news(self, search: int, now: float, rank: int = 0) -> None:
        """A search has begun, or has come to a rank."""
        if search in self._heard:
            self._heard[search] = now
        self._reached[search] = max(rank, self._reached.get(search, 0))

    def ended(self, search: int) -> None:
        """Nobody waits for it any more."""
        self._heard.pop(search, None)

    # ----------------------------------------------------------------- URLs

    def add(self, task: Task, rank: int, search: int) -> None:
        """A URL waits, or waits at another place than before."""
        self._serial += 1
        self._current[task.id] = self._serial
        entry = (rank, self.order.get(search, len(self.order)), self._serial, task)
        heapq.heappush(self._lanes.setdefault(self._host(task.url), []), entry)

    def take(self, now: float, free: Callable[[str], bool]) -> Task | None:
        """The first URL in order that may go and whose host is `free`; None when there is none."""
        frontier = self._frontier(now)
        best: tuple[int, int, int, Task] | None = None
        for host in list(self._lanes):
            entry = self._head(host)
            if entry is not None and entry[:2] < frontier and (best is None or entry[:3] < best[:3]) and free(host):
                best = entry
        if best is None:
            return None
        heapq.heappop(self._lanes[self._host(best[3].url)])
        del self._current[best[3].id]
        return best[3]

    def hosts(self) -> list[str]:
        """Hosts that somebody waits for."""
        return [host for host in list(self._lanes) if self._head(host) is not None]

    def drain(self, host: str | None = None) -> Iterator[Task]:
        """Everything that waits, or everything at one host, in no order; it waits no longer."""
        for name in [host] if host is not None else list(self._lanes):
            for _, _, serial, task in self._lanes.pop(name, []):
                if self._current.get(task.id) == serial:
                    del self._current[task.id]
                    yield task

    def _head(self, host: str) -> tuple[int, int, int, Task] | None:
        lane = self._lanes[host]
        while lane and self._current.get(lane[0][3].id) != lane[0][2]:
            heapq.heappop(lane)
        if not lane:
            del self._lanes[host]
            return None
        return lane[0]

    def _frontier(self, now: float) -> tuple[float, int]:
        """(rank, place) of the first URL that may still be found; what comes before it may go."""
        awaited = (
            (self._reached.get(search, 0) + 1, self.order[search])
            for search, heard in self._heard.items()
            if heard is None or now - heard <= PATIENCE
        )
        return min(awaited, default=(math.inf, 0))
