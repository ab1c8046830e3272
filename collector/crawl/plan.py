"""The course of one query: load more of its URLs, search more for it, or be done with it. No workers, no files."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collector.crawl.job import Job
from collector.crawl.merge import Merge
from collector.crawl.schedule import Schedule
from collector.ledger import KnownSearch, Ledger
from collector.model import DownloadFailed, Event, Failed, Outcome, Rejected, SearchState, Skipped
from collector.reasons import Fate, fate
from collector.urls import host_of

CHUNK = 1000
"""URLs of one query held in memory at a time."""
SLOW = "still under way when the limit was met"

Variations = Callable[[str], Sequence[tuple[str, str]]]
"""Source -> the filters (name, value) by which its exhausted queries are widened."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Which stages the run has."""

    search: bool
    fetch: bool


class Course:
    """Decides what comes next for a query whenever something has happened to it. Inside a transaction."""

    def __init__(
        self,
        ledger: Ledger,
        number: int,
        schedule: Schedule,
        stages: Stages,
        spares: float,
        variations: Variations,
    ) -> None:
        """`spares`: extra URLs searched per wanted picture."""
        self._ledger, self._number, self._schedule = ledger, number, schedule
        self._stages, self._spares, self._variations = stages, spares, variations

    def plan_searches(self, job: Job) -> None:
        """Ask the sources that have not given all they should: the limit, and spares for the unusable."""
        self._merge(job)
        limit = job.query.query.limit
        missing: float = math.inf
        if limit is not None:
            missing = limit + max(10, math.ceil(limit * self._spares)) - job.found // max(1, len(job.asked))
        for search in job.asked:
            again = search.state is SearchState.ENOUGH and not self._stages.fetch and missing > 0
            if self._stages.search and job.short and (again or not search.state.done):
                self._schedule.plan_search(job, search, _whole(max(10, missing)))

    def _merge(self, job: Job) -> None:
        """Several sources' URLs are fetched in the order of their ranks; a single source's as they come."""
        plain = [search.id for search in job.asked if not search.variant and search.source != "import"]
        if len(plain) < 2 or not self._stages.fetch:
            return
        order = {number: place for place, number in enumerate(plain)}
        job.merge, job.more = Merge(order, host_of, self._ledger.work.reached(job.query.id)), False
        for rank, task in self._ledger.work.todo_ranked(job.query.id):
            job.merge.add(task, rank, task.search_id)

    def advance(self, job: Job) -> list[Event]:
        """Load more of a query, search more for it, or be done with it."""
        if self._stages.fetch:
            if not job.short:
                return self._finish(job)
            if not job.pending and job.more:
                self._load(job)
            if job.waiting:
                return []
        if job.flying or job.delayed or job.searching:
            return []
        if self._stages.fetch and self._stages.search:
            self._search_on(job)
        if not job.searching:
            seen = (SearchState.EXHAUSTED, SearchState.EMPTY)
            all_seen = all(search.state in seen for search in job.asked)
            if self._stages.fetch and all_seen and not job.left_over:
                self._ledger.work.close_query(job.query.id)
            self._schedule.drop(job)
        return []

    def _search_on(self, job: Job) -> None:
        """Ask again where there was more; else, if that is wished for, ask for a variation of the query."""
        extra = _whole(max(10, 2 * job.short))
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
        """The next variation that a source offers, the query does not fix, and nobody has searched to its end.

        None for a query that wants everything: it cannot have too little, and facets of it bring nothing else.
        """
        if job.query.query.limit is None:
            return None
        fixed = dict(job.query.query.filters)
        for name, value in self._variations(source):
            mark = f"{source} {name}={value}"
            if name in fixed or mark in job.varied:
                continue
            job.varied.add(mark)
            search = self._ledger.work.add_search(job.query.id, source, f"{name}={value}", self._number)
            if not search.state.done:
                return search
        return None

    def _load(self, job: Job) -> None:
        tasks = self._ledger.work.todo(job.query.id, job.loaded, CHUNK)
        job.more = len(tasks) == CHUNK
        job.loaded = tasks[-1].id if tasks else job.loaded
        job.pending.extend(tasks)

    def _finish(self, job: Job) -> list[Event]:
        """The limit is met: what was not tried is skipped, what waits for another try is left at that."""
        events: list[Event] = [self.record(final(missed, later=True)) for missed in self._schedule.undelay(job)]
        if not job.searching:
            events += [self.record(Skipped(task, "policy.limit", SLOW)) for _, task in job.flying.values()]
        while job.waiting or job.more:
            if not job.waiting:
                self._load(job)
            spares = (task for task in job.drained() if task.attempt == 1 or self._schedule.tries(task))
            events += [self.record(Skipped(task, "policy.limit")) for task in spares]
        if not job.searching:
            self._ledger.work.close_query(job.query.id)
            self._schedule.drop(job)
        return events

    def record(self, outcome: Outcome) -> Outcome:
        """Store the one outcome of a URL."""
        self._ledger.work.outcome(outcome)
        self._schedule.settled(outcome.task)
        return outcome


def _whole(number: float) -> int | None:
    return None if number == math.inf else int(number)


def final(missed: DownloadFailed, later: bool) -> Rejected | Failed | Skipped:
    """The outcome of a URL that is not tried again now; `later`: another run may."""
    task, reason, detail = missed.task, missed.reason, missed.detail
    if fate(reason) is Fate.SKIPPED:
        return Skipped(task, reason, detail)
    if not later and reason.partition(".")[0] in ("body", "data", "image", "video"):
        return Rejected(task, reason, detail, missed.attempt)
    return Failed(task, reason, detail, missed.attempt, retry=later)
