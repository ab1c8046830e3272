"""The whole program on one page: search and fetch overlapping, one writer.

Workers only hand in messages. The calling thread settles them - decides duplicates by hash,
gives the part file its name, commits in groups - and yields each event once it is stored. Stop =
`stopping` turns true: what has arrived is settled, the rest stays to do. It never prints.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Protocol

from collector.crawl.disk_guard import Watch
from collector.crawl.job import Job, PlannedSearch
from collector.crawl.plan import Course, Stages, Variations
from collector.crawl.record import Settler, Ticks
from collector.crawl.schedule import HostBook, Schedule
from collector.ledger import Ledger
from collector.model import Event, Message, Query, Search, Task
from collector.settings import Settings

__all__ = ["Fetchers", "Run", "Searchers"]

WINDOW = 256
"""Open queries in hand at a time: enough to keep every worker busy, few enough to forget a million."""
GROUP = 256
"""Most messages settled in one commit; what is there already, and no waiting for more."""


class Searchers(Protocol):
    """Stage one's workers; they emit SearchStarted, Found, SearchEnded and Noticed."""

    def room(self, source: str) -> bool: ...
    def submit(self, search: Search) -> None: ...
    def close(self, now: bool = False) -> None: ...


class Fetchers(Protocol):
    """Stage two's workers; each task ends in one Downloaded or DownloadFailed."""

    @property
    def in_flight(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    def submit(self, *tasks: Task) -> None: ...
    def close(self, now: bool = False) -> None: ...


class Run:
    """Works off one run of the ledger. `search` or `fetch` may be None: then that stage is left out."""

    def __init__(
        self,
        ledger: Ledger,
        number: int,
        settings: Settings,
        results: queue.SimpleQueue[Message],
        hosts: HostBook,
        search: Searchers | None = None,
        fetch: Fetchers | None = None,
        checkpoints: Ticks | None = None,
        clock: Callable[[], float] = time.monotonic,
        variations: Variations = lambda _: (),
    ) -> None:
        """`variations`: the filters by which a source's exhausted queries are widened."""
        self._ledger, self._number = ledger, number
        self._results, self._search, self._fetch = results, search, fetch
        self._watch = Watch(settings.out, settings.fetch.keep_free, clock)
        self._schedule = Schedule(hosts, clock)
        stages = Stages(search is not None, fetch is not None)
        self._course = Course(ledger, number, self._schedule, stages, settings.search.spares, variations)
        self._settler = Settler(ledger, settings, self._schedule, self._course, hosts, checkpoints)
        self._position: int | None = -1

    def events(self, stopping: Callable[[], bool]) -> Generator[Event, None, None]:
        """Every event, after it is stored. CollectorError, OSError and bugs of workers are raised."""
        through = False
        try:
            while not (through or stopping() or self._settler.trouble is not None):
                if (trouble := self._watch.trouble()) is not None:
                    self._settler.trouble = trouble
                    break
                yield from self._take_up()
                yield from self._hand_out()
                through = not self._schedule and self._position is None
                yield from self._settler.settle([] if through else self._receive())
        finally:
            self._close_workers(now=through)
        yield from self._settler.settle(self._drain())
        if self._settler.trouble is not None:
            raise self._settler.trouble

    # ----------------------------------------------------------------- taking up and handing out

    def _take_up(self) -> list[Event]:
        """Fill the window with the next open queries."""
        room = WINDOW - len(self._schedule)
        if self._position is None or room < WINDOW // 4:
            return []
        rows = self._ledger.work.open_queries(self._number, self._position, room)
        self._position = rows[-1][0] if len(rows) == room else None
        events: list[Event] = []
        with self._ledger.transaction():
            for _, query in rows:
                job = Job(query, query.saved, query.found, {search.id: search for search in query.searches})
                self._schedule.add(job)
                self._course.plan_searches(job)
                events += self._course.advance(job)
        return events

    def _hand_out(self) -> list[Event]:
        if self._search is not None:
            while (planned := self._schedule.next_search(self._search.room)) is not None:
                self._search.submit(self._search_of(planned))
        if self._fetch is not None:
            room = self._fetch.capacity - self._fetch.in_flight
            if tasks := self._schedule.next_tasks(room):
                self._fetch.submit(*tasks)
        idled = self._schedule.idled()
        if not idled:
            return []
        with self._ledger.transaction():
            return [event for job in idled for event in self._course.advance(job)]

    def _search_of(self, planned: PlannedSearch) -> Search:
        """What a source is told, as the ledger knows it by now."""
        known, search = self._ledger.work.known(planned.job.query.id), planned.search
        query = _varied(planned.job.query.query, search.variant)
        wanted = None if planned.extra is None else len(known) + planned.extra
        before = self._ledger.work.known_before(search)
        return Search(search.id, query, search.source, wanted, known, search.complete > 0, before)

    # ----------------------------------------------------------------- receiving

    def _receive(self) -> list[Message]:
        try:
            first = self._results.get(timeout=0.1)
        except queue.Empty:
            return []
        return [first, *self._drain(GROUP - 1)]

    def _drain(self, most: float = math.inf) -> list[Message]:
        messages: list[Message] = []
        while len(messages) < most:
            try:
                messages.append(self._results.get_nowait())
            except queue.Empty:
                break
        return messages

    def _close_workers(self, now: bool) -> None:
        """Both stages at once, so that a stop stays within its ten seconds; `now`: nothing is waited for."""
        closes = [pool.close for pool in (self._search, self._fetch) if pool is not None]
        threads = [threading.Thread(target=close, args=(now,), name="close", daemon=True) for close in closes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _varied(query: Query, variant: str) -> Query:
    """The query with one filter more."""
    name, _, value = variant.partition("=")
    return replace(query, filters=tuple(sorted((*query.filters, (name, value))))) if variant else query
