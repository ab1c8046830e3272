"""The waiting URLs of one query in the order of their ranks, whichever of its sources is faster. No I/O, no clock.

First the first of each source, then the second of each, and so on. A URL goes when all that would come before it is
known, and when its host is open. Adding and taking one costs O(log n), however many hosts there are.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping

from collector.model import Task
from collector.urls import host_of

PATIENCE = 20.0
"""Seconds without news after which a search that was begun is not waited for."""
AGAIN = -1
"""Rank of a URL that is tried again: before all others."""

Entry = tuple[int, int, int, Task]
"""(rank, place of its source, serial, task)."""


class RankMerge:
    """One query's; a single source is a merge of one."""

    def __init__(self, sources: Iterable[int], reached: Mapping[int, int]) -> None:
        """`sources`: numbers of the searches in the order of the row; `reached`: the rank each came to before."""
        self.places = {search: place for place, search in enumerate(sources)}
        self._reached = dict(reached)
        self._heard: dict[int, float | None] = {}
        """Searches under way -> when there was news of them; None before they began."""
        self._lanes: dict[str, list[Entry]] = {}
        """Host -> heap of its URLs, some of them out of date."""
        self._heads: list[tuple[int, int, int, str]] = []
        """Heap of (rank, place, serial, host) of the first URL of every open lane, some of them out of date."""
        self._current: dict[int, Entry] = {}
        """Number of a waiting URL -> its entry; others of it are out of date."""
        self._closed: set[str] = set()
        self._serial = 0

    def __len__(self) -> int:
        return len(self._current)

    # ----------------------------------------------------------------- what searches tell

    def asked(self, search: int) -> None:
        """A search waits for its turn; what it may bring is waited for from now on."""
        self._heard[search] = None

    def news(self, search: int, now: float, rank: int = 0) -> None:
        """A search has begun, or has come to a rank."""
        if search in self._heard:
            self._heard[search] = now
        self._reached[search] = max(rank, self._reached.get(search, 0))

    def ended(self, search: int) -> None:
        """Nobody waits for it any more."""
        self._heard.pop(search, None)

    def patience_ends(self) -> float:
        """When a search that is silent from now on is not waited for any more; infinity when none has begun."""
        return min((heard + PATIENCE for heard in self._heard.values() if heard is not None), default=math.inf)

    # ----------------------------------------------------------------- URLs

    def waiting(self, number: int) -> Task | None:
        """The URL of that number, when it waits here."""
        entry = self._current.get(number)
        return entry[3] if entry is not None else None

    def add(self, task: Task, rank: int) -> None:
        """A URL waits, or waits at another place than before; one that is tried again keeps its place."""
        before = self._current.get(task.id)
        if before is not None and before[0] == AGAIN:
            rank = AGAIN
        self._serial += 1
        entry = (rank, self._place(task.search_id), self._serial, task)
        self._current[task.id] = entry
        host = host_of(task.url)
        lane = self._lanes.setdefault(host, [])
        heapq.heappush(lane, entry)
        if lane[0] is entry and host not in self._closed:
            heapq.heappush(self._heads, (*entry[:3], host))

    def first(self, now: float) -> tuple[str, Task] | None:
        """(host, URL) of the first in order that may go, at a host that is not closed; it waits on."""
        awaited = self._awaited(now)
        while self._heads:
            rank, place, serial, host = self._heads[0]
            lane = self._lanes.get(host)
            if lane is None or host in self._closed or lane[0][2] != serial:
                heapq.heappop(self._heads)
            elif self._current.get(lane[0][3].id) is not lane[0]:
                heapq.heappop(self._heads)
                heapq.heappop(lane)
                self._show(host)
            elif (rank, place) < awaited:
                return host, lane[0][3]
            else:
                return None
        return None

    def take(self, host: str) -> Task:
        """The URL that `first` has just named, out of the lane of its host."""
        task = heapq.heappop(self._lanes[host])[3]
        heapq.heappop(self._heads)
        del self._current[task.id]
        self._show(host)
        return task

    def close(self, host: str) -> None:
        """Pass over its URLs until it is opened."""
        self._closed.add(host)

    def open(self, host: str) -> None:
        """Its URLs may go again."""
        self._closed.discard(host)
        self._show(host)

    @property
    def closed(self) -> frozenset[str]:
        """Hosts that are passed over."""
        return frozenset(self._closed)

    def drain(self, host: str | None = None) -> Iterator[Task]:
        """Everything that waits, or everything at one host, in no order; it waits no longer."""
        if host is not None:
            self._closed.discard(host)
        for name in [host] if host is not None else list(self._lanes):
            for entry in self._lanes.pop(name, []):
                if self._current.get(entry[3].id) is entry:
                    del self._current[entry[3].id]
                    yield entry[3]

    def _show(self, host: str) -> None:
        """The lane's first URL is in the race again; a lane without one is forgotten."""
        lane = self._lanes.get(host)
        while lane and self._current.get(lane[0][3].id) is not lane[0]:
            heapq.heappop(lane)
        if lane:
            if host not in self._closed:
                heapq.heappush(self._heads, (*lane[0][:3], host))
        else:
            self._lanes.pop(host, None)

    def _place(self, search: int) -> int:
        return self.places.get(search, len(self.places))

    def _awaited(self, now: float) -> tuple[float, int]:
        """(rank, place) of the first URL that may still be found; what comes before it may go."""
        if not self._heard:
            return math.inf, 0
        awaited = (
            (self._reached.get(search, 0) + 1, self._place(search))
            for search, heard in self._heard.items()
            if heard is None or now < heard + PATIENCE
        )
        return min(awaited, default=(math.inf, 0))
