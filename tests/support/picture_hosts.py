"""A few hosts on loopback that each serve any number of pictures, and remember who asked and how many at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from collector.ledger import Ledger
from collector.model import Hit, Query
from collector.urls import url_key
from tests.support.collection import drawn, encoded


class Host(ThreadingHTTPServer):
    """`/N.jpg` is picture number N, `/gone-N.jpg` is none; `hits` are the paths asked for, `most` at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.home = f"http://127.0.0.1:{self.server_port}"
        self.seconds = seconds
        self.hits: list[str] = []
        self.most = self.now = 0
        self.counting = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients are killed here."""


class _Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        host = self.server
        with host.counting:
            host.now += 1
            host.most = max(host.most, host.now)
            host.hits.append(self.path)
        time.sleep(host.seconds)
        name = self.path.strip("/").removesuffix(".jpg")
        found = name.isdecimal()
        body = encoded(drawn(int(name), (96, 72))) if found else b""
        with host.counting:
            host.now -= 1  # before the answer: whoever has it may ask again at once
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@contextmanager
def hosts(count: int, seconds: float = 0.0) -> Iterator[list[Host]]:
    """So many of them, each answering after so many seconds."""
    with ExitStack() as stack:
        running = [stack.enter_context(Host(seconds)) for _ in range(count)]
        for host in running:
            stack.callback(host.shutdown)
            threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield running


def listed(folder: Path, urls: dict[str, list[str]], limit: int = 1000) -> Path:
    """A ledger in which these URLs of each keyword wait to be fetched."""
    with Ledger.open(folder) as ledger:
        ledger.intake.import_hits((keyword, Hit(url, url_key(url))) for keyword, found in urls.items() for url in found)
        ledger.work.plan([Query(keyword, keyword, limit) for keyword in urls])
    return folder
