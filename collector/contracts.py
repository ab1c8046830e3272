"""The seams between rooms: what a source may ask of the web, and what rooms may expect of each other.

Protocols, the values that pass through them, and their errors; no behaviour. Who implements what: `Browser`
and `Web` in `search/`, `Pages` in `fetch/`, `Source` in `sources/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to a `get`, whatever the status; redirects were followed."""

    url: str
    """Where it came from in the end."""
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case; repeated headers joined by a comma."""
    body: bytes = b""
    """Unpacked; at most 16 MiB."""
    text: str = ""
    """The body as text, by byte order mark, header or `<meta>` as browsers decide; "" for pictures and other data."""

    def json(self) -> Any:
        """The body as JSON. ValueError when it is none."""
        return json.loads(self.body)


Throttled = Callable[[Answer], float | None]
"""Seconds that an answer asks everybody to wait before the host is asked again; None when it does not.
0 leaves the choice to the host, which doubles from 4 s to 300 s."""


class Pages(Protocol):
    """Asks for pages and JSON over plain HTTP, on behalf of one search; cookies are kept for that search."""

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        rate: float = 0.0,
        throttled: Throttled | None = None,
        crawl: bool = False,
    ) -> Answer:
        """The answer to a GET, or to a POST when there is a `form`.

        Tries again by itself after network trouble and 5xx, and after answers that ask to slow down: 429 and
        503, or what `throttled` says instead; the wait is shared by every search at that host. `rate` is the
        most requests a second to the host, 0 for no limit. `crawl` marks a page of a site that is not made
        for programs: its robots.txt is obeyed. Any other answer is given back, 404 too; a 5xx that stays is not.
        SourceError: page.unreachable, page.rate_limited, policy.robots (BLOCKED), url.private_addr.
        """

    def get_all(
        self,
        urls: Iterable[str | None],
        *,
        headers: Mapping[str, str] | None = None,
        rate: float = 0.0,
        throttled: Throttled | None = None,
        crawl: bool = False,
        most: int = 8,
    ) -> Iterator[Answer | SourceError]:
        """What `get` brings or raises for each URL, in their order; at most `most` are under way at a time.

        URLs are taken lazily, up to twice `most` ahead of the answer that was handed over last. None among them
        says that there is none until the next answer has been looked at; with no answer to come it is the end.
        Close it, or use it up: nothing is under way afterwards.
        """

    def cookies(self, url: str) -> str:
        """The Cookie header that this search would send to a URL; "" for none."""


class Visit(Pages, Protocol):
    """Pages for one search, which its host closes."""

    def close(self) -> None:
        """Give connections and cookies back."""


OpenVisit = Callable[[Callable[[], float]], Visit]
"""Begins a visit; the argument says how many seconds the search has left, and raises when it is to stop."""


class Web(Pages, Protocol):
    """What the host lends to a source for one search: browser, pages, settings, and a way to speak."""

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


class Viewer(Protocol):
    """A browser that shows a picture on its page, for hosts that give it to nobody else. For one thread, but `kill`."""

    def picture(self, page: str, url: str, seconds: float) -> bytes:
        """Open the page, have it show the picture, give the picture's bytes; b"" when the page cannot show it.

        No step takes longer than `seconds`. BrowserError when the browser failed; the next call starts another.
        """

    def kill(self) -> None:
        """End the browser under whoever uses it, and start none any more."""

    def close(self) -> None:
        """End the browser; nothing of it is left."""


KnownFile = Callable[[str], tuple[Path, str] | None]
"""sha256 -> (path relative to the output folder, label) of the saved file with these bytes."""
