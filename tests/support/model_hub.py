"""A hub of models on loopback: its API, files that it leads on to another host, and what may go wrong there."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 1000
"""Bytes from which on a file is stored as a large one, whose sha256 is stated."""


@dataclass
class ModelHub:
    """`files`: (repository, path) -> bytes. The rest is what goes wrong."""

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    commit: str = "c0ffee"
    licence: str | None = "apache-2.0"
    status: int = 0
    """Answered by the API in the place of everything."""
    file_status: int = 0
    breaks_at: list[int] = field(default_factory=list)
    """Bytes after which each of the next answers with a file breaks off."""
    ranges: bool = True
    altered: bytes = b""
    """Sent in the place of the files' last bytes."""
    page: bytes = b""
    """What a gateway answers in the place of every file, with status 200."""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """(host, path, headers) of each request."""
    endpoint: str = ""
    elsewhere: str = ""

    def ranges_asked(self) -> list[str]:
        return [headers["range"] for _, _, headers in self.asked if "range" in headers]

    def api(self, repo: str) -> dict[str, Any]:
        siblings = []
        for (owner, path), body in self.files.items():
            if owner == repo:
                blob = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
                one: dict[str, Any] = {"rfilename": path, "size": len(body), "blobId": blob}
                if len(body) >= LARGE:
                    one["lfs"] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 134}
                siblings.append(one)
        return {"id": repo, "sha": self.commit, "siblings": siblings, "cardData": {"license": self.licence}}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        state: ModelHub = self.server.state  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = unquote(urlsplit(self.path).path)
        state.asked.append((headers["host"].partition(":")[0], self.path, headers))
        if path.startswith("/api/models/"):
            repo = path.removeprefix("/api/models/").partition("/revision/")[0]
            known = any(owner == repo for owner, _ in state.files)
            self._say(state.status or (200 if known else 404), json.dumps(state.api(repo)).encode())
        elif path.startswith("/cdn/"):
            owner, name, remote = path.removeprefix("/cdn/").split("/", 2)
            self._file(state, state.files[f"{owner}/{name}", remote], headers.get("range"))
        else:
            repo, _, rest = path[1:].partition("/resolve/")
            self.send_response(302)
            self.send_header("Location", f"{state.elsewhere}/cdn/{repo}/{rest.partition('/')[2]}?signed=yes")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _file(self, state: ModelHub, body: bytes, asked: str | None) -> None:
        if state.file_status:
            self._say(state.file_status, b"")
            return
        if state.page:
            self._say(200, state.page)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and state.ranges else 0
        size = len(body)
        body = (body[: size - len(state.altered)] + state.altered)[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        end = state.breaks_at.pop(0) if state.breaks_at else len(body)
        self.wfile.write(body[:end])
        self.close_connection = end < len(body)

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go away here."""


@contextmanager
def model_hub(**files: bytes) -> Iterator[ModelHub]:
    """The hub at 127.0.0.1, which leads files on to localhost."""
    state = ModelHub()
    with ExitStack() as stack:
        for _ in range(2):
            server = stack.enter_context(_Server(("127.0.0.1", 0), _Handler))
            server.state = state  # type: ignore[attr-defined]
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            state.endpoint, state.elsewhere = state.elsewhere, f"http://localhost:{server.server_port}"
        state.endpoint = state.endpoint.replace("localhost", "127.0.0.1")
        yield state
