"""Ends attempts from outside: at their deadline, or below the minimum speed.

A read timeout starts anew with each byte, so a server that drips holds a thread for ever; only shutting
the socket from another thread ends it, whatever the server is at (handshake, headers, chunk sizes).
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from collector.http.transport import FetchError

_TICK = 0.1
"""Seconds between two looks at what runs."""


class Attempt:
    """One running Ask: when it must end, and the socket it uses now."""

    def __init__(self, seconds: float, minimum_speed: int, slow_time: float) -> None:
        self.started = time.monotonic()
        self.ends = self.started + seconds
        self.reused = False
        """Whether the request went out on a connection that had served another before."""
        self.received = 0
        """Body bytes so far."""
        self._reason = ""
        self._speed, self._slow_time = minimum_speed, slow_time
        self._window = (self.started, 0)
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """Seconds to the deadline; <= 0 when it is over."""
        return self.ends - time.monotonic()

    def hold(self, connection: socket.socket) -> None:
        """Name the socket in use from now on. A duplicate is kept: TLS takes the original over."""
        twin = socket.fromfd(connection.fileno(), connection.family, connection.type)
        with self._lock:
            old, self._socket = self._socket, twin
            self._window = (time.monotonic(), self.received)
            if self._reason:
                _shut(twin)
        if old is not None:
            old.close()

    def release(self) -> None:
        """Let go of the socket; the connection may live on in the pool."""
        with self._lock:
            old, self._socket = self._socket, None
        if old is not None:
            old.close()

    def cut(self, reason: str) -> None:
        """End it: whoever reads or writes on the socket gets an end of file or an error at once."""
        with self._lock:
            self._reason = self._reason or reason
            if self._socket is not None:
                _shut(self._socket)

    def check(self) -> None:
        """FetchError when it was cut or is over. To be asked after every wait: a shut socket reads as a clean end."""
        if not self._reason and self.left <= 0:
            self._reason = "net.deadline"
        if self._reason:
            seconds = time.monotonic() - self.started
            raise FetchError(self._reason, f"ended after {seconds:.1f} s with {self.received:,} bytes")

    def overdue(self, now: float) -> str:
        """The slug for which it must be cut now, or ""."""
        if now >= self.ends:
            return "net.deadline"
        since, received = self._window
        if now - since < self._slow_time:
            return ""
        if self.received - received < self._speed * self._slow_time:
            return "net.too_slow"
        self._window = (now, self.received)
        return ""


class Watchdog:
    """Watches all running attempts from one daemon thread."""

    def __init__(self, minimum_speed: int, slow_time: float) -> None:
        self._speed, self._slow_time = minimum_speed, slow_time
        self._attempts: set[Attempt] = set()
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="fetch-watchdog", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def attempt(self, seconds: float) -> Iterator[Attempt]:
        """A watched attempt of at most this many seconds."""
        attempt = Attempt(seconds, self._speed, self._slow_time)
        with self._lock:
            self._attempts.add(attempt)
        self._some.set()
        try:
            yield attempt
        finally:
            with self._lock:
                self._attempts.discard(attempt)
            attempt.release()

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()
        self._some.set()
        self._thread.join(timeout=1.0)

    def _watch(self) -> None:
        while not self._closed.is_set():
            with self._lock:
                running = list(self._attempts)
                if not running:
                    self._some.clear()
            now = time.monotonic()
            for attempt in running:
                if reason := attempt.overdue(now):
                    attempt.cut(reason)
            if running:
                self._closed.wait(_TICK)
            elif not self._closed.is_set():
                self._some.wait()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # Not connected any more: then there is nothing to end.
        connection.shutdown(socket.SHUT_RDWR)
