"""One Ask on its way through libcurl, over all its hops: its head, its body, its limits. Runs no loop, never looks at
what the bytes are."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import pycurl

from collector.http.curl_handle import refused, silent_for
from collector.http.deadlines import Attempt
from collector.http.response_checks import SMALL_REST, WITH_BODY, check_head, coding_of, unpacked
from collector.http.transport import Ask, FetchError, Reply, joint
from collector.settings import FetchSettings
from collector.urls import Proxy, hostname, origin, referer_after_redirect

HEADER_LINES = 100
"""Most of a head that is taken; http.client draws the line there too. libcurl draws one at 300 KB."""
MOST_LINES = 10_000
"""Most lines in one answer, those of 1xx and trailers included."""

Done = Callable[[Reply | FetchError], None]


class Holder(Protocol):
    """Who counts the bytes of all bodies."""

    held: int
    paused: dict[Transfer, None]

    def room(self, transfer: Transfer, size: int) -> bool: ...


class Transfer:
    """One Ask; `done` is for its end."""

    __slots__ = (
        *(
            "ask",
            "asked",
            "attempt",
            "cookies",
            "done",
            "enough",
            "error",
            "handle",
            "headers",
            "hops",
            "paused",
            "proxy",
        ),
        *("referer", "size", "status", "url"),
        *("_chunks", "_heard", "_holder", "_limit", "_lines", "_opened", "_pulse", "_reads", "_rest", "_seen"),
        *("_settings", "_wanted"),
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
        self.begin()

    def begin(self) -> None:
        """A new request."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.size = 0
        """Bytes of the body held."""
        self.error: FetchError | None = None
        self.enough = False
        """The rest of an unwanted body, or of a long robots.txt, is not worth reading."""
        self.asked = False
        """Whether there is a connection and the request went out."""
        self.paused = False
        self._wanted = False
        """Whether the head was read, and what follows is a picture."""
        self._lines: list[bytes] = []
        self._chunks: list[bytes] = []
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
        if self.cookies and origin(self.url) != origin(url):
            self.cookies = ""
        self.url = url
        self.hops += 1
        self.begin()

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

    # ----------------------------------------------------------------- libcurl calls back

    def on_open(self, address: Any) -> Any:
        """The socket for an address libcurl is about to connect to, or none: the last word on where we go."""
        host = address.addr[0]
        if self._refuse(host.decode() if isinstance(host, bytes) else host):
            return pycurl.SOCKET_BAD
        self._opened.append(socket.socket(address.family, address.socktype, address.protocol))
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
