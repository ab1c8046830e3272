"""Threads that turn Tasks into verified part files: each Task ends in one posted Arrived or Missed.

The pool of the requests transport; `process_pool` is the same seam with processes. Never names a picture, never
decides about trying again, never marks anything failed because the disk or we ended.
"""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
import time
from pathlib import Path

from collector.fetch.parts import write_part
from collector.fetch.referers import Ladder
from collector.fetch.task import fetch
from collector.http.opt_out import Robots
from collector.http.transport import Download
from collector.model import Arrived, Missed, Post, Task
from collector.settings import FetchSettings

DRAIN_SECONDS = 8.0
"""How long a graceful close waits for running downloads."""
CUT_SECONDS = 1.0
"""How long any close waits for cut downloads to notice."""


class FetchPool:
    """`threads` downloads at a time. `submit`, `close` and the figures are for one calling thread."""

    def __init__(self, settings: FetchSettings, folder: Path, post: Post, download: Download | None = None) -> None:
        """Nothing starts before the first task. `folder` must exist then; all threads call `post`."""
        self._settings, self._folder, self._post = settings, folder, post
        self._download = download
        self._ladder, self._robots = Ladder(), Robots()
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._state = threading.Condition()
        self._in_flight = self._running = 0
        self._closing = self._cut = False
        self._threads: list[threading.Thread] = []

    @property
    def in_flight(self) -> int:
        """Tasks submitted whose value is not posted yet."""
        return self._in_flight

    @property
    def capacity(self) -> int:
        """Tasks worth submitting before values come back: one per thread, and some to hand so that none idles."""
        threads = max(1, self._settings.threads)
        return threads + max(2, threads // 4)

    def submit(self, *tasks: Task) -> None:
        """Queue tasks; never blocks."""
        if self._closing:
            raise RuntimeError("the pool is closed")
        if tasks and not self._threads:
            self._start()
        with self._state:
            self._in_flight += len(tasks)
        for task in tasks:
            self._tasks.put(task)

    def close(self, now: bool = False) -> None:
        """End the threads: within 10 s when running downloads may finish, within 2 s with `now`.

        Tasks that were not started, or were cut, post nothing and stay to do. What finished is posted
        before this returns, unless `post` blocks. May be called again, with `now`, to hurry.
        """
        self._closing = True
        self._drop_waiting()
        for _ in self._threads:
            self._tasks.put(None)
        if not now:
            self._wait(DRAIN_SECONDS)
        self._cut = True
        if self._download is None:
            return
        self._download.cut()
        self._wait(CUT_SECONDS)
        ends = time.monotonic() + 0.5
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))
        self._download.close()

    def _start(self) -> None:
        if self._download is None:
            from collector.http.requests_transport import RequestsDownload

            self._download = RequestsDownload(self._settings)
        for n in range(max(1, self._settings.threads)):
            thread = threading.Thread(target=self._work, args=(self._download,), name=f"fetch-{n}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _drop_waiting(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                if self._tasks.get_nowait() is not None:
                    self._count(-1)

    def _wait(self, seconds: float) -> None:
        """Until nothing runs any more, or the time is over, or a second close hurries."""
        ends = time.monotonic() + seconds
        hurried = self._cut
        with self._state:
            while self._running and self._cut == hurried and (left := ends - time.monotonic()) > 0:
                self._state.wait(min(left, 0.1))

    def _count(self, in_flight: int = 0, running: int = 0) -> None:
        with self._state:
            self._in_flight += in_flight
            self._running += running
            self._state.notify_all()

    # ----------------------------------------------------------------- in the threads

    def _work(self, download: Download) -> None:
        while (task := self._tasks.get()) is not None:
            if self._closing:
                self._count(in_flight=-1)
                continue
            self._count(running=1)
            try:
                value: Arrived | Missed | Exception | None = self._outcome(task, download)
            except Exception as trouble:  # noqa: BLE001 - nothing is swallowed: the calling thread raises it.
                value = trouble
            self._count(running=-1)
            if value is not None:
                self._post(value)
            self._count(in_flight=-1)

    def _outcome(self, task: Task, download: Download) -> Arrived | Missed | None:
        """What is to be posted; None for a task that was cut off by us. OSError when the disk is at fault."""
        result = fetch(task, self._settings, download, self._ladder, self._robots)
        if self._cut:
            return None
        if isinstance(result, Missed):
            return result
        part = write_part(self._folder, secrets.token_hex(8), result.body)
        reply = result.reply
        return Arrived(task, result.picture, part, reply.status, reply.url, reply.seconds, result.via, result.ignored)
