"""Workers in threads that hand their results to the run: some with a browser that serves many keywords, some without.

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

from collector.cookies import Cookies
from collector.errors import BrowserError, UsageError
from collector.http.contract import OpenVisit
from collector.model import Emit, Noticed, Search, WorkerError
from collector.search.lease import BrowserLease, OwnBrowser
from collector.search.profiles import Profiles
from collector.search.runner import Stopped, Terms, run_search
from collector.settings import SearchSettings
from collector.sources.contract import SearchFunction

if TYPE_CHECKING:
    from collector.browser.driver import Installation
    from collector.browser.processes import RunFolder
    from collector.browser.session import RemoteEnd

GRACE = 4.0
"""Seconds that workers get to end between two commands, before their browsers are ended under them."""
LAST = 2.0
"""Seconds for workers to notice that their browser is gone."""

KILL = 1.0
"""Seconds that the killing may take, a grid's answer included; what is left then is ended with the run's folder."""

LoadSource = Callable[[str], tuple[SearchFunction, Mapping[str, Any]]]
Start = Callable[[], OwnBrowser]


class Browsers:
    """Starts browsers of one installation in one run folder, or on a grid. `start` may be called from many threads."""

    def __init__(self, settings: SearchSettings, emit: Emit) -> None:
        self._settings = settings
        self._emit = emit
        self._finding, self._making = threading.Lock(), threading.Lock()
        self._found: tuple[Installation, RunFolder] | None = None
        self._profiles: Profiles | None = None
        self._failure: BrowserError | None = None
        self._closed = False

    def start(self, worker: int) -> OwnBrowser:
        """A new browser for a worker (1, 2, ...), which closes it before it asks for another.

        BrowserError("browser.start"), at once when an earlier one found nothing to start. FolderLocked when another
        run has the profiles.
        """
        from collector.browser.browser import ChromeBrowser

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
            from collector.browser.grid import Grid

            if self._settings.profile:
                raise UsageError("--profile keeps profiles on this machine, --grid uses others; give one of the two")
            return Grid(self._settings)
        from collector.browser.chromedriver import Chromedriver

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
        from collector.browser.driver import locate
        from collector.browser.options import NO_SANDBOX_NOTICE, needs_no_sandbox
        from collector.browser.processes import RunFolder

        installation = locate(self._settings.browser_binary, self._settings.driver)
        with self._making:
            if self._closed:
                raise BrowserError("browser.start", "the run has ended")
            run = RunFolder()  # first sweeps what earlier runs left, browsers on kept profiles too
            self._found = installation, run
            if self._settings.profile:
                self._profiles = Profiles(Path(self._settings.profile))
        if needs_no_sandbox():
            self._emit(Noticed(NO_SANDBOX_NOTICE, "warning"))
        return installation, run


class _Lane:
    """Searches that wait for workers of one kind, and these workers. Guarded by the pool's lock."""

    def __init__(self, capacity: int) -> None:
        self.capacity = max(1, capacity)
        self.queue: queue.SimpleQueue[Search | None] = queue.SimpleQueue()
        self.busy = 0
        self.workers = 0


class SearchPool:
    """Searches in parallel. Posts SearchStarted, Found, SearchEnded, Noticed, and exceptions that are bugs."""

    def __init__(
        self,
        settings: SearchSettings,
        emit: Emit,
        load_source: LoadSource,
        diagnosis: Path,
        open_visit: OpenVisit,
        start: Start | None = None,
        browserless: Callable[[str], bool] = lambda _: False,
        recall: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        """`start` makes a browser (tests); the default is a real one. `browserless`: sources that never ask for one;
        `recall`: what earlier runs remembered, asked from any thread."""
        self._settings = settings
        self._browserless = browserless
        self._emit = emit
        self._load = load_source
        self._browsers = Browsers(settings, emit)
        self._start = start
        self._stop = threading.Event()
        self._terms = Terms(
            settings, emit, diagnosis, open_visit, recall, cookies=Cookies.read(settings.cookies),
            stopped=self._stop.is_set,
        )  # fmt: skip
        self._with_browser, self._without = _Lane(settings.browsers), _Lane(settings.workers)
        self._lock = threading.Lock()
        self._workers: list[tuple[threading.Thread, BrowserLease]] = []

    @property
    def busy(self) -> int:
        """Searches submitted and not ended."""
        with self._lock:
            return self._with_browser.busy + self._without.busy

    def room(self, source: str) -> bool:
        """Whether a search of this source would be worked on at once."""
        lane = self._lane(source)
        with self._lock:
            return lane.busy < lane.capacity

    def submit(self, search: Search) -> None:
        """Take on a search; a worker more is started while there are fewer than searches and capacity."""
        lane = self._lane(search.source)
        with self._lock:
            lane.busy += 1
            if lane.workers < min(lane.busy, lane.capacity) and not self._stop.is_set():
                self._add_worker(lane)
        lane.queue.put(search)

    def close(self, now: bool = False) -> None:
        """Stop within 10 s, or 2 s when `now`: searches under way end between two commands and stay pending.

        What they emitted before stays with the results. Browsers that do not answer are killed.
        """
        self._stop.set()
        for lane in (self._with_browser, self._without):
            for _ in range(lane.workers):
                lane.queue.put(None)
        self._join(0.3 if now else GRACE)
        busy = [lease for thread, lease in self._workers if thread.is_alive()]
        killers = [threading.Thread(target=lease.kill, name="browser kill", daemon=True) for lease in busy]
        for killer in killers:
            killer.start()
        for killer in killers:
            killer.join(KILL)
        self._browsers.close()
        self._join(0.5 if now else LAST)

    def _lane(self, source: str) -> _Lane:
        return self._without if self._browserless(source) else self._with_browser

    def _add_worker(self, lane: _Lane) -> None:
        lane.workers += 1
        start = self._start or partial(self._browsers.start, lane.workers)
        lease = BrowserLease(start if lane is self._with_browser else _no_browser, self._settings)
        name = f"search {len(self._workers) + 1}"
        thread = threading.Thread(target=self._work, args=(lane, lease), name=name, daemon=True)
        self._workers.append((thread, lease))
        thread.start()

    def _join(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for thread, _ in self._workers:
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self, lane: _Lane, lease: BrowserLease) -> None:
        """One worker: search after search until told to stop. A bug goes to the calling thread, which raises it."""
        try:
            while (search := lane.queue.get()) is not None and not self._stop.is_set():
                self._search(search, lane, lease)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - not swallowed: handed to the calling thread
            self._emit(WorkerError(error))
        finally:
            lease.discard()

    def _search(self, search: Search, lane: _Lane, lease: BrowserLease) -> None:
        try:
            source, settings = self._load(search.source)
            ended = run_search(search, source, settings, lease, self._terms)
        finally:
            with self._lock:
                lane.busy -= 1
        self._emit(ended)
        lease.give_back()


def _no_browser() -> OwnBrowser:
    raise RuntimeError("a source that says it needs no browser (needs_browser=False) asked for one")
