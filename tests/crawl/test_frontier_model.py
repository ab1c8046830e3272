"""The run's core against a simple model: frontier, plan and recorder over a real ledger, driven by Hypothesis.

The machine plays all workers: it searches, finds, fetches, fails, dawdles and lets time go by, in any order. The model
keeps three sets per query. What it checks: limits met exactly, no URL lost or fetched twice at a time, late results of
dropped queries harmless, the order of ranks kept, and that a run which nobody hinders comes to its end.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collector.crawl.frontier import Frontier
from collector.crawl.plan import Stages
from collector.crawl.queries import Queries
from collector.crawl.query_state import PATIENCE
from collector.crawl.record import OutputFolder, Recorder
from collector.http.limits import Hosts
from collector.ledger import Ledger, schema
from collector.model import (
    Attempt,
    Downloaded,
    DownloadFailed,
    Event,
    Failed,
    Found,
    Hit,
    Message,
    Outcome,
    Saved,
    Search,
    SearchEnded,
    SearchStarted,
    SearchState,
    Skipped,
    Task,
)
from collector.settings import FetchSettings
from tests.support.values import hit, picture, query

SOURCES = ("google", "bing")
HOSTS = ("one", "two", "three")
LIMITS = FetchSettings(per_host=2, attempts_per_run=2, attempts=3)


@dataclass
class Walk:
    """A search that was handed to a worker: what it found, and whether it began."""

    search: Search
    begun: bool = False
    rank: int = 0


@dataclass
class Model:
    """One query as a list of sets: what it has, and what is under way."""

    wanted: int | None
    saved: set[int] = field(default_factory=set)
    ended: dict[int, Outcome] = field(default_factory=dict)
    """Number of a URL -> the outcome it had last."""
    found: set[int] = field(default_factory=set)


class Core(RuleBasedStateMachine):
    """One run over one folder; `again` begins the next over the same."""

    @initialize(
        wanted=st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=1, max_size=3),
        both=st.booleans(),
    )
    def begin(self, wanted: list[int | None], both: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="core-"))
        connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.prepare(connection)
        self.ledger = Ledger(connection)
        self.sources = SOURCES if both else SOURCES[:1]
        self.asked = [query(f"k{n}", limit, sources=self.sources) for n, limit in enumerate(wanted)]
        self.models = {asked.keyword: Model(asked.limit) for asked in self.asked}
        self.serial, self.now = 0, 0.0
        self._take_up()

    def _take_up(self) -> None:
        run = self.ledger.work.plan(self.asked)
        self.hosts = Hosts(LIMITS, lambda: self.now, random.Random(7))
        self.frontier = Frontier(self.hosts, lambda: self.now)
        queries = Queries(self.ledger, run, self.frontier, Stages(True, True), 0.5, lambda _: ())
        self.recorder = Recorder(self.ledger, LIMITS, self.frontier, queries, self.hosts, OutputFolder(self.folder))
        self.keyword_of: dict[int, str] = {}
        self.walks: list[Walk] = []
        self.under_way: dict[int, Task] = {}
        self.started: dict[int, float] = {}
        self.ranks: dict[int, tuple[int, int]] = {}
        """Number of a URL -> (rank, place of its source), of those found in this run."""
        with self.ledger.transaction():
            for _, opened in self.ledger.work.open_queries(run, -1, 99):
                for search in opened.searches:
                    self.keyword_of[search.id] = opened.query.keyword
                self._take_in(queries.take_up(opened))

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self._drain_all()
            self.ledger.close()
            shutil.rmtree(self.folder)

    # ----------------------------------------------------------------- what workers do

    @rule()
    def search(self) -> None:
        while (planned := self.frontier.next_search(lambda _: len(self.walks) < 3)) is not None:
            known = self.ledger.work.known(planned.state.id)
            wanted = None if planned.extra is None else len(known) + planned.extra
            self.walks.append(
                Walk(Search(planned.search.id, planned.state.query, planned.search.source, wanted, known))
            )

    @precondition(lambda self: self.walks)
    @rule(data=st.data(), host=st.sampled_from(HOSTS), repeated=st.integers(0, 9))
    def find(self, data: st.DataObject, host: str, repeated: int) -> None:
        walk = data.draw(st.sampled_from(self.walks))
        if not walk.begun:
            walk.begun = True
            self._record(SearchStarted(walk.search))
        walk.rank += 1
        keyword = walk.search.query.keyword
        seen = sorted(self.models[keyword].found)
        if repeated == 0 and seen:  # Both sources have it, or the same one gives it a fresh address.
            number = data.draw(st.sampled_from(seen))
            one = replace(self._hit(keyword, number, host), thumbnail_url=f"http://t/{walk.rank}")
        else:
            self.serial += 1
            one = self._hit(keyword, self.serial, host)
            self.models[keyword].found.add(self.serial)
        self._record(Found(walk.search, walk.rank, one))

    def _hit(self, keyword: str, number: int, host: str) -> Hit:
        return replace(hit(number, keyword), url=f"http://{host}.test/{keyword}/{number}.jpg", key=f"{number}")

    @precondition(lambda self: self.walks)
    @rule(data=st.data(), state=st.sampled_from((SearchState.ENOUGH, SearchState.EXHAUSTED, SearchState.BLOCKED)))
    def end_search(self, data: st.DataObject, state: SearchState) -> None:
        walk = data.draw(st.sampled_from(self.walks))
        self.walks.remove(walk)
        state = SearchState.EMPTY if state is SearchState.EXHAUSTED and not walk.rank else state
        self._record(SearchEnded(walk.search, state, found=walk.rank))

    @rule(most=st.integers(1, 8))
    def fetch(self, most: int) -> None:
        waiting = self._waiting()
        for task in self.frontier.next_tasks(most):
            assert task.id not in self.under_way, "fetched twice at a time"
            assert task.id not in self._final(), "it had ended"
            self._in_order(task, waiting)
            self.under_way[task.id] = task
            self.started[task.id] = self.now
            waiting.pop(task.id, None)
        for keyword, model in self.models.items():
            going = [task for task in self.under_way.values() if self.keyword_of[task.search_id] == keyword]
            fresh = [task for task in going if self.now < self.started[task.id] + PATIENCE]
            if model.wanted is not None:
                assert len(fresh) <= model.wanted, "a spare is fetched in vain"

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), same=st.integers(0, 9))
    def arrive(self, data: st.DataObject, same: int) -> None:
        task = self._came(data)
        part = self.folder / f".collector-{task.id}.part"
        part.write_text("x")
        text = "always the same" if same == 0 else f"{task.id}"
        self._record(Downloaded(task, picture(text), part, Attempt(200, seconds=0.1)))
        assert not part.exists()

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), reason=st.sampled_from(("http.404", "net.reset", "http.503", "body.html", "policy.robots")))
    def fail(self, data: st.DataObject, reason: str) -> None:
        self._record(DownloadFailed(self._came(data), reason, attempt=Attempt(seconds=0.1)))

    def _came(self, data: st.DataObject) -> Task:
        task = self.under_way.pop(data.draw(st.sampled_from(sorted(self.under_way))))
        self.now += 0.1
        return task

    @rule(seconds=st.sampled_from((0.5, PATIENCE, 20.0, 100.0)))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: not self.under_way and not self.walks)
    @rule(more=st.integers(0, 2))
    def next_run(self, more: int) -> None:
        """The run is stopped here, and the next one may want more."""
        self.asked = [replace(one, limit=one.limit and one.limit + more) for one in self.asked]
        for one in self.asked:
            model = self.models[one.keyword]
            model.wanted = one.limit
            if more:  # Its spares are to do again.
                spares = [n for n, end in model.ended.items() if getattr(end, "reason", "") == "policy.limit"]
                for number in spares:
                    del model.ended[number]
        self.now += 10_000.0
        self._take_up()

    # ----------------------------------------------------------------- the model

    def _record(self, message: Message) -> None:
        self._take_in(self.recorder.record([message]))
        self.frontier.lost()
        assert self.recorder.trouble is None

    def _take_in(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Outcome):
                number, keyword = event.task.id, self._keyword(event.task)
                model = self.models[keyword]
                before = model.ended.get(number)
                assert before is None or (isinstance(before, Failed) and before.retry), "it ends once"
                model.ended[number] = event
                if isinstance(event, Saved):
                    model.saved.add(number)
                if isinstance(event, Skipped) and event.reason == "policy.limit":
                    assert model.wanted is not None
                    assert len(model.saved) == model.wanted, "skipped, though more was wanted"

    def _keyword(self, task: Task) -> str:
        return task.url.split("/")[3]

    def _final(self) -> set[int]:
        """URLs that nobody may ask for again in this run; a raised limit frees the spares."""
        with_row = "SELECT found_id FROM outcome WHERE state <> 'retry'"
        return {number for (number,) in self.ledger._db.execute(with_row)}

    def _waiting(self) -> dict[int, tuple[str, int, int]]:
        """(keyword, rank, place of the source) of what the ledger has to do and this run never tried."""
        rows = self.ledger._db.execute(
            """SELECT found.id, keyword, rank, search.source FROM found JOIN query ON query.id = found.query_id
               JOIN search ON search.id = search_id LEFT JOIN outcome ON found_id = found.id
               WHERE outcome.state IS NULL"""
        )
        return {
            number: (keyword, rank, SOURCES.index(source))
            for number, keyword, rank, source in rows
            if number not in self.started
        }

    def _in_order(self, task: Task, waiting: dict[int, tuple[str, int, int]]) -> None:
        """No URL of the same query at the same host that was never tried comes before it."""
        if task.attempt > 1 or task.id not in waiting:
            return
        keyword, *mine = waiting[task.id]
        rows = dict(self.ledger._db.execute("SELECT id, url FROM found"))
        host = rows[task.id].split("/")[2]
        if len(self.sources) == 1:
            return  # In chunks of the ledger's, whose ranks begin anew with each walk.
        for number, (other, *place) in waiting.items():
            if other == keyword and rows[number].split("/")[2] == host:
                assert mine <= place, f"{number} comes before {task.id}"

    @invariant()
    def limits_are_met_and_never_passed(self) -> None:
        if not hasattr(self, "ledger"):
            return
        for model in self.models.values():
            assert model.wanted is None or len(model.saved) <= model.wanted
        for tally in self.ledger.stats.tallies():
            ended = tally.saved + tally.duplicate + tally.rejected + tally.failed + tally.skipped
            assert ended + tally.waiting == tally.found == len(self.models[tally.keyword].found), "nothing is lost"
            assert tally.saved == len(self.models[tally.keyword].saved)

    def _drain_all(self) -> None:
        """Everybody does their work, and searches have no more: the run comes to its end, and nothing is left."""
        for _ in range(2000):
            self.search()
            for walk in self.walks:
                self._record(SearchEnded(walk.search, SearchState.EXHAUSTED))
            self.walks.clear()
            for task in self.frontier.next_tasks(8):
                self.under_way[task.id] = task
            for task in self.under_way.values():
                part = self.folder / f".collector-{task.id}.part"
                part.write_text("x")
                self._record(Downloaded(task, picture(f"{task.id}"), part, Attempt(200, seconds=0.1)))
            self.under_way.clear()
            self.now += 1.0
            if not self.frontier:
                break
        assert not self.frontier, "it comes to its end"
        for tally in self.ledger.stats.tallies():
            assert tally.short == 0 or tally.waiting == 0, "nothing waits while pictures are missing"


Core.TestCase.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCore = Core.TestCase
