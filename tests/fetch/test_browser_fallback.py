"""The last rung: which pictures go to a browser, within which bounds, and what becomes of what it brings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from collector.errors import BrowserError
from collector.fetch.browser_fallback import GIVE_UP, RescuePool
from collector.fetch.pool import ProcessPool
from collector.model import Downloaded, DownloadFailed, Media, Task
from collector.settings import FetchSettings, SearchSettings, diagnosis
from tests.support.fetching import QUICK
from tests.support.misbehaving import Request, Server, Writer, ok, parts, picture, redirect

JPEG = picture(size=(90, 60))
REFUSED = ok(b"", "403 Forbidden")


class Showing:
    """A viewer that shows what it was told to."""

    def __init__(self) -> None:
        self.shows: dict[str, bytes | Exception] = {}
        self.asked: list[tuple[str, str]] = []
        self.ended = threading.Event()
        self.closed = 0
        self.stuck = False

    def picture(self, page: str, url: str, seconds: float) -> bytes:
        self.asked.append((page, url))
        if self.stuck:
            self.ended.wait(20)
            raise BrowserError("browser.crash", "killed")
        shown = self.shows.get(url, b"")
        if isinstance(shown, Exception):
            raise shown
        return shown

    def kill(self) -> None:
        self.ended.set()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def showing() -> Showing:
    return Showing()


Pair = tuple[RescuePool, "SimpleQueue[Any]"]


@pytest.fixture
def rescue(tmp_path: Path, showing: Showing) -> Iterator[Callable[..., Pair]]:
    made: list[RescuePool] = []

    def make(**changed: Any) -> Pair:
        settings = FetchSettings(**{**QUICK, "browser": True, **changed})
        inbox: SimpleQueue[Any] = SimpleQueue()
        pool = RescuePool(
            settings, tmp_path, inbox.put, lambda post: ProcessPool(settings, tmp_path, post), lambda: showing
        )
        made.append(pool)
        return pool, inbox

    yield make
    for pool in made:
        pool.close(now=True)


def page_of(server: Server) -> str:
    return server.base + "/page.html"


def test_a_refused_picture_comes_by_the_browser(server: Server, rescue, showing: Showing, tmp_path: Path) -> None:
    url = server.put("/x.jpg", REFUSED)
    showing.shows[url] = JPEG
    pool, inbox = rescue()
    pool.submit(Task(1, 1, url, page=page_of(server)))
    value = inbox.get(timeout=10)
    assert isinstance(value, Downloaded), value
    assert (value.attempt.via, value.attempt.final_url, value.picture.width) == ("browser", url, 90)
    assert value.part.read_bytes() == JPEG
    assert showing.asked == [(page_of(server), url)]
    pool.close()
    assert (pool.in_flight, showing.closed) == (0, 1)
    assert parts(tmp_path) == [value.part.name]


@pytest.mark.parametrize("body", [b"", b"<html>no", JPEG[:500], BrowserError("browser.crash", "gone")])
def test_what_the_browser_brings_is_judged_and_the_refusal_stays(body: Any, server: Server, rescue, showing: Showing,
                                                                 tmp_path: Path) -> None:  # fmt: skip
    url = server.put("/x.jpg", REFUSED)
    showing.shows[url] = body
    pool, inbox = rescue()
    pool.submit(Task(1, 1, url, page=page_of(server)))
    value = inbox.get(timeout=10)
    assert isinstance(value, DownloadFailed)
    assert (value.reason, value.attempt.status) == ("http.403", 403)
    assert "browser" in value.detail
    assert parts(tmp_path) == []


def test_an_error_nobody_foresaw_ends_the_picture(server: Server, rescue, showing: Showing, tmp_path: Path) -> None:
    urls = [server.put(f"/{n}.jpg", REFUSED) for n in range(2)]
    showing.shows = {urls[0]: TypeError("a surprise"), urls[1]: JPEG}
    pool, inbox = rescue()
    pool.submit(*(Task(n, 1, url, page=page_of(server)) for n, url in enumerate(urls)))
    first, second = sorted((inbox.get(timeout=10) for _ in urls), key=lambda value: int(value.task.id))
    assert (first.reason, first.detail) == ("internal.error", "TypeError: a surprise")
    assert isinstance(second, Downloaded)
    assert "a surprise" in (diagnosis(tmp_path) / "picture-0.txt").read_text()


def test_only_refusals_of_pictures_with_a_page(server: Server, rescue, showing: Showing) -> None:
    refused, page = server.put("/x.jpg", REFUSED), page_of(server)
    server.put("/robots.txt", ok(b"User-agent: *\nDisallow: /kept"))
    pool, inbox = rescue()
    pool.submit(
        Task(1, 1, refused),
        Task(2, 1, refused, page=page, media=Media.FILE),
        Task(3, 1, server.base + "/none.jpg", page=page),
        Task(4, 1, server.put("/y.jpg", ok(JPEG)), page=page),
        Task(5, 1, server.put("/z.jpg", ok(b"", "503 Busy")), page=page),
        Task(6, 1, server.base + "/kept.jpg", page=page),
        Task(7, 1, server.put("/w.jpg", redirect("file:///x")), page=page),
    )
    values = [inbox.get(timeout=10) for _ in range(7)]
    assert sorted(value.task.id for value in values) == [1, 2, 3, 4, 5, 6, 7]
    assert showing.asked == []


def test_bounds_per_host_and_run(server: Server, second: Server, rescue, showing: Showing) -> None:
    urls = [one.put(f"/{n}.jpg", REFUSED) for one in (server, second) for n in range(6)]
    showing.shows = {url: picture(seed=n) for n, url in enumerate(urls)}
    pool, inbox = rescue(browser_per_host=4, browser_most=6)
    pool.submit(*(Task(n, 1, url, page=page_of(server)) for n, url in enumerate(urls)))
    values = [inbox.get(timeout=20) for _ in urls]
    assert sum(isinstance(value, Downloaded) for value in values) == 6
    of = [url.startswith(server.base) for _, url in showing.asked]
    assert max(of.count(True), of.count(False)) <= 4


def test_a_host_that_refuses_browsers_too_is_left_alone(server: Server, rescue, showing: Showing) -> None:
    urls = [server.put(f"/{n}.jpg", REFUSED) for n in range(8)]
    pool, inbox = rescue()
    pool.submit(*(Task(n, 1, url, page=page_of(server)) for n, url in enumerate(urls)))
    values = [inbox.get(timeout=20) for _ in urls]
    assert {value.reason for value in values} == {"http.403"}
    assert len(showing.asked) == GIVE_UP


def test_private_pages_are_not_opened(server: Server, rescue, showing: Showing) -> None:
    url = server.put("/x.jpg", REFUSED)
    pool, inbox = rescue()
    for page in ("http://169.254.169.254/latest", "http://metadata.google.internal/", "http://127.0.0.1:22/"):
        pool.submit(Task(1, 1, url, page=page))
        assert inbox.get(timeout=10).reason == "http.403"
    assert showing.asked == []


@pytest.mark.parametrize("now", [True, False])
def test_a_stop_ends_the_browser_and_leaves_its_pictures_to_do(
    now: bool, server: Server, rescue, showing: Showing
) -> None:
    showing.stuck = True
    urls = [server.put(f"/{n}.jpg", REFUSED) for n in range(3)]
    pool, inbox = rescue()
    pool.submit(*(Task(n, 1, url, page=page_of(server)) for n, url in enumerate(urls)))
    while not showing.asked:
        time.sleep(0.01)
    assert pool.in_flight >= 1
    started = time.monotonic()
    pool.close(now)
    assert time.monotonic() - started < 15, "it does not wait for the browser, which takes 20"
    assert showing.closed == 1
    told = [inbox.get() for _ in range(inbox.qsize())]  # One whose host refused it while the pool was closing.
    assert {value.reason for value in told} <= {"http.403"}
    assert len(told) < len(urls)


def test_a_browser_comes_before_the_thumbnail(server: Server, rescue, showing: Showing) -> None:
    url, small = server.put("/x.jpg", REFUSED), server.put("/small.jpg", ok(picture(size=(9, 9))))
    showing.shows[url] = JPEG
    pool, inbox = rescue(thumbnails="fallback")
    pool.submit(Task(1, 1, url, page=page_of(server), thumbnail_url=small))
    assert inbox.get(timeout=10).attempt.via == "browser"
    pool.submit(Task(2, 1, server.base + "/gone.jpg", page=page_of(server), thumbnail_url=small))
    assert inbox.get(timeout=10).attempt.via == "thumbnail"


@pytest.mark.browser
def test_with_a_real_browser(server: Server, second: Server, tmp_path: Path) -> None:
    from collector.search.image_viewer import PageViewer

    async def guarded(request: Request, writer: Writer) -> None:
        shown = request.headers.get("sec-fetch-dest") == "image" and "seen=1" in request.headers.get("cookie", "")
        writer.write(ok(JPEG) if shown else REFUSED)
        await writer.drain()

    page = server.put("/page.html", ok(b"<!doctype html><h1>Pictures", type="text/html", Set_Cookie="seen=1"))
    urls = [server.put("/own.jpg", guarded), second.put("/foreign.jpg", guarded), server.put("/never.jpg", REFUSED)]
    settings = FetchSettings(**{**QUICK, "browser": True, "deadline": 30.0})
    search = SearchSettings(headed="no", page_load_timeout=20)
    inbox: SimpleQueue[Any] = SimpleQueue()
    pool = RescuePool(
        settings, tmp_path, inbox.put, lambda post: ProcessPool(settings, tmp_path, post),
        lambda: PageViewer(search, lambda _: None, allow_private=True),
    )  # fmt: skip
    pool.submit(*(Task(n, 1, url, page=page) for n, url in enumerate(urls)))
    values = sorted((inbox.get(timeout=60) for _ in urls), key=lambda value: value.task.id)
    pool.close()
    assert [type(value) for value in values] == [Downloaded, Downloaded, DownloadFailed], values
    assert values[0].part.read_bytes() == values[1].part.read_bytes() == JPEG
    assert values[0].attempt.via == "browser"
