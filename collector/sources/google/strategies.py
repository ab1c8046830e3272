"""The ways from a card to its picture's address, one class each; `STRATEGIES` is the table of them.

Each takes cards and gives what it found by id; none knows the others, none is asked for what it cannot do. Which are
tried, in which order, and when one is given up is decided in `harvest`. What needs pixels is loaded late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from collector.sources.contract import Web
from collector.sources.google.known import Find, Known
from collector.sources.google.page import Card, Page
from collector.sources.google.panel import Panel
from collector.sources.google.redirect import Resolver

TRIALS: Final = 3
"""Cards on which a way may fail before it is given up for this page."""
_FIRST_PATIENCE, _PATIENCE, _HOVER_LIMIT = 1200, 350, 6000
"""Milliseconds: the page's own program may have to be loaded on the first hover."""

_LATE_LOOKS, _LATE = 3, 150
"""Looks at the network log, and milliseconds between them."""


@dataclass(frozen=True, slots=True)
class Search:
    """What the ways of one search share."""

    page: Page
    web: Web
    settings: Mapping[str, Any]
    known: Known
    panel: Panel
    resolver: Resolver


class Strategy(Protocol):
    """A way to a picture's address."""

    at_once: int
    """Cards that one call should be given at most."""
    asks_google: bool
    """Whether it makes Google answer anything: such a way is closed once Google has shown a wall."""

    def can(self, card: Card, /) -> bool:
        """Whether there is something to try for this card."""

    def find(self, cards: Sequence[Card]) -> dict[str, Find]:
        """Finds by id."""


class Rows:
    """From the data rows of scripts and batches: nothing is touched."""

    at_once, asks_google = 10_000, False

    def __init__(self, search: Search) -> None:
        self._known = search.known

    def can(self, card: Card) -> bool:
        """See Strategy."""
        return self._known.from_row(card.id) is not None

    def find(self, cards: Sequence[Card]) -> dict[str, Find]:
        """See Strategy."""
        return {card.id: find for card in cards if (find := self._known.from_row(card.id))}


class Hover:
    """From the result address that the page writes into the link under the mouse."""

    at_once, asks_google = 60, True

    def __init__(self, search: Search) -> None:
        self._known, self._page, self._web = search.known, search.page, search.web
        self._real = self._worked = False

    def can(self, card: Card) -> bool:
        """See Strategy."""
        return card.id not in self._known.targets or self._known.targets[card.id].full.url is not None

    def find(self, cards: Sequence[Card]) -> dict[str, Find]:
        """See Strategy. When the page ignores made-up events, the real mouse is used."""
        ids = [card.id for card in cards if card.id not in self._known.targets]
        if ids and not self._real:
            patience = _PATIENCE if self._worked else _FIRST_PATIENCE
            self._known.learn_targets(self._page.hover(ids, patience, _HOVER_LIMIT))
            self._real = not self._worked and not any(card.id in self._known.targets for card in cards)
        if self._real:
            self._by_real_mouse([id for id in ids if id not in self._known.targets])
        self._worked = self._worked or any(id in self._known.targets for id in ids)
        return {card.id: find for card in cards if (find := self._known.from_target(card.id))}

    def _by_real_mouse(self, ids: Sequence[str]) -> None:
        for tried, id in enumerate(ids):
            idle = tried >= TRIALS and not any(id in self._known.targets for id in ids[:tried])
            if (idle and not self._worked) or self._web.remaining() <= 0:
                break
            if self._page.point(id):
                self._known.learn_targets(self._page.hover([id], _PATIENCE, _PATIENCE))


class Click:
    """From the big picture of the side panel, card after card."""

    at_once, asks_google = 12, True

    def __init__(self, search: Search) -> None:
        self._known, self._panel = search.known, search.panel

    def can(self, _card: Card) -> bool:
        """See Strategy."""
        return not self._panel.inert

    def find(self, cards: Sequence[Card]) -> dict[str, Find]:
        """See Strategy."""
        finds: dict[str, Find] = {}
        for shown in self._panel.open([card.id for card in cards]):
            self._known.learn_targets({shown.id: shown.target})
            if shown.url:
                finds[shown.id] = Find(shown.url, "click", width=shown.width, height=shown.height)
            elif find := self._known.from_target(shown.id):
                finds[shown.id] = find
        return finds


class Network:
    """From what the page asks the network for when the panel opens, shown or not."""

    at_once, asks_google = 12, True

    def __init__(self, search: Search) -> None:
        from collector.sources.google.requested import Requested

        self._search = search
        self._requested = Requested(search.page.browser, search.known.home)

    def can(self, _card: Card) -> bool:
        """See Strategy."""
        return not self._search.panel.inert

    def find(self, cards: Sequence[Card]) -> dict[str, Find]:
        """See Strategy."""
        page, known = self._search.page, self._search.known
        page.browser.requests()  # from now on the log is kept
        opened = {shown.id: shown for shown in self._search.panel.open([card.id for card in cards], network=True)}
        known.learn_targets({id: shown.target for id, shown in opened.items()})
        copies = page.thumbnails(list(opened))
        finds: dict[str, Find] = {}
        for _ in range(_LATE_LOOKS):  # the log comes a moment later than the picture
            pictures = self._requested.pictures()
            for card in (card for card in cards if card.id in opened and card.id not in finds):
                find = self._requested.match(opened[card.id], pictures, known.size(card), copies.get(card.id))
                if find is not None:
                    finds[card.id] = find
            if len(finds) == len(opened):
                break
            page.pause(_LATE)
        return finds


class Redirect:
    """From the token, by asking Google where it leads."""

    at_once, asks_google = 8, True

    def __init__(self, search: Search) -> None:
        self._known, self._resolver = search.known, search.resolver

    def can(self, card: Card) -> bool:
        """See Strategy."""
        return self._resolver.open and self._known.token(card.id) is not None

    def find(self, cards: Sequence[Card]) -> dict[str, Find]:
        """See Strategy."""
        finds: dict[str, Find] = {}
        for card in cards:
            token = self._known.token(card.id)
            if token is not None and (url := self._resolver.resolve(token)):
                finds[card.id] = Find(url, "redirect")
        return finds


class LandingPage:
    """From the page that shows the picture, by its look; that page's own token is resolved where that is allowed."""

    at_once, asks_google = 8, False

    def __init__(self, search: Search) -> None:
        self._search = search

    def can(self, card: Card) -> bool:
        """See Strategy."""
        page = self._search.known.page(card)
        return page.url is not None or (page.token is not None and self._told(page.token) is not None)

    def find(self, cards: Sequence[Card]) -> dict[str, Find]:
        """See Strategy."""
        from collector.sources.landing import Lost, recover

        known = self._search.known
        copies = small(self._search, cards)
        lost: list[Lost] = []
        for card in cards:
            page = known.page(card)
            url = page.url or (page.token and self._search.resolver.resolve(page.token))
            if url and card.id in copies:
                row = known.rows.get(card.id)
                title = (row.title if row else "") or card.title
                lost.append(Lost(card.id, url, self._copy(copies[card.id].url), title, *known.size(card)))
        pages = {one.id: one.page for one in lost}
        return {
            found.id: Find(found.url, "page", pages[found.id], found.width, found.height)
            for found in recover(lost, self._search.web)
        }

    def _copy(self, address: str) -> bytes:
        """The small picture, out of the page where it is loaded already."""
        from collector.images.sniff import is_data
        from collector.sources.landing import small_copy

        loaded = b"" if is_data(address) else self._search.page.browser.resource(address)
        return loaded or small_copy(address, self._search.web)

    def _told(self, token: str) -> str | None:
        """The page's address where it is known, or may be asked for."""
        resolver = self._search.resolver
        return resolver.known(token) or (token if resolver.open else None)


STRATEGIES: Final[Mapping[str, Callable[[Search], Strategy]]] = {
    "rows": Rows,
    "hover": Hover,
    "click": Click,
    "network": Network,
    "redirect": Redirect,
    "page": LandingPage,
}
"""Cheapest first: `auto` tries them in this order until it knows what works on the page."""


def small(search: Search, cards: Sequence[Card]) -> dict[str, Find]:
    """What is left when no way leads to the picture: the small one in the grid, marked as such."""
    pictures = search.page.thumbnails([card.id for card in cards]) if cards else {}
    finds: dict[str, Find] = {}
    for card in cards:
        row = search.known.rows.get(card.id)
        if url := pictures.get(card.id) or card.thumbnail or (row.thumbnail_url if row else ""):
            finds[card.id] = Find(url, "thumbnail", is_thumbnail=True)
    return finds
