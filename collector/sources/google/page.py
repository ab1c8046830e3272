"""One open result page: collector's own script in it, and what the script tells, as values.

Speaks to the page through a PageScript alone, by ids, never by element handles. A page
that reloads itself loses the script, which is then put in again; nothing that Python knows is lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from collector.browser.contract import DATA, Answered, Browser
from collector.browser.page_script import PageScript
from collector.sources.google import rows
from collector.sources.opaque import NOTHING, Address, read

_PARTS: Final = tuple((__package__, name) for name in ("cards.js", "state.js", "panel.js", "scroll.js"))
_SLICE: Final = 200
"""Milliseconds of one look for more cards while something is under way."""
_PRESSED: Final = 1500
"""Milliseconds that a button is given to bring something."""
_BEHIND: Final = 0.3
"""Seconds that the end of a request may be behind what the page made of its answer."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a card of the grid says about its picture; "" and 0 are unknown."""

    id: str
    page: Address = NOTHING
    title: str = ""
    thumbnail: str = ""
    """http(s) only."""
    width: int = 0
    height: int = 0
    target: str = ""
    """The result address in its link, when it is there already."""
    key: str = ""
    """Key of its data row at run time."""


@dataclass(frozen=True, slots=True)
class Look:
    """The page at one moment. Counts are of the whole page; cards and texts are those not reported before."""

    host: str = ""
    path: str = "/search"
    status: int = 0
    """HTTP status of the document, 0 when the browser does not tell."""
    ready: bool = True
    root: bool = False
    """The result root of a known layout is there."""
    frame: bool = False
    """Some part of Google's page around the results is there."""
    consent: bool = False
    captcha: bool = False
    cover: str = ""
    """Address of a frame that covers the whole window."""
    wall: bool = False
    """No cards, and the way out for browsers without scripts."""
    legacy: int = 0
    images: int = 0
    """Pictures of 60 px or more in the result root; counted, as the next two, only when there are no cards."""
    links: int = 0
    text: int = 0
    layout: str = ""
    """mosaic, islrg, jsdata, anchors, or "" when no card is recognised."""
    count: int = 0
    cards: tuple[Card, ...] = ()
    inline: tuple[str, ...] = ()
    """Texts of scripts in the page that may hold data rows."""
    batches: tuple[str, ...] = ()
    """Bodies of XHR and fetch answers that may."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the side panel brought for a clicked card."""

    id: str
    url: str = ""
    """"" when no picture came in time."""
    width: int = 0
    height: int = 0
    target: str = ""
    began: float = 0.0
    ended: float = 0.0
    """Seconds since the epoch, by the browser's clock."""
    moved: bool = False
    """False when nothing in the page reacted to the click."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known beforehand about the cards to be clicked."""

    small: list[str]
    """URLs that are small pictures, wherever they are shown."""
    spared: list[str]
    """Ids of cards to which there is another way: not worth a long wait."""
    network: bool = False
    """A picture that the page asks for is enough, shown or not."""


@dataclass(frozen=True, slots=True)
class Advance:
    """What scrolling on brought."""

    grown: bool
    ended: bool
    """The page itself says that there is no more."""
    pressed: bool = False
    """A button for more, or to try again, was pressed."""
    futile: bool = False
    """It was, and the page did not even ask for anything."""
    challenged: bool = False
    """A batch was answered with a challenge, and none came since."""
    pending: int = 0
    """Requests under way."""
    asks: bool = False
    """The page has asked for something while it was scrolled."""


class Page:
    """The page in the browser's window."""

    def __init__(self, browser: Browser, home: str) -> None:
        self.browser = browser
        self._home = home
        self._script = PageScript(browser, _PARTS)
        self._batches: list[str] = []
        self._challenged: int | None = None
        """The load in which a batch was answered with a challenge, and none came since."""
        self._asks = False

    def open(self, url: str) -> None:
        """Load the page and hear what it asks for from the first request on."""
        self.browser.responses()  # begins to listen
        self.browser.open(url)

    @property
    def loads(self) -> int:
        """How often our script had to be put in: 1 more for every time the page was loaded anew."""
        return self._script.loads

    def look(self) -> Look:
        """State, new cards and new texts."""
        value = dict(self._script.call("look"))
        cards = tuple(Card(**{**card, "page": read(card["page"], self._home)}) for card in value.pop("cards"))
        self._hear()
        batches, self._batches = tuple(self._batches), []
        return Look(cards=cards, inline=tuple(value.pop("inline")), batches=batches, **value)

    def peek(self) -> Look:
        """State alone: cards and texts stay to be reported by the next `look`."""
        return Look(**self._script.call("peek"))

    def runtime_rows(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Texts of the rows that the page's own program holds under these keys."""
        held = self.browser.held("W_jd", keys)
        return tuple(json.dumps(value, ensure_ascii=False) for value in held if value is not None)

    def reject(self) -> bool:
        """Say no to cookies; False when the page offers no way that is known."""
        return bool(self._script.call("reject"))

    def pause(self, milliseconds: int) -> None:
        """Let the page go on for a moment."""
        self._script.call("pause", milliseconds)

    def hover(self, ids: Sequence[str], patience: int, limit: int) -> Mapping[str, str]:
        """Result addresses that the page wrote for these cards; milliseconds without news, and at all."""
        return dict(self._script.call("hover", list(ids), patience, limit))

    def click(self, ids: Sequence[str], around: Surroundings, limit: int, budget: int) -> list[Shown]:
        """Click card after card for `budget` ms, each waiting up to `limit` ms; may stop before the last."""
        answer = self._script.call("click", list(ids), around.small, around.spared, around.network, limit, budget)
        return [Shown(**value) for value in answer]

    def point(self, id: str) -> bool:
        """Bring a card into view and move the real mouse over it; False when it cannot be reached."""
        place = self._aim(id)
        if place:
            self.browser.move(*place)
        return place is not None

    def real_click(self, id: str, around: Surroundings, limit: int) -> Shown | None:
        """The same as `click` for one card with the real mouse; None when it cannot be reached."""
        place = self._aim(id)
        if place is None:
            return None
        self._script.call("arm", id, around.small, around.spared, around.network, limit)
        self.browser.click(*place)
        value = self._script.call("outcome")
        return Shown(**value) if value else None

    def thumbnails(self, ids: Sequence[str]) -> Mapping[str, str]:
        """The small pictures as they stand in the grid: whole data: URLs, or http."""
        return dict(self._script.call("thumbnails", list(ids)))

    def advance(self, wait: int, limit: int) -> Advance:
        """Scroll on until there are more cards; at the bottom wait that many ms, `limit` while loading."""
        asked, end = self._newest(), time.monotonic() + limit / 1000
        step = self._script.call("further", limit)
        before, grown = step["before"], bool(step["grown"]) or self._grows(step["before"], wait, end)
        ended = pressed = futile = False
        if not grown:
            ended = bool(self._script.call("ended"))
            pressed = not ended and not self.browser.pending() and bool(self._script.call("more"))
        if pressed:
            known = self._newest()
            grown = self._grows(before, _PRESSED, end)
            futile = not grown and known is not None and known == self._newest()
        if grown:
            self._catch_up()
        self._hear()
        self._asks = self._asks or asked != self._newest()
        challenged = self._challenged == self.loads
        return Advance(grown, ended, pressed, futile, challenged, self.browser.pending(), self._asks)

    def _grows(self, before: int, wait: int, end: float) -> bool:
        """Whether more cards come within `wait` ms or, while something is under way, until the clock says `end`."""
        while True:
            busy = self.browser.pending() > 0
            value = self._script.call("quiet", before, wait)
            if value["grown"] or value["covered"] or time.monotonic() > end:
                return bool(value["grown"])
            if not busy and not self.browser.pending():
                return False
            wait = _SLICE

    def _newest(self) -> str | None:
        """The last thing that the page's program asked for, "" when that is none; None where nothing is told."""
        requests = self.browser.requests()
        return next((one.id for one in reversed(requests) if one.kind in DATA), "") if requests else None

    def _catch_up(self) -> None:
        end = time.monotonic() + _BEHIND
        while self.browser.pending() and time.monotonic() < end:
            self.pause(25)

    def _hear(self) -> None:
        """Batches are kept nowhere in the page. One may be challenged although the page itself came through."""
        for request, text in self.browser.responses():
            if rows.promises(text):
                self._batches.append(text)
                self._challenged = None
            elif request.answer is not None and _is_challenge(request.answer):
                self._challenged = self.loads

    def _aim(self, id: str) -> tuple[float, float] | None:
        for attempt in range(2):
            place = self._script.call("aim", id)
            if place:
                return place["x"], place["y"]
            if attempt == 0:
                self.browser.press("Escape")  # whatever covers the card, such as the open panel
        return None


def _is_challenge(answer: Answered) -> bool:
    walled = "x-sorry-redirect" in answer.headers or any(name.startswith("x-sg-cs") for name in answer.headers)
    return answer.status == 429 or "/sorry/" in answer.url or walled
