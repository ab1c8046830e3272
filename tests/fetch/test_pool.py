"""Workers that die, hang or are orphaned: what it costs, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psutil
import pytest

from collector.fetch.messages import WorkerFailed
from collector.fetch.pool import ProcessPool
from collector.fetch.worker import AT_ONCE
from collector.model import Downloaded, DownloadFailed, Task, WorkerError
from collector.settings import FetchSettings
from tests.support.children import alive, running
from tests.support.fetching import QUICK
from tests.support.misbehaving import Server, drip, ok, parts, picture, silence

JPEG = picture()
CRASH, HANG = (13, 14), (15, 16)
POISON = f"""
import os, time
from PIL import JpegImagePlugin
load = JpegImagePlugin.JpegImageFile.load
def poisoned(self):
    if self._size == {CRASH}: os.kill(os.getpid(), 11)
    if self._size == {HANG}: time.sleep(60)
    return load(self)
JpegImagePlugin.JpegImageFile.load = poisoned
"""
"""A decoder that pictures of certain sizes are too much for."""

both_ways = pytest.mark.parametrize("more", [b"", bytes(AT_ONCE)], ids=["in the loop", "in a thread"])
"""Bytes after the picture, so that it is looked at here or there."""
Make = Callable[..., tuple[ProcessPool, "SimpleQueue[Any]"]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ProcessPool] = []

    def pool(**settings: Any) -> tuple[ProcessPool, SimpleQueue[Any]]:
        inbox: SimpleQueue[Any] = SimpleQueue()
        chosen = FetchSettings(**{**QUICK, "threads": 8, "processes": 2, "deadline": 30.0, **settings})
        made.append(ProcessPool(chosen, tmp_path / "out", inbox.put))
        return made[-1], inbox

    (tmp_path / "out").mkdir()
    yield pool
    for one in made:
        one.close(now=True)


@pytest.fixture
def poison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers started from now on have the weak decoder."""
    (tmp_path / "weak").mkdir()
    (tmp_path / "weak" / "sitecustomize.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "weak"))


def workers() -> list[psutil.Process]:
    return running("collector.fetch.worker")


def collect(inbox: SimpleQueue[Any], count: int) -> list[Any]:
    return [inbox.get(timeout=30) for _ in range(count)]


@both_ways
@pytest.mark.usefixtures("poison")
def test_decoder_crashes_cost_one_picture_each(server: Server, make: Make, tmp_path: Path, more: bytes) -> None:
    pool, inbox = make()
    urls = [
        server.put(f"/{n}.jpg", ok(picture(size=CRASH if n % 20 == 7 else (40, 30 + n), seed=n) + more))
        for n in range(60)
    ]
    pool.submit(*(Task(n, 1, url) for n, url in enumerate(urls)))
    values = collect(inbox, 60)
    crashed = {value.task.id for value in values if isinstance(value, DownloadFailed)}
    assert {value.reason for value in values if isinstance(value, DownloadFailed)} == {"image.decoder_crash"}
    assert crashed == {7, 27, 47}
    assert pool.in_flight == 0
    arrived = [value.part.name for value in values if isinstance(value, Downloaded)]
    assert sorted(arrived) == parts(tmp_path / "out"), "a dead worker leaves no part file of its own"
    assert 2 <= server.picture_paths().count("/7.jpg") <= 4, "tried again, at last alone"


@both_ways
@pytest.mark.usefixtures("poison")
def test_decoder_that_hangs_is_ended(server: Server, make: Make, more: bytes) -> None:
    pool, inbox = make(decode_timeout=1.0)
    bodies = [picture(size=HANG) + more, *(picture(size=(30, 30 + n)) for n in range(12))]
    urls = [server.put(f"/{n}.jpg", ok(body)) for n, body in enumerate(bodies)]
    started = time.monotonic()
    pool.submit(*(Task(n, 1, url) for n, url in enumerate(urls)))
    values = collect(inbox, len(urls))
    assert time.monotonic() - started < 10
    missed = [value for value in values if isinstance(value, DownloadFailed)]
    assert [(value.task.id, value.reason) for value in missed] == [(0, "image.decoder_timeout")]


def test_a_killed_worker_costs_one_more_try(server: Server, make: Make, tmp_path: Path) -> None:
    pool, inbox = make()
    body = picture(size=(200, 200))
    slow = server.put("/slow.jpg", drip(ok(b"", length=len(body)), body, every=0.05, step=len(body) // 20 + 1))
    pool.submit(*(Task(n, 1, slow) for n in range(6)))
    while len(server.pictures) < 6:
        time.sleep(0.01)
    for process in workers():
        process.kill()
    values = collect(inbox, 6)
    assert {type(value) for value in values} == {Downloaded}
    assert len(parts(tmp_path / "out")) == 6
    assert pool.in_flight == 0


def test_a_stopped_worker_is_ended_and_its_tasks_have_another_try(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.fetch.pool.SILENT", 3.0)
    pool, inbox = make(decode_timeout=3.0)
    url = server.put("/slow.jpg", silence(ok(b"", length=1000)))
    pool.submit(*(Task(n, 1, url) for n in range(6)))
    while len(server.pictures) < 6:
        time.sleep(0.01)
    stopped = workers()
    for process in stopped:
        os.kill(process.pid, signal.SIGSTOP)
    server.put("/slow.jpg", ok(picture(size=(200, 200))))
    values = collect(inbox, 6)
    assert {type(value) for value in values} == {Downloaded}
    assert not any(map(alive, stopped))
    assert pool.in_flight == 0


@pytest.fixture
def sleepy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Workers started from now on leave a file behind when they look at a picture of a certain size, and wait there."""
    (tmp_path / "weak").mkdir()
    (tmp_path / "weak" / "sitecustomize.py").write_text(
        POISON.replace("time.sleep(60)", f"open({str(tmp_path / 'at it')!r}, 'w').close(); time.sleep(0.5)")
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "weak"))
    return tmp_path / "at it"


@both_ways
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_one_death_is_not_the_fault_of_the_picture_that_was_looked_at(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch, sleepy: Path, more: bytes, number: signal.Signals
) -> None:
    monkeypatch.setattr("collector.fetch.pool.SILENT", 2.0)
    pool, inbox = make(processes=1, decode_timeout=4.0)
    pool.submit(Task(1, 1, server.put("/x.jpg", ok(picture(size=HANG) + more))))
    while not sleepy.exists():
        time.sleep(0.01)
    [process] = workers()
    os.kill(process.pid, number)
    assert isinstance(inbox.get(timeout=30), Downloaded)
    assert server.picture_paths() == ["/x.jpg"] * 2


@both_ways
def test_the_second_death_on_the_same_picture_is_its_fault(
    server: Server, make: Make, sleepy: Path, more: bytes
) -> None:
    pool, inbox = make(processes=1)
    pool.submit(Task(1, 1, server.put("/x.jpg", ok(picture(size=HANG) + more))))
    for _ in range(2):
        while not sleepy.exists():
            time.sleep(0.01)
        sleepy.unlink()
        [process] = workers()
        process.kill()
        process.wait(5)
    value = inbox.get(timeout=30)
    assert isinstance(value, DownloadFailed)
    assert value.reason == "image.decoder_crash"


def test_workers_that_cannot_start_are_told(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text("import os; os._exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    pool, inbox = make()
    pool.submit(Task(1, 1, "http://127.0.0.1:9999/x.jpg"))
    value = inbox.get(timeout=20)
    assert isinstance(value, WorkerError)
    assert isinstance(value.error, WorkerFailed)
    assert "exit code 7" in str(value.error)


def test_no_worker_outlives_a_killed_caller(server: Server, tmp_path: Path) -> None:
    url = server.put("/drip.jpg", drip(ok(b"", length=10**5)))
    code = f"""
import sys, time
from pathlib import Path
from collector.fetch.pool import ProcessPool
from collector.fetch.worker import AT_ONCE
from collector.model import Task
from collector.settings import FetchSettings
pool = ProcessPool(FetchSettings(allow_private=True, processes=2), Path({str(tmp_path)!r}), print)
pool.submit(*(Task(n, 1, {url!r}) for n in range(20)))
time.sleep(60)
"""
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root) as caller:
        while len(server.pictures) < 16:
            time.sleep(0.02)
        children = psutil.Process(caller.pid).children()
        assert len(children) == 2
        caller.kill()
    deadline = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < deadline:  # Not every first process fetches its orphans.
        time.sleep(0.05)
    assert not any(map(alive, children))


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
def test_signals_to_the_group_are_the_callers_business(server: Server, make: Make) -> None:
    pool, inbox = make()
    url = server.put("/x.jpg", ok(JPEG))
    pool.submit(*(Task(n, 1, url) for n in range(16)))
    collect(inbox, 16)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for process in workers():
            os.kill(process.pid, number)
    time.sleep(0.2)
    pool.submit(Task(2, 1, server.base + "/x.jpg"))
    assert isinstance(inbox.get(timeout=10), Downloaded)
    assert len(workers()) == 2


def test_bodies_in_flight_are_bounded(server: Server, make: Make, tmp_path: Path) -> None:
    """Sixteen bodies of 4 MB at once, room for one: they all come, one after the other."""
    pool, inbox = make(threads=16, processes=1, max_in_flight=1 << 20, max_bytes=8 << 20, read_timeout=20.0)
    body = JPEG + bytes(4 << 20)
    url = server.put("/big.jpg", ok(body))
    pool.submit(Task(0, 1, server.put("/small.jpg", ok(JPEG))))
    inbox.get(timeout=20)
    [process] = workers()
    before = peak = process.memory_info().rss
    pool.submit(*(Task(n + 1, 1, url) for n in range(16)))
    values = []
    while len(values) < 16:
        while not inbox.empty():
            values.append(inbox.get())
        peak = max(peak, process.memory_info().rss)
        time.sleep(0.002)
    assert all(isinstance(value, Downloaded) and value.picture.bytes > 4 << 20 for value in values)
    assert peak - before < 40 << 20


def test_both_processes_have_work(server: Server, make: Make) -> None:
    pool, inbox = make(threads=16)
    body = picture(size=(300, 300))
    slow = server.put("/slow.jpg", drip(ok(b"", length=len(body)), body, every=0.02, step=len(body) // 10 + 1))
    pool.submit(*(Task(n, 1, slow) for n in range(16)))
    while len(server.pictures) < 16:
        time.sleep(0.01)
    busy = [len(process.net_connections()) for process in workers()]
    assert sorted(busy) == [8, 8]
    collect(inbox, 16)


def test_a_request_that_cannot_be_made_costs_one_picture(
    server: Server, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weak").mkdir()
    weak = """
from collector.http.curl_handle import Handles
lend = Handles.lend
def poisoned(self, transfer):
    if "bad" in transfer.url:
        raise ValueError("odd")
    return lend(self, transfer)
Handles.lend = poisoned
"""
    (tmp_path / "weak" / "sitecustomize.py").write_text(weak)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "weak"))
    pool, inbox = make()
    good, bad = (server.put(f"/{name}.jpg", ok(picture())) for name in ("good", "bad"))
    pool.submit(Task(1, 1, good), Task(2, 1, bad), Task(3, 1, good))
    values = {value.task.id: value for value in collect(inbox, 3)}
    assert [type(values[number]) for number in (1, 2, 3)] == [Downloaded, DownloadFailed, Downloaded]
    assert (values[2].reason, values[2].detail) == ("internal.error", "ValueError: odd")
    pool.close()
    assert pool.in_flight == 0


def test_a_page_of_an_international_host_is_told_in_ascii(server: Server, make: Make) -> None:
    pool, inbox = make()
    pool.submit(Task(1, 1, server.put("/a.jpg", ok(picture())), page="http://bücher.example/ü"))
    assert [type(value) for value in collect(inbox, 1)] == [Downloaded]
    assert server.pictures[0].headers["referer"] == "http://xn--bcher-kva.example/"


@both_ways
def test_an_error_nobody_foresaw_costs_one_picture_and_leaves_a_report(
    server: Server, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    (tmp_path / "weak").mkdir()
    raising = "raise type('Surprise', (Exception,), {})('half an \\ud83d emoji')"
    weak = POISON.replace("os.kill(os.getpid(), 11)", raising)
    (tmp_path / "weak" / "sitecustomize.py").write_text(weak)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "weak"))
    pool, inbox = make()
    good, bad = (server.put(f"/{n}.jpg", ok(picture(size=size) + more)) for n, size in enumerate(((90, 90), CRASH)))
    pool.submit(Task(1, 1, good), Task(2, 1, bad), Task(3, 1, good))
    values = {value.task.id: value for value in collect(inbox, 3)}
    assert [type(values[number]) for number in (1, 2, 3)] == [Downloaded, DownloadFailed, Downloaded]
    assert (values[2].reason, values[2].detail[:8]) == ("internal.error", "Surprise")
    (report,) = (tmp_path / "out-diagnosis").iterdir()
    assert report.name == "picture-2.txt"
    assert bad in report.read_text("utf-8") and "in poisoned" in report.read_text("utf-8")
    assert pool.in_flight == 0
