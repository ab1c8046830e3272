"""Whether one picture is made of another: cut, framed, mirrored, turned, written over. Proof by points that match.

What lies below the points must agree, too: the pixels of most cells, the colors of nearly all places in the middle,
where no banner is, and what is written there, but for a watermark. Needs OpenCV, which is part of the extra `look`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.errors import missing
from collector.images.overlay import PLACE, ink
from collector.images.points import FLAT, Move, Points, found_points, shared_moves, unframed, unframed_colors

_CELL: Final = 64
_AGREE: Final = 0.8
"""Correlation of the pixels of most cells below the points; of other pictures it is about 0."""
_FAINT: Final = 0.4
"""The same where all of them are nearly flat, of whose grain making it smaller leaves little."""
_WITHIN: Final = 0.7
"""Share of the one that shows less which the other must show, too: less of it is a banner that both have."""
_STEPS: Final = 30
"""By which the move is made finer at most."""
_MIDDLE: Final = 0.2
"""Share of each side that is edge, where something may be written over."""
_FEWEST: Final = 12
"""Places whose color is compared at least."""
_LEVELS, _GAIN = 24.0, 2.5
"""Levels from which on a color is another one, and how much more contrast a copy may have."""
_GREYS: Final = np.array([[0.299, 0.587, 0.114], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
"""How programs make grey of red, green and blue: their luma (ITU-R BT.601), their mean, one of them alone."""
_GREY_GAIN: Final = 1.25
"""How much more contrast a grey copy of colors may have: with more, any grey would be that of any color."""
_STRAY, _WRITTEN = 0.01, 0.4
"""Places of the middle, and of all, that may have another color, or be under a watermark."""
_WRITING: Final = 0.01
"""Places of the middle where each has something written that the other has not."""
_SEEN_THROUGH: Final = 0.9
"""Correlation as above from which on what lies over a picture may be a watermark."""
_TINTED, _CAST = 24.0, 80.0
"""Spread of the colors of most places from which on they are not grey, and by how much it may turn to another hue."""
_HUED: Final = 8.0
"""Spread of a color below which a picture is grey, whose colors say nothing."""


def require() -> None:
    """UsageError when OpenCV is not installed."""
    if find_spec("cv2") is None:
        raise missing("OpenCV", "this", "look")


def compared(paths: tuple[Path, ...], store: str | None = None) -> list[float]:
    """The first file with each of the others: -1 for another scene, else how many times as much of the scene as the
    other it shows. `store` is a folder that keeps the points of each file for later calls, some 72 KB; files must not
    change meanwhile."""
    (plain, turned), *others = [found_points(path, store) for path in paths]
    return [_same(plain, turned, other) for other, _ in others]


def _same(plain: Points, turned: Points, other: Points) -> float:
    for seen in (plain, turned):
        for move, of_all in shared_moves(seen, other):
            if _agrees(seen, other, move) or (of_all and _agrees(seen, other, _finer(seen, other, move))):
                scale = abs(float(np.linalg.det(move[:, :2])))
                return scale * _grey(seen).size / _grey(other).size
    return -1.0


def _agrees(one: Points, other: Points, move: Move) -> bool:
    """Whether the other picture looks as one picture does there, but for what is written over its edges, and for a
    watermark."""
    import cv2

    seen, whole = _grey(one), _grey(other)
    height, width = whole.shape
    covered = cv2.warpAffine(np.full_like(seen, 255), move, (width, height)) == 255
    if covered.sum() < _WITHIN * min(seen.size * abs(float(np.linalg.det(move[:, :2]))), whole.size):
        return False
    laid = np.asarray(cv2.warpAffine(seen, move, (width, height)), np.uint8)
    agreement, least = _agreement(laid, whole, _cells(covered))
    if agreement < least:
        return False
    small = (max(1, width // PLACE), max(1, height // PLACE))
    inside = cv2.resize(covered.astype(np.uint8) * 255, small, interpolation=cv2.INTER_AREA) == 255
    middle = _in_the_middle(inside)
    stray = _stray(one, other, move, inside, middle)
    if stray is None or stray.sum() > _WRITTEN * inside.sum():
        return False
    written = ink(laid, whole, covered, inside.shape)
    of_both = written.of_both(middle)
    if agreement >= _SEEN_THROUGH and not of_both:
        stray &= ~written.watermark
    return of_both <= _WRITING and int((stray & middle).sum()) <= _STRAY * int(middle.sum())


def _agreement(
    laid: NDArray[np.uint8], under: NDArray[np.uint8], cells: list[tuple[slice, slice]]
) -> tuple[float, float]:
    """How far the pixels of most cells correlate, and how far they have to."""
    if not cells:
        return -1.0, _FAINT
    one, other = (np.array([each[cell].ravel() for cell in cells], np.float32) for each in (laid, under))
    for each in (one, other):
        each -= each.mean(axis=1, keepdims=True)
    spreads = [np.sqrt(np.einsum("ij,ij->i", each, each) / each.shape[1]) for each in (one, other)]
    alike = np.einsum("ij,ij->i", one, other) / one.shape[1] / np.maximum(spreads[0] * spreads[1], 1e-6)
    telling = np.minimum(*spreads) >= FLAT
    return (float(np.median(alike[telling])), _AGREE) if telling.any() else (float(np.median(alike)), _FAINT)


def _cells(covered: NDArray[np.bool_]) -> list[tuple[slice, slice]]:
    """What is covered, in squares of which six and more lie side by side."""
    rows, columns = (np.flatnonzero(covered.any(axis=axis)) for axis in (1, 0))
    side = min(_CELL, max(PLACE, min(len(rows), len(columns)) // 6))
    squares = [
        (slice(top, top + side), slice(left, left + side))
        for top in range(int(rows[0]), int(rows[-1]) + 2 - side, side)
        for left in range(int(columns[0]), int(columns[-1]) + 2 - side, side)
    ]
    return [square for square in squares if covered[square].all()]


def _finer(one: Points, other: Points, move: Move) -> Move:
    """The move that lets most pixels agree, near the one that points gave (Evangelidis, Psarakis, 2008)."""
    import cv2

    half = np.diag([0.5, 0.5, 1.0])
    began = half @ np.vstack([move, [0, 0, 1]]) @ np.linalg.inv(half)
    seen, under = (cv2.resize(_grey(each), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for each in (one, other))
    backwards = np.linalg.inv(began)[:2].astype(np.float32)
    enough = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, 1e-4)
    try:
        _, found = cv2.findTransformECC(under, seen, backwards, cv2.MOTION_AFFINE, enough)
    except cv2.error:  # It does not converge: they hardly agree.
        return move
    whole = np.linalg.inv(np.vstack([found, [0, 0, 1]]))
    return np.asarray((np.linalg.inv(half) @ whole @ half)[:2], np.float64)


def _stray(
    one: Points, other: Points, move: Move, inside: NDArray[np.bool_], middle: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Places that have another color in the other picture, but for brightness and contrast of the whole; None where
    colors say nothing, or nearly all are others."""
    import cv2

    if inside.sum() < _FEWEST or not middle.any():
        return None
    colors = _colors(other)
    height, width = colors.shape[:2]
    laid = cv2.warpAffine(_colors(one), move, (width, height))
    pair = [cv2.resize(each, inside.shape[::-1], interpolation=cv2.INTER_AREA)[inside].astype(np.float64)
            for each in (laid, colors)]  # fmt: skip
    if max(each.std(axis=0).max() for each in pair) < FLAT or _is_recolored(*pair):
        return None
    ways = [apart > _LEVELS for apart in _apart_in_each_way(*pair)]
    stray = np.zeros_like(inside)
    stray[inside] = min(ways, key=lambda apart: int(apart[middle[inside]].sum()))
    return stray


def _apart_in_each_way(one: NDArray[np.float64], other: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """(n,) levels by which the colors of places differ, in each of the ways in which one may have become the other."""
    hued = [_is_hued(each) for each in (one, other)]
    if all(hued):
        return [np.max([_apart(first, second, _GAIN) for first, second in zip(one.T, other.T, strict=True)], axis=0)]
    most = _GREY_GAIN if any(hued) else _GAIN
    first, second = (
        each @ _GREYS.T if of_colors else each[:, :1] for each, of_colors in zip((one, other), hued, strict=True)
    )
    return [_apart(some, others, most) for some in first.T for others in second.T]


def _is_recolored(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether most places of both have a color, and another one: the same drawing on green and on purple."""
    tinted = min(float(np.median(np.ptp(each, axis=1))) for each in (one, other)) >= _TINTED
    return tinted and float(np.median(np.ptp(other - one, axis=1))) > _CAST


def _is_hued(colors: NDArray[np.float64]) -> bool:
    """Whether some of these places are of another hue than most."""
    spread = np.ptp(colors, axis=1)
    return bool(np.mean(np.abs(spread - np.median(spread)) > _HUED) > _STRAY)


def _in_the_middle(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the places that are inside lie away from their edges."""
    places = np.argwhere(inside)
    middle = np.zeros_like(inside)
    if len(places):
        first, last = places.min(axis=0), places.max(axis=0)
        edge = _MIDDLE * (last - first + 1)
        middle[tuple(places[((places >= first + edge) & (places <= last - edge)).all(axis=1)].T)] = True
    return middle


def _apart(one: NDArray[np.float64], other: NDArray[np.float64], most_gain: float) -> NDArray[np.float64]:
    """(n,) levels by which values differ when brightness and contrast of one are those of the other's; most count."""
    apart = np.abs(other - one - np.median(other - one))
    for _ in range(3):
        most = apart <= np.partition(apart, last := int(0.8 * (len(apart) - 1)))[last]
        first, second = one[most], other[most]
        gain = float(np.clip(second.std() / max(first.std(), 1e-6), 1 / most_gain, most_gain))
        apart = np.abs(second.mean() + gain * (one - first.mean()) - other)
    return np.asarray(apart, np.float64)


def _colors(points: Points) -> NDArray[np.uint8]:
    """(height, width, 3) as large as its grey levels are, RGB."""
    pixels = unframed_colors(points.path)
    return np.ascontiguousarray(pixels[:, ::-1]) if points.mirrored else pixels


def _grey(points: Points) -> NDArray[np.uint8]:
    """(height, width) in which its places are."""
    grey = unframed(points.path).grey
    return np.ascontiguousarray(grey[:, ::-1]) if points.mirrored else grey
