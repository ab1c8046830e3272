"""A run: search and fetch overlapping, one writer.

Workers only hand in messages. The calling thread records them, decides what comes next, and yields each event once it
is stored. Stop = `stopping` turns true: what has come is recorded, the rest stays to do. Never prints.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from collector.crawl.disk_guard import DiskGuard
from collector.crawl.frontier import Frontier, HostLimits, PlannedSearch
from collector.crawl.plan import Stages
from collector.crawl.queries import Facets, Queries
from collector.crawl.record import OutputFolder, PictureFiles, Recorder, Ticks
from collector.ledger import Ledger
from collector.model import Event, Message, Query, Search
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.fetch.browser_fallback import Fetchers

WINDOW = 256
"""Open queries in hand at a time: enough to keep every worker busy, few enough to forget a million."""
GROUP = 256
"""Most messages recorded in one commit; what is there already, and no waiting for more."""


class Searchers(Protocol):
    """Stage one's workers; they emit SearchStarted, Found, SearchEnded and Noticed."""

    def room(self, source: str) -> bool: ...
    def submit(self, search: Search) -> None: ...
    def close(self, now: bool = False) -> None: ...


class Run:
    """Works off one run of the ledger. `search` or `fetch` may be None: then that stage is left out."""

    def __init__(
        self,
        ledger: Ledger,
        number: int,
        settings: Settings,
        results: queue.SimpleQueue[Message],
        hosts: HostLimits,
        search: Searchers | None = None,
        fetch: Fetchers | None = None,
        checkpoints: Ticks | None = None,
        clock: Callable[[], float] = time.monotonic,
        facets: Facets = lambda _: (),
        files: PictureFiles | None = None,
        doubtful: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`facets`: by what a source's exhausted queries are widened; `files`: where pictures go, the output folder;
        `doubtful`: sources whose empty answer needs a second witness."""
        self._ledger, self._number = ledger, number
        self._results, self._search, self._fetch = results, search, fetch
        self._guard = DiskGuard(settings.out, settings.fetch.keep_free, clock)
        self._frontier = Frontier(hosts, clock)
        stages = Stages(search is not None, fetch is not None)
        self._queries = Queries(ledger, number, self._frontier, stages, settings.search.spares, facets)
        files = files or OutputFolder(settings.out)
        self._recorder = Recorder(
            ledger, settings.fetch, self._frontier, self._queries, hosts, files, checkpoints, doubtful
        )
        self._position: int | None = -1

    def events(self, stopping: Callable[[], bool]) -> Generator[Event, None, None]:
        """Every event, after it is stored. CollectorError, OSError and bugs of workers are raised; what nobody foresaw
        about one query or picture ends that one alone."""
        recorder, through = self._recorder, False
        try:
            while not (through or stopping() or recorder.trouble):
                if (trouble := self._guard.trouble()) is not None:
                    recorder.stop(trouble)
                    break
                yield from self._take_up()
                yield from self._hand_out()
                through = not self._frontier and self._position is None
                yield from recorder.record([] if through else self._receive())
        finally:
            self._close_workers(now=through)
        yield from recorder.record(self._drain())
        if recorder.trouble is None and (lost := self._guard.lost()) is not None:
            raise lost
        if recorder.trouble is not None:
            raise recorder.trouble
        self._ledger.look_over()

    def _take_up(self) -> list[Event]:
        """Fill the window with the next open queries."""
        room = WINDOW - len(self._frontier)
        if self._position is None or room < WINDOW // 4:
            return []
        rows = self._ledger.work.open_queries(self._number, self._position, room)
        self._position = rows[-1][0] if len(rows) == room else None
        take_up, guarded = self._recorder.take_up, self._recorder.guarded
        with self._ledger.transaction():
            return [event for _, one in rows for event in guarded(one.id, one.query.keyword, partial(take_up, one))]

    def _hand_out(self) -> list[Event]:
        """Give the workers what they have room for."""
        guarded, events = self._recorder.guarded, list[Event]()
        if self._search is not None:
            while (planned := self._frontier.next_search(self._search.room)) is not None:
                state = planned.state
                events += guarded(state.id, state.query.keyword, partial(self._submit, self._search, planned))
        if self._fetch is not None and (
            tasks := self._frontier.next_tasks(self._fetch.capacity - self._fetch.in_flight)
        ):
            self._fetch.submit(*tasks)
        if lost := self._frontier.lost():
            with self._ledger.transaction():
                for state in lost:
                    events += guarded(state.id, state.query.keyword, partial(self._queries.advance, state))
        return events

    def _submit(self, searchers: Searchers, planned: PlannedSearch) -> list[Event]:
        """Have a source asked; it is told what the ledger knows by now."""
        known, search = self._ledger.work.known(planned.state.id), planned.search
        query = _with_facet(planned.state.query, search.variant)
        wanted = None if planned.extra is None else len(known) + planned.extra
        before = self._ledger.work.known_before(search)
        again = search.complete > 0
        searchers.submit(Search(search.id, query, search.source, wanted, known, search.doubted, again, before))
        return []

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


def _with_facet(query: Query, facet: str) -> Query:
    """The query with one filter more, given as name=value; "" is none."""
    name, _, value = facet.partition("=")
    return replace(query, filters=tuple(sorted((*query.filters, (name, value))))) if facet else query
