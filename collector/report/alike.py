"""Groups of pictures that look the same, and pictures under two labels, few enough to be shown. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from collector.dataset import near
from collector.images.pdq import NEAR, RELIABLE, unpacked
from collector.ledger import Ledger, Row

MOST = 200_000
"""Hashed pictures up to which a report looks for groups itself: some seconds. `collector dedupe` has no such bound."""
ROWS = 12
MEMBERS = 8


@dataclass(frozen=True, slots=True)
class Alike:
    """What looks the same."""

    hashed: int
    """Pictures with a hash; 0 when nobody ran `dedupe`, `junk` or `split` yet."""
    looked: bool
    groups: int
    conflicts: int
    """Groups under more than one label, and single pictures found with the very same bytes under another one."""
    rows: tuple[tuple[Row, ...], ...]
    """The largest groups under one label, cut to eight pictures each."""
    conflict_rows: tuple[tuple[tuple[str, ...], tuple[Row, ...]], ...]
    """(labels, pictures)."""


def alike(ledger: Ledger, distance: int = NEAR) -> Alike:
    """Groups by the hashes that the ledger has; nothing is hashed for this."""
    both = ledger.dataset.under_two_labels()
    names, words = [], []
    for sha256, text, quality in ledger.dataset.hashes():
        if quality >= RELIABLE:
            names.append(sha256)
            words.append(text)
        if len(names) > MOST:
            return Alike(len(names), False, 0, len(both), (), _exact(ledger, both, ROWS))
    found = near.groups(len(names), near.pairs(unpacked(words), distance)) if names else []
    found.sort(key=lambda group: (-len(group), group[0]))
    rows: list[tuple[Row, ...]] = []
    conflicts: list[tuple[tuple[str, ...], tuple[Row, ...]]] = []
    grouped: set[str] = set()
    mixed = groups = 0
    for group in found:
        shas = [names[number] for number in group]
        labels = tuple(sorted({label for sha256 in shas for label in ledger.dataset.labels_of(sha256)}))
        groups += 1
        if len(labels) > 1:
            mixed += 1
            grouped.update(shas)
        if len(rows if len(labels) < 2 else conflicts) >= ROWS:
            continue
        members = _members(ledger, shas)
        if len(members) < 2:
            groups, mixed = groups - 1, mixed - (len(labels) > 1)
        elif len(labels) > 1:
            conflicts.append((labels, members))
        else:
            rows.append(members)
    alone = [sha256 for sha256 in both if sha256 not in grouped]
    conflicts += _exact(ledger, alone, ROWS - len(conflicts))
    return Alike(len(names), True, groups, mixed + len(alone), tuple(rows), tuple(conflicts))


def _members(ledger: Ledger, shas: list[str]) -> tuple[Row, ...]:
    """Those that are still there, the one that is kept first, then the largest."""
    there = [one for one in (ledger.dataset.picture(sha256) for sha256 in shas[: 4 * MEMBERS]) if one is not None]
    there.sort(key=lambda one: (one.left_out is not None, -one.width * one.height, -one.bytes, one.sha256))
    return tuple(there[:MEMBERS])


def _exact(ledger: Ledger, shas: list[str], most: int) -> tuple[tuple[tuple[str, ...], tuple[Row, ...]], ...]:
    found = ((ledger.dataset.labels_of(sha256), ledger.dataset.picture(sha256)) for sha256 in shas[: max(0, most)])
    return tuple((labels, (one,)) for labels, one in found if one is not None and len(labels) > 1)
