"""From cards to hits: which way is tried when, and what is said when none leads anywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from collector.errors import SourceError
from collector.model import Hit, SearchState
from collector.sources.contract import Web
from collector.sources.google.known import Find, Known
from collector.sources.google.page import Card, Page
from collector.sources.google.panel import Panel
from collector.sources.google.redirect import Resolver
from collector.sources.google.rows import RowKind
from collector.sources.google.strategies import STRATEGIES, TRIALS, Search, Strategy, small

AUTO: Final = "auto"
CHOICES: Final = (AUTO, *STRATEGIES)
"""Values of the setting `harvest`."""


@dataclass(slots=True)
class Record:
    """How a way has fared on this page."""

    found: int = 0
    missed: int = 0
    seconds: float = 0.0

    @property
    def given_up(self) -> bool:
        """It has failed on some cards and never worked."""
        return not self.found and self.missed >= TRIALS


class Harvest:
    """One search: its page, what is known of it, and the ways that are open."""

    def __init__(self, page: Page, web: Web, settings: Mapping[str, Any]) -> None:
        self.page, self.web, self.settings = page, web, settings
        self.known = Known(str(settings["home"]))
        self._chosen = str(settings["harvest"])
        panel = Panel(page, web, self.known, settings["panel_timeout"])
        self._resolver = Resolver(page, web, self.known.home, float(settings["redirect_rate"]))
        self._search = Search(page, web, settings, self.known, panel, self._resolver)
        names = STRATEGIES if self._chosen == AUTO else (self._chosen,)
        self._ways: dict[str, Strategy] = {name: STRATEGIES[name](self._search) for name in names}
        self._records = {name: Record() for name in self._ways}
        self._full = 0
        self._noticed = self._told = False

    @property
    def reads_rows(self) -> bool:
        """Whether data rows alone bring hits."""
        return "rows" in self._ways

    def resolve(self, cards: Sequence[Card]) -> Iterator[Hit]:
        """Hits of these cards in their order, each by the first way that works."""
        self._tell_of_hidden()
        wanted = [card for card in cards if self._is_wanted(card)]
        while wanted and self.web.remaining() > 0:
            finds, settled = self._find(self._chunk(wanted))
            for card in wanted[:settled]:
                if card.id in finds:
                    yield self.known.hit(card, finds[card.id])
            wanted = wanted[settled:]
        if self._resolver.wall is not None:
            raise self._resolver.wall

    def _tell_of_hidden(self) -> None:
        """Once, in words that are the same for every keyword."""
        pictures, pages = self.known.hidden()
        what = " and ".join(name for name, count in (("pictures", pictures), ("their pages", pages)) if count)
        if what and not self._told:
            self._told = True
            self.web.notice(f"Google hides the addresses of {what}; other ways to them are tried")

    def _is_wanted(self, card: Card) -> bool:
        kind = self.known.kind(card.id)
        return (kind is not RowKind.VIDEO or bool(self.settings["video"])) and (
            kind is not RowKind.PRODUCT or bool(self.settings["product"])
        )

    def _chunk(self, cards: Sequence[Card]) -> Sequence[Card]:
        """How many cards to take at once: all that need no touch, else what one round trip should bring."""
        rows = self._ways.get("rows")
        told = list(takewhile(rows.can, cards)) if rows else []
        if told:
            return told
        name = next((name for name in self._order() if name != "rows"), None)
        if name is None:
            return cards
        return cards[: self._most(name) if name == "hover" else min(self._most(name), max(1, self.web.wanted()))]

    def _most(self, name: str) -> int:
        """Cards that a way is given at once; as long as it has never worked, only as many as it may fail on."""
        return self._ways[name].at_once if self._records[name].found else TRIALS

    def _order(self) -> list[str]:
        """Ways that may be tried: what worked on this page by its cost, then what was not tried yet."""
        walled = self._resolver.wall is not None
        open_ways = [
            name
            for name, record in self._records.items()
            if not record.given_up and not (walled and self._ways[name].asks_google)
        ]

        def cost(name: str) -> float:
            record = self._records[name]
            return record.seconds / record.found if record.found else 1000.0

        return sorted(open_ways, key=cost)

    def _find(self, cards: Sequence[Card]) -> tuple[dict[str, Find], int]:
        """What was found for the cards, and how many of them, from the first on, are settled by it."""
        finds: dict[str, Find] = {}
        settled = list(cards)
        for name in self._order():
            way = self._ways[name]
            missing = [card for card in settled if card.id not in finds and way.can(card)]
            if not missing:
                continue
            if len(missing) > (most := self._most(name)):
                settled = settled[: settled.index(missing[most])]
                missing = missing[:most]
            finds.update(self._tried(name, missing))
        self._last_resorts([card for card in settled if card.id not in finds], finds)
        self._full += sum(not find.is_thumbnail for find in finds.values())
        if self._full == 0 and len(self.known.seen) >= TRIALS:
            self._complain()
        return finds, len(settled)

    def _tried(self, name: str, cards: Sequence[Card]) -> dict[str, Find]:
        record, began = self._records[name], time.monotonic()
        found = self._ways[name].find(cards)
        record.seconds += time.monotonic() - began
        record.found += len(found)
        record.missed += len(cards) - len(found)
        return found

    def _last_resorts(self, cards: Sequence[Card], finds: dict[str, Find]) -> None:
        """What is in hand although the way that was asked for did not bring it; thumbnails at the very end."""
        if self._resolver.wall is not None:  # the next run may get more than a thumbnail
            return
        reads = self._chosen in (AUTO, "rows", "click", "network")
        told = {card.id: self.known.from_row(card.id) for card in cards} if reads else {}
        finds.update({id: find for id, find in told.items() if find})
        finds.update(small(self._search, [card for card in cards if card.id not in finds]))

    def _complain(self) -> None:
        """Nothing full-size so far: an error when the page hides it or one way was asked for, else a warning."""
        hidden, pages = self.known.hidden()
        if hidden and not self.settings["thumbnails"]:
            also = " and of their pages" if pages else ""
            none = "no way leads" if self._chosen == AUTO else f"the way {self._chosen!r} does not lead"
            detail = (
                f"Google hides the addresses of its pictures{also}, and {none} to them; "
                "use another source (openverse, bing, or brave with a key), or --thumbnails for the small pictures"
            )
            raise SourceError(SearchState.LAYOUT, "page.hidden", detail)
        if self._chosen == "redirect" and not pages:
            detail = "the page tells its addresses openly: there is no token to be resolved"
            raise SourceError(SearchState.LAYOUT, "page.open", detail)
        if self._chosen != AUTO:
            detail = f"the way {self._chosen!r} finds no full-size picture on this page; --harvest auto tries all"
            raise SourceError(SearchState.LAYOUT, "page.layout", detail)
        if not self._noticed:
            self._noticed = True
            self.web.notice("Google's page gives no full-size pictures by any way; only thumbnails are collected")
