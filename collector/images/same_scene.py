"""Whether one picture is made of another: cut, framed, mirrored, turned, written over. Proof by points that match.

OpenCV's ORB (Rublee and others, 2011) finds points, RANSAC the one turn and scale that most of them agree on, and what
lies below must agree, too: the pixels of most cells, of all in the middle, where no banner is, and the colors. OpenCV
is part of the extra `look`. Asks for nothing and keeps nothing.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from collector.errors import UsageError

SIDE: Final = 512
"""Pixels of the long side at which pictures are compared."""
POINTS: Final = 1000
LEAST: Final = 8
"""Points that must agree."""
_CLEARER: Final = 0.8
"""How much nearer the best match of a point must be than the next one (Lowe, 2004)."""
_SCALES: Final = (0.2, 5.0)
_CELL: Final = 64
_AGREE, _DIFFER = 0.8, 0.5
"""Correlation of the pixels of most cells below the points, and below which a cell shows something else; of other
pictures it is about 0."""
_MIDDLE: Final = 0.2
"""Share of each side that is edge, where something may be written over."""
_STRAY: Final = 0.05
"""Cells of the middle that may show something else."""
_EDGE, _CONTRAST = 15, 3
"""Of the points: how near the edge they may lie, and how many levels they stand out by at least (OpenCV's ORB: 31 and
20): parts of smooth pictures have few."""
_TINTS: Final = 16
"""Cells a side that colors are compared in."""
_HUED: Final = 8.0
"""Spread of a color below which a picture is grey, whose colors say nothing."""
_FLAT: Final = 6.0
"""Spread of grey levels below which a row is a frame's and a cell says nothing."""
_LARGER: Final = 1.1
"""How much more one must show than the other to be the whole of it."""

NEITHER, FIRST, OTHER = 0, 1, 2
"""Which of two shows more, so that the other one is a part of it."""


class Points(NamedTuple):
    """What is compared of a picture."""

    path: Path
    mirrored: bool
    grey: NDArray[np.uint8]
    """Without a frame of one colour."""
    frame: tuple[slice, slice]
    """What of the file's pixels that is: rows and columns."""
    places: NDArray[np.float32]
    marks: Any


def require() -> None:
    """UsageError when OpenCV is not installed."""
    if find_spec("cv2") is None:
        raise UsageError("this needs OpenCV, which is not installed: pip install '.[look]' in collector's folder")


def compared(paths: tuple[Path, ...]) -> list[int]:
    """The first file with each of the others: -1 for another scene, else which of the two shows more."""
    first, *others = paths
    return [_same(_points(first, False), _points(first, True), _points(other, False)) for other in others]


def _same(plain: Points, turned: Points, other: Points) -> int:
    for seen in (plain, turned):
        move = _move(seen, other)
        if move is not None and _agrees(seen, other, move):
            scale = abs(float(np.linalg.det(move[:, :2])))
            shown = scale * seen.grey.size / other.grey.size
            return FIRST if shown > _LARGER else OTHER if shown < 1 / _LARGER else NEITHER
    return -1


def _move(one: Points, other: Points) -> NDArray[np.float64] | None:
    """The turn, scale and shift, (2, 3), that takes one picture's points to the other's; None when few agree."""
    import cv2

    if len(one.places) < LEAST or len(other.places) < LEAST:
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(one.marks, other.marks, k=2)
    clear = [best for best, *rest in matches if rest and best.distance < _CLEARER * rest[0].distance]
    if len(clear) < LEAST:
        return None
    from_, to = one.places[[m.queryIdx for m in clear]], other.places[[m.trainIdx for m in clear]]
    move, agreeing = cv2.estimateAffinePartial2D(from_, to, ransacReprojThreshold=5.0)
    if move is None or not _SCALES[0] <= float(np.hypot(move[0, 0], move[1, 0])) <= _SCALES[1]:
        return None
    different = len(np.unique(np.round(to[agreeing.ravel() > 0]), axis=0))  # Many to one point are one.
    return np.asarray(move, np.float64) if different >= LEAST else None


def _agrees(one: Points, other: Points, move: NDArray[np.float64]) -> bool:
    """Whether the other picture looks as one picture does there, but for what is written over its edges."""
    import cv2

    height, width = other.grey.shape
    laid = cv2.warpAffine(one.grey, move, (width, height))
    covered = cv2.warpAffine(np.full_like(one.grey, 255), move, (width, height))
    found: list[float] = []
    middle: list[bool] = []
    for top in range(0, height - _CELL // 2, _CELL):
        for left in range(0, width - _CELL // 2, _CELL):
            cell = slice(top, top + _CELL), slice(left, left + _CELL)
            pixels, under = laid[cell].astype(np.float64), other.grey[cell].astype(np.float64)
            if covered[cell].min() < 255 or max(pixels.std(), under.std()) < _FLAT:
                continue
            alike = _correlation(pixels, under)
            if min(pixels.std(), under.std()) >= _FLAT:
                found.append(alike)
            places = ((top + _CELL / 2) / height, (left + _CELL / 2) / width)
            if all(_MIDDLE < place < 1 - _MIDDLE for place in places):
                middle.append(alike < _DIFFER)
    if len(found) < 2 or float(np.median(found)) < _AGREE or np.mean(middle or [False]) > _STRAY:
        return False
    return _same_colors(one, other, move)


def _same_colors(one: Points, other: Points, move: NDArray[np.float64]) -> bool:
    """Whether both have their colors in the same places; True where one of them has none."""
    import cv2

    colors, under = _colors(one), _colors(other)
    height, width = other.grey.shape
    laid = cv2.warpAffine(colors, move, (width, height))
    covered = cv2.warpAffine(np.full_like(one.grey, 255), move, (width, height))
    small = (_TINTS, _TINTS)
    inside = cv2.resize(covered, small, interpolation=cv2.INTER_AREA) == 255
    tints = [cv2.resize(each, small, interpolation=cv2.INTER_AREA)[inside].astype(np.float64) for each in (laid, under)]
    opposed = [each @ np.array([[1, 0.5], [-1, 0.5], [0, -1]]) for each in tints]
    for first, second in zip(opposed[0].T, opposed[1].T, strict=True):
        if min(first.std(), second.std()) >= _HUED and _correlation(first, second) < _DIFFER:
            return False
    return True


def _colors(points: Points) -> NDArray[np.uint8]:
    """(height, width, 3) as large as its grey levels are, RGB."""
    import cv2

    from collector.images.pixels import small

    pixels = np.array(small(points.path, SIDE))[points.frame]
    pixels = pixels[:, ::-1] if points.mirrored else pixels
    height, width = points.grey.shape
    return np.asarray(cv2.resize(np.ascontiguousarray(pixels), (width, height)), np.uint8)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """-1 to 1; 0 when one of them is flat."""
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / norm if norm > 1e-6 else 0.0


@lru_cache(maxsize=128)
def _points(path: Path, mirrored: bool) -> Points:
    """Unusable when the file cannot be decoded."""
    import cv2

    if mirrored:
        plain = _points(path, False)
        pixels, frame = np.ascontiguousarray(plain.grey[:, ::-1]), plain.frame
    else:
        pixels, frame = _enlarged(path)
    cv2.setNumThreads(1)
    finder = cv2.ORB.create(nfeatures=POINTS, edgeThreshold=_EDGE, fastThreshold=_CONTRAST)
    places, marks = finder.detectAndCompute(pixels, None)
    return Points(
        path, mirrored, pixels, frame, np.array([place.pt for place in places], np.float32).reshape(-1, 2), marks
    )


def _enlarged(path: Path) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """The grey levels without a frame, SIDE long, and what of the file's pixels that is."""
    import cv2

    from collector.images.pixels import grey

    whole = grey(path, SIDE)
    frame = _unframed(whole)
    pixels = whole[frame]
    larger = SIDE / max(pixels.shape)
    if larger > 1:  # Points are found at few scales: a small picture is enlarged.
        pixels = np.asarray(cv2.resize(pixels, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC), np.uint8)
    return np.ascontiguousarray(pixels), frame


def _unframed(pixels: NDArray[np.uint8]) -> tuple[slice, slice]:
    """The rows and columns without those of one colour at its sides; all when nothing would be left."""
    rows, columns = (np.flatnonzero(pixels.std(axis=axis) >= _FLAT) for axis in (1, 0))
    if len(rows) < _CELL or len(columns) < _CELL:
        return slice(None), slice(None)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
