"""The whole program on one page: search and fetch overlapping, one writer.

Workers only post values to the inbox. The calling thread settles them - decides duplicates by hash,
gives the part file its name, commits in groups - and yields each event once it is stored. Stop =
`stopping` turns true: what has arrived is settled, the rest stays to do. It never prints.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from collector import disk, layout
from collector.fetch.politeness import host_of
from collector.model import (
    Arrived,
    Duplicate,
    Event,
    Failed,
    Found,
    Missed,
    Outcome,
    Query,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    SearchStarted,
    SearchState,
    Skipped,
    Task,
)
from collector.reasons import Fate, fate
from collector.schedule import HostBook, Job, Schedule
from collector.settings import Settings
from collector.store import KnownSearch, Ledger

WINDOW = 256
"""Open queries in hand at a time: enough to keep every worker busy, few enough to forget a million."""
CHUNK = 1000
"""URLs of one query held in memory at a time."""
GROUP = 256
"""Most messages settled in one commit; what is there already, and no waiting for more."""
LOOK_SECONDS = 5.0
"""Between two looks at the folder."""
SLOW = "still under way when the limit was met"


class Searchers(Protocol):
    """Stage one's workers; they post SearchStarted, Found, SearchEnded and Noticed."""

    @property
    def busy(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    def submit(self, search: Search) -> None: ...
    def close(self, now: bool = False) -> None: ...


class Fetchers(Protocol):
    """Stage two's workers; each task ends in one Arrived or Missed."""

    @property
    def in_flight(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    def submit(self, *tasks: Task) -> None: ...
    def close(self, now: bool = False) -> None: ...


class Ticks(Protocol):
    """Told of saved pictures after each commit; see `collector.mend.checkpoint`."""

    def tick(self, saved: int) -> None: ...


class RunStopped(Exception):
    """The run cannot go on; nothing is lost. One line, and the exit code."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(line)
        self.code = code


class Watch:
    """Looks now and then whether the folder is still ours and has room. Stops the run before anything is half done."""

    def __init__(self, folder: Path, keep_free: int, clock: Callable[[], float]) -> None:
        self._folder, self._keep_free, self._clock = folder, keep_free, clock
        self._ledger = folder / layout.LEDGER
        self._file: int | None = None
        self._next = -math.inf

    def trouble(self) -> Exception | None:
        """Why the run cannot go on: the ledger's file is gone or another one, the folder is gone, room runs out."""
        if (now := self._clock()) < self._next:
            return None
        self._next = now + LOOK_SECONDS
        try:
            file, room = self._ledger.stat().st_ino, disk.room(self._folder)
        except OSError as error:
            return error
        if file != self._file and self._file is not None:
            return RunStopped(3, f"{self._ledger}: replaced by another file during the run; put the folder back")
        self._file = file
        if room < self._keep_free:
            line = f"{self._folder}: {room >> 20} MiB free, less than fetch.keep_free = {self._keep_free};"
            return RunStopped(3, f"{line} make room, then run the same command to go on")
        return None


class Run:
    """Works off one run of the ledger. `search` or `fetch` may be None: then that stage is left out."""

    def __init__(
        self,
        ledger: Ledger,
        number: int,
        settings: Settings,
        inbox: queue.SimpleQueue[Any],
        hosts: HostBook,
        search: Searchers | None = None,
        fetch: Fetchers | None = None,
        checkpoints: Ticks | None = None,
        clock: Callable[[], float] = time.monotonic,
        variations: Callable[[str], Sequence[tuple[str, str]]] = lambda _: (),
    ) -> None:
        """`variations`: the filters by which a source's exhausted queries are widened."""
        self._ledger, self._number, self._settings = ledger, number, settings
        self._inbox, self._hosts, self._search, self._fetch = inbox, hosts, search, fetch
        self._variations = variations
        self._checkpoints, self._clock = checkpoints, clock
        self._watch = Watch(settings.out, settings.fetch.keep_free, clock)
        self._schedule = Schedule(hosts, clock)
        self._position: int | None = -1
        self._trouble: Exception | None = None

    def events(self, stopping: Callable[[], bool]) -> Generator[Event, None, None]:
        """Every event, after it is stored. RunStopped, OSError and bugs of workers are raised."""
        through = False
        try:
            while not (through or stopping() or self._trouble is not None):
                if (trouble := self._watch.trouble()) is not None:
                    self._trouble = trouble
                    break
                yield from self._take_up()
                yield from self._hand_out()
                through = not self._schedule and self._position is None
                yield from self._settle([] if through else self._receive())
        finally:
            self._close_workers(now=through)
        yield from self._settle(self._drain())
        if self._trouble is not None:
            raise self._trouble

    # ----------------------------------------------------------------- taking up and handing out

    def _take_up(self) -> list[Event]:
        """Fill the window with the next open queries."""
        room = WINDOW - len(self._schedule)
        if self._position is None or room < WINDOW // 4:
            return []
        rows = self._ledger.open_queries(self._number, self._position, room)
        self._position = rows[-1][0] if len(rows) == room else None
        events: list[Event] = []
        with self._ledger.transaction():
            for _, query in rows:
                job = Job(query, query.saved, query.found, {search.id: search for search in query.searches})
                self._schedule.add(job)
                self._plan_searches(job)
                events += self._advance(job)
        return events

    def _plan_searches(self, job: Job) -> None:
        """Ask the sources that have not given all they should: the limit, and spares for the unusable."""
        limit = job.query.query.limit
        target = limit + max(10, math.ceil(limit * self._settings.search.spares))
        missing = target - job.found // max(1, len(job.asked))
        for search in job.asked:
            again = search.state is SearchState.ENOUGH and self._fetch is None and missing > 0
            if self._search is not None and job.short and (again or not search.state.done):
                self._schedule.plan_search(job, search, max(10, missing))

    def _hand_out(self) -> list[Event]:
        searches = self._schedule.searches
        while self._search is not None and searches and self._search.busy < self._search.capacity:
            planned = searches.popleft()
            known = self._ledger.known(planned.job.query.id)
            query = _varied(planned.job.query.query, planned.search.variant)
            wanted = len(known) + planned.extra
            self._search.submit(Search(planned.search.id, query, planned.search.source, wanted, known))
        if self._fetch is not None:
            room = self._fetch.capacity - self._fetch.in_flight
            if tasks := self._schedule.next_tasks(room):
                self._fetch.submit(*tasks)
        idled = self._schedule.idled()
        if not idled:
            return []
        with self._ledger.transaction():
            return [event for job in idled for event in self._advance(job)]

    # ----------------------------------------------------------------- receiving and settling

    def _receive(self) -> list[Any]:
        try:
            first = self._inbox.get(timeout=0.1)
        except queue.Empty:
            return []
        return [first, *self._drain(GROUP - 1)]

    def _drain(self, most: float = math.inf) -> list[Any]:
        messages: list[Any] = []
        while len(messages) < most:
            try:
                messages.append(self._inbox.get_nowait())
            except queue.Empty:
                break
        return messages

    def _settle(self, messages: list[Any]) -> list[Event]:
        """Turn messages into stored events, all in one commit. Trouble is kept until what is good is stored."""
        events: list[Event] = []
        if not messages:
            return events
        with self._ledger.transaction():
            for message in messages:
                try:
                    events += self._handle(message)
                except OSError as error:
                    self._trouble = self._trouble or error
        if self._checkpoints is not None:
            self._checkpoints.tick(sum(isinstance(event, Saved) for event in events))
        if self._hosts.network_down:
            line = "the network is down: no host answers; nothing was marked failed, run again later"
            self._trouble = self._trouble or RunStopped(8, line)
        return events

    def _handle(self, message: Any) -> list[Event]:
        """One message of a worker, stored; what is to be shown of it."""
        match message:
            case Arrived(task=task):
                if (of := self._schedule.ended(task, None)) is None:
                    message.part.unlink(missing_ok=True)
                    return []
                return [self._recorded(self._place(message, of)), *self._advance(of)]
            case Missed(task=task):
                of = self._schedule.ended(task, message)
                return [] if of is None else [*self._missed(message, of), *self._advance(of)]
            case Exception():
                self._trouble = self._trouble or message
                return []
            case SearchStarted(search=search):
                self._ledger.search_started(search)
            case Found(search=search):
                job = self._schedule.job(search.id)
                return [*self._enter(message, job), *self._advance(job)]
            case SearchEnded(search=search):
                job = self._schedule.job(search.id)
                self._search_ended(message, job)
                return [message, *self._advance(job)]
        return [message]

    def _enter(self, event: Found, job: Job) -> list[Event]:
        task = self._ledger.found(event, job.query.id)
        if task is None:
            return []
        job.found += 1
        if not job.more:
            job.pending.append(task)  # Else it comes with the next chunk from the ledger.
        return [event]

    def _search_ended(self, event: SearchEnded, job: Job) -> None:
        self._ledger.search_ended(event)
        job.searching -= 1
        job.searches[event.search.id] = replace(job.searches[event.search.id], state=event.state)
        if event.reason == "browser.start":  # Every other keyword would end the same way.
            self._trouble = self._trouble or RunStopped(10, event.detail or "the browser would not start")

    def _place(self, arrived: Arrived, job: Job) -> Saved | Duplicate | Skipped:
        """The part file gets its name, unless the very same bytes are on disk already, or were forgotten."""
        task, picture, label = arrived.task, arrived.picture, job.query.query.label
        status, final_url, seconds = arrived.http_status, arrived.final_url, arrived.seconds
        known = self._ledger.file_of(picture.sha256)
        if known is not None:
            arrived.part.unlink(missing_ok=True)
            reason = "duplicate.same_label" if known[1] == label else "duplicate.other_label"
            return Duplicate(task, picture, known[0], reason, status, final_url, seconds)
        if self._ledger.forgotten(picture.sha256):
            arrived.part.unlink(missing_ok=True)
            return Skipped(task, "policy.forgotten")
        path = Path(self._ledger.folder(label), layout.file_name(picture))
        final = self._settings.out / path
        try:
            arrived.part.replace(final)
        except FileNotFoundError:  # No folder before its first picture.
            final.parent.mkdir(exist_ok=True)
            arrived.part.replace(final)
        job.saved += 1
        return Saved(task, picture, path, status, final_url, seconds)

    def _missed(self, missed: Missed, job: Job) -> list[Event]:
        """Try again later in this run, in a later run, or never."""
        settings, task = self._settings.fetch, missed.task
        if fate(missed.reason) is not Fate.RETRY or not host_of(task.url):  # A data: URL stays what it is.
            return [self._recorded(_final(missed, later=False))]
        tries = self._schedule.tries(task)
        delay = self._hosts.backoff(tries) if missed.retry_after is None else missed.retry_after
        if tries < settings.attempts_per_run and delay <= settings.retry_after_max:
            self._schedule.delay(missed, delay)
            return []
        later = task.attempt < settings.attempts
        job.left_over |= later
        return [self._recorded(_final(missed, later))]

    def _recorded(self, outcome: Outcome) -> Outcome:
        self._ledger.outcome(outcome)
        self._schedule.settled(outcome.task)
        return outcome

    # ----------------------------------------------------------------- moving a query on

    def _advance(self, job: Job) -> list[Event]:
        """Load more of a query, search more for it, or be done with it."""
        if self._fetch is not None:
            if not job.short:
                return self._finish(job)
            if not job.pending and job.more:
                self._load(job)
            if job.pending:
                return []
        if job.flying or job.delayed or job.searching:
            return []
        if self._fetch is not None and self._search is not None:
            self._search_on(job)
        if not job.searching:
            seen = (SearchState.EXHAUSTED, SearchState.EMPTY)
            all_seen = all(search.state in seen for search in job.asked)
            if self._fetch is not None and all_seen and not job.left_over:
                self._ledger.close_query(job.query.id)
            self._schedule.drop(job)
        return []

    def _search_on(self, job: Job) -> None:
        """Ask again where there was more; else, if that is wished for, ask for a variation of the query."""
        extra = max(10, 2 * job.short)
        for search in job.asked:
            if search.state is SearchState.ENOUGH:
                self._schedule.plan_search(job, search, extra)
        if job.searching:
            return
        for search in job.asked:
            exhausted = search.state is SearchState.EXHAUSTED and not search.variant
            if exhausted and (variation := self._variation(job, search.source)) is not None:
                self._schedule.plan_search(job, variation, extra)

    def _variation(self, job: Job, source: str) -> KnownSearch | None:
        """The next variation that a source offers, the query does not fix, and nobody has searched to its end."""
        fixed = dict(job.query.query.filters)
        for name, value in self._variations(source):
            mark = f"{source} {name}={value}"
            if name in fixed or mark in job.varied:
                continue
            job.varied.add(mark)
            search = self._ledger.add_search(job.query.id, source, f"{name}={value}", self._number)
            if not search.state.done:
                return search
        return None

    def _load(self, job: Job) -> None:
        tasks = self._ledger.todo(job.query.id, job.loaded, CHUNK)
        job.more = len(tasks) == CHUNK
        job.loaded = tasks[-1].id if tasks else job.loaded
        job.pending.extend(tasks)

    def _finish(self, job: Job) -> list[Event]:
        """The limit is met: what was not tried is skipped, what waits for another try is left at that."""
        events: list[Event] = [self._recorded(_final(missed, later=True)) for missed in self._schedule.undelay(job)]
        if not job.searching:
            events += [self._recorded(Skipped(task, "policy.limit", SLOW)) for _, task in job.flying.values()]
        while job.pending or job.more:
            if not job.pending:
                self._load(job)
            spares = (task for task in job.pending if task.attempt == 1 or self._schedule.tries(task))
            events += [self._recorded(Skipped(task, "policy.limit")) for task in spares]
            job.pending.clear()
        if not job.searching:
            self._ledger.close_query(job.query.id)
            self._schedule.drop(job)
        return events

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


def _final(missed: Missed, later: bool) -> Rejected | Failed | Skipped:
    """The outcome of a URL that is not tried again now; `later`: another run may."""
    task, reason, detail = missed.task, missed.reason, missed.detail
    if fate(reason) is Fate.SKIPPED:
        return Skipped(task, reason, detail)
    if not later and reason.partition(".")[0] in ("body", "data", "image"):
        return Rejected(task, reason, detail, missed.http_status, missed.seconds, missed.bytes)
    return Failed(task, reason, detail, missed.http_status, missed.seconds, retry=later)
