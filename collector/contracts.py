"""The seams between rooms: what a source may ask of the web, and what rooms may expect of each other.

Protocols and their errors only; no behaviour. Who implements what: `Browser` and `Web` in `search/`,
`Source` in `sources/`, `Transport` in `fetch/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from collector.model import Hit, Search, SearchState


class InputError(Exception):
    """Something the user gave us cannot be used. One line: what, where, what to do. Exit code 4."""


class UsageError(Exception):
    """An option, setting or combination of them is not possible. One line. Exit code 2."""


class SourceError(Exception):
    """A source could not give an answer: never to be confused with "no results".

    `state` says how the search ends, `reason` is a slug of `collector.reasons`, `detail` one line.
    """

    def __init__(self, state: SearchState, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.state = state
        self.reason = reason
        self.detail = detail


class BrowserError(Exception):
    """Browser or driver failed. `reason` is one of browser.start, browser.crash, browser.hung.

    `page.unreachable` is raised as SourceError instead. After `crash` or `hung` the browser object
    is useless and the pool replaces it.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail


class Browser(Protocol):
    """One real browser window, reduced to what a source needs. Not thread-safe."""

    def open(self, url: str) -> None:
        """Load a page and return when it is usable. SourceError(UNREACHABLE) when it cannot be reached."""

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a function body in the page (`arguments[0]`, ...) and return its JSON-like value."""

    def run_async(self, script: str, *arguments: Any) -> Any:
        """The same for a body that calls `arguments[arguments.length - 1](value)` when it is done."""

    def click(self, x: float, y: float) -> None:
        """A real, trusted mouse click at viewport coordinates in CSS pixels."""

    def move(self, x: float, y: float) -> None:
        """A real, trusted mouse move to viewport coordinates in CSS pixels."""

    def press(self, key: str) -> None:
        """A real key press: a single character, or one of Escape, End, PageDown, ArrowRight."""

    def address(self) -> str:
        """The URL in the address bar now."""

    def html(self) -> str:
        """The page's current HTML."""

    def screenshot(self) -> bytes:
        """PNG of the viewport."""

    def responses(self) -> list[tuple[str, str]]:
        """(URL, text body) of the XHR and fetch answers received since the last call; may be empty.

        Bodies that can no longer be had are left out. Costs nothing unless it was called once before
        or right after `open`.
        """

    @property
    def headed(self) -> bool:
        """True when a person can see and use the window."""


class Web(Protocol):
    """What the host lends to a source for one search: browser, settings, and a way to speak."""

    @property
    def browser(self) -> Browser:
        """This worker's browser, started when first asked for."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The source's own settings, complete and checked (see its SETTINGS)."""

    def notice(self, text: str) -> None:
        """One line the user should read."""

    def remaining(self) -> float:
        """Seconds left for this search; <= 0 means stop now."""

    def wanted(self) -> int:
        """How many more new URLs the host would take; a source may stop early or ignore it."""


Source = Callable[[Search, Web], Iterator[Hit]]
"""Yields hits lazily in the source's own order and returns at a true end.

Never counts, dedupes across pages, sleeps for politeness, prints or swallows errors: the host does.
An answer that is not recognised is a SourceError, never an empty one; returning without a single hit
says "the source truly has no results".
"""

Post = Callable[[Any], None]
"""How workers hand values to the calling thread; may block while the inbox is full."""

KnownFile = Callable[[str], tuple[Path, str] | None]
"""sha256 -> (path relative to the output folder, label) of the saved file with these bytes."""
