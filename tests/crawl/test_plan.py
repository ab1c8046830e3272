"""What a query needs next, from numbers alone."""

from __future__ import annotations

import math

import pytest

from collector.crawl.plan import Stages, Standing, Step, extra, is_asked_first, next_step, urls_missing
from collector.model import SearchState

BOTH, SEARCH, FETCH = Stages(True, True), Stages(True, False), Stages(False, True)
IDLE = Standing(
    wanted=10,
    saved=4,
    found=20,
    waiting=0,
    more=False,
    under_way=0,
    searching=0,
    left_over=False,
    states=(SearchState.EXHAUSTED,),
)
"""Six pictures are missing, nothing goes on, and the source has no more."""


@pytest.mark.parametrize(
    ("changed", "stages", "facets", "step"),
    [
        ({}, BOTH, False, Step.CLOSE),
        ({}, FETCH, False, Step.CLOSE),
        ({}, SEARCH, False, Step.LEAVE),
        ({"saved": 10}, BOTH, False, Step.FINISH),
        ({"saved": 9, "waiting": 1}, BOTH, False, Step.WAIT),
        ({"saved": 10, "waiting": 3, "searching": 1}, BOTH, False, Step.FINISH),
        ({"saved": 10, "waiting": 3}, SEARCH, False, Step.LEAVE),
        ({"more": True}, BOTH, False, Step.LOAD),
        ({"more": True, "waiting": 1}, BOTH, False, Step.WAIT),
        ({"under_way": 1}, BOTH, False, Step.WAIT),
        ({"searching": 1}, BOTH, True, Step.WAIT),
        ({"searching": 1}, SEARCH, False, Step.WAIT),
        ({"states": (SearchState.EXHAUSTED, SearchState.ENOUGH)}, BOTH, True, Step.SEARCH),
        ({"states": (SearchState.ENOUGH,)}, FETCH, True, Step.LEAVE),
        ({}, BOTH, True, Step.WIDEN),
        ({"wanted": None}, BOTH, True, Step.CLOSE),
        ({"states": (SearchState.EMPTY,)}, BOTH, True, Step.CLOSE),
        ({"states": (SearchState.BLOCKED,)}, BOTH, True, Step.LEAVE),
        ({"left_over": True}, BOTH, False, Step.LEAVE),
        ({"wanted": None, "saved": 1_000_000}, BOTH, False, Step.CLOSE),
    ],
)
def test_the_next_step(changed: dict[str, object], stages: Stages, facets: bool, step: Step) -> None:
    assert next_step(IDLE._replace(**changed), stages, facets) is step  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "found", "sources", "missing"),
    [(100, 0, 1, 150), (100, 60, 2, 120), (4, 0, 1, 14), (20, 0, 1, 30), (22, 0, 1, 33), (100, 400, 1, -250)],
)
def test_a_search_brings_the_limit_and_spares_of_at_least_ten(
    wanted: int, found: int, sources: int, missing: int
) -> None:
    query = IDLE._replace(wanted=wanted, found=found, states=(SearchState.PENDING,) * sources)
    assert urls_missing(query, 0.5) == missing


def test_of_everything_all_is_missing_and_asked_for() -> None:
    assert urls_missing(IDLE._replace(wanted=None), 0.5) == math.inf
    assert (extra(math.inf), extra(3), extra(12.0)) == (None, 10, 12)


@pytest.mark.parametrize(
    ("state", "changed", "stages", "missing", "asked"),
    [
        (SearchState.PENDING, {}, BOTH, 1, True),
        (SearchState.PENDING, {}, FETCH, 1, False),
        (SearchState.PENDING, {"saved": 10}, BOTH, 1, False),
        (SearchState.BLOCKED, {}, BOTH, 1, True),
        (SearchState.EXHAUSTED, {}, BOTH, 1, False),
        (SearchState.ENOUGH, {}, BOTH, 1, False),
        (SearchState.ENOUGH, {}, SEARCH, 1, True),
        (SearchState.ENOUGH, {}, SEARCH, 0, False),
    ],
)
def test_who_is_asked_when_a_query_is_taken_up(
    state: SearchState, changed: dict[str, object], stages: Stages, missing: float, asked: bool
) -> None:
    assert is_asked_first(state, IDLE._replace(**changed), stages, missing) is asked  # type: ignore[arg-type]
