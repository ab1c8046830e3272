"""Pictures asked for again: alive, changed, gone, blocked, unreachable; the folder stays as it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collector.errors import SourceError
from collector.http.contract import Visit
from collector.http.page_client import PageClient
from collector.ledger import Row
from collector.maintenance.live import State, checked
from collector.settings import FetchSettings
from tests.support.collection import Collection, drawn, encoded
from tests.support.command import Desk


def saved(sha256: str, path: str, url: str) -> Row:
    return Row(1, "cat", "cat", "google", 1, url, "saved", sha256=sha256, path=Path(path))


class _Site(BaseHTTPRequestHandler):
    """Answers by path: (status, body); notes what it was asked."""

    answers: dict[str, tuple[int, bytes]]
    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Referer", "")))
        status, body = self.answers.get(self.path, (404, b"no"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def site(answers: dict[str, tuple[int, bytes]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []
    handler = type("Site", (_Site,), {"answers": answers, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.jpg")}


def test_every_state_through_the_command_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    bodies = {
        name: encoded(drawn(number)) for number, name in enumerate(("same", "other", "gone", "page", "no", "robots"))
    }
    answers = {
        "/same.jpg": (200, bodies["same"]),
        "/other.jpg": (200, encoded(drawn(77))),
        "/page.jpg": (200, b"<!DOCTYPE html><title>parked</title>"),
        "/no.jpg": (403, b"no"),
        "/robots.jpg": (200, bodies["robots"]),
        "/robots.txt": (200, b"User-agent: *\nDisallow: /robots.jpg\n"),
    }
    with site(answers) as (place, asked):
        with Collection(desk.images) as collection:
            for name, body in bodies.items():
                collection.add("cat", body, url=f"{place}/{name}.jpg", page=f"{place}/about/{name}")
        before = snapshot(desk.images)
        done = desk.run("verify", "--live", "--allow-private", "--rate", "0")
        assert done.code == 0, done.err
        *lines, total = done.out.splitlines()
        states = {line.split("\t")[2].rpartition("/")[2]: line.split("\t")[0] for line in lines}
        assert states == {
            "other.jpg": "changed", "gone.jpg": "gone", "page.jpg": "gone", "no.jpg": "blocked", "robots.jpg": "blocked"
        }  # fmt: skip
        assert total == "6 asked for: 1 alive, 1 changed, 2 gone, 2 blocked, 0 unreachable"
        assert ("/same.jpg", f"{place}/about/same") in asked, "asked as the fetch stage asks, with its page"
        assert "/robots.jpg" not in {path for path, _ in asked}
        assert snapshot(desk.images) == before
        sample = desk.run("verify", "--live", "--allow-private", "--rate", "0", "--sample", "2")
        assert sample.out.splitlines()[-1].startswith("2 asked for")
    refused = desk.run("verify", "--live", "--sample", "1")
    assert "url.private_addr" in refused.out or "private" in refused.out, "loopback is not asked without a word"


def test_nobody_there_is_unreachable_and_everything_is_closed() -> None:
    closed: list[object] = []

    class Nobody:
        def get(self, _request: object) -> object:
            from collector.model import SearchState

            raise SourceError(SearchState.UNREACHABLE, "page.unreachable", "nobody there")

        def close(self) -> None:
            closed.append(self)

    def open_visit(_left: object) -> Visit:
        return Nobody()  # type: ignore[return-value]

    origins = (saved(f"{n:064x}", f"{n}.jpg", f"http://x.test/{n}") for n in range(100))
    found = checked(origins, open_visit, 0.0)
    first = next(found)
    assert (first.state, first.detail, first.row.path) == (State.UNREACHABLE, "nobody there", Path("0.jpg"))
    found.close()
    assert closed, "visits are given back when one stops early"


def test_the_pace_of_a_host_holds_for_all_threads() -> None:
    """Two a second of one host: the third request comes a second after the first; by the client's own clock."""
    slept: list[float] = []
    now = [0.0]
    lock = threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            slept.append(seconds)
            now[0] += seconds

    body = encoded(drawn(1))
    with site({"/a.jpg": (200, body)}) as (place, _):
        client = PageClient(FetchSettings(allow_private=True, robots=False), clock=lambda: now[0], sleep=sleep)
        origins = [saved("0" * 64, "a.jpg", f"{place}/a.jpg?{n}") for n in range(4)]
        states = [one.state for one in checked(origins, client.visit, 2.0)]
    assert states == [State.GONE] * 4  # The path with a query is not there.
    assert sum(slept) >= 1.4


@pytest.mark.parametrize(
    ("status", "state"),
    [(410, State.GONE), (451, State.BLOCKED), (402, State.BLOCKED), (418, State.UNREACHABLE)],
)
def test_what_a_status_means(status: int, state: State) -> None:
    with site({"/a.jpg": (status, b"")}) as (place, _):
        client = PageClient(FetchSettings(allow_private=True))
        (one,) = checked([saved("0" * 64, "a.jpg", f"{place}/a.jpg")], client.visit, 0.0)
    assert (one.state, one.detail) == (state, f"HTTP {status}")
