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
_IN_A_MIRROR = np.tile([-1.0, 1.0], _WAVES // 2)
"""Every other wave across turns round when left and right are exchanged; the paper's "dihedral" hashes."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """A hash and how much it is worth."""

    hash: str
    """64 hex digits."""
    quality: int
    """0 (a flat surface) to 100."""
    mirrored: str = ""
    """64 hex digits: of the same picture seen in a mirror."""


def pdq(pixels: NDArray[np.uint8]) -> Hashed:
    """The hash of a picture: (height, width, 3) RGB or (height, width) grey, 0 to 255, at least one pixel."""
    grey: Plane = pixels.astype(np.float64) @ _LUMA if pixels.ndim == 3 else pixels.astype(np.float64)
    small = _smoothed(grey)
    waves = _cosines() @ small @ _cosines().T
    return Hashed(_bits(waves), _quality(small), _bits(waves * _IN_A_MIRROR))


def unpacked(hashes: list[str]) -> NDArray[np.uint64]:
    """Hashes as (number, 4) words."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64).reshape(-1, BITS // 64)


def _bits(waves: Plane) -> str:
    """Which waves are stronger than most."""
    return np.packbits((waves > np.median(waves)).ravel()[::-1]).tobytes().hex()


def _smoothed(grey: Plane) -> Plane:
    """64 x 64 samples from the middle of their cells, after two passes of a box filter in both directions: nearly a
    tent (Jarosz, 2001), narrow enough for so few samples."""
    rows, columns = (_taps(size) for size in grey.shape)
    return rows @ grey @ columns.T


@lru_cache(maxsize=256)
def _taps(size: int) -> Plane:
    """What each of `size` neighbours weighs in each sample, (64, size): both passes and the sampling in one step."""
    places = ((np.arange(_SMALL) + 0.5) * size / _SMALL).astype(np.intp)
    box = _box(size, -(-size // (2 * _SMALL)))
    return box[places] @ box


def _box(size: int, window: int) -> Plane:
    """The mean of `window` neighbours for each of `size`, of fewer at the ends."""
    upper = np.arange(size)[:, None] + (window + 2) // 2
    lower, upper = np.maximum(0, upper - window), np.minimum(size, upper)
    inside = (np.arange(size) >= lower) & (np.arange(size) < upper)
    return inside / (upper - lower)


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
