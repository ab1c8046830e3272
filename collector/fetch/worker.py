"""One fetch worker process: an I/O loop with libcurl, and threads that look at the bytes.

Tasks come as lines on standard input, results go as lines to standard output; an end of input without a word means
that the calling process is dead, and so are we. Never names a picture and never decides about trying again.
"""

from __future__ import annotations

import errno
import gc
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from collector.errors import SURPRISES
from collector.fetch.heartbeat import Heartbeat
from collector.fetch.messages import (
    ORDERS,
    Begin,
    Came,
    Close,
    Given,
    Ready,
    Result,
    Trouble,
    line,
    missed,
    trouble,
)
from collector.fetch.parts import part_name, write_new
from collector.fetch.referers import Referers
from collector.fetch.task import Decode, GetPicture, GetRobots, Steps, Verified, decode, steps
from collector.http.curl_transport import CurlTransfers
from collector.http.robots import Robots, robots_ask
from collector.http.transport import FetchError, Reply
from collector.images.child import ignore_signals, limit_memory, write_all
from collector.images.sniff import JPEG
from collector.model import DownloadFailed
from collector.settings import FetchSettings

FLUSH = 0.01
"""Seconds that results may wait for company on their way out: each line wakes the calling process."""
TOGETHER = 16
"""Small JPEGs that are looked at one after the other, as long as `LONG` seconds allow. A decoder and the loop push each
other out of the processor's caches, which costs a picture a twelfth of its CPU when they take turns."""
LONG = 0.1
HUNG = 30
"""Seconds after which a worker whose loop cannot run (a decoder that holds the interpreter) is ended by the kernel."""
MEMORY = 2 << 30
"""Bytes of data a worker may have beside its share of the bodies: beyond, decoding fails instead of the machine."""
AT_ONCE = 512 * 1024
"""Bytes of a JPEG that are looked at in the loop itself: a decoder takes some four milliseconds for them, and handing
them to a thread costs a tenth of a picture's CPU. A hostile one that takes long is ended like any other."""


class Worker:
    """The loop. `deliver` takes a batch of results; `heartbeat` is the page shared with the calling process."""

    def __init__(
        self,
        settings: FetchSettings,
        folder: Path,
        token: str,
        deliver: Callable[[list[Result]], None],
        heartbeat: Heartbeat,
        limit: int = 64,
        threads: int = 1,
        live_on: Callable[[], None] = lambda: None,
        blocked: frozenset[str] = frozenset(),
    ) -> None:
        self._blocked = blocked
        self._settings, self._folder, self._token = settings, folder, token
        self._deliver, self._heartbeat = deliver, heartbeat
        self._limit, self._live_on = limit, live_on
        self._transfers = CurlTransfers(settings, settings.max_in_flight, blocked)
        self._referers, self._robots = Referers(), Robots()
        self._asking: dict[str, list[_Job]] = {}
        """Origin whose robots.txt is under way -> who waits for it."""
        self._parked = 0
        """How many wait beside the first; each keeps its place among the downloads."""
        self._arriving: deque[Given] = deque()
        self._waiting: deque[Given] = deque()
        self._at_hand: deque[_Work] = deque()
        """What is looked at in the loop itself."""
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._worked: deque[tuple[_Work, Any]] = deque()
        self._results: list[Result] = []
        self._open = 0
        """Tasks begun and not ended."""
        self._closing = False
        self._inline = settings.verify == "structure"
        self._threads = [
            threading.Thread(target=self._in_thread, args=(n + 1,), name=f"fetch-look-{n}", daemon=True)
            for n in range(0 if self._inline else threads)
        ]

    def submit(self, tasks: Iterable[Given]) -> None:
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
        self._live_on()
        try:
            while not self._closing or self._open:
                self._begin_what_fits()
                self._transfers.turn(0.0 if self._at_hand else FLUSH if self._results else 1.0)
                self._look()
                self._take_back()
                now = time.monotonic()
                if self._results and (now - flushed >= FLUSH or not self._open):
                    self._flush()
                    flushed = now
                if now - beaten >= 1.0:
                    self._heartbeat.beat()
                    self._live_on()
                    beaten = now
        finally:
            self._flush()
            for _ in self._threads:
                self._work.put(None)
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
            given = self._waiting.popleft()
            self._open += 1
            self._advance(_Job(given, steps(given.task, self._settings, self._referers, self._blocked)))

    def _advance(self, job: _Job, answer: Any = None, error: Exception | None = None) -> None:
        """Give a task what it asked for; it asks for more, or it has ended."""
        try:
            request = job.steps.throw(error) if error is not None else job.steps.send(answer)
        except StopIteration as end:
            self._ended(job, end.value)
        except Exception as trouble:  # noqa: BLE001 - nothing is swallowed: the calling process raises it.
            self._report(job, trouble)
        else:
            match request:
                case GetRobots():
                    self._get_robots(job, request)
                case GetPicture():
                    self._release(job)
                    try:
                        self._transfers.start(request.ask, partial(self._answered, job))
                    except SURPRISES as trouble:
                        self._report(job, trouble)
                case Decode():
                    self._decode(job, request)

    def _get_robots(self, job: _Job, wanted: GetRobots) -> None:
        """What is known, or one request on behalf of all who wait for it."""
        if (known := self._robots.known(wanted.origin)) is not None:
            self._advance(job, known)
        elif (waiting := self._asking.get(wanted.origin)) is not None:
            waiting.append(job)
            self._parked += 1
        else:
            self._asking[wanted.origin] = [job]
            ask = robots_ask(wanted.origin, wanted.seconds)
            self._transfers.start(ask, partial(self._learned, wanted.origin))

    def _learned(self, origin: str, answer: Reply | FetchError) -> None:
        waiting = self._asking.pop(origin)
        self._parked -= len(waiting) - 1
        try:
            rules = self._robots.learn(origin, answer)
        except SURPRISES as trouble:
            for job in waiting:
                self._report(job, trouble)
            return
        finally:
            if isinstance(answer, Reply):
                self._transfers.release(len(answer.body))
        for job in waiting:
            self._advance(job, rules)

    def _answered(self, job: _Job, answer: Reply | FetchError) -> None:
        if isinstance(answer, FetchError):
            self._advance(job, error=answer)
            return
        job.held = len(answer.body)
        self._advance(job, answer)

    def _decode(self, job: _Job, wanted: Decode) -> None:
        """In a thread; soon in the loop when it takes no decoder, or not long."""
        body = wanted.reply.body
        work = _Work(job, partial(decode, wanted, self._settings), self._decoded, looks=True)
        if self._inline or (len(body) <= AT_ONCE and body.startswith(JPEG)):
            self._at_hand.append(work)
        else:
            self._work.put(work)

    def _look(self) -> None:
        """At what is at hand, and at nothing else meanwhile."""
        until = time.monotonic() + LONG
        for _ in range(min(TOGETHER, len(self._at_hand))):
            work = self._at_hand.popleft()
            self._worked.append((work, self._done(work.function, 0, work.job.given.serial)))
            if time.monotonic() >= until:
                break

    def _decoded(self, job: _Job, outcome: Any) -> None:
        if isinstance(outcome, Exception):
            self._advance(job, error=outcome)
        else:
            self._advance(job, outcome)

    def _ended(self, job: _Job, value: Verified | DownloadFailed) -> None:
        """A picture goes to its part file, a large one by a thread."""
        if isinstance(value, DownloadFailed):
            self._report(job, value)
            return
        write = partial(self._written, job, value)
        if self._inline or len(value.body) <= AT_ONCE:
            self._report(job, self._done(write, 0))
        else:
            self._work.put(_Work(job, write, self._report, looks=False))

    def _report(self, job: _Job, outcome: Came | DownloadFailed | Exception) -> None:
        self._release(job)
        self._open -= 1
        match outcome:
            case Came():
                self._results.append(outcome)
            case DownloadFailed():
                self._results.append(missed(job.given.serial, outcome))
            case _:
                self._results.append(trouble(outcome, job.given.serial))

    def _release(self, job: _Job) -> None:
        """Its last answer is done with."""
        held, job.held = job.held, 0
        if held:
            self._transfers.release(held)

    def _take_back(self) -> None:
        while self._worked:
            work, outcome = self._worked.popleft()
            work.then(work.job, outcome)

    def _flush(self) -> None:
        if self._results:
            results, self._results = self._results, []
            self._deliver(results)

    # ----------------------------------------------------------------- in the threads

    def _in_thread(self, slot: int) -> None:
        _load_decoders()
        while (work := self._work.get()) is not None:
            outcome = self._done(work.function, slot, work.job.given.serial if work.looks else None)
            self._worked.append((work, outcome))
            del work, outcome
            self._transfers.wake()

    def _done(self, work: Callable[[], Any], slot: int, serial: int | None = None) -> Any:
        """What the work brings, or raises. `serial`: of the task whose bytes a decoder looks at."""
        if serial is not None:
            self._heartbeat.look(slot, serial)
        try:
            return work()
        except Exception as trouble:  # noqa: BLE001 - nothing is swallowed: the task, or the calling process, gets it.
            return trouble
        finally:
            if serial is not None:
                self._heartbeat.look(slot, 0)

    def _written(self, job: _Job, value: Verified) -> Came:
        write_new(part_name(self._folder, f"{self._token}-{job.given.serial}"), value.body)
        return Came(job.given.serial, value.picture, value.attempt)


class _Job:
    """A task on its way."""

    __slots__ = ("given", "held", "steps")

    def __init__(self, given: Given, going: Steps) -> None:
        self.given, self.steps = given, going
        self.held = 0
        """Bytes of its last answer, which count as in flight."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What may take its time, and who wants to know what came of it."""

    job: _Job
    function: Callable[[], Any]
    then: Callable[[_Job, Any], None]
    looks: bool
    """Whether a decoder sees strangers' bytes."""


# --------------------------------------------------------------------------- the process around it


def main() -> None:
    """`Begin` is the first line of standard input."""
    ignore_signals()
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Whatever prints must not end up among the results.
    lines = sys.stdin.buffer
    try:
        begin = msgspec.json.decode(lines.readline(), type=Begin)
        limit_memory(MEMORY + begin.settings.max_in_flight)
        worker = Worker(
            begin.settings,
            Path(begin.folder),
            begin.token,
            lambda batch: write_all(out, line(batch)),
            Heartbeat(begin.heartbeat),
            limit=begin.limit,
            threads=begin.threads,
            live_on=_live_on,
            blocked=begin.blocked,
        )
        write_all(out, line([Ready()]))
        threading.Thread(target=_listen, args=(lines, worker), name="fetch-listen", daemon=True).start()
        gc.freeze()  # What was loaded stays: it need not be looked through again and again.
        worker.run()
    except BrokenPipeError:
        os._exit(1)
    except Exception:  # noqa: BLE001 - told to the calling process, which raises it.
        write_all(out, line([Trouble(traceback.format_exc(limit=-4))]))
        os._exit(1)
    os._exit(0)


def _load_decoders() -> None:
    """While the first connections are made; where these have every file that may be open, once some have ended. Any
    other trouble is told by the first picture, which needs them, too."""
    while True:
        try:
            import_module("collector.images.decode")
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                return
            time.sleep(0.05)
        except Exception:  # noqa: BLE001 - as above.
            return
        else:
            return


def _listen(lines: BinaryIO, worker: Worker) -> None:
    """Take in tasks; without a word of goodbye, end with the calling process."""
    for text in lines:
        orders = ORDERS.decode(text)
        worker.submit([order for order in orders if isinstance(order, Given)])
        if Close() in orders:
            worker.close()
            return
    os._exit(1)


def _live_on() -> None:
    """Put the end off that the kernel brings to a process which cannot run its loop any more."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, HUNG)


if __name__ == "__main__":
    main()
