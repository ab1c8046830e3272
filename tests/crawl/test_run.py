"""The run: both stages overlapping, limits met exactly, every URL ends once, running again goes on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from collector.crawl.queries import Queries
from collector.crawl.query_state import QueryState
from collector.crawl.run import Run
from collector.errors import BrowserError, LedgerError, NetworkError
from collector.ledger import Ledger
from collector.ledger.work import Work
from collector.model import (
    Attempt,
    DownloadFailed,
    Duplicate,
    Event,
    Failed,
    Found,
    Hit,
    Noticed,
    Query,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    SearchState,
    Skipped,
    Task,
)
from collector.settings import Settings, assign
from collector.urls import id_key
from tests.support.fakes import Answer, FakeFetchers, FakeSearchers, OpenHosts
from tests.support.values import hit, query


class Bench:
    """One output folder and as many runs over it as a test wants."""

    def __init__(self, folder: Path, total: int = 100) -> None:
        self.folder = folder / "images"
        self.settings = assign(Settings(), "out", str(self.folder), "test")
        self.total = total
        self.day = 0
        self.searchers: FakeSearchers
        self.fetchers: FakeFetchers
        self.hosts: OpenHosts
        self.ending = lambda search: None
        self.answer: Answer = lambda task: f"bytes of {task.url}"
        self.stop_after = 10**9
        self.facets: tuple[tuple[str, str], ...] = ()
        self.feeds: tuple[str, ...] = ()
        self.clock: Callable[[], float] = time.monotonic
        self.each_round: Callable[[], object] = lambda: None

    def hits(self, query: Query) -> Iterator[Hit]:
        part = "".join(value for _, value in query.filters)
        return (hit(number, query.keyword + part) for number in range(1, self.total + 1))

    def searchers_of(self, inbox: SimpleQueue[Any]) -> FakeSearchers:
        return FakeSearchers(inbox, self.hits)

    def run(self, *queries: Query, search: bool = True, fetch: bool = True) -> list[Event]:
        with Ledger.open(self.folder) as ledger:
            number = ledger.work.plan(queries, bool(self.facets), self.feeds) if queries else ledger.work.take_up_all()
            inbox: SimpleQueue[Any] = SimpleQueue()
            self.searchers = self.searchers_of(inbox)
            self.searchers.ending = self.ending
            self.fetchers = FakeFetchers(inbox, self.folder, self.answer)
            self.hosts = OpenHosts()
            run = Run(
                ledger,
                number,
                self.settings,
                inbox,
                self.hosts,
                self.searchers if search else None,
                self.fetchers if fetch else None,
                clock=self.clock,
                facets=lambda source: self.facets,
            )
            seen: list[Event] = []

            def stopping() -> bool:
                self.each_round()
                return len(seen) >= self.stop_after

            for event in run.events(stopping):
                seen.append(event)
            self.tallies = list(ledger.stats.tallies())
        assert self.hosts.running == []
        for tally in self.tallies:
            ended = tally.saved + tally.duplicate + tally.rejected + tally.failed + tally.skipped
            assert ended + tally.waiting == tally.found, "the accounting closes"
        assert not list(self.folder.glob("*.part"))
        assert sum(tally.saved for tally in self.tallies) == len(self.files())
        return seen

    def files(self) -> list[Path]:
        return [file for file in self.folder.glob("*/*") if file.is_file()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def count(events: list[Event], kind: type) -> int:
    return sum(isinstance(event, kind) for event in events)


def test_every_keyword_gets_exactly_its_limit_and_spares_are_skipped(bench: Bench) -> None:
    events = bench.run(query("cat", 5), query("dog", 7))
    assert [tally.saved for tally in bench.tallies] == [5, 7]
    assert [tally.found for tally in bench.tallies] == [15, 17]
    assert [tally.skipped for tally in bench.tallies] == [10, 10]
    assert len(bench.fetchers.asked) == 12, "no spare is fetched in vain"
    assert count(events, Saved) == 12
    assert bench.searchers.closed
    assert bench.fetchers.closed


def test_a_second_run_asks_nothing(bench: Bench) -> None:
    bench.run(query("cat", 5))
    events = bench.run(query("cat", 5))
    assert events == []
    assert bench.searchers.asked == []
    assert bench.fetchers.asked == []


def test_a_raised_limit_takes_the_spares_first_and_then_searches_on(bench: Bench) -> None:
    bench.run(query("cat", 5))
    bench.run(query("cat", 12))
    assert bench.searchers.asked == []
    assert bench.tallies[0].saved == 12
    bench.run(query("cat", 40))
    assert bench.tallies[0].saved == 40
    assert len(bench.searchers.asked) >= 1


def test_losses_are_made_good_by_searching_more(bench: Bench) -> None:
    def mostly_dead(task: Task) -> DownloadFailed | str:
        number = int(task.url.split("/")[-1].split(".")[0])
        return f"bytes of {task.url}" if number % 5 == 0 else DownloadFailed(task, "http.404", attempt=Attempt(404))

    bench.answer = mostly_dead
    bench.run(query("cat", 15))
    tally = bench.tallies[0]
    assert tally.saved == 15
    assert tally.failed == 60
    assert len(bench.searchers.asked) > 1


def test_an_exhausted_query_ends_below_its_limit_and_is_done(bench: Bench) -> None:
    bench.total = 4
    bench.run(query("cat", 10))
    assert bench.tallies[0].saved == 4
    bench.run(query("cat", 10))
    assert bench.searchers.asked == []


def test_the_same_bytes_are_saved_once_within_and_across_keywords(bench: Bench) -> None:
    bench.total = 6
    bench.answer = lambda task: "the same" if task.url.endswith(("/1.jpg", "/2.jpg")) else task.url
    events = bench.run(query("cat", 10), query("dog", 10))
    reasons = [event.reason for event in events if isinstance(event, Duplicate)]
    assert sorted(reasons) == ["duplicate.other_label", "duplicate.other_label", "duplicate.same_label"]
    assert len(bench.files()) == 9


def test_transient_trouble_is_tried_again_in_the_run_and_then_by_later_runs(bench: Bench) -> None:
    bench.total = 1
    bench.answer = lambda task: DownloadFailed(task, "http.503", attempt=Attempt(503))
    (event,) = [event for event in bench.run(query("cat", 1)) if isinstance(event, Failed)]
    assert (event.retry, len(bench.fetchers.asked)) == (True, 3)
    (event,) = [event for event in bench.run(query("cat", 1)) if isinstance(event, Failed)]
    assert (event.retry, event.task.attempt) == (False, 6), "six attempts in all"
    assert bench.run(query("cat", 1)) == []


def test_a_picture_that_comes_at_the_second_try_is_saved(bench: Bench) -> None:
    bench.total = 1
    bench.answer = lambda task: "bytes" if task.attempt == 2 else DownloadFailed(task, "net.reset")
    bench.run(query("cat", 1))
    assert bench.tallies[0].saved == 1
    assert bench.tallies[0].reasons == ()


def test_a_long_retry_after_is_left_to_a_later_run(bench: Bench) -> None:
    bench.total = 1
    bench.answer = lambda task: DownloadFailed(task, "http.429", attempt=Attempt(429), retry_after=3600)
    bench.run(query("cat", 1))
    assert len(bench.fetchers.asked) == 1
    assert (bench.tallies[0].retry, bench.tallies[0].failed) == (1, 1)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("body.html", Rejected), ("image.unidentified", Rejected), ("http.404", Failed), ("policy.thumbnail", Skipped)],
)
def test_final_reasons_are_asked_once(bench: Bench, reason: str, kind: type) -> None:
    bench.total = 2
    bench.answer = lambda task: DownloadFailed(task, reason)
    events = bench.run(query("cat", 2))
    assert count(events, kind) == 2
    assert len(bench.fetchers.asked) == 2
    assert bench.tallies[0].reasons == ((reason, 2),)


@pytest.mark.parametrize("moment", range(1, 30, 3))
def test_stopped_at_any_event_it_goes_on_and_nothing_is_asked_twice(bench: Bench, moment: int) -> None:
    bench.stop_after = moment
    bench.run(query("cat", 5), query("dog", 5))
    first = [task.id for task in bench.fetchers.asked]
    bench.stop_after = 10**9
    bench.run(query("cat", 5), query("dog", 5))
    assert [tally.saved for tally in bench.tallies] == [5, 5]
    assert not set(first) & {task.id for task in bench.fetchers.asked}


def test_search_alone_then_fetch_alone(bench: Bench) -> None:
    bench.run(query("cat", 5), query("dog", 3), fetch=False)
    assert bench.fetchers.asked == []
    assert [tally.waiting for tally in bench.tallies] == [15, 13]
    bench.run(search=False)
    assert [tally.saved for tally in bench.tallies] == [5, 3]


def test_blocked_and_unknown_searches_are_taken_up_again(bench: Bench) -> None:
    def blocked(search: Search) -> SearchEnded | None:
        return SearchEnded(search, SearchState.BLOCKED, "page.captcha") if search.query.keyword == "dog" else None

    bench.ending = blocked
    bench.run(query("cat", 2), query("dog", 2))
    assert [tally.saved for tally in bench.tallies] == [2, 0]
    bench.ending = lambda search: None
    bench.run(query("cat", 2), query("dog", 2))
    assert [search.query.keyword for search in bench.searchers.asked] == ["dog"]
    assert [tally.saved for tally in bench.tallies] == [2, 2]


def test_a_browser_that_will_not_start_ends_the_run_with_its_own_code(bench: Bench) -> None:
    bench.ending = lambda search: SearchEnded(search, SearchState.FAILED, "browser.start", "no chromedriver")
    with pytest.raises(BrowserError, match="no chromedriver") as caught:
        bench.run(query("cat", 2), query("dog", 2))
    assert caught.value.exit_code == 10


def test_a_bug_in_a_worker_surfaces_after_what_is_good_is_stored(bench: Bench) -> None:
    bench.answer = lambda task: ZeroDivisionError("bug") if task.id == 3 else task.url
    with pytest.raises(ZeroDivisionError):
        bench.run(query("cat", 5))
    assert bench.searchers.closed
    assert len(bench.files()) >= 1


@pytest.mark.parametrize(
    ("place", "found"), [(Work, "reached"), (Work, "known"), (FakeSearchers, "submit"), (Queries, "advance")]
)
def test_an_error_nobody_foresaw_about_one_query_ends_that_one_and_the_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: type, found: str
) -> None:
    plain = getattr(place, found)

    def broken(self: object, about: object) -> object:
        keyword = about.query.keyword if isinstance(about, Search | QueryState) else {1: "cat"}.get(about, "")  # type: ignore[call-overload]
        if keyword == "cat":
            raise AssertionError("odd")
        return plain(self, about)

    with monkeypatch.context() as patched, caplog.at_level("INFO", "collector"):
        patched.setattr(place, found, broken)
        events = bench.run(query("cat", 2), query("dog", 3))
    told = [event.text for event in events if isinstance(event, Noticed)]
    assert told == ['"cat" is left for the next run: internal.error, AssertionError: odd']
    assert 'raise AssertionError("odd")' in caplog.text
    assert count(events, Saved) == 3
    assert count(bench.run(query("cat", 2), query("dog", 3)), Saved) == 2, "the next run takes it up again"


def test_a_network_that_is_down_ends_the_run_and_fails_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.answer = lambda task: DownloadFailed(task, "net.connect")
    monkeypatch.setattr(OpenHosts, "network_down", True)
    with pytest.raises(NetworkError) as caught:
        bench.run(query("cat", 5))
    assert caught.value.exit_code == 8
    with Ledger.open(bench.folder) as ledger:
        assert next(ledger.stats.tallies()).failed == 0


def test_pictures_of_the_first_keyword_come_before_the_last_is_searched(bench: Bench) -> None:
    events = bench.run(*(query(f"k{number}", 3) for number in range(20)))
    first_saved = next(place for place, event in enumerate(events) if isinstance(event, Saved))
    last_found = max(place for place, event in enumerate(events) if isinstance(event, Found))
    assert first_saved < last_found


def test_many_keywords_pass_through_the_window(bench: Bench) -> None:
    bench.total = 2
    bench.run(*(query(f"k{number}", 1) for number in range(700)))
    assert sum(tally.saved for tally in bench.tallies) == 700


def test_a_label_gathers_keywords_in_one_folder(bench: Bench) -> None:
    bench.run(query("tabby cat", 2, label="cat"), query("black cat", 2, label="cat"))
    assert {file.parent.name for file in bench.files()} == {"cat"}
    assert len(bench.files()) == 4


def test_urls_of_a_hopeless_host_stay_to_do_and_hold_nothing_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.total = 3
    monkeypatch.setattr(OpenHosts, "free", lambda self, host: False)
    monkeypatch.setattr(OpenHosts, "hopeless", lambda self, host: True)
    bench.run(query("cat", 3))
    assert (bench.tallies[0].waiting, bench.tallies[0].failed) == (3, 0)
    monkeypatch.undo()
    bench.run(query("cat", 3))
    assert bench.tallies[0].saved == 3


def test_urls_found_by_a_source_that_is_no_longer_asked_are_fetched_all_the_same(bench: Bench) -> None:
    bench.total = 3
    bench.run(query("cat", 5, sources=("bing",)), fetch=False)
    bench.run(query("cat", 5, sources=("google",)))
    assert bench.tallies[0].saved == 3


def test_an_exhausted_query_is_widened_by_facets_of_itself_when_wished(bench: Bench) -> None:
    bench.total = 4
    bench.run(query("cat", 10))
    assert bench.tallies[0].saved == 4
    bench.facets = (("size", "large"), ("time", "year"), ("time", "month"))
    bench.run(query("cat", 10))
    assert bench.tallies[0].saved == 10
    asked = [search.query.filters for search in bench.searchers.asked]
    assert asked == [(("size", "large"),), (("time", "year"),)], "one after the other, and no more than needed"
    names = [name for name, _, _ in bench.tallies[0].searches]
    assert names == ["google", "google size=large", "google time=year"]
    bench.run(query("cat", 20))
    assert bench.tallies[0].saved == 16, "all four results of all four searches"
    bench.run(query("cat", 20))
    assert bench.searchers.asked == []


def test_a_filter_of_the_users_is_never_varied(bench: Bench) -> None:
    bench.total = 2
    bench.facets = (("size", "large"), ("time", "year"))
    bench.run(Query("cat", "cat", 9, ("google",), (("size", "icon"),)))
    assert [search.query.filter("size") for search in bench.searchers.asked] == ["icon", "icon"]


def test_everything_is_fetched_and_nobody_widens_it(bench: Bench) -> None:
    bench.total = 30
    bench.facets = (("size", "large"),)
    bench.answer = lambda task: DownloadFailed(task, "http.404") if task.url.endswith("/7.jpg") else task.url
    bench.run(query("cat", None))
    (tally,) = bench.tallies
    assert (tally.saved, tally.failed, tally.waiting, tally.short) == (29, 1, 0, 0)
    assert [search.wanted for search in bench.searchers.asked] == [None]
    assert bench.run(query("cat", None)) == []
    assert bench.searchers.asked == []


def test_a_url_that_is_found_anew_before_it_failed_is_tried_with_its_fresh_address(bench: Bench) -> None:
    def signed(day: int) -> Hit:
        return replace(hit(1), url=f"http://cdn.test/1.jpg?day={day}", key=id_key("web", "1"))

    bench.feeds = ("google",)
    bench.hits = lambda query: iter([signed(bench.day)])  # type: ignore[method-assign]
    bench.answer = lambda task: "it" if task.url.endswith(f"day={bench.day}") else DownloadFailed(task, "http.403")
    bench.day = 1
    bench.run(query("cat", 5), fetch=False)
    bench.day = 2
    bench.run(query("cat", 5))
    assert [task.url[-5:] for task in bench.fetchers.asked] == ["day=1", "day=2"]
    assert (bench.tallies[0].saved, bench.tallies[0].found) == (1, 1)


def test_a_url_that_was_refused_because_its_address_was_old_is_asked_once_more(bench: Bench) -> None:
    def signed(number: int) -> Hit:
        return replace(hit(number), url=f"http://cdn.test/{number}.jpg?day={bench.day}", key=id_key("web", str(number)))

    bench.feeds = ("google",)
    bench.hits = lambda query: (signed(number) for number in (1, 2, 3))  # type: ignore[method-assign]
    refused = lambda task: DownloadFailed(task, "http.403", attempt=Attempt(403))  # noqa: E731
    bench.answer = lambda task: task.url if task.url.endswith("day=2") and "/3." not in task.url else refused(task)
    for bench.day, saved, asked in ((1, 0, 3), (2, 2, 3), (3, 2, 0)):
        bench.run(query("cat", 5))
        assert (bench.tallies[0].saved, len(bench.fetchers.asked)) == (saved, asked)
    assert bench.tallies[0].failed == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE outcome",
        "DROP TABLE meta",
        "DROP TABLE unsynced",
        "DROP TABLE review",
        "DROP VIEW picture",
        "ALTER TABLE found RENAME COLUMN url TO address",
        "DELETE FROM found",
        "CREATE TRIGGER refuses BEFORE INSERT ON outcome BEGIN SELECT RAISE(ABORT, 'no'); END",
        "PRAGMA user_version = 99",
    ],
)
def test_a_ledger_that_another_program_changes_in_mid_run_is_damage(bench: Bench, statement: str) -> None:
    rounds = iter(range(10**9))

    def meddle() -> None:
        if next(rounds) == 2:
            with closing(sqlite3.connect(bench.folder / "collector.db", timeout=20)) as other:
                other.execute("PRAGMA legacy_alter_table = ON")
                other.execute(statement)
                other.commit()

    bench.run(query("cat", 5))
    bench.each_round = meddle
    with pytest.raises(LedgerError, match=r"collector repair|newest collector"):
        bench.run(query("cat", 5), query("dog", 40))
