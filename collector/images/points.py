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
_RECORD: Final = np.dtype([("place", "<u2", 2), ("mark", "u1", 32)])
"""How a point is kept: x and y in parts of a pixel, and its mark."""
_FINE: Final = 64
"""Parts of a pixel."""
_EDGE, _CONTRAST = 15, 3
"""Of the points: how near the edge they may lie, and how many levels they stand out by at least (OpenCV's ORB: 31 and
20): parts of smooth pictures have few."""
_STEP: Final = 1.2
"""How much smaller ORB makes a picture for each further scale at which it looks for points."""
_PARTS: Final = 8
"""A side, of a picture: the strongest points of each come first."""
_LEAST: Final = 8
"""Points that must agree for the pixels to be looked at."""
_ROWS: Final = 64
"""Marks compared at a time with all others, so that what is in hand stays near the processor."""
_FAR: Final = 257
"""More bits than a mark has."""
_CLEARER: Final = 0.8
"""How much nearer the best match of a point must be than the next one (Lowe, 2004)."""
_APART: Final = 5.0
"""Pixels by which points that agree may miss each other."""
_SCALES: Final = (0.2, 5.0)
_SHARED: Final = 0.68
"""Share of the one that shows less which the other must show, too, for their pixels to be looked at: it is known before
anything is decoded, and what makes a move finer changes it by a hundredth."""
_GRID: Final = 48
"""Places a side of a picture by which moves are judged."""
_SAME: Final = 2.0
"""Pixels that they lie apart at most where two moves are one."""
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
    size: tuple[int, int]
    """Width and height of these pixels."""


class _Round(NamedTuple):
    """How two pictures' points are matched."""

    first: int
    """Of each, how many are looked for among so many `others` of the other picture."""
    others: int
    least: int
    """How many must agree."""


_FEW: Final = _Round(250, 500, 4)
"""Comes first: most pairs of other pictures go no further."""
_ALL: Final = _Round(_COUNT, _COUNT, _LEAST)


class _Found(NamedTuple):
    """What points agree on."""

    move: Move
    agreeing: int
    """How many do, of different places."""


class Pixels(NamedTuple):
    """What is compared of a picture, once its points match."""

    grey: NDArray[np.uint8]
    """Without a frame of one colour."""
    frame: NDArray[np.float64]
    """What of the picture that is: the first and last of its rows and of its columns, as shares of them."""


def shared_moves(one: Points, other: Points) -> Iterator[tuple[Move, bool]]:
    """What takes one picture's points to the other's, as each of the two finds its own among the other's, and whether
    all points were asked; none when few agree, or when most of neither picture lies in the other."""
    if min(len(one.places), len(other.places)) < _LEAST:
        return
    if max(len(one.places), len(other.places)) > _FEW.first:
        first = next(_moves(one, other, _FEW), None)
        if first is None:
            return
        if first.agreeing >= _LEAST and _share(one, other, first.move) >= _SHARED:
            yield first.move, False
    before = None
    for found in _moves(one, other, _ALL):
        moved = _moved(one, found.move)
        if _share(one, other, found.move) >= _SHARED and (before is None or np.abs(moved - before).max() > _SAME):
            yield found.move, True
        before = moved


def _moved(one: Points, move: Move) -> NDArray[np.float64]:
    """(_GRID², 2): where the places of a grid on the picture come to lie."""
    across, down = ((np.arange(_GRID) + 0.5) / _GRID * side for side in one.size)
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2) @ move[:, :2].T + move[:, 2]


def _share(one: Points, other: Points, move: Move) -> float:
    """How much of the one that shows less the other shows, too. Counted: OpenCV's intersectConvexConvex gives next to
    nothing for some outlines that nearly coincide."""
    import cv2

    if abs(float(np.linalg.det(move[:, :2]))) * np.prod(one.size) > np.prod(other.size):
        one, other, move = other, one, np.asarray(cv2.invertAffineTransform(move), np.float64)
    moved = _moved(one, move)
    return float(((moved >= 0) & (moved <= other.size)).all(axis=1).mean())


def _moves(one: Points, other: Points, which: _Round) -> Iterator[_Found]:
    """What enough points agree on, of each picture among those of the other: a small cut is found in the whole more
    surely than the whole in the cut."""
    import cv2

    first, marks, others = which.first, *(each.marks[: which.others] for each in (one, other))
    apart = _bits_apart(marks[:first], others)
    if (found := _agreed(apart, one.places, other.places, which.least)) is not None:
        yield found
    apart = np.vstack([apart[:, :first], _bits_apart(marks[first:], others[:first])])
    if (found := _agreed(apart.T, other.places, one.places, which.least)) is not None:
        yield found._replace(move=np.asarray(cv2.invertAffineTransform(found.move), np.float64))


def _bits_apart(some: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """(n, m) bits in which each mark differs from each other: in a third of OpenCV's time, and good for both ways."""
    words, columns = some.view(np.uint64), np.ascontiguousarray(others.view(np.uint64).T)
    apart = np.zeros((len(some), len(others)), np.uint16)
    differing, counted = (np.empty((_ROWS, len(others)), kind) for kind in (np.uint64, np.uint8))
    for start in range(0, len(some), _ROWS):
        own = apart[start : start + _ROWS]
        for word, column in zip(words[start : start + _ROWS].T, columns, strict=True):
            np.bitwise_xor(word[:, None], column, out=differing[: len(own)])
            own += np.bitwise_count(differing[: len(own)], out=counted[: len(own)])
    return apart


def _agreed(
    apart: NDArray[np.uint16], places: NDArray[np.float32], others: NDArray[np.float32], least: int
) -> _Found | None:
    """What so many of the points agree on at least whose marks are so far apart."""
    import cv2

    apart, rows = np.array(apart, order="C"), np.arange(len(apart))
    nearest = apart.argmin(axis=1)
    best = apart[rows, nearest]
    apart[rows, nearest] = _FAR
    clear = best < _CLEARER * apart.min(axis=1)
    if clear.sum() < least:
        return None
    to = others[nearest[clear]]
    found, agreeing = cv2.estimateAffinePartial2D(places[rows[clear]], to, ransacReprojThreshold=_APART)
    if found is None or not _SCALES[0] <= float(np.hypot(found[0, 0], found[1, 0])) <= _SCALES[1]:
        return None
    different = len(np.unique(np.round(to[agreeing.ravel() > 0]) @ (1, 2 * SIDE)))  # Many to one point are one.
    return _Found(np.asarray(found, np.float64), different) if different >= least else None


@lru_cache(maxsize=128)
def found_points(path: Path, store: str | None) -> tuple[Points, Points]:
    """Those of the picture and of its mirror image. Unusable when the file cannot be decoded. `store` is a folder that
    keeps them for later calls, 72 KB a picture; files must not change meanwhile."""
    kept = None if store is None else Path(store, sha256(bytes(path)).hexdigest())
    if kept is not None and kept.exists():
        body = kept.read_bytes()
    else:
        grey = unframed(path).grey
        body = np.array(grey.shape[::-1], "<u2").tobytes() + _found(grey).tobytes()
        if kept is not None:
            _keep(body, kept)
    width, height = np.frombuffer(body, "<u2", 2).tolist()
    both = np.frombuffer(body, _RECORD, offset=4).reshape(2, -1)
    places = both["place"].astype(np.float32) / _FINE
    marks = np.ascontiguousarray(both["mark"])
    plain, turned = (Points(path, bool(side), places[side], marks[side], (width, height)) for side in (0, 1))
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
    places = np.asarray(cv2.KeyPoint.convert(spots), np.float32)
    width, turned = grey.shape[1], np.ascontiguousarray(grey[:, ::-1])
    mirrored = [cv2.KeyPoint(width - _STEP**one.octave - one.pt[0], one.pt[1], one.size, (180 - one.angle) % 360,
                             one.response, one.octave) for one in spots]  # fmt: skip
    for records, (own, own_marks) in zip(both, ((spots, marks), finder.compute(turned, mirrored)), strict=True):
        records["place"], records["mark"] = np.round(_FINE * np.asarray(cv2.KeyPoint.convert(own))), own_marks
    return both[:, _spread(places, np.array([one.response for one in spots]), grey.shape)]


def _spread(places: NDArray[np.float32], strength: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """(n,) in which order: the strongest point of each part of the picture, then the second one of each, ..."""
    across, down = (places * _PARTS / shape[::-1]).astype(np.int64).T
    order = np.lexsort((-strength, down * _PARTS + across))
    _, start, counts = np.unique((down * _PARTS + across)[order], return_index=True, return_counts=True)
    within = np.arange(len(order)) - np.repeat(start, counts)
    return order[np.lexsort((-strength[order], within))]


def _keep(body: bytes, file: Path) -> None:
    """In one rename: another process may read it. Where there is no room they are found again."""
    part = file.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        part.write_bytes(body)
        part.replace(file)


@lru_cache(maxsize=32)
def unframed(path: Path) -> Pixels:
    """The grey levels without a frame, SIDE long, and what of the file's pixels that is."""
    import cv2

    from collector.images.pixels import grey

    whole = grey(path, SIDE)
    frame = _inside(whole)
    inner = whole[_slices(frame)]
    larger = SIDE / max(inner.shape)
    if larger > 1:  # Points are found at few scales: a small picture is enlarged.
        inner = np.asarray(cv2.resize(inner, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC), np.uint8)
    return Pixels(np.ascontiguousarray(inner), frame / np.array([whole.shape]).T)


@lru_cache(maxsize=32)
def unframed_colors(path: Path) -> NDArray[np.uint8]:
    """(height, width, 3) of the same pixels, RGB."""
    import cv2

    from collector.images.pixels import colors

    grey, frame = unframed(path)
    whole = colors(path, SIDE)
    inner = whole[_slices(np.round(frame * np.array([whole.shape[:2]]).T).astype(int))]
    return np.asarray(cv2.resize(inner, grey.shape[::-1]), np.uint8)


def _inside(levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """From where to where the rows and columns go that are not of one colour, at its sides; all when nothing would be
    left."""
    some = [np.flatnonzero(levels.std(axis=axis, dtype=np.float32) >= FLAT) for axis in (1, 0)]
    if min(map(len, some)) < _FRAMED:
        return np.array([(0, size) for size in levels.shape])
    return np.array([(each[0], each[-1] + 1) for each in some])


def _slices(frame: NDArray[np.int64]) -> tuple[slice, slice]:
    (top, bottom), (left, right) = frame.tolist()
    return slice(top, bottom), slice(left, right)
