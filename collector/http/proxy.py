"""What pages need to go by a proxy: a connection to it, a tunnel through it, and its refusals as FetchErrors.

HTTP: CONNECT (RFC 9110, 9.3.6) for https, the whole URL in the request line for http. SOCKS5: RFC 1928, with names and
passwords by RFC 1929; the proxy resolves the hosts' names.
"""

from __future__ import annotations

import base64
import ipaddress
import socket

from collector.http.deadlines import Attempt
from collector.http.safety import Resolve, candidates, connect
from collector.http.transport import FetchError
from collector.urls import Proxy

PROXY_LOGIN = 407
"""The status of a proxy that wants a name and a password, or other ones."""
_LONGEST_HEAD = 65_536


def proxy_trouble(proxy: Proxy, status: int) -> FetchError:
    """A proxy that answered with a status: it wants a login, or it could not or would not reach the host."""
    if status == PROXY_LOGIN:
        said = "rejects the name and password" if proxy.login else "wants a name and a password"
        return FetchError("net.proxy", f"the proxy {proxy} {said}", status)
    return FetchError("net.connect", f"the proxy {proxy} could not or would not reach the host (HTTP {status})", status)


def login_header(proxy: Proxy) -> dict[str, str]:
    """The header by which an HTTP proxy is told name and password; none without them."""
    if proxy.login is None:
        return {}
    token = base64.b64encode(":".join(proxy.login).encode()).decode("ascii")
    return {"Proxy-Authorization": f"Basic {token}"}


def connected(proxy: Proxy, resolve: Resolve, attempt: Attempt, timeout: float) -> socket.socket:
    """A connection to the proxy itself, wherever it is. FetchError(net.proxy)."""
    wait = max(0.01, min(timeout, attempt.left))
    try:
        addresses = candidates(proxy.host, proxy.port, resolve, allow_private=True, attempt=attempt, wait=wait)
        return connect(addresses, proxy.port, proxy.host, attempt, timeout)
    except FetchError as error:
        if not error.reason.startswith(("net.dns", "net.connect", "url.")):
            raise
        raise FetchError("net.proxy", f"the proxy {proxy} cannot be reached ({error.detail})") from None


def tunnel(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy lead the connection on to a host. FetchError(net.proxy | net.connect); the caller closes it."""
    try:
        if proxy.kind == "socks5":
            _by_socks(connection, proxy, host, port)
        else:
            _by_connect(connection, proxy, host, port)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it broke off"
        raise FetchError("net.proxy", f"the proxy {proxy} fails ({said})") from None


def _by_connect(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = {"Host": place, **login_header(proxy)}
    lines = [f"CONNECT {place} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode("ascii"))
    head = b""
    while not head.endswith(b"\r\n\r\n"):  # Byte by byte: what comes after it is the host's.
        head += _exactly(connection, 1)
        if len(head) > _LONGEST_HEAD:
            raise ValueError("a head that is too long")
    status = int(head.split(None, 2)[1])
    if not 200 <= status < 300:
        raise proxy_trouble(proxy, status)


def _by_socks(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    wanted = 2 if proxy.login else 0
    connection.sendall(bytes((5, 1, wanted)))
    version, chosen = _exactly(connection, 2)
    if version != 5:
        raise FetchError("net.proxy", f"the proxy {proxy} does not speak SOCKS5")
    if chosen != wanted:
        raise proxy_trouble(proxy, PROXY_LOGIN)
    if proxy.login:
        name, password = (text.encode() for text in proxy.login)
        connection.sendall(bytes((1, len(name))) + name + bytes((len(password),)) + password)
        if _exactly(connection, 2)[1]:
            raise proxy_trouble(proxy, PROXY_LOGIN)
    connection.sendall(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2, "big"))
    _, answer, _, kind = _exactly(connection, 4)
    if answer:
        raise FetchError("net.connect", f"no connection by the proxy {proxy} (SOCKS5 answer {answer})")
    _exactly(connection, {1: 4, 4: 16}.get(kind) or _exactly(connection, 1)[0])
    _exactly(connection, 2)


def _socks_address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes((3, len(name))) + name
    return bytes((1 if address.version == 4 else 4,)) + address.packed


def _exactly(connection: socket.socket, count: int) -> bytes:
    came = b""
    while len(came) < count:
        if not (piece := connection.recv(count - len(came))):
            raise ConnectionResetError("broke off")
        came += piece
    return came
