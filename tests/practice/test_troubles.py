from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator

import pytest
import requests

from collector.practice import TROUBLES, Knobs, PracticeWeb
from collector.practice.knobs import REALISTIC
from collector.practice.pictures import picture, slug
from collector.practice.troubles import trouble

NAMES = list(TROUBLES)
NUMBERS = {name: number for number, name in enumerate(NAMES)}
HEALTHY = 500
SLUG = slug("apple")


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    """Picture n has the n-th trouble."""
    with PracticeWeb(Knobs.calm(slow=0.4, pinned=dict(enumerate(NAMES)))) as running:
        yield running


def path(name: str) -> str:
    return f"/pictures/{SLUG}/{NUMBERS[name]}.jpg"


def on_the_wire(web: PracticeWeb, target: str, seconds: float = 5.0) -> tuple[bytes, bytes, str]:
    """Head, body and how it ended (closed, reset or silent), as a bare socket sees it."""
    got, end = b"", "closed"
    with socket.create_connection(("127.0.0.1", web.port), timeout=seconds) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        try:
            while part := connection.recv(65536):
                got += part
        except ConnectionResetError:
            end = "reset"
        except TimeoutError:
            end = "silent"
    head, _, body = got.partition(b"\r\n\r\n")
    return head, body, end


def announced(head: bytes) -> int:
    return int(next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")).split(b":")[1])


def original(name: str) -> bytes:
    return picture(SLUG, NUMBERS[name])


def test_a_healthy_picture(web: PracticeWeb) -> None:
    url = f"{web.url}/pictures/{SLUG}/{HEALTHY}.jpg"
    with requests.Session() as session:
        answer = session.get(url, timeout=5)
        assert answer.content == picture(SLUG, HEALTHY)
        assert answer.headers["Content-Length"] == str(len(answer.content))
        assert answer.headers["Content-Type"].startswith("image/")
        again = session.get(url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=5)
        assert (again.status_code, again.content) == (304, b"")
        part = session.get(url, headers={"Range": "bytes=100-"}, timeout=5)
        assert (part.status_code, part.content) == (206, answer.content[100:])
        assert part.headers["Content-Range"] == f"bytes 100-{len(answer.content) - 1}/{len(answer.content)}"


def test_truncated_is_short_of_what_it_announced(web: PracticeWeb) -> None:
    head, body, end = on_the_wire(web, path("truncated"))
    assert (announced(head), end) == (len(original("truncated")), "closed")
    assert body == original("truncated")[: len(original("truncated")) * 2 // 3]


def test_every_trouble_answers_and_is_written_down(web: PracticeWeb) -> None:
    for name in TROUBLES:
        on_the_wire(web, path(name), 0.5)
    assert set(TROUBLES) <= {request.trouble for request in web.pictures()}


def test_troubles_are_the_same_every_time_and_follow_the_shares() -> None:
    knobs = Knobs()
    first = [trouble(knobs, SLUG, number) for number in range(5000)]
    assert first == [trouble(knobs, SLUG, number) for number in range(5000)]
    counts = Counter(first)
    assert abs(counts["not_found"] / 5000 - REALISTIC["not_found"]) < 0.01
    assert 0.09 < 1 - counts[""] / 5000 < 0.18
    assert [trouble(Knobs(seed=1), SLUG, number) for number in range(5000)] != first
