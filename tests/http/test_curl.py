"""What only libcurl's transport has to prove: addresses it resolves itself, TLS, and many transfers on one thread."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.http.curl_transport import CurlTransfers
from collector.http.transport import Ask, FetchError, Reply
from collector.settings import FetchSettings
from tests.support.misbehaving import Server, bare, drip, ok, picture, redirect, serving, silence

CERTIFICATES = Path(__file__).parent / "tls"
JPEG = picture()
Make = Callable[..., CurlTransfers]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[CurlTransfers] = []

    def transfers(
        trusting: bool = True, allow_private: bool = True, patience: float = 1.0, **pins: list[str]
    ) -> CurlTransfers:
        settings = FetchSettings(allow_private=allow_private, connect_timeout=patience, read_timeout=patience)
        names = {name.replace("_", "."): addresses for name, addresses in pins.items()}
        authority = str(CERTIFICATES / "authority.pem") if trusting else ""
        made.append(CurlTransfers(settings, pins=names, authority=authority))
        return made[-1]

    yield transfers
    for one in made:
        one.close()


def ask(transfers: CurlTransfers, url: str, seconds: float = 5.0) -> Reply | FetchError:
    box: list[Reply | FetchError] = []
    transfers.start(Ask(url, seconds=seconds), box.append)
    while not box:
        transfers.turn(1.0)
    if isinstance(box[0], Reply):
        transfers.release(len(box[0].body))
    return box[0]


def reason(transfers: CurlTransfers, url: str, seconds: float = 3.0) -> str:
    result = ask(transfers, url, seconds)
    assert isinstance(result, FetchError), result
    return result.reason


def body(result: Reply | FetchError) -> bytes:
    assert isinstance(result, Reply), result
    return result.body


# --------------------------------------------------------------------------- addresses

BAD = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::"]


def test_what_is_closed_may_be_woken() -> None:
    """By a thread that does not know yet."""
    transfers = CurlTransfers(FetchSettings())
    transfers.wake()
    transfers.close()
    transfers.wake()
    assert len(transfers) == 0


@pytest.mark.parametrize("address", BAD)
def test_public_name_that_leads_inside(address: str, server: Server, make: Make) -> None:
    transfers = make(allow_private=False, pictures_example=[address])
    assert reason(transfers, f"http://pictures.example:{server.port}/a.jpg") == "url.private_addr"
    assert (server.connections, server.log) == (0, [])


def test_one_private_address_among_public_ones_refuses_all(server: Server, make: Make) -> None:
    transfers = make(allow_private=False, pictures_example=["8.8.8.8", "127.0.0.1"])
    assert reason(transfers, f"http://pictures.example:{server.port}/a.jpg") == "url.private_addr"
    assert server.connections == 0


def test_redirect_to_a_name_that_leads_inside(server: Server, second: Server, make: Make) -> None:
    server.put("/a.jpg", redirect(f"http://inside.example:{second.port}/"))
    transfers = make(outside_example=["127.0.0.1"], inside_example=["169.254.169.254"])
    assert reason(transfers, f"http://outside.example:{server.port}/a.jpg") == "net.redirect_blocked"
    assert second.connections == 0


def test_second_address_is_tried(server: Server, make: Make) -> None:
    server.put("/a.jpg", ok(JPEG))
    transfers = make(two_example=["127.0.0.2", "127.0.0.1"])
    assert body(ask(transfers, f"http://two.example:{server.port}/a.jpg")) == JPEG
    assert server.pictures[0].headers["host"] == f"two.example:{server.port}"


def test_unknown_name(make: Make) -> None:
    assert reason(make(), "https://no.such.name.invalid/", seconds=8.0) == "net.dns"


# --------------------------------------------------------------------------- TLS


def server_context(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context


def test_good_certificate_and_one_connection(make: Make) -> None:
    with serving(server_context("good")) as server:
        url = server.put("/x.jpg", ok(JPEG))
        transfers = make(pictures_example=["127.0.0.1"])
        for _ in range(3):
            assert body(ask(transfers, url)) == JPEG
        assert body(ask(transfers, url.replace("127.0.0.1", "pictures.example"))) == JPEG
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
        assert reason(make(), url) in ("net.tls", "net.reset", "net.connect")


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


# --------------------------------------------------------------------------- many on one thread


def test_two_hundred_at_once(server: Server, make: Make) -> None:
    transfers = make(patience=20.0)
    bodies = [picture(size=(20, 20 + n)) for n in range(200)]
    urls = [server.put(f"/{n}.jpg", ok(one)) for n, one in enumerate(bodies)]
    came: dict[int, bytes] = {}
    for n, url in enumerate(urls):
        transfers.start(Ask(url), lambda result, n=n: came.update({n: body(result)}))
    assert len(transfers) == 200
    while len(came) < 200:
        transfers.turn(1.0)
    assert [came[n] for n in range(200)] == bodies
    assert transfers.held == sum(map(len, bodies))
    for one in bodies:
        transfers.release(len(one))
    assert (len(transfers), transfers.held) == (0, 0)


def test_a_silent_server_holds_nobody_up(server: Server, make: Make) -> None:
    transfers = make()
    results: list[Reply | FetchError] = []
    transfers.start(Ask(server.put("/silent.jpg", silence())), results.append)
    assert body(ask(transfers, server.put("/x.jpg", ok(JPEG)))) == JPEG
    while not results:
        transfers.turn(1.0)
    assert isinstance(results[0], FetchError)
    assert results[0].reason == "net.read_timeout"


def test_cut_ends_all(server: Server, make: Make) -> None:
    transfers = make()
    results: list[Reply | FetchError] = []
    url = server.put("/silent.jpg", silence(b"HTTP/1.1 200 OK\r\n"))
    for _ in range(5):
        transfers.start(Ask(url), results.append)
    while len(server.pictures) < 5:
        transfers.turn(0.05)
    transfers.cut()
    transfers.turn(0.0)
    assert [result.reason for result in results if isinstance(result, FetchError)] == ["net.reset"] * 5


def test_wake_from_another_thread(make: Make) -> None:
    transfers = make()
    threading.Timer(0.2, transfers.wake).start()
    started = time.monotonic()
    transfers.turn(10.0)
    assert time.monotonic() - started < 5
