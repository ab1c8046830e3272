"""How far the colors of two pictures that lie on each other differ, once what a filter does to all of them is undone:
brightness, contrast, a curve of tones, saturation, or making them grey. Pure; knows no file.

Colors are (n, 3) red, green and blue of 0 to 255, each the mean of a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEWEST: Final = 12
"""Places whose color is compared at least."""
_GAIN: Final = 2.5
"""How much more contrast a copy may have."""
_GREYS: Final = np.array([[0.299, 0.587, 0.114], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""How programs make grey of red, green and blue: their luma (ITU-R BT.601), their mean, one of them alone."""
_GREY_GAIN: Final = 1.25
"""How much more contrast a grey copy of colors may have: with more, any grey would be that of any color."""
_SATURATION: Final = (0.3, 3.0)
"""By how much less and more saturated a copy may be."""
_TINTED, _CAST = 24.0, 80.0
"""Spread of the colors of most places from which on they are not grey, and by how much it may turn to another hue."""
_HUED: Final = 8.0
"""Spread of a color below which a picture is grey, whose colors say nothing."""
_OTHERS: Final = 0.01
"""Share of the places from which on their hue says something."""
_MOST: Final = 0.8
"""Share of the places that must fit: what is written over the others is none of the filter's doing."""
_CLIPPED: Final = (4, 251)
"""Levels below and above which a filter may have cut values off."""
_SHIFT, _SHIFTED = 60.0, 0.25
"""Levels by which a filter changes values, but for this share of those that are not white or black in both: another
color of a thing on white is no filter's."""
_BENT, _SLOPED = 40.0, 4.0
"""Levels that values must span for a curve of the third degree, and for a straight line."""
_FAR: Final = 256.0
"""More levels than there are."""
_FALL: Final = 2.0
"""Levels by which a curve may fall where it should rise."""

Colors = NDArray[np.float64]
Levels = NDArray[np.float64]


def is_recolored(one: Colors, other: Colors) -> bool:
    """Whether most places of both have a color, and another one: the same drawing on green and on purple."""
    tinted = min(float(np.median(np.ptp(each, axis=1))) for each in (one, other)) >= _TINTED
    return tinted and float(np.median(np.ptp(other - one, axis=1))) > _CAST


def levels_apart(one: Colors, other: Colors) -> Iterator[Levels]:
    """(n,) levels by which they differ, for each of the ways in which one may have become the other, the likeliest
    first."""
    hued = [_is_hued(each) for each in (one, other)]
    if all(hued):
        for own in (one, _saturated_as(one, other)):
            for apart in (_by_gain, _by_curve):
                yield np.max([apart(*pair) for pair in zip(own.T, other.T, strict=True)], axis=0)
    elif any(hued):
        grey = [
            each @ _GREYS.T if of_colors else each[:, :1] for each, of_colors in zip((one, other), hued, strict=True)
        ]
        for first in grey[0].T:
            yield from (_by_gain(first, second, _GREY_GAIN) for second in grey[1].T)
    else:
        yield _by_gain(one[:, 0], other[:, 0])
        yield _by_curve(one[:, 0], other[:, 0])


def _is_hued(colors: Colors) -> bool:
    """Whether some of these places are of another hue than most."""
    spread = np.ptp(colors, axis=1)
    return bool(np.mean(np.abs(spread - np.median(spread)) > _HUED) > _OTHERS)


def _saturated_as(one: Colors, other: Colors) -> Colors:
    """One's colors as far from grey as most of the other's are."""
    grey = one.mean(axis=1, keepdims=True)
    own, wanted = one - grey, other - other.mean(axis=1, keepdims=True)
    most = np.ones(len(own), np.bool_)
    for _ in range(3):
        share = (own[most] * wanted[most]).sum() / max(float((own[most] ** 2).sum()), 1e-6)
        share = float(np.clip(share, *_SATURATION))
        most = _are_most(np.abs(wanted - share * own).max(axis=1))
    return np.asarray(np.clip(grey + share * own, 0, 255), np.float64)


def _by_gain(one: Levels, other: Levels, most_gain: float = _GAIN) -> Levels:
    """How far values differ when brightness and contrast of one are those of the other's; most count."""
    apart = np.abs(other - one - np.median(other - one))
    for _ in range(3):
        most = _are_most(apart)
        first, second = one[most], other[most]
        gain = float(np.clip(second.std() / max(first.std(), 1e-6), 1 / most_gain, most_gain))
        filtered = second.mean() + gain * (one - first.mean())
        apart = np.abs(filtered - other)
    return _unless_shifted(one, np.clip(filtered, 0, 255), apart)


def _by_curve(one: Levels, other: Levels) -> Levels:
    """How far values differ when a rising curve takes one's to the other's, as gamma and contrast of most programs do;
    most count, but for those that may be cut off."""
    apart = np.abs(other - one - np.median(other - one))
    free = (other > _CLIPPED[0]) & (other < _CLIPPED[1])
    if free.sum() < max(FEWEST, len(other) / 5):
        free[:] = True
    for _ in range(4):
        fitted = most & free if ((most := _are_most(apart)) & free).sum() >= FEWEST else most
        low, high = float(one[fitted].min()), float(one[fitted].max())
        degree = 3 if high - low > _BENT else 1 if high - low > _SLOPED else 0
        curve = np.linalg.lstsq(_powers(one[fitted], degree), other[fitted], rcond=None)[0]
        within = np.clip(one, low, high)
        filtered = np.clip(_powers(within, degree) @ curve + one - within, 0, 255)
        apart = np.abs(filtered - other)
    rising = np.diff(_powers(np.linspace(low, high, 9), degree) @ curve) >= -_FALL
    return _unless_shifted(one, filtered, apart) if rising.all() else np.full(len(other), _FAR)


def _unless_shifted(one: Levels, filtered: Levels, apart: Levels) -> Levels:
    """What is left apart; all of it where what takes one's values to the other's changes more than a filter does."""
    kept = (np.minimum(one, filtered) > _CLIPPED[1]) | (np.maximum(one, filtered) < _CLIPPED[0])
    shifted = (np.abs(filtered - one) > _SHIFT)[~kept]
    far = len(shifted) > 0 and float(shifted.mean()) > _SHIFTED
    return np.full(len(one), _FAR) if far else np.asarray(apart, np.float64)


def _powers(values: Levels, degree: int) -> NDArray[np.float64]:
    return np.vander(values / 128 - 1, degree + 1)


def _are_most(apart: Levels) -> NDArray[np.bool_]:
    last = int(_MOST * (len(apart) - 1))
    return np.asarray(apart <= np.partition(apart, last)[last], np.bool_)
