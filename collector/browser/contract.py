"""What a source may ask of a browser, and what the fetch stage may: protocols only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

DATA: Final = ("XHR", "Fetch")
"""Kinds of requests that a page's own program makes."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Where an answer came from, its status and its headers; header names in lower case."""

    url: str
    status: int
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One thing that the page asked the network for."""

    id: str
    url: str
    kind: str
    """As the DevTools protocol says it: Image, XHR, Fetch, Script, ..."""
    at: float
    """Seconds since the epoch at which it was sent, by the browser's clock."""
    mime: str = ""
    """Type of the answer, "" while there is none."""
    loaded: bool = False
    answer: Answered | None = None
    """The last one, behind all redirects; None while there is none."""


class Browser(Protocol):
    """One real browser window, reduced to what a source needs. Not thread-safe."""

    def open(self, url: str) -> None:
        """Load a page and return when it is usable. SourceError(UNREACHABLE) when it cannot be reached."""

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a function body in the page (`arguments[0]`, ...) and return its JSON-like value."""

    def run_async(self, script: str, *arguments: Any) -> Any:
        """The same for a body that calls `arguments[arguments.length - 1](value)` when it is done."""

    def apart(self, script: str, *arguments: Any) -> Any:
        """What a function body returns, or its promise brings, run where the page's own scripts reach nothing.

        It sees the same DOM, but none of the objects and functions that the page has made or replaced. Where a grid
        does not offer DevTools it runs in the page.
        """

    def held(self, name: str, keys: Sequence[str]) -> list[Any]:
        """What an object of the page's own program, named in `window`, holds under each key, as JSON-like values.

        None for what is not there, is no JSON, or would be told by a function of the page.
        """

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

    def responses(self) -> list[tuple[PageRequest, str]]:
        """The XHR and fetch requests that ended since the last call, and the texts they were answered; may be empty.

        Bodies that can no longer be had are left out. Costs nothing unless it was called once before
        or right after `open`.
        """

    def redirect(self, url: str) -> tuple[int, str]:
        """(status, Location header) of a GET for `url`, made by the page itself with its cookies and not followed.

        (0, "") when nobody answered, or where a grid does not offer DevTools.
        """

    def requests(self) -> list[PageRequest]:
        """What the page asked for since the first call after `open`, oldest first; that call only begins listening."""

    def pending(self) -> int:
        """How many XHR and fetch requests of the page are under way, but for those that stay open for long; 0 before
        the network is listened to, and where a grid does not offer DevTools."""

    def body(self, request: PageRequest) -> bytes:
        """The body of the answer; b"" when it can no longer be had."""

    def resource(self, url: str) -> bytes:
        """The bytes of a picture that the page has loaded; b"" when it has none of that URL, or tells nothing."""

    @property
    def headed(self) -> bool:
        """True when a person can see and use the window."""


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
