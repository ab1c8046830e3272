"""One fetch worker process: an I/O loop with libcurl, and threads that look at the bytes.

Tasks come as lines on standard input, results go as lines to standard output; an end of input without a word means
that the calling process is dead, and so are we. Never names a picture and never decides about trying again.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from collector.fetch.heartbeat import Slots
from collector.fetch.messages import CLOSE, READY, Message, dump, read_tasks, result_message, trouble_message
from collector.fetch.parts import write_part
from collector.fetch.referers import Ladder
from collector.fetch.task import Steps, Verified, steps
from collector.http.curl_transport import CurlTransfers
from collector.http.response_checks import WITH_BODY
from collector.http.robots import Robots
from collector.http.transport import Ask, FetchError, Reply
from collector.images.sniff import JPEG, is_data
from collector.model import Downloaded, DownloadFailed, Task
from collector.settings import FetchSettings
from collector.urls import origin

FLUSH = 0.004
"""Seconds that results may wait for company on their way out."""
HUNG = 30
"""Seconds after which a worker whose loop cannot run (a decoder that holds the interpreter) is ended by the kernel."""
MEMORY = 2 << 30
"""Bytes of data a worker may have beside its share of the bodies: beyond, decoding fails instead of the machine."""
AT_ONCE = 512 * 1024
"""Bytes of a JPEG that are looked at in the loop itself: a decoder takes some four milliseconds for them, and handing
them to a thread costs a tenth of a picture's CPU. A hostile one that takes long is ended like any other."""


class Worker:
    """The loop. `deliver` takes a batch of messages; `slots` is the page shared with the calling process."""

    def __init__(
        self,
        settings: FetchSettings,
        folder: Path,
        token: str,
        deliver: Callable[[list[Message]], None],
        slots: Slots,
        limit: int = 64,
        threads: int = 1,
        transfers: CurlTransfers | None = None,
        heartbeat: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._folder, self._token = settings, folder, token
        self._deliver, self._slots = deliver, slots
        self._limit, self._heartbeat = limit, heartbeat
        self._transfers = transfers or CurlTransfers(settings, settings.max_in_flight)
        self._ladder, self._robots = Ladder(), Robots()
        self._asking: dict[str, list[_Job]] = {}
        """URL of a robots.txt under way -> who waits for it beside the one that asks."""
        self._parked = 0
        """How many wait so; each keeps its place among the downloads."""
        self._arriving: deque[tuple[int, Task]] = deque()
        self._waiting: deque[tuple[int, Task]] = deque()
        self._bodies: queue.SimpleQueue[tuple[_Job, Reply] | None] = queue.SimpleQueue()
        self._looked_at: deque[tuple[_Job, int]] = deque()
        self._results: list[Message] = []
        self._open = 0
        """Tasks begun and not ended."""
        self._closing = False
        self._inline = settings.verify == "structure"
        self._threads = [
            threading.Thread(target=self._look, args=(n + 1,), name=f"fetch-look-{n}", daemon=True)
            for n in range(0 if self._inline else threads)
        ]

    def submit(self, tasks: list[tuple[int, Task]]) -> None:
        """Hand tasks in; from any thread."""
        self._arriving.extend(tasks)
        self._transfers.wake()

    def close(self) -> None:
        """Start nothing more; from any thread."""
        self._closing = True
        self._transfers.wake()

    def run(self) -> None:
        """Until closed and everything begun has ended."""
        for thread in self._threads:
            thread.start()
        flushed = beaten = time.monotonic()
        self._heartbeat()
        try:
            while not self._closing or self._open:
                self._begin_what_fits()
                self._transfers.turn(FLUSH if self._results else 1.0)
                self._take_back()
                now = time.monotonic()
                if self._results and (now - flushed >= FLUSH or not self._open):
                    self._flush()
                    flushed = now
                if now - beaten >= 1.0:
                    self._heartbeat()
                    beaten = now
        finally:
            self._flush()
            for _ in self._threads:
                self._bodies.put(None)
            for thread in self._threads:
                thread.join(1.0)
            self._transfers.close()

    # ----------------------------------------------------------------- in the loop

    def _begin_what_fits(self) -> None:
        while self._arriving:
            self._waiting.append(self._arriving.popleft())
        if self._closing:
            self._waiting.clear()
        most = self._limit + self._limit // 4
        while self._waiting and self._open < most and len(self._transfers) + self._parked < self._limit:
            serial, task = self._waiting.popleft()
            self._open += 1
            self._advance(_Job(serial, task, steps(task, self._settings, self._ladder, self._robots)), None)

    def _advance(self, job: _Job, brought: Reply | FetchError | None) -> None:
        """One step of a task: it asks again, or it has ended. None: it begins, or what it asks for is known now."""
        try:
            if brought is None:
                ask = next(job.steps)
            elif isinstance(brought, FetchError):
                ask = job.steps.throw(brought)
            else:
                ask = job.steps.send(brought)
        except StopIteration as end:
            self._finish(job, end.value)
        except Exception as trouble:  # noqa: BLE001 - nothing is swallowed: the calling process raises it.
            self._troubled(job, trouble)
        else:
            self._ask(job, ask)
            return
        if job.asking:
            self._learned(job)

    def _ask(self, job: _Job, ask: Ask) -> None:
        """Have it carried. A data: URL has nowhere to go; a robots.txt is asked for by one task for all that wait."""
        if job.asking:
            self._learned(job)
        if ask.robots:
            if (waiting := self._asking.get(ask.url)) is not None:
                waiting.append(job)
                self._parked += 1
                return
            if self._robots.known(origin(ask.url)) is not None:
                self._advance(job, None)
                return
            self._asking[ask.url] = []
            job.asking = ask.url
        elif is_data(ask.url):
            self._hand_over(job, Reply(0, ask.url))
            return
        self._transfers.start(ask, lambda answer: self._answered(job, answer))

    def _learned(self, job: _Job) -> None:
        """The robots.txt that it asked for is known: whoever waited for that goes on."""
        waiting = self._asking.pop(job.asking)
        job.asking = ""
        self._parked -= len(waiting)
        for other in waiting:
            self._advance(other, None)

    def _answered(self, job: _Job, answer: Reply | FetchError) -> None:
        if isinstance(answer, Reply) and answer.status in WITH_BODY:
            self._hand_over(job, answer)
        else:
            self._advance(job, answer)

    def _hand_over(self, job: _Job, reply: Reply) -> None:
        """Bytes are looked at in a thread; at once when that takes no decoder, or not long."""
        body = reply.body
        if not (self._inline or (len(body) <= AT_ONCE and body.startswith(JPEG))):
            self._bodies.put((job, reply))
            return
        self._slots.put(0, job.serial)
        self._step(job, reply)
        self._slots.put(0, 0)
        self._looked_at.append((job, len(body)))

    def _take_back(self) -> None:
        while self._looked_at:
            job, size = self._looked_at.popleft()
            self._transfers.release(size)
            if job.trouble is not None:
                self._troubled(job, job.trouble)
            elif job.ask is not None:
                ask, job.ask = job.ask, None
                self._ask(job, ask)
            elif job.result is not None:
                self._ended(job, job.result)
            if job.asking and (job.result or job.trouble):
                self._learned(job)

    def _finish(self, job: _Job, value: Verified | DownloadFailed) -> None:
        """An end in the loop; a picture is here only when its redirect led to a host whose robots.txt came last."""
        try:
            self._ended(job, self._written(job, value))
        except OSError as trouble:
            self._troubled(job, trouble)

    def _ended(self, job: _Job, value: Downloaded | DownloadFailed) -> None:
        self._open -= 1
        self._results.append(result_message(job.serial, value))

    def _troubled(self, job: _Job, trouble: Exception) -> None:
        self._open -= 1
        self._results.append(trouble_message(trouble, job.serial))

    def _flush(self) -> None:
        if self._results:
            results, self._results = self._results, []
            self._deliver(results)

    # ----------------------------------------------------------------- in the threads

    def _look(self, slot: int) -> None:
        from collector.images import decode  # noqa: F401 - while the first connections are made.

        while (item := self._bodies.get()) is not None:
            job, reply = item
            size = len(reply.body)
            self._slots.put(slot, job.serial)
            self._step(job, reply)
            self._slots.put(slot, 0)
            del item, reply
            self._looked_at.append((job, size))
            self._transfers.wake()

    def _step(self, job: _Job, reply: Reply) -> None:
        """Verify and write; what comes of it is left with the job."""
        try:
            job.ask = job.steps.send(reply)
        except StopIteration as end:
            try:
                job.result = self._written(job, end.value)
            except OSError as trouble:
                job.trouble = trouble
        except Exception as trouble:  # noqa: BLE001 - nothing is swallowed: the calling process raises it.
            job.trouble = trouble

    def _written(self, job: _Job, value: Verified | DownloadFailed) -> Downloaded | DownloadFailed:
        if isinstance(value, DownloadFailed):
            return value
        part = write_part(self._folder, f"{self._token}-{job.serial}", value.body)
        return Downloaded(job.task, value.picture, part, value.attempt)


class _Job:
    """A task on its way."""

    __slots__ = ("ask", "asking", "result", "serial", "steps", "task", "trouble")

    def __init__(self, serial: int, task: Task, going: Steps) -> None:
        self.serial, self.task, self.steps = serial, task, going
        self.ask: Ask | None = None
        self.asking = ""
        """URL of the robots.txt that it asks for on behalf of all."""
        self.result: Downloaded | DownloadFailed | None = None
        self.trouble: Exception | None = None


# --------------------------------------------------------------------------- the process around it


def main(arguments: list[str]) -> None:
    """`FOLDER TOKEN LIMIT THREADS SHARE PAGE`; the settings are the first line of standard input."""
    folder, token, limit, threads, share, page = arguments
    _ignore_signals()
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Whatever prints must not end up among the results.
    lines = sys.stdin.buffer
    try:
        settings = replace(FetchSettings(**json.loads(lines.readline())), max_in_flight=int(share))
        _limit_memory(MEMORY + settings.max_in_flight)
        worker = Worker(
            settings,
            Path(folder),
            token,
            lambda batch: _write(out, dump(batch)),
            Slots(page),
            limit=int(limit),
            threads=int(threads),
            heartbeat=_live_on,
        )
        _write(out, READY)
        threading.Thread(target=_listen, args=(lines, worker), name="fetch-listen", daemon=True).start()
        worker.run()
    except BrokenPipeError:
        os._exit(1)
    except Exception:  # noqa: BLE001 - told to the calling process, which raises it.
        _write(out, dump([[0, 0, traceback.format_exc(limit=-4)]]))
        os._exit(1)
    os._exit(0)


def _listen(lines: BinaryIO, worker: Worker) -> None:
    """Take in tasks; without a word of goodbye, end with the calling process."""
    for line in lines:
        if line == CLOSE:
            worker.close()
            return
        worker.submit(read_tasks(json.loads(line)))
    os._exit(1)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _live_on() -> None:
    """Put the end off that the kernel brings to a process which cannot run its loop any more."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, HUNG)


def _ignore_signals() -> None:
    """Ctrl-C reaches the whole group; when to stop is the calling process's decision."""
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _limit_memory(size: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
