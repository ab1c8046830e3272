"""Pages over plain HTTP, from loopback servers that do what sites do: caps, cookies, pauses, robots.txt."""

from __future__ import annotations

import asyncio
import gzip
import random
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from collector.errors import SourceError
from collector.http import page_client
from collector.http.contract import Answer, Request
from collector.http.decoding import text_of
from collector.http.page_client import PageClient, PageVisit
from collector.http.page_session import COOKIES, MOST_BYTES
from collector.model import SearchState
from collector.settings import FetchSettings
from tests.support.misbehaving import Answer as Given
from tests.support.misbehaving import Request as Asked
from tests.support.misbehaving import Server, Writer, endless, ok, redirect, reset, serving, silence


class Clock:
    """Time that passes only in sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds <= page_client.STEP
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


Client = Callable[..., PageClient]


@pytest.fixture
def client(clock: Clock) -> Client:
    def make(notice: Callable[[str], None] = lambda _: None, **settings: Any) -> PageClient:
        chosen = FetchSettings(**{"allow_private": True, "read_timeout": 2.0, **settings})
        return PageClient(chosen, notice, clock=clock, sleep=clock.sleep, chance=random.Random(1))

    return make


@pytest.fixture
def visit(client: Client) -> Iterator[PageVisit]:
    opened = client().visit(lambda: 1000.0)
    yield opened
    opened.close()


def in_turn(*answers: bytes) -> Given:
    """One answer after the other, the last one for ever."""
    left = list(answers)

    async def answer(_request: Asked, writer: Writer) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()

    return answer


def html(body: bytes = b"<p>hello", **more: str) -> bytes:
    return ok(body, type="text/html; charset=utf-8", **more)


def refused(visit: PageVisit, url: str, **how: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        visit.get(Request(url, **how))
    return caught.value


# --------------------------------------------------------------------------- one page


def test_what_is_sent(visit: PageVisit, server: Server) -> None:
    url = server.put("/a", html())
    got = visit.get(Request(url + "?x=1", params={"q": "black cat", "n": 2}, headers={"accept-language": "de"}))
    assert (got.status, got.text, got.url) == (200, "<p>hello", url + "?x=1&q=black+cat&n=2")
    asked = server.log[0]
    assert asked.path == "/a?x=1&q=black+cat&n=2"
    assert asked.headers["user-agent"].startswith("Mozilla/5.0 (compatible; collector/")
    assert asked.headers["accept-language"] == "de"
    assert asked.headers["accept-encoding"] == "gzip, deflate"
    visit.get(Request(url, headers={"User-Agent": "a name of its own"}))
    assert server.log[1].headers["user-agent"] == "a name of its own"


@pytest.mark.parametrize("key", ["canary\nX-More: 1", "canary…"])
def test_a_key_that_no_header_may_carry_is_told_without_it(visit: PageVisit, server: Server, key: str) -> None:
    error = refused(visit, server.put("/a", html()), headers={"X-Key": key})
    assert (error.state, error.reason) == (SearchState.FAILED, "page.denied")
    assert "X-Key" in str(error) and "canary" not in str(error) and server.log == []


def test_an_address_that_is_none_is_told_with_parameters_too(visit: PageVisit) -> None:
    error = refused(visit, "http://[/search", params={"q": "cat"})
    assert (error.state, error.reason) == (SearchState.FAILED, "url.malformed")


def test_a_form_is_posted(visit: PageVisit, server: Server) -> None:
    visit.get(Request(server.put("/form", html()), form={"text": "ä b", "n": "1"}))
    asked = server.log[0]
    assert (asked.method, asked.body) == ("POST", b"text=%C3%A4+b&n=1")
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def test_environment_is_not_looked_at(
    visit: PageVisit, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert visit.get(Request(server.put("/a", html()))).status == 200
    assert "authorization" not in server.log[0].headers


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "410 Gone", "200 OK"])
def test_other_answers_are_given_back_with_their_body(visit: PageVisit, server: Server, status: str) -> None:
    got = visit.get(Request(server.put("/a", ok(b'{"error": 1}', status, type="application/json"))))
    assert got.status == int(status[:3])
    assert got.json() == {"error": 1}
    assert len(server.log) == 1


def test_packed_bodies(visit: PageVisit, server: Server) -> None:
    for number, packed in enumerate((gzip.compress(b"plain"), zlib.compress(b"plain"))):
        coding = ("gzip", "deflate")[number]
        assert visit.get(Request(server.put(f"/{coding}", html(packed, Content_Encoding=coding)))).text == "plain"


def test_a_bomb_and_an_endless_body(visit: PageVisit, server: Server) -> None:
    bomb = gzip.compress(b"\0" * (MOST_BYTES + 1))
    assert refused(visit, server.put("/bomb", html(bomb, Content_Encoding="gzip"))).reason == "body.too_big"
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    assert refused(visit, server.put("/endless", endless(start))).reason == "body.too_big"
    assert len(server.log) == 2


def test_private_addresses_only_when_allowed(client: Client, server: Server) -> None:
    visit = client(allow_private=False).visit(lambda: 100.0)
    error = refused(visit, server.put("/a", html()))
    assert (error.state, error.reason) == (SearchState.FAILED, "url.private_addr")
    assert refused(visit, "file:///etc/passwd").reason == "url.scheme"
    assert not server.log
    visit.close()


def test_the_name_is_checked_when_the_socket_is_made(server: Server, clock: Clock) -> None:
    client = PageClient(FetchSettings(), clock=clock, sleep=clock.sleep, resolve=lambda _host, _port: ["127.0.0.1"])
    visit = client.visit(lambda: 100.0)
    error = refused(visit, f"http://innocent.example:{server.port}/a")
    assert error.reason == "url.private_addr"
    assert not server.connections
    visit.close()


def test_redirects(visit: PageVisit, server: Server, second: Server) -> None:
    there = second.put("/there", html(b"there"))
    server.put("/one", redirect("/two"))
    server.put("/two", redirect(there))
    got = visit.get(
        Request(
            server.base + "/one",
            headers={"Authorization": "secret", "X-Key": "k", "Referer": server.base + "/page?q=1"},
        )
    )
    assert (got.text, got.url) == ("there", there)
    assert server.log[1].headers["authorization"] == "secret"
    stranger = second.log[0].headers
    assert "authorization" not in stranger and "x-key" not in stranger
    assert stranger["referer"] == server.base + "/"


def test_a_form_is_not_sent_on(visit: PageVisit, server: Server, second: Server) -> None:
    server.put("/done", html(b"done"))
    assert visit.get(Request(server.put("/form", redirect("/done")), form={"a": "b"})).text == "done"
    assert [request.method for request in server.log] == ["POST", "GET"]
    server.put("/form", redirect(second.base + "/x", "307 Temporary Redirect"))
    assert refused(visit, server.base + "/form", form={"a": "b"}).reason == "net.redirect_blocked"
    assert not second.log


def test_redirects_without_end_or_to_nowhere(visit: PageVisit, server: Server) -> None:
    assert refused(visit, server.put("/loop", redirect("/loop"))).reason == "net.redirect_loop"
    assert len(server.log) == 6
    assert refused(visit, server.put("/out", redirect("file:///etc/passwd"))).reason == "net.redirect_blocked"
    assert refused(visit, server.put("/cloud", redirect("http://169.254.169.254/"))).reason == "net.redirect_blocked"


# --------------------------------------------------------------------------- cookies


def test_cookies_are_kept_for_their_host_and_visit(client: Client, server: Server) -> None:
    shared = client()
    first, other = shared.visit(lambda: 100.0), shared.visit(lambda: 100.0)
    first.get(Request(server.put("/set", html(Set_Cookie="id=7; Path=/"))))
    first.get(Request(server.put("/a", html()), headers={"Cookie": "safe=off; id=8"}))
    assert server.log[1].headers["cookie"] == "id=8; safe=off"
    assert first.cookies(server.base + "/b") == "id=7"
    assert first.cookies(f"http://localhost:{server.port}/b") == ""
    other.get(Request(server.base + "/a"))
    assert "cookie" not in server.log[2].headers
    first.close(), other.close()


def test_of_a_site_that_sets_ever_more_cookies_the_last_are_kept(visit: PageVisit, server: Server) -> None:
    visit.get(Request(server.put("/first", html(Set_Cookie="first=1"))))
    for number in range(COOKIES + 20):
        visit.get(Request(server.put("/a", html(Set_Cookie=f"c{number}={number}"))))
    kept = visit.cookies(server.base + "/a").split("; ")
    assert len(kept) == COOKIES and kept[-1] == f"c{COOKIES + 19}={COOKIES + 19}" and kept[0] == "c20=20"


def test_a_cookie_for_a_whole_public_suffix_is_refused(clock: Clock, server: Server) -> None:
    settings = FetchSettings(allow_private=True)
    client = PageClient(settings, clock=clock, sleep=clock.sleep, resolve=lambda _host, _port: ["127.0.0.1"])
    visit = client.visit(lambda: 100.0)
    at = f"http://shop.co.uk:{server.port}"
    server.put("/set", html(Set_Cookie="a=1; Domain=.co.uk; Path=/"))
    server.put("/own", html(Set_Cookie="b=2; Path=/"))
    visit.get(Request(at + "/set")), visit.get(Request(at + "/own"))
    assert visit.cookies(f"http://bank.co.uk:{server.port}/") == ""
    assert visit.cookies(at + "/") == "b=2"
    assert visit.cookies(f"http://deep.shop.co.uk:{server.port}/") == ""
    visit.close()


# --------------------------------------------------------------------------- tries and pauses


def test_trouble_is_tried_again(visit: PageVisit, server: Server, clock: Clock) -> None:
    assert visit.get(Request(server.put("/a", in_turn(ok(b"", "502 Bad Gateway"), b"", html())))).status == 200
    assert len(server.log) == 3
    assert 0 < sum(clock.slept) <= 3


def test_trouble_that_stays(visit: PageVisit, server: Server) -> None:
    error = refused(visit, server.put("/a", ok(b"", "500 Internal Server Error")) + "?key=secret")
    assert (error.state, error.reason) == (SearchState.UNREACHABLE, "page.unreachable")
    assert refused(visit, server.put("/b", reset(b"HTTP/1.1 200 OK\r\n"))).reason == "page.unreachable"
    assert server.paths().count("/a?key=secret") == page_client.TRIES
    assert "secret" not in error.detail


def test_a_silent_server(client: Client, server: Server) -> None:
    visit = client(read_timeout=0.2).visit(lambda: 100.0)
    error = refused(visit, server.put("/a", silence()))
    assert error.reason == "page.unreachable" and len(server.log) == page_client.TRIES
    visit.close()


def test_the_whole_exchange_has_a_deadline(client: Client, server: Server) -> None:
    """Sources cannot be held up by a server that drips: the search's own time bounds it too."""

    async def drip(_request: Asked, writer: Writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    lefts = iter((0.4, 0.0))
    visit = client().visit(lambda: next(lefts, 0.0))
    assert refused(visit, server.put("/a", drip)).reason == "page.unreachable"
    visit.close()


def test_too_many_requests_doubles_the_pause_and_success_resets_it(
    visit: PageVisit, server: Server, clock: Clock
) -> None:
    busy = ok(b"", "429 Too Many Requests")
    visit.get(Request(server.put("/a", in_turn(busy, busy, html()))))
    assert sum(clock.slept) == pytest.approx(4 + 8)
    clock.slept.clear()
    visit.get(Request(server.put("/b", in_turn(ok(b"", "503 Service Unavailable"), html()))))
    assert sum(clock.slept) == pytest.approx(4)


def test_retry_after_is_obeyed(visit: PageVisit, server: Server, clock: Clock) -> None:
    visit.get(Request(server.put("/a", in_turn(ok(b"", "429 Too Many Requests", Retry_After="17"), html()))))
    assert sum(clock.slept) == pytest.approx(17)


@pytest.mark.parametrize(("wish", "left"), [("301", 10_000.0), ("40", 30.0)])
def test_a_longer_wait_ends_the_search_and_stands_for_others(
    client: Client, server: Server, wish: str, left: float
) -> None:
    shared = client()
    server.put("/a", ok(b"", "429 Too Many Requests", Retry_After=wish))
    for _ in range(2):
        visit = shared.visit(lambda: left)
        error = refused(visit, server.base + "/a")
        assert (error.state, error.reason) == (SearchState.BLOCKED, "page.rate_limited")
        assert f"come back in {wish} s" in error.detail
        visit.close()
    assert len(server.log) == 1


def test_a_host_that_never_has_enough(visit: PageVisit, server: Server, clock: Clock) -> None:
    assert refused(visit, server.put("/a", ok(b"", "429 Too Many Requests"))).reason == "page.rate_limited"
    assert len(server.log) == page_client.PAUSES + 1


def test_throttled_decides_what_asks_to_slow_down(visit: PageVisit, server: Server, clock: Clock) -> None:
    def throttled(answer: Answer) -> float | None:
        return 2.0 if answer.status == 202 else None

    got = visit.get(
        Request(
            server.put("/a", in_turn(ok(b"", "202 Accepted"), ok(b"", "429 Too Many Requests"))), throttled=throttled
        )
    )
    assert got.status == 429
    assert sum(clock.slept) == pytest.approx(2)


def test_pace_is_shared(client: Client, server: Server, clock: Clock) -> None:
    shared = client()
    visits = [shared.visit(lambda: 100.0) for _ in range(3)]
    url = server.put("/a", html())
    for visit in visits:
        visit.get(Request(url, rate=2.0))
        visit.close()
    assert sum(clock.slept) == pytest.approx(1.0)


def test_a_stop_is_noticed_in_a_pause(client: Client, server: Server, clock: Clock) -> None:
    class Stopped(Exception):
        pass

    def left() -> float:
        if clock.now > 1001:
            raise Stopped
        return 500.0

    visit = client().visit(left)
    with pytest.raises(Stopped):
        visit.get(Request(server.put("/a", ok(b"", "429 Too Many Requests", Retry_After="200"))))
    assert clock.now < 1002
    visit.close()


# --------------------------------------------------------------------------- robots.txt

ROBOTS = b"""User-agent: other
Disallow: /
User-agent: *
Allow: /private/open
Disallow: /private # not for you
Disallow: /*.php
Crawl-delay: 3
"""


def robots(body: bytes, status: str = "200 OK") -> bytes:
    return ok(body, status, type="text/plain")


def test_robots_is_obeyed_and_asked_once(visit: PageVisit, server: Server, clock: Clock) -> None:
    server.put("/robots.txt", robots(ROBOTS))
    server.put("/private/open", html())
    error = refused(visit, server.base + "/private/x", crawl=True)
    assert (error.state, error.reason) == (SearchState.BLOCKED, "policy.robots")
    assert error.detail == f"127.0.0.1:{server.port} robots.txt: Disallow: /private"
    assert refused(visit, server.base + "/a.php?x=1", crawl=True).detail.endswith("Disallow: /*.php")
    assert visit.get(Request(server.base + "/private/open", crawl=True)).status == 200
    visit.get(Request(server.base + "/private/open", crawl=True))
    assert sum(clock.slept) == pytest.approx(3)
    assert server.paths().count("/robots.txt") == 1
    assert visit.get(Request(server.base + "/private/x")).status == 404


def test_a_group_for_us_goes_before_the_one_for_all(visit: PageVisit, server: Server) -> None:
    server.put("/robots.txt", robots(b"User-agent: *\nDisallow: /\n\nUser-agent: Collector\nDisallow: /b\n"))
    assert visit.get(Request(server.put("/a", html()), crawl=True)).status == 200
    assert refused(visit, server.base + "/b", crawl=True).reason == "policy.robots"


def test_no_robots_forbids_nothing_and_an_unreachable_one_everything(
    client: Client, server: Server, clock: Clock
) -> None:
    shared = client()
    visit = shared.visit(lambda: 1000.0)
    url = server.put("/a", html())
    server.put("/robots.txt", robots(b"", "500 Internal Server Error"))
    assert "robots.txt: HTTP 500; until it can be had" in refused(visit, url, crawl=True).detail
    assert refused(visit, url, crawl=True).reason == "policy.robots"
    assert server.paths() == ["/robots.txt"] * page_client.TRIES
    clock.now += 601
    server.put("/robots.txt", robots(b"", "403 Forbidden"))
    assert visit.get(Request(url, crawl=True)).status == 200
    visit.close()


def test_redirects_are_under_the_rules_too(visit: PageVisit, server: Server, second: Server) -> None:
    second.put("/robots.txt", robots(b"User-agent: *\nDisallow: /\n"))
    url = server.put("/a", redirect(second.put("/b", html())))
    assert refused(visit, url, crawl=True).detail == f"127.0.0.1:{second.port} robots.txt: Disallow: /"
    assert second.paths() == ["/robots.txt"]


def test_robots_switched_off_is_said_once(client: Client, server: Server) -> None:
    notices: list[str] = []
    visit = client(notices.append, robots=False).visit(lambda: 100.0)
    server.put("/robots.txt", robots(b"User-agent: *\nDisallow: /\n"))
    url = server.put("/a", html())
    visit.get(Request(url, crawl=True)), visit.get(Request(url, crawl=True))
    assert notices == [f"127.0.0.1:{server.port}: robots.txt is not looked at (fetch.robots is off)"]
    assert "/robots.txt" not in server.paths()
    visit.close()


def test_a_long_robots_is_read_to_its_limit(visit: PageVisit, server: Server) -> None:
    url = server.put("/kept", html())
    server.put("/robots.txt", endless(b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /kept\n", b"# more\n"))
    assert refused(visit, url, crawl=True).reason == "policy.robots"
    assert visit.get(Request(server.put("/free", html()), crawl=True)).status == 200


def test_a_long_robots_that_is_packed_is_read_to_its_limit(visit: PageVisit, server: Server) -> None:
    rules = b"User-agent: *\nDisallow: /kept\n"
    for rest in (b"# more\n" * 200_000, random.Random(1).randbytes(800_000)):
        packed = gzip.compress(rules + rest)
        with serving() as other:
            other.put("/robots.txt", ok(packed, type="text/plain", Content_Encoding="gzip"))
            assert refused(visit, other.put("/kept", html()), crawl=True).reason == "policy.robots"
            assert visit.get(Request(other.put("/free", html()), crawl=True)).status == 200


def test_waits_for_the_host_take_nothing_of_the_time_for_an_answer(
    client: Client, server: Server, clock: Clock
) -> None:
    url, shared = server.put("/a", html()), client()
    visit, began = shared.visit(lambda: 1000.0), clock.now
    shared.limits.slow_down(f"127.0.0.1:{server.port}", 200.0, began)
    assert visit.get(Request(url, within=5.0)).status == 200, "another search was asked to wait"
    assert visit.get(Request(url, within=5.0, rate=0.01)).status == 200
    assert visit.get(Request(url, within=5.0, rate=0.01)).status == 200, "it is not our turn for 100 s"
    assert clock.now - began >= 300
    visit.close()


def test_many_searches_ask_for_robots_once(client: Client, server: Server) -> None:
    shared = client()
    server.put("/robots.txt", robots(b"User-agent: *\nDisallow: /no\n"))
    url = server.put("/a", html())

    def search() -> None:
        visit = shared.visit(lambda: 100.0)
        visit.get(Request(url, crawl=True))
        visit.close()

    threads = [threading.Thread(target=search) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert server.paths().count("/robots.txt") == 1 and server.paths().count("/a") == 6


# --------------------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("é".encode("latin-1"), "text/html; charset=iso-8859-1", "é"),
        ("é".encode(), "text/html", "é"),
        (b"\x93x\x94", "text/html", "“x”"),
        (b"\xff\xfee\x00", "text/html; charset=utf-8", "e"),
        (b'<meta charset="shift_jis">\x82\xa0', "text/html", '<meta charset="shift_jis">あ'),
        ('{"a": "<meta charset=latin1>é"}'.encode(), "application/json", '{"a": "<meta charset=latin1>é"}'),
        (b"\x89PNG", "image/png", ""),
        (b"a\0b", "", ""),
        (b"plain", "", "plain"),
        (b"<a/>", "application/atom+xml", "<a/>"),
        (
            '<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode(),
            "text/xml",
            '<?xml version="1.0" encoding="utf-16"?><a>é</a>',
        ),
        ('<meta charset="utf-16le">é'.encode(), "text/html", '<meta charset="utf-16le">é'),
        ("é".encode("utf-16-le"), "text/html; charset=utf-16", "é"),
        ("é".encode("utf-16-be"), "text/html; charset=utf-16be", "é"),
        ("é".encode(), "text/html; charset=utf-32", "é"),
    ],
)
def test_decoding(body: bytes, kind: str, text: str) -> None:
    assert text_of(body, kind) == text


def test_two_servers_pause_apart(visit: PageVisit, server: Server, clock: Clock) -> None:
    with serving() as other:
        visit.get(Request(server.put("/a", in_turn(ok(b"", "429 Too Many Requests", Retry_After="5"), html()))))
        before = clock.now
        visit.get(Request(other.put("/a", html())))
        assert clock.now == before


def test_a_dead_host_is_told_as_such_and_not_as_a_rule_of_its(visit: PageVisit) -> None:
    with serving() as gone:
        url = gone.put("/page", html())
    error = refused(visit, url, crawl=True)
    assert (error.state, error.reason) == (SearchState.UNREACHABLE, "page.unreachable")
    assert "until it can be had" not in error.detail and "127.0.0.1" in error.detail
