"""What a query needs next, from numbers alone: more of its URLs, more search, a facet, or nothing. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from collector.model import SearchState

LEAST = 10
"""Fewest URLs worth asking a source for."""
SEEN = (SearchState.EXHAUSTED, SearchState.EMPTY)
"""States of a search that has no more."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Which stages the run has."""

    search: bool
    fetch: bool


class Standing(NamedTuple):
    """How a query stands, in numbers."""

    wanted: int | None
    """Pictures; None for everything there is."""
    saved: int
    found: int
    """URLs, whatever became of them."""
    waiting: int
    """URLs in memory that wait for their turn."""
    more: bool
    """Whether the ledger may have more of them."""
    under_way: int
    """Downloads, and URLs that are to be tried again after a while."""
    searching: int
    """Searches that were asked for and have not ended."""
    left_over: bool
    """Whether something of it stays for a later run."""
    states: tuple[SearchState, ...]
    """Of the searches that the run asks for."""

    @property
    def short(self) -> float:
        """Pictures still missing; of everything, there are always some."""
        return math.inf if self.wanted is None else max(0, self.wanted - self.saved)


class Step(Enum):
    """What comes next for a query."""

    WAIT = auto()
    """Something is under way, or waits for a worker."""
    LOAD = auto()
    """Take more of its URLs from the ledger."""
    FINISH = auto()
    """The limit is met: skip what was not tried; when nothing is searched any more, close it."""
    SEARCH = auto()
    """Ask again where there was more."""
    WIDEN = auto()
    """Ask for facets of it where there was no more."""
    CLOSE = auto()
    """All that there is was seen and tried."""
    LEAVE = auto()
    """Nothing more can be done in this run."""


def next_step(query: Standing, stages: Stages, facets: bool) -> Step:
    """`facets`: whether a source may offer one that was not tried; who wants everything has no use for it."""
    if stages.fetch:
        if not query.short:
            return Step.FINISH
        if query.waiting:
            return Step.WAIT
        if query.more:
            return Step.LOAD
    if query.under_way or query.searching:
        return Step.WAIT
    if stages.fetch and stages.search:
        if SearchState.ENOUGH in query.states:
            return Step.SEARCH
        if facets and query.wanted is not None and SearchState.EXHAUSTED in query.states:
            return Step.WIDEN
    seen = all(state in SEEN for state in query.states)
    return Step.CLOSE if stages.fetch and seen and not query.left_over else Step.LEAVE


def urls_missing(query: Standing, spares: float) -> float:
    """URLs that each source should bring when a query is taken up: its limit, and `spares` per wanted picture."""
    if query.wanted is None:
        return math.inf
    return query.wanted + max(LEAST, math.ceil(query.wanted * spares)) - query.found // max(1, len(query.states))


def is_asked_first(state: SearchState, query: Standing, stages: Stages, missing: float) -> bool:
    """Whether a source in this state is asked when its query is taken up; one that had more, only without stage two."""
    again = state is SearchState.ENOUGH and not stages.fetch and missing > 0
    return stages.search and query.short > 0 and (again or not state.done)


def extra(missing: float) -> int | None:
    """How many URLs to ask for when so many are missing; None: all."""
    return None if missing == math.inf else max(LEAST, int(missing))
