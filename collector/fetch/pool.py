"""Worker processes that turn Tasks into verified part files: each ends in one Downloaded or DownloadFailed.

The calling side of `worker`: spreads tasks, reads results, and sees to it that a worker's death costs nothing but one
more try. Never names a picture and never decides about trying again for a reason that lies outside.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from collector.fetch.messages import (
    RESULTS,
    Begin,
    Close,
    Given,
    Ready,
    Result,
    Trouble,
    WorkerFailed,
    line,
    unforeseen,
)
from collector.fetch.parts import part_path
from collector.fetch.process import LocalProcess, Start, WorkerProcess
from collector.http.blocklist import hosts
from collector.http.user_agent import is_wikimedia
from collector.model import DownloadFailed, Emit, Task, WorkerError
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
LOOKERS = 2
"""Threads per worker that look at bytes: while one waits for the interpreter, the other one decodes."""


SILENT = 20.0
"""Seconds without a heartbeat after which a worker is ended, such as one that was stopped."""
STARTING = 120.0
"""The same for one that is not up yet."""
CRASHES = 2
"""Times that a worker dies while it looks at a task's bytes before these are to blame. A worker may be killed once."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A task in the hands of a worker."""

    task: Task
    deaths: int = 0
    """Workers that died while they had it."""
    crashes: int = 0
    """Those among them that were looking at its bytes."""


class ProcessPool:
    """`threads` downloads at a time, over all processes. For one calling thread, but for what says otherwise."""

    def __init__(
        self,
        settings: FetchSettings,
        folder: Path,
        emit: Emit,
        blocked: frozenset[str] | None = None,
        start: Start | None = None,
    ) -> None:
        """Nothing starts before the first task. `folder` must exist then; the readers' threads call `emit`.

        `blocked` are hosts of which nothing is asked; None: those of `fetch.block_hosts`. `start` starts a worker;
        None: a process of this machine.
        """
        self._start = start or LocalProcess
        self._settings, self._folder, self._emit = settings, folder, emit
        self._blocked = hosts(settings.block_hosts) if blocked is None else blocked
        self._token = secrets.token_hex(4)
        self._count = settings.processes or os.cpu_count() or 1
        self._count = max(1, min(self._count, settings.threads))
        self._share = -(-max(1, settings.threads) // self._count)
        """Downloads at a time of one worker."""
        self._workers: list[_Worker] = []
        self._alone: _Worker | None = None
        """The worker for tasks that are tried one at a time, because a worker died over them."""
        self._suspects: deque[_Held] = deque()
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
            self._watch = threading.Thread(target=self._watch_workers, name="fetch-watch", daemon=True)
            self._watch.start()
        self._spread([_Held(task) for task in tasks])

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
                worker.process.send(line([Close()]), last=True)
            ends = time.monotonic() + DRAIN_SECONDS
            while any(worker.process.running for worker in workers) and not self._killed and time.monotonic() < ends:
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

    def _spread(self, tasks: list[_Held]) -> None:
        orders: dict[_Worker, list[Given]] = {}
        with self._lock:
            while len(self._workers) < self._count:
                self._workers.append(self._new_worker(len(self._workers), alone=False))
            slack = max(1, self._share // 4)
            for given in tasks:
                worker = self._choose(given.task, slack)
                self._serial += 1
                worker.given[self._serial] = given
                orders.setdefault(worker, []).append(Given(self._serial, given.task))
        for worker, listed in orders.items():
            worker.process.send(line(listed))

    def _choose(self, task: Task, slack: int) -> _Worker:
        """The worker that most likely has a connection to the host, unless it has much more to do than another."""
        host = host_of(task.url)
        least = min(self._workers, key=lambda worker: len(worker.given))
        home = self._workers[zlib.crc32(host.encode("utf-8", "replace")) % len(self._workers)]
        if is_wikimedia(host):  # It counts connections, and each worker keeps its own.
            return home
        close = len(home.given) <= len(least.given) + slack
        return home if close and (len(home.given) < self._share or len(least.given) >= self._share) else least

    def _new_worker(self, place: int, alone: bool) -> _Worker:
        limit, in_flight = 1 if alone else self._share, max(1 << 20, self._settings.max_in_flight // self._count)
        begin = Begin(
            replace(self._settings, threads=limit, max_in_flight=in_flight, block_hosts=""),
            str(self._folder.absolute()),
            self._token,
            limit,
            1 if alone else LOOKERS,
            heartbeat="",
            blocked=self._blocked,
        )
        return _Worker(self, self._start(begin), place)

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
            worker, order = self._alone, Given(self._serial, given.task)
        worker.process.send(line([order]))

    # ----------------------------------------------------------------- in the readers' threads

    def received(self, worker: _Worker, batch: list[Result]) -> None:
        """Results of a worker."""
        for message in batch:
            serial = message.serial
            with self._lock:
                held = None if serial is None else worker.given.get(serial)
            if isinstance(message, Trouble) and (held is None or not message.unforeseen):
                self._emit(WorkerError(message.error()))
            elif isinstance(message, Trouble) and held is not None:
                self._emit(unforeseen(self._folder, held.task, message.text, message.trace))
            elif held is not None and not isinstance(message, Trouble):
                self._emit(message.whole(held.task, self._part(message.serial)))
            if serial is not None:
                with self._lock:
                    worker.given.pop(serial, None)
        if worker is self._alone:
            self._next_suspect()

    def _part(self, serial: int) -> Path:
        """Where the picture of a task is put."""
        return part_path(self._folder, f"{self._token}-{serial}")

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
            self._part(serial).unlink(missing_ok=True)
        if closing:
            return
        self._stillborn = 0 if worker.ready else self._stillborn + 1
        if self._stillborn >= DEATHS:
            text = f"the fetch workers die before they begin ({worker.process.ending})"
            self._emit(WorkerError(WorkerFailed(text)))
            return
        again = self._judge(worker, left)
        if again:
            self._spread(again)
        self._next_suspect()

    def _judge(self, worker: _Worker, left: dict[int, _Held]) -> list[_Held]:
        """What becomes of a dead worker's tasks; those returned are handed out again at once.

        One that was looked at, or died with several workers, is tried alone; the second time it is to blame.
        """
        if not worker.ready:
            return list(left.values())
        looked_at = set(worker.process.looked_at())
        again: list[_Held] = []
        for serial, before in left.items():
            looked = serial in looked_at
            died = not worker.process.lost  # With its machine, and of no fault of what it had.
            held = replace(before, deaths=before.deaths + died, crashes=before.crashes + looked)
            if serial == worker.overdue:
                detail = f"looking at it took more than {self._settings.decode_timeout:.0f} s"
                self._emit(DownloadFailed(held.task, "image.decoder_timeout", detail))
            elif worker.overdue:
                again.append(before)
            elif held.crashes >= CRASHES or held.deaths > DEATHS:
                detail = f"the decoder died ({worker.process.ending})"
                self._emit(DownloadFailed(held.task, "image.decoder_crash", detail))
            elif looked or held.deaths == DEATHS:
                with self._lock:
                    self._suspects.append(held)
            else:
                again.append(held)
        return again

    # ----------------------------------------------------------------- workers that do not go on

    def _watch_workers(self) -> None:
        """Counted in our own ticks, not by the clock: a machine that slept is not a decoder that hung."""
        looked: dict[tuple[_Worker, int], int] = {}
        patience = max(SILENT, self._settings.decode_timeout + SILENT / 2)
        while not self._over.wait(TICK):
            with self._lock:
                workers = [worker for worker in self._all() if not worker.killed]
            running = [(worker, serial) for worker in workers for serial in worker.process.looked_at()]
            looked = {key: looked.get(key, 0) + 1 for key in running}
            for worker in workers:
                worker.silent = 0 if worker.beat() else worker.silent + 1
                if worker.silent * TICK > (patience if worker.ready else STARTING):
                    worker.kill()
            for worker, serial in running:
                late = looked[worker, serial] * TICK > self._settings.decode_timeout
                if late and not worker.killed and not worker.process.stopped:
                    worker.overdue = serial
                    worker.kill()


class _Worker:
    """A worker, the thread that reads from it, and what it was given."""

    def __init__(self, pool: ProcessPool, process: WorkerProcess, place: int) -> None:
        self.given: dict[int, _Held] = {}
        self.overdue = 0
        """Serial of the task it was killed for."""
        self.ready = False
        """Whether it said that it is up."""
        self.silent = 0
        """Ticks without a heartbeat."""
        self.killed = False
        self.process = process
        self._pool = pool
        self._beats = 0
        self._reader = threading.Thread(target=self._read, name=f"fetch-{place}", daemon=True)
        self._reader.start()

    def beat(self) -> bool:
        """Whether its loop has turned since this was asked last."""
        before, self._beats = self._beats, self.process.beats
        return before != self._beats

    def kill(self) -> None:
        self.killed = True
        self.process.kill()

    def join(self, seconds: float) -> None:
        self._reader.join(seconds)

    def _read(self) -> None:
        with contextlib.closing(self.process.lines()) as lines:
            for text in lines:
                if not text.endswith(b"\n"):
                    break  # It died in the middle of a line.
                try:
                    said = RESULTS.decode(text)
                except msgspec.MsgspecError:  # What a decoder that was taken over may write.
                    self.kill()
                    break
                self.ready = True
                self._pool.received(self, [result for result in said if not isinstance(result, Ready)])
        self._pool.died(self)
        self.process.close()
