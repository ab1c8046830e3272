"""A Selenium Grid without browsers: slots on nodes, a queue, sessions that answer anything; away or frozen at will."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

QUEUE_TIME = 30.0
"""Seconds that a request for a session waits for a slot, whether or not anybody still waits for the answer."""


@dataclass(slots=True)
class Node:
    """A machine with browsers."""

    slots: int
    up: bool = True
    """What the hub says of it."""
    frozen: bool = False
    """Whether it answers no command."""
    sessions: dict[str, str] = field(default_factory=dict)
    """Id -> name."""

    def told(self, uri: str) -> dict[str, Any]:
        sessions = [{"sessionId": key, "capabilities": {"se:name": name}} for key, name in self.sessions.items()]
        slots = [
            {"stereotype": {"browserName": "chrome"}, "session": session}
            for session in [*sessions, *[None] * (self.slots - len(sessions))]
        ]
        up = "UP" if self.up else "DOWN"
        return {"availability": up, "maxSessions": self.slots, "slots": slots, "uri": uri}


class HubDouble(ThreadingHTTPServer):
    """`nodes` may be changed under `changed`; `most` is how many sessions there were at once."""

    daemon_threads = True

    def __init__(self, *slots: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.nodes = [Node(count) for count in slots]
        self.changed = threading.Condition()
        self.away = False
        self.slow = 0.0
        """Seconds that the beginning of a session takes."""
        self.forgotten: set[str] = set()
        """Sessions of its nodes that it does not know since it was away."""
        self.begun = self.most = 0

    def __enter__(self) -> HubDouble:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self.changed:
            self.away = True
            self.changed.notify_all()
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def sessions(self) -> int:
        return sum(len(node.sessions) for node in self.nodes)

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Away, and back without any session that it knew."""
        self.away = True
        yield
        with self.changed:
            self.forgotten |= {session for node in self.nodes for session in node.sessions}
            self.away = False

    def begin(self, name: str) -> str | None:
        """The id of a new session; None when no slot became free."""
        time.sleep(self.slow)
        end = time.monotonic() + QUEUE_TIME
        with self.changed:
            while not self.away and time.monotonic() < end:
                for node in self.nodes:
                    if node.up and not node.frozen and len(node.sessions) < node.slots:
                        session = secrets.token_hex(8)
                        node.sessions[session] = name
                        self.begun += 1
                        self.most = max(self.most, self.sessions)
                        return session
                self.changed.wait(0.1)
        return None

    def node_of(self, session: str) -> Node | None:
        return next((node for node in self.nodes if session in node.sessions), None)


class _Answering(BaseHTTPRequestHandler):
    server: HubDouble

    def _answer_it(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.away:
            self.close_connection = True
            return
        status, value = self._answer(json.loads(body) if body else {})
        text = json.dumps({"value": value}).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            return  # Nobody waits any more.

    do_GET = do_POST = do_DELETE = _answer_it

    def _answer(self, given: dict[str, Any]) -> tuple[int, Any]:
        server, (first, *rest) = self.server, self.path.strip("/").split("/")
        at_node = first == "node"
        if at_node:
            first, *rest = rest
        if first == "status":
            with server.changed:
                return 200, {"ready": True, "nodes": [node.told(f"{server.address}/node") for node in server.nodes]}
        if not rest:
            return self._begun(given["capabilities"]["alwaysMatch"].get("se:name", ""))
        node = server.node_of(rest[0])
        while node is not None and node.frozen and not server.away and self.command != "DELETE":
            time.sleep(0.02)
        if node is None or rest[0] not in node.sessions or (rest[0] in server.forgotten and not at_node):
            return 404, {"error": "invalid session id", "message": "Unable to find session", "stacktrace": ""}
        if self.command == "DELETE" and len(rest) == 1:
            with server.changed:
                del node.sessions[rest[0]]
                server.changed.notify_all()
        answers: dict[str, Any] = {"log": [], "window": "w", "handles": ["w"], "sync": ["answer"], "execute": {}}
        return 200, answers.get(rest[-1])

    def _begun(self, name: str) -> tuple[int, Any]:
        session = self.server.begin(name)
        if session is None:
            return 500, {"error": "session not created", "message": "Could not start a new session", "stacktrace": ""}
        return 200, {"sessionId": session, "capabilities": {"browserName": "chrome"}}

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
