"""The side panel: opened for card after card, by made-up events or, where the page ignores those, by the real mouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from collector.sources.contract import Web
from collector.sources.google.known import Known
from collector.sources.google.page import Page, Shown, Surroundings

BUDGET: Final = 2000
"""Milliseconds of clicking per round trip; what is found is handed over after each."""
LONGEST: Final = 7.0
"""Seconds for one picture; with the budget it stays below the browser's limit for scripts."""
TRIALS: Final = 3
"""Cards at which nothing may move before the panel counts as dead."""

_STILL: Final = 1000
"""Milliseconds for a card of a page on which no click has moved anything."""


class Panel:
    """What opening the panel brings; shared by the ways that read it."""

    def __init__(self, page: Page, web: Web, known: Known, seconds: Any) -> None:
        self._page, self._web, self._known = page, web, known
        self._limit = int(min(float(seconds), LONGEST) * 1000)
        self._real = self._moved = False
        self._still = 0

    @property
    def inert(self) -> bool:
        """Nothing on this page reacts to a click."""
        return not self._moved and self._still >= TRIALS

    def open(self, ids: Sequence[str], network: bool = False) -> Iterator[Shown]:
        """Click one card after the other; fewer come back when there is no time, or when no picture ever comes.

        `network`: a picture that the page has asked for is enough, shown or not.
        """
        left = list(ids)
        while left and not self.inert and self._web.remaining() > 0:
            for shown in self._opened(left, network):
                left.remove(shown.id)
                self._moved = self._moved or shown.moved
                self._still += not shown.moved
                yield shown

    def _opened(self, ids: Sequence[str], network: bool) -> list[Shown]:
        around = Surroundings(
            small=[row.thumbnail_url for row in self._known.rows.values()],
            spared=[id for id in ids if self._known.from_row(id) or self._known.from_target(id)],
            network=network,
        )
        limit = min(self._limit, _STILL) if self._still and not self._moved else self._limit
        if not self._real:
            shown = self._page.click(ids, around, limit, BUDGET)
            if self._moved or len(shown) > 1 or all(result.moved for result in shown):
                return shown
        real = self._page.real_click(ids[0], around, limit)
        self._real = self._real or (real is not None and real.moved)
        return [real or Shown(ids[0])]
