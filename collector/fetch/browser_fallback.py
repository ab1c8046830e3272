"""The last resort: pictures that their hosts refuse under every Referer, once more as a browser shows them there.

Stands around a pool and is one itself. Its browser is handed in; what that brings is judged as any answer is.
"""

from __future__ import annotations

import queue
import secrets
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from collector.browser.contract import Viewer
from collector.errors import BrowserError, CollectorError
from collector.fetch.messages import unforeseen
from collector.fetch.parts import write_part
from collector.fetch.referers import REFUSALS, Referers
from collector.fetch.task import fetch
from collector.http.deadlines import Attempt
from collector.http.safety import candidates, check_url, system_resolve
from collector.http.transport import Ask, FetchError, Reply
from collector.model import Downloaded, DownloadFailed, Emit, Media, Message, Task, WorkerError
from collector.settings import FetchSettings
from collector.urls import host_of, origin

JOIN_SECONDS = 5.0
"""How long a close waits for the browser to end."""
GIVE_UP = 3
"""Pictures of a host that the browser could not get either before it is left alone."""


class Fetchers(Protocol):
    """Stage two's workers; each task ends in one Downloaded or DownloadFailed."""

    @property
    def in_flight(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    def submit(self, *tasks: Task) -> None: ...
    def close(self, now: bool = False) -> None: ...


class RescuePool:
    """A pool whose refused pictures get one more try, a few per host and run, one at a time.

    `make` opens the inner pool with the emit it is to use; `viewer` starts what looks, when it is first needed.
    """

    def __init__(
        self,
        settings: FetchSettings,
        folder: Path,
        emit: Emit,
        make: Callable[[Emit], Fetchers],
        viewer: Callable[[], Viewer],
    ) -> None:
        self._settings, self._folder, self._emit = settings, folder, emit
        self._pool = make(self._received)
        self._make_viewer = viewer
        self._viewer: Viewer | None = None
        self._refused: queue.SimpleQueue[DownloadFailed | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._asked: Counter[str] = Counter()
        self._in_vain: Counter[str] = Counter()
        self._waiting = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def in_flight(self) -> int:
        """Tasks submitted whose value is not emitted yet."""
        return self._pool.in_flight + self._waiting

    @property
    def capacity(self) -> int:
        """Those that wait for the browser keep nobody else waiting."""
        return self._pool.capacity + self._waiting

    def submit(self, *tasks: Task) -> None:
        """See the inner pool."""
        self._pool.submit(*tasks)

    def close(self, now: bool = False) -> None:
        """See the inner pool. A picture the browser is at, and those that wait for it, stay to do."""
        with self._lock:
            self._closing.set()
        self._refused.put(None)
        if self._viewer is not None:
            self._viewer.kill()
        self._pool.close(now)
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)

    # ----------------------------------------------------------------- in the inner pool's threads

    def _received(self, value: Message) -> None:
        if not (isinstance(value, DownloadFailed) and self._taken(value)):
            self._emit(value)

    def _taken(self, missed: DownloadFailed) -> bool:
        """Whether it goes to the browser: refused, of a page, and within the bounds of its host and of the run."""
        task, settings = missed.task, self._settings
        status = missed.attempt.status
        if status not in REFUSALS or missed.reason != f"http.{status}":
            return False
        if task.media is not Media.PICTURE or not origin(task.page):
            return False
        host = host_of(task.url)
        with self._lock:
            spent = self._asked[host] >= settings.browser_per_host or self._asked.total() >= settings.browser_most
            if self._closing.is_set() or spent or self._in_vain[host] >= GIVE_UP:
                return False
            self._asked[host] += 1
            self._waiting += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="fetch-browser", daemon=True)
                self._thread.start()
        self._refused.put(missed)
        return True

    # ----------------------------------------------------------------- in the browser's thread

    def _work(self) -> None:
        try:
            while (missed := self._refused.get()) is not None and not self._closing.is_set():
                value = self._guarded(missed)
                if not (self._closing.is_set() and isinstance(value, DownloadFailed)):
                    self._emit(value)
                with self._lock:
                    self._waiting -= 1
        finally:
            if self._viewer is not None:
                self._viewer.close()

    def _guarded(self, missed: DownloadFailed) -> Downloaded | DownloadFailed | WorkerError:
        """What nobody foresaw ends the picture; what the user has to know is for the calling thread to raise."""
        try:
            return self._outcome(missed)
        except (CollectorError, OSError) as trouble:
            return WorkerError(trouble)
        except Exception as bug:  # noqa: BLE001 - told, and its traceback kept
            return unforeseen(
                self._folder, missed.task, f"{type(bug).__name__}: {bug}", traceback.format_exc(limit=-12)
            )

    def _outcome(self, missed: DownloadFailed) -> Downloaded | DownloadFailed:
        task, host = missed.task, host_of(missed.task.url)
        if self._in_vain[host] >= GIVE_UP:
            return missed
        alone = replace(task, fallbacks=(), thumbnail_url="", cookies="")
        settings = replace(self._settings, thumbnails="yes" if self._settings.thumbnails == "fallback" else "no")
        ended = fetch(alone, settings, partial(self._carried, task.page), _BrowserReferer())
        if isinstance(ended, DownloadFailed):
            self._in_vain[host] += 1
            return replace(missed, detail=missed.detail + ("; " if missed.detail else "") + "nor does a browser get it")
        self._in_vain.pop(host, None)
        part = write_part(self._folder, secrets.token_hex(8), ended.body)
        seconds = missed.attempt.seconds + ended.attempt.seconds
        attempt = replace(ended.attempt, final_url=task.url, seconds=seconds, via="browser")
        return Downloaded(task, ended.picture, part, attempt)

    def _carried(self, page: str, ask: Ask) -> Reply:
        """`Download` by the viewer."""
        if not (body := self._view(page, ask.url, ask.seconds)):
            raise FetchError("http.403", "the page does not show it either", 403)
        return Reply(200, ask.url, body=body)

    def _view(self, page: str, url: str, seconds: float) -> bytes:
        """What the browser gets; FetchError when there is none, or an address must not be opened."""
        for address in (page, url):
            self._check(address, seconds)
        if self._viewer is None:
            self._viewer = self._make_viewer()
            if self._closing.is_set():
                self._viewer.kill()
        try:
            return self._viewer.picture(page, url, seconds)
        except BrowserError as error:
            raise FetchError("net.reset", error.detail) from None

    def _check(self, url: str, seconds: float) -> None:
        """The browser resolves names itself; all the addresses they have now must be allowed ones."""
        allowed = self._settings.allow_private
        parts = urlsplit(check_url(url, allowed))
        attempt = Attempt(seconds, 0, seconds)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        candidates((parts.hostname or "").strip("[]"), port, system_resolve, allowed, attempt, seconds)


class _BrowserReferer(Referers):
    """The browser sends its own Referer."""

    def strategies(self, task: Task) -> list[tuple[str, str]]:  # noqa: ARG002 - the same for all.
        """One, of no name that would be remembered."""
        return [("browser", "")]
