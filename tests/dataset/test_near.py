"""Near pairs are exactly those that comparing every hash with every other finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from collector.dataset import near
from collector.dataset.near import Words


def hashes(count: int, copies: int, seed: int = 1) -> Words:
    """Random ones, and copies of some with up to 40 flipped bits."""
    dice = np.random.default_rng(seed)
    words = dice.integers(0, 2**64, (count, 4), dtype=np.uint64)
    for number in range(count - copies, count):
        words[number] = words[dice.integers(0, count - copies)]
        for bit in dice.choice(256, dice.integers(0, 41), replace=False):
            words[number, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    return words


def by_comparing_all(words: Words, distance: int) -> set[tuple[int, int, int]]:
    found = set()
    for first in range(len(words)):
        gap = np.bitwise_count(words[first + 1 :] ^ words[first]).sum(axis=1)
        found |= {(first, first + 1 + int(place), int(gap[place])) for place in np.flatnonzero(gap <= distance)}
    return found


def found(words: Words, distance: int) -> set[tuple[int, int, int]]:
    return {tuple(pair) for block in near.pairs(words, distance) for pair in block.tolist()}


@pytest.mark.parametrize("distance", [0, 1, 15, 16, 31])
def test_every_near_pair_is_found_and_no_other(distance: int) -> None:
    words = hashes(1500, 600)
    expected = by_comparing_all(words, distance)
    assert found(words, distance) == expected
    assert expected


def test_pictures_that_all_look_alike_cost_time_but_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_CHUNK", 1000)
    words = np.zeros((300, 4), dtype=np.uint64)
    blocks = list(near.pairs(words, 31))
    assert max(len(block) for block in blocks) <= 1000
    assert {tuple(pair) for block in blocks for pair in block.tolist()} == by_comparing_all(words, 31)


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(2, 120),
    shared=st.integers(0, 200),
    distance=st.sampled_from([0, 3, 15, 31]),
)
@settings(max_examples=40, deadline=None)
def test_pairs_of_crowds_are_those_of_comparing_all(seed: int, count: int, shared: int, distance: int) -> None:
    """Most hashes share their first bits, as those of pictures of nearly nothing do; some are equal."""
    words = hashes(count, count // 3, seed)
    alike = np.arange(256) < shared
    bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
    bits[: count // 2, alike] = bits[0, alike]
    words = np.ascontiguousarray(np.packbits(bits, axis=1, bitorder="little")).view(np.uint64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near, "_CROWD", 4)
        patch.setattr(near, "_CHUNK", 16)
        assert found(words, distance) == by_comparing_all(words, distance)


def compared(words: Words, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pairs each step compared."""
    sizes: list[int] = []
    gaps = near._gaps

    def counted(columns: Sequence[Words], left: near.Numbers, right: near.Numbers) -> NDArray[np.uint16]:
        sizes.append(len(left))
        return gaps(columns, left, right)

    monkeypatch.setattr(near, "_gaps", counted)
    assert found(words, 31) == by_comparing_all(words, 31)
    return sizes


def test_a_crowd_in_one_band_is_searched_by_its_other_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    words = hashes(3000, 30)
    words[:2000, 0] = words[0, 0]
    plain = sum(compared(words, monkeypatch))
    monkeypatch.setattr(near, "_CROWD", 500)
    assert sum(compared(words, monkeypatch)) < plain / 10


def test_no_step_gathers_more_than_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_CHUNK", 256)
    words = hashes(1500, 600)
    words[:700, 0] = words[0, 0]
    words[:100] = words[0]
    assert max(compared(words, monkeypatch)) <= 256


def test_a_distance_that_cannot_be_kept_exactly_is_refused() -> None:
    with pytest.raises(ValueError, match="a distance of 0 to 31, not 32"):
        next(near.pairs(hashes(3, 1), 32))


def test_groups_are_connected_through_their_members() -> None:
    blocks = iter([np.array([[4, 7, 3], [1, 2, 0]]), np.array([[7, 9, 31], [2, 1, 0]])])
    assert near.groups(10, blocks) == [[1, 2], [4, 7, 9]]
    assert near.groups(3, iter(())) == []
    assert near.groups(5, [np.array([[0, 4], [1, 4], [2, 4], [3, 4]])]) == [[0, 1, 2, 3, 4]], "each by the last alone"


def test_distances_of_one_to_others() -> None:
    words = np.array([[0, 0, 0, 0], [1, 0, 0, 3], [0, 2**64 - 1, 0, 0]], dtype=np.uint64)
    assert near.distances(words, 0, [1, 2, 0]) == [3, 64, 0]


def test_the_first_of_equal_rows() -> None:
    words = np.array([[1, 2], [1, 3], [1, 2], [0, 0], [1, 3], [1, 2]], dtype=np.uint64)
    assert near.firsts(list(words.T)).tolist() == [0, 1, 0, 3, 1, 0]
    assert near.firsts(list(words[:0].T)).tolist() == []


def test_only_some_rows_are_searched() -> None:
    words = hashes(1500, 600)
    among = np.arange(0, 1500, 3)
    found = {tuple(pair) for block in near.pairs(words, 31, among=among) for pair in block.tolist()}
    assert found == {pair for pair in by_comparing_all(words, 31) if pair[0] % 3 == pair[1] % 3 == 0}
    assert found


@given(count=st.integers(1, 10**8), distance=st.integers(0, near.MOST), bits=st.integers(near.BITS // 2, near.BITS))
@settings(max_examples=30, deadline=None)
def test_bands_lie_apart_and_miss_no_pair(count: int, distance: int, bits: int) -> None:
    """Pigeonhole: hashes that exceed the flips of every band differ in one bit more than the distance at least."""
    bands = sorted(near._bands(count, distance, bits), key=lambda band: band.start)
    ends = [0, *(band.start + band.width for band in bands)]
    assert all(end <= band.start for end, band in zip(ends, bands, strict=False))
    assert ends[-1] <= bits
    assert sum(band.flips + 1 for band in bands) == distance + 1
    assert all(band.flips < band.width for band in bands)
