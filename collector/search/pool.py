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
from typing import Any

from collector.cookies import Cookies
from collector.errors import GO_ON, BrowserError, GridBusy
from collector.http.contract import OpenVisit
from collector.model import Emit, Noticed, Search, WorkerError
from collector.search.browsers import Browsers
from collector.search.lease import BrowserLease, OwnBrowser
from collector.search.patience import Patience
from collector.search.runner import SearchRunner, Stopped, Terms
from collector.settings import SearchSettings
from collector.sources.contract import Source

GRACE = 4.0
"""Seconds that workers get to end between two commands, before their browsers are ended under them."""
LAST = 2.0
"""Seconds for workers to notice that their browser is gone."""

KILL = 1.0
"""Seconds that the killing may take, a grid's answer included; what is left then is ended with the run's folder."""

IDLE = 1.0
"""Seconds without a search after which a worker gives its browser back to the grid: more than the run needs for the
next one, so that a browser is not begun anew for each."""

LoadSource = Callable[[str], tuple[Source, Mapping[str, Any]]]
"""Name -> the source and its settings."""
Start = Callable[[], OwnBrowser]


class _Lane:
    """Searches that wait for workers of one kind, and these workers. Guarded by the pool's lock."""

    def __init__(self, capacity: int) -> None:
        self.capacity = max(1, capacity)
        self.queue: queue.SimpleQueue[SearchRunner | None] = queue.SimpleQueue()
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
        recall: Callable[[str], str | None] = lambda _: None,
        patience: Patience | None = None,
        allow_private: bool = False,
    ) -> None:
        """`start` makes a browser (tests); the default is a real one. `recall`: what earlier runs remembered, asked
        from any thread; `patience` with a grid (None: the settings'); `allow_private`: see Browsers."""
        self._settings = settings
        self._emit = emit
        self._load = load_source
        self._browsers = Browsers(settings, emit, allow_private)
        self._start = start
        self._stop = threading.Event()
        self._terms = Terms(
            settings, emit, diagnosis, open_visit, recall, cookies=Cookies.read(settings.cookies),
            proxy_trouble=self._browsers.proxy_trouble, stopped=self._stop.is_set,
        )  # fmt: skip
        self._with_browser, self._without = _Lane(settings.browsers), _Lane(settings.workers)
        self._patience = patience or Patience(settings.grid_patience)
        self._slots_known = not settings.grid
        self._told_busy = False
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
        source, settings = self._load(search.source)
        with self._lock:
            lane.busy += 1
            if lane.workers < min(lane.busy, lane.capacity) and not self._stop.is_set():
                self._add_worker(lane)
        lane.queue.put(SearchRunner(search, source.search, settings, self._terms))

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
        return self._with_browser if self._load(source)[0].needs_browser else self._without

    def _add_worker(self, lane: _Lane) -> None:
        lane.workers += 1
        start = partial(self._started, self._start or partial(self._browsers.start, lane.workers))
        lease = BrowserLease(start if lane is self._with_browser else _no_browser, self._settings)
        name = f"search {len(self._workers) + 1}"
        thread = threading.Thread(target=self._work, args=(lane, lease), name=name, daemon=True)
        self._workers.append((thread, lease))
        thread.start()

    def _started(self, start: Start) -> OwnBrowser:
        browser = start()
        self._patience.got_one()
        return browser

    def _join(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for thread, _ in self._workers:
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self, lane: _Lane, lease: BrowserLease) -> None:
        """One worker: search after search until told to stop. A bug goes to the calling thread, which raises it."""
        try:
            refused = 0
            while not self._stop.is_set() and self._is_needed(lane, lease):
                runner = self._next(lane, lease)
                if runner is None or self._stop.is_set():
                    return
                try:
                    self._search(runner, lane, lease)
                    refused = 0
                except GridBusy as busy:
                    refused += 1
                    lane.queue.put(runner)
                    self._stop.wait(self._pause(refused, busy))
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - not swallowed: handed to the calling thread
            self._emit(WorkerError(error))
        finally:
            lease.discard()

    def _search(self, runner: SearchRunner, lane: _Lane, lease: BrowserLease) -> None:
        ended = runner.run(lease)
        with self._lock:
            lane.busy -= 1
        self._emit(ended)
        lease.give_back()

    # ----------------------------------------------------------------- what a grid asks of workers

    def _next(self, lane: _Lane, lease: BrowserLease) -> SearchRunner | None:
        """The next search, or None at the end. A grid's browser is not kept while there is none: others may wait."""
        if self._settings.grid and lease.current is not None:
            try:
                return lane.queue.get(timeout=IDLE)
            except queue.Empty:
                lease.discard()
        return lane.queue.get()

    def _pause(self, refused: int, busy: GridBusy) -> float:
        """Seconds until a worker asks again; GridBusy when no worker has had a browser for all the patience."""
        patience = f"{self._settings.grid_patience:g} s"
        held = any(lease.current is not None for _, lease in self._workers)
        seconds = self._patience.refused(refused, held)
        if seconds is None:
            raise GridBusy(f"{busy.detail}; no search had a browser for {patience}, {GO_ON}")
        if not self._told_busy:
            self._told_busy = True
            self._emit(Noticed(f"{busy.detail}; searches wait, for up to {patience} without any browser", "warning"))
        return seconds

    def _is_needed(self, lane: _Lane, lease: BrowserLease) -> bool:
        """Whether a worker stays: a grid may have fewer browsers than were asked for, which it says when it answers."""
        if lane is not self._with_browser or lease.current is not None:
            return True
        try:
            slots = None if self._slots_known else self._browsers.slots()
        except BrowserError:
            return True  # Told by the search that meets it.
        with self._lock:
            if not self._slots_known:
                self._slots_known = True
                asked, lane.capacity = lane.capacity, min(lane.capacity, slots or lane.capacity)
                if lane.capacity < asked:
                    self._terms.tell(f"the grid has {slots} browsers at once: so many are used, not {asked}")
            if lane.workers > lane.capacity:
                lane.workers -= 1
                return False
        return True


def _no_browser() -> OwnBrowser:
    raise RuntimeError("a source that says it needs no browser (needs_browser=False) asked for one")
