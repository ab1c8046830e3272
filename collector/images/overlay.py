"""What is thin and differs between two pictures laid on each other: another writing, or a watermark over the same.

Pixels are compared with those around them in the other picture, at a size at which both are equally sharp, so that
neither softness nor a pixel or two of shift counts. Needs OpenCV, which is part of the extra `look`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

PLACE: Final = 16
"""Pixels a side of a place."""
_SHARP: Final = 0.6
"""Share of the other's detail that one must have to be as sharp."""
_HALVED: Final = 2
"""How often they are made half as large for that at most."""
_LEVELS, _FAINT = 40, 20
"""By which a pixel must lie outside of those around it: one of another writing, and one of a watermark."""
_INKED: Final = 0.04
"""Share of the pixels of a place from which on something is written there."""
_SEEN_THROUGH: Final = 0.7
"""Share of the way to white or black that a watermark goes at most."""
_MOST: Final = 0.97
"""Share of its pixels that are asked: noise is in some."""
_SOLID: Final = 0.7
"""Share of the pixels of three by three places that strokes cover at most."""
_GAIN: Final = 2.5
_SAMPLE: Final = 31
"""One of so many pixels is asked for brightness and contrast."""

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Ink(NamedTuple):
    """Where, in places, the other picture is lighter than the one, and where darker; both of one shape."""

    lighter: Mask
    darker: Mask
    watermark: Mask
    """Where it may be one: strokes of white or black that the picture is seen through."""

    def of_both(self, middle: Mask) -> float:
        """Share of the middle where each has something written that the other has not, as two filled-in forms have."""
        least = min(int((each & middle).sum()) for each in (self.lighter, self.darker))
        return least / max(1, int(middle.sum()))


def ink(laid: Grey, under: Grey, covered: Mask, shape: tuple[int, int]) -> Ink:
    """What is written in one of two pictures and not in the other, where they are covered. `shape`: rows and columns
    of the places that are told."""
    import cv2

    laid, under, inside = _equally_sharp(laid, under, covered)
    laid, under = _equally_bright(laid, under, inside)
    around = np.ones((3, 3), np.uint8)
    lighter = np.maximum(cv2.subtract(under, cv2.dilate(laid, around)), cv2.subtract(cv2.erode(under, around), laid))
    darker = np.maximum(cv2.subtract(laid, cv2.dilate(under, around)), cv2.subtract(cv2.erode(laid, around), under))
    by = lighter if (inside & (lighter > _LEVELS)).sum() >= (inside & (darker > _LEVELS)).sum() else darker
    strokes = [inside & each for each in (lighter > _LEVELS, darker > _LEVELS, by > _FAINT)]
    size = (max(1, laid.shape[1] // PLACE), max(1, laid.shape[0] // PLACE))
    shares = [cv2.resize(each.astype(np.float32), size, interpolation=cv2.INTER_AREA) for each in strokes]
    written = [cv2.resize((share >= _INKED).astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
               for share in shares]  # fmt: skip
    thin = float(cv2.blur(shares[2], (3, 3), borderType=cv2.BORDER_REPLICATE).max()) <= _SOLID
    if not thin or _opacity(laid[strokes[2]], under[strokes[2]]) > _SEEN_THROUGH:
        written[2][:] = False
    return Ink(*written)


def _equally_sharp(laid: Grey, under: Grey, covered: Mask) -> tuple[Grey, Grey, Mask]:
    """Both, and what is covered but for its edge, at the largest size at which they have as much detail."""
    import cv2

    inside = covered.astype(np.uint8)
    edge = np.ones((5, 5), np.uint8)
    for halved in range(_HALVED + 1):
        kept = cv2.erode(inside, edge, borderType=cv2.BORDER_CONSTANT, borderValue=1)
        detail = [cv2.norm(cv2.Laplacian(each, cv2.CV_16S), cv2.NORM_L1, kept) for each in (laid, under)]
        if halved == _HALVED or min(detail) >= _SHARP * max(detail):
            break
        laid, under = np.asarray(cv2.pyrDown(laid), np.uint8), np.asarray(cv2.pyrDown(under), np.uint8)
        inside = np.asarray(cv2.resize(inside, laid.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    return laid, under, kept > 0


def _equally_bright(laid: Grey, under: Grey, inside: Mask) -> tuple[Grey, Grey]:
    """With brightness and contrast of the one that has more contrast."""
    import cv2

    some = np.flatnonzero(inside)[::_SAMPLE]
    one, other = (each.ravel()[some].astype(np.float64) for each in (laid, under))
    most = np.ones(len(one), np.bool_)
    gain, shift = 1.0, 0.0
    for _ in range(3):
        if most.any():
            gain = float(np.clip(other[most].std() / max(one[most].std(), 1e-6), 1 / _GAIN, _GAIN))
            shift = float(other[most].mean() - gain * one[most].mean())
            apart = np.abs(gain * one + shift - other)
            most = apart <= np.partition(apart, last := int(0.8 * (len(apart) - 1)))[last]
    levels = np.arange(256) * gain + shift if gain >= 1 else (np.arange(256) - shift) / gain
    table = np.rint(np.clip(levels, 0, 255)).astype(np.uint8)
    seen = np.asarray(cv2.LUT(laid if gain >= 1 else under, table), np.uint8)
    return (seen, under) if gain >= 1 else (laid, seen)


def _opacity(laid: Grey, under: Grey) -> float:
    """How far most of these pixels of one lie on the way from the other's to white or to black, whichever is less."""
    if not len(laid):
        return 0.0
    low, high = np.minimum(laid, under).astype(np.float64), np.maximum(laid, under).astype(np.float64)
    ways = ((high - low) / (255.0 - low + 1e-6), (high - low) / (high + 1e-6))
    return min(float(np.quantile(way, _MOST)) for way in ways)
