"""robots.txt: obeyed by pictures, asked for once, remembered for a while; trouble passes."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from collector.fetch.pool import ProcessPool
from collector.http.robots import FIRST_TROUBLE, KEEP, LONGEST_TROUBLE, SLOW_TROUBLE, TEXT, Robots, Rules
from collector.http.transport import FetchError, Reply
from collector.model import Downloaded, DownloadFailed, Task
from collector.settings import FetchSettings
from tests.support.fetching import QUICK
from tests.support.misbehaving import Request, Server, Writer, bare, drip, ok, picture, redirect

JPEG = picture(size=(100, 80))


def test_robots_is_obeyed_with_its_line(server: Server, fetch) -> None:
    server.put(
        "/robots.txt",
        ok(b"User-agent: *\nDisallow: /\n\nUser-agent: Collector\nDisallow: /kept/ # ours\nAllow: /kept/x"),
    )
    value = fetch(server.put("/kept/1.jpg", ok(JPEG)))
    assert isinstance(value, DownloadFailed)
    assert value.reason == "policy.robots"
    assert "Disallow: /kept/" in value.detail
    assert isinstance(fetch(server.put("/kept/x.jpg", ok(JPEG))), Downloaded)
    assert isinstance(fetch(server.put("/free.jpg", ok(JPEG))), Downloaded)
    assert server.paths() == ["/robots.txt", "/kept/x.jpg", "/free.jpg"]


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"", "404 Not Found"),
        ok(b"", "401 No"),
        ok(b"", "403 No"),
        redirect("/robots.txt"),
        redirect("ftp://x.example/robots.txt"),
        ok(b"<html>Welcome"),
        ok(b""),
        ok(b"\x00\xff" * 500),
    ],
)
def test_no_rules_forbid_nothing(answer: bytes, server: Server, slug) -> None:
    server.put("/robots.txt", answer)
    assert slug(server.put("/x.jpg", ok(JPEG))) == "arrived"


def test_redirects_are_followed(server: Server, second: Server, slug) -> None:
    server.put("/robots.txt", redirect("/moved"))
    server.put("/moved", redirect(second.put("/rules", ok(b"User-agent: *\nDisallow: /x"))))
    assert slug(server.put("/x.jpg", ok(JPEG))) == "policy.robots"


@pytest.mark.parametrize(("status", "expected"), [("503 Busy", "http.503"), ("500 Oh", "http.500"),
                                                  ("429 Slow", "http.429"), ("501 No", "policy.robots")])  # fmt: skip
def test_a_server_in_trouble_forbids_for_now(status: str, expected: str, server: Server, fetch) -> None:
    server.put("/robots.txt", ok(b"", status, Retry_After="5"))
    value = fetch(server.put("/x.jpg", ok(JPEG)))
    assert isinstance(value, DownloadFailed)
    assert value.reason == expected
    assert "robots.txt" in value.detail
    assert value.retry_after == (None if expected == "policy.robots" else 5.0)
    assert server.pictures == []
    assert isinstance(fetch(server.base + "/x.jpg", {"robots": False}), Downloaded)


@pytest.mark.parametrize("cut", [False, True])
def test_rules_beyond_500_kib_are_not_read(cut: bool, server: Server, slug) -> None:
    comment = b"# " + b"x" * 98 + b"\n"
    first, last = (b"/x", b"/y") if cut else (b"/y", b"/x")
    rules = b"User-agent: *\nDisallow: " + first + b"\n" + comment * 9000 + b"Disallow: " + last
    server.put("/robots.txt", ok(rules))
    assert slug(server.put("/x.jpg", ok(JPEG)), {"max_bytes": 600_000}) == ("policy.robots" if cut else "arrived")


def test_rules_that_came_packed_are_read_to_500_kib(server: Server, slug) -> None:
    text = b"User-agent: *\nDisallow: /x\n" + b"# more\n" * 200_000
    server.put("/robots.txt", ok(gzip.compress(text), Content_Encoding="gzip"))
    assert slug(server.put("/x.jpg", ok(JPEG))) == "policy.robots"
    assert slug(server.put("/y.jpg", ok(JPEG))) == "arrived"


@pytest.mark.parametrize("way", ["/free/../x", "/free/%2E%2e/x", "/./x", "/.%2e/x"])
def test_no_way_round_leads_past_a_rule(server: Server, slug, way: str) -> None:
    server.put("/robots.txt", ok(b"User-agent: *\nDisallow: /x"))
    server.put("/x/a.jpg", ok(JPEG))
    assert slug(f"{server.base}{way}/a.jpg") == "policy.robots"
    assert server.picture_paths() == []


def test_where_a_redirect_leads_is_looked_at_too(server: Server, second: Server, slug, tmp_path: Path) -> None:
    second.put("/robots.txt", ok(b"User-agent: *\nDisallow: /kept"))
    url = server.put("/x.jpg", redirect(second.put("/kept.jpg", ok(JPEG))))
    assert slug(url) == "policy.robots"
    free = server.put("/y.jpg", redirect(second.put("/free.jpg", ok(JPEG))))
    assert slug(free) == "arrived"


def test_data_urls_ask_nobody(server: Server, slug) -> None:
    assert slug("data:image/png;base64,AAAA") == "image.unidentified"
    assert server.log == []


@pytest.mark.parametrize("slow", [False, True])
def test_asked_for_once_by_all_that_wait(slow: bool, server: Server, tmp_path: Path) -> None:
    async def rules(request: Request, writer: Writer) -> None:
        await asyncio.sleep(0.3 if slow else 0)
        writer.write(ok(b"User-agent: *\nDisallow: /kept", Connection="close"))
        await writer.drain()

    server.put("/robots.txt", rules)
    inbox: SimpleQueue[Any] = SimpleQueue()
    pool = ProcessPool(FetchSettings(**{**QUICK, "threads": 16}), tmp_path, inbox.put)
    urls = [server.put(f"/{'kept' if n % 3 == 0 else 'free'}{n}.jpg", ok(JPEG)) for n in range(40)]
    pool.submit(*(Task(n, 1, url) for n, url in enumerate(urls)))
    values = [inbox.get(timeout=20) for _ in urls]
    pool.close()
    assert {value.task.id % 3 == 0 for value in values if isinstance(value, DownloadFailed)} == {True}
    assert sum(isinstance(value, Downloaded) for value in values) == 26
    assert server.paths().count("/robots.txt") == 1
    assert not [path for path in server.paths() if path.startswith("/kept")]


def test_those_who_wait_share_the_trouble(server: Server, tmp_path: Path) -> None:
    async def busy(request: Request, writer: Writer) -> None:
        await asyncio.sleep(0.3)
        writer.write(ok(b"", "503 Busy", Connection="close"))
        await writer.drain()

    server.put("/robots.txt", busy)
    inbox: SimpleQueue[Any] = SimpleQueue()
    pool = ProcessPool(FetchSettings(**{**QUICK, "threads": 8}), tmp_path, inbox.put)
    pool.submit(*(Task(n, 1, f"{server.base}/{n}.jpg") for n in range(8)))
    values = [inbox.get(timeout=20) for _ in range(8)]
    pool.close()
    assert {value.reason for value in values} == {"http.503"}
    assert server.paths() == ["/robots.txt"]


Clocked = tuple[Robots, Callable[[float], None]]


@pytest.fixture
def clocked() -> Clocked:
    """A memory, and what moves its clock."""
    now = [0.0]

    def move(seconds: float) -> None:
        now[0] += seconds

    return Robots(lambda: now[0]), move


def rules(body: bytes) -> Reply:
    return Reply(200, "http://a.example/robots.txt", body=body)


def test_memory_of_rules_and_of_trouble(clocked: Clocked) -> None:
    robots, move = clocked
    assert robots.known("http://a.example") is None
    robots.learn("http://a.example", rules(b"User-agent: *\nDisallow: /x"))
    robots.learn("http://b.example", FetchError("net.connect", "refused"))
    known = robots.known("http://a.example")
    assert isinstance(known, Rules)
    assert known.forbids("http://a.example/x.jpg") == "a.example robots.txt: Disallow: /x"
    assert known.forbids("http://a.example/y.jpg") == ""
    assert isinstance(robots.known("http://b.example"), FetchError)
    move(KEEP - 0.1)
    assert isinstance(robots.known("http://a.example"), Rules)
    move(0.1)
    assert robots.known("http://a.example") is None


def test_trouble_is_asked_about_after_twice_the_time_again_and_again(clocked: Clocked) -> None:
    robots, move = clocked
    origin, waits = "http://b.example", [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 600.0, 600.0]
    assert (waits[0], waits[-1]) == (FIRST_TROUBLE, LONGEST_TROUBLE)
    for wait in waits:
        robots.learn(origin, FetchError("net.connect", "refused"))
        move(wait - 0.5)
        assert isinstance(robots.known(origin), FetchError)
        move(0.5)
        assert robots.known(origin) is None
    robots.learn(origin, rules(b""))
    move(KEEP)
    robots.learn(origin, Reply(503, origin, {"retry-after": "7"}))
    trouble = robots.known(origin)
    assert isinstance(trouble, FetchError)
    assert (trouble.reason, trouble.retry_after, trouble.detail) == ("http.503", 7.0, "robots.txt: HTTP 503")
    move(FIRST_TROUBLE)
    assert robots.known(origin) is None


def test_memory_is_bounded(clocked: Clocked) -> None:
    robots, _ = clocked
    big = b"User-agent: *\nDisallow: /x\n" + b"#" * 400_000
    for n in range(20):
        robots.learn(f"http://{n}.example", rules(big))
    kept = [n for n in range(20) if robots.known(f"http://{n}.example") is not None]
    assert 19 in kept
    assert len(kept) * len(big) <= TEXT


def test_rules_that_forbid_nothing_weigh_nothing(clocked: Clocked) -> None:
    robots, _ = clocked
    robots.learn("http://a.example", rules(b"User-agent: *\nDisallow:\nSitemap: /map.xml\n" + b"#" * 1000))
    known = robots.known("http://a.example")
    assert isinstance(known, Rules)
    assert known.text == ""


@pytest.mark.parametrize("url", ["http://a.example/\ud800", "http://a.example/x?y=%zz", "http://a.example"])
def test_odd_urls_do_not_break_it(url: str) -> None:
    known = Rules("a.example", "User-agent: *\nDisallow: /kept")
    assert known.forbids(url) == ""


def test_a_delay_is_kept_and_bounded(clocked: Clocked) -> None:
    robots, _ = clocked
    for seconds, delay in (("3", 3.0), ("86400", 10.0)):
        known = robots.learn("http://a.example", rules(b"User-agent: *\nCrawl-delay: " + seconds.encode()))
        assert isinstance(known, Rules)
        assert (known.delay, known.forbids("http://a.example/x")) == (delay, "")


def test_many_rules_are_read_once_and_cost_little(clocked: Clocked) -> None:
    robots, _ = clocked
    lines = [f"Disallow: /*{n}*x*y{n}*.html$" for n in range(990)]
    known = robots.learn("http://a.example", rules("\n".join(["User-agent: *", *lines]).encode()))
    assert isinstance(known, Rules)
    assert known.forbids("http://a.example/5xxy5q.html") == "a.example robots.txt: Disallow: /*5*x*y5*.html$"
    began = time.process_time()
    for n in range(100):
        assert known.forbids(f"http://a.example/{n}.jpg") == ""
        assert known.forbids(f"http://a.example/{n}xy{n}.html").endswith(f"Disallow: /*{n}*x*y{n}*.html$")
    assert time.process_time() - began < 1.0, "five milliseconds each; it was more than a second"


def test_the_line_told_is_one_for_us() -> None:
    text = "User-agent: other\nDisallow: /a/b/c\n\nUser-agent: collector\nDisallow: /a\nDisallow: /*.gif$\nAllow: /a/ok"
    known = Rules("a.example", text)
    told = {path: known.forbids(f"http://a.example{path}") for path in ("/a/b/c", "/x.gif", "/x.gif?1", "/a/ok")}
    assert told == {
        "/a/b/c": "a.example robots.txt: Disallow: /a",
        "/x.gif": "a.example robots.txt: Disallow: /*.gif$",
        "/x.gif?1": "",
        "/a/ok": "",
    }


def test_a_file_that_does_not_come_in_time_is_not_waited_for_again_at_once(clocked: Clocked) -> None:
    robots, move = clocked
    robots.learn("http://a.example", FetchError("net.deadline", "10 s"))
    move(SLOW_TROUBLE - 0.5)
    assert isinstance(robots.known("http://a.example"), FetchError)
    move(0.5)
    assert robots.known("http://a.example") is None


def test_one_that_drips_holds_its_pictures_up_once(server: Server, second: Server, slug) -> None:
    server.put("/robots.txt", drip(bare("HTTP/1.1 200 OK", b"User-agent: *\n"), every=0.02))
    settings = {"deadline": 0.7, "processes": 1}
    began = time.monotonic()
    reasons = [slug(server.put(f"/{n}.jpg", ok(JPEG)), settings) for n in range(5)]
    assert time.monotonic() - began < 4
    assert set(reasons) == {"net.deadline"}
    assert server.picture_paths() == []
    assert slug(second.put("/x.jpg", ok(JPEG)), settings) == "arrived"


@pytest.mark.parametrize("file", [b"\xef\xbb\xbfUser-agent: *\nDisallow: /a", b"User-agent: *\rDisallow: /a\r"])
def test_neither_a_byte_order_mark_nor_the_ends_of_lines_hide_a_rule(clocked: Clocked, file: bytes) -> None:
    robots, _ = clocked
    known = robots.learn("http://a.example", rules(file))
    assert isinstance(known, Rules)
    assert known.forbids("http://a.example/a") == "a.example robots.txt: Disallow: /a"
