"""The ways from a card to its picture's URL: data rows, hover, click, and at last the thumbnail.

Each way takes cards and returns what it found by id; none knows the others. Which are tried, and in
which order, is the story told in `Harvest.resolve`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from collector.errors import SourceError
from collector.model import Hit, SearchState
from collector.sources.contract import Web
from collector.sources.google import result_url, rows
from collector.sources.google.page import Card, Known, Page, Shown
from collector.sources.google.rows import Row, RowKind
from collector.urls import url_key

ORDERS: Final = {
    "auto": ("rows", "hover", "click"),
    "rows": ("rows",),
    "hover": ("hover",),
    "click": ("click",),
}
_HOVERED_AT_ONCE: Final = 60
_CLICKED_AT_ONCE: Final = 12
_CLICK_BUDGET: Final = 2000
"""Milliseconds of clicking per round trip; what is found is handed over after each."""
_LONGEST_PANEL: Final = 7.0
"""Seconds; with the budget it stays below the browser's limit for scripts."""
_FIRST_PATIENCE, _PATIENCE, _HOVER_LIMIT = 1200, 350, 6000
"""Milliseconds: the page's own program may have to be loaded on the first hover."""
_TRIALS: Final = 3
"""Cards on which a way may fail before it is given up for this page."""


@dataclass(frozen=True, slots=True)
class Find:
    """A URL and how it was found; sizes in pixels, 0 is unknown."""

    url: str
    way: str
    page: str = ""
    width: int = 0
    height: int = 0
    is_thumbnail: bool = False


@dataclass(slots=True)
class Harvest:
    """What one search knows so far, by id: it outlives every reload of the page."""

    page: Page
    web: Web
    settings: Mapping[str, Any]
    rows: dict[str, Row] = field(default_factory=dict)
    batches: set[str] = field(default_factory=set)
    """Ids whose row came with a scrolled batch."""
    seen: set[str] = field(default_factory=set)
    fresh: dict[str, Card] = field(default_factory=dict)
    """Cards that were never seen and are not resolved yet, in the page's order."""
    full: int = 0
    """Cards that got a full-size URL."""
    given_up: set[str] = field(default_factory=set)
    _real: set[str] = field(default_factory=set)
    """Ways on which the page only believes the real mouse."""
    _worked: set[str] = field(default_factory=set)
    _failures: dict[str, int] = field(default_factory=dict)
    _noticed: bool = False

    def learn(self, text: str, batch: bool = False) -> None:
        """Remember the data rows of a text; what is known already stays as it was."""
        for row in rows.find(text):
            if row.id not in self.rows:
                self.rows[row.id] = row
                if batch:
                    self.batches.add(row.id)

    def note(self, cards: Sequence[Card]) -> None:
        """Remember cards that were never seen."""
        self.fresh.update({card.id: card for card in cards if card.id not in self.seen and card.id not in self.fresh})

    def take(self) -> list[Card]:
        """The cards that wait to be resolved; they count as seen from now on."""
        cards = list(self.fresh.values())
        self.seen.update(self.fresh)
        self.fresh.clear()
        return cards

    def resolve(self, cards: Sequence[Card]) -> Iterator[Hit]:
        """Hits of these cards in their order, each by the first way that works."""
        wanted = [card for card in cards if not self._unwanted(card.id)]
        while wanted and self.web.remaining() > 0:
            chunk = wanted[: self._chunk(wanted)]
            finds, settled = self._find(chunk)
            for card in chunk[:settled]:
                if card.id in finds:
                    yield self._hit(card, finds[card.id])
            wanted = wanted[settled:]

    def loose(self) -> Iterator[Hit]:
        """Hits of rows that no card has asked for, in the order of the page's data."""
        for row in list(self.rows.values()):
            if row.id not in self.seen and row.id not in self.batches and not self._unwanted(row.id):
                self.seen.add(row.id)
                yield self._hit(Card(row.id), _from_row(row, "rows"))

    def _unwanted(self, id: str) -> bool:
        kind = self.rows[id].kind if id in self.rows else RowKind.PHOTO
        return (kind is RowKind.VIDEO and not self.settings["video"]) or (
            kind is RowKind.PRODUCT and not self.settings["product"]
        )

    def _order(self) -> tuple[str, ...]:
        return ORDERS[str(self.settings["harvest"])]

    def _chunk(self, cards: Sequence[Card]) -> int:
        """How many cards to take at once: all that need no touch, else what one round trip should bring."""
        order = self._order()
        if "rows" in order:
            known = next((at for at, card in enumerate(cards) if card.id not in self.rows), len(cards))
            if known or order == ("rows",):
                return known or len(cards)
        if "hover" in order and "hover" not in self.given_up:
            return _HOVERED_AT_ONCE
        return min(_CLICKED_AT_ONCE, max(1, self.web.wanted()))

    def _find(self, cards: Sequence[Card]) -> tuple[dict[str, Find], int]:
        """What was found for the cards, and how many of them, from the first on, are settled by it."""
        finds: dict[str, Find] = {}
        settled = list(cards)
        for way in self._order():
            missing = [card for card in settled if card.id not in finds]
            if not missing or way in self.given_up:
                continue
            if way == "click" and len(missing) > _CLICKED_AT_ONCE:
                settled = settled[: settled.index(missing[_CLICKED_AT_ONCE])]
                missing = missing[:_CLICKED_AT_ONCE]
            finds.update(getattr(self, f"_by_{way}")(missing))
        self._last_resorts([card for card in settled if card.id not in finds], finds)
        self.full += sum(not find.is_thumbnail for find in finds.values())
        if self.full == 0 and len(self.seen) >= _TRIALS:
            self._complain()
        return finds, len(settled)

    def _complain(self) -> None:
        """Nothing full-size so far: an error when one way was asked for, one line of warning otherwise."""
        harvest = self.settings["harvest"]
        if harvest != "auto":
            detail = f"the way {harvest!r} finds no full-size picture on this page; --harvest auto tries all"
            raise SourceError(SearchState.LAYOUT, "page.layout", detail)
        if not self._noticed:
            self._noticed = True
            self.web.notice("Google's page gives no full-size pictures by any way; only thumbnails are collected")

    # ------------------------------------------------------------------ the ways

    def _by_rows(self, cards: Sequence[Card]) -> dict[str, Find]:
        """From the data rows of scripts and batches: nothing is touched."""
        return {
            card.id: _from_row(self.rows[card.id], "batch" if card.id in self.batches else "rows")
            for card in cards
            if card.id in self.rows
        }

    def _by_hover(self, cards: Sequence[Card]) -> dict[str, Find]:
        """From the result address that the page writes into the link under the mouse."""
        finds = _targets({card.id: card.target for card in cards})
        ids = [card.id for card in cards if card.id not in finds]
        if ids and "hover" not in self._real:
            patience = _PATIENCE if "hover" in self._worked else _FIRST_PATIENCE
            finds.update(_targets(self.page.hover(ids, patience, _HOVER_LIMIT)))
        if ids and not finds and "hover" not in self._worked:
            self._real.add("hover")
        if "hover" in self._real:
            finds.update(self._by_real_hover([id for id in ids if id not in finds]))
        self._judge("hover", len(cards), len(finds))
        return finds

    def _by_real_hover(self, ids: Sequence[str]) -> dict[str, Find]:
        finds: dict[str, Find] = {}
        for tried, id in enumerate(ids):
            if (tried >= _TRIALS and not finds and "hover" not in self._worked) or self.web.remaining() <= 0:
                break
            if self.page.point(id):
                finds.update(_targets(self.page.hover([id], _PATIENCE, _PATIENCE)))
        return finds

    def _by_click(self, cards: Sequence[Card]) -> dict[str, Find]:
        """From the big picture of the side panel, card after card."""
        finds: dict[str, Find] = {}
        left = [card.id for card in cards]
        while left and "click" not in self.given_up and self.web.remaining() > 0:
            for shown in self._clicked(left):
                left.remove(shown.id)
                target = _targets({shown.id: shown.target})
                if shown.url:
                    finds[shown.id] = Find(shown.url, "click", width=shown.width, height=shown.height)
                elif target:
                    finds.update(target)
                self._judge("click", 1, int(bool(shown.url)))
        return finds

    def _clicked(self, ids: Sequence[str]) -> list[Shown]:
        """At least one card is tried; when the page ignores made-up events, with the real mouse."""
        limit = int(min(self.settings["panel_timeout"], _LONGEST_PANEL) * 1000)
        known = Known(
            thumbnails=[row.thumbnail_url for row in self.rows.values()],
            spared=[id for id in ids if id in self.rows],
        )
        if "click" not in self._real:
            shown = self.page.click(ids, known, limit, _CLICK_BUDGET)
            if all(result.moved for result in shown):
                return shown
            if "click" in self._worked or len(shown) > 1:
                return shown
        real = self.page.real_click(ids[0], known, limit)
        if real is not None and real.moved:
            self._real.add("click")
        return [real or Shown(ids[0], "", 0, 0, "", moved=False)]

    def _last_resorts(self, cards: Sequence[Card], finds: dict[str, Find]) -> None:
        """What is in hand although the way that was asked for did not bring it; thumbnails at the very end."""
        for card in cards:
            if card.id in self.rows and self.settings["harvest"] != "hover":
                finds[card.id] = _from_row(self.rows[card.id], "rows")
        left = [card for card in cards if card.id not in finds]
        small = self.page.thumbnails([card.id for card in left]) if left else {}
        for card in left:
            row = self.rows.get(card.id)
            url = small.get(card.id) or card.thumbnail or (row.thumbnail_url if row else "")
            if url:
                finds[card.id] = Find(url, "thumbnail", is_thumbnail=True)

    def _judge(self, way: str, tried: int, found: int) -> None:
        """Give a way up that has failed on some cards and never worked."""
        if found:
            self._worked.add(way)
        self._failures[way] = self._failures.get(way, 0) + tried - found
        if way not in self._worked and self._failures[way] >= _TRIALS:
            self.given_up.add(way)

    # ------------------------------------------------------------------ the value

    def _hit(self, card: Card, find: Find) -> Hit:
        """Everything that is known about the picture, the row's word before the card's."""
        row = self.rows.get(card.id) or Row(card.id, "", card.width, card.height)
        hit = Hit(
            url=find.url,
            key=url_key(find.url),
            id=card.id,
            page=card.page or row.page or find.page,
            title=row.title or card.title,
            site=row.site,
            thumbnail_url=row.thumbnail_url or card.thumbnail,
            kind=row.kind.value,
            way=find.way,
            licence=row.licence,
        )
        if find.is_thumbnail:
            return replace(hit, is_thumbnail=True)
        return replace(hit, width=row.width or find.width, height=row.height or find.height)


def _from_row(row: Row, way: str) -> Find:
    return Find(row.url, way, row.page, row.width, row.height)


def _targets(addresses: Mapping[str, str]) -> dict[str, Find]:
    """Finds from result addresses by id; an address of another picture is not believed."""
    finds: dict[str, Find] = {}
    for id, address in addresses.items():
        target = result_url.parse(address) if address else None
        if target is not None and target.id in ("", id):
            finds[id] = Find(target.url, "hover", target.page, target.width, target.height)
    return finds
