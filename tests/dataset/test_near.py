"""Near pairs are exactly those that comparing every hash with every other finds."""

from __future__ import annotations

import numpy as np
import pytest

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


def test_a_distance_that_cannot_be_kept_exactly_is_refused() -> None:
    with pytest.raises(ValueError, match="a distance of 0 to 31, not 32"):
        next(near.pairs(hashes(3, 1), 32))


def test_groups_are_connected_through_their_members() -> None:
    blocks = iter([np.array([[4, 7, 3], [1, 2, 0]]), np.array([[7, 9, 31], [2, 1, 0]])])
    assert near.groups(10, blocks) == [[1, 2], [4, 7, 9]]
    assert near.groups(3, iter(())) == []


def test_distances_of_one_to_others() -> None:
    words = np.array([[0, 0, 0, 0], [1, 0, 0, 3], [0, 2**64 - 1, 0, 0]], dtype=np.uint64)
    assert near.distances(words, 0, [1, 2, 0]) == [3, 64, 0]
