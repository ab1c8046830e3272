"""HTTP with libcurl: many transfers on one thread, own redirects, own caps. Never looks at the bytes.

Heavy import: load it only where downloads are about to start. libcurl's conveniences that read the
environment, keep cookies, follow redirects or unpack are all left out.
"""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import pycurl

from collector import __version__
from collector.fetch.address import check_url, why_not
from collector.fetch.curl_errors import as_fetch_error
from collector.fetch.framing import REDIRECTS, SMALL_REST, WITH_BODY, check_head, coding_of, redirect_target, unpacked
from collector.fetch.ladder import origin, referer_after_redirect
from collector.fetch.transport import Ask, FetchError, Reply, joint, shown
from collector.fetch.watchdog import Attempt
from collector.settings import FetchSettings

BUFFER = 512 * 1024
"""Bytes libcurl reads at a time: most pictures come in one or two calls."""
HEADER_LINES = 100
"""Most of a head that is taken; http.client draws the line there too. libcurl draws one at 300 KB."""
MOST_LINES = 10_000
"""Most lines in one answer, those of 1xx and trailers included."""
SWEEP = 0.1
"""Seconds between looks at deadlines, speed and silence."""
IDLE_CONNECTIONS = 256
_LAST_DATA = 56
"""Offset of tcpi_last_data_recv in struct tcp_info (linux/tcp.h): milliseconds since the last byte came."""

Done = Callable[[Reply | FetchError], None]


class CurlTransfers:
    """Asks under way, all of them moved by `turn`; for one thread, but for `wake`.

    `budget` bounds the bytes held in bodies: over it all transfers but the oldest wait. `pins` (host -> addresses)
    and `authority` (a CA file) are for tests.
    """

    def __init__(
        self,
        settings: FetchSettings,
        budget: int = 1 << 60,
        pins: Mapping[str, list[str]] | None = None,
        authority: str = "",
    ) -> None:
        self.settings, self.budget, self.pins = settings, budget, pins or {}
        self.held = 0
        """Bytes in bodies, from the first one received until `release` is told."""
        self._given_out = 0
        """Those of whole bodies."""
        self._authority = authority or _certificates()
        self._agent = settings.user_agent.replace("{version}", __version__)
        self._running: dict[_Transfer, None] = {}
        self._spare: list[pycurl.Curl] = []
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
        transfer = _Transfer(self, ask, url, done)
        self._running[transfer] = None
        if self._next_sweep == float("inf"):
            self._next_sweep = time.monotonic() + SWEEP
        self._send(transfer)

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
        while self._ended:
            done, result = self._ended.popleft()
            done(result)

    def wake(self) -> None:
        """Have a waiting `turn` return; from any thread."""
        with contextlib.suppress(BlockingIOError):  # Then enough alarms are waiting already.
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
        for handle in self._spare:
            handle.close()
        self._multi.close()
        self._selector.close()
        self._waker.close()
        self._alarm.close()

    def room(self, transfer: _Transfer, size: int) -> bool:
        """Whether so many more bytes may be held. The oldest goes on when nothing else would make room some time."""
        if self.held + size <= self.budget:
            return True
        return not self._given_out and next(iter(self._running)) is transfer

    def _resume(self) -> None:
        for transfer in [one for one in self._running if one.paused]:
            if not self.room(transfer, 1):
                return
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

    # ----------------------------------------------------------------- one request

    def _send(self, transfer: _Transfer) -> None:
        handle = transfer.handle = self._spare.pop() if self._spare else self._new_handle()
        handle.transfer = transfer
        left = transfer.attempt.left
        headers = [f"Accept: {transfer.ask.accept}", "Accept-Encoding: identity"]
        if transfer.referer:
            headers.append(f"Referer: {transfer.referer}")
        if transfer.cookies:
            headers.append(f"Cookie: {transfer.cookies}")
        if transfer.ask.agent is not None:  # libcurl leaves a header without a value out.
            headers.append(f"User-Agent: {transfer.ask.agent}".rstrip())
        handle.setopt(pycurl.URL, transfer.url)
        handle.setopt(pycurl.HTTPHEADER, headers)
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, max(10, int(1000 * min(self.settings.connect_timeout, left))))
        handle.setopt(pycurl.TIMEOUT_MS, max(10, int(1000 * left) + 1000))  # Ours comes first; this is the belt.
        if self.pins:
            self._pin(transfer)
        transfer.begin()
        handle.setopt(pycurl.HEADERFUNCTION, transfer.on_header)
        handle.setopt(pycurl.WRITEFUNCTION, transfer.on_body)
        self._multi.add_handle(handle)

    def _new_handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.PROXY, ""),
            (pycurl.NOPROXY, "*"),
            (pycurl.NETRC, 0),
            (pycurl.BUFFERSIZE, BUFFER),
            (pycurl.MAXFILESIZE_LARGE, max(self.settings.max_bytes, self.settings.max_video_bytes)),
            (pycurl.USERAGENT, self._agent),
            (pycurl.CAINFO, self._authority),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
        ):
            handle.setopt(option, value)
        handle.setopt(pycurl.OPENSOCKETFUNCTION, lambda _, address: handle.transfer.on_open(address))
        handle.setopt(pycurl.PREREQFUNCTION, lambda ip, *_: handle.transfer.on_request(ip))
        return handle

    def _pin(self, transfer: _Transfer) -> None:
        parts = urlsplit(transfer.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname or ""
        if host in self.pins:
            addresses = ",".join(f"[{text}]" if ":" in text else text for text in self.pins[host])
            transfer.handle.setopt(pycurl.RESOLVE, [f"{host}:{port}:{addresses}"])

    # ----------------------------------------------------------------- ends

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
                    self._end(transfer, transfer.error or as_fetch_error(code, text, transfer))
            if not left:
                return

    def _answered(self, transfer: _Transfer) -> None:
        """A whole answer: a redirect is followed, everything else is the end."""
        try:
            if transfer.error is not None:
                raise transfer.error
            if not transfer.status:
                transfer.read_head()
            if transfer.status not in REDIRECTS:
                self._end(transfer, transfer.reply())
                return
            settings = self.settings
            location = transfer.headers.get("location", "")
            there = redirect_target(
                transfer.url, location, transfer.status, settings.allow_private, settings.block_hosts
            )
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

    def _end(self, transfer: _Transfer, result: Reply | FetchError) -> None:
        del self._running[transfer]
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

    def _give_back(self, transfer: _Transfer) -> None:
        self._multi.remove_handle(transfer.handle)
        transfer.handle.transfer = None
        transfer.close_opened()
        self._spare.append(transfer.handle)

    def _sweep(self, now: float) -> None:
        for transfer in list(self._running):
            if reason := transfer.overdue(now):
                took = f"ended after {now - transfer.attempt.started:.1f} s with {transfer.attempt.received:,} bytes"
                self._end(transfer, FetchError(reason, took))
        self._next_sweep = now + SWEEP if self._running else float("inf")


class _Transfer:
    """One Ask on its way, over all its hops."""

    def __init__(self, outer: CurlTransfers, ask: Ask, url: str, done: Done) -> None:
        self.ask, self.url, self.done = ask, url, done
        self.referer, self.cookies = ask.referer, ask.cookies
        self.hops = 0
        self.handle: pycurl.Curl = None
        settings = outer.settings
        self.attempt = Attempt(ask.seconds, settings.minimum_speed, settings.slow_time)
        self._outer, self._settings = outer, settings
        self._limit = ask.limit or settings.max_bytes
        self._opened: list[socket.socket] = []
        self.begin()

    def begin(self) -> None:
        """A new request."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.size = 0
        """Bytes of the body held."""
        self.error: FetchError | None = None
        self.enough = False
        """The rest of an unwanted body is not worth reading."""
        self.asked = False
        """Whether there is a connection and the request went out."""
        self.paused = False
        self._lines: list[bytes] = []
        self._chunks: list[bytes] = []
        self._rest = self._reads = 0
        self._pulse = self._seen = 0
        self._heard = time.monotonic()

    @property
    def on_header(self) -> Callable[[bytes], None]:
        """Takes a line of the head. Nothing is made of it yet: a call per line would cost more than all the rest."""
        return self._lines.append

    def follow(self, url: str) -> None:
        """Go on at the next hop."""
        self.referer = referer_after_redirect(self.referer, self.url, url)
        if self.cookies and origin(self.url) != origin(url):
            self.cookies = ""
        self.url = url
        self.hops += 1

    def reply(self) -> Reply:
        """The answer, its one coding taken off. FetchError when that cannot be done."""
        body = b""
        if self.status in WITH_BODY:
            body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()  # The idle handle still knows this transfer.
            body = unpacked(body, coding_of(self.headers), self._limit)
        seconds = time.monotonic() - self.attempt.started
        return Reply(self.status, self.url, self.headers, body, self.hops, self.referer, seconds)

    def drop(self) -> int:
        """Forget what has come of the body; how many bytes that were."""
        size, self.size = self.size, 0
        self._chunks.clear()
        return size

    def close_opened(self) -> None:
        """pycurl works on duplicates of the sockets that `on_open` gave it."""
        for opened in self._opened:
            opened.close()
        self._opened.clear()

    def resume(self) -> None:
        """There is room again."""
        self.paused = False
        self._heard = time.monotonic()
        self.handle.pause(pycurl.PAUSE_CONT)

    def overdue(self, now: float) -> str:
        """The slug for which it must end now, or ""."""
        if len(self._lines) > MOST_LINES:
            return "http.bad_framing"
        pulse = self._pulse + len(self._lines)
        if pulse != self._seen or not self.asked or self.paused:
            self._seen, self._heard = pulse, now
        elif now - self._heard > self._settings.read_timeout:
            self._heard = now - _silent_for(self.handle, now - self._heard)
            if now - self._heard > self._settings.read_timeout:
                return "net.read_timeout"
        return self.attempt.overdue(now) if self.asked or now >= self.attempt.ends else ""

    # ----------------------------------------------------------------- libcurl calls back

    def on_open(self, address: Any) -> Any:
        """The socket for an address libcurl is about to connect to, or none: the last word on where we go."""
        host = address.addr[0]
        host = host.decode() if isinstance(host, bytes) else host
        if self.error is None and (why := _why_not(host, self._settings.allow_private)):
            self.error = FetchError("url.private_addr", f"{urlsplit(self.url).hostname} is {host}: {why}")
        if self.error is not None:
            return pycurl.SOCKET_BAD
        self._opened.append(socket.socket(address.family, address.socktype, address.protocol))
        return self._opened[-1]

    def on_request(self, host: str) -> int:
        """Connected, maybe long ago for another Ask; the address is looked at again before a byte goes out."""
        self.asked = True
        self.close_opened()
        self._heard = time.monotonic()
        if self.error is None and (why := _why_not(host, self._settings.allow_private)):
            self.error = FetchError("url.private_addr", f"{urlsplit(self.url).hostname} is {host}: {why}")
        return int(pycurl.PREREQFUNC_ABORT if self.error is not None else pycurl.PREREQFUNC_OK)

    def read_head(self) -> None:
        """Status and headers of the last head that came whole: those of 1xx and the trailers say nothing to us."""
        lines: list[bytes] = []
        for line in self._lines:
            if line.startswith(b"HTTP/"):
                self.status = int(line.split(None, 2)[1])
                lines = []
            elif line.isspace() and self.status >= 200:
                break
            lines.append(line)
        if len(lines) > HEADER_LINES:
            raise FetchError("http.bad_framing", f"{len(lines)} headers")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            name, value = name.lower(), value.strip()
            headers[name] = f"{headers[name]}{joint(name)}{value}" if name in headers else value
        self.headers = headers
        if self.status in WITH_BODY:
            check_head(headers, sys.maxsize if self.ask.robots else self._limit, self.status)

    def on_body(self, chunk: bytes) -> int | None:
        """A piece of the body; refused when it is too much, put off when all bodies together are."""
        size = len(chunk)
        self._pulse += 1
        if not self.status:
            try:
                self.read_head()
            except FetchError as error:
                self.error = error
                return 0
        if self.status not in WITH_BODY:
            self._rest += size
            self._reads += 1
            self.enough = self._rest > SMALL_REST or self._reads > 4
            return 0 if self.enough else None
        outer = self._outer
        if not outer.room(self, size):
            self.paused = True
            return int(pycurl.WRITEFUNC_PAUSE)
        self.attempt.received += size
        self.size += size
        outer.held += size
        if self.size > self._limit:
            if self.ask.robots:
                self._chunks.append(chunk)
                self.enough = True
            else:
                self.error = FetchError("body.too_big", f"more than {self._limit:,} bytes", self.status)
            return 0
        self._chunks.append(chunk)
        return None


@lru_cache(maxsize=4096)
def _why_not(host: str, allow_private: bool) -> str:
    return why_not(ipaddress.ip_address(host.partition("%")[0]), allow_private)


def _silent_for(handle: pycurl.Curl, otherwise: float) -> float:
    """Seconds since the server's last byte. libcurl tells of whole lines and chunks only; the kernel (Linux) knows."""
    fd = handle.getinfo(pycurl.ACTIVESOCKET)
    if fd is None or fd < 0 or not hasattr(socket, "TCP_INFO"):
        return otherwise
    with socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM) as connection:
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA + 4)
    return int.from_bytes(info[_LAST_DATA:], sys.byteorder) / 1000


def _certificates() -> str:
    import certifi

    return certifi.where()
