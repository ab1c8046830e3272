"""The practice web as a thing to start and stop: a thread with a web server on 127.0.0.1, and nowhere else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from aiohttp import web

from collector.practice.doubles import Double
from collector.practice.doubles import doubles as make_doubles
from collector.practice.knobs import Knobs
from collector.practice.log import Log, Request
from collector.practice.site import Site

_PAINTERS = 2


class PracticeWeb:
    """A web of its own, for one `with` block or between `start` and `stop`."""

    def __init__(self, knobs: Knobs | None = None, port: int = 0, doubles: Mapping[str, Double] | None = None) -> None:
        """`port` 0 takes any free one; `doubles`: name -> the double to use in place of the usual one."""
        self._doubles = doubles or {}
        self.knobs = knobs if knobs is not None else Knobs()
        self.port = port
        self._asked_port = port
        self._log = Log()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> list[Request]:
        """Every request so far, in the order they came; still there after `stop`."""
        return self._log.snapshot()

    def pictures(self) -> list[Request]:
        """The requests for originals."""
        return [request for request in self.log if request.path.startswith("/pictures/")]

    def start(self) -> Self:
        """Serve in the background. OSError when the port is taken; RuntimeError when it runs already."""
        if self._thread is not None:
            raise RuntimeError("this practice web is running already")
        listener = socket.create_server(("127.0.0.1", self._asked_port), backlog=512)
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listener, ready), name="practice-web", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def stop(self) -> None:
        """Stop serving and wait until everything is closed; does nothing when it is not running."""
        if self._thread is None or self._loop is None or self._stop is None:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._thread = None

    def wait(self) -> None:
        """Block until somebody stops it."""
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(listener, ready))
        finally:
            ready.set()

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        with ThreadPoolExecutor(_PAINTERS, thread_name_prefix="practice-painter") as painters:
            site = Site(self.knobs, self.url, self._log, painters, make_doubles(self._doubles))
            runner = web.AppRunner(site.application(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            await web.SockSite(runner, listener).start()
            ready.set()
            await self._stop.wait()
            await _close(runner, listener)


async def _close(runner: web.AppRunner, listener: socket.socket) -> None:
    """Close everything, connections included that were only just accepted: asyncio would leave those open."""
    asyncio.get_running_loop().remove_reader(listener)
    for _ in range(3):
        await asyncio.sleep(0)
    server = runner.server
    known = server.connections if server is not None else []
    await runner.cleanup()
    for connection in known:
        if connection.transport is not None:
            connection.transport.abort()
    await asyncio.sleep(0)


def serve(port: int = 8000, knobs: Knobs | None = None, announce: Callable[[str], None] | None = None) -> None:
    """Serve until Ctrl-C; `announce` is told the address once it works. OSError when the port is taken."""
    with PracticeWeb(knobs, port) as practice:
        if announce is not None:
            announce(practice.url)
        try:
            practice.wait()
        except KeyboardInterrupt:
            return
