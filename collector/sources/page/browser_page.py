"""A page in the browser's window: our script in it, and what it sees, as figures. Decides nothing about them.

Speaks to the page through a PageScript alone. A page that loads itself anew loses the script, which
is then put in again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from collector.browser.contract import Browser
from collector.browser.page_script import PageScript, Part
from collector.http.contract import Answer
from collector.sources.page import css, http_page, markup
from collector.sources.page.candidates import Candidate, Figure, Rank, figures
from collector.urls import resolved

LOOK: Final[tuple[Part, ...]] = ((__package__, "look.js"), (__package__, "scroll.js"))
_SLICE: Final = 200
"""Milliseconds of one look for news."""

_ARRIVAL: Final = """
const timing = performance.getEntriesByType("navigation")[0];
return { status: (timing && timing.responseStatus) || 200, type: document.contentType || "", cookies: document.cookie };
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was not seen before."""

    figures: list[Figure]
    resources: list[str]
    """Pictures that were loaded, whether or not an element shows them."""
    made: int
    """Canvases and `blob:` pictures so far."""


@dataclass(frozen=True, slots=True)
class Step:
    """What going further brought."""

    grown: bool
    bottom: bool


class BrowserPage:
    """One page; `parts` are the pieces of the script."""

    def __init__(self, browser: Browser, parts: tuple[Part, ...] = LOOK) -> None:
        self.browser = browser
        self.script = PageScript(browser, parts)
        self._host, self._cookies = "", ""

    def open(self, url: str) -> None:
        """Load it and listen to its requests. SourceError when it is not the page that was meant."""
        self.browser.responses()  # begins to listen
        self.browser.open(url)
        arrival = dict(self.browser.apart(_ARRIVAL))
        here = self.browser.address()
        self._host, self._cookies = urlsplit(here).netloc, str(arrival["cookies"])
        status = int(arrival["status"])
        if not 200 <= status < 300 and not (status in (403, 429, 503) and http_page.is_wall(self.browser.html())):
            http_page.check(Answer(here, status))

    def cookies(self, url: str) -> str:
        """The cookies that the page's scripts may see, for pictures of the page's own host."""
        return self._cookies if urlsplit(url).netloc == self._host else ""

    def look(self) -> Looked:
        """What is new in the page since the last look."""
        value = dict(self.script.call("look"))
        figures = [one for record in value["records"] for one in seen(record)]
        return Looked(figures, [str(url) for url in value["resources"]], int(value["made"]))

    def further(self, milliseconds: int, limit: int) -> Step:
        """A few steps down; at the bottom a wait of so many ms for more, `limit` while something loads."""
        value = self.script.call("further", limit)
        if value["grown"] or not value["bottom"]:
            return Step(bool(value["grown"]), bool(value["bottom"]))
        grown = self.await_news(milliseconds, limit)
        return Step(grown, bottom=not grown)

    def await_news(self, milliseconds: int, limit: int) -> bool:
        """Whether there is more than before within so many ms, `limit` while something loads or is asked for."""
        began = time.monotonic()
        while True:
            value = self.script.call("news", min(_SLICE, milliseconds))
            waited = 1000 * (time.monotonic() - began)
            if value["grown"] or waited > limit:
                return bool(value["grown"])
            if waited >= milliseconds and not (value["loading"] or self.browser.pending()):
                return False

    def nudge(self) -> None:
        """A little up and down, for pages that look for the position only when it changes."""
        self.script.call("nudge")


def seen(record: Mapping[str, Any]) -> list[Figure]:
    """The figures of one record of `look.js`."""
    base, size = str(record["base"]), (int(record["width"]), int(record["height"]))
    if style := record.get("style"):
        drawn = markup.drawn(css.sheet(f"background-image: {style}"), base)
        return [replace(one, place="background", shown=size) for one in drawn]
    found = markup.read(str(record["html"]), base).figures
    current = resolved(str(record["current"]), base)
    if not current:
        return found
    shown = Candidate(current, Rank.SHOWN, *size)
    if not found:
        return figures([shown], shown=size)
    first = found[0]
    [joined] = figures([*first.candidates, shown])
    own = size if joined.candidates[0].url == current else (0, 0)  # of a placeholder it would say nothing
    return [replace(first, candidates=joined.candidates, shown=first.shown if any(first.shown) else own), *found[1:]]
