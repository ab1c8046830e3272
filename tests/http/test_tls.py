"""TLS of pages is checked, shared, and under the deadline. The keys in tls/ are for tests alone."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.misbehaving import bare, drip, ok, picture, serving
from tests.support.pages import OnePage

CERTIFICATES = Path(__file__).parent / "tls"
JPEG = picture()


def server_context(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context


Make = Callable[..., OnePage]


@pytest.fixture
def make() -> Iterator[Make]:
    """Pages that trust the test authority, or nobody we know."""
    made: list[OnePage] = []

    def page(trusting: bool = True) -> OnePage:
        context = ssl.create_default_context(cafile=CERTIFICATES / "authority.pem") if trusting else None
        made.append(OnePage(lambda host, port: ["127.0.0.1"], context=context))
        return made[-1]

    yield page
    for one in made:
        one.close()


def reason(page: OnePage, url: str, seconds: float = 3.0) -> str:
    return page.trouble(url, seconds).reason


def test_good_certificate_and_one_connection(make: Make) -> None:
    with serving(server_context("good")) as server:
        url = server.put("/x.jpg", ok(JPEG))
        page = make()
        for _ in range(3):
            assert page.body(url) == JPEG
        assert page.body(url.replace("127.0.0.1", "pictures.example")) == JPEG
        assert server.connections == 2


@pytest.mark.parametrize("name", ["expired", "wrong-host"])
def test_bad_certificate(name: str, make: Make) -> None:
    with serving(server_context(name)) as server:
        assert reason(make(), server.put("/x.jpg", ok(JPEG))) == "net.tls"
        assert server.log == []


def test_unknown_authority(make: Make) -> None:
    with serving(server_context("good")) as server:
        assert reason(make(trusting=False), server.put("/x.jpg", ok(JPEG))) == "net.tls"
        assert server.log == []


def test_no_tls_at_all(make: Make) -> None:
    with serving() as server:
        url = server.put("/x.jpg", ok(JPEG)).replace("http:", "https:")
        assert reason(make(), url) in ("net.tls", "net.reset", "net.read_timeout")


def test_plain_request_to_a_tls_port(make: Make) -> None:
    with serving(server_context("good")) as server:
        url = server.put("/x.jpg", ok(JPEG)).replace("https:", "http:")
        assert reason(make(), url) in ("http.bad_framing", "net.reset")


@pytest.mark.parametrize("answer", [drip(b"HTTP/1.1 200 OK\r\nX: "), drip(bare("HTTP/1.1 200 OK"))])
def test_deadline_holds_under_tls(answer: object, make: Make) -> None:
    with serving(server_context("good")) as server:
        started = time.monotonic()
        assert reason(make(), server.put("/x.jpg", answer), seconds=0.6) == "net.deadline"  # type: ignore[arg-type]
        assert time.monotonic() - started < 15


def test_short_body_under_tls(make: Make) -> None:
    with serving(server_context("good")) as server:
        url = server.put("/x.jpg", ok(JPEG[:-9], length=len(JPEG), Connection="close"))
        assert reason(make(), url) == "net.truncated"


@pytest.fixture
def dripping_handshake() -> Iterator[int]:
    """A port that takes connections and sends a TLS record byte by byte, never a whole one."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"\x16\x03\x03\x40\x00")
            while not over.wait(0.05):
                try:
                    connection.sendall(b"\x02")
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    over.set()
    thread.join(5)
    listener.close()


def test_deadline_holds_in_the_handshake(dripping_handshake: int, make: Make) -> None:
    started = time.monotonic()
    assert reason(make(), f"https://127.0.0.1:{dripping_handshake}/x.jpg", seconds=0.6) == "net.deadline"
    assert time.monotonic() - started < 15
