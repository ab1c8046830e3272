"""One open query while it is worked on. Its methods are named after what happened; nobody else writes its fields."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from collector.crawl.plan import Standing
from collector.crawl.rank_merge import AGAIN, RankMerge
from collector.ledger import KnownSearch, OpenQuery
from collector.model import DownloadFailed, SearchState, Task

PATIENCE = 5.0
"""Seconds after which a download no longer counts on: another URL is tried in its place."""
CHUNK = 1000
"""URLs of one query held in memory at a time, when all come from one source."""


class QueryState:
    """What waits, what is under way and what is still missing of one query. Decides nothing."""

    def __init__(self, opened: OpenQuery, reached: Mapping[int, int]) -> None:
        """`reached`: number of a search -> the highest rank it has brought so far."""
        self.id, self.query = opened.id, opened.query
        self.saved, self.found = opened.saved, opened.found
        self.searches = {search.id: search for search in opened.searches}
        """By number, with their state as it is now."""
        self._states = tuple(search.state for search in self.asked)
        self.searching = 0
        self.loaded_to, self.more = 0, True
        """The last URL (its number) that was taken from the ledger, and whether there may be more."""
        self.left_over = False
        """Something of it stays for a later run."""
        self.delayed: dict[int, DownloadFailed] = {}
        """Number of a URL that is to be tried again after a while -> what its last try brought."""
        plain = [search.id for search in self.asked if not search.variant and search.source != "import"]
        self._merge = RankMerge(plain, reached)
        self._under_way: dict[int, tuple[float, Task]] = {}
        """Number of a URL -> (when its download was started, task), in this order."""
        self._tries: dict[int, int] = {}
        self._fresh: dict[int, Task] = {}
        """Number of a URL under way -> what its source says of it since."""
        self._facets: set[tuple[str, str, str]] = set()

    # ----------------------------------------------------------------- how it stands

    @property
    def asked(self) -> list[KnownSearch]:
        """The searches that the present run asks for, as they stand now."""
        return [search for search in self.searches.values() if search.asked]

    @property
    def under_way(self) -> list[Task]:
        """URLs that are being downloaded."""
        return [task for _, task in self._under_way.values()]

    @property
    def places(self) -> Mapping[int, int]:
        """Number of a search -> its place among those that are merged by rank."""
        return self._merge.places

    @property
    def short(self) -> float:
        """Pictures still missing; of everything, there are always some."""
        return math.inf if self.query.limit is None else max(0, self.query.limit - self.saved)

    @property
    def chunk(self) -> int | None:
        """How many URLs to take from the ledger at a time; None: all, because the order of ranks needs them all."""
        return CHUNK if len(self._merge.places) < 2 else None

    def standing(self) -> Standing:
        """The numbers that decide what it needs next."""
        return Standing(
            wanted=self.query.limit,
            saved=self.saved,
            found=self.found,
            waiting=len(self._merge),
            more=self.more,
            under_way=len(self._under_way) + len(self.delayed),
            searching=self.searching,
            left_over=self.left_over,
            states=self._states,
        )

    def wants_one(self, now: float) -> bool:
        """Whether another download may start: no more than are missing, but for those that take suspiciously long."""
        late = 0
        for started, _ in self._under_way.values():
            if now < started + PATIENCE:
                break
            late += 1
        return len(self._under_way) - late < self.short

    def changes_at(self, now: float) -> float:
        """When the mere passing of time may bring the next download; infinity when it brings none."""
        if not self._merge:
            return math.inf
        late = next((start + PATIENCE for start, _ in self._under_way.values() if now < start + PATIENCE), math.inf)
        silent = self._merge.patience_ends()
        return min(late, silent if silent > now else math.inf)

    def tries(self, task: Task) -> int:
        """Requests made for a URL in this run."""
        return self._tries.get(task.id, 0)

    # ----------------------------------------------------------------- searches

    def search_planned(self, search: KnownSearch) -> None:
        """A source is to be asked."""
        self.searching += 1
        self._now(search)
        self._merge.asked(search.id)

    def search_heard(self, number: int, now: float, rank: int = 0) -> None:
        """A search has begun, or has come to a rank."""
        self._merge.news(number, now, rank)

    def search_ended(self, number: int, state: SearchState) -> None:
        """A search came to its end."""
        self.searching -= 1
        self._now(replace(self.searches[number], state=state))
        self._merge.ended(number)

    def _now(self, search: KnownSearch) -> None:
        self.searches[search.id] = search
        self._states = tuple(search.state for search in self.asked)

    def facet_tried(self, facet: tuple[str, str, str]) -> None:
        """(source, filter, value): the query was widened by it, or need not be."""
        self._facets.add(facet)

    def next_facet(self, source: str, offered: Iterable[tuple[str, str]]) -> tuple[str, str, str] | None:
        """The first that was not tried and that the query does not fix itself."""
        fixed = dict(self.query.filters)
        facets = ((source, name, value) for name, value in offered if name not in fixed)
        return next((facet for facet in facets if facet not in self._facets), None)

    # ----------------------------------------------------------------- URLs

    def loaded(self, ranked: Sequence[tuple[int, Task]]) -> None:
        """The next (rank, URL) pairs came from the ledger."""
        self.more = self.chunk is not None and len(ranked) == self.chunk
        for rank, task in ranked:
            self._merge.add(task, rank)
            self.loaded_to = task.id

    def url_found(self, task: Task, rank: int) -> None:
        """A new URL; while the ledger has more than is in memory, it comes with a later chunk."""
        self.found += 1
        if not self.more:
            self._merge.add(task, rank)

    def url_changed(self, task: Task, rank: int, again: bool) -> None:
        """A source says something else of a URL. `again`: it had ended, and is to do once more."""
        if (waiting := self._merge.waiting(task.id)) is not None:
            self._merge.add(replace(task, attempt=waiting.attempt), rank)
        elif not again:
            self._fresh[task.id] = task
        elif not self.more or task.id <= self.loaded_to:
            self._merge.add(task, rank)

    def first(self, now: float) -> tuple[str, Task] | None:
        """(host, URL) that would go next; see `RankMerge.first`."""
        return self._merge.first(now)

    def started(self, host: str, now: float) -> Task:
        """The URL named by `first` is being downloaded."""
        task = self._merge.take(host)
        self._under_way[task.id] = (now, task)
        self._tries[task.id] = self._tries.get(task.id, 0) + 1
        return task

    def returned(self, task: Task) -> None:
        """A download came back."""
        del self._under_way[task.id]

    def retried(self, task: Task) -> bool:
        """Whether a failed URL is tried again at once, because its source gave a fresh one meanwhile."""
        fresh = self._fresh.pop(task.id, None)
        if fresh is None or (fresh.url, fresh.fallbacks, fresh.cookies) == (task.url, task.fallbacks, task.cookies):
            return False
        self._merge.add(replace(fresh, attempt=task.attempt + 1), AGAIN)
        return True

    def put_off(self, failed: DownloadFailed) -> None:
        """A URL is to be tried again after a while."""
        self.delayed[failed.task.id] = failed

    def due(self, number: int) -> bool:
        """The while is over; False when the URL is no longer put off."""
        if (failed := self.delayed.pop(number, None)) is None:
            return False
        task = self._fresh.pop(number, failed.task)
        self._merge.add(replace(task, attempt=failed.task.attempt + 1), AGAIN)
        return True

    def given_up(self) -> list[DownloadFailed]:
        """Nothing is put off any longer; what the last tries brought."""
        failures = list(self.delayed.values())
        self.delayed.clear()
        return failures

    def ended(self, task: Task, saved: bool) -> None:
        """A URL has its outcome."""
        self.saved += saved
        self._tries.pop(task.id, None)

    def stays(self) -> None:
        """Something of it stays for a later run."""
        self.left_over = True

    # ----------------------------------------------------------------- hosts

    @property
    def closed_hosts(self) -> frozenset[str]:
        """Hosts that are passed over."""
        return self._merge.closed

    def host_closed(self, host: str) -> None:
        """Nothing may be asked of it now."""
        self._merge.close(host)

    def host_opened(self, host: str) -> None:
        """It may be asked again."""
        self._merge.open(host)

    def host_hopeless(self, host: str) -> None:
        """It is not waited for in this run; nothing is recorded, its URLs are still to do."""
        for _ in self._merge.drain(host):
            self.left_over = True

    def drained(self) -> list[Task]:
        """All URLs in memory that wait; they wait no longer."""
        return list(self._merge.drain())
