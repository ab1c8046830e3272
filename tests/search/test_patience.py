"""When a grid is asked again, and when it is given up."""

from __future__ import annotations

import pytest

from collector.search.patience import Patience
from tests.support.browser_fakes import Clock


def test_the_bound_of_the_lot_doubles_up_to_30_seconds() -> None:
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    patience = Patience(10_000, Clock(), uniform)
    assert [patience.refused(times, held=False) for times in (1, 2, 3, 4, 5, 6, 999)] == [2, 4, 8, 16, 30, 30, 30]
    assert {low for low, _ in drawn} == {1.0}


def test_it_ends_when_nobody_has_held_a_browser_for_long() -> None:
    clock = Clock()
    patience = Patience(120, clock, lambda _low, high: high)
    assert patience.refused(5, held=False) == 30
    clock.now += 110
    assert patience.refused(6, held=False) == 10, "no longer than is left"
    clock.now += 10
    assert patience.refused(7, held=False) is None


@pytest.mark.parametrize("how", ["got", "held"])
def test_a_browser_in_between_begins_it_anew(how: str) -> None:
    clock = Clock()
    patience = Patience(120, clock, lambda _low, high: high)
    assert patience.refused(1, held=False) == 2
    clock.now += 119
    if how == "got":
        patience.got_one()
    else:
        assert patience.refused(2, held=True) == 4
    clock.now += 119
    assert patience.refused(1, held=False) == 2
    clock.now += 119
    assert patience.refused(2, held=False) is not None
