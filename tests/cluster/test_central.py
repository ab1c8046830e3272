"""One ledger and workers at stations: what a fetch on this machine keeps is kept, whatever becomes of a station."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from collector import open as open_collection
from collector.cluster import ray_engine
from collector.cluster.central import FarProcess, Lost, Report, Station
from collector.fetch.messages import Begin
from collector.fetch.pool import ProcessPool
from collector.ledger import Ledger
from collector.model import Downloaded, DownloadFailed, Noticed, Task, WorkerError
from collector.settings import FetchSettings
from tests.fetch.test_pool import CRASH, POISON
from tests.support.children import alive, running
from tests.support.command import Desk
from tests.support.fetching import QUICK
from tests.support.misbehaving import Server, ok, parts, picture, serving
from tests.support.picture_hosts import hosts, listed

SETTINGS = {"fetch.allow_private": True, "fetch.threads": 8, "fetch.keep_free": 0}
Inbox = SimpleQueue[Any]


def test_limits_ranks_and_copies_are_kept_as_on_one_machine(tmp_path: Path) -> None:
    with hosts(2, seconds=0.01) as running:
        first, second = running
        found = {
            "cat": [f"{host.home}/{n}.jpg" for n in range(15) for host in running],
            "dog": [f"{second.home}/no-{n}.jpg" for n in range(5)] + [f"{first.home}/{n}.jpg" for n in range(50, 90)],
        }
        folder = listed(tmp_path / "images", found, limit=20)
        events = list(open_collection(folder).fetch(on="local", workers=3, settings=SETTINGS))
        assert max(host.most for host in running) <= 8
    kinds = Counter((type(event).__name__, event.task.search_id) for event in events if not isinstance(event, Noticed))
    with Ledger.read(folder) as ledger:
        rows = list(ledger.dataset.rows())
    states = Counter((row.label, row.state) for row in rows)
    assert states == {
        ("cat", "saved"): 15, ("cat", "duplicate"): 15,
        ("dog", "failed"): 5, ("dog", "saved"): 20, ("dog", "skipped"): 20,
    }  # fmt: skip
    assert kinds.total() == len(rows) == 75
    assert sorted(row.path for row in rows if row.state == "saved" and row.path) == sorted(
        path.relative_to(folder) for path in folder.rglob("*.jpg")
    )
    assert max(row.rank for row in rows if row.label == "dog" and row.state == "saved") <= 35, "by rank"
    assert parts(folder) == []


# --------------------------------------------------------------------------- stations that die


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


Make = Callable[..., tuple[ProcessPool, Inbox]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ProcessPool] = []
    (tmp_path / "out").mkdir()

    def pool(station: Callable[[Begin], Any] = Station, **settings: Any) -> tuple[ProcessPool, Inbox]:
        inbox: Inbox = SimpleQueue()
        chosen = FetchSettings(**{**QUICK, "threads": 8, "processes": 2, "deadline": 30.0, **settings})
        made.append(ProcessPool(chosen, tmp_path / "out", inbox.put, start=lambda b: FarProcess(station(b), b)))
        return made[-1], inbox

    yield pool
    for one in made:
        one.close(now=True)


class Doomed(Station):
    """A station whose machine goes, or is heard of no more, with its first picture; those of a pool's first alone."""

    left = 1
    silent = False

    def __init__(self, begin: Begin) -> None:
        super().__init__(begin)
        self._doomed, self._gone = type(self).left > 0, False
        type(self).left -= 1

    def pull(self) -> Report | None:  # type: ignore[override]
        report = super().pull()
        self._gone = self._gone or (self._doomed and bool(report.pictures))
        if not self._gone:
            return report
        if self.silent:
            return None
        self.close()
        raise Lost("gone")


def tasks(server: Server, count: int) -> list[Task]:
    urls = [server.put(f"/{n}.jpg", ok(picture(size=(40, 30 + n), seed=n))) for n in range(count)]
    return [Task(n, 1, url) for n, url in enumerate(urls)]


def collect(inbox: Inbox, count: int) -> list[Any]:
    return [inbox.get(timeout=30) for _ in range(count)]


@pytest.mark.parametrize("silent", [False, True], ids=["lost", "not heard of"])
def test_a_lost_station_costs_no_picture_and_blames_none(
    server: Server, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, silent: bool
) -> None:
    monkeypatch.setattr("collector.fetch.pool.SILENT", 1.5)
    monkeypatch.setattr(Doomed, "left", 1)
    monkeypatch.setattr(Doomed, "silent", silent)
    pool, inbox = make(Doomed, decode_timeout=3.0)
    pool.submit(*tasks(server, 60))
    values = collect(inbox, 60)
    assert {type(value) for value in values} == {Downloaded}
    assert {value.task.id for value in values} == set(range(60))
    assert sorted(value.part.name for value in values) == parts(tmp_path / "out")
    assert pool.in_flight == 0
    assert Doomed.left <= -2, "two stations, and one in the place of the lost one"


def test_stations_that_go_one_after_the_other_blame_no_picture(
    server: Server, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Doomed, "left", 8)
    pool, inbox = make(Doomed, processes=1)
    pool.submit(*tasks(server, 40))
    assert {type(value) for value in collect(inbox, 40)} == {Downloaded}


def test_decoder_crashes_at_a_station_cost_one_picture_each(
    server: Server, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weak").mkdir()
    (tmp_path / "weak" / "sitecustomize.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "weak"))
    pool, inbox = make()
    bad = Task(99, 1, server.put("/bad.jpg", ok(picture(size=CRASH))))
    pool.submit(*tasks(server, 20), bad)
    values = collect(inbox, 21)
    [missed] = [value for value in values if isinstance(value, DownloadFailed)]
    assert (missed.task.id, missed.reason) == (99, "image.decoder_crash")


def test_a_disk_of_ours_that_takes_nothing_ends_the_run(server: Server, make: Make, tmp_path: Path) -> None:
    pool, inbox = make()
    (tmp_path / "out").rmdir()
    pool.submit(*tasks(server, 1))
    value = inbox.get(timeout=30)
    assert isinstance(value, WorkerError)
    assert isinstance(value.error, FileNotFoundError)
    (tmp_path / "out").mkdir()


def test_a_closed_pool_leaves_no_process_and_no_scratch_folder(
    server: Server, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.cluster.piece.tempfile.tempdir", str(tmp_path))
    pool, inbox = make()
    pool.submit(*tasks(server, 3))
    collect(inbox, 3)
    workers = running("collector.fetch.worker")
    assert workers
    pool.close()
    assert not any(map(alive, workers))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


class _Ray:
    """One machine; whatever is asked for is this itself, and an answer takes a moment, or until it has left."""

    exceptions = SimpleNamespace(RayError=ConnectionError)
    cluster_resources = staticmethod(lambda: {"CPU": 1})
    nodes = staticmethod(lambda: [{"NodeID": "a", "Alive": True, "Resources": {"CPU": 1}}])

    def __init__(self) -> None:
        self.asked, self.over = Event(), Event()
        self.answered: bool | None = None

    def __getattr__(self, name: str) -> Any:
        return self

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def is_initialized(self) -> bool:
        return False

    def get(self, *_: Any, **__: Any) -> None:
        self.asked.set()
        self.answered = not self.over.wait(0.2)

    def shutdown(self) -> None:
        self.over.set()


def test_ray_is_not_left_while_a_station_is_being_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = _Ray()
    monkeypatch.setattr(ray_engine, "_ray", lambda: ray)
    with ray_engine.machines("ray") as found:
        reader = Thread(target=found.open(Begin(FetchSettings(), "", "", 1, 1, ""), b"").close)
        reader.start()
        assert ray.asked.wait(10)
    reader.join()
    assert ray.answered
    assert ray.over.is_set()


# --------------------------------------------------------------------------- how it is asked for


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ("--on ray", "--on needs --store, where the pictures go, or --central, which brings them into the folder"),
        ("--workers 2", "--workers needs --central"),
        ("--central --store memory://x", "--central brings the pictures into the folder, --store into a store: one of"),
        ("--central --on spark", "--on spark: local, ray, or ray://HEAD:PORT"),
    ],
)  # fmt: skip
def test_flags_that_do_not_go_together_are_told(tmp_path: Path, flags: str, line: str) -> None:
    desk = Desk(tmp_path / "desk")
    ended = desk.run("fetch", *flags.split())
    assert (ended.code, line in ended.last_line) == (2, True), ended
    assert not desk.images.exists(), "nothing is made"
