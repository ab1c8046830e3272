"""Whether one picture is made of another: cut, framed, mirrored, turned, written over. Proof by points that match.

OpenCV's ORB (Rublee and others, 2011) finds points, RANSAC the one turn and scale that most of them agree on, and the
pixels below must agree, too. OpenCV is part of the extra `look`. Asks for nothing and keeps nothing.
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
LEAST: Final = 12
"""Points that must agree."""
_CLEARER: Final = 0.8
"""How much nearer the best match of a point must be than the next one (Lowe, 2004)."""
_SCALES: Final = (0.2, 5.0)
_CELL: Final = 64
_AGREE: Final = 0.6
"""Correlation of the pixels of most cells below the points; of other pictures it is about 0."""
_FLAT: Final = 6.0
"""Spread of grey levels below which a row is a frame's and a cell says nothing."""
_LARGER: Final = 1.1
"""How much more one must show than the other to be the whole of it."""

NEITHER, FIRST, OTHER = 0, 1, 2
"""Which of two shows more, so that the other one is a part of it."""


class Points(NamedTuple):
    """What is compared of a picture."""

    grey: NDArray[np.uint8]
    """Without a frame of one colour."""
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
    """Whether most cells of the other picture look as one picture does there."""
    import cv2

    height, width = other.grey.shape
    laid = cv2.warpAffine(one.grey, move, (width, height))
    covered = cv2.warpAffine(np.full_like(one.grey, 255), move, (width, height))
    found = []
    for top in range(0, height - _CELL // 2, _CELL):
        for left in range(0, width - _CELL // 2, _CELL):
            cell = slice(top, top + _CELL), slice(left, left + _CELL)
            pixels, under = laid[cell].astype(np.float64), other.grey[cell].astype(np.float64)
            if covered[cell].min() == 255 and min(pixels.std(), under.std()) >= _FLAT:
                found.append(float(np.corrcoef(pixels.ravel(), under.ravel())[0, 1]))
    return len(found) >= 2 and float(np.median(found)) >= _AGREE


@lru_cache(maxsize=128)
def _points(path: Path, mirrored: bool) -> Points:
    """Unusable when the file cannot be decoded."""
    import cv2

    from collector.images.pixels import grey

    cv2.setNumThreads(1)
    pixels = _unframed(grey(path, SIDE))
    larger = SIDE / max(pixels.shape)
    if larger > 1:  # Points are found at few scales: a small picture is enlarged.
        enlarged = cv2.resize(pixels, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC)
        pixels = np.asarray(enlarged, np.uint8)
    pixels = np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels
    places, marks = cv2.ORB.create(nfeatures=POINTS).detectAndCompute(pixels, None)
    return Points(pixels, np.array([place.pt for place in places], np.float32).reshape(-1, 2), marks)


def _unframed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without rows and columns of one colour at its sides; as it is when nothing would be left."""
    rows, columns = (np.flatnonzero(pixels.std(axis=axis) >= _FLAT) for axis in (1, 0))
    if len(rows) < _CELL or len(columns) < _CELL:
        return pixels
    return np.ascontiguousarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
