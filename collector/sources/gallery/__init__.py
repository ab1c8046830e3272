"""A gallery of any site that shows more as one scrolls or presses a button, in the browser. This file is the story.

Knows no site. Must not tell good pictures from bad: it reads what the page shows, loads and is sent, to its end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from msgspec import Meta

from collector.errors import SourceError
from collector.model import Hit, Search, SearchState
from collector.sources.contract import Source, Value, Web
from collector.sources.page import http_page, rules, tell
from collector.sources.page.browser_page import LOOK, BrowserPage, Looked
from collector.sources.page.candidates import Candidate, Figure, Rank, figures, is_blank, merged
from collector.sources.page.hits import Hits
from collector.sources.page.http_page import default_label, validate_keyword
from collector.urls import hostname, url_key

_SETTINGS: Final[Mapping[str, Value]] = {
    "home": "",
    "pages": 1,
    "patience": 2.5,
    "seconds": 150.0,
    "press": True,
    "network": True,
    "min_side": 50,
    "icons": False,
    "videos": False,
    "originals": False,
}
"""home: where a keyword that is only a path is looked for; pages: how many pages are opened where there is a link to
a next one; patience: seconds at the end without anything new before it is believed; seconds: after which a gallery
without an end is left; press: press buttons for more; network: read the pictures that its requests and answers name;
the others as in [page]."""

PRESSES: Final = 3
"""Buttons tried at one standstill."""
MARGIN: Final = 2.0
"""Seconds before the search's own end at which a gallery is left."""


def search(search: Search, web: Web) -> Iterator[Hit]:
    """The pictures of a gallery in the order in which it shows them."""
    address = http_page.addresses(search.query.keyword, str(web.settings["home"]))[0]
    gallery = Gallery(web)
    for _ in range(int(web.settings["pages"])):
        yield from gallery.page(address)
        address = gallery.following() if gallery.going else ""
        if not address:
            break
    gallery.tell()


class Gallery:
    """One gallery, over all its pages."""

    def __init__(self, web: Web) -> None:
        self._web, self._settings = web, web.settings
        self._window = BrowserPage(web.browser, (*LOOK, (__package__, "more.js")))
        self._end = time.monotonic() + float(self._settings["seconds"])
        self._hits = Hits("", lambda url: self._window.cookies(url), rules(self._settings))
        self._sets: dict[str, Figure] = {}
        """Key of any of its URLs -> a picture that an answer named in several sizes."""
        self._opened: set[str] = set()
        self._made = 0

    @property
    def going(self) -> bool:
        """Whether more is wanted and there is time."""
        return self._web.wanted() > 0 and self._time() > 0

    def page(self, address: str) -> Iterator[Hit]:
        """All of one page, scrolled and pressed to its end."""
        self._window.open(address)
        self._hits.page = self._window.browser.address()
        self._opened |= {address, self._hits.page}
        if http_page.is_wall(self._window.browser.html()):
            raise SourceError(SearchState.BLOCKED, "page.captcha", f"{self._host()} shows a challenge")
        yield from self._new()
        while self.going and self._further():
            yield from self._new()
        yield from self._new()
        yield from self._rest()

    def following(self) -> str:
        """The address of the next page, "" when there is none that was not opened."""
        address = str(self._window.script.call("next"))
        return address if address not in self._opened else ""

    def tell(self) -> None:
        """What was seen and is not among the hits."""
        tell(self._web, self._hits, self._made)
        if self._web.wanted() > 0 and self._time() <= 0:
            self._web.notice(f"{self._host()}: stopped when its time was up (gallery.seconds); there may be more")

    # ------------------------------------------------------------------ going on

    def _further(self) -> bool:
        """One look further: False when scrolling, waiting and pressing brought nothing."""
        patience = int(float(self._settings["patience"]) * 1000)
        for wait in (patience // 4, patience // 3, patience // 2):
            step = self._window.further(wait, self._limit())
            if step.grown or not step.bottom:
                return True
            if self._pressed():
                return True
            if self._time() <= 0:
                return False
            self._window.nudge()
        return False

    def _pressed(self) -> bool:
        """Press what may bring more until something does."""
        if not self._settings["press"]:
            return False
        count = int(self._window.script.call("more"))
        wait = int(float(self._settings["patience"]) * 600)
        for number in range(min(count, PRESSES)):
            if self._time() <= 0:
                return False
            if self._window.script.call("press", number):
                self._window.await_news(wait, self._limit())
                if self._window.script.call("released"):
                    return True
        return False

    def _time(self) -> float:
        return min(self._web.remaining() - MARGIN, self._end - time.monotonic())

    def _limit(self) -> int:
        """Milliseconds for one step, below the browser's limit for scripts."""
        return max(100, min(7000, int(self._time() * 1000)))

    def _host(self) -> str:
        return hostname(self._hits.page)

    # ------------------------------------------------------------------ what is new

    def _new(self) -> Iterator[Hit]:
        """What the page shows, each in the largest size that an answer so far has named."""
        looked = self._window.look()
        self._learn()
        self._made = looked.made
        yield from self._hits.of(self._larger(one) for one in merged(looked.figures))
        yield from self._loaded(looked)

    def _learn(self) -> None:
        from collector.sources.page import data

        if not self._settings["network"]:
            return
        for request, body in self._window.browser.responses():
            is_data = body.lstrip()[:1] in ("{", "[")
            named = data.state(body, self._hits.page) if is_data else _pieces(body, request.url)
            for one in named:
                for candidate in one.candidates:
                    self._sets.setdefault(url_key(candidate.url), one)

    def _larger(self, one: Figure) -> Figure:
        """The figure with the other sizes that an answer named beside one of its URLs."""
        known = next((found for c in one.candidates if (found := self._sets.get(url_key(c.url))) is not None), None)
        if known is None:
            return one
        return merged([one, known])[0]

    def _loaded(self, looked: Looked) -> Iterator[Hit]:
        """Pictures that were loaded and that no element shows any more, or ever did."""
        if self._settings["network"]:
            urls = (url for url in looked.resources if not is_blank(url))
            shown = (one for url in urls for one in figures([Candidate(url)], place="network"))
            yield from self._hits.of(map(self._larger, shown))

    def _rest(self) -> Iterator[Hit]:
        """Pictures that answers named and the page did not show."""
        seen: set[int] = set()
        for one in list(self._sets.values()):
            if id(one) not in seen:
                seen.add(id(one))
                yield from self._hits.of([one], "network")


def _pieces(body: str, url: str) -> list[Figure]:
    """Pieces of HTML, as older galleries are sent them."""
    from collector.sources.page import markup

    if "<" not in body[:2000]:
        return []
    return [one for one in markup.read(body, url).figures if one.candidates[0].rank >= Rank.SHOWN]


SOURCE: Final = Source(
    search=search,
    about="a gallery that shows more on scrolling or pressing, in a browser",
    keyword="the address of a gallery",
    settings=_SETTINGS,
    kinds={"pages": Annotated[int, Meta(ge=1, le=100_000)], "seconds": Annotated[float, Meta(gt=0, le=604_800)]},
    unlimited=True,
    needs_browser=True,
    example="https://commons.wikimedia.org/wiki/Special:NewFiles",
    takes_addresses=True,
    validate_keyword=validate_keyword,
    default_label=default_label,
)
