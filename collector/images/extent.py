"""How much of one scene each of two pictures shows, without what was put around it: frames, pages, other pictures.

What belongs to the scene goes on across the outline of the picture that shows less; what was put around it does not.
Needs OpenCV, which is part of the extra `look`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_SAMPLES: Final = 64
"""Places along each side of an outline."""
_FEWEST: Final = 8
_STEP: Final = 6
"""Pixels between the two levels that are compared: points leave an outline uncertain by two or three."""
_JUMP, _LEVELS = 1.8, 4.0
"""How much more than on both sides of it levels must change across an outline that is an edge, and by how many."""
_SOFT: Final = 0.3
"""Share of the detail within that is left outside where a blurred picture surrounds a sharp one."""

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]


class Extent(NamedTuple):
    """What two pictures show of one scene."""

    times: float
    """How many times as much of it the first shows as the other; -1 where they are no copies."""
    first: float = 1.0
    """Share of the first picture that shows the scene; the rest was put around it."""
    other: float = 1.0


NO_COPY: Final = Extent(-1.0)


def extent(one: Grey, other: Grey, move: Floats) -> Extent:
    """`move` (2, 3) takes x and y of the one to those of the other."""
    import cv2

    back = np.asarray(cv2.invertAffineTransform(move), np.float64)
    areas = [
        _of_scene(picture, _outline(beside, way)) for picture, beside, way in ((one, other, back), (other, one, move))
    ]
    first, second = (max(float(cv2.contourArea(area)), 1.0) for area in areas)
    times = abs(float(np.linalg.det(move[:, :2]))) * first / second
    return Extent(times, min(1.0, first / one.size), min(1.0, second / other.size))


def _outline(picture: Grey, move: Floats) -> Floats:
    """(4, 2) x and y of its corners in the other picture, one after the other around it."""
    height, width = picture.shape
    corners = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)], np.float64)
    return np.asarray(corners @ move[:, :2].T + move[:, 2], np.float64)


def _of_scene(picture: Grey, outline: Floats) -> NDArray[np.float32]:
    """(n, 1, 2) outline of what of the picture is the scene: all but what lies beyond a side of the other's outline
    that is an edge here."""
    import cv2

    area = _outline(picture, np.eye(2, 3)).astype(np.float32).reshape(-1, 1, 2)
    middle, far = outline.mean(axis=0), 4.0 * max(picture.shape)
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
        out = np.array([along[1], -along[0]])
        out = out if out @ (start - middle) > 0 else -out
        if len(area) and _is_edge(picture, start, end, out):
            kept = np.array(
                [start - far * along, end + far * along, end + far * (along - out), start - far * (along + out)]
            )
            _, left = cv2.intersectConvexConvex(area, kept.astype(np.float32).reshape(-1, 1, 2))
            area = np.zeros((0, 1, 2), np.float32) if left is None else np.asarray(left, np.float32)
    return area if len(area) else np.zeros((1, 1, 2), np.float32)


def _is_edge(picture: Grey, start: Floats, end: Floats, out: Floats) -> bool:
    """Whether the levels of the picture change more across this line than on both sides of it, or are blurred beyond
    it."""
    height, width = picture.shape
    spots = start + np.linspace(0.02, 0.98, _SAMPLES)[:, None] * (end - start)
    steps = [
        np.rint(spots + distance * out).astype(np.int64)
        for distance in (-1.5 * _STEP, -_STEP / 2, _STEP / 2, 1.5 * _STEP)
    ]
    there = np.all([(each >= (0, 0)) & (each < (width, height)) for each in steps], axis=(0, 2))
    if there.sum() < _FEWEST:
        return False
    levels = [picture[each[there, 1], each[there, 0]].astype(np.float64) for each in steps]
    within, across, beyond = (float(np.abs(np.diff(pair, axis=0)).mean()) for pair in pairwise(levels))
    return across > _JUMP * max(within, beyond) + _LEVELS or (beyond < _SOFT * within and within > _LEVELS)
