"""A forward proxy on loopback for browsers of ours: what they ask goes by the rule of `collector.http.safety`.

It resolves a name, has all its addresses checked, and connects to one of these and to no other, or has the user's own
proxy connect. CONNECT (RFC 9110, 9.3.6) makes a tunnel; a plain HTTP request has a connection to itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from collector.http.deadlines import Attempt
from collector.http.proxy import PROXY_LOGIN, connected, login_header, proxy_trouble, tunnel
from collector.http.safety import Resolve, candidates, check_url, system_resolve
from collector.http.transport import FetchError
from collector.urls import Proxies, Proxy

CONNECT_TIME = 10.0
"""Seconds to find a host's addresses, and to reach one of them."""
HEAD_TIME = 60.0
"""Seconds that a request's head may take; browsers open connections ahead of requests."""
RESOLVERS = 32
_LONGEST_HEAD = 262_144
_PIECE = 65_536
_HOP = ("connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade")
"""Header fields that are meant for the proxy (RFC 9110, 7.6.1)."""


class Gate:
    """Runs in a thread of its own from the start until `close`, and never longer than the process."""

    def __init__(self, told: Callable[[FetchError], None], proxies: Proxies, resolve: Resolve = system_resolve) -> None:
        """`told` hears, in the gate's thread, of each forbidden address and of each failure of a proxy. OSError."""
        self._told, self._proxies, self._resolve = told, proxies, resolve
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, _context: None)  # A browser sees itself what broke off.
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="gate-resolve")
        try:
            opening = asyncio.start_server(self._served, "127.0.0.1", 0, limit=_LONGEST_HEAD, backlog=512)
            self._server = self._loop.run_until_complete(opening)
        except OSError:
            self._loop.close()
            raise
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        """host:port, for `--proxy-server`."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser-gate", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more requests and break off those under way. May be called twice."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(timeout=2.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1.0)
        self._resolvers.shutdown(wait=False, cancel_futures=True)
        if not self._thread.is_alive():
            self._loop.close()

    async def _ended(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_TIME):
                head = await reader.readuntil(b"\r\n\r\n")
            first, *fields = head[:-4].decode("latin-1").split("\r\n")
            method, target, _ = first.split(" ")
            if method == "CONNECT":
                await self._tunnelled(target, reader, writer)
            else:
                await self._passed_on(method, target, fields, reader, writer)
        except (OSError, ValueError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            return  # No request, or one that broke off: the browser sees that its connection ends.
        finally:
            writer.close()

    async def _tunnelled(self, place: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, out = await self._connected(f"https://{place}/")
        except FetchError as error:
            status = "403 Forbidden" if error.reason.startswith("url.") else "502 Bad Gateway"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode("ascii"))
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _both(_piped(reader, out), _piped(there, writer), out)

    async def _passed_on(
        self, method: str, url: str, fields: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One request; what the browser sends behind it on the same connection may be for another host."""
        parts = urlsplit(url)
        if parts.scheme != "http":
            raise ValueError(url)
        length = 0
        kept = []
        for field in fields:
            name, _, value = field.partition(":")
            if name.lower() == "transfer-encoding":
                raise ValueError(field)
            if name.lower() == "content-length":
                length = max(0, int(value))
            if name.lower() not in _HOP:
                kept.append(field)
        try:
            there, out = await self._connected(f"http://{parts.netloc}/")
        except FetchError as error:
            raise ValueError(error.reason) from None
        target = (parts.path or "/") + (f"?{parts.query}" if "?" in url else "")
        if (proxy := self._proxies.via(url)) is not None and proxy.kind == "http":
            target = f"http://{parts.netloc}{target}"
            kept += [f"{name}: {value}" for name, value in login_header(proxy).items()]
        lines = [f"{method} {target} HTTP/1.1", *kept, "Connection: close", "", ""]
        out.write("\r\n".join(lines).encode("latin-1"))
        answer = _piped(there, writer) if proxy is None else self._answered(there, writer, proxy)
        await _both(_sent(reader, out, length), answer, out)

    async def _answered(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: Proxy) -> None:
        """What comes back by a proxy, which may be its own refusal."""
        first = await there.readline()
        if first[9:12] == str(PROXY_LOGIN).encode("ascii"):
            self._told(proxy_trouble(proxy, PROXY_LOGIN))
        writer.write(first)
        await _piped(there, writer)

    async def _connected(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to where a URL leads. FetchError: forbidden, no address, nobody there, or the proxy fails."""
        try:
            url = check_url(url, allow_private=False)
            if (proxy := self._proxies.via(url)) is not None:
                through = await self._loop.run_in_executor(self._resolvers, self._by_proxy, proxy, url)
                return await asyncio.open_connection(sock=through)
            host, port = _place(url)
            addresses = await self._loop.run_in_executor(self._resolvers, self._addresses, host, port)
        except FetchError as error:
            if error.reason.startswith(("url.", "net.proxy")):
                self._told(error)
            raise
        for address in addresses:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_TIME):
                    return await asyncio.open_connection(address, port)
        raise FetchError("net.connect", host)

    def _addresses(self, host: str, port: int) -> list[str]:
        attempt = Attempt(CONNECT_TIME, 0, CONNECT_TIME)
        return candidates(host, port, self._resolve, False, attempt, CONNECT_TIME)

    def _by_proxy(self, proxy: Proxy, url: str) -> socket.socket:
        """A connection to the proxy, led on to the host unless an HTTP proxy is to be given the whole URL."""
        attempt = Attempt(CONNECT_TIME, 0, CONNECT_TIME)
        try:
            connection = connected(proxy, self._resolve, attempt, CONNECT_TIME)
        finally:
            attempt.release()
        if proxy.kind == "socks5" or url.startswith("https:"):
            try:
                tunnel(connection, proxy, *_place(url))
            except FetchError:
                connection.close()
                raise
        return connection


def _place(url: str) -> tuple[str, int]:
    """Host and port of a URL as `check_url` gives it."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


async def _piped(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        sink.write(piece)
        await sink.drain()


async def _sent(source: asyncio.StreamReader, sink: asyncio.StreamWriter, length: int) -> None:
    """So many bytes of a body; then it lasts until the browser goes. What comes behind the body is thrown away."""
    while length and (piece := await source.read(min(length, _PIECE))):
        sink.write(piece)
        await sink.drain()
        length -= len(piece)
    while await source.read(_PIECE):
        pass


async def _both(
    upwards: Coroutine[Any, Any, None], downwards: Coroutine[Any, Any, None], out: asyncio.StreamWriter
) -> None:
    """Both directions, until one of them ends: browsers close a connection in no two steps."""
    ways = [asyncio.ensure_future(upwards), asyncio.ensure_future(downwards)]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        out.close()
        await asyncio.gather(*ways, return_exceptions=True)
