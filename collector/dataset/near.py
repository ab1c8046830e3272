"""Which of many 256-bit hashes lie within a distance of each other: exact, by multi-index hashing. Knows no picture.

A hash is cut into bands. Two hashes that differ in few bits differ in very few bits of at least one band (pigeonhole;
Norouzi, Punjani, Fleet: "Fast Search in Hamming Space with Multi-Index Hashing", 2012; bands that allow different
numbers of bits: Qin and others, "GPH", 2018), so only those that share a band but for these are compared whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from math import comb, exp, log2

import numpy as np
from numpy.typing import NDArray

BITS = 256
MOST = 31
"""The largest distance that is searched: beyond it hashes of unrelated pictures meet."""
_WIDEST = 24
"""Bits of a band: there is a table of all its values."""
_CHUNK = 1 << 16
"""Values, or pairs, looked at in one step: what bounds the memory."""
_LOOK, _COMPARE = 6.0, 14.0
"""What looking a band's value up and comparing two hashes cost, in nanoseconds; their ratio chooses the bands."""

_CELL_STEP, _MEAN_STEP = 16, 2.0
"""Levels by which two flat pictures may differ in one cell, and on the whole: what encoders and resizing do."""
_ROWS = 4096
"""Rows compared at a time."""

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]


def pairs(words: Words, distance: int, threads: int = 0) -> Iterator[Numbers]:
    """(n, 3) arrays of (first, second, distance) with first < second, each pair at least once.

    `words` is (number, 4); ValueError for a distance above 31. `threads` 0 takes one per core. The time grows with
    the power 1.5 of the number of random hashes, the memory with the number itself.
    """
    if not 0 <= distance <= MOST:
        raise ValueError(f"a distance of 0 to {MOST}, not {distance}")
    bands = _bands(len(words), distance)
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:  # NumPy lets go of Python's lock.
        for found in pool.map(lambda band: list(_pairs_of(words, band, distance)), bands):
            yield from found


@dataclass(frozen=True, slots=True)
class _Band:
    start: int
    width: int
    flips: int
    """Bits in which two near hashes may differ here."""

    def values(self, words: Words) -> NDArray[np.uint32]:
        """These bits of every hash as a number."""
        place, shift = divmod(self.start, 64)
        cut = words[:, place] >> np.uint64(shift)
        if shift + self.width > 64:
            cut |= words[:, place + 1] << np.uint64(64 - shift)
        return (cut & np.uint64((1 << self.width) - 1)).astype(np.uint32)

    @property
    def others_first(self) -> list[int]:
        """The four words of a hash, those without this band first: of hashes that share it they tell most."""
        place = self.start // 64
        return [(place + 2) % 4, (place + 3) % 4, place, (place + 1) % 4]


def _bands(count: int, distance: int) -> list[_Band]:
    """The cheapest bands for so many random hashes. With m bands the flips allowed add up to distance - m + 1."""
    widest = max(16, min(_WIDEST, round(log2(max(2, count))) + 2))
    best: tuple[float, list[tuple[int, int]]] = (float("inf"), [])
    for number in range(1, distance + 2):
        flips, more = divmod(distance - number + 1, number)
        for wide in range(1, widest + 1):
            narrow = min(widest, (BITS - wide * more) // (number - more))
            if narrow < 1:
                break
            shapes = [(wide, flips + 1)] * more + [(narrow, flips)] * (number - more)
            best = min(best, (sum(_cost(count, *shape) for shape in shapes), shapes))
    starts = np.cumsum([0, *(width for width, _ in best[1])])
    return [_Band(int(start), *shape) for start, shape in zip(starts, best[1], strict=False)]


def _cost(count: int, width: int, flips: int) -> float:
    values = 2.0**width
    distinct = values * (1 - exp(-count / values))
    neighbours = sum(comb(width, number) for number in range(flips + 1)) / 2
    return neighbours * (distinct * _LOOK + count * count / values * _COMPARE)


def _pairs_of(words: Words, band: _Band, distance: int) -> Iterator[Numbers]:
    """The near pairs that share a band but for its flips."""
    values = band.values(words)
    order = np.argsort(values, kind="stable").astype(np.int32)
    starts = np.zeros((1 << band.width) + 1, dtype=np.int32)
    np.cumsum(np.bincount(values, minlength=1 << band.width), out=starts[1:])
    del values
    columns = [np.ascontiguousarray(words[order, column]) for column in band.others_first]
    for left, right in _neighbours(starts, band):
        close = np.flatnonzero(_gaps(columns[:2], left, right) <= distance)  # Hardly any.
        if not len(close):
            continue
        left, right = left[close], right[close]
        gap = _gaps(columns, left, right)
        near = gap <= distance
        if near.any():
            ends = np.sort(np.stack([order[left[near]], order[right[near]]], axis=1).astype(np.int64), axis=1)
            yield np.column_stack([ends, gap[near]])


def _gaps(columns: Sequence[Words], left: NDArray[np.int32], right: NDArray[np.int32]) -> Numbers:
    """Bits in which these of the four words of each pair differ."""
    total = np.zeros(len(left), dtype=np.int64)
    for column in columns:
        total += np.bitwise_count(column[left] ^ column[right])
    return total


def _neighbours(starts: NDArray[np.int32], band: _Band) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Places of hashes whose values of a band differ in its flips at most, in chunks; of one pair only one.

    `starts`: where the hashes of each value begin, in their order.
    """
    filled = starts[1:] > starts[:-1]
    distinct = np.flatnonzero(filled).astype(np.uint32)
    several = distinct[starts[distinct + 1] - starts[distinct] > 1]
    for left, right in _products(starts, several, several):
        ahead = left < right
        yield left[ahead], right[ahead]
    for high in range(band.width if band.flips else 0):
        lower = distinct[distinct >> np.uint32(high) & np.uint32(1) == 0]  # Of each pair, the one without the bit.
        for number in range(band.flips):
            for bits in combinations(range(high), number):
                mask = np.uint32((1 << high) + sum(1 << bit for bit in bits))
                for begin in range(0, len(lower), _CHUNK):
                    some = lower[begin : begin + _CHUNK]
                    partners = some ^ mask
                    there = np.flatnonzero(filled[partners])
                    yield from _products(starts, some[there], partners[there])


def _products(
    starts: NDArray[np.int32], first: NDArray[np.uint32], second: NDArray[np.uint32]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Every place of each first value with every place of its second value, in chunks."""
    left, right = starts[first], starts[second]
    many, more = starts[first + 1] - left, starts[second + 1] - right
    if not len(first) or (many.max() == 1 and more.max() == 1):
        yield left, right
        return
    left, width, right = _runs(left, many), np.repeat(more, many), np.repeat(right, many)
    edges = np.cumsum(width, dtype=np.int64)
    begin = 0
    while begin < len(left):
        done = int(edges[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(edges, done + _CHUNK, side="right")))
        chunk = slice(begin, end)
        yield np.repeat(left[chunk], width[chunk]), _runs(right[chunk], width[chunk])
        begin = end


def _runs(begin: NDArray[np.int32], counts: NDArray[np.int32]) -> NDArray[np.int32]:
    """begin, begin + 1, ... so many of each."""
    ends = np.cumsum(counts, dtype=np.int32)
    return np.repeat(begin - (ends - counts), counts) + np.arange(ends[-1] if len(ends) else 0, dtype=np.int32)


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


def groups(count: int, found: Iterable[Numbers]) -> list[list[int]]:
    """The connected groups of two and more of so many, each in rising order, by their first member.

    `found` are arrays whose rows begin with two of the numbers that belong together.
    """
    first = components(count, found)
    grouped = np.flatnonzero(np.bincount(first, minlength=count)[first] > 1)
    grouped = grouped[np.argsort(first[grouped], kind="stable")]
    edges = np.flatnonzero(np.diff(first[grouped])) + 1
    return [members.tolist() for members in np.split(grouped, edges)] if len(grouped) else []


def components(count: int, found: Iterable[Numbers]) -> Numbers:
    """Of each of so many the lowest number that it is connected with, itself at most. `found`: see `groups`."""
    first = np.arange(count, dtype=np.int64)
    for block in found:
        ends = block[:, :2]
        while len(ends := ends[first[ends[:, 0]] != first[ends[:, 1]]]):
            tops = np.sort(first[ends], axis=1)
            np.minimum.at(first, tops[:, 1], tops[:, 0])
            while not np.array_equal(first, above := first[first]):
                first = above
    return first


def distances(words: Words, one: int, others: Sequence[int]) -> list[int]:
    """Bits in which one hash differs from others."""
    gap = np.bitwise_count(words[list(others)] ^ words[one]).sum(axis=1)
    return [int(bits) for bits in gap]
