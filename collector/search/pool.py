"""N workers, each a thread with one browser that serves many keywords; they post to the run's inbox.

Starts nothing before the first search. After `close` no browser and no profile folder is left.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.contracts import BrowserError, OpenVisit, Post, Source, UsageError
from collector.model import Noticed, Search
from collector.search.guard import Stopped
from collector.search.host import Terms, harvest
from collector.search.lender import Lender, OwnBrowser
from collector.search.profiles import Profiles
from collector.settings import SearchSettings

if TYPE_CHECKING:
    from collector.search.driver import Installation
    from collector.search.processes import RunFolder
    from collector.search.session import RemoteEnd

GRACE = 4.0
"""Seconds that workers get to end between two commands, before their browsers are ended under them."""
LAST = 2.0
"""Seconds for workers to notice that their browser is gone."""

KILL = 1.0
"""Seconds that the killing may take, a grid's answer included; what is left then is ended with the run's folder."""

LoadSource = Callable[[str], tuple[Source, Mapping[str, Any]]]
Start = Callable[[], OwnBrowser]


class Browsers:
    """Starts browsers of one installation in one run folder, or on a grid. `start` may be called from many threads."""

    def __init__(self, settings: SearchSettings, post: Post) -> None:
        self._settings = settings
        self._post = post
        self._finding, self._making = threading.Lock(), threading.Lock()
        self._found: tuple[Installation, RunFolder] | None = None
        self._profiles: Profiles | None = None
        self._failure: BrowserError | None = None
        self._closed = False

    def start(self, worker: int) -> OwnBrowser:
        """A new browser for a worker (1, 2, ...), which closes it before it asks for another.

        BrowserError("browser.start"), at once when an earlier one found nothing to start. Locked when another
        run has the profiles.
        """
        from collector.search.browser import ChromeBrowser

        return ChromeBrowser(self._remote_end(worker), self._settings)

    def close(self) -> None:
        """End every browser that is left here, and remove the run's folder."""
        with self._making:
            self._closed = True
        if self._found is not None:
            self._found[1].close()
        if self._profiles is not None:
            self._profiles.close()

    def _remote_end(self, worker: int) -> RemoteEnd:
        if self._settings.grid:
            from collector.search.grid import Grid

            if self._settings.profile:
                raise UsageError("--profile keeps profiles on this machine, --grid uses others; give one of the two")
            return Grid(self._settings)
        from collector.search.chromedriver import Chromedriver

        with self._finding:
            if self._failure is not None:
                raise BrowserError(self._failure.reason, self._failure.detail)
            try:
                installation, run = self._found or self._find()
            except BrowserError as error:
                self._failure = error
                raise
        profile = self._profiles.take(worker) if self._profiles is not None else None
        return Chromedriver(installation, self._settings, run, profile)

    def _find(self) -> tuple[Installation, RunFolder]:
        """Once per run: look for browser and driver, which may take a download, and make the run folder."""
        from collector.search.driver import locate
        from collector.search.options import NO_SANDBOX_NOTICE, needs_no_sandbox
        from collector.search.processes import RunFolder

        installation = locate(self._settings.browser_binary, self._settings.driver)
        with self._making:
            if self._closed:
                raise BrowserError("browser.start", "the run has ended")
            run = RunFolder()  # first sweeps what earlier runs left, browsers on kept profiles too
            self._found = installation, run
            if self._settings.profile:
                self._profiles = Profiles(Path(self._settings.profile))
        if needs_no_sandbox():
            self._post(Noticed(NO_SANDBOX_NOTICE, "warning"))
        return installation, run


class SearchPool:
    """Searches in parallel. Posts SearchStarted, Found, SearchEnded, Noticed, and exceptions that are bugs."""

    def __init__(
        self,
        settings: SearchSettings,
        post: Post,
        load_source: LoadSource,
        diagnosis: Path,
        open_visit: OpenVisit,
        start: Start | None = None,
    ) -> None:
        """`start` makes a browser (tests); the default is a real one."""
        self._settings = settings
        self._post = post
        self._load = load_source
        self._browsers = Browsers(settings, post)
        self._start = start
        self._stop = threading.Event()
        self._terms = Terms(settings, post, diagnosis, open_visit, stopped=self._stop.is_set)
        self._queue: queue.SimpleQueue[Search | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy = 0
        self._workers: list[tuple[threading.Thread, Lender]] = []

    @property
    def busy(self) -> int:
        """Searches submitted and not ended."""
        with self._lock:
            return self._busy

    @property
    def capacity(self) -> int:
        """How many searches it can work on at once."""
        return max(1, self._settings.browsers)

    def submit(self, search: Search) -> None:
        """Take on a search; a worker more is started while there are fewer than searches and capacity."""
        with self._lock:
            self._busy += 1
            if len(self._workers) < min(self._busy, self.capacity) and not self._stop.is_set():
                self._add_worker()
        self._queue.put(search)

    def close(self, now: bool = False) -> None:
        """Stop within 10 s, or 2 s when `now`: searches under way end between two commands and stay pending.

        What they posted before stays in the inbox. Browsers that do not answer are killed.
        """
        self._stop.set()
        for _ in self._workers:
            self._queue.put(None)
        self._join(0.3 if now else GRACE)
        busy = [lender for thread, lender in self._workers if thread.is_alive()]
        killers = [threading.Thread(target=lender.kill, name="browser kill", daemon=True) for lender in busy]
        for killer in killers:
            killer.start()
        for killer in killers:
            killer.join(KILL)
        self._browsers.close()
        self._join(0.5 if now else LAST)

    def _add_worker(self) -> None:
        number = len(self._workers) + 1
        lender = Lender(self._start or partial(self._browsers.start, number), self._settings)
        thread = threading.Thread(target=self._work, args=(lender,), name=f"search {number}", daemon=True)
        self._workers.append((thread, lender))
        thread.start()

    def _join(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for thread, _ in self._workers:
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self, lender: Lender) -> None:
        """One worker: search after search until told to stop. A bug goes to the calling thread, which raises it."""
        try:
            while (search := self._queue.get()) is not None and not self._stop.is_set():
                self._search(search, lender)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - not swallowed: handed to the calling thread
            self._post(error)
        finally:
            lender.discard()

    def _search(self, search: Search, lender: Lender) -> None:
        try:
            source, settings = self._load(search.source)
            ended = harvest(search, source, settings, lender, self._terms)
        finally:
            with self._lock:
                self._busy -= 1
        self._post(ended)
        lender.give_back()
