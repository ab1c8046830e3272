"""Looks at the pictures of the set, and puts into the ledger what the rules decide of them. Decides nothing itself."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import numpy as np

from collector.dataset import dedupe, filter, near, quality, split
from collector.errors import counted
from collector.images import synthetic
from collector.images.hashing import hash_files, portrait, sketch
from collector.images.pdq import RELIABLE, Hashed
from collector.images.processes import FileTrouble, Workers, map_batches, map_files
from collector.ledger import Ledger, Row
from collector.ledger.paths import inside
from collector.ledger.rows import PICTURES
from collector.model import InWords, Verdict

R = TypeVar("R")
_BATCH = 500
"""Pictures whose hashes or scores are kept in one commit: what a stop may cost."""

_SYNTHETIC = "synthetic"
"""What the ledger calls the score of what a picture's bytes say about its making."""
_SCORES: dict[str | None, float] = {None: 1.0, synthetic.COMPOSITE: 0.5, synthetic.TRAINED: 0.0}


@dataclass(frozen=True, slots=True)
class Deduped(InWords):
    """What `dedupe_set` found and decided."""

    pictures: int
    groups: int
    verdicts: tuple[Verdict, ...]
    conflicts: tuple[dedupe.Conflict, ...]
    labelled_further: int
    unreadable: int

    def __str__(self) -> str:
        return (f"{counted(self.pictures, 'picture')}; groups that look the same: {self.groups:,}; label conflicts:"
                f" {len(self.conflicts):,}; left out: {len(self.verdicts):,}")  # fmt: skip


def keep_found(
    ledger: Ledger,
    found: Iterable[tuple[str, R | FileTrouble]],
    keep: Callable[[list[tuple[str, R]]], None],
    tell: Callable[[int], None] = lambda _: None,
) -> list[tuple[str, FileTrouble]]:
    """Keep what was found out about pictures, some hundred in a commit; (sha256, why) of those that cannot be read.

    `tell` is told how many were looked at. May be stopped and begun again.
    """
    source, broken, done = iter(found), list[tuple[str, FileTrouble]](), 0
    while batch := list(islice(source, _BATCH)):
        broken += [(sha256, one) for sha256, one in batch if isinstance(one, FileTrouble)]
        if fine := [(sha256, one) for sha256, one in batch if not isinstance(one, FileTrouble)]:
            with ledger.transaction():
                keep(fine)
        done += len(batch)
        tell(done)
    return broken


def hash_set(ledger: Ledger, folder: Path, tell: Callable[[int, int], None] = lambda *_: None) -> int:
    """Give every picture its PDQ hash that has none; how many could not be read, which become verdicts.

    `tell` is told (done, of how many).
    """
    broken = unhashable(ledger, folder, tell)
    labels = {item.sha256: item.label for item in ledger.dataset.pictures()} if broken else {}
    with ledger.transaction():
        ledger.dataset.decide(
            ("set.unreadable",),
            (Verdict(sha256, labels[sha256], "set.unreadable", str(why)) for sha256, why in broken if sha256 in labels),
        )
    return len(broken)


def unhashable(
    ledger: Ledger, folder: Path, tell: Callable[[int, int], None] = lambda *_: None
) -> list[tuple[str, FileTrouble]]:
    """Give every picture its PDQ hash that has none; (sha256, why) of those that cannot be read."""
    missing = [(sha256, inside(folder, path)) for sha256, path in ledger.alike.unhashed()]

    def keep(found: list[tuple[str, Hashed]]) -> None:
        ledger.alike.remember_hashes((sha256, one.hash, one.quality, one.mirrored) for sha256, one in found)

    return keep_found(ledger, hash_files(missing), keep, lambda done: tell(done, len(missing)))


def _sketch_flat(ledger: Ledger, folder: Path) -> dict[int, bytes]:
    """`Row.id` -> sketch of the pictures that are too flat for hashes; those that have none get one first."""
    files = ((sha256, inside(folder, path)) for sha256, path in ledger.alike.unsketched(RELIABLE))
    keep_found(ledger, map_files(sketch, files), ledger.alike.remember_sketches)
    return ledger.alike.sketches()


def dedupe_set(ledger: Ledger, folder: Path, distance: int, policy: dedupe.Policy,
               tell: Callable[[int, int], None] = lambda *_: None, mirrored: bool = False) -> Deduped:  # fmt: skip
    """Hash what is not hashed, find what looks the same, and enter what is left out. No file is moved.

    `mirrored`: a picture and its mirror image look the same.
    """
    unreadable = hash_set(ledger, folder, tell)
    reasons = ("set.near_duplicate", "set.conflict")
    ids = ledger.alike.ids(reasons)
    decided = dedupe.decide(_groups(ledger, folder, ids, distance, mirrored), policy)
    with ledger.transaction():
        ledger.dataset.decide(reasons, decided.verdicts)
        ledger.dataset.replace_extra_labels(decided.extra_labels)
    return Deduped(
        pictures=len(ids),
        groups=decided.groups,
        verdicts=decided.verdicts,
        conflicts=decided.conflicts,
        labelled_further=len(decided.extra_labels),
        unreadable=unreadable,
    )


def _near_pairs(ledger: Ledger, folder: Path, distance: int, mirrored: bool) -> near.Numbers:
    """See `dedupe.near_ids`: of all pictures, those left out as well; searched once, then kept."""
    sketches = _sketch_flat(ledger, folder)
    if (known := ledger.alike.near_pairs(distance, mirrored)) is not None:
        return known
    pairs = dedupe.near_ids(ledger.alike.read(mirrored=mirrored), distance, mirrored, sketches)
    _give_back()
    with ledger.transaction():
        ledger.alike.remember_pairs(distance, mirrored, pairs)
    return pairs


def _give_back() -> None:
    """What the search's threads have freed, to the system: glibc would keep it beside the processes for pictures."""
    with suppress(OSError, AttributeError, TypeError):  # Other C libraries have no such call, or no need of it.
        ctypes.CDLL(None).malloc_trim(0)


def _groups(ledger: Ledger, folder: Path, ids: near.Numbers, distance: int, mirrored: bool) -> Iterator[dedupe.Group]:
    """Of these pictures those that look the same, within and across labels, and those whose bytes have two labels.

    Only what belongs to a group is read whole, some at a time, and looked at for what is better.
    """
    pairs, copies = _near_pairs(ledger, folder, distance, mirrored), ledger.alike.copies()
    parts = frozenset(one + other - whole for one, other, whole in copies if whole)
    together = dedupe.alike(ids, pairs, copies)
    with Workers(portrait) as workers:
        for some in _portions(together):
            numbers = [number for group in some for number in group]
            rows = {row.id: row for row in ledger.dataset.rows(replace(PICTURES, ids=numbers))}
            looks = ledger.alike.read(ids=numbers)
            seen = workers.map((row.sha256, inside(folder, row.file)) for row in rows.values())
            portraits = {name: body for name, body in seen if isinstance(body, bytes)}
            yield from (dedupe.grouped(looks, group, rows, mirrored, portraits, parts) for group in some)
    grouped = {number for group in together for number in group}
    reasons = ("set.near_duplicate", "set.conflict")
    for row in ledger.dataset.under_two_labels():
        if row.id not in grouped and _open_to(row, reasons):
            yield dedupe.Group((row,), (0,))


def _portions(groups: Sequence[list[int]]) -> Iterator[list[list[int]]]:
    """Groups of some hundred pictures together: enough for all processes, few enough for the memory."""
    some: list[list[int]] = []
    for group in groups:
        some.append(group)
        if sum(map(len, some)) >= _BATCH:
            yield some
            some = []
    if some:
        yield some


def synthetic_set(ledger: Ledger, folder: Path) -> dict[str, str]:
    """sha256 -> how a machine made it, of the saved pictures whose bytes say so; only new files are read."""
    files = ((sha256, inside(folder, path)) for sha256, path in ledger.dataset.unscored(_SYNTHETIC))

    def keep(found: list[tuple[str, str | None]]) -> None:
        ledger.dataset.remember_scores((sha256, _SYNTHETIC, _SCORES[how]) for sha256, how in found)

    keep_found(ledger, map_files(synthetic.marked, files), keep)
    kinds = {score: how for how, score in _SCORES.items() if how is not None}
    found = ledger.dataset.scores(_SYNTHETIC, below=_SCORES[None])
    return {sha256: kinds[score] for sha256, score in found.items() if score in kinds}


def filter_set(ledger: Ledger, folder: Path, limits: filter.Limits) -> tuple[Verdict, ...]:
    """Find what is no use to anybody and enter it as left out. No file is moved."""
    hash_set(ledger, folder)
    made = synthetic_set(ledger, folder)
    looks = ledger.alike.read(filter.REASONS, mirrored=False)
    empty = looks.quality < limits.min_detail
    qualities = dict(zip(looks.ids[empty].tolist(), looks.quality[empty].tolist(), strict=True))
    said = ledger.dataset.reviews()
    items = (item for item in candidates(ledger, filter.REASONS) if said.get((item.sha256, item.label)) != "keep")
    verdicts = filter.judge(items, qualities, _seen(ledger), limits, made)
    with ledger.transaction():
        ledger.dataset.decide(filter.REASONS, verdicts)
    return tuple(verdicts)


@dataclass(frozen=True, slots=True)
class Scored(InWords):
    """What an audit found."""

    measured: int
    """Pictures looked at this time; the scores of others were known."""
    unreadable: int
    verdicts: tuple[Verdict, ...]

    def __str__(self) -> str:
        return f"{counted(self.measured, 'picture')} newly scored; left out for their quality: {len(self.verdicts):,}"


def score_set(ledger: Ledger, folder: Path, thresholds: quality.Thresholds,
              tell: Callable[[int, int], None] = lambda *_: None) -> Scored:  # fmt: skip
    """Score what has no score yet, flag by the thresholds, and enter the flagged as left out. No file is moved.

    Scores are kept: with other thresholds only flags and verdicts are made anew.
    """
    missing = [(sha256, inside(folder, path)) for sha256, path in ledger.dataset.unscored(quality.MEASURED[0])]

    def keep(found: list[tuple[str, quality.Scores]]) -> None:
        ledger.dataset.remember_scores((sha256, *score) for sha256, scores in found for score in scores.items())

    looked_at = map_batches(quality.scored, missing, quality.BATCH)
    broken = keep_found(ledger, looked_at, keep, lambda done: tell(done, len(missing)))
    with ledger.transaction():
        sizes = quality.size_scores(ledger.dataset.pixel_sizes())
        ledger.dataset.remember_scores((sha256, "odd_size", score) for sha256, score in sizes)
        ledger.dataset.flag(thresholds.pairs())
        said = ledger.dataset.reviews()
        flagged = dict(ledger.dataset.flagged())
        items = (item for item in candidates(ledger, ("set.quality",)) if item.sha256 in flagged)
        labels = {item.sha256: item.label for item in items if said.get((item.sha256, item.label)) != "keep"}
        verdicts = tuple(
            Verdict(sha256, labels[sha256], "set.quality", ", ".join(f"{issue} {score:.2f}" for issue, score in issues))
            for sha256, issues in flagged.items()
            if sha256 in labels
        )
        ledger.dataset.decide(("set.quality",), verdicts)
    return Scored(len(missing) - len(broken), len(broken), verdicts)


def _seen(ledger: Ledger) -> dict[str, filter.Sightings]:
    seen: dict[str, filter.Sightings] = {}
    for sha256, rows in groupby(ledger.dataset.sightings(), key=lambda row: row[0]):
        places = [(url, keyword) for _, url, keyword in rows]
        hosts = {urlsplit(url).netloc for url, _ in places}
        seen[sha256] = filter.Sightings(len(places), len(hosts), len({keyword for _, keyword in places}))
    return seen


@dataclass(frozen=True, slots=True)
class Split(InWords):
    """How a set was split."""

    counts: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    """(label, ((split, pictures), ...)), by label."""
    kept: int
    """Pictures that had a split already."""
    leaks: split.Leaks

    def __str__(self) -> str:
        return "\n".join(
            f"{label}: {', '.join(f'{name} {count:,}' for name, count in own)}" for label, own in self.counts
        )


def split_set(ledger: Ledger, folder: Path, scheme: split.Scheme, distance: int,
              mirrored: bool = False) -> Split:  # fmt: skip
    """Give every picture of the set its split and keep it; those that have one keep it."""
    hash_set(ledger, folder)
    names = [name for name, _ in scheme.sizes]
    members = ledger.splits.members(scheme.name, names)
    pairs = _near_pairs(ledger, folder, distance, mirrored)
    together = split.clusters(members, [pairs, dedupe.ids_of(ledger.alike.copies())])
    given = split.assign(together, scheme)
    new = np.flatnonzero(members.given < 0).tolist()
    with ledger.transaction():
        ledger.splits.remember(scheme.name, ((members.sha256(place), names[given[place]]) for place in new))
    counts = np.zeros((len(members.names), len(names)), dtype=np.int64)
    np.add.at(counts, (members.labels, given), 1)
    rows = sorted(
        (label, tuple(zip(names, row, strict=True))) for label, row in zip(members.names, counts.tolist(), strict=True)
    )
    return Split(tuple(rows), len(members) - len(new), split.leaks(together, scheme))


def candidates(ledger: Ledger, reasons: Sequence[str]) -> Iterator[Row]:
    """The pictures a rule may decide about: all but those left out for other reasons than its own."""
    return (row for row in ledger.dataset.pictures() if _open_to(row, reasons))


def _open_to(row: Row, reasons: Sequence[str]) -> bool:
    return row.left_out is None or row.left_out in reasons
