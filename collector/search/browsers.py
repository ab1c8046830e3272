"""Starts the browsers of a run: on this machine, all of one installation, or on a Selenium Grid."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import BrowserError, UsageError
from collector.model import Emit, Noticed
from collector.search.lease import OwnBrowser
from collector.search.profiles import Profiles
from collector.settings import SearchSettings
from collector.urls import Proxies

if TYPE_CHECKING:
    from collector.browser.driver import Installation
    from collector.browser.grid import Grid
    from collector.browser.processes import RunFolder
    from collector.browser.session import RemoteEnd
    from collector.http.gate import Gate
    from collector.http.transport import FetchError

TOLD = 5
"""Addresses held back, and troubles of proxies, that are told in one run."""


class Browsers:
    """Starts browsers of one installation in one run folder, or on a grid. `start` may be called from many threads."""

    def __init__(self, settings: SearchSettings, emit: Emit, allow_private: bool = False) -> None:
        """`allow_private`: whether they may ask loopback and private addresses; otherwise a gate keeps them from it."""
        self._settings = settings
        self._emit = emit
        self._allow_private = allow_private
        self._gate: Gate | None = None
        self._told: set[str] = set()
        self._proxy: tuple[str, float] | None = None
        self._finding, self._making = threading.Lock(), threading.Lock()
        self._found: tuple[Installation, RunFolder] | None = None
        self._profiles: Profiles | None = None
        self._grid: Grid | None = None
        self._failure: BrowserError | None = None
        self._closed = False

    def start(self, worker: int) -> OwnBrowser:
        """A new browser for a worker (1, 2, ...), which closes it before it asks for another.

        BrowserError("browser.start"), at once when an earlier one found nothing to start. GridBusy when the grid has
        none now. FolderLocked when another run has the profiles.
        """
        from collector.browser.browser import ChromeBrowser

        return ChromeBrowser(self._remote_end(worker), self._settings)

    def slots(self) -> int | None:
        """How many browsers the grid has at once; None without a grid, and where it does not say. BrowserError."""
        status = self._the_grid().status() if self._settings.grid else None
        return status.slots if status is not None and status.slots else None

    def proxy_trouble(self, since: float) -> str | None:
        """What is wrong with the user's proxy, as the browsers met it after that moment of the monotonic clock."""
        return self._proxy[0] if self._proxy is not None and self._proxy[1] >= since else None

    def close(self) -> None:
        """End every browser that is left here, and remove the run's folder."""
        with self._making:
            self._closed = True
        if self._found is not None:
            self._found[1].close()
        if self._gate is not None:
            self._gate.close()
        if self._profiles is not None:
            self._profiles.close()

    def _remote_end(self, worker: int) -> RemoteEnd:
        if self._settings.grid:
            if self._settings.profile:
                raise UsageError("--profile keeps profiles on this machine, --grid uses others; give one of the two")
            return self._the_grid().browser()
        from collector.browser.chromedriver import Chromedriver

        with self._finding:
            if self._failure is not None:
                raise BrowserError(self._failure.reason, self._failure.detail, lasting=True)
            try:
                installation, run = self._found or self._find()
            except BrowserError as error:
                self._failure = error
                raise
        profile = self._profiles.take(worker) if self._profiles is not None else None
        return Chromedriver(installation, self._settings, run, profile, self._gate.address if self._gate else None)

    def _the_grid(self) -> Grid:
        from collector.browser.grid import Grid

        with self._finding:
            self._grid = self._grid or Grid(self._settings)
            return self._grid

    def _find(self) -> tuple[Installation, RunFolder]:
        """Once per run: look for browser and driver, which may take a download, and make the run folder."""
        from collector.browser.driver import locate
        from collector.browser.options import NO_SANDBOX_NOTICE, needs_no_sandbox
        from collector.browser.processes import RunFolder

        installation = locate(self._settings.browser_binary, self._settings.driver)
        with self._making:
            if self._closed:
                raise BrowserError("browser.start", "the run has ended")
            if not self._allow_private:
                self._gate = self._opened()
            run = RunFolder()  # first sweeps what earlier runs left, browsers on kept profiles too
            self._found = installation, run
            if self._settings.profile:
                self._profiles = Profiles(Path(self._settings.profile))
        if needs_no_sandbox():
            self._emit(Noticed(NO_SANDBOX_NOTICE, "warning"))
        return installation, run

    def _opened(self) -> Gate:
        from collector.http.gate import Gate

        try:
            return Gate(self._held_back, Proxies.of(self._settings.proxy, os.environ))
        except OSError as error:
            raise BrowserError("browser.start", f"no port on loopback: {error.strerror or error}") from None

    def _held_back(self, why: FetchError) -> None:
        """In the gate's thread. A page can ask for thousands of addresses: a few are told."""
        proxy = why.reason == "net.proxy"
        if proxy:
            self._proxy = why.detail, time.monotonic()
        if why.detail in self._told or len(self._told) >= TOLD:
            return
        self._told.add(why.detail)
        line = f"held back from a page that the browser shows: {why.detail}"
        self._emit(Noticed(why.detail if proxy else line, "warning"))
