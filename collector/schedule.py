"""What to do next: which URL of which query, at a host that may be asked now. No I/O, no SQL, no threads.

Queries take turns, so that a long one never starves the others, and no query has more downloads in
flight than pictures it still wants, but for the ones that take suspiciously long: the limit is met
exactly, no spare is fetched in vain, and one dripping server never holds a query up.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from collector.fetch.politeness import host_of
from collector.model import Missed, Task
from collector.store import KnownSearch, OpenQuery

PATIENCE = 5.0
"""Seconds after which a download no longer counts on: another URL is tried in its place."""
LOOK = 32
"""URLs of one query looked at for a host that is free, before the next query has its turn."""


class HostBook(Protocol):
    """Who may be asked now; see `collector.fetch.politeness`."""

    @property
    def network_down(self) -> bool: ...
    def free(self, host: str) -> bool: ...
    def hopeless(self, host: str) -> bool: ...
    def started(self, host: str) -> None: ...
    def ended(self, host: str, missed: Missed | None) -> None: ...
    def backoff(self, attempt: int) -> float: ...


@dataclass(slots=True, eq=False)
class Job:
    """One open query while it is worked on."""

    query: OpenQuery
    saved: int
    found: int
    searches: dict[int, KnownSearch]
    """By number, with their state as it is now."""
    pending: deque[Task] = field(default_factory=deque)
    loaded: int = 0
    """The last URL (its number) that was taken from the ledger."""
    more: bool = True
    """Whether the ledger may have more URLs of it to do."""
    flying: dict[int, tuple[float, Task]] = field(default_factory=dict)
    """Downloads under way: number of the URL -> (when it was started, task)."""
    delayed: int = 0
    searching: int = 0
    left_over: bool = False
    """Something of it stays for a later run."""
    varied: set[str] = field(default_factory=set)
    """Variations that were tried, as source and filter."""

    @property
    def asked(self) -> list[KnownSearch]:
        """The searches that the present run asks for, as they stand now."""
        return [search for search in self.searches.values() if search.asked]

    @property
    def short(self) -> int:
        """Pictures still missing."""
        return max(0, self.query.query.limit - self.saved)

    def hopeful(self, now: float) -> int:
        """Downloads under way that do not take suspiciously long yet. They lie in the order they were started in."""
        late = 0
        for started, _ in self.flying.values():
            if now - started < PATIENCE:
                break
            late += 1
        return len(self.flying) - late


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """A search that waits for a browser; what the ledger knows by then is not settled yet."""

    job: Job
    search: KnownSearch
    extra: int
    """How many URLs it should add."""


class Schedule:
    """The open queries in hand, their waiting URLs, and the ones that are to be tried again."""

    def __init__(self, hosts: HostBook, clock: Callable[[], float]) -> None:
        self.searches: deque[PlannedSearch] = deque()
        self._hosts, self._clock = hosts, clock
        self._of_search: dict[int, Job] = {}
        self._ring: deque[Job] = deque()
        self._delayed: list[tuple[float, int, Task, Missed]] = []
        self._tries: dict[int, int] = {}
        self._abandoned: set[int] = set()
        self._idle: list[Job] = []

    def __len__(self) -> int:
        return len(self._ring)

    def add(self, job: Job) -> None:
        """Take a query in hand."""
        self._ring.append(job)
        self._of_search.update(dict.fromkeys(job.searches, job))

    def drop(self, job: Job) -> None:
        """Let go of a query; what is still under way for it will not be missed."""
        self._ring.remove(job)
        self._abandoned.update(job.flying)
        for number in job.searches:
            del self._of_search[number]

    def job(self, search_id: int) -> Job:
        """The query a search belongs to."""
        return self._of_search[search_id]

    def plan_search(self, job: Job, search: KnownSearch, extra: int) -> None:
        """Have a source asked for `extra` URLs more."""
        job.searching += 1
        job.searches[search.id] = search
        self._of_search[search.id] = job
        self.searches.append(PlannedSearch(job, search, extra))

    def next_tasks(self, count: int) -> list[Task]:
        """Up to `count` URLs to fetch now, counted as started; queries take turns."""
        now = self._clock()
        self._wake(now)
        tasks: list[Task] = []
        fruitless = 0
        while len(tasks) < count and fruitless < len(self._ring):
            job = self._ring[0]
            self._ring.rotate(-1)
            if job.hopeful(now) < job.short and (task := self._free_task(job)) is not None:
                job.flying[task.id] = (now, task)
                self._tries[task.id] = self._tries.get(task.id, 0) + 1
                self._hosts.started(host_of(task.url))
                tasks.append(task)
                fruitless = 0
            else:
                fruitless += 1
        return tasks

    def _free_task(self, job: Job) -> Task | None:
        for _ in range(min(len(job.pending), LOOK)):
            task = job.pending.popleft()
            if self._hosts.free(host_of(task.url)):
                return task
            if self._hosts.hopeless(host_of(task.url)):
                job.left_over = True  # Nothing is recorded: it is still to do.
                self._idle.append(job)
            else:
                job.pending.append(task)
        return None

    def idled(self) -> list[Job]:
        """Queries that lost URLs to a hopeless host since the last call: there may be nothing left to do."""
        idle, self._idle = self._idle, []
        return [job for job in dict.fromkeys(idle) if job in self._ring]

    def ended(self, task: Task, missed: Missed | None) -> Job | None:
        """A task came back; its query, or None when nobody waits for it any more."""
        self._hosts.ended(host_of(task.url), missed)
        if task.id in self._abandoned:
            self._abandoned.discard(task.id)
            return None
        job = self._of_search[task.search_id]
        del job.flying[task.id]
        return job

    def tries(self, task: Task) -> int:
        """Requests made for a URL in this run."""
        return self._tries.get(task.id, 0)

    def settled(self, task: Task) -> None:
        """A URL has its outcome."""
        self._tries.pop(task.id, None)

    def delay(self, missed: Missed, seconds: float) -> None:
        """Try again after a while."""
        task = missed.task
        self._of_search[task.search_id].delayed += 1
        heapq.heappush(self._delayed, (self._clock() + seconds, task.id, task, missed))

    def undelay(self, job: Job) -> Iterator[Missed]:
        """Give up waiting for another try of a query's URLs; what their last try brought."""
        mine = [entry for entry in self._delayed if self._of_search[entry[2].search_id] is job]
        self._delayed = [entry for entry in self._delayed if entry not in mine]
        heapq.heapify(self._delayed)
        for _, _, _, missed in mine:
            job.delayed -= 1
            yield missed

    def _wake(self, now: float) -> None:
        while self._delayed and self._delayed[0][0] <= now:
            task = heapq.heappop(self._delayed)[2]
            job = self._of_search[task.search_id]
            job.delayed -= 1
            job.pending.appendleft(replace(task, attempt=task.attempt + 1))
