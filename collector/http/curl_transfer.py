"""One Ask on its way through libcurl, over all its hops: its head, its body, its limits. Runs no loop, never looks at
what the bytes are."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import pycurl

from collector.http.curl_handle import refused, silent_for
from collector.http.deadlines import Attempt
from collector.http.response_checks import (
    SMALL_REST,
    WITH_BODY,
    check_head,
    codings_of,
    keep_cookies,
    part_of,
    unpacked,
    validator,
)
from collector.http.transport import Ask, FetchError, Reply, joint
from collector.settings import FetchSettings
from collector.urls import Proxy, host_of, hostname, origin, referer_after_redirect

HEADER_LINES = 1000
"""Most of a head that is taken. libcurl draws a line at 300 KB, browsers at about as much."""
MOST_LINES = 10_000
"""Most lines in one answer, those of 1xx and trailers included."""

RESUMED = 5
"""Times that the rest of one body is asked for."""
_BREAKS_OFF = frozenset(("net.reset", "net.truncated", "net.read_timeout"))

Done = Callable[[Reply | FetchError], None]


class Holder(Protocol):
    """Who counts the bytes of all bodies."""

    held: int
    paused: dict[Transfer, None]

    def room(self, transfer: Transfer, size: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class _Broken:
    """A body that broke off after `size` bytes."""

    status: int
    headers: dict[str, str]
    size: int
    error: FetchError


def _is_whole(headers: dict[str, str]) -> bool:
    part = part_of(headers)
    return part is not None and part[0] == 0 and part[1] == part[2]


class Transfer:
    """One Ask; `done` is for its end."""

    __slots__ = (
        *("ask", "asked", "attempt", "cookies", "done", "enough", "error", "handle", "headers", "hops"),
        *("paused", "proxy", "referer", "resuming", "size", "status", "url"),
        *("_broken", "_chunks", "_given", "_heard", "_holder", "_jars", "_limit", "_lines", "_opened"),
        *("_pulse", "_reached", "_reads", "_rest", "_resumed", "_seen", "_settings", "_wanted"),
    )

    def __init__(self, holder: Holder, settings: FetchSettings, ask: Ask, url: str, done: Done) -> None:
        self.ask, self.url, self.done = ask, url, done
        self.referer, self.cookies = ask.referer, ask.cookies
        self.hops = 0
        self.handle: pycurl.Curl = None
        self.proxy: Proxy | None = None
        """By which the request goes; the addresses of hosts are its business then."""
        self.attempt = Attempt(ask.seconds, settings.minimum_speed, settings.slow_time)
        self._holder, self._settings = holder, settings
        self._limit = ask.limit or settings.max_bytes
        self._opened: list[socket.socket] = []
        self._given = ask.cookies
        self._jars: dict[str, dict[str, str]] = {}
        """Host -> the cookies it has set on the way."""
        self.begin()

    def begin(self) -> None:
        """A request for a whole body."""
        self.resuming: tuple[str, ...] = ()
        """Headers that ask for the rest of a body that broke off."""
        self._broken: _Broken | None = None
        """What it was that broke off."""
        self._resumed = self._reached = 0
        """How often that was done, and the most bytes that there were."""
        self.size = 0
        """Bytes of the body held."""
        self._chunks: list[bytes] = []
        self._send()

    def _send(self) -> None:
        """A new request."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.error: FetchError | None = None
        self.enough = False
        """The rest of an unwanted body, or of a long robots.txt, is not worth reading."""
        self.asked = False
        """Whether there is a connection and the request went out."""
        self.paused = False
        self._wanted = False
        """Whether the head was read, and what follows is a picture."""
        self._lines: list[bytes] = []
        self._rest = self._reads = 0
        self._pulse = self._seen = 0
        self._heard = time.monotonic()

    @property
    def seconds_left(self) -> float:
        """To the deadline; <= 0 when it is over."""
        return self.attempt.left

    @property
    def on_header(self) -> Callable[[bytes], None]:
        """Takes a line of the head. Nothing is made of it yet: a call per line would cost more than all the rest."""
        return self._lines.append

    def follow(self, url: str) -> None:
        """Go on at the next hop."""
        self.referer = referer_after_redirect(self.referer, self.url, url)
        if origin(self.url) != origin(url):
            self._given = ""
        if "set-cookie" in self.headers:
            keep_cookies(self._jars.setdefault(host_of(self.url), {}), self.headers["set-cookie"])
        kept = (f"{name}={value}" for name, value in self._jars.get(host_of(url), {}).items())
        self.cookies = "; ".join(filter(None, (self._given, *kept)))
        self.url = url
        self.hops += 1
        self.begin()

    def can_resume(self, error: FetchError) -> bool:
        """Whether the rest of the body may be asked for: it broke off, more of it came than last time, and the server
        has said how to tell that it is still the same."""
        return (
            error.reason in _BREAKS_OFF
            and self._wanted
            and self.size > self._reached
            and self._resumed < RESUMED
            and self.seconds_left > 0
            and not (self.ask.robots or codings_of(self.headers))
            and bool(validator(self.headers))
        )

    def resume_body(self, error: FetchError) -> None:
        """Ask for the rest of a body that broke off."""
        self._broken = _Broken(self.status, self.headers, self.size, error)
        self.resuming = (f"Range: bytes={self.size}-", f"If-Range: {validator(self.headers)}")
        self._resumed, self._reached = self._resumed + 1, self.size
        self._send()

    def reply(self) -> Reply:
        """The answer, its codings taken off. FetchError when that cannot be done."""
        body = b""
        if self.status in WITH_BODY:
            body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()  # The idle handle still knows this transfer.
            body = unpacked(body, codings_of(self.headers), self._limit, cut=self.ask.robots)
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
            self._heard = now - silent_for(self.handle, now - self._heard)
            if now - self._heard > self._settings.read_timeout:
                return "net.read_timeout"
        return self.attempt.overdue(now) if self.asked or now >= self.attempt.ends else ""

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
            self._wanted = True
        if self._broken is not None:
            self._rest_or_anew(self._broken)
        elif self.status == 206 and not _is_whole(headers):
            raise FetchError("http.206", "only a part of it", self.status)

    def _rest_or_anew(self, broken: _Broken) -> None:
        """The body goes on where it broke off, or it is another one by now and comes from its beginning."""
        part = part_of(self.headers) if self.status == 206 else None
        if part is not None and part[0] == broken.size and not codings_of(self.headers):
            self.status, self.headers = broken.status, broken.headers
        elif self._wanted and self.status != 206:
            self._broken = None
            self._holder.held -= self.drop()
            if validator(self.headers) != validator(broken.headers):
                self._reached = 0
        else:
            raise broken.error

    # ----------------------------------------------------------------- libcurl calls back

    def on_open(self, address: Any) -> Any:
        """The socket for an address libcurl is about to connect to, or none: the last word on where we go."""
        host = address.addr[0]
        if self._refuse(host.decode() if isinstance(host, bytes) else host):
            return pycurl.SOCKET_BAD
        try:
            self._opened.append(socket.socket(address.family, address.socktype, address.protocol))
        except OSError as error:  # Too many are open: one that ends makes room for the next try.
            self.error = FetchError("net.connect", f"{hostname(self.url)}: {error.strerror}")
            return pycurl.SOCKET_BAD
        return self._opened[-1]

    def on_request(self, host: str) -> int:
        """Connected, maybe long ago for another Ask; the address is looked at again before a byte goes out."""
        self.asked = True
        self.close_opened()
        self._heard = time.monotonic()
        return int(pycurl.PREREQFUNC_ABORT if self._refuse(host) else pycurl.PREREQFUNC_OK)

    def _refuse(self, host: str) -> bool:
        if self.proxy is None and self.error is None and (why := refused(host, self._settings.allow_private)):
            self.error = FetchError("url.private_addr", f"{hostname(self.url)} is {host}: {why}")
        return self.error is not None

    def on_body(self, chunk: bytes) -> int | None:
        """A piece of the body; refused when it is too much, put off when all bodies together are."""
        self._pulse += 1
        if not self._wanted and not self._may_come(len(chunk)):
            return 0
        if not self._wanted:
            return None
        size = len(chunk)
        if not self._holder.room(self, size):
            self.paused = True
            self._holder.paused[self] = None
            return int(pycurl.WRITEFUNC_PAUSE)
        self.attempt.received += size
        self.size += size
        self._holder.held += size
        if self.size > self._limit and not self.ask.robots:
            self.error = FetchError("body.too_big", f"more than {self._limit:,} bytes", self.status)
            return 0
        self._chunks.append(chunk)
        self.enough = self.size > self._limit
        return 0 if self.enough else None

    def _may_come(self, size: int) -> bool:
        """Reads the head at the body's first piece; of an unwanted body only a small rest may come."""
        if not self.status:
            try:
                self.read_head()
            except FetchError as error:
                self.error = error
                return False
        if not self._wanted:
            self._rest += size
            self._reads += 1
            self.enough = self._rest > SMALL_REST or self._reads > 4
        return not self.enough
