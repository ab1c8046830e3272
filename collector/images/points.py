"""Points of a picture that are found again in what is made of it, and the turn, scale and shift that they agree on.

OpenCV's ORB (Rublee and others, 2011) finds them, RANSAC what most of them agree on. OpenCV is part of the extra
`look`. Asks for nothing, and keeps only what it is given a folder for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

SIDE: Final = 512
"""Pixels of the long side at which pictures are compared."""
FLAT: Final = 6.0
"""Spread of grey levels below which a row is a frame's, and a part of a picture says nothing."""
_COUNT: Final = 1000
_RECORD: Final = np.dtype([("place", "<f4", 2), ("mark", "u1", 32)])
_EDGE, _CONTRAST = 15, 3
"""Of the points: how near the edge they may lie, and how many levels they stand out by at least (OpenCV's ORB: 31 and
20): parts of smooth pictures have few."""
_STEP: Final = 1.2
"""How much smaller ORB makes a picture for each further scale at which it looks for points."""
_PARTS: Final = 8
"""A side, of a picture: the strongest points of each come first."""
_FEW, _FEW_OTHERS, _FEW_AGREE = 250, 500, 4
"""Points of the one and of the other picture that are matched first, and how many must agree for all to be matched:
most pairs of other pictures go no further."""
_LEAST: Final = 8
"""Points that must agree."""
_CLEARER: Final = 0.8
"""How much nearer the best match of a point must be than the next one (Lowe, 2004)."""
_APART: Final = 5.0
"""Pixels by which points that agree may miss each other."""
_SCALES: Final = (0.2, 5.0)
_FRAMED: Final = 64
"""Pixels a side that must be left within a frame."""

Move = NDArray[np.float64]
"""(2, 3): turn, scale and shift, from the x and y of one picture to those of another."""


class Points(NamedTuple):
    """What is matched of a picture, in the order in which it is tried."""

    path: Path
    mirrored: bool
    places: NDArray[np.float32]
    """(n, 2), as x and y of the pixels that `unframed` gives."""
    marks: NDArray[np.uint8]
    """(n, 32), what ORB says of each."""


class Pixels(NamedTuple):
    """What is compared of a picture, once its points match."""

    grey: NDArray[np.uint8]
    """Without a frame of one colour."""
    frame: tuple[slice, slice]
    """What of the file's pixels that is: rows and columns."""


def shared_moves(one: Points, other: Points) -> Iterator[Move]:
    """What takes one picture's points to the other's, as each of the two finds its own among the other's; none when few
    agree."""
    import cv2

    ways = ((one, other), (other, one))  # A small cut is found in the whole more surely than the whole in the cut.
    many = max(len(one.places), len(other.places)) > _FEW
    if many and all(_agreed(*way, _FEW, _FEW_OTHERS, _FEW_AGREE) is None for way in ways):
        return
    for way in ways:
        if (found := _agreed(*way, _COUNT, _COUNT, _LEAST)) is not None:
            yield found if way[0] is one else np.asarray(cv2.invertAffineTransform(found), np.float64)


def _agreed(one: Points, other: Points, first: int, others: int, least: int) -> Move | None:
    """What so many of the first points of both agree on at least."""
    import cv2

    if min(len(one.places), len(other.places)) < _LEAST:
        return None
    apart, nearest = cv2.batchDistance(
        one.marks[:first], other.marks[:others], cv2.CV_32S, normType=cv2.NORM_HAMMING, K=2
    )
    clear = apart[:, 0] < _CLEARER * apart[:, 1]
    if clear.sum() < least:
        return None
    to = other.places[nearest[clear, 0]]
    found, agreeing = cv2.estimateAffinePartial2D(one.places[:first][clear], to, ransacReprojThreshold=_APART)
    if found is None or not _SCALES[0] <= float(np.hypot(found[0, 0], found[1, 0])) <= _SCALES[1]:
        return None
    different = len(np.unique(np.round(to[agreeing.ravel() > 0]), axis=0))  # Many to one point are one.
    return np.asarray(found, np.float64) if different >= least else None


@lru_cache(maxsize=128)
def found_points(path: Path, store: str | None) -> tuple[Points, Points]:
    """Those of the picture and of its mirror image. Unusable when the file cannot be decoded. `store` is a folder that
    keeps them for later calls, 80 KB a picture; files must not change meanwhile."""
    kept = None if store is None else Path(store, sha256(bytes(path)).hexdigest())
    if kept is not None and kept.exists():
        both = np.fromfile(kept, _RECORD).reshape(2, -1)
    else:
        both = _found(unframed(path).grey)
        if kept is not None:
            _keep(both, kept)
    marks = np.ascontiguousarray(both["mark"])
    plain, turned = (Points(path, bool(side), both["place"][side], marks[side]) for side in (0, 1))
    return plain, turned


def _found(grey: NDArray[np.uint8]) -> NDArray[np.void]:
    """(2, n) records of the same points, in the picture and in its mirror image."""
    import cv2

    cv2.setNumThreads(1)
    finder = cv2.ORB.create(nfeatures=_COUNT, scaleFactor=_STEP, edgeThreshold=_EDGE, fastThreshold=_CONTRAST)
    thin = min(grey.shape) <= 2 * _EDGE  # No place for a point, and OpenCV fails on some of a few pixels.
    spots, marks = ((), None) if thin else finder.detectAndCompute(grey, None)
    both = np.zeros((2, len(spots)), _RECORD)
    if not spots:
        return both
    width, turned = grey.shape[1], np.ascontiguousarray(grey[:, ::-1])
    mirrored = [cv2.KeyPoint(width - _STEP**one.octave - one.pt[0], one.pt[1], one.size, (180 - one.angle) % 360,
                             one.response, one.octave) for one in spots]  # fmt: skip
    for records, (own, own_marks) in zip(both, ((spots, marks), finder.compute(turned, mirrored)), strict=True):
        records["place"], records["mark"] = [one.pt for one in own], own_marks
    return both[:, _spread(both["place"][0], np.array([one.response for one in spots]), grey.shape)]


def _spread(places: NDArray[np.float32], strength: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """(n,) in which order: the strongest point of each part of the picture, then the second one of each, ..."""
    across, down = (places * _PARTS / shape[::-1]).astype(np.int64).T
    order = np.lexsort((-strength, down * _PARTS + across))
    _, start, counts = np.unique((down * _PARTS + across)[order], return_index=True, return_counts=True)
    within = np.arange(len(order)) - np.repeat(start, counts)
    return order[np.lexsort((-strength[order], within))]


def _keep(both: NDArray[np.void], file: Path) -> None:
    """In one rename: another process may read it. Where there is no room they are found again."""
    part = file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        both.tofile(part)
        part.replace(file)


@lru_cache(maxsize=32)
def unframed(path: Path) -> Pixels:
    """The grey levels without a frame, SIDE long, and what of the file's pixels that is."""
    import cv2

    from collector.images.pixels import grey

    whole = grey(path, SIDE)
    frame = _inside(whole)
    inner = whole[frame]
    larger = SIDE / max(inner.shape)
    if larger > 1:  # Points are found at few scales: a small picture is enlarged.
        inner = np.asarray(cv2.resize(inner, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC), np.uint8)
    return Pixels(np.ascontiguousarray(inner), frame)


def _inside(levels: NDArray[np.uint8]) -> tuple[slice, slice]:
    """The rows and columns without those of one colour at its sides; all when nothing would be left."""
    rows, columns = (np.flatnonzero(levels.std(axis=axis) >= FLAT) for axis in (1, 0))
    if len(rows) < _FRAMED or len(columns) < _FRAMED:
        return slice(None), slice(None)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
