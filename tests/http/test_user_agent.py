"""As whom hosts are asked: Wikimedia's are told whom to write to, by every request, and see two connections at most."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector.http.curl_transport import CurlTransfers
from collector.http.limits import Hosts
from collector.http.page_client import PageClient
from collector.http.robots import robots_ask
from collector.http.transport import Ask, FetchError, Reply
from collector.http.user_agent import agent_for, is_wikimedia
from collector.settings import FetchSettings, load
from collector.sources import defaults
from tests.support.misbehaving import Server, ok, picture
from tests.support.pages import OnePage

ME = "me@example.org"
HOST = "upload.wikimedia.org"


@pytest.mark.parametrize(
    ("host", "expected"),
    [(HOST, True), ("en.wikipedia.org:443", True), ("wikimedia.org", True), ("WIKIDATA.ORG", True),
     ("notwikimedia.org", False), ("wikimedia.org.evil.example", False), ("", False)],
)  # fmt: skip
def test_whose_hosts_are_wikimedias(host: str, expected: bool) -> None:
    assert is_wikimedia(host) is expected


@pytest.mark.parametrize(
    ("agent", "contact", "expected"),
    [
        ("", ME, f"datasets; {ME})"),
        ("", "", "datasets)"),
        ("bot/1 (+https://a.org)", ME, f"bot/1 (+https://a.org) ({ME})"),
        (f"bot/1 ({ME})", ME, f"bot/1 ({ME})"),
    ],
)
def test_the_agent_for_wikimedia(agent: str, contact: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLLECTOR_CONTACT", raising=False)
    settings = FetchSettings(contact=contact, **({"user_agent": agent} if agent else {}))
    assert agent_for(f"https://{HOST}/a.jpg", settings).endswith(expected)
    assert ME not in agent_for("https://a.example/a.jpg", FetchSettings(contact=ME))


def test_one_line_at_the_top_sets_it_for_all() -> None:
    settings = load(None, [f"contact={ME}", "user_agent=bot/1"], defaults())
    assert (settings.fetch.contact, settings.fetch.user_agent) == (ME, "bot/1")
    told = {name for name, table in settings.sources.items() if table.get("contact") == ME}
    assert told == {"commons", "openverse", "flickr"}


def test_pictures_and_their_robots_tell_it(server: Server) -> None:
    server.put("/a.jpg", ok(picture()))
    transfers = CurlTransfers(FetchSettings(allow_private=True, contact=ME), pins={HOST: ["127.0.0.1"]})
    came: list[Reply | FetchError] = []
    origin = f"http://{HOST}:{server.port}"
    for ask in (robots_ask(origin, 5), Ask(f"{origin}/a.jpg"), Ask(f"{origin}/a.jpg", agent="")):
        transfers.start(ask, came.append)
    while len(came) < 3:
        transfers.turn(1.0)
    transfers.close()
    assert [request.headers["user-agent"].endswith(f"; {ME})") for request in server.log] == [True] * 3


def test_pages_tell_it(server: Server) -> None:
    server.put("/wiki", ok(b"page", type="text/html"))
    page = OnePage(lambda host, port: ["127.0.0.1"], contact=ME)
    page.body(f"http://commons.wikimedia.org:{server.port}/wiki")
    page.close()
    assert server.log[0].headers["user-agent"].endswith(f"; {ME})")


def test_two_pictures_at_a_time() -> None:
    hosts = Hosts(FetchSettings(per_host=8), lambda: 0.0)
    for host, most in ((HOST, 2), ("a.example", 8)):
        started = 0
        while hosts.free(host):
            hosts.started(host)
            started += 1
        assert started == most


def test_two_pages_at_a_time() -> None:
    client = PageClient(FetchSettings())
    three, inside, most = threading.Barrier(2), 0, 0
    lock = threading.Lock()

    def ask(_: int) -> None:
        nonlocal inside, most
        with client.connection("commons.wikimedia.org", lambda: 10.0):
            with lock:
                inside += 1
                most = max(most, inside)
            three.wait(10)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(6)))
    assert most == 2
