"""HTTP with libcurl: many transfers on one thread, own redirects, own caps. Never looks at the bytes.

Heavy import: load it only where downloads are about to start. A request's options are in `curl_handle`, what comes of
it in `curl_transfer`; here is the loop that moves them all.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import pycurl

from collector.http.blocklist import hosts
from collector.http.curl_errors import as_fetch_error
from collector.http.curl_handle import Handles
from collector.http.curl_transfer import Done, Transfer
from collector.http.proxy import PROXY_LOGIN, proxy_trouble
from collector.http.response_checks import REDIRECTS, redirect_target
from collector.http.safety import check_url
from collector.http.transport import Ask, FetchError, Reply, shown
from collector.settings import FetchSettings

SWEEP = 0.1
"""Seconds between looks at deadlines, speed and silence."""
SLICE = 0.005
"""Seconds for which answers are handed on before the sockets are looked at again."""
IDLE_CONNECTIONS = 256


class CurlDownload:
    """`Download` for one thread, which waits for each answer; the others have to make their own. Close it."""

    def __init__(self, settings: FetchSettings) -> None:
        self._transfers = CurlTransfers(settings, blocked=hosts(settings.block_hosts))

    def __call__(self, ask: Ask) -> Reply:
        """See `Download`."""
        came: list[Reply | FetchError] = []
        self._transfers.start(ask, came.append)
        while not came:
            self._transfers.turn(1.0)
        if isinstance(came[0], FetchError):
            raise came[0]
        self._transfers.release(len(came[0].body))
        return came[0]

    def close(self) -> None:
        """Give back connections."""
        self._transfers.close()


class CurlTransfers:
    """Asks under way, all of them moved by `turn`; for one thread, but for `wake`.

    `budget` bounds the bytes held in bodies: over it all transfers but the oldest wait. No redirect to a `blocked` host
    is followed. `pins` (host -> addresses) and `authority` (a CA file) are for tests.
    """

    def __init__(
        self,
        settings: FetchSettings,
        budget: int = 1 << 60,
        blocked: frozenset[str] = frozenset(),
        pins: Mapping[str, list[str]] | None = None,
        authority: str = "",
    ) -> None:
        self.settings, self.budget = settings, budget
        self._blocked = blocked
        self.held = 0
        """Bytes in bodies, from the first one received until `release` is told."""
        self._given_out = 0
        """Those of whole bodies."""
        self._handles = Handles(settings, pins or {}, authority)
        self.paused: dict[Transfer, None] = {}
        """Those that wait for room."""
        self._running: dict[Transfer, None] = {}
        self._ended: deque[tuple[Done, Reply | FetchError]] = deque()
        self._next_sweep = self._timer = float("inf")
        self._selector = selectors.DefaultSelector()
        self._watched: dict[int, int] = {}
        self._waker, self._alarm = socket.socketpair()
        self._waker.setblocking(False)
        self._alarm.setblocking(False)
        self._selector.register(self._alarm, selectors.EVENT_READ)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, IDLE_CONNECTIONS)

    def __len__(self) -> int:
        return len(self._running)

    def start(self, ask: Ask, done: Done) -> None:
        """Begin; `done` is called from a later `turn` with the answer, within `ask.seconds`."""
        try:
            url = check_url(ask.url, self.settings.allow_private)
        except FetchError as error:
            self._ended.append((done, error))
            return
        transfer = Transfer(self, self.settings, ask, url, done)
        self._send(transfer)
        self._running[transfer] = None
        if self._next_sweep == float("inf"):
            self._next_sweep = time.monotonic() + SWEEP

    def turn(self, seconds: float) -> None:
        """Wait at most that long for something to do, and do it."""
        now = time.monotonic()
        wait = 0.0 if self._ended else max(0.0, min(seconds, self._timer - now, self._next_sweep - now))
        action = self._multi.socket_action
        for key, mask in self._selector.select(wait):
            if key.data is None:
                self._quiet_alarm()
                continue
            read, write = mask & selectors.EVENT_READ, mask & selectors.EVENT_WRITE
            action(key.fd, (pycurl.CSELECT_IN if read else 0) | (pycurl.CSELECT_OUT if write else 0))
        now = time.monotonic()
        if now >= self._timer:
            self._timer = float("inf")
            action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()
        if now >= self._next_sweep:
            self._sweep(now)
        until = now + SLICE
        while self._ended and now < until:
            done, result = self._ended.popleft()
            done(result)
            now = time.monotonic()

    def wake(self) -> None:
        """Have a waiting `turn` return; from any thread."""
        with contextlib.suppress(OSError):  # Then enough alarms are waiting already, or everything is closed.
            self._waker.send(b"!")

    def release(self, size: int) -> None:
        """So many bytes of a body that `done` was given are held no more."""
        self.held -= size
        self._given_out -= size
        self._resume()

    def cut(self) -> None:
        """End everything under way at once, with net.reset."""
        for transfer in list(self._running):
            self._end(transfer, FetchError("net.reset", "cut off"))

    def close(self) -> None:
        """Give back what is still held; what runs ends without a word."""
        for transfer in list(self._running):
            self._multi.remove_handle(transfer.handle)
            transfer.handle.close()
            transfer.close_opened()
        self._running.clear()
        self._handles.close()
        self._multi.close()
        self._selector.close()
        self._waker.close()
        self._alarm.close()

    def room(self, transfer: Transfer, size: int) -> bool:
        """Whether so many more bytes may be held. The oldest goes on when nothing else would make room some time."""
        if self.held + size <= self.budget:
            return True
        return not self._given_out and next(iter(self._running)) is transfer

    def _resume(self) -> None:
        for transfer in list(self.paused):
            if self.room(transfer, 1):
                del self.paused[transfer]
                transfer.resume()

    # ----------------------------------------------------------------- what libcurl wants watched

    def _watch(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        before = self._watched.pop(fd, 0)
        mask = 0
        if what in (pycurl.POLL_IN, pycurl.POLL_INOUT):
            mask |= selectors.EVENT_READ
        if what in (pycurl.POLL_OUT, pycurl.POLL_INOUT):
            mask |= selectors.EVENT_WRITE
        if not mask:
            if before:
                self._selector.unregister(fd)
            return
        self._watched[fd] = mask
        if not before:
            self._selector.register(fd, mask, self)
        elif before != mask:
            self._selector.modify(fd, mask, self)

    def _set_timer(self, milliseconds: int) -> None:
        self._timer = float("inf") if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _quiet_alarm(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._alarm.recv(4096):
                pass

    # ----------------------------------------------------------------- beginnings and ends

    def _send(self, transfer: Transfer) -> None:
        transfer.handle = self._handles.lend(transfer)
        self._multi.add_handle(transfer.handle)

    def _collect(self) -> None:
        while True:
            left, good, bad = self._multi.info_read()
            for handle in good:
                self._answered(handle.transfer)
            for handle, code, text in bad:
                transfer = handle.transfer
                if transfer.enough and transfer.error is None:
                    self._answered(transfer)
                else:
                    self._broke_off(transfer, transfer.error or as_fetch_error(code, text, transfer))
            if not left:
                return

    def _answered(self, transfer: Transfer) -> None:
        """A whole answer: a redirect is followed, everything else is the end."""
        try:
            if transfer.error is not None:
                raise transfer.error
            if not transfer.status:
                transfer.read_head()
            if transfer.status == PROXY_LOGIN and transfer.proxy is not None:
                raise proxy_trouble(transfer.proxy, transfer.status)
            if transfer.status not in REDIRECTS:
                self._end(transfer, transfer.reply())
                return
            settings = self.settings
            location = transfer.headers.get("location", "")
            there = redirect_target(transfer.url, location, transfer.status, settings.allow_private, self._blocked)
            if transfer.hops >= settings.max_redirects:
                raise FetchError(
                    "net.redirect_loop", f"more than {settings.max_redirects} redirects, last {shown(there)}"
                )
        except FetchError as error:
            self._end(transfer, error)
            return
        self._give_back(transfer)
        transfer.follow(there)
        self._send(transfer)

    def _broke_off(self, transfer: Transfer, error: FetchError) -> None:
        """The rest of a body is asked for where that can be done; else it is the end."""
        if not transfer.can_resume(error):
            self._end(transfer, error)
            return
        self.paused.pop(transfer, None)
        self._give_back(transfer)
        transfer.resume_body(error)
        self._send(transfer)

    def _end(self, transfer: Transfer, result: Reply | FetchError) -> None:
        del self._running[transfer]
        self.paused.pop(transfer, None)
        self._give_back(transfer)
        if isinstance(result, FetchError):
            self.held -= transfer.drop()
            if transfer.hops and result.reason.startswith("url."):
                result = FetchError("net.redirect_blocked", result.detail)
        else:
            self.held += len(result.body) - transfer.size  # Unpacked, or dropped.
            self._given_out += len(result.body)
        self._resume()
        if not self._running:
            self._next_sweep = float("inf")
        self._ended.append((transfer.done, result))

    def _give_back(self, transfer: Transfer) -> None:
        self._multi.remove_handle(transfer.handle)
        transfer.close_opened()
        self._handles.take_back(transfer.handle)

    def _sweep(self, now: float) -> None:
        for transfer in list(self._running):
            if reason := transfer.overdue(now):
                took = f"ended after {now - transfer.attempt.started:.1f} s with {transfer.attempt.received:,} bytes"
                self._broke_off(transfer, FetchError(reason, took))
        self._next_sweep = now + SWEEP if self._running else float("inf")
