"""libcurl's easy handles: the options that are set once, and those of one request. Moves no bytes and knows no loop.

libcurl's conveniences that read the environment, keep cookies, follow redirects or unpack are all left out.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import pycurl

from collector.cookies import Cookies
from collector.http.safety import why_not
from collector.http.transport import Ask
from collector.http.user_agent import agent, is_wikimedia
from collector.settings import FetchSettings
from collector.urls import Proxies, Proxy, hostname

BUFFER = 512 * 1024
"""Bytes libcurl reads from a socket at a time; it hands them on in pieces of 16 KB."""
_LAST_DATA = 56
"""Offset of tcpi_last_data_recv in struct tcp_info (linux/tcp.h): milliseconds since the last byte came."""


class Asking(Protocol):
    """A request on its way, as its handle sees it."""

    ask: Ask
    url: str
    referer: str
    cookies: str
    proxy: Proxy | None
    resuming: tuple[str, ...]
    """Headers that ask for the rest of a body; empty for a whole one."""

    @property
    def seconds_left(self) -> float: ...
    @property
    def on_header(self) -> Callable[[bytes], None]: ...
    def on_body(self, chunk: bytes) -> int | None: ...
    def on_open(self, address: Any) -> Any: ...
    def on_request(self, host: str) -> int: ...


class Handles:
    """Handles to lend; one that comes back keeps its memory and its options. `handle.transfer` is who has it."""

    def __init__(self, settings: FetchSettings, pins: Mapping[str, list[str]], authority: str) -> None:
        """`pins` (host -> addresses) and `authority` (a CA file, "" for the usual ones) are for tests."""
        self._settings, self._pins = settings, pins
        self._proxies = Proxies.of(settings.proxy, os.environ)
        self._authority = authority or _certificates()
        self._cookies = Cookies.read(settings.cookies)
        self._agents = {wikimedia: agent(settings, wikimedia) for wikimedia in (False, True)}
        self._spare: list[pycurl.Curl] = []

    def lend(self, transfer: Asking) -> pycurl.Curl:
        """A handle that is ready for the transfer's next request."""
        handle = self._spare.pop() if self._spare else self._new()
        handle.transfer = transfer
        left = transfer.seconds_left
        headers = [f"Accept: {transfer.ask.accept}", "Accept-Encoding: identity", *transfer.resuming]
        if transfer.referer:
            headers.append(f"Referer: {transfer.referer}")
        if cookies := self._cookies.beside(transfer.url, transfer.cookies):
            headers.append(f"Cookie: {cookies}")
        wikimedia = is_wikimedia(hostname(transfer.url))
        given = None if wikimedia else transfer.ask.agent
        headers.append(f"User-Agent: {self._agents[wikimedia] if given is None else given}".rstrip())
        # libcurl leaves a header without a value out.
        handle.setopt(pycurl.URL, transfer.url)
        handle.setopt(pycurl.HTTPHEADER, headers)
        handle.setopt(pycurl.CONNECTTIMEOUT_MS, max(10, int(1000 * min(self._settings.connect_timeout, left))))
        handle.setopt(pycurl.TIMEOUT_MS, max(10, int(1000 * left) + 1000))  # Ours comes first; this is the belt.
        handle.setopt(pycurl.HEADERFUNCTION, transfer.on_header)
        handle.setopt(pycurl.WRITEFUNCTION, transfer.on_body)
        if self._pins:
            self._pin(handle, transfer.url)
        transfer.proxy = self._proxies.via(transfer.url)
        if transfer.proxy is not None or handle.proxied:
            _lead(handle, transfer.proxy)
        return handle

    def take_back(self, handle: pycurl.Curl) -> None:
        """It is free again; only after it was removed from its loop."""
        handle.transfer = None
        self._spare.append(handle)

    def close(self) -> None:
        """Give those that are not lent back to the system."""
        for handle in self._spare:
            handle.close()
        self._spare.clear()

    def _new(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.proxied = False
        for option, value in (
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.PROXY, ""),
            (pycurl.NOPROXY, "*"),
            (pycurl.NETRC, 0),
            (pycurl.BUFFERSIZE, BUFFER),
            (pycurl.MAXFILESIZE_LARGE, max(self._settings.max_bytes, self._settings.max_video_bytes)),
            (pycurl.CAINFO, self._authority),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
        ):
            handle.setopt(option, value)
        handle.setopt(pycurl.OPENSOCKETFUNCTION, lambda _, address: handle.transfer.on_open(address))
        handle.setopt(pycurl.PREREQFUNCTION, lambda ip, *_: handle.transfer.on_request(ip))
        return handle

    def _pin(self, handle: pycurl.Curl, url: str) -> None:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname or ""
        if host in self._pins:
            addresses = ",".join(f"[{text}]" if ":" in text else text for text in self._pins[host])
            handle.setopt(pycurl.RESOLVE, [f"{host}:{port}:{addresses}"])


def _lead(handle: pycurl.Curl, proxy: Proxy | None) -> None:
    """Have a handle ask by a proxy, which then finds the hosts' addresses itself, or directly again."""
    handle.proxied = proxy is not None
    name, password = (proxy.login if proxy is not None else None) or ("", "")
    kind = "socks5h" if proxy is not None and proxy.kind == "socks5" else "http"
    handle.setopt(pycurl.PROXY, "" if proxy is None else f"{kind}://{str(proxy).partition('://')[2]}")
    handle.setopt(pycurl.NOPROXY, "*" if proxy is None else "")
    handle.setopt(pycurl.PROXYUSERNAME, name.encode())
    handle.setopt(pycurl.PROXYPASSWORD, password.encode())


@lru_cache(maxsize=4096)
def refused(host: str, allow_private: bool) -> str:
    """Why a numeric address, as libcurl writes it, must not be asked; "" when it may."""
    return why_not(ipaddress.ip_address(host.partition("%")[0]), allow_private)


def silent_for(handle: pycurl.Curl, otherwise: float) -> float:
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
