"""Whether two pictures show the same, one of them small, re-encoded, cropped or with bars around it. Asks for nothing.

Two measures must agree: the correlation of the pixels in colour, and PDQ's perceptual hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from collector.images.colour import flat
from collector.images.decode import open_picture
from collector.images.metadata import orientation
from collector.images.pdq import pdq

SAME: Final = 0.93
"""Correlation from which two pictures show the same. Other pictures of one subject stay below 0.8, frames of one series
come to 0.92."""
SAME_CROPPED: Final = 0.96
"""The same where a part had to be looked for: more tries, more chances to be wrong."""
NEAR: Final = 64
"""Bits of 256 in which the hashes may then differ; those of unrelated pictures differ in 90 and more."""
SURE: Final = 31
"""Bits up to which hashes alone say that pictures are one, by PDQ's own rule, as long as the pixels do not disagree."""
LEAST: Final = 0.8
"""Correlation that even then must be there."""
_SIDE: Final = 192
_CELLS: Final = 32
_BAR: Final = 12.0
"""Grey levels by which the pixels of a bar may differ."""
_ZOOMS: Final = (1.0, 0.92, 0.84, 0.75)
_PLACES: Final = (0.0, 0.5, 1.0)
_SHAPE: Final = 0.04
"""Relative difference of two shapes that are one, with what rounding makes of a small picture."""
_WORTH_A_SEARCH: Final = 0.4
"""Correlation of wholes of one shape, below which none is a part of the other."""
_LUMA: Final = np.array([0.299, 0.587, 0.114])
_WHITE: Final = (255, 255, 255)

Window = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
Grid = NDArray[np.float64]


@dataclass(frozen=True)
class Sight:
    """A picture as it is compared."""

    pixels: NDArray[np.uint8]
    """(height, width, 3), upright, 192 at most on the long side."""
    width: int
    height: int
    """Pixels of the whole picture, upright."""

    @property
    def whole(self) -> Window:
        """All of it."""
        return 0, 0, self.pixels.shape[1], self.pixels.shape[0]

    @cached_property
    def bare(self) -> Window:
        """Without bars of one colour at the edges; a picture of one colour stays."""
        grey = self.pixels.mean(axis=2)
        rows, columns = (np.ptp(grey, axis=axis) > _BAR for axis in (1, 0))
        if not rows.any() or not columns.any():
            return self.whole
        top, bottom = int(rows.argmax()), len(rows) - int(rows[::-1].argmax())
        left, right = int(columns.argmax()), len(columns) - int(columns[::-1].argmax())
        return (left, top, right, bottom) if min(bottom - top, right - left) >= _CELLS else self.whole

    @cached_property
    def _sums(self) -> Grid:
        """Sums of all pixels above and to the left of each corner."""
        sums: Grid = np.pad(self.pixels.astype(np.float64), ((1, 0), (1, 0), (0, 0))).cumsum(axis=0).cumsum(axis=1)
        return sums

    def grid(self, window: Window) -> Grid:
        """Means of (32, 32, 3) cells of a part."""
        left, top, right, bottom = window
        down, across = (np.linspace(*edge, _CELLS + 1).round().astype(int) for edge in ((top, bottom), (left, right)))
        corners = self._sums[np.ix_(down, across)]
        cells = corners[1:, 1:] - corners[:-1, 1:] - corners[1:, :-1] + corners[:-1, :-1]
        means: Grid = cells / (np.diff(down)[:, None, None] * np.diff(across)[None, :, None])
        return means

    def hash(self, window: Window) -> int:
        """PDQ's 256 bits of a part."""
        left, top, right, bottom = window
        return int(pdq(np.ascontiguousarray(self.pixels[top:bottom, left:right])).hash, 16)


def sight(body: bytes) -> Sight:
    """The picture of these bytes. Unusable when they are none."""
    with open_picture(body) as opened:
        width, height = opened.size
        opened.draft("RGB", (_SIDE, _SIDE))
        opened.load()
        upright = ImageOps.exif_transpose(opened)
        turned = orientation(opened, body) >= 5
        small = flat(upright, _WHITE)
        small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
        if min(small.size) < _CELLS:
            small = small.resize((max(_CELLS, small.width), max(_CELLS, small.height)))
        return Sight(np.asarray(small), *((height, width) if turned else (width, height)))


def likeness(one: Sight, other: Sight) -> float:
    """0.0 for pictures that do not show the same, else how well they fit, up to 1.0."""
    best = 0.0
    for first, second, bound in _pairs(one, other):
        score = _correlation(one.grid(first), other.grid(second))
        if score > max(best, LEAST):
            apart = (one.hash(first) ^ other.hash(second)).bit_count()
            if apart <= (NEAR if score >= bound else SURE if bound == SAME else -1):
                best = score
        if best >= SAME:
            return best
    return best


def _pairs(one: Sight, other: Sight) -> Iterator[tuple[Window, Window, float]]:
    """What to lay over what: the wholes, then without bars, then parts of the one and of the other."""
    bare = (one.bare, other.bare) != (one.whole, other.whole)
    wholes = [(one.whole, other.whole), *([(one.bare, other.bare)] if bare else [])]
    yield from ((first, second, SAME) for first, second in wholes if _alike_in_shape(first, second))
    related = max(_correlation(one.grid(first), other.grid(second)) for first, second in wholes)
    if related < _WORTH_A_SEARCH and _alike_in_shape(one.bare, other.bare):
        return
    for first, second in wholes:
        yield from ((first, part, SAME_CROPPED) for part in _parts(second, first))
        yield from ((part, second, SAME_CROPPED) for part in _parts(first, second))


def _parts(whole: Window, like: Window) -> Iterator[Window]:
    """Parts of a window that have the shape of another, the largest first."""
    left, top, right, bottom = whole
    width, height, shape = right - left, bottom - top, _shape(like)
    widest, highest = min(width, height * shape), min(height, width / shape)
    for zoom, across, down in product(_ZOOMS, _PLACES, _PLACES):
        wide, high = round(widest * zoom), round(highest * zoom)
        if min(wide, high) < _CELLS:
            return
        x, y = left + round((width - wide) * across), top + round((height - high) * down)
        yield x, y, x + wide, y + high


def _shape(window: Window) -> float:
    left, top, right, bottom = window
    return (right - left) / (bottom - top)


def _alike_in_shape(one: Window, other: Window) -> bool:
    return abs(_shape(one) - _shape(other)) <= _SHAPE * max(_shape(one), _shape(other))


def _correlation(first: Grid, second: Grid) -> float:
    """Of the colours, of the greys when one has no colours; -1.0 to 1.0, 0.0 for a plain surface."""
    if min(np.ptp(grid, axis=2).max() for grid in (first, second)) < 1.0:
        first, second = first @ _LUMA, second @ _LUMA
    first, second = first - first.mean(), second - second.mean()
    norm = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / norm if norm > 1e-6 else 0.0
