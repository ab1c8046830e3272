"""One large file of the web into a file here: streamed, and taken up again where it broke off (RFC 9110, 14).

Over the same checked connections, proxies and deadlines as pages. Does not know what the file is to hold.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import requests
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict

from collector.http.deadlines import Attempt, Watchdog
from collector.http.errors import as_fetch_errors
from collector.http.page_session import for_next
from collector.http.response_checks import REDIRECTS, check_head, part_of, redirect_target
from collector.http.safe_adapter import CHUNK, SafeAdapter, discard, headers_of, tls_context
from collector.http.safety import Resolve, check_url, system_resolve
from collector.http.transport import FetchError, retry_after, shown
from collector.http.user_agent import agent_for
from collector.reasons import Fate, fate
from collector.settings import FetchSettings
from collector.urls import host_of

TRIES: Final = 5
"""In a row that bring nothing."""
LONGEST_WAIT: Final = 60.0
_REDIRECTED: Final = 5
_LONGEST: Final = 86_400.0
"""Seconds that one connection may last; the minimum speed is what ends one that hangs."""


class LargeFiles:
    """Use it in a `with`. `sleep` and the rest are for tests."""

    def __init__(
        self,
        settings: FetchSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Resolve = system_resolve,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings, self._sleep = settings, sleep
        self._adapter = SafeAdapter(settings, resolve, context or tls_context())
        self._watchdog = Watchdog(settings.minimum_speed, settings.slow_time)

    def __enter__(self) -> LargeFiles:
        return self

    def __exit__(self, *_: object) -> None:
        self._adapter.close()
        self._watchdog.close()

    def fetch(
        self, url: str, part: Path, size: int, headers: Mapping[str, str], tell: Callable[[int], None] = lambda _: None
    ) -> None:
        """Fill `part` up to `size` bytes; `tell` hears how many there are.

        What is there already is not asked for again. `headers` go to the URL's own host alone. FetchError when it
        cannot be had, with what came kept in `part`; OSError when the disk does not take it.
        """
        failed = 0
        while (have := _size(part, size)) < size:
            try:
                with self._watchdog.attempt(_LONGEST) as attempt, part.open("ab") as file:
                    self._carry(url, file, size, headers, attempt, tell)
                if _size(part, size) == have:
                    raise FetchError("net.truncated", "nothing came")
            except FetchError as error:
                failed = 1 if part.stat().st_size > have else failed + 1
                passes = fate(error.reason) is Fate.RETRY or error.status == 429 or error.status >= 500
                if failed >= TRIES or not passes:
                    raise
                self._sleep(min(error.retry_after or 0.5 * 2.0**failed, LONGEST_WAIT))

    def _carry(
        self, url: str, file: BinaryIO, size: int, headers: Mapping[str, str], attempt: Attempt,
        tell: Callable[[int], None],
    ) -> None:  # fmt: skip
        """One try: what is missing, behind what the file holds."""
        url, have = check_url(url, self._settings.allow_private), file.tell()
        named = CaseInsensitiveDict({**headers, "Accept": "*/*", "Accept-Encoding": "identity"})
        if have:
            named["Range"] = f"bytes={have}-"
        for _ in range(_REDIRECTED + 1):
            with contextlib.closing(self._adapter.carry(self._request(url, named), attempt)) as answer:
                if answer.status_code not in REDIRECTS:
                    self._receive(answer, file, size, attempt, tell)
                    return
                location = answer.headers.get("location", "")
                there = redirect_target(url, location, answer.status_code, self._settings.allow_private)
                discard(answer)
            named, url = for_next(named, url, there), there
        raise FetchError("net.redirect_loop", f"more than {_REDIRECTED} redirects, last {shown(url)}")

    def _request(self, url: str, headers: Mapping[str, str]) -> requests.PreparedRequest:
        request = requests.PreparedRequest()
        request.method, request.url, request.hooks = "GET", url, default_hooks()
        request.headers = CaseInsensitiveDict({**headers, "User-Agent": agent_for(url, self._settings)})
        return request

    def _receive(
        self, answer: requests.Response, file: BinaryIO, size: int, attempt: Attempt, tell: Callable[[int], None]
    ) -> None:
        """The body at its place in the file; a host that knows no parts sends it from the beginning."""
        status, named = answer.status_code, headers_of(answer)
        if status not in (200, 206):
            wait = retry_after(named.get("retry-after"))
            raise FetchError(f"http.{status}", f"{host_of(answer.url or '')} HTTP {status}".strip(), status, wait)
        check_head(named, size, status)
        if status == 200 and named.get("content-length", str(size)) != str(size):  # A page of a proxy, say.
            raise FetchError(
                "http.bad_framing", f"{size:,} bytes were stated, {named['content-length']} announced", status
            )
        start, _, whole = part_of(named) or (0, 0, None) if status == 206 else (0, 0, None)
        if start > file.tell() or whole not in (None, size):
            raise FetchError("http.bad_framing", "another part of the file than was asked for", status)
        if start < file.tell():
            file.truncate(start)
        while chunk := _chunk(answer, attempt):
            start += len(chunk)
            if start > size:
                raise FetchError("body.too_big", f"more than {size:,} bytes", status)
            file.write(chunk)
            tell(start)


def _chunk(answer: requests.Response, attempt: Attempt) -> bytes:
    """The next bytes of a body; none at its end."""
    with as_fetch_errors(attempt):
        chunk: bytes = answer.raw.read1(CHUNK, decode_content=False)
    attempt.received += len(chunk)
    attempt.check()  # A socket that was shut from outside reads as a clean end.
    return chunk


def _size(path: Path, most: int) -> int:
    """Bytes that are there; a file that is longer than it can be is none."""
    have = path.stat().st_size if path.exists() else 0
    if have > most:
        path.unlink()
        return 0
    return have
