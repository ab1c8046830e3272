"""Which of many 256-bit hashes lie within a distance of each other: exact, by multi-index hashing. Knows no picture.

A hash is cut into bands. Two hashes that differ in few bits differ in very few bits of at least one band (pigeonhole;
Norouzi, Punjani, Fleet: "Fast Search in Hamming Space with Multi-Index Hashing", 2012; bands that allow different
numbers of bits: Qin and others, "GPH", 2018), so only those that share a band but for these are compared whole.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from math import comb, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 256
MOST = 31
"""The largest distance that is searched: beyond it hashes of unrelated pictures meet."""
_WIDEST = 24
"""Bits of a band: there is a table of all its values."""
_CHUNK = 1 << 16
"""Hashes, or pairs, looked at in one step: what bounds the memory beside the hashes and one band's table."""
_AHEAD = 8
"""Chunks of which the pairs are held before they are asked for."""
_FLIPS = 3
"""Bits of a band that may differ, at most: with more of them each hash looks at thousands of values."""
_LOOK, _COMPARE = 3.0, 6.0
"""What looking a band's value up and comparing two hashes cost, in nanoseconds; their ratio chooses the bands."""
_CROWD = 4096
"""More hashes with one value of a band are searched by their other bits, where that takes fewer comparisons."""
_TRIED = 4096
"""Random pairs of a crowd that tell so."""

_CELL_STEP, _MEAN_STEP = 16, 2.0
"""Levels by which two flat pictures may differ in one cell, and on the whole: what encoders and resizing do."""
_ROWS = 4096
"""Rows compared at a time."""

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Places = NDArray[np.uint32]


def firsts(columns: Sequence[NDArray[np.uint64]]) -> Numbers:
    """Of each row of these columns the first row that is equal to it, itself at most."""
    order = np.lexsort(columns)  # Stable: of equal rows the first stays the first.
    fresh = np.zeros(len(order), dtype=np.bool_)
    fresh[:1] = True
    for column in columns:
        ranked = column.take(order)
        fresh[1:] |= ranked[1:] != ranked[:-1]
    first = np.empty(len(order), dtype=np.int64)
    first[order] = order[fresh][np.cumsum(fresh) - 1]
    return first


def pairs(words: Words, distance: int, threads: int = 0, among: Numbers | None = None) -> Iterator[Numbers]:
    """(n, 3) arrays of (first, second, distance) with first < second, each pair at least once.

    `words` is (number, 4); only the rows `among` (rising) are searched, None: all. ValueError for a distance above 31.
    `threads` 0 takes one per core. The time grows with the power 1.4 of the number of random hashes, the memory with
    the number itself. Hashes that are all near each other cost the square of their number: so many pairs there are. Of
    equal ones it is enough to search the first, see `firsts`.
    """
    if not 0 <= distance <= MOST:
        raise ValueError(f"a distance of 0 to {MOST}, not {distance}")
    rows = np.arange(len(words), dtype=np.uint32) if among is None else among.astype(np.uint32)
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:  # NumPy lets go of Python's lock.
        yield from _searched(pool, words, rows, distance, BITS)


def _searched(pool: ThreadPoolExecutor, words: Words, rows: Places, distance: int, bits: int) -> Iterator[Numbers]:
    """The pairs of hashes in these rows, of which only the first `bits` bits vary."""
    for band in _bands(len(rows), distance, bits):
        table = _Table.of(words, rows, band, bits)
        split = []
        for value in np.unique(table.values[_CROWD:][table.values[_CROWD:] == table.values[:-_CROWD]]).tolist():
            places = table.order[table.starts[value] : table.starts[value + 1]].astype(np.int64)
            crowd, varied = _varied(words[places])
            if _is_split(crowd, distance, varied):
                split.append(value)
                for found in _searched(pool, crowd, np.arange(len(crowd), dtype=np.uint32), distance, varied):
                    yield np.column_stack([np.sort(places[found[:, :2]], axis=1), found[:, 2]])
        waiting: deque[Future[list[Numbers]]] = deque()
        for begin in range(0, len(rows), _CHUNK):
            waiting.append(pool.submit(table.pairs, begin, distance, split))
            if len(waiting) > _AHEAD:
                yield from waiting.popleft().result()
        for done in waiting:
            yield from done.result()
        del table, waiting  # Before the next one is made.


def _varied(words: Words) -> tuple[Words, int]:
    """The same hashes with the bits in which they differ first, and how many those are."""
    same = np.bitwise_or.reduce(words ^ words[0], axis=0).view(np.uint8)
    moved = np.argsort(np.unpackbits(same, bitorder="little") == 0, kind="stable")
    packed = np.empty_like(words)
    for begin in range(0, len(words), _CHUNK):
        some = np.unpackbits(words[begin : begin + _CHUNK].view(np.uint8), axis=1, bitorder="little")
        bits = np.ascontiguousarray(np.packbits(some[:, moved], axis=1, bitorder="little"))
        packed[begin : begin + _CHUNK] = bits.view(np.uint64)
    return packed, int(np.bitwise_count(same).sum())


def _is_split(crowd: Words, distance: int, bits: int) -> bool:
    """Whether bands of these bits save most of the comparisons of a crowd, by a sample of its pairs."""
    if bits < BITS // 2:
        return False
    one, other = np.random.default_rng(0).integers(0, len(crowd), (2, _TRIED))
    differing = crowd[one] ^ crowd[other]
    shared = [np.bitwise_count(band.values(differing)) <= band.flips for band in _bands(len(crowd), distance, bits)]
    return bool(np.sum(shared) < _TRIED / 4)


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

    def others_first(self, bits: int) -> list[int]:
        """The four words of a hash, those without this band and with varying bits first: they tell most."""
        own = {self.start // 64, (self.start + self.width - 1) // 64}
        return sorted(range(4), key=lambda word: (word in own, word * 64 >= bits))


def _bands(count: int, distance: int, bits: int = BITS) -> list[_Band]:
    """The cheapest bands for so many random hashes. If none of them differs in more bits than its flips, the hashes
    differ in no more than these bits together; so the flips and one more of each band must add up to distance + 1."""
    widest = min(bits, max(16, min(_WIDEST, round(log2(max(2, count))) + 2)))
    shapes = [(width, flips) for flips in range(min(_FLIPS, distance) + 1) for width in range(1, widest + 1)]
    costs = np.array([[_cost(count, *shape)] for shape in shapes])
    widths, flips = np.array(shapes).T[:, :, None]
    held = np.arange(bits + 1)
    best = np.full((distance + 2, bits + 1), np.inf)  # Of bands with this sum and no more bits, what they cost,
    last = np.zeros((distance + 2, bits + 1), dtype=np.int64)  # and the shape of one of them.
    best[0] = 0
    for due in range(1, distance + 2):
        rest = np.where((flips < due) & (widths <= held), best[due - 1 - flips, held - widths], np.inf)
        last[due] = (rest + costs).argmin(axis=0)
        best[due] = (rest + costs).min(axis=0)
    bands, due, left = [], distance + 1, bits
    while due:
        width, allowed = shapes[last[due, left]]
        left, due = left - width, due - 1 - allowed
        bands.append(_Band(left, width, allowed))
    return bands


def _cost(count: int, width: int, flips: int) -> float:
    neighbours = sum(comb(width, number) for number in range(flips + 1)) / 2
    return neighbours * count * (_LOOK + count / 2.0**width * _COMPARE)


@dataclass(frozen=True, slots=True)
class _Table:
    """Hashes in the order of their values of a band."""

    band: _Band
    words: Words
    order: Places
    """Rows of the hashes."""
    values: NDArray[np.uint32]
    """Rising."""
    starts: NDArray[np.int32]
    """Where those of each value begin, and where the last ones end."""
    columns: list[Words]
    """The two of the four words of each hash that tell most."""

    @classmethod
    def of(cls, words: Words, rows: Places, band: _Band, bits: int) -> _Table:
        keys = band.values(words)[rows].astype(np.uint64) << np.uint64(32) | rows
        keys.sort()
        order, values = keys.astype(np.uint32), (keys >> np.uint64(32)).astype(np.uint32)
        del keys
        starts = np.zeros((1 << band.width) + 1, dtype=np.int32)
        for begin in range(0, len(values), _CHUNK):
            some = values[begin : begin + _CHUNK]
            starts[some[0] + 1 : some[-1] + 2] += np.bincount(some - some[0])
        np.cumsum(starts, out=starts)
        columns = [words[:, place].take(order) for place in band.others_first(bits)[:2]]
        return cls(band, words, order, values, starts, columns)

    def pairs(self, begin: int, distance: int, split: Sequence[int]) -> list[Numbers]:
        """The near pairs of a chunk of hashes with those of which the band is the same but for its flips.

        Of two hashes only one finds the other. Those that share a value of `split` are left out.
        """
        found = []
        for left, right in self._candidates(begin, split):
            close = np.flatnonzero(_gaps(self.columns, left, right) <= distance)  # Hardly any.
            if not len(close):
                continue
            ends = np.sort(self.order[np.stack([left[close], right[close]], axis=1)], axis=1)
            gap = np.bitwise_count(self.words[ends[:, 0]] ^ self.words[ends[:, 1]]).sum(axis=1)
            near = gap <= distance
            if near.any():
                found.append(np.column_stack([ends[near], gap[near]]).astype(np.int64))
        return found

    def _candidates(self, begin: int, split: Sequence[int]) -> Iterator[tuple[Numbers, Numbers]]:
        values = self.values[begin : begin + _CHUNK].astype(np.int64)
        rows = np.arange(begin, begin + len(values), dtype=np.int64)
        whole = ~np.isin(values, split)
        yield from self._partners(rows[whole], rows[whole] + 1, self.starts[1:].take(values[whole]))
        for high in range(self.band.width if self.band.flips else 0):
            lower = values >> high & 1 == 0  # Of each pair, the one without the bit.
            some, lacking = rows[lower], values[lower]
            for number in range(self.band.flips):
                for bits in combinations(range(high), number):
                    wanted = lacking ^ ((1 << high) + sum(1 << bit for bit in bits))
                    yield from self._partners(some, self.starts.take(wanted), self.starts[1:].take(wanted))

    @staticmethod
    def _partners(rows: Numbers, after: NDArray[Any], ends: NDArray[Any]) -> Iterator[tuple[Numbers, Numbers]]:
        """Each row with all rows from `after` to `ends`, in chunks."""
        while len(left := np.flatnonzero(after < ends)):
            rows, after, ends = rows.take(left), after.take(left).astype(np.int64), ends.take(left)
            step = max(1, _CHUNK // 8 // len(rows))
            if step == 1:
                yield rows, after
            else:
                counts = np.minimum(ends - after, step)
                yield np.repeat(rows, counts), _runs(after, counts)
            after = after + step


def _gaps(columns: Sequence[Words], left: Numbers, right: Numbers) -> NDArray[np.uint16]:
    """Bits in which these of the four words of each pair differ."""
    total = np.zeros(len(left), dtype=np.uint16)
    for column in columns:
        total += np.bitwise_count(column.take(left) ^ column.take(right))
    return total


def _runs(begin: Numbers, counts: Numbers) -> Numbers:
    """begin, begin + 1, ... so many of each."""
    ends = np.cumsum(counts)
    return np.repeat(begin - (ends - counts), counts) + np.arange(ends[-1])


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
