"""Worker processes that turn Tasks into verified part files: each ends in one Downloaded or DownloadFailed.

The calling side of `worker`: spreads tasks, reads results, and sees to it that a worker's death costs nothing but one
more try. Never names a picture and never decides about trying again for a reason that lies outside.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from collector.fetch.heartbeat import Slots
from collector.fetch.messages import (
    CLOSE,
    Message,
    WorkerFailed,
    read_result,
    read_trouble,
    settings_line,
    tasks_line,
)
from collector.fetch.parts import PART
from collector.model import Downloaded, DownloadFailed, Emit, Task, WorkerError
from collector.settings import FetchSettings
from collector.urls import host_of

DRAIN_SECONDS = 8.0
"""How long a graceful close waits for running downloads."""
READ_SECONDS = 1.0
"""How long any close waits for what ended workers had still written."""
TICK = 0.25
"""Seconds between looks at how long decoders have been at it."""
DEATHS = 3
"""Workers that may die in a row before they are up: then something is wrong that no picture is to blame for.
And deaths that a task may share before it is tried alone."""
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "16777216", "MALLOC_ARENA_MAX": "2"}
"""For glibc: large bodies go back to the system when they are done with, instead of leaving holes in the heap; small
ones, which are most, do not cost the kernel's time for clean pages each."""
LOOKERS = 2
"""Threads per worker that look at bytes: while one waits for the interpreter, the other one decodes."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A task in the hands of a worker."""

    task: Task
    deaths: int = 0
    """Workers that died over it."""


class ProcessPool:
    """`threads` downloads at a time, over all processes. For one calling thread, but for what says otherwise."""

    def __init__(self, settings: FetchSettings, folder: Path, emit: Emit) -> None:
        """Nothing starts before the first task. `folder` must exist then; the readers' threads call `emit`."""
        self._settings, self._folder, self._emit = settings, folder, emit
        self._token = secrets.token_hex(4)
        self._count = settings.processes or os.cpu_count() or 1
        self._count = max(1, min(self._count, settings.threads))
        self._share = -(-max(1, settings.threads) // self._count)
        """Downloads at a time of one worker."""
        self._workers: list[_Worker] = []
        self._alone: _Worker | None = None
        """The worker for tasks that are tried one at a time, because a worker died over them."""
        self._suspects: deque[_Given] = deque()
        self._serial = 0
        self._lock = threading.RLock()
        self._closing = self._killed = False
        self._stillborn = 0
        self._over = threading.Event()
        self._watch: threading.Thread | None = None

    @property
    def in_flight(self) -> int:
        """Tasks submitted whose value is not emitted yet."""
        with self._lock:
            return sum(len(worker.given) for worker in self._all()) + len(self._suspects)

    @property
    def capacity(self) -> int:
        """Tasks worth submitting before values come back: one per download, and some to hand so that none idles."""
        threads = max(1, self._settings.threads)
        return threads + max(2, threads // 4)

    def submit(self, *tasks: Task) -> None:
        """Hand tasks out to the workers."""
        if self._closing:
            raise RuntimeError("the pool is closed")
        if not tasks:
            return
        if self._watch is None:
            self._watch = threading.Thread(target=self._watch_decoders, name="fetch-watch", daemon=True)
            self._watch.start()
        self._spread([_Given(task) for task in tasks])

    def close(self, now: bool = False) -> None:
        """End the workers: within 10 s when running downloads may finish, within 2 s with `now`.

        Tasks that were not started, or were cut, emit nothing and stay to do. What finished is emitted
        before this returns, unless `emit` blocks. May be called again, with `now`, to hurry.
        """
        with self._lock:
            self._closing = True
            self._suspects.clear()
            workers = list(self._all())
        self._over.set()
        if not now:
            for worker in workers:
                worker.send(CLOSE, last=True)
            ends = time.monotonic() + DRAIN_SECONDS
            while any(worker.running for worker in workers) and not self._killed and time.monotonic() < ends:
                time.sleep(0.01)
        self._killed = True
        for worker in workers:
            worker.kill()
        ends = time.monotonic() + READ_SECONDS
        for worker in workers:
            worker.join(max(0.0, ends - time.monotonic()))

    # ----------------------------------------------------------------- handing out

    def _all(self) -> list[_Worker]:
        return [*self._workers, self._alone] if self._alone else self._workers

    def _spread(self, tasks: list[_Given]) -> None:
        lines: dict[_Worker, list[tuple[int, Task]]] = {}
        with self._lock:
            while len(self._workers) < self._count:
                self._workers.append(self._new_worker(len(self._workers), alone=False))
            slack = max(1, self._share // 4)
            for given in tasks:
                worker = self._choose(given.task, slack)
                self._serial += 1
                worker.given[self._serial] = given
                lines.setdefault(worker, []).append((self._serial, given.task))
        for worker, rows in lines.items():
            worker.send(tasks_line(rows))

    def _choose(self, task: Task, slack: int) -> _Worker:
        """The worker that most likely has a connection to the host, unless it has much more to do than another."""
        least = min(self._workers, key=lambda worker: len(worker.given))
        home = self._workers[zlib.crc32(host_of(task.url).encode("utf-8", "replace")) % len(self._workers)]
        close = len(home.given) <= len(least.given) + slack
        return home if close and (len(home.given) < self._share or len(least.given) >= self._share) else least

    def _new_worker(self, place: int, alone: bool) -> _Worker:
        limit = 1 if alone else self._share
        return _Worker(self, self._settings, self._folder, self._token, place, limit, alone, self._count)

    def _next_suspect(self) -> None:
        """Try the next one alone, when nobody is at it."""
        with self._lock:
            if self._closing or not self._suspects or (self._alone is not None and self._alone.given):
                return
            if self._alone is None:
                self._alone = self._new_worker(-1, alone=True)
            given = self._suspects.popleft()
            self._serial += 1
            self._alone.given[self._serial] = given
            worker, rows = self._alone, [(self._serial, given.task)]
        worker.send(tasks_line(rows))

    # ----------------------------------------------------------------- in the readers' threads

    def received(self, worker: _Worker, batch: list[Message]) -> None:
        """Results of a worker."""
        for message in batch:
            value: Downloaded | DownloadFailed | WorkerError
            if message[0] == 0:
                value, serial = WorkerError(read_trouble(message)), message[1]
                if serial:
                    self._take(worker, serial)
            else:
                with self._lock:
                    given = worker.given.get(message[0])
                if given is None:
                    continue
                value, serial = read_result(message, given.task, self._folder), message[0]
            self._emit(value)
            self._take(worker, serial)
        if worker is self._alone:
            self._next_suspect()

    def _take(self, worker: _Worker, serial: int) -> None:
        with self._lock:
            worker.given.pop(serial, None)

    def died(self, worker: _Worker) -> None:
        """A worker is gone, and all it wrote has been read."""
        with self._lock:
            left, worker.given = worker.given, {}
            if worker is self._alone:
                self._alone = None
            elif worker in self._workers:
                self._workers.remove(worker)
            closing = self._closing
        for serial in left:
            (self._folder / PART.format(f"{self._token}-{serial}")).unlink(missing_ok=True)
        if closing:
            return
        self._stillborn = 0 if worker.ready else self._stillborn + 1
        if self._stillborn >= DEATHS:
            line = f"the fetch workers die before they begin (exit code {worker.code})"
            self._emit(WorkerError(WorkerFailed(line)))
            return
        again = self._judge(worker, left)
        if again:
            self._spread(again)
        self._next_suspect()

    def _judge(self, worker: _Worker, left: dict[int, _Given]) -> list[_Given]:
        """What becomes of a dead worker's tasks; those returned are handed out again at once."""
        looked_at = set(worker.slots.serials())
        again: list[_Given] = []
        for serial, given in left.items():
            if not worker.ready:
                again.append(given)
            elif serial == worker.overdue:
                detail = f"looking at it took more than {self._settings.decode_timeout:.0f} s"
                self._emit(DownloadFailed(given.task, "image.decoder_timeout", detail))
            elif worker.is_alone:
                self._emit(
                    DownloadFailed(given.task, "image.decoder_crash", f"the decoder died (exit code {worker.code})")
                )
            elif worker.overdue or (looked_at and serial not in looked_at and given.deaths < DEATHS):
                again.append(_Given(given.task, given.deaths + 1))
            else:
                with self._lock:
                    self._suspects.append(given)
        return again

    # ----------------------------------------------------------------- decoders that do not end

    def _watch_decoders(self) -> None:
        """Counted in our own ticks, not by the clock: a machine that slept is not a decoder that hung."""
        ticks: dict[tuple[int, int], int] = {}
        most = max(1, round(self._settings.decode_timeout / TICK))
        while not self._over.wait(TICK):
            with self._lock:
                workers = list(self._all())
            running = {(worker.pid, serial): worker for worker in workers for serial in worker.slots.serials()}
            ticks = {key: ticks.get(key, 0) + 1 for key in running}
            for key, worker in running.items():
                if ticks[key] > most:
                    worker.overdue = key[1]
                    worker.kill()


class _Worker:
    """One process, the thread that reads from it, and what it was given."""

    def __init__(
        self,
        pool: ProcessPool,
        settings: FetchSettings,
        folder: Path,
        token: str,
        place: int,
        limit: int,
        alone: bool,
        count: int,
    ) -> None:
        self.given: dict[int, _Given] = {}
        self.overdue = 0
        """Serial of the task it was killed for."""
        self.ready = False
        """Whether it said that it is up."""
        self.is_alone = alone
        self._pool = pool
        self._send_lock = threading.Lock()
        self.slots = Slots()
        share = max(1 << 20, settings.max_in_flight // count)
        arguments = (folder.absolute(), token, limit, 1 if alone else LOOKERS, share, self.slots.path)
        source = Path(__file__).resolve().parents[2]
        path = os.pathsep.join(filter(None, (str(source), os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "collector.fetch.worker", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **MALLOC, "PYTHONPATH": path},
            bufsize=0,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.send(settings_line(settings))
        self._reader = threading.Thread(target=self._read, name=f"fetch-{place}", daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def code(self) -> int | None:
        return self._process.returncode

    def send(self, line: bytes, last: bool = False) -> None:
        """A dead worker takes nothing; its reader sees to what it was given."""
        with self._send_lock, contextlib.suppress(OSError, ValueError):
            view, pipe = memoryview(line), self._process.stdin
            while view and pipe is not None:
                view = view[pipe.write(view) or 0 :]
            if last and pipe is not None:
                pipe.close()

    def kill(self) -> None:
        self._process.kill()

    def join(self, seconds: float) -> None:
        self._reader.join(seconds)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with os.fdopen(os.dup(self._process.stdout.fileno()), "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # It died in the middle of a line.
                self.ready = True
                if batch := json.loads(line):
                    self._pool.received(self, batch)
        self._process.stdout.close()
        self._process.wait()
        with self._send_lock, contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._pool.died(self)
        self.slots.close()
