"""The frontier: turns, hosts and patience, and what choosing costs when there is much to choose from."""

from __future__ import annotations

import random
import time
from itertools import count
from pathlib import Path

import pytest

from collector.crawl.frontier import Frontier
from collector.crawl.query_state import PATIENCE, QueryState
from collector.http.limits import PROBE_SECONDS, Hosts
from collector.ledger import KnownSearch, OpenQuery
from collector.model import Attempt, Downloaded, DownloadFailed, Query, SearchState, Task
from collector.settings import FetchSettings
from tests.support.values import picture


class Yard:
    """A frontier over the real limits of hosts, and a clock that is told the time."""

    def __init__(self, **settings: object) -> None:
        self.now = 0.0
        self.numbers = count(1)
        self.hosts = Hosts(FetchSettings(**settings), lambda: self.now, random.Random(7))  # type: ignore[arg-type]
        self.frontier = Frontier(self.hosts, lambda: self.now)

    def query(self, limit: int | None = None) -> QueryState:
        number = next(self.numbers)
        search = KnownSearch(number, "google", SearchState.EXHAUSTED)
        state = QueryState(OpenQuery(number, Query(f"k{number}", "k", limit), 0, 0, (search,)), {})
        self.frontier.add(state)
        state.loaded([])
        return state

    def find(self, state: QueryState, *hosts: str) -> None:
        for rank, host in enumerate(hosts, start=1):
            number = next(self.numbers)
            state.url_found(Task(number, state.id, f"http://{host}/{number}.jpg"), rank)
        self.frontier.touched(state)

    def next(self, most: int = 100) -> list[Task]:
        return self.frontier.next_tasks(most)

    def arrived(self, *tasks: Task) -> None:
        for task in tasks:
            came = Downloaded(task, picture(task.url), Path("part"), Attempt(200, seconds=0.1))
            if (state := self.frontier.ended(came)) is not None:
                state.ended(task, saved=True)

    def failed(self, reason: str, *tasks: Task, **more: float) -> None:
        for task in tasks:
            self.frontier.ended(DownloadFailed(task, reason, attempt=Attempt(seconds=0.1), **more))  # type: ignore[arg-type]


def test_queries_take_turns() -> None:
    yard = Yard()
    long, short = yard.query(), yard.query()
    yard.find(long, *(f"h{n}" for n in range(9)))
    yard.find(short, "a", "b")
    assert [task.search_id for task in yard.next(5)] == [long.id, short.id, long.id, short.id, long.id]


def test_a_host_that_is_full_is_handed_to_who_waits_for_it_in_turn() -> None:
    yard = Yard(per_host=2)
    states = [yard.query() for _ in range(3)]
    for state in states:
        yard.find(state, *["busy"] * 3)
    going, order = [], []
    while begun := yard.next():
        going += begun
        order += [task.search_id for task in begun]
        assert len(going) <= 2
        yard.arrived(going.pop(0))
    assert [order[:3].count(state.id) for state in states] == [1, 1, 1], "all had one before anybody had three"
    assert sorted(order) == sorted([state.id for state in states] * 3)


def test_a_slot_that_its_next_query_has_no_use_for_is_handed_on() -> None:
    yard = Yard(per_host=1)
    first, full, last = yard.query(), yard.query(1), yard.query()
    yard.find(first, "busy")
    (running,) = yard.next()
    yard.find(full, "busy", "free")
    (other,) = yard.next()
    assert other.search_id == full.id, "its one picture is under way, though it waits for the busy host as well"
    yard.find(last, "busy")
    assert yard.next() == []
    yard.arrived(running)
    assert [task.search_id for task in yard.next()] == [last.id]


def test_a_pause_ends_by_time_alone() -> None:
    yard = Yard()
    state = yard.query()
    yard.find(state, *["slow"] * 9)
    (first,) = yard.next(1)
    yard.failed("http.429", first, retry_after=30.0)
    assert yard.next() == []
    yard.now += 29.9
    assert yard.next() == []
    yard.now += 0.1
    assert len(yard.next()) == 4, "half of the eight"


def test_all_places_at_a_host_that_opens_are_taken_at_once() -> None:
    yard = Yard()
    states = [yard.query() for _ in range(3)]
    yard.find(states[0], "slow")
    (first,) = yard.next(1)
    yard.failed("http.429", first, retry_after=30.0)
    for state in states:
        yard.find(state, "slow")
    assert yard.next() == []
    yard.now += 30.0
    assert sorted(task.search_id for task in yard.next()) == [state.id for state in states]


def test_urls_of_a_host_that_became_hopeless_while_they_waited_are_let_go_of() -> None:
    yard = Yard(per_host=1, retry_after_max=60.0)
    state, other = yard.query(), yard.query()
    yard.find(state, "bad", "bad")
    yard.find(other, "bad", "good")
    bad, good = yard.next()
    yard.failed("http.429", bad, retry_after=3600.0)
    assert yard.next() == []
    assert set(yard.frontier.lost()) == {state, other}
    assert (state.left_over, other.left_over) == (True, True)
    yard.arrived(good)
    assert (state.standing().waiting, other.standing().waiting) == (0, 0)


def test_all_hosts_may_be_asked_again_once_one_answers_after_the_network_was_down() -> None:
    yard = Yard()
    state = yard.query()
    yard.find(state, *(f"h{number}" for number in range(30)))
    yard.failed("net.dns", *yard.next(20))
    assert yard.hosts.network_down and yard.next() == []
    yard.now += PROBE_SECONDS
    (probe,) = yard.next()
    assert yard.next() == [], "one at a time, to see whether it is back"
    yard.arrived(probe)
    assert not yard.hosts.network_down and len(yard.next()) == 9, "at the same moment"


def test_a_slow_download_counts_no_longer_once_patience_ends() -> None:
    yard = Yard()
    state = yard.query(1)
    yard.find(state, "a", "b", "c")
    assert len(yard.next()) == 1
    yard.now += PATIENCE - 0.1
    assert yard.next() == []
    yard.now += 0.1
    assert len(yard.next()) == 1


def test_what_is_under_way_for_a_dropped_query_is_not_missed() -> None:
    yard = Yard()
    state = yard.query(1)
    yard.find(state, "a")
    (task,) = yard.next()
    yard.frontier.drop(state)
    assert yard.frontier.ended(DownloadFailed(task, "http.404")) is None
    assert yard.hosts.free("a")


@pytest.mark.parametrize(("number", "waits"), [(7, True), (8, False)])
def test_a_url_that_is_to_do_once_more_comes_with_its_chunk(number: int, waits: bool) -> None:
    """What lies behind the chunk in memory is brought by a later one; it would be asked for twice."""
    state = Yard().query()
    state.loaded([(rank, Task(rank, state.id, f"http://h/{rank}.jpg")) for rank in (5, 6, 7)])
    state.drained()
    state.more = True
    state.url_changed(Task(number, state.id, "http://h/again.jpg"), 1, again=True)
    assert bool(state.drained()) is waits


def test_what_came_late_for_a_dropped_query_may_be_asked_for_again() -> None:
    yard = Yard()
    dropped = yard.query()
    yard.find(dropped, "a")
    (task,) = yard.next()
    yard.frontier.drop(dropped)
    came = Downloaded(task, picture("a"), Path("part"), Attempt(200, seconds=0.1))
    assert yard.frontier.ended(came) is None
    search = KnownSearch(dropped.id, "google", SearchState.EXHAUSTED)
    again = QueryState(OpenQuery(dropped.id, Query("k", "k", None), 0, 0, (search,)), {})
    yard.frontier.add(again)
    again.loaded([])
    again.url_found(task, 1)
    yard.frontier.touched(again)
    assert yard.next() == [task]
    assert yard.frontier.ended(came) is again


def test_a_url_found_while_the_ledger_has_more_comes_with_its_chunk_alone() -> None:
    state = Yard().query()
    state.more = True
    state.url_found(Task(7, state.id, "http://h/7.jpg"), 7)
    assert (state.standing().found, state.standing().waiting) == (1, 0)
    state.loaded([(7, Task(7, state.id, "http://h/7.jpg"))])
    state.url_found(Task(8, state.id, "http://h/8.jpg"), 8)
    assert (state.standing().found, state.standing().waiting) == (2, 2)


def test_a_dropped_query_hands_on_what_it_waited_for() -> None:
    yard = Yard(per_host=1)
    first, second, third = yard.query(), yard.query(), yard.query()
    for state in (first, second, third):
        yard.find(state, "busy")
    (running,) = yard.next()
    yard.frontier.drop(second)
    yard.arrived(running)
    yard.frontier.drop(first)
    assert [task.search_id for task in yard.next()] == [third.id]


# --------------------------------------------------------------------------- what it costs


@pytest.mark.parametrize("queries", [1, 250])
def test_choosing_among_many_urls_at_many_hosts_costs_microseconds(queries: int) -> None:
    """Milliseconds, where every host was looked at; `bench/frontier.py` has the figure; a busy machine doubles it."""
    urls, hosts = 100_000, 10_000
    yard = Yard()
    states = [yard.query() for _ in range(queries)]
    for number in range(urls):
        task = Task(-number, states[number % queries].id, f"http://h{number * 7919 % hosts}/{number}.jpg")
        states[number % queries].url_found(task, number // queries + 1)
    chosen, under_way = 0.0, []
    for _ in range(urls // 4):
        began = time.process_time()
        under_way += yard.next(64 - len(under_way))
        chosen += time.process_time() - began
        yard.now += 0.001
        yard.arrived(under_way.pop(0))
    assert chosen / (urls // 4) < 100e-6


def test_giving_up_on_many_that_were_put_off_is_not_quadratic() -> None:
    yard = Yard()
    state, other = yard.query(), yard.query()
    for one in (state, other):
        for number in range(20_000):
            task = Task(number + one.id * 100_000, one.id, f"http://h{number}/x.jpg")
            yard.frontier.put_off(DownloadFailed(task, "net.reset"), 60.0)
    began = time.process_time()
    assert len(state.given_up()) == 20_000
    assert time.process_time() - began < 2
    yard.now += 60.0
    yard.next(0)
    assert (state.standing().waiting, other.standing().waiting) == (0, 20_000)
