"""A browser behind the gate: no page leads it to private addresses. The server's log is the oracle."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.chromedriver import Chromedriver
from collector.browser.driver import Installation
from collector.browser.processes import RunFolder
from collector.errors import SourceError
from collector.http.gate import Gate
from collector.http.transport import FetchError
from collector.urls import Proxies
from tests.support.browsers import QUICK
from tests.support.command import Desk
from tests.support.gated import Listening, listening, public_names

pytestmark = pytest.mark.browser
HOSTILE = {
    "/location": "<h1>x</h1><script>location = 'PRIVATE/location'</script>",
    "/refresh": "<meta http-equiv=refresh content='0; url=PRIVATE/refresh'><h1>x</h1>",
    "/cloud": "<meta http-equiv=refresh content='0; url=http://169.254.169.254/latest/meta-data/'><h1>x</h1>",
    "/moved": "-> PRIVATE/moved",
    "/name": "<h1>x</h1><script>location = 'http://rebound.test:PORT/'</script>",
    "/scripts": "<h1>x</h1><img src='PRIVATE/img'><iframe src='PRIVATE/frame'></iframe>"
    "<link rel=preconnect href='PRIVATE'><link rel=prefetch href='PRIVATE/prefetch'>"
    "<img src='http://2130706434:PORT/number'><img src='http://0x7f.2:PORT/hex'>"
    "<img src='http://[::ffff:127.0.0.2]:PORT/mapped'><img src='http://rebound.test:PORT/name'>"
    "<img src='https://127.0.0.2:PORT/tls'><img src='http://a.localhost:PORT/'>"
    "<form action='PRIVATE/form' method=post target=f id=f></form><iframe name=f></iframe><script>f.submit();"
    "fetch('PRIVATE/fetch', {mode: 'no-cors'}).catch(() => 0); navigator.sendBeacon('PRIVATE/beacon', 'x');"
    "new WebSocket('ws://127.0.0.2:PORT/socket'); new EventSource('PRIVATE/events');"
    "window.open('PRIVATE/window')</script>",
}


@pytest.fixture
def servers() -> Iterator[tuple[Listening, Listening]]:
    with listening("127.0.0.1") as public, listening("127.0.0.2") as private:
        place = f"http://127.0.0.2:{private.port}"
        public.pages = {
            path: page.replace("PRIVATE", place).replace("PORT", str(private.port)) for path, page in HOSTILE.items()
        }
        yield public, private


@pytest.fixture(scope="module")
def told() -> list[FetchError]:
    return []


@pytest.fixture(scope="module")
def gated(told: list[FetchError], installation: Installation, run_folder: RunFolder) -> Iterator[ChromeBrowser]:
    """A browser behind the gate, which tells what it holds back."""
    names = {"public.test": ["127.0.0.1"], "rebound.test": ["127.0.0.2"]}
    with pytest.MonkeyPatch.context() as patch:
        gate = Gate(told.append, Proxies(), public_names(names, patch))
        browser = ChromeBrowser(Chromedriver(installation, QUICK, run_folder, gate=gate.address), QUICK)
        yield browser
        browser.close()
        gate.close()


def visit(browser: ChromeBrowser, url: str, led: Callable[[], bool]) -> None:
    """Open a page, and wait until it has led the browser on, at most 10 s."""
    with suppress(SourceError):  # Held back at once.
        browser.open(url)
    end = time.monotonic() + 10
    while not led() and time.monotonic() < end:
        time.sleep(0.02)


def test_no_page_leads_the_browser_to_a_private_address(
    gated: ChromeBrowser, told: list[FetchError], servers: tuple[Listening, Listening]
) -> None:
    public, private = servers
    for path in HOSTILE:
        told.clear()
        visit(gated, f"http://public.test:{public.port}{path}", lambda: bool(told))
        if path == "/scripts":
            time.sleep(1)  # It asks for more than the first that is told.
        assert f"GET {path} " in public.seen
        assert told, path
    for host in ("127.0.0.2", "localhost", "[::1]"):
        with pytest.raises(SourceError, match="ERR_EMPTY_RESPONSE"):
            gated.open(f"http://{host}:{private.port}/")
    assert (private.connections, private.seen) == (0, [])


def test_without_the_gate_the_same_pages_do_reach_it(
    servers: tuple[Listening, Listening], installation: Installation, run_folder: RunFolder
) -> None:
    public, private = servers
    browser = ChromeBrowser(Chromedriver(installation, QUICK, run_folder), QUICK)
    try:
        for path in ("/location", "/refresh", "/moved"):
            line = f"GET {path} "
            visit(browser, f"http://127.0.0.1:{public.port}{path}", lambda line=line: line in private.seen)
            assert line in private.seen
    finally:
        browser.close()


def test_no_datagram_of_webrtc_leaves_the_browser(gated: ChromeBrowser, servers: tuple[Listening, Listening]) -> None:
    public, _ = servers
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
        stun.bind(("127.0.0.2", 0))
        stun.settimeout(2)
        public.pages["/rtc"] = (
            "<h1>x</h1><script>const c = new RTCPeerConnection({iceServers: [{urls: 'stun:127.0.0.2:PORT'}]});"
            "c.createDataChannel('x'); c.createOffer().then(o => c.setLocalDescription(o))</script>"
        ).replace("PORT", str(stun.getsockname()[1]))
        gated.open(f"http://public.test:{public.port}/rtc")
        with pytest.raises(TimeoutError):
            stun.recv(100)


def test_a_run_asks_no_private_home_or_gallery_unless_it_is_allowed(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    with listening("127.0.0.1") as private:
        home = f"http://127.0.0.1:{private.port}"
        desk.write("queries.csv", f"keyword,source\ncat,google\n{home}/,gallery\n")
        ended = desk.run("search", "--limit", "1", "--browsers", "1", "--set", f"google.home={home}", "queries.csv")
        assert ended.code == 8, ended.err
        assert "127.0.0.1: loopback or private; --allow-private allows it" in ended.err
        assert (private.connections, private.seen) == (0, [])
