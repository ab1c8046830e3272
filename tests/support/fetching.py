"""What the tests of the fetch stage share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from collector.fetch.pool import ProcessPool
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


Fetch = Callable[..., Downloaded | DownloadFailed]


@pytest.fixture
def fetch(tmp_path: Path) -> Iterator[Fetch]:
    """fetch(url, page=..., settings={...}): one task through a whole pool; checks that no stray part file stays."""
    pools: dict[tuple[Any, ...], tuple[ProcessPool, SimpleQueue[Any]]] = {}

    def run(url: str, settings: dict[str, Any] | None = None, **task: Any) -> Downloaded | DownloadFailed:
        key = tuple(sorted((settings or {}).items()))
        if key not in pools:
            inbox: SimpleQueue[Any] = SimpleQueue()
            chosen = FetchSettings(**{**QUICK, **(settings or {})})
            pools[key] = (ProcessPool(chosen, tmp_path, inbox.put), inbox)
        pool, inbox = pools[key]
        pool.submit(Task(1, 1, url, **task))
        value = inbox.get(timeout=20)
        if isinstance(value, WorkerError):
            raise value.error
        assert isinstance(value, Downloaded | DownloadFailed)
        return value

    yield run
    for pool, _ in pools.values():
        pool.close(now=True)


@pytest.fixture
def slug(fetch: Fetch) -> Callable[..., str]:
    """Like fetch, but the reason alone; "arrived" for a picture."""

    def run(url: str, settings: dict[str, Any] | None = None, **task: Any) -> str:
        value = fetch(url, settings, **task)
        return value.reason if isinstance(value, DownloadFailed) else "arrived"

    return run
