"""Near-duplicates and label conflicts: which pictures to leave out of the set, by stated rules. Pure; moves no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from collector.dataset import near
from collector.dataset.merit import Merit, merits
from collector.images.pdq import RELIABLE
from collector.ledger import Looks, Row
from collector.model import Verdict

_PAIRS = 1_000_000
"""Pairs held before those that are there twice are dropped."""

Policy = Literal["list", "drop", "best", "multi"]
"""What becomes of a picture with two labels: list: nothing, it is told; drop: left out under each; best: kept under
the label that found it at the best rank; multi: kept once, with every label."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that look the same."""

    members: tuple[Row, ...]
    """The one to keep first, then by the same rule."""
    distances: tuple[int, ...]
    """Bits in which each differs from the first."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Every class that one of them belongs to, sorted."""
        return tuple(sorted({label for item in self.members for label in (item.label, *item.other_labels)}))


@dataclass(frozen=True, slots=True)
class Conflict:
    """A group under more than one label, as far as it is told: a set may have very many."""

    labels: tuple[str, ...]
    files: tuple[Path, ...]
    """Relative to the output folder, the one to keep first."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What the rules make of the groups."""

    verdicts: tuple[Verdict, ...]
    extra_labels: tuple[tuple[str, str, str], ...]
    """(sha256, label, reason) of pictures that get a further class."""
    conflicts: tuple[Conflict, ...]
    """Groups under more than one label, whatever became of them, the oldest first."""
    groups: int
    """How many of more than one picture there were."""


def preference(item: Row, merit: Merit) -> tuple[Merit, int, bool, int, int, int]:
    """Sorts the best first: by merit, then the best rank, a landing page, most pixels, most bytes, the oldest."""
    return (merit, item.rank, not item.page, -item.width * item.height, -item.bytes, item.id)


Copies = Sequence[tuple[int, int, int]]
"""(`Row.id`, that of another, that of the one which shows more, 0 for neither): pictures made of each other."""


def near_ids(
    looks: Looks, distance: int, mirrored: bool = False, sketches: Mapping[int, bytes] | None = None
) -> near.Numbers:
    """(n, 2) `Row.id`s of pictures that look the same, sorted, each pair once; see `places_of` for what they join.

    (a, b) with a < b: within `distance` bits of each other. (b, a): the hash of b is that of a, which is the first one
    that has it and alone is compared with others: of many equal ones not every pair is told.
    The hashes of flat pictures say little: they are compared by their `sketches` (id -> sketch), with each other only.
    With `mirrored` a picture and its mirror image look the same, too.
    """
    sides = (looks.words, looks.mirrored) if mirrored else (looks.words,)
    pairs = np.zeros(0, dtype=np.uint64)
    waiting, held = list[NDArray[np.uint64]](), 0
    for block in chain(_near_rows(sides, np.flatnonzero(looks.quality >= RELIABLE), distance), _flat(looks, sketches)):
        waiting.append(block[:, 0].astype(np.uint64) << np.uint64(32) | block[:, 1].astype(np.uint64))
        held += len(block)
        if held > len(pairs) + _PAIRS:  # The same pair is found in several ways.
            pairs, waiting, held = np.unique(np.concatenate([pairs, *waiting])), [], 0
    pairs = np.unique(np.concatenate([pairs, *waiting]))
    return looks.ids[np.stack([pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)]


def _near_rows(sides: Sequence[near.Words], sound: near.Numbers, distance: int) -> Iterator[near.Numbers]:
    """The pairs among these rows, as `near_ids` has them. `sides`: hashes, and those of the mirror images if wanted."""
    first = sound[near.firsts([column for side in sides for column in side[sound].T])]
    alone = first == sound
    yield np.column_stack([sound, first])[~alone]
    among = sound[alone]
    if len(sides) == 1:
        yield from near.pairs(sides[0], distance, among=among)
        return
    count = len(sides[0])
    for block in near.pairs(np.vstack(sides), distance, among=np.concatenate([among, among + count])):
        yield np.sort(block[:, :2] % count, axis=1)


def _flat(looks: Looks, sketches: Mapping[int, bytes] | None) -> Iterator[near.Numbers]:
    """The pairs of flat pictures by their sketches."""
    known = sketches or {}
    flat = [row for row in np.flatnonzero(looks.quality < RELIABLE).tolist() if int(looks.ids[row]) in known]
    first: dict[bytes, int] = {}
    same = [(row, first.setdefault(known[int(looks.ids[row])], row)) for row in flat]
    yield np.array([(row, other) for row, other in same if row != other], dtype=np.int64).reshape(-1, 2)
    if first:
        rows = np.array(list(first.values()), dtype=np.int64)
        for block in near.close(np.frombuffer(b"".join(first), dtype=np.uint8).reshape(len(first), -1)):
            yield rows[block]


def alike(ids: near.Numbers, pairs: near.Numbers, copies: Copies = ()) -> list[list[int]]:
    """Of these ids (rising) those of pictures that look the same: connected groups, in the order of their first ones.

    `pairs`: see `near_ids`. `copies` look the same whatever their hashes say.
    """
    joined = ids[np.concatenate([places_of(ids, pairs), places_of(ids, ids_of(copies))])]
    members, places = np.unique(joined, return_inverse=True)
    return [members[group].tolist() for group in near.groups(len(members), [places.reshape(-1, 2)])]


def ids_of(copies: Copies) -> near.Numbers:
    """(n, 2) `Row.id`s, each pair rising."""
    pairs = np.array([pair[:2] for pair in copies], dtype=np.int64).reshape(-1, 2)
    return np.sort(pairs, axis=1)


def places_of(ids: near.Numbers, pairs: near.Numbers) -> near.Numbers:
    """What joins those that are among `ids` (rising), as pairs of places there. `pairs`: see `near_ids`.

    Pairs of others do not matter; where one stands for its equals and is not among them, the first that is stands in.
    """
    if not len(ids):
        return np.zeros((0, 2), dtype=np.int64)
    places: near.Numbers = np.searchsorted(ids, pairs).clip(max=len(ids) - 1)
    there: NDArray[np.bool_] = ids[places] == pairs
    orphans = (pairs[:, 0] > pairs[:, 1]) & there[:, 0] & ~there[:, 1]
    if orphans.any():
        absent, at = np.unique(pairs[orphans, 1], return_index=True)
        meant = np.searchsorted(absent, pairs).clip(max=len(absent) - 1)
        replaced = absent[meant] == pairs
        places = np.where(replaced, places[orphans, 0][at][meant], places)
        there |= replaced
    return places[there.all(axis=1)]


def grouped(
    looks: Looks,
    ids: Sequence[int],
    rows: Mapping[int, Row],
    mirrored: bool = False,
    portraits: Mapping[str, bytes] | None = None,
    parts: frozenset[int] = frozenset(),
) -> Group:
    """One of these groups, the picture to keep first. `looks` and `rows` have its members; `portraits`: see `merits`.

    `parts`: ids of pictures that show a part of another one, which is kept before them.
    """
    members = [rows[number] for number in ids]
    found = dict(zip(ids, merits(members, portraits or {}), strict=True))
    ordered = sorted(members, key=lambda row: (row.id in parts, preference(row, found[row.id])))
    places = np.searchsorted(looks.ids, [row.id for row in ordered]).tolist()
    gaps = near.distances(looks.words, places[0], places)
    if mirrored:
        seen = np.vstack([looks.words[places[:1]], looks.mirrored[places]])
        gaps = [min(both) for both in zip(gaps, near.distances(seen, 0, range(1, len(seen))), strict=True)]
    return Group(tuple(ordered), tuple(gaps))


def decide(found: Iterable[Group], policy: Policy) -> Decided:
    """Conflicts first, by the policy; then of each group's pictures under one label all but the best.

    A group is let go of once it is decided.
    """
    verdicts: list[Verdict] = []
    extra: list[tuple[str, str, str]] = []
    conflicts: list[tuple[int, Conflict]] = []
    groups = 0
    for group in found:
        members, labels = group.members, group.labels
        groups += len(members) > 1
        if len(labels) > 1:
            conflicts.append((members[0].id, Conflict(labels, tuple(item.file for item in members))))
            if policy != "list":
                out, members = _resolved(group, policy)
                verdicts += out
            if policy == "multi":
                extra += [(members[0].sha256, label, "set.conflict") for label in labels if label != members[0].label]
        verdicts += _repeated(members, group)
    told = tuple(conflict for _, conflict in sorted(conflicts))
    return Decided(tuple(verdicts), tuple(extra), told, groups)


def _resolved(group: Group, policy: Policy) -> tuple[list[Verdict], tuple[Row, ...]]:
    """(what a conflict costs, who is left)."""
    labels = ", ".join(group.labels)
    if policy == "drop":
        return [Verdict(item.sha256, item.label, "set.conflict", labels) for item in group.members], ()
    if policy == "multi":
        first, *others = group.members
        out = [Verdict(item.sha256, item.label, "set.near_duplicate", labels, first.sha256) for item in others]
        return out, (first,)
    winner = min(enumerate(group.members), key=lambda pair: (pair[1].rank, pair[0]))[1].label
    kept = tuple(item for item in group.members if item.label == winner)
    lost = [item for item in group.members if item.label != winner]
    return [Verdict(item.sha256, item.label, "set.conflict", labels, kept[0].sha256) for item in lost], kept


def _repeated(members: Sequence[Row], group: Group) -> list[Verdict]:
    """All but the best under each label."""
    gaps = {item.id: gap for item, gap in zip(group.members, group.distances, strict=True)}
    first: dict[str, Row] = {}
    verdicts = []
    for item in members:
        best = first.setdefault(item.label, item)
        if best is not item:
            bits = gaps[item.id]
            same = "made of the same picture (matching points)"
            detail = f"{bits} of 256 bits from the group's best" if bits <= near.MOST else same
            verdicts.append(Verdict(item.sha256, item.label, "set.near_duplicate", detail, best.sha256))
    return verdicts
