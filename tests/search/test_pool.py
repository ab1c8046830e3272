"""The pool: threads with fake browsers, then the whole of it with a real Chromium."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from collector.browser.options import needs_no_sandbox
from collector.errors import BrowserError, SourceError, UsageError
from collector.model import Found, Hit, Noticed, Search, SearchEnded, SearchStarted, SearchState, WorkerError
from collector.search.pool import SearchPool
from collector.settings import SearchSettings
from collector.sources.contract import SearchFunction, Source, Web
from tests.support.browser_fakes import FakeBrowser, no_visit, pages
from tests.support.site import Site
from tests.support.values import hit, query


class Bench:
    """A pool and its inbox; the source of every search is `source`."""

    def __init__(
        self, folder: Path, source: SearchFunction, start: Callable[[], FakeBrowser] | None, **settings: Any
    ) -> None:
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.source = source
        self.pool = SearchPool(
            SearchSettings(**settings),
            self.inbox.put,
            self._load,
            folder,
            no_visit,
            start,
            allow_private=True,
        )
        self.events: list[Any] = []

    def _load(self, name: str) -> tuple[Source, Mapping[str, Any]]:
        return Source(search=self.source, settings={}, needs_browser=name != "imgur"), {"home": "x"}

    def submit(self, *keywords: str, wanted: int = 10) -> None:
        for number, keyword in enumerate(keywords):
            self.pool.submit(Search(number, query(keyword), "google", wanted))

    def until_ended(self, count: int, seconds: float = 30) -> list[SearchEnded]:
        end = time.monotonic() + seconds
        while len(self.of(SearchEnded)) < count:
            self.events.append(self.inbox.get(timeout=max(0.0, end - time.monotonic())))
            if isinstance(self.events[-1], WorkerError):
                raise self.events[-1].error
        return self.of(SearchEnded)

    def drain(self) -> list[Any]:
        while not self.inbox.empty():
            self.events.append(self.inbox.get())
        return self.events

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def close_in(bench: Bench, seconds: float, now: bool = False) -> None:
    before = time.monotonic()
    bench.pool.close(now)
    assert time.monotonic() - before < seconds
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("search ") and not thread.daemon]


def test_searches_in_parallel_and_reuses_browsers(tmp_path: Path) -> None:
    browsers: list[FakeBrowser] = []
    together = threading.Barrier(2, timeout=10)

    def start() -> FakeBrowser:
        browsers.append(FakeBrowser())
        return browsers[-1]

    def source(search: Search, web: Web) -> Iterator[Hit]:
        web.browser.open("http://site.test/")
        together.wait()
        yield hit(1, search.query.keyword)

    bench = Bench(tmp_path, source, start, browsers=2)
    assert bench.pool.room("google")
    bench.submit("a", "b", "c", "d")
    assert bench.pool.busy > 0
    ended = bench.until_ended(4)
    assert {event.search.query.keyword for event in ended} == {"a", "b", "c", "d"}
    assert (len(bench.of(SearchStarted)), len(bench.of(Found)), len(browsers)) == (4, 4, 2)
    assert bench.pool.busy == 0
    close_in(bench, 8)
    assert all(browser.closed for browser in browsers)


def test_sources_without_a_browser_have_workers_of_their_own(tmp_path: Path) -> None:
    gate = threading.Barrier(4, timeout=10)

    def source(search: Search, web: Web) -> Iterator[Hit]:
        gate.wait()
        yield hit(1, search.query.keyword)

    bench = Bench(tmp_path, source, no_browser, browsers=1, workers=3)
    assert bench.pool.room("imgur") and bench.pool.room("google")
    for number, name in enumerate(("imgur", "google", "imgur", "imgur")):
        bench.pool.submit(Search(number, query(f"k{number}"), name, 10))
    assert bench.until_ended(4) and bench.of(Found), "all four at once"
    close_in(bench, 8)


def test_a_worker_of_browsers_that_is_busy_leaves_room_for_the_others(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def source(search: Search, web: Web) -> Iterator[Hit]:
        begun.set()
        assert go.wait(10)
        yield hit(1)

    bench = Bench(tmp_path, source, no_browser, browsers=1, workers=1)
    bench.submit("a")
    assert begun.wait(10)
    assert (bench.pool.room("google"), bench.pool.room("imgur")) == (False, True)
    go.set()
    bench.until_ended(1)
    close_in(bench, 8)


def test_a_source_that_said_it_needs_no_browser_gets_none(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pages(hit(1)), FakeBrowser)
    bench.pool.submit(Search(1, query("a"), "imgur", 10))
    ended = bench.until_ended(1)[0]
    assert (ended.state, ended.reason) == (SearchState.FAILED, "internal.error")
    assert "needs_browser=False" in ended.detail
    close_in(bench, 8)


def no_browser() -> FakeBrowser:
    raise AssertionError("a browser was started")


def test_starts_no_more_workers_than_searches(tmp_path: Path) -> None:
    started: list[int] = []

    def start() -> FakeBrowser:
        started.append(1)
        return FakeBrowser()

    bench = Bench(tmp_path, pages(hit(1)), start, browsers=8)
    for number in range(5):
        bench.submit(f"k{number}")
        bench.until_ended(number + 1)
    close_in(bench, 8)
    assert len(started) == 1


def test_a_bug_ends_its_search_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pages(ZeroDivisionError("a bug")), FakeBrowser)
    bench.submit("a")
    ended = bench.until_ended(1)[0]
    assert (ended.state, ended.reason) == (SearchState.FAILED, "internal.error")
    assert ended.detail == "ZeroDivisionError: a bug"
    assert bench.pool.busy == 0
    close_in(bench, 8)


def test_usage_errors_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path, pages(hit(1)), None, browser_binary="/nowhere/chrome")
    bench.submit("a")
    with pytest.raises(UsageError, match="/nowhere/chrome: no such file"):
        bench.until_ended(1)
    close_in(bench, 8)


def test_what_cannot_start_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def nothing(browser: str, driver: str) -> None:
        looked.append(1)
        raise BrowserError("browser.start", "no Chrome or Chromium found")

    monkeypatch.setattr("collector.browser.driver.locate", nothing)
    bench = Bench(tmp_path, pages(hit(1)), None, browsers=1)
    bench.submit("a", "b")
    for event in bench.until_ended(2):
        assert (event.state, event.reason) == (SearchState.FAILED, "browser.start")
        assert event.detail == "no Chrome or Chromium found"
    assert len(looked) == 1
    close_in(bench, 8)


@pytest.mark.parametrize(("now", "seconds"), [(False, 6), (True, 4.5)])
def test_close_ends_searches_between_two_commands(tmp_path: Path, now: bool, seconds: float) -> None:
    def endless(search: Search, web: Web) -> Iterator[Hit]:
        number = 0
        while True:
            number += 1
            web.browser.run("look")
            time.sleep(0.01)
            yield hit(number)

    bench = Bench(tmp_path, endless, FakeBrowser, browsers=2)
    bench.submit("a", "b", "waiting", wanted=10**9)
    while len(bench.of(SearchStarted)) < 2 or not bench.of(Found):
        bench.events.append(bench.inbox.get(timeout=20))
    close_in(bench, seconds, now)
    bench.drain()
    assert bench.of(Found) and not bench.of(SearchEnded), "they stay pending"
    assert {event.search.query.keyword for event in bench.of(SearchStarted)} == {"a", "b"}
    close_in(bench, 1)


def test_close_returns_although_a_browser_and_the_inbox_hang(tmp_path: Path) -> None:
    hangs, fills, release = threading.Event(), threading.Event(), threading.Event()

    class Hung(FakeBrowser):
        def run(self, script: str, *arguments: Any) -> Any:
            hangs.set()
            while not self.closed and not release.wait(0.01):
                pass
            raise BrowserError("browser.crash", "killed")

    def source(search: Search, web: Web) -> Iterator[Hit]:
        yield web.browser.run("hang")

    bench = Bench(tmp_path, source, Hung)
    bench.submit("a")
    assert hangs.wait(20)
    close_in(bench, 4.5, now=True)
    assert not bench.of(SearchEnded)
    stuck = Bench(tmp_path, pages(hit(1)), FakeBrowser)

    def full(event: Any) -> None:
        fills.set()
        release.wait(20)

    stuck.pool = SearchPool(SearchSettings(), full, stuck._load, tmp_path, no_visit, FakeBrowser)
    stuck.submit("a")
    assert fills.wait(20)
    close_in(stuck, 4.5, now=True)
    release.set()


# ---------------------------------------------------------------------- with a real Chromium


def living() -> list[psutil.Process]:
    """Browsers and drivers below this process."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE and "chrom" in process.name()
    ]


@pytest.fixture
def temp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="c", dir="/tmp") as made:
        monkeypatch.setattr("tempfile.tempdir", made)
        yield Path(made)


@pytest.mark.browser
def test_a_hostile_keyword_costs_at_most_its_own_try(tmp_path: Path, temp: Path, site: Site) -> None:
    """Good, hung, crashing, blocked, unreachable and empty keywords side by side: each gets its own end."""

    def source(search: Search, web: Web) -> Iterator[Hit]:
        keyword = search.query.keyword
        if keyword == "away":
            web.browser.open("http://nobody.invalid/")
        if keyword == "hung":
            web.browser.open(site.home + "/stuck")
            time.sleep(0.2)
            web.browser.run("return 1")
        if keyword == "crashing":
            web.browser.kill()  # type: ignore[attr-defined]
        web.browser.open(site.home + "/plain")
        if keyword == "blocked":
            raise SourceError(SearchState.BLOCKED, "page.captcha", "asks for a captcha")
        if not keyword.startswith("good"):
            return
        for number in range(3):
            title = web.browser.run("return document.title")
            yield hit(number, keyword + title)

    before = len(living())
    limits = {"page_load_timeout": 3, "script_timeout": 2, "command_timeout": 5, "restarts": 0}
    bench = Bench(tmp_path, source, None, browsers=2, **limits)
    keywords = ["good1", "hung", "good2", "crashing", "blocked", "good3", "away", "empty"]
    bench.submit(*keywords)
    ended = {event.search.query.keyword: event for event in bench.until_ended(len(keywords), 100)}
    assert {keyword: (event.state.value, event.reason) for keyword, event in ended.items()} == {
        "good1": ("exhausted", ""),
        "good2": ("exhausted", ""),
        "good3": ("exhausted", ""),
        "hung": ("failed", "browser.hung"),
        "crashing": ("failed", "browser.crash"),
        "blocked": ("blocked", "page.captcha"),
        "away": ("unreachable", "page.unreachable"),
        "empty": ("empty", ""),
    }
    assert {event.hit.url.split("/")[3] for event in bench.of(Found)} == {"good1plain", "good2plain", "good3plain"}
    kept = ended["blocked"].diagnosis
    assert kept is not None and "Plain" in (kept / "page.html").read_text()
    assert (kept / "page.png").read_bytes().startswith(b"\x89PNG")
    told = [event.text for event in bench.of(Noticed)]
    assert told == (["running as root: Chromium's sandbox is off (--no-sandbox)"] if needs_no_sandbox() else [])
    close_in(bench, 10)
    assert len(living()) == before
    assert list(temp.iterdir()) == []


@pytest.mark.browser
def test_a_browser_that_has_grown_is_replaced_between_keywords(tmp_path: Path, temp: Path, site: Site) -> None:
    drivers: list[int] = []

    def source(search: Search, web: Web) -> Iterator[Hit]:
        web.browser.open(site.home + "/plain")
        drivers.append(web.browser._session.pid)  # type: ignore[attr-defined]
        for number in range(3):
            assert web.browser.run("return document.title") == "plain"
            yield hit(number, search.query.keyword)

    bench = Bench(tmp_path, source, None, browsers=1, recycle_memory=10_000_000)
    bench.submit("a", "b")
    assert {event.state for event in bench.until_ended(2, 60)} == {SearchState.EXHAUSTED}
    assert (len(drivers), len(set(drivers))) == (2, 2)
    bench.pool.close()
    assert not any(psutil.pid_exists(pid) for pid in drivers)
    assert list(temp.iterdir()) == []


@pytest.mark.browser
@pytest.mark.parametrize(("now", "seconds", "browsers"), [(False, 10, 2), (True, 4.5, 1)])
def test_close_leaves_nothing_even_in_the_middle_of_a_hung_page(
    tmp_path: Path, temp: Path, site: Site, now: bool, seconds: float, browsers: int
) -> None:
    begun = threading.Event()

    def source(search: Search, web: Web) -> Iterator[Hit]:
        browser = web.browser
        begun.set()
        browser.open(site.home + "/never")
        yield hit(1)

    before = len(living())
    bench = Bench(tmp_path, source, None, browsers=browsers)
    bench.submit("a", "b")
    assert begun.wait(30)
    time.sleep(0.3)
    close_in(bench, seconds, now)
    assert len(living()) == before
    assert list(temp.iterdir()) == []
    assert not [event for event in bench.drain() if isinstance(event, (SearchEnded, WorkerError))]
