"""What a filter does to all colors is undone before they are compared, and no more than that."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from collector.images.tones import Colors, is_recolored, levels_apart


def colors() -> Colors:
    """Of 300 places: of all hues, from dark to light."""
    return np.random.default_rng(3).uniform(10, 240, (300, 3))


def least(one: Colors, other: Colors) -> float:
    """Levels that nine of ten places differ by at most, in the way that explains most."""
    return min(float(np.quantile(apart, 0.9)) for apart in levels_apart(one, other))


def saturated(one: Colors) -> Colors:
    grey = one.mean(axis=1, keepdims=True)
    return np.clip(grey + 0.6 * (one - grey), 0, 255)


FILTERS: dict[str, Callable[[Colors], Colors]] = {
    "none": lambda one: one,
    "darker": lambda one: 0.7 * one,
    "lighter, cut off": lambda one: np.clip(1.3 * one, 0, 255),
    "gamma": lambda one: 255 * (one / 255) ** 1.5,
    "contrast, cut off": lambda one: np.clip(128 + 1.4 * (one - 128), 0, 255),
    "warmer": lambda one: np.clip(one * (1.1, 1, 0.85), 0, 255),
    "less saturated": saturated,
    "grey": lambda one: np.repeat(one @ (0.299, 0.587, 0.114), 3).reshape(-1, 3),
}


@pytest.mark.parametrize("name", FILTERS)
def test_filters_are_undone(name: str) -> None:
    one = colors()
    assert least(one, FILTERS[name](one)) < 8


@pytest.mark.parametrize("name", ["gamma", "warmer", "lighter, cut off"])
def test_what_is_written_over_a_fifth_of_it_is_told(name: str) -> None:
    one = colors()
    other = FILTERS[name](one)
    other[:50] = (255, 0, 0)
    found = next(apart for apart in levels_apart(one, other) if np.quantile(apart[50:], 0.9) < 8)
    assert np.median(found[:50]) > 50


OTHERS: dict[str, Callable[[Colors], Colors]] = {
    "other colors": lambda one: one[::-1],
    "a negative": lambda one: 255 - one,
    "red and blue changed for each other": lambda one: one[:, ::-1],
    "two levels": lambda one: np.where(one > 128, 230.0, 20.0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_no_filter_does_is_not(name: str) -> None:
    one = colors()
    assert least(one, OTHERS[name](one)) > 24


def test_one_color_on_which_no_curve_can_be_drawn() -> None:
    one = np.full((20, 3), 100.0)
    assert least(one, one + 30) < 1


def test_another_paper_is_another_color() -> None:
    green, purple = (np.full((50, 3), color) + np.arange(50)[:, None] for color in ([47.0, 160, 112], [112.0, 57, 142]))
    assert is_recolored(green, purple)
    assert not is_recolored(green, green * 0.8)
