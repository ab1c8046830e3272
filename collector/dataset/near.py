"""Which of many 256-bit hashes lie within a distance of each other: exact, by multi-index hashing. Knows no picture.

Two hashes that differ in at most 31 of 256 bits differ in at most one bit of at least one of 16 bands of 16 bits
(pigeonhole; Norouzi, Punjani, Fleet: "Fast Search in Hamming Space with Multi-Index Hashing", 2012), so only those that
share a band but for one bit are compared whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

BANDS = 16
MOST = 2 * BANDS - 1
"""The largest distance for which one flipped bit a band is enough."""
_VALUES = 1 << 16
_CHUNK = 500_000
"""Pairs compared at a time: what bounds the memory."""

_CELL_STEP, _MEAN_STEP = 16, 2.0
"""Levels by which two flat pictures may differ in one cell, and on the whole: what encoders and resizing do."""
_ROWS = 4096
"""Rows compared at a time."""

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]


def pairs(words: Words, distance: int) -> Iterator[NDArray[np.int64]]:
    """(n, 3) arrays of (first, second, distance) with first < second, each pair at least once.

    `words` is (number, 4); ValueError for a distance above 31.
    """
    if not 0 <= distance <= MOST:
        raise ValueError(f"a distance of 0 to {MOST}, not {distance}")
    bands = np.ascontiguousarray(words).view(np.uint16).reshape(-1, BANDS)
    for band in range(BANDS):
        order = np.argsort(bands[:, band], kind="stable").astype(np.int64)
        counts = np.bincount(bands[:, band], minlength=_VALUES).astype(np.int64)
        starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
        columns = [np.ascontiguousarray(words[order, column]) for column in range(words.shape[1])]
        apart = 2 if band < BANDS // 2 else 0  # The two words without this band tell most.
        for flip in (0, *(1 << bit for bit in range(16))) if distance >= BANDS else (0,):
            for left, right in _neighbours(starts, counts, flip):
                close = _gaps(columns[apart : apart + 2], left, right) <= distance
                left, right = left[close], right[close]  # Hardly any is left by now.
                gap = _gaps(columns, left, right)
                near = gap <= distance
                if near.any():
                    ends = np.sort(np.stack([order[left[near]], order[right[near]]], axis=1), axis=1)
                    yield np.column_stack([ends, gap[near]])


def _gaps(columns: Sequence[Words], left: Numbers, right: Numbers) -> Numbers:
    """Bits in which these of the four words of each pair differ."""
    total = np.zeros(len(left), dtype=np.int64)
    for column in columns:
        total += np.bitwise_count(column[left] ^ column[right])
    return total


def close(cells: NDArray[np.uint8]) -> Iterator[NDArray[np.int64]]:
    """(n, 2) arrays of rows of `cells` that are nearly the same in every cell: for pictures that are flat.

    Rows are compared with those whose mean is nearly theirs, in the order of the means.
    """
    means = cells.mean(axis=1, dtype=np.float64)
    order = np.argsort(means, kind="stable").astype(np.int64)
    ends = np.searchsorted(means[order], means[order] + _MEAN_STEP, side="right")
    ranked = cells[order]
    for place, end in enumerate(ends.tolist()):
        for start in range(place + 1, end, _ROWS):
            steps = np.abs(ranked[start : min(end, start + _ROWS)].astype(np.int16) - ranked[place].astype(np.int16))
            same = np.flatnonzero((steps.max(axis=1) <= _CELL_STEP) & (steps.mean(axis=1) <= _MEAN_STEP))
            if len(same):
                pairs = np.column_stack([np.full(len(same), order[place]), order[start + same]])
                yield np.sort(pairs, axis=1)


def groups(count: int, found: Iterable[NDArray[np.int64]]) -> list[list[int]]:
    """The connected groups of two and more of so many, each in rising order, by their first member.

    `found` are arrays whose rows begin with two of the numbers that belong together.
    """
    parent = list(range(count))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for block in found:
        for first, second in np.unique(block[:, :2], axis=0).tolist():
            one, other = root(first), root(second)
            if one != other:
                parent[max(one, other)] = min(one, other)
    members: dict[int, list[int]] = {}
    for number in range(count):
        if (top := root(number)) != number:
            members.setdefault(top, [top]).append(number)
    return [members[top] for top in sorted(members)]


def distances(words: Words, one: int, others: Sequence[int]) -> list[int]:
    """Bits in which one hash differs from others."""
    gap = np.bitwise_count(words[list(others)] ^ words[one]).sum(axis=1)
    return [int(bits) for bits in gap]


def _neighbours(starts: Numbers, counts: Numbers, flip: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Places of hashes whose bands are equal but for the flipped bit, in chunks; of one and the same pair only one."""
    values = np.flatnonzero(counts)
    partners = values ^ flip
    keep = (counts[partners] > 0) & (values < partners) if flip else counts[values] > 1
    values, partners = values[keep], partners[keep]
    sizes = counts[values] * counts[partners]
    edges = np.cumsum(sizes)
    begin = 0
    while begin < len(values):
        done = edges[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(edges, done + _CHUNK, side="right")))
        chunk = slice(begin, end)
        first, second = values[chunk], partners[chunk]
        for left, right in _products(starts[first], counts[first], starts[second], counts[second]):
            ahead = slice(None) if flip else left < right
            yield left[ahead], right[ahead]
        begin = end


def _products(
    first: Numbers, first_count: Numbers, second: Numbers, second_count: Numbers
) -> Iterator[tuple[Numbers, Numbers]]:
    """Every place of each first run with every place of its second run. A huge product comes in pieces."""
    sizes = first_count * second_count
    if len(sizes) == 1 and sizes[0] > _CHUNK:
        rows = max(1, _CHUNK // int(second_count[0]))
        for start in range(0, int(first_count[0]), rows):
            left = np.arange(start, min(start + rows, int(first_count[0])))
            right = np.arange(int(second_count[0]))
            yield (
                np.repeat(first[0] + left, len(right)),
                np.tile(second[0] + right, len(left)),
            )
        return
    inside = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    width = np.repeat(second_count, sizes)
    yield np.repeat(first, sizes) + inside // width, np.repeat(second, sizes) + inside % width
