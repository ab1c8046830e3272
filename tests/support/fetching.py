"""What the tests of the fetch stage share."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest

from collector.fetch import pool as pools
from collector.fetch.heartbeat import Heartbeat
from collector.fetch.messages import ORDERS, Begin, Close, Given, Ready, line
from collector.fetch.pool import ProcessPool
from collector.fetch.worker import Worker
from collector.model import Downloaded, DownloadFailed, Task, WorkerError
from collector.settings import FetchSettings
from tests.support.misbehaving import Server, serving

QUICK = {
    "threads": 4,
    "processes": 1,
    "allow_private": True,
    "connect_timeout": 1.0,
    "read_timeout": 0.8,
    "deadline": 2.0,
    "minimum_speed": 0,
    "max_bytes": 1_000_000,
    "max_data_url": 1_000_000,
}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def second() -> Iterator[Server]:
    """Another origin."""
    with serving() as running:
        yield running


class ProcessHere:
    """A worker of the pool without its process, which costs more to start than most pictures: a thread of the test.

    What it says and hears is written and read as if a pipe stood between.
    """

    lost = stopped = False
    ending = ""

    def __init__(self, begin: Begin) -> None:
        self._heartbeat = Heartbeat()
        self._said: SimpleQueue[bytes] = SimpleQueue()
        self._worker = Worker(
            begin.settings, Path(begin.folder), begin.token, lambda batch: self._said.put(line(batch)),
            self._heartbeat, limit=begin.limit, threads=begin.threads, blocked=begin.blocked,
        )  # fmt: skip
        self._said.put(line([Ready()]))
        self._thread = Thread(target=self._run, name="fetch-here", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def beats(self) -> int:
        return time.monotonic_ns()

    def looked_at(self) -> list[int]:
        return self._heartbeat.looked_at()

    def send(self, text: bytes, last: bool = False) -> None:
        orders = ORDERS.decode(text)
        self._worker.submit([order for order in orders if isinstance(order, Given)])
        if Close() in orders:
            self._worker.close()

    def lines(self) -> Generator[bytes, None, None]:
        while said := self._said.get():
            yield said

    def kill(self) -> None:
        """It ends when what it has begun has ended."""
        self._worker.close()

    def close(self) -> None:
        self._heartbeat.close()

    def _run(self) -> None:
        self._worker.run()
        self._said.put(b"")


Fetch = Callable[..., Downloaded | DownloadFailed]


@pytest.fixture
def downloads_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools have threads of this process for workers. Not for tests that end in the middle: nothing cuts a thread."""
    monkeypatch.setattr(pools, "LocalProcess", ProcessHere)


@pytest.fixture
def fetch(tmp_path: Path, downloads_in_process: None) -> Iterator[Fetch]:
    """fetch(url, page=..., settings={...}): one task through a whole pool, whose worker is a thread."""
    made: dict[tuple[Any, ...], tuple[ProcessPool, SimpleQueue[Any]]] = {}

    def run(url: str, settings: dict[str, Any] | None = None, **task: Any) -> Downloaded | DownloadFailed:
        key = tuple(sorted((settings or {}).items()))
        if key not in made:
            inbox: SimpleQueue[Any] = SimpleQueue()
            chosen = FetchSettings(**{**QUICK, **(settings or {})})
            made[key] = (ProcessPool(chosen, tmp_path, inbox.put), inbox)
        pool, inbox = made[key]
        pool.submit(Task(1, 1, url, **task))
        value = inbox.get(timeout=20)
        if isinstance(value, WorkerError):
            raise value.error
        assert isinstance(value, Downloaded | DownloadFailed)
        return value

    yield run
    for pool, _ in made.values():
        pool.close(now=True)


@pytest.fixture
def slug(fetch: Fetch) -> Callable[..., str]:
    """Like fetch, but the reason alone; "arrived" for a picture."""

    def run(url: str, settings: dict[str, Any] | None = None, **task: Any) -> str:
        value = fetch(url, settings, **task)
        return value.reason if isinstance(value, DownloadFailed) else "arrived"

    return run
