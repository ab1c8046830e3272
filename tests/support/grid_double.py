"""A stand-in for a Selenium Grid: chromedriver speaks the same protocol; a thin door in front may refuse things."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3

from collector.browser.driver import Installation
from collector.browser.options import needs_no_sandbox


def node_browser(installation: Installation, folder: Path) -> str:
    """A browser as a grid's node has it: how it must be started there is not the caller's business."""
    wrapper = folder / "node-chromium"
    more = "--no-sandbox --disable-dev-shm-usage" if needs_no_sandbox() else ""
    wrapper.write_text(f'#!/bin/sh\nexec "{installation.browser}" {more} "$@"\n')
    wrapper.chmod(0o755)
    return str(wrapper)


@contextmanager
def chromedriver(installation: Installation, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """(address, process) of a chromedriver that was not started by collector."""
    output = folder / "node.out"
    with output.open("wb") as out:
        command = [str(installation.driver), "--port=0"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        end = time.monotonic() + 20
        while not (match := re.search(r"on port ([1-9]\d*)\W", output.read_text())):
            assert time.monotonic() < end
            time.sleep(0.02)
        yield f"http://127.0.0.1:{match[1]}", process
    finally:
        process.terminate()
        process.wait(10)
        with contextlib.suppress(ProcessLookupError):  # A browser that hung has outlived it.
            os.killpg(process.pid, signal.SIGKILL)


class Door(ThreadingHTTPServer):
    """Passes requests on to `behind`, except those whose path contains a word of `refused`; notes them all."""

    def __init__(self, behind: str, refused: tuple[str, ...] = (), password: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.behind, self.refused, self.password = behind, refused, password
        self.asked: list[str] = []
        self.sessions: list[dict[str, Any]] = []
        self.pool = urllib3.PoolManager(retries=False, timeout=60)

    def __enter__(self) -> Door:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.pool.clear()


class _Passing(BaseHTTPRequestHandler):
    server: Door

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        expected = base64.b64encode(self.server.password.encode()).decode()
        if self.server.password and self.headers.get("Authorization") != f"Basic {expected}":
            self._answer(401, b"who are you?")
        elif any(word in self.path for word in self.server.refused):
            value = {"error": "unknown command", "message": f"Unknown command: {self.path}", "stacktrace": ""}
            self._answer(404, json.dumps({"value": value}).encode())
        else:
            if (self.command, self.path) == ("POST", "/session"):
                self.server.sessions.append(json.loads(body)["capabilities"])
            kind = {"Content-Type": "application/json"} if body else {}
            answer = self.server.pool.request(
                self.command, self.server.behind + self.path, body=body or None, headers=kind
            )
            self._answer(answer.status, answer.data)

    do_GET = do_POST = do_DELETE = _pass

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
