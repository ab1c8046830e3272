"""Lends one browser to one search after another, and replaces it when it is used up or broken.

One per worker; only `kill` may be called from another thread. Never asks what a page shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from collector.browser.contract import Browser
from collector.errors import SURPRISES, BrowserError, SourceError
from collector.settings import SearchSettings


class OwnBrowser(Browser, Protocol):
    """A browser as its owner sees it: the source's view and the means to bound and end it."""

    def bound(self, left: Callable[[], float]) -> None:
        """`left` is asked before every command: the seconds it may take; what it raises, the command raises."""

    def rest(self) -> None:
        """Leave the page and forget what was collected, ready for another search."""

    def memory(self) -> int:
        """Resident bytes of the browser's process tree."""

    def kill(self) -> None:
        """End it at once; may be called from any thread."""

    def close(self) -> None:
        """End it within a few seconds and leave nothing of it."""


class BrowserLease:
    """Starts the browser when it is first asked for; `start` may raise BrowserError("browser.start")."""

    def __init__(self, start: Callable[[], OwnBrowser], settings: SearchSettings) -> None:
        self._start = start
        self._settings = settings
        self._lent = False
        self._searches = 0
        self.current: OwnBrowser | None = None
        """The browser that is running, if any."""

    def borrow(self) -> OwnBrowser:
        """The browser, started when there is none."""
        if self.current is None:
            self.current = self._start()
            self._searches = 0
        self._lent = True
        return self.current

    def give_back(self) -> None:
        """A search has ended: make the browser ready for the next, or replace it when it is used up."""
        if self.current is None or not self._lent:
            return
        self._lent = False
        self._searches += 1
        try:
            if self._searches >= self._settings.recycle_after or self.current.memory() > self._settings.recycle_memory:
                self.discard()
            else:
                self.current.bound(lambda: math.inf)
                self.current.rest()
        except (BrowserError, SourceError, *SURPRISES):
            self.discard()

    def discard(self) -> None:
        """End the browser; the next search gets a new one."""
        browser, self.current = self.current, None
        if browser is not None:
            browser.close()

    def kill(self) -> None:
        """End the browser under whoever uses it."""
        browser = self.current
        if browser is not None:
            browser.kill()
