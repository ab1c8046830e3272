"""The pool on a grid that is short, slow, frozen or away; no browser here."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.errors import GridBusy
from collector.model import Found, Hit, Noticed, Search, SearchEnded, SearchStarted, SearchState, WorkerError
from collector.search.patience import Patience
from collector.search.pool import SearchPool
from collector.settings import SearchSettings
from collector.sources.contract import SearchFunction, Source, Web
from tests.support.browser_fakes import no_visit
from tests.support.hub_double import HubDouble
from tests.support.values import hit, query

HITS = 3


def source(search: Search, web: Web) -> Iterator[Hit]:
    for number in range(HITS):
        assert web.browser.run("look") == "answer"
        time.sleep(0.005)
        yield hit(number, search.query.keyword)


def _described(search: SearchFunction) -> Source:
    return Source(search=search, settings={}, needs_browser=True)


class Searching:
    """A pool on a grid and what it tells."""

    def __init__(self, hub: HubDouble, folder: Path, **settings: Any) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.events: list[Any] = []
        made = SearchSettings(grid=hub.address, **settings)
        soon = Patience(made.grid_patience, uniform=lambda _low, _high: 0.02)
        self.pool = SearchPool(
            made, self.inbox.put, lambda _: (_described(source), {}), folder, no_visit, patience=soon
        )

    def submit(self, count: int) -> None:
        for number in range(count):
            self.pool.submit(Search(number, query(f"k{number}"), "google", 10))

    def until(self, done: Callable[[], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not done():
            self.events.append(self.inbox.get(timeout=max(0.0, end - time.monotonic())))

    def until_ended(self, count: int) -> None:
        self.until(lambda: len(self.of(SearchEnded)) >= count or bool(self.of(WorkerError)))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def lines(self) -> list[str]:
        return [event.text for event in self.of(Noticed)]


@contextmanager
def searching(hub: HubDouble, folder: Path, **settings: Any) -> Iterator[Searching]:
    made = Searching(hub, folder, **settings)
    try:
        yield made
    finally:
        made.pool.close(now=True)


def assert_all_done(work: Searching, count: int) -> None:
    """Each search was begun once, ended well once, and brought every hit; what is told twice is no second find."""
    assert not work.of(WorkerError)
    ended = work.of(SearchEnded)
    assert [(event.state, event.reason) for event in ended] == [(SearchState.EXHAUSTED, "")] * count
    assert sorted(event.search.id for event in ended) == list(range(count))
    assert sorted(event.search.id for event in work.of(SearchStarted)) == list(range(count))
    assert len({(event.search.id, event.hit.id) for event in work.of(Found)}) == count * HITS
    assert [event.found for event in ended] == [HITS] * count


def wait(until: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_more_browsers_than_slots_are_told_and_capped(tmp_path: Path) -> None:
    with HubDouble(2, 2) as hub, searching(hub, tmp_path, browsers=6) as work:
        work.submit(30)
        work.until_ended(30)
        assert_all_done(work, 30)
        assert hub.most <= 4
        assert work.lines() == ["the grid has 4 browsers at once: so many are used, not 6"]


def test_a_search_waits_for_a_slot_that_others_hold(tmp_path: Path) -> None:
    with HubDouble(1, 1) as hub, searching(hub, tmp_path, browsers=2) as work:
        others = hub.begin("somebody else"), hub.begin("somebody else")
        assert None not in others
        work.submit(5)
        work.until(lambda: bool(work.lines()))
        assert "no browser free: all 2 are in use; searches wait, for up to 120 s" in work.lines()[0]
        assert not work.of(SearchEnded)
        hub.nodes[1].sessions.clear()
        work.until_ended(5)
        assert_all_done(work, 5)
        assert len(work.lines()) == 1
        assert list(hub.nodes[0].sessions.values()) == ["somebody else"], "no session but ours is ended"


def test_a_hub_that_is_away_for_a_while_fails_no_search(tmp_path: Path) -> None:
    with HubDouble(2) as hub, searching(hub, tmp_path, browsers=2) as work:
        work.submit(60)
        work.until(lambda: len(work.of(Found)) > 5)
        with hub.gone():
            time.sleep(0.3)
        work.until_ended(60)
        assert_all_done(work, 60)
        assert "cannot be reached" in work.lines()[0]
        assert hub.forgotten, "sessions that the hub does not know any more, both of its slots"


def test_a_node_that_freezes_costs_time_and_no_search(tmp_path: Path) -> None:
    with HubDouble(2, 2) as hub, searching(hub, tmp_path, browsers=4, command_timeout=1) as work:
        work.submit(60)
        work.until(lambda: len(work.of(Found)) > 5)
        hub.nodes[1].frozen = True
        hub.nodes[1].up = False
        work.until_ended(60)
        assert_all_done(work, 60)


def test_a_worker_without_work_gives_its_browser_back(tmp_path: Path) -> None:
    with HubDouble(2) as hub, searching(hub, tmp_path, browsers=2) as work:
        work.submit(4)
        work.until_ended(4)
        begun = hub.begun
        wait(lambda: hub.sessions == 0)
        assert begun <= 2, "and keeps it as long as there is some"
        work.pool.submit(Search(4, query("k4"), "google", 10))
        work.until_ended(5)
        assert_all_done(work, 5)


def test_no_browser_for_too_long_ends_the_run_with_a_code_of_its_own(tmp_path: Path) -> None:
    with HubDouble(1) as hub, searching(hub, tmp_path, browsers=3, grid_patience=0.3) as work:
        hub.begin("somebody else")
        work.submit(3)
        work.until(lambda: bool(work.of(WorkerError)))
        error = work.of(WorkerError)[0].error
        assert isinstance(error, GridBusy)
        assert error.exit_code == 12
        assert str(error).endswith("no search had a browser for 0.3 s, run the same command to go on")
        assert not work.of(SearchEnded), "they stay as they are"


def test_one_browser_is_enough_to_go_on(tmp_path: Path) -> None:
    """However long the others find none."""
    go_on = threading.Event()
    with HubDouble(2) as hub, searching(hub, tmp_path, browsers=2, grid_patience=0.2) as work:
        hub.begin("somebody else")

        def slow(search: Search, web: Web) -> Iterator[Hit]:
            web.browser.run("look")
            assert go_on.wait(10)
            yield from source(search, web)

        work.pool._load = lambda _: (_described(slow), {})
        work.submit(2)
        time.sleep(0.6)
        go_on.set()
        work.until_ended(2)
        assert_all_done(work, 2)


def test_a_session_that_comes_too_late_is_ended(tmp_path: Path) -> None:
    with HubDouble(1) as hub, searching(hub, tmp_path, browsers=1, command_timeout=1) as work:
        hub.slow = 1.3
        work.pool._patience = Patience(120, uniform=lambda _low, _high: 0.6)
        work.submit(1)
        work.until(lambda: bool(work.lines()))
        assert "none within 1 s" in work.lines()[0]
        hub.slow = 0.0
        work.until_ended(1)
        assert_all_done(work, 1)
        assert hub.begun == 2


@pytest.mark.parametrize("now", [False, True])
def test_a_stop_does_not_wait_for_the_grid(tmp_path: Path, now: bool) -> None:
    with HubDouble(1) as hub:
        hub.begin("somebody else")
        work = Searching(hub, tmp_path, browsers=2)
        work.pool._patience = Patience(120, uniform=lambda _low, _high: 30)
        work.submit(3)
        work.until(lambda: bool(work.lines()))
        before = time.monotonic()
        work.pool.close(now)
        assert time.monotonic() - before < 15
        assert not work.of(SearchEnded)
