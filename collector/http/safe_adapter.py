"""Connections of requests and urllib3 that open to checked addresses only, and bodies read within bounds.

For pages and JSON. Follows no redirect, keeps no cookie and decides nothing about an answer.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from collector.http.deadlines import Attempt
from collector.http.errors import as_fetch_errors
from collector.http.proxy import PROXY_LOGIN, connected, login_header, proxy_trouble, tunnel
from collector.http.response_checks import SMALL_REST, announced_length, check_head, codings_of, unpacked
from collector.http.safety import Resolve, candidates, connect
from collector.http.transport import FetchError
from collector.settings import FetchSettings
from collector.urls import Proxies

CHUNK = 65_536
"""Bytes asked of the socket at a time; deadline and caps are looked at after each."""
IDLE_HOSTS = 100
"""Hosts whose idle connections are kept; more would run into the usual limit of 1,024 open files."""


class SafeAdapter(HTTPAdapter):
    """Thread-safe. One TLS context for all hosts: making one costs 18 ms of CPU."""

    def __init__(self, settings: FetchSettings, resolve: Resolve, context: ssl.SSLContext) -> None:
        self._settings, self._resolve, self._context = settings, resolve, context
        self._running = threading.local()
        self._proxies = Proxies.of(settings.proxy, os.environ)
        self._pools = self._guarded_pools()
        super().__init__(
            pool_connections=max(IDLE_HOSTS, settings.threads),
            pool_maxsize=max(1, min(settings.threads, settings.per_host)),
        )

    def carry(self, request: requests.PreparedRequest, attempt: Attempt) -> requests.Response:
        """The answer's head. A kept connection that the server had just closed is worth a second try."""
        self._running.attempt = attempt
        while True:
            attempt.check()
            attempt.reused = False
            try:
                with as_fetch_errors(attempt):
                    wait = max(0.01, min(self._settings.read_timeout, attempt.left))
                    answer = self.send(request, stream=True, timeout=(self._settings.connect_timeout, wait))
                proxy = self._proxies.via(request.url or "")
                if proxy is not None and answer.status_code == PROXY_LOGIN:
                    answer.close()
                    raise proxy_trouble(proxy, PROXY_LOGIN)
                return answer
            except FetchError as error:
                if error.reason != "net.reset" or not attempt.reused:
                    raise

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._context, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def cert_verify(self, conn: Any, *_: Any, **__: Any) -> None:
        """The context verifies; a CA file named here would be read again for each connection."""
        conn.cert_reqs = "CERT_REQUIRED"

    def _guarded_pools(self) -> dict[str, type[HTTPConnectionPool]]:
        """urllib3's connections, opened to checked addresses only and known to the running attempt."""
        outer = self

        class Guarded(HTTPConnection):
            served = False
            _scheme = "http"

            def _new_conn(self) -> socket.socket:
                return outer._open(self._origin)

            @property
            def _origin(self) -> str:
                host = f"[{self.host}]" if ":" in self.host else self.host
                return f"{self._scheme}://{host}:{self.port or self.default_port}"

            def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
                attempt: Attempt = outer._running.attempt
                if self.sock is not None:
                    attempt.hold(self.sock)
                    attempt.reused = self.served
                self.served = True
                proxy = outer._proxies.via(self._origin)
                if proxy is not None and proxy.kind == "http" and self._scheme == "http":
                    url = self._origin.removesuffix(":80") + url
                    headers = {**(headers or {}), **login_header(proxy)}
                super().request(method, url, body, headers, **options)

            def close(self) -> None:
                self.served = False
                super().close()

        class GuardedTLS(Guarded, HTTPSConnection):
            _scheme = "https"

        class Pool(HTTPConnectionPool):
            ConnectionCls = Guarded

        class PoolTLS(HTTPSConnectionPool):
            ConnectionCls = GuardedTLS

        return {"http": Pool, "https": PoolTLS}

    def _open(self, origin: str) -> socket.socket:
        """A connection to where `scheme://host:port` is, or to the proxy that leads there."""
        attempt: Attempt = self._running.attempt
        settings, parts = self._settings, urlsplit(origin)
        host, port = parts.hostname or "", parts.port or 0
        if (proxy := self._proxies.via(origin)) is not None:
            connection = connected(proxy, self._resolve, attempt, settings.connect_timeout)
            if proxy.kind == "socks5" or parts.scheme == "https":
                try:
                    tunnel(connection, proxy, host, port)
                except FetchError:
                    connection.close()
                    raise
            return connection
        wait = max(0.01, min(settings.connect_timeout, attempt.left))
        addresses = candidates(host, port, self._resolve, settings.allow_private, attempt, wait)
        return connect(addresses, port, host, attempt, settings.connect_timeout)


def tls_context() -> ssl.SSLContext:
    """Verifies against certifi's authorities."""
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def headers_of(answer: requests.Response) -> dict[str, str]:
    """Names in lower case."""
    return {name.lower(): value for name, value in answer.headers.items()}


def read_body(answer: requests.Response, attempt: Attempt, limit: int, cut: bool = False) -> bytes:
    """The whole body, at most `limit` bytes on the wire and unpacked. FetchError when it is not whole or too big.

    With `cut` one that is too big is no error: its beginning is read, about `limit` bytes.
    """
    headers, status = headers_of(answer), answer.status_code
    check_head(headers, sys.maxsize if cut else limit, status)
    with as_fetch_errors(attempt):
        body = _read(answer.raw, attempt, limit)
    if len(body) > limit:
        if cut:
            return unpacked(body, codings_of(headers), limit, cut)
        raise FetchError("body.too_big", f"more than {limit:,} bytes", status)
    attempt.check()  # A socket that was shut from outside reads as a clean end.
    announced = announced_length(headers)
    if announced is not None and len(body) != announced:
        raise FetchError("net.truncated", f"{len(body):,} of {announced} bytes", status)
    return unpacked(body, codings_of(headers), limit, cut)


def _read(raw: Any, attempt: Attempt, limit: int) -> bytes:
    """Up to the first piece that goes beyond the limit."""
    chunks: list[bytes] = []
    received = 0
    while chunk := raw.read1(CHUNK, decode_content=False):
        chunks.append(chunk)
        received += len(chunk)
        attempt.received += len(chunk)
        attempt.check()
        if received > limit:
            break
    return b"".join(chunks)


def discard(answer: requests.Response) -> None:
    """Read a small rest so that the connection can be used again; a large or dripping one is cut off."""
    if (announced_length(headers_of(answer)) or 0) > SMALL_REST:
        return
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
        for _ in range(4):
            if not answer.raw.read1(CHUNK, decode_content=False):
                return
