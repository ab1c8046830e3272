"""Servers for tests of the browsers' gate: 127.0.0.1 stands for a public address there, 127.0.0.2 is a private one."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from collector.http import safety
from collector.http.safety import Address, Resolve


class Listening(ThreadingHTTPServer):
    """`seen` lists what was asked, `connections` counts all that came; `pages`: path -> HTML or "-> URL"."""

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.port = int(self.server_address[1])
        self.seen: list[str] = []
        self.connections = 0
        self.pages: dict[str, str] = {}

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Called for every connection."""
        self.connections += 1
        return True


class _Handler(BaseHTTPRequestHandler):
    server: Listening

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(f"{self.command} {self.path} {body.decode()}")
        page = self.server.pages.get(self.path.partition("?")[0], "public")
        self.send_response(302 if page.startswith("-> ") else 200)
        if page.startswith("-> "):
            self.send_header("Location", page.removeprefix("-> "))
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page.encode())

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


@contextmanager
def listening(address: str) -> Iterator[Listening]:
    """A server at a loopback address of its own."""
    server = Listening(address)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def public_names(names: Mapping[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """A resolver of these names; the rule counts 127.0.0.1 as public for the time of the test."""
    rule = safety.why_not

    def why_not(address: Address, allow_private: bool) -> str:
        return "" if address == ipaddress.ip_address("127.0.0.1") else rule(address, allow_private)

    def resolve(host: str, port: int) -> list[str]:
        if host not in names:
            raise OSError("no such name")
        return names[host]

    monkeypatch.setattr(safety, "why_not", why_not)
    return resolve
