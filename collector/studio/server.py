"""The studio as a thing to start and stop: a thread with a web server, on 127.0.0.1 unless another host is given."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode

from aiohttp import web

from collector.errors import UsageError
from collector.settings import Settings
from collector.studio.app import App
from collector.studio.desk import Desk
from collector.studio.guard import LOOPBACKS, TOKEN, guard
from collector.studio.store import Store
from collector.studio.thumbnails import Thumbnails

THUMBNAILS: Final = "-thumbnails"
LISTS: Final = "-studio"
LOOPBACK: Final = "127.0.0.1"
SHORTEST: Final = 16
"""Characters of a key that somebody chose."""
_LARGEST: Final = 64 << 20
"""Bytes of a request: a decision about a million pictures fits."""


def checked_token(token: str, host: str) -> str:
    """The key as it may be given. UsageError: none for a host that others can reach, or a short one."""
    if host not in LOOPBACKS and not token:
        raise UsageError(
            f"--host {host}: others can reach it, so give --token, a key of {SHORTEST} characters or more; who has it"
            " may judge pictures and start runs"
        )
    if token and (len(token) < SHORTEST or not token.isascii() or not token.isprintable()):
        raise UsageError(f"--token: give {SHORTEST} printable ASCII characters or more")
    return token


class Studio:
    """The web app over one folder, for one `with` block or between `start` and `stop`."""

    def __init__(
        self, settings: Settings, port: int = 0, host: str = LOOPBACK, token: str = "", flags: Sequence[str] = ()
    ) -> None:
        """`port` 0 takes any free one; `token` "" makes a new key; `flags` are passed on to the commands it starts."""
        self._settings, self.port, self._host, self._flags = settings, port, host, flags
        self._token = token or secrets.token_urlsafe(32)
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """The address to open, with the key in it: whoever has it may judge the pictures."""
        name = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{name}:{self.port}/?{urlencode({TOKEN: self._token})}"

    @property
    def open_to_others(self) -> bool:
        """Whether other machines can reach it."""
        return self._host not in LOOPBACKS

    def start(self) -> Self:
        """Serve in the background. OSError when the port is taken, LedgerError when there is no ledger."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self.port), family=family)
        self.port = listener.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listener, ready), name="studio", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            self.stop()
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop serving and wait until everything is closed; does nothing when it is not running."""
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wait(self) -> None:
        """Block until somebody stops it. Ctrl-C ends this alone: `stop` still waits for what it started."""
        self._ended.wait()  # No join: one that Ctrl-C breaks off takes the thread for ended (CPython 3.11).

    def __enter__(self) -> Self:
        return self if self._thread is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        try:
            with listener:
                asyncio.run(self._serve(listener, ready))
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that starts it.
            self._failure = error
        finally:
            self._ended.set()
            ready.set()

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        out = self._settings.out.absolute()
        beside = ThreadPoolExecutor(1, thread_name_prefix="studio-desk")
        with ThreadPoolExecutor(1, thread_name_prefix="studio-ledger") as thread, beside:
            store = await self._loop.run_in_executor(thread, Store, self._settings.out, self._settings.look)
            thumbnails = Thumbnails(out.with_name(f"{out.name}{THUMBNAILS}"))
            desk = Desk(self._settings, self._flags, out.with_name(f"{out.name}{LISTS}"), beside)
            app = web.Application(middlewares=[guard(self._token, self._host, self.port)], client_max_size=_LARGEST)
            app.add_routes([*App(store, thread, thumbnails).routes(), *desk.routes()])
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            await web.SockSite(runner, listener).start()
            ready.set()
            await self._stop.wait()
            await runner.cleanup()
            thumbnails.close()
            await self._loop.run_in_executor(beside, desk.close)
            await self._loop.run_in_executor(thread, store.close)
