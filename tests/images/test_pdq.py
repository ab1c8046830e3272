"""PDQ as the reference computes it: hashes it gave for pictures that anybody can draw again."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from collector.images.pdq import NEAR, pdq, unpacked
from tests.support import collection


def drawn(width: int, height: int, waves: int) -> NDArray[np.uint8]:
    """Three colours of crossing waves."""
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    planes = [
        np.sin(6.28 * waves * (across * (k + 1) + down * (3 - k)) + k) * np.cos(4 * down * (k + 2)) for k in range(3)
    ]
    return np.round((np.stack(planes, axis=2) + 1) * 127.5).astype(np.uint8)


REFERENCE = {
    (64, 64, 1): ("2cbc2a85babcaa85e83caa85f23caa85002f557affc35578ffc1556ba036802f", 100),
    (200, 150, 2): ("0ff00245088fa25108ff55a20f255baff05a58eff31808df50fa5daaf0ba5faa", 100),
    (333, 512, 3): ("2f9f7abf51687a3ed1e0afb7106005752fff7aaa0d607a2809607a205d61faa0", 100),
    (512, 17, 1): ("ffc388877f70a205dff42a855f740a85002f55782a4ff578ffc9556b003f002b", 100),
    (100, 300, 9): ("aa845d6349b654ebbec12a00be417e80f6498aa2bec1aaa27f41fea2bec1fea2", 100),
    (40, 30, 2): ("5730a2450b0faa5500ff55b20ea55baf704f18ef720d0a5d10ff55aa50fa5faa", 100),
    (512, 512, 20): ("fed5a8aaffd515a2ffd55555aa80aaaaaac0aaaa57d50282aa8aaaaaaa82aaaa", 100),
}
"""(width, height, waves) -> (hash, quality) of pdqhash 0.2.8, which wraps the reference."""


@pytest.mark.parametrize(("size", "expected"), REFERENCE.items())
def test_it_is_the_reference_bit_for_bit(size: tuple[int, int, int], expected: tuple[str, int]) -> None:
    hashed = pdq(drawn(*size))
    assert (hashed.hash, hashed.quality) == expected


def test_a_smaller_copy_is_near_and_another_picture_is_far() -> None:
    large, small, other = drawn(480, 360, 2), drawn(160, 120, 2), drawn(480, 360, 5)
    words = unpacked([pdq(pixels).hash for pixels in (large, small, other)])
    gaps = np.bitwise_count(words ^ words[0]).sum(axis=1)
    assert gaps[1] <= NEAR < gaps[2]


def test_a_flat_picture_has_no_quality() -> None:
    assert pdq(np.full((100, 80, 3), 200, dtype=np.uint8)).quality == 0


def test_the_quality_is_how_much_changes_between_neighbours() -> None:
    """64 x 64 samples are not smoothed: one edge is 64 steps of 100 %, and 90 of 1 % are worth a point."""
    edge = np.zeros((64, 64), dtype=np.uint8)
    edge[:, 32:] = 255
    assert pdq(edge).quality == 64 * 100 // 90


def test_grey_pictures_and_single_pixels_have_a_hash() -> None:
    grey = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    assert len(pdq(grey).hash) == 64
    assert len(pdq(np.zeros((1, 1, 3), dtype=np.uint8)).hash) == 64


@pytest.mark.parametrize("number", range(8))
def test_a_picture_in_a_mirror_has_the_hash_that_is_foretold(number: int) -> None:
    pixels = np.asarray(collection.drawn(number, (400 + number, 300)))
    words = unpacked([pdq(pixels[:, ::-1]).hash, pdq(pixels).mirrored, pdq(pixels).hash])
    foretold, unturned = np.bitwise_count(words[1:] ^ words[0]).sum(axis=1)
    assert foretold <= NEAR, "some bits: the samples lie half a pixel off the middle of their cells"
    assert unturned > 2 * NEAR
