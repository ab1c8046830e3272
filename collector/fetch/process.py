"""A fetch worker's process and what leads to it: lines go in, lines come out, and a page of memory says how it does."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator
from typing import Protocol

import msgspec

from collector.fetch.heartbeat import Heartbeat
from collector.fetch.messages import Begin, line
from collector.images import child

MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "16777216", "MALLOC_ARENA_MAX": "2"}
"""For glibc: large bodies go back to the system when they are done with, instead of leaving holes in the heap; small
ones, which are most, do not cost the kernel's time for clean pages each."""


class WorkerProcess(Protocol):
    """A worker that runs, here or on another machine. Its part files lie in our folder before their lines come."""

    @property
    def ending(self) -> str:
        """How it ended, such as "exit code -9"; for people."""

    @property
    def running(self) -> bool: ...

    @property
    def lost(self) -> bool:
        """Whether its machine is gone, so that no picture is to blame."""

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it (SIGSTOP), so that nothing it does can be late."""

    @property
    def beats(self) -> int:
        """How often its loop has turned."""

    def looked_at(self) -> list[int]:
        """Serials of the tasks whose bytes it looks at; when it has died, looked at."""

    def send(self, text: bytes, last: bool = False) -> None:
        """Have it read a line, from any thread. A dead worker takes nothing."""

    def lines(self) -> Generator[bytes, None, None]:
        """What it writes, line by line, until it has ended."""

    def kill(self) -> None:
        """End it, from any thread, without waiting."""

    def close(self) -> None:
        """Let go of all that it needed, once it has ended."""


Start = Callable[[Begin], WorkerProcess]
"""Starts a worker. Its folder and its heartbeat are filled in by where it runs."""


class LocalProcess:
    """A worker on this machine; see `WorkerProcess`."""

    lost = False

    def __init__(self, begin: Begin) -> None:
        self._send_lock = threading.Lock()
        self._heartbeat = Heartbeat()
        self._process = child.start("collector.fetch.worker", MALLOC, own_group=True)
        self.send(line(msgspec.structs.replace(begin, heartbeat=self._heartbeat.path)))

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def ending(self) -> str:
        return f"exit code {self._process.returncode}"

    @property
    def stopped(self) -> bool:
        import psutil

        with contextlib.suppress(psutil.Error):
            return psutil.Process(self._process.pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        return False

    @property
    def beats(self) -> int:
        return self._heartbeat.beats

    def looked_at(self) -> list[int]:
        return self._heartbeat.looked_at()

    def send(self, text: bytes, last: bool = False) -> None:
        with self._send_lock, contextlib.suppress(OSError, ValueError):
            child.send(self._process, text)
            if last and self._process.stdin is not None:
                self._process.stdin.close()

    def lines(self) -> Generator[bytes, None, None]:
        assert self._process.stdout is not None
        try:
            with os.fdopen(os.dup(self._process.stdout.fileno()), "rb") as lines:
                yield from lines
        finally:
            self._process.stdout.close()
            self._process.wait()
            with self._send_lock, contextlib.suppress(OSError):
                if self._process.stdin is not None:
                    self._process.stdin.close()

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._heartbeat.close()
