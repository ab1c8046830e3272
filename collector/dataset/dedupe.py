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
) -> Iterator[near.Numbers]:
    """(n, 2) arrays of `Row.id`s of pictures that look the same: within `distance` bits of each other.

    The hashes of flat pictures say little: they are compared by their `sketches` (id -> sketch), with each other only.
    With `mirrored` a picture and its mirror image look the same, too.
    """
    sound = np.flatnonzero(looks.quality >= RELIABLE)
    if len(sound):
        sure = len(sound) == len(looks)
        words = looks.words if sure else looks.words[sound]
        turned = looks.mirrored if sure else looks.mirrored[sound]
        for block in _pairs(words, turned if mirrored else None, distance):
            yield looks.ids[sound[block[:, :2]]]
    known = sketches or {}
    flat = [number for number in looks.ids[looks.quality < RELIABLE].tolist() if number in known]
    if flat:
        cells = np.frombuffer(b"".join(known[number] for number in flat), dtype=np.uint8)
        for block in near.close(cells.reshape(len(flat), -1)):
            yield np.array(flat, dtype=np.int64)[block]


def alike(ids: near.Numbers, found: Iterable[near.Numbers], copies: Copies = ()) -> list[list[int]]:
    """Of these ids (rising) those of pictures that look the same: connected groups, in the order of their first ones.

    `found`: see `near_ids`; pairs of others do not matter. `copies` look the same whatever their hashes say.
    """
    made = np.array([(one, other) for one, other, _ in copies], dtype=np.int64).reshape(-1, 2)
    pairs = ids[np.concatenate([places_of(ids, block) for block in chain(found, [made])])]
    members, places = np.unique(pairs, return_inverse=True)
    return [members[group].tolist() for group in near.groups(len(members), [places.reshape(-1, 2)])]


def places_of(ids: near.Numbers, pairs: near.Numbers) -> near.Numbers:
    """The pairs of which both are among `ids` (rising), as places there."""
    if not len(ids):
        return np.zeros((0, 2), dtype=np.int64)
    places: near.Numbers = np.searchsorted(ids, pairs).clip(max=len(ids) - 1)
    both: NDArray[np.bool_] = (ids[places] == pairs).all(axis=1)
    return places[both]


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


def _pairs(words: near.Words, turned: near.Words | None, distance: int) -> Iterator[NDArray[np.int64]]:
    """Near pairs of the pictures, and of pictures and mirror images."""
    if turned is None:
        yield from near.pairs(words, distance)
        return
    for block in near.pairs(np.vstack([words, turned]), distance):
        yield np.column_stack([block[:, :2] % len(words), block[:, 2]])


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
