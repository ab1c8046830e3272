"""What to do next: which URL of which query, at a host that may be asked now. No I/O, no SQL, no threads.

Queries take turns, so that a long one never starves the others, and no query has more downloads in
flight than pictures it still wants, but for the ones that take suspiciously long: the limit is met
exactly, no spare is fetched in vain, and one dripping server never holds a query up.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from collector.crawl.job import Job, PlannedSearch
from collector.crawl.merge import Merge
from collector.ledger import KnownSearch
from collector.model import Downloaded, DownloadFailed, Task
from collector.urls import host_of

LOOK = 32
"""URLs of one query looked at for a host that is free, before the next query has its turn."""


class HostBook(Protocol):
    """Who may be asked now; see `collector.http.limits`."""

    @property
    def network_down(self) -> bool: ...
    def free(self, host: str) -> bool: ...
    def hopeless(self, host: str) -> bool: ...
    def started(self, host: str) -> None: ...
    def ended(self, host: str, missed: DownloadFailed | None, seconds: float = 0.0) -> None: ...
    def backoff(self, attempt: int) -> float: ...


class Schedule:
    """The open queries in hand, their waiting URLs, and the ones that are to be tried again."""

    def __init__(self, hosts: HostBook, clock: Callable[[], float]) -> None:
        self._hosts, self._clock = hosts, clock
        self._searches: dict[str, deque[tuple[int, PlannedSearch]]] = {}
        """Source -> searches that wait for a worker, each with its number in the order they were planned."""
        self._planned = 0
        self._of_search: dict[int, Job] = {}
        self._ring: deque[Job] = deque()
        self._delayed: list[tuple[float, int, Task, DownloadFailed]] = []
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

    def plan_search(self, job: Job, search: KnownSearch, extra: int | None) -> None:
        """Have a source asked for `extra` URLs more; None: for all it has."""
        job.searching += 1
        job.searches[search.id] = search
        self._of_search[search.id] = job
        self._planned += 1
        planned = PlannedSearch(job, search, extra)
        self._searches.setdefault(search.source, deque()).append((self._planned, planned))
        if job.merge is not None:
            job.merge.asked(search.id)

    def next_search(self, room: Callable[[str], bool]) -> PlannedSearch | None:
        """The longest waiting search of a source that there is room for; None when there is none."""
        sources = [source for source, waiting in self._searches.items() if waiting and room(source)]
        if not sources:
            return None
        first = min(sources, key=lambda source: self._searches[source][0][0])
        return self._searches[first].popleft()[1]

    def news(self, search_id: int, rank: int = 0) -> Job:
        """The query a search belongs to; the search has begun, or has come to a rank."""
        job = self._of_search[search_id]
        if job.merge is not None:
            job.merge.news(search_id, self._clock(), rank)
        return job

    def wait(self, job: Job, task: Task, rank: int) -> None:
        """A URL that was just found waits for its turn."""
        if job.merge is not None:
            job.merge.add(task, rank, task.search_id)
        elif not job.more:
            job.pending.append(task)  # Else it comes with the next chunk from the ledger.

    def refresh(self, job: Job, task: Task, ended: bool, rank: int) -> None:
        """A source says something else of a URL that is still to do, or under way, or had ended and is to do again."""
        if ended and job.merge is None:
            if not job.more or task.id <= job.loaded:
                job.pending.append(task)
        elif job.merge is not None and (ended or task.id in job.merge):
            job.merge.add(task, rank, task.search_id)
        else:
            job.fresh[task.id] = task

    def next_tasks(self, count: int) -> list[Task]:
        """Up to `count` URLs to fetch now, counted as started; queries take turns."""
        now = self._clock()
        self._wake(now)
        tasks: list[Task] = []
        fruitless = 0
        while len(tasks) < count and fruitless < len(self._ring):
            job = self._ring[0]
            self._ring.rotate(-1)
            if job.hopeful(now) < job.short and (task := self._free_task(job, now)) is not None:
                task = _freshened(task, job.fresh.pop(task.id, None))
                job.flying[task.id] = (now, task)
                self._tries[task.id] = self._tries.get(task.id, 0) + 1
                self._hosts.started(host_of(task.url))
                tasks.append(task)
                fruitless = 0
            else:
                fruitless += 1
        return tasks

    def _free_task(self, job: Job, now: float) -> Task | None:
        for _ in range(min(len(job.pending), LOOK)):
            task = job.pending.popleft()
            if self._hosts.free(host_of(task.url)):
                return task
            if self._hosts.hopeless(host_of(task.url)):
                job.left_over = True  # Nothing is recorded: it is still to do.
                self._idle.append(job)
            else:
                job.pending.append(task)
        return self._merged_task(job, job.merge, now) if job.merge is not None else None

    def _merged_task(self, job: Job, merge: Merge, now: float) -> Task | None:
        if (task := merge.take(now, self._hosts.free)) is not None:
            return task
        for host in merge.hosts():
            if not self._hosts.free(host) and self._hosts.hopeless(host):
                for _ in merge.drain(host):
                    job.left_over = True  # As above.
                self._idle.append(job)
        return None

    def idled(self) -> list[Job]:
        """Queries that lost URLs to a hopeless host since the last call: there may be nothing left to do."""
        idle, self._idle = self._idle, []
        return [job for job in dict.fromkeys(idle) if job in self._ring]

    def ended(self, came: Downloaded | DownloadFailed) -> Job | None:
        """A task came back; its query, or None when nobody waits for it any more."""
        task = came.task
        self._hosts.ended(host_of(task.url), came if isinstance(came, DownloadFailed) else None, came.attempt.seconds)
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

    def delay(self, missed: DownloadFailed, seconds: float) -> None:
        """Try again after a while."""
        task = missed.task
        self._of_search[task.search_id].delayed += 1
        heapq.heappush(self._delayed, (self._clock() + seconds, task.id, task, missed))

    def again(self, job: Job, task: Task) -> bool:
        """Whether a URL that brought nothing is tried again at once, because its source gave a fresh one meanwhile."""
        fresh = job.fresh.pop(task.id, None)
        if fresh is None or (fresh.url, fresh.fallbacks, fresh.cookies) == (task.url, task.fallbacks, task.cookies):
            return False
        job.pending.appendleft(_freshened(replace(task, attempt=task.attempt + 1), fresh))
        return True

    def undelay(self, job: Job) -> Iterator[DownloadFailed]:
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


def _freshened(task: Task, fresh: Task | None) -> Task:
    """The task with what its source says of it now; how often it was tried stays."""
    return task if fresh is None else replace(fresh, attempt=task.attempt)
