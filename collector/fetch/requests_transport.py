"""HTTP with requests: one session, one TLS context, own redirects, own reads. Never looks at the bytes.

Heavy imports: load it only where downloads are about to start. requests' conveniences that read the
environment, keep cookies, follow redirects or unpack without a limit are all left out.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from collector import __version__
from collector.fetch.address import Resolve, candidates, check_url, connect, system_resolve
from collector.fetch.framing import (
    REDIRECTS,
    SMALL_REST,
    WITH_BODY,
    announced_length,
    check_head,
    coding_of,
    redirect_target,
    unpacked,
)
from collector.fetch.http_errors import as_fetch_errors
from collector.fetch.ladder import referer_after_redirect
from collector.fetch.transport import Ask, FetchError, Reply, shown
from collector.fetch.watchdog import Attempt, Watchdog
from collector.settings import FetchSettings

CHUNK = 65_536
"""Bytes asked of the socket at a time; deadline and caps are looked at after each."""
IDLE_HOSTS = 100
"""Hosts whose idle connections are kept; more would run into the usual limit of 1,024 open files."""


class RequestsDownload:
    """`Download` by requests. Thread-safe; `resolve` and `context` are arguments for tests."""

    def __init__(
        self,
        settings: FetchSettings,
        resolve: Resolve = system_resolve,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings, self._resolve = settings, resolve
        self._watchdog = Watchdog(settings.minimum_speed, settings.slow_time)
        self._running = threading.local()
        self._user_agent = settings.user_agent.replace("{version}", __version__)
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = _Adapter(self._guarded_pools(), context or _tls_context(), settings)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __call__(self, ask: Ask) -> Reply:
        """See `Download`."""
        with self._watchdog.attempt(ask.seconds) as attempt:
            self._running.attempt = attempt
            return self._follow(ask, attempt)

    def cut(self) -> None:
        """See `Download`."""
        self._watchdog.cut_all()

    def close(self) -> None:
        """See `Download`."""
        self._session.close()
        self._watchdog.close()

    # ----------------------------------------------------------------- redirects

    def _follow(self, ask: Ask, attempt: Attempt) -> Reply:
        """Ask, and follow redirects one by one; each hop is checked like the first URL."""
        url, referer = check_url(ask.url, self._settings.allow_private), ask.referer
        for hops in range(self._settings.max_redirects + 1):
            try:
                answer = self._get(url, referer, ask.accept, attempt)
            except FetchError as error:
                if hops and error.reason.startswith("url."):
                    raise FetchError("net.redirect_blocked", error.detail) from None
                raise
            with contextlib.closing(answer):
                if answer.status_code not in REDIRECTS:
                    body = self._body(answer, attempt)
                    headers = _headers(answer)
                    seconds = time.monotonic() - attempt.started
                    return Reply(answer.status_code, url, headers, body, hops, referer, seconds)
                location, status = answer.headers.get("location", ""), answer.status_code
                there = redirect_target(url, location, status, self._settings.allow_private)
                _discard(answer)
            referer = referer_after_redirect(referer, url, there)
            url = there
        raise FetchError("net.redirect_loop", f"more than {self._settings.max_redirects} redirects, last {shown(url)}")

    # ----------------------------------------------------------------- one request

    def _get(self, url: str, referer: str, accept: str, attempt: Attempt) -> requests.Response:
        """The answer's head. A kept connection that the server had just closed is worth a second try."""
        request = requests.PreparedRequest()
        request.method, request.url, request.hooks = "GET", url, default_hooks()
        headers = {"User-Agent": self._user_agent, "Accept": accept, "Accept-Encoding": "identity"}
        request.headers = CaseInsensitiveDict(headers | ({"Referer": referer} if referer else {}))
        while True:
            attempt.check()
            attempt.reused = False
            try:
                with as_fetch_errors(attempt):
                    wait = max(0.01, min(self._settings.read_timeout, attempt.left))
                    adapter = self._session.get_adapter(url)
                    return adapter.send(request, stream=True, timeout=(self._settings.connect_timeout, wait))
            except FetchError as error:
                if error.reason != "net.reset" or not attempt.reused:
                    raise

    def _body(self, answer: requests.Response, attempt: Attempt) -> bytes:
        if answer.status_code not in WITH_BODY:
            _discard(answer)
            return b""
        headers = _headers(answer)
        check_head(headers, self._settings.max_bytes, answer.status_code)
        with as_fetch_errors(attempt):
            body = self._read(answer.raw, attempt, answer.status_code)
        attempt.check()  # A socket that was shut from outside reads as a clean end.
        announced = announced_length(headers)
        if announced is not None and len(body) != announced:
            raise FetchError("net.truncated", f"{len(body):,} of {announced} bytes", answer.status_code)
        return unpacked(body, coding_of(headers), self._settings.max_bytes)

    def _read(self, raw: Any, attempt: Attempt, status: int) -> bytes:
        chunks: list[bytes] = []
        received = 0
        while chunk := raw.read1(CHUNK, decode_content=False):
            chunks.append(chunk)
            received += len(chunk)
            attempt.received += len(chunk)
            if received > self._settings.max_bytes:
                raise FetchError("body.too_big", f"more than {self._settings.max_bytes:,} bytes", status)
            attempt.check()
        return b"".join(chunks)

    # ----------------------------------------------------------------- connections

    def _guarded_pools(self) -> dict[str, type[HTTPConnectionPool]]:
        """urllib3's connections, opened to checked addresses only and known to the running attempt."""
        outer = self

        class Guarded(HTTPConnection):
            served = False

            def _new_conn(self) -> socket.socket:
                return outer._open(self.host, int(self.port or self.default_port))

            def request(self, *arguments: Any, **options: Any) -> None:
                attempt: Attempt = outer._running.attempt
                if self.sock is not None:
                    attempt.hold(self.sock)
                    attempt.reused = self.served
                self.served = True
                super().request(*arguments, **options)

            def close(self) -> None:
                self.served = False
                super().close()

        class GuardedTLS(Guarded, HTTPSConnection):
            pass

        class Pool(HTTPConnectionPool):
            ConnectionCls = Guarded

        class PoolTLS(HTTPSConnectionPool):
            ConnectionCls = GuardedTLS

        return {"http": Pool, "https": PoolTLS}

    def _open(self, host: str, port: int) -> socket.socket:
        attempt: Attempt = self._running.attempt
        settings = self._settings
        wait = max(0.01, min(settings.connect_timeout, attempt.left))
        addresses = candidates(host.strip("[]"), port, self._resolve, settings.allow_private, attempt, wait)
        return connect(addresses, port, host, attempt, settings.connect_timeout)


class _Adapter(HTTPAdapter):
    """An adapter with given pool classes and one TLS context for all hosts: making one costs 18 ms of CPU."""

    def __init__(
        self, pools: dict[str, type[HTTPConnectionPool]], context: ssl.SSLContext, settings: FetchSettings
    ) -> None:
        self._pools, self._context = pools, context
        super().__init__(
            pool_connections=max(IDLE_HOSTS, settings.threads),
            pool_maxsize=max(1, min(settings.threads, settings.per_host)),
        )

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def cert_verify(self, conn: Any, *_: Any, **__: Any) -> None:
        """The context verifies; a CA file named here would be read again for each connection."""
        conn.cert_reqs = "CERT_REQUIRED"


def _tls_context() -> ssl.SSLContext:
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _headers(answer: requests.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _discard(answer: requests.Response) -> None:
    """Read a small rest so that the connection can be used again; a large or dripping one is cut off."""
    if (announced_length(_headers(answer)) or 0) > SMALL_REST:
        return
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
        for _ in range(4):
            if not answer.raw.read1(CHUNK, decode_content=False):
                return
