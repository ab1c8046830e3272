"""The pool: one value per task, part files, stops within their limits, and a disk at fault."""

from __future__ import annotations

import errno
import hashlib
import pickle
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.fetch.parts import sweep_parts
from collector.fetch.pool import ProcessPool
from collector.model import Downloaded, DownloadFailed, Task, WorkerError
from collector.settings import FetchSettings
from tests.faults import sitecustomize as faults
from tests.support.fetching import QUICK
from tests.support.misbehaving import Server, bare, drip, ok, parts, picture, redirect, reset, silence

JPEG = picture()
Inbox = queue.SimpleQueue


@pytest.fixture
def pool_of(tmp_path: Path) -> Iterator[Callable[..., tuple[ProcessPool, Inbox[Any]]]]:
    made: list[ProcessPool] = []

    def make(folder: Path = tmp_path, **settings: Any) -> tuple[ProcessPool, Inbox[Any]]:
        inbox: Inbox[Any] = Inbox()
        made.append(ProcessPool(FetchSettings(**{**QUICK, **settings}), folder, inbox.put))
        return made[-1], inbox

    yield make
    for pool in made:
        pool.close(now=True)


def test_fifty_threads_over_a_bad_server_one_value_each(server: Server, pool_of, tmp_path: Path) -> None:
    bodies = {f"/good{n}.jpg": picture(size=(90, 60), seed=n) for n in range(150)}
    urls = [server.put(path, ok(body)) for path, body in bodies.items()]
    bad = [ok(b"", "404 No"), ok(b"<html>"), ok(JPEG[:300], length=len(JPEG), Connection="close"), b"", silence(),
           reset(ok(JPEG[:100], length=len(JPEG))), redirect("/bad7.jpg"), drip(bare("HTTP/1.1 200 OK")),
           ok(b"", "429 Slow", Retry_After="1"), ok(JPEG[:600])]  # fmt: skip
    urls += [server.put(f"/bad{n}.jpg", bad[n % len(bad)]) for n in range(100)]
    random.Random(3).shuffle(urls)
    pool, inbox = pool_of(threads=50, deadline=3.0)
    assert pool.capacity >= 50
    for n, url in enumerate(urls):
        pool.submit(Task(n, 1, url))
    values = [inbox.get(timeout=30) for _ in urls]
    pool.close()
    assert pool.in_flight == 0
    assert inbox.empty()
    assert sorted(value.task.id for value in values) == list(range(250))
    arrived = [value for value in values if isinstance(value, Downloaded)]
    assert {value.attempt.final_url.removeprefix(server.base) for value in arrived} == set(bodies)
    for value in arrived:
        assert value.part.read_bytes() == bodies[value.attempt.final_url.removeprefix(server.base)]
        assert value.picture.sha256 == hashlib.sha256(value.part.read_bytes()).hexdigest()
    assert parts(tmp_path) == sorted(value.part.name for value in arrived)
    assert all(isinstance(value, DownloadFailed) for value in values if value not in arrived)


def test_values_are_small_and_picklable(server: Server, pool_of) -> None:
    pool, inbox = pool_of()
    pool.submit(Task(1, 1, server.put("/x.jpg", ok(picture(size=(500, 500))))))
    pool.submit(Task(2, 1, server.base + "/none"))
    for _ in range(2):
        value = inbox.get(timeout=5)
        assert pickle.loads(pickle.dumps(value)) == value
        assert len(pickle.dumps(value)) < 2000


def test_threads_run_side_by_side(server: Server, pool_of) -> None:
    import asyncio

    async def together(request: Any, writer: Any) -> None:
        while len(server.pictures) < 20:
            await asyncio.sleep(0.01)
        writer.write(ok(JPEG))
        await writer.drain()

    pool, inbox = pool_of(threads=20, read_timeout=30.0, deadline=30.0)
    url = server.put("/x.jpg", together)
    for n in range(20):
        pool.submit(Task(n, 1, url))
    assert pool.in_flight == 20
    for _ in range(20):
        assert isinstance(inbox.get(timeout=40), Downloaded)


def test_part_files_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".collector-0123456789abcdef.part").write_bytes(b"half")
    (tmp_path / ".collector-x.part").write_bytes(b"")
    keep = [tmp_path / "collector.db", tmp_path / "a.part", tmp_path / ".collector.lock"]
    for path in keep:
        path.write_bytes(b"keep")
    assert sweep_parts(tmp_path) == 2
    assert sweep_parts(tmp_path) == 0
    assert all(path.exists() for path in keep)


# --------------------------------------------------------------------------- stops


def stuck(server: Server, pool: ProcessPool, count: int = 4) -> None:
    """Have all threads in the middle of a download that does not end by itself."""
    asked = len(server.pictures)
    url = server.put("/drip.jpg", drip(ok(b"", length=10**5)))
    for n in range(count):
        pool.submit(Task(n, 1, url))
    while len(server.pictures) < asked + min(count, 4):
        time.sleep(0.01)


def test_close_now_cuts_what_runs(server: Server, pool_of, tmp_path: Path) -> None:
    pool, inbox = pool_of(deadline=60.0, read_timeout=60.0)
    stuck(server, pool, 20)
    started = time.monotonic()
    pool.close(now=True)
    assert time.monotonic() - started < 6
    assert inbox.empty()
    assert pool.in_flight == 0
    assert len(server.pictures) == 4, "what waits is not started"
    assert parts(tmp_path) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch-")]


def test_close_lets_running_downloads_finish(server: Server, pool_of) -> None:
    pool, inbox = pool_of(deadline=60.0)
    url = server.put("/slow.jpg", drip(ok(b"", length=len(JPEG)), JPEG, every=0.02, step=len(JPEG) // 40))
    for n in range(10):
        pool.submit(Task(n, 1, url))
    while len(server.pictures) < 4:
        time.sleep(0.01)
    pool.close()
    values = [inbox.get_nowait() for _ in range(4)]
    assert all(isinstance(value, Downloaded) for value in values)
    assert inbox.empty()
    assert len(server.pictures) == 4


def test_close_waits_only_so_long(server: Server, pool_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.fetch.pool.DRAIN_SECONDS", 0.5)
    pool, inbox = pool_of(deadline=60.0, read_timeout=60.0)
    stuck(server, pool)
    started = time.monotonic()
    pool.close()
    assert 0.5 <= time.monotonic() - started < 30
    assert inbox.empty()


def test_a_second_close_hurries_the_first(server: Server, pool_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.fetch.pool.DRAIN_SECONDS", 30.0)
    pool, inbox = pool_of(deadline=60.0, read_timeout=60.0)
    stuck(server, pool)
    first = threading.Thread(target=pool.close)
    started = time.monotonic()
    first.start()
    time.sleep(0.2)
    pool.close(now=True)
    first.join(15)
    assert time.monotonic() - started < 15
    assert inbox.empty()


def test_close_does_not_wait_for_a_full_inbox(server: Server, tmp_path: Path) -> None:
    inbox: queue.Queue[Any] = queue.Queue(maxsize=1)
    pool = ProcessPool(FetchSettings(**QUICK), tmp_path, inbox.put)
    url = server.put("/x.jpg", ok(JPEG))
    for n in range(4):
        pool.submit(Task(n, 1, url))
    while not inbox.full() or len(parts(tmp_path)) < 4:
        time.sleep(0.01)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 6
    values = [inbox.get(timeout=2) for _ in range(4)]
    assert {value.part.name for value in values} == set(parts(tmp_path))


def test_a_pool_without_work_starts_nothing(pool_of) -> None:
    before = threading.active_count()
    pool, _ = pool_of(threads=30)
    assert pool.capacity > 30
    pool.close()
    assert threading.active_count() == before


def test_closed_means_closed(pool_of) -> None:
    pool, _ = pool_of()
    pool.close()
    pool.close()
    with pytest.raises(RuntimeError):
        pool.submit(Task(1, 1, "https://a.example/"))


# --------------------------------------------------------------------------- trouble that is nobody's picture's


def test_folder_that_is_gone_is_an_error_not_a_failure(server: Server, pool_of, tmp_path: Path) -> None:
    pool, inbox = pool_of(folder=tmp_path / "gone")
    pool.submit(Task(1, 1, server.put("/x.jpg", ok(JPEG))))
    assert isinstance(inbox.get(timeout=5).error, FileNotFoundError)


def test_full_disk_is_an_error_and_leaves_nothing(
    server: Server, pool_of, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(faults.__file__).parent))  # The workers meet it, this process does not.
    monkeypatch.setenv("FAULT", "write:1:ENOSPC")
    monkeypatch.setenv("FAULT_UNDER", str(tmp_path))
    monkeypatch.setenv("FAULT_LOG", str(tmp_path / "log"))
    pool, inbox = pool_of()
    pool.submit(Task(1, 1, server.put("/x.jpg", ok(JPEG))))
    value = inbox.get(timeout=5)
    assert isinstance(value, WorkerError)
    assert isinstance(value.error, OSError)
    assert value.error.errno == errno.ENOSPC
    assert parts(tmp_path) == []


def test_memory_and_files_stay_flat(server: Server, pool_of, tmp_path: Path) -> None:
    import psutil

    pool, inbox = pool_of(threads=8)
    url = server.put("/x.jpg", ok(picture(size=(300, 200))))
    process = psutil.Process()

    def rounds(count: int) -> tuple[int, int]:
        for n in range(count):
            pool.submit(Task(n, 1, url if n % 3 else server.base + "/none"))
        for _ in range(count):
            value = inbox.get(timeout=10)
            if isinstance(value, Downloaded):
                value.part.unlink()
        return process.memory_info().rss, process.num_fds()

    first = rounds(200)
    last = rounds(1000)
    assert last[0] - first[0] < 20_000_000
    assert last[1] - first[1] < 10
    assert server.connections <= 8
