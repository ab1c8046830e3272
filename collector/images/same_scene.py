"""Whether one picture is made of another: cut, framed, mirrored, turned, written over. Proof by points that match.

What lies below the points must agree, too: the pixels of most cells, the colors of nearly all places in the middle,
where no banner is, and what is written there, but for a watermark. Needs OpenCV, which is part of the extra `look`.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.errors import missing
from collector.images.extent import NO_COPY, Extent, extent
from collector.images.overlay import PLACE, ink
from collector.images.points import FLAT, Move, Points, found_points, shared_moves, unframed, unframed_colors
from collector.images.tones import FEWEST, is_recolored, levels_apart

_CELL: Final = 64
_AGREE: Final = 0.8
"""Correlation of the pixels of most cells below the points; of other pictures it is about 0."""
_FAINT: Final = 0.4
"""The same where all of them are nearly flat, of whose grain making it smaller leaves little."""
_SHOWN: Final = 10.0
"""Spread of grey levels from which on a cell surely shows something."""
_ANOTHER, _OTHER_THINGS = 0.5, 0.1
"""Correlation below which a cell shows another thing, and the share of those in the middle that may."""
_WITHIN: Final = 0.7
"""Share of the one that shows less which the other must show, too: less of it is a banner that both have."""
_STEPS: Final = 30
"""By which the move is made finer at most."""
_MIDDLE: Final = 0.2
"""Share of each side that is edge, where something may be written over."""
_LEVELS: Final = 24.0
"""Levels from which on a color is another one."""
_STRAY, _WRITTEN = 0.01, 0.4
"""Places of the middle, and of all, that may have another color, or be under a watermark."""
_WRITING: Final = 0.01
"""Places of the middle where each has something written that the other has not."""
_SEEN_THROUGH: Final = 0.9
"""Correlation as above from which on what lies over a picture may be a watermark."""
_SHADE: Final = 8.0
"""Levels by which what is smooth may differ: it has no grain that JPEG or another size would change more."""
_OTHER_SHADE, _SHADED = 0.3, 0.2
"""Share of the smooth places that may have another color than that, and that may differ by so little that nothing is
written over them."""
_CORNERS: Final = 3
"""Corners of another color that are another background: a banner covers two."""


def require() -> None:
    """UsageError when OpenCV is not installed."""
    if find_spec("cv2") is None:
        raise missing("OpenCV", "this", "look")


def compared(paths: tuple[Path, ...], store: str | None = None) -> list[Extent]:
    """The first file with each of the others: what both show of one scene, or NO_COPY. `store` is a folder that keeps
    the points of each file for later calls, some 72 KB; files must not change meanwhile."""
    (plain, turned), *others = [found_points(path, store) for path in paths]
    return [_same(plain, turned, other) for other, _ in others]


def _same(plain: Points, turned: Points, other: Points) -> Extent:
    for seen in (plain, turned):
        for move, of_all in shared_moves(seen, other):
            if _agrees(seen, other, move) or (of_all and _agrees(seen, other, move := _finer(seen, other, move))):
                return extent(_grey(seen), _grey(other), move)
    return NO_COPY


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
    agreement = _agreement(laid, whole, _cells(covered))
    if agreement.most < agreement.least:
        return False
    small = (max(1, width // PLACE), max(1, height // PLACE))
    inside = cv2.resize(covered.astype(np.uint8) * 255, small, interpolation=cv2.INTER_AREA) == 255
    middle = _in_the_middle(inside)
    if inside.sum() < FEWEST or not middle.any():
        return False
    colors = _colors_of_places(one, other, move, inside)
    if max(each.std(axis=0).max() for each in colors) < FLAT or is_recolored(*colors):
        return False
    written = ink(laid, whole, covered, inside.shape)
    if (of_both := written.of_both(middle)) > _WRITING:
        return False
    marked = written.watermark[inside] & (agreement.most >= _SEEN_THROUGH and not of_both)
    if agreement.others > _OTHER_THINGS and not marked.any():
        return False
    smooth, corners = _are_smooth(laid, inside) & _are_smooth(whole, inside), _corners(inside)
    most = _STRAY * int(middle.sum())
    return any(
        (apart > _LEVELS).sum() <= _WRITTEN * len(apart)
        and ((apart > _LEVELS) & middle[inside] & ~marked).sum() <= most
        and not _is_elsewhere(apart, smooth, corners)
        for apart in levels_apart(*colors)
    )


class _Agreement(NamedTuple):
    """Of the cells below the points."""

    most: float
    """How far the pixels of most correlate."""
    least: float
    """How far they have to."""
    others: float
    """Share of those in the middle that show another thing, or something that only one of the two has."""


def _agreement(laid: NDArray[np.uint8], under: NDArray[np.uint8], cells: list[tuple[slice, slice]]) -> _Agreement:
    if not cells:
        return _Agreement(-1.0, _FAINT, 0.0)
    one, other = (np.array([each[cell].ravel() for cell in cells], np.float32) for each in (laid, under))
    for each in (one, other):
        each -= each.mean(axis=1, keepdims=True)
    spreads = [np.sqrt(np.einsum("ij,ij->i", each, each) / each.shape[1]) for each in (one, other)]
    alike = np.einsum("ij,ij->i", one, other) / one.shape[1] / np.maximum(spreads[0] * spreads[1], 1e-6)
    telling = np.minimum(*spreads) >= FLAT
    if not telling.any():
        return _Agreement(float(np.median(alike)), _FAINT, 0.0)
    starts = np.array([(down.start, right.start) for down, right in cells])
    side, first, last = cells[0][0].stop - cells[0][0].start, starts.min(axis=0), starts.max(axis=0)
    inner = (np.abs(starts - (first + last) / 2) < (0.5 - _MIDDLE) * (last - first + side)).all(axis=1)
    others = alike[inner & (np.maximum(*spreads) >= _SHOWN)] < _ANOTHER
    return _Agreement(float(np.median(alike[telling])), _AGREE, _share(others))


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


def _colors_of_places(
    one: Points, other: Points, move: Move, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, 3) of both, of the places that are inside."""
    import cv2

    colors = _colors(other)
    height, width = colors.shape[:2]
    laid = cv2.warpAffine(_colors(one), move, (width, height))
    first, second = (cv2.resize(each, inside.shape[::-1], interpolation=cv2.INTER_AREA)[inside].astype(np.float64)
                     for each in (laid, colors))  # fmt: skip
    return first, second


def _are_smooth(grey: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the places that are inside say nothing but what color they have."""
    import cv2

    levels = grey.astype(np.float32)
    mean, square = (cv2.resize(each, inside.shape[::-1], interpolation=cv2.INTER_AREA)[inside]
                    for each in (levels, levels * levels))  # fmt: skip
    return np.asarray(square - mean * mean < FLAT * FLAT, np.bool_)


def _is_elsewhere(apart: NDArray[np.float64], smooth: NDArray[np.bool_], corners: list[NDArray[np.bool_]]) -> bool:
    """Whether one thing lies before two backgrounds: three corners differ, or what is smooth does, little or much."""
    others = sum(_share(apart[corner] > _LEVELS) > 0.5 for corner in corners)
    slightly = apart[smooth & (apart <= _LEVELS)] > _SHADE
    return others >= _CORNERS or _share(apart[smooth] > _SHADE) > _OTHER_SHADE or _share(slightly) > _SHADED


def _share(which: NDArray[np.bool_]) -> float:
    return float(which.mean()) if len(which) else 0.0


def _in_the_middle(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the places that are inside lie away from their edges."""
    places = np.argwhere(inside)
    middle = np.zeros_like(inside)
    if len(places):
        first, last = places.min(axis=0), places.max(axis=0)
        edge = _MIDDLE * (last - first + 1)
        middle[tuple(places[((places >= first + edge) & (places <= last - edge)).all(axis=1)].T)] = True
    return middle


def _corners(inside: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Which of the places that are inside lie in each of the four corners."""
    places = np.argwhere(inside)
    first, last = places.min(axis=0), places.max(axis=0)
    edge = _MIDDLE * (last - first + 1)
    ends = (places < first + edge - 0.5, places > last - edge + 0.5)
    return [down[:, 0] & right[:, 1] for down in ends for right in ends]


def _colors(points: Points) -> NDArray[np.uint8]:
    """(height, width, 3) as large as its grey levels are, RGB."""
    pixels = unframed_colors(points.path)
    return np.ascontiguousarray(pixels[:, ::-1]) if points.mirrored else pixels


def _grey(points: Points) -> NDArray[np.uint8]:
    """(height, width) in which its places are."""
    grey = unframed(points.path).grey
    return np.ascontiguousarray(grey[:, ::-1]) if points.mirrored else grey
