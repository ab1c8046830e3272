"""PDQ, the perceptual hash: 256 bits that stay nearly the same when a picture is resized, re-encoded or lightly edited.

Bit for bit as Meta's reference (BSD): github.com/facebook/ThreatExchange, pdq/, and its paper "The TMK+PDQF
Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm" (2019). Opens no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BITS = 256
NEAR = 31
"""Bits in which two hashes may differ and still be of the same picture: the reference's own recommendation."""
RELIABLE = 50
"""Quality below which a hash says little (flat pictures), after the reference."""
SIDE = 512
"""Longest side that is worth hashing; the reference's tool makes larger pictures smaller, too."""

Plane = NDArray[np.float64]
_LUMA = np.array([0.299, 0.587, 0.114])
_SMALL = 64
_WAVES = 16


@dataclass(frozen=True, slots=True)
class Hashed:
    """A hash and how much it is worth."""

    hash: str
    """64 hex digits."""
    quality: int
    """0 (a flat surface) to 100."""


def pdq(pixels: NDArray[np.uint8]) -> Hashed:
    """The hash of a picture: (height, width, 3) RGB or (height, width) grey, 0 to 255, at least one pixel."""
    grey: Plane = pixels @ _LUMA if pixels.ndim == 3 else pixels.astype(np.float64)
    small = _decimated(_smooth(grey))
    waves = _cosines() @ small @ _cosines().T
    bits = (waves > np.median(waves)).ravel()
    return Hashed(np.packbits(bits[::-1]).tobytes().hex(), _quality(small))


def unpacked(hashes: list[str]) -> NDArray[np.uint64]:
    """Hashes as (number, 4) words."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64).reshape(-1, BITS // 64)


def _smooth(grey: Plane) -> Plane:
    """Two passes of a box filter in both directions: nearly a tent (Jarosz, 2001), narrow enough for 64 samples."""
    height, width = grey.shape
    for _ in range(2):
        grey = _box(grey, -(-width // (2 * _SMALL)))
        grey = _box(grey.T, -(-height // (2 * _SMALL))).T
    return grey


def _box(rows: Plane, window: int) -> Plane:
    """The mean of `window` neighbours along each row, of fewer at its ends."""
    if window <= 1:
        return rows
    length = rows.shape[1]
    sums = np.empty((rows.shape[0], length + 1))
    sums[:, 0] = 0.0
    np.cumsum(rows, axis=1, out=sums[:, 1:])
    upper = np.arange(length) + (window + 2) // 2
    lower = np.maximum(0, upper - window)
    upper = np.minimum(length, upper)
    means: Plane = (sums[:, upper] - sums[:, lower]) / (upper - lower)
    return means


def _decimated(grey: Plane) -> Plane:
    """64 x 64 samples, each from the middle of its cell."""
    places = [((np.arange(_SMALL) + 0.5) * size / _SMALL).astype(np.intp) for size in grey.shape]
    return grey[np.ix_(*places)]


def _quality(small: Plane) -> int:
    """How much changes between neighbours, 100 at most."""
    down, across = small[:-1] - small[1:], small[:, :-1] - small[:, 1:]
    steps = sum(int(np.abs(np.trunc(change * 100 / 255)).sum()) for change in (down, across))
    return min(100, steps // 90)


@lru_cache(maxsize=1)
def _cosines() -> Plane:
    """The first 16 waves of the discrete cosine transform of 64 samples, the constant one left out."""
    numbers, places = np.arange(1, _WAVES + 1)[:, None], np.arange(_SMALL)[None, :]
    waves: Plane = np.sqrt(2 / _SMALL) * np.cos(np.pi / (2 * _SMALL) * numbers * (2 * places + 1))
    return waves
