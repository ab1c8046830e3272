"""The browsers' gate: the rule of addresses, tunnels, plain requests, and its end. The servers' logs are the oracle."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from collector.http import safety
from collector.http.gate import Gate
from collector.http.transport import FetchError
from collector.urls import Proxies
from tests.support.gated import Listening, listening, public_names
from tests.support.proxy_double import proxying

NAMES = {
    "public.test": ["127.0.0.1"],
    "rebound.test": ["127.0.0.2"],
    "mixed.test": ["127.0.0.1", "127.0.0.2"],
    "cloud.test": ["169.254.169.254"],
}


@pytest.fixture
def told() -> list[FetchError]:
    return []


@pytest.fixture
def gate(told: list[FetchError], monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    resolve = public_names(NAMES, monkeypatch)
    made = Gate(told.append, Proxies(), resolve)
    yield made
    made.close()


@pytest.fixture
def public() -> Iterator[Listening]:
    with listening("127.0.0.1") as server:
        yield server


@pytest.fixture
def private() -> Iterator[Listening]:
    with listening("127.0.0.2") as server:
        yield server


def asked(gate: Gate, request: str, then: str = "") -> bytes:
    """All that comes back for a request (and for another one inside its tunnel)."""
    parts = urlsplit(f"//{gate.address}")
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(request.encode())
        came = b""
        if then:
            came = connection.recv(65_536)
            connection.sendall(then.encode())
        while piece := connection.recv(65_536):
            came += piece
        return came


def test_plain_requests_are_passed_on_one_to_a_connection(gate: Gate, public: Listening) -> None:
    request = f"POST http://public.test:{public.port}/a?b=c HTTP/1.1\r\nHost: public.test\r\nContent-Length: 4\r\n"
    request += "Proxy-Connection: keep-alive\r\n\r\nbody"
    second = f"GET http://public.test:{public.port}/second HTTP/1.1\r\nHost: public.test\r\n\r\n"
    answer = asked(gate, request)
    assert answer.startswith(b"HTTP/1.0 200") and answer.endswith(b"public")
    assert asked(gate, request + second).endswith(b"public")
    assert public.seen == ["POST /a?b=c body", "POST /a?b=c body"]
    assert public.connections == 2


def test_tunnels(gate: Gate, public: Listening) -> None:
    answer = asked(gate, f"CONNECT public.test:{public.port} HTTP/1.1\r\n\r\n", "GET /inside HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.0 200")
    assert public.seen == ["GET /inside "]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2",
        "localhost",
        "2130706434",
        "0x7f.2",
        "[::ffff:127.0.0.2]",
        "rebound.test",
        "mixed.test",
        "cloud.test",
    ],
)
def test_forbidden_addresses_get_no_packet(
    gate: Gate, told: list[FetchError], public: Listening, private: Listening, host: str
) -> None:
    place = f"{host}:{private.port}"
    assert asked(gate, f"CONNECT {place} HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert asked(gate, f"GET http://{place}/ HTTP/1.1\r\nHost: {place}\r\n\r\n") == b""
    assert len(told) == 2
    assert (public.connections, private.connections) == (0, 0)


@pytest.mark.parametrize(
    "request_text",
    [
        "nonsense\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET ftp://public.test/ HTTP/1.1\r\n\r\n",
        "POST http://public.test/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST http://public.test/ HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET http://nobody.test/ HTTP/1.1\r\n\r\n",
    ],
)
def test_what_it_cannot_pass_on_ends_the_connection(gate: Gate, told: list[FetchError], request_text: str) -> None:
    assert asked(gate, request_text) == b""
    assert told == []


def test_a_name_without_an_address_is_told_from_a_forbidden_one(gate: Gate) -> None:
    assert asked(gate, "CONNECT nobody.test:443 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_of_the_user_connects_in_its_place_and_is_told_its_login(
    told: list[FetchError], public: Listening, private: Listening, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxying(public.port, login=("ann", "s3:cret@")) as proxy:
        given = f"{kind}://ann:s3%3Acret%40@{proxy.url}"
        gate = Gate(told.append, Proxies.of(given, {"no_proxy": "rebound.test"}), public_names(NAMES, monkeypatch))
        try:
            plain = asked(gate, "GET http://far.test/a?b HTTP/1.1\r\nHost: far.test\r\n\r\n")
            inside = asked(gate, "CONNECT far.test:443 HTTP/1.1\r\n\r\n", "GET /inside HTTP/1.0\r\n\r\n")
            # What is asked directly all the same is checked all the same, and so are addresses as numbers.
            for host in ("rebound.test", "127.0.0.2", "10.1.2.3"):
                assert b"403 Forbidden" in asked(gate, f"CONNECT {host}:{private.port} HTTP/1.1\r\n\r\n")
        finally:
            gate.close()
        assert plain.endswith(b"public") and inside.endswith(b"public")
        assert public.seen == ["GET /a?b ", "GET /inside "]
        assert proxy.asked == (
            ["http://far.test/a?b", "far.test:443"] if kind == "http" else ["far.test:80", "far.test:443"]
        )
    assert (private.connections, len(told)) == (0, 3)


def test_a_proxy_that_fails_is_told(told: list[FetchError], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gate = Gate(told.append, Proxies.of(f"http://127.0.0.1:{port}", {}), public_names(NAMES, monkeypatch))
    try:
        assert asked(gate, "CONNECT far.test:443 HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    finally:
        gate.close()
    assert [(error.reason, f"http://127.0.0.1:{port}" in error.detail) for error in told] == [("net.proxy", True)]


def test_a_proxy_that_wants_another_login_is_told_whatever_is_asked(
    told: list[FetchError], public: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxying(public.port, login=("ann", "s3:cret@")) as proxy:
        gate = Gate(told.append, Proxies.of(f"http://ann:wrong@{proxy.url}", {}), public_names(NAMES, monkeypatch))
        try:
            assert b" 407 " in asked(gate, "GET http://far.test/ HTTP/1.1\r\nHost: far.test\r\n\r\n")
            assert b" 502 " in asked(gate, "CONNECT far.test:443 HTTP/1.1\r\n\r\n")
        finally:
            gate.close()
    line = f"the proxy http://{proxy.url} rejects the name and password"
    assert [(error.reason, error.detail) for error in told] == [("net.proxy", line)] * 2


def test_close_breaks_off_tunnels_and_leaves_no_thread(gate: Gate, public: Listening) -> None:
    parts = urlsplit(f"//{gate.address}")
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(f"CONNECT public.test:{public.port} HTTP/1.1\r\n\r\n".encode())
        assert b"200" in connection.recv(65_536)
        gate.close()
        gate.close()
        assert connection.recv(10) == b""
    assert not [thread for thread in threading.enumerate() if thread.name == "browser-gate"]


def test_the_double_of_the_rule_lets_one_address_through(gate: Gate) -> None:
    assert gate.address.startswith("127.0.0.1:")
    assert safety.why_not(ipaddress.ip_address("127.0.0.1"), False) == ""
    assert safety.why_not(ipaddress.ip_address("127.0.0.2"), False).startswith("loopback or private")
