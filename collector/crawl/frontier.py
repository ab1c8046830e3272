"""Which URL next: the one owner of what waits and what is under way, per query and per host. No I/O, no SQL.

Queries take turns, so that a long one never starves the others, and no query has more downloads in flight than
pictures it still wants, but for the ones that take suspiciously long: the limit is met exactly, no spare is fetched in
vain, and one dripping server never holds a query up. Choosing costs O(log n) of the URLs, whatever the hosts.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from collector.crawl.query_state import QueryState
from collector.ledger import KnownSearch
from collector.model import Downloaded, DownloadFailed, SearchState, Task
from collector.urls import host_of


class HostLimits(Protocol):
    """Who may be asked now; see `collector.http.limits`. Only what is told here, and time, change its answers."""

    @property
    def network_down(self) -> bool: ...
    def free(self, host: str) -> bool: ...
    def next_free(self, host: str) -> float: ...
    def hopeless(self, host: str) -> bool: ...
    def started(self, host: str) -> None: ...
    def ended(self, host: str, failed: DownloadFailed | None, seconds: float = 0.0) -> None: ...
    def backoff(self, attempt: int) -> float: ...


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """A search that waits for a browser; what the ledger knows by then is not settled yet."""

    state: QueryState
    search: KnownSearch
    extra: int | None
    """How many URLs it should add; None: all there are."""


class Frontier:
    """The open queries in hand. `clock` tells seconds; only differences count."""

    def __init__(self, hosts: HostLimits, clock: Callable[[], float]) -> None:
        self._hosts, self._clock = hosts, clock
        self._states: dict[QueryState, None] = {}
        self._of_search: dict[int, QueryState] = {}
        self._planned: dict[str, deque[tuple[int, PlannedSearch]]] = defaultdict(deque)
        """Source -> searches that wait for a worker, each with its number in the order they were planned."""
        self._turns: deque[QueryState] = deque()
        """Queries that may have something to go, in turn; the others sleep until something happens to them."""
        self._awake: set[QueryState] = set()
        self._waiters: dict[str, dict[QueryState, None]] = {}
        """Host that may not be asked now -> queries that pass it over until they are handed it, in turn."""
        self._handed: dict[QueryState, set[str]] = defaultdict(set)
        """Hosts that were opened for a query that waited; what it makes no use of is handed on."""
        self._alarms: list[tuple[float, int, QueryState | str | tuple[QueryState, int]]] = []
        """Heap of (moment, number, what is looked at again then): a query, a host, a URL that was put off."""
        self._alarm_of: dict[QueryState | str, float] = {}
        """The moment of the next alarm of a query or a host."""
        self._abandoned: set[int] = set()
        """Downloads under way that nobody waits for any more."""
        self._lost: dict[QueryState, None] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._states)

    # ----------------------------------------------------------------- queries

    def add(self, state: QueryState) -> None:
        """Take a query in hand."""
        self._states[state] = None
        self._of_search.update(dict.fromkeys(state.searches, state))
        self.touched(state)

    def drop(self, state: QueryState) -> None:
        """Let go of a query; what is still under way for it will not be missed."""
        del self._states[state]
        self._abandoned.update(task.id for task in state.under_way)
        for number in state.searches:
            self._of_search.pop(number, None)
        for host in state.closed_hosts:
            self._waiters.get(host, {}).pop(state, None)
        self._hand_on(state)
        self._alarm_of.pop(state, None)
        self._lost.pop(state, None)

    def in_hand(self, query: int) -> QueryState | None:
        """The query of this number; None when it is not in hand."""
        return next((state for state in self._states if state.id == query), None)

    def asking(self, search: int) -> QueryState | None:
        """The query a search belongs to; None when it is not in hand."""
        return self._of_search.get(search)

    def touched(self, state: QueryState) -> None:
        """Something happened to a query: it is asked again what may go."""
        if state not in self._awake:
            self._awake.add(state)
            self._turns.append(state)

    def lost(self) -> list[QueryState]:
        """Queries that lost URLs to a hopeless host since the last call: there may be nothing left to do."""
        lost, self._lost = list(self._lost), {}
        return lost

    # ----------------------------------------------------------------- searches

    def plan_search(self, state: QueryState, search: KnownSearch, extra: int | None) -> None:
        """Have a source asked for `extra` URLs more; None: for all it has."""
        state.search_planned(search)
        self._of_search[search.id] = state
        self._planned[search.source].append((next(self._numbers), PlannedSearch(state, search, extra)))

    def next_search(self, room: Callable[[str], bool]) -> PlannedSearch | None:
        """The longest waiting search of a source that there is room for; None when there is none."""
        for waiting in self._planned.values():
            while waiting and waiting[0][1].state not in self._states:
                waiting.popleft()
        sources = [source for source, waiting in self._planned.items() if waiting and room(source)]
        if not sources:
            return None
        first = min(sources, key=lambda source: self._planned[source][0][0])
        return self._planned[first].popleft()[1]

    def search_heard(self, search: int, rank: int = 0) -> QueryState:
        """A search has begun, or has come to a rank; its query."""
        state = self._of_search[search]
        state.search_heard(search, self._clock(), rank)
        self.touched(state)
        return state

    def search_ended(self, search: int, ending: SearchState) -> QueryState:
        """A search came to its end; its query."""
        state = self._of_search[search]
        state.search_ended(search, ending)
        self.touched(state)
        return state

    # ----------------------------------------------------------------- downloads

    def next_tasks(self, most: int) -> list[Task]:
        """Up to so many URLs to fetch now, counted as started; queries take turns."""
        now = self._clock()
        self._ring(now)
        tasks: list[Task] = []
        while len(tasks) < most and self._turns:
            state = self._turns.popleft()
            if state in self._states and (task := self._choose(state, now)) is not None:
                tasks.append(task)
                self._turns.append(state)
                continue
            self._awake.discard(state)
            if state in self._states:
                self._hand_on(state)
                self._set_alarm(state, state.changes_at(now))
        return tasks

    def ended(self, came: Downloaded | DownloadFailed) -> QueryState | None:
        """A download came back; its query, or None when nobody waits for it any more."""
        task, host = came.task, host_of(came.task.url)
        was_down = self._hosts.network_down
        self._hosts.ended(host, came if isinstance(came, DownloadFailed) else None, came.attempt.seconds)
        for waited in list(self._waiters) if was_down or self._hosts.network_down else [host]:
            self._reconsider(waited)
        if task.id in self._abandoned:
            self._abandoned.discard(task.id)
            return None
        state = self._of_search[task.search_id]
        state.returned(task)
        self.touched(state)
        return state

    def put_off(self, failed: DownloadFailed, seconds: float) -> None:
        """Try again after a while."""
        state = self._of_search[failed.task.search_id]
        state.put_off(failed)
        heapq.heappush(self._alarms, (self._clock() + seconds, next(self._numbers), (state, failed.task.id)))

    def _choose(self, state: QueryState, now: float) -> Task | None:
        """What a query would have next, at a host that may be asked; it is under way then."""
        if not state.wants_one(now):
            return None
        while (first := state.first(now)) is not None:
            host, _ = first
            if self._hosts.free(host):
                task = state.started(host, now)
                self._hosts.started(host)
                self._handed[state].discard(host)
                self._reconsider(host)
                return task
            if self._hosts.hopeless(host):
                self._give_up(state, host)
            else:
                self._wait_for(host, state)
        return None

    # ----------------------------------------------------------------- hosts

    def _wait_for(self, host: str, state: QueryState) -> None:
        state.host_closed(host)
        self._handed[state].discard(host)
        self._waiters.setdefault(host, {})[state] = None
        self._set_alarm(host, self._hosts.next_free(host))

    def _reconsider(self, host: str) -> None:
        """Something happened to a host: when it may be asked, it is handed to the first query that waits for it."""
        waiters = self._waiters.get(host)
        if waiters is None:
            return
        if waiters and self._hosts.free(host):
            state = next(iter(waiters))
            del waiters[state]
            state.host_opened(host)
            self._handed[state].add(host)
            self.touched(state)
        elif waiters and self._hosts.hopeless(host):
            for state in waiters:
                self._give_up(state, host)
            waiters.clear()
        elif waiters:
            self._set_alarm(host, self._hosts.next_free(host))
        if not waiters:
            del self._waiters[host]

    def _hand_on(self, state: QueryState) -> None:
        """A query has no use for the hosts it was handed now; it keeps them open, and others get their turn."""
        for host in self._handed.pop(state, ()):
            self._reconsider(host)

    def _give_up(self, state: QueryState, host: str) -> None:
        state.host_hopeless(host)
        self._lost[state] = None

    # ----------------------------------------------------------------- time

    def _set_alarm(self, what: QueryState | str, moment: float) -> None:
        if moment < self._alarm_of.get(what, math.inf) and (isinstance(what, QueryState) or moment > self._clock()):
            self._alarm_of[what] = moment
            heapq.heappush(self._alarms, (moment, next(self._numbers), what))

    def _ring(self, now: float) -> None:
        """Look again at what time has changed."""
        while self._alarms and self._alarms[0][0] <= now:
            moment, _, what = heapq.heappop(self._alarms)
            if isinstance(what, tuple):
                state, number = what
                if state in self._states and state.due(number):
                    self.touched(state)
            elif self._alarm_of.get(what) == moment:
                del self._alarm_of[what]
                if isinstance(what, str):
                    self._reconsider(what)
                elif what in self._states:
                    self.touched(what)
