"""A proxy on loopback that leads every host to one port: HTTP (CONNECT, whole URLs) and SOCKS5, with logins."""

from __future__ import annotations

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Proxying:
    """`asked`: what it was asked to reach, in order. `refuse` answers a status in the place of everything."""

    target: int
    login: tuple[str, str] | None = None
    refuse: int = 0
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        state: Proxying = self.server.state  # type: ignore[attr-defined]
        try:
            first = self.request.recv(1)
            if first == b"\x05":
                self._socks(state)
            elif first:
                self._http(state, first)
        except OSError:
            return

    def _http(self, state: Proxying, head: bytes) -> None:
        while not head.endswith(b"\r\n\r\n"):
            if not (piece := self.request.recv(1)):
                return
            head += piece
        line, *headers = head.decode("latin-1").split("\r\n")
        method, where, version = line.split()
        state.asked.append(where)
        token = "Proxy-Authorization: Basic " + base64.b64encode(":".join(state.login or ()).encode()).decode()
        status = state.refuse or (407 if state.login and token not in headers else 0)
        if status:
            self.request.sendall(f"HTTP/1.1 {status} no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return
        with socket.create_connection(("127.0.0.1", state.target)) as there:
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 yes\r\n\r\n")
            else:
                parts = urlsplit(where)
                kept = [one for one in headers if not one.lower().startswith(("proxy-", "connection"))]
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                there.sendall("\r\n".join([f"{method} {path} {version}", "Connection: close", *kept]).encode("latin-1"))
            self._pump(there)

    def _socks(self, state: Proxying) -> None:
        methods = self._exactly(self._exactly(1)[0])
        wanted = 2 if state.login else 0
        self.request.sendall(bytes((5, wanted if wanted in methods else 255)))
        if wanted not in methods:
            return
        if state.login:
            self._exactly(1)
            given = tuple(self._exactly(self._exactly(1)[0]).decode() for _ in range(2))
            self.request.sendall(bytes((1, given != state.login)))
            if given != state.login:
                return
        kind = self._exactly(4)[3]
        host = self._exactly({1: 4, 4: 16}.get(kind) or self._exactly(1)[0])
        port = int.from_bytes(self._exactly(2), "big")
        state.asked.append(f"{host.decode() if kind == 3 else socket.inet_ntoa(host)}:{port}")
        self.request.sendall(bytes((5, 4 if state.refuse else 0, 0, 1, 0, 0, 0, 0, 0, 0)))
        if not state.refuse:
            with socket.create_connection(("127.0.0.1", state.target)) as there:
                self._pump(there)

    def _exactly(self, count: int) -> bytes:
        came = b""
        while len(came) < count:
            if not (piece := self.request.recv(count - len(came))):
                raise ConnectionResetError
            came += piece
        return came

    def _pump(self, there: socket.socket) -> None:
        back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
        back.start()
        _copy(self.request, there)
        back.join(5)


def _copy(source: socket.socket, into: socket.socket) -> None:
    try:
        while piece := source.recv(65_536):
            into.sendall(piece)
        into.shutdown(socket.SHUT_WR)
    except OSError:
        return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def proxying(target: int, **how: object) -> Iterator[Proxying]:
    """A running proxy that leads to a port of this machine."""
    state = Proxying(target, **how)  # type: ignore[arg-type]
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.state = state  # type: ignore[attr-defined]
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
