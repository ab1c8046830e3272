"""Groups of pictures that look the same, and pictures under two labels, few enough to be shown. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from collector.dataset import dedupe
from collector.images.pdq import NEAR, RELIABLE
from collector.ledger import Ledger, Row
from collector.ledger.looks import Looks
from collector.ledger.rows import PICTURES

MOST = 200_000
"""Hashed pictures up to which a report looks for groups itself: some seconds. `collector dedupe` has no such bound."""
ROWS = 12
MEMBERS = 8


@dataclass(frozen=True, slots=True)
class Alike:
    """What looks the same."""

    hashed: int
    """Pictures with a hash; 0 when nobody ran `dedupe`, `filter` or `split` yet."""
    looked: bool
    groups: int
    conflicts: int
    """Groups under more than one label, and single pictures found with the very same bytes under another one."""
    rows: tuple[tuple[Row, ...], ...]
    """The largest groups under one label, cut to eight pictures each."""
    conflict_rows: tuple[tuple[tuple[str, ...], tuple[Row, ...]], ...]
    """(labels, pictures)."""


def groups_of(ledger: Ledger, looks: Looks, distance: int = NEAR) -> list[list[int]]:
    """`Row.id`s of pictures that look the same, the largest groups first."""
    near = dedupe.near_ids(looks, distance, sketches=ledger.alike.sketches())
    return sorted(dedupe.alike(looks.ids, near, ledger.alike.copies()), key=lambda one: (-len(one), one[0]))


def alike(ledger: Ledger, distance: int = NEAR) -> Alike:
    """Groups by the hashes that the ledger has; nothing is hashed for this."""
    both = list(ledger.dataset.under_two_labels())
    hashed = ledger.alike.hashed(RELIABLE)
    if hashed > MOST:
        return Alike(hashed, False, 0, len(both), (), _exact(both[:ROWS]))
    rows: list[tuple[Row, ...]] = []
    conflicts: list[tuple[tuple[str, ...], tuple[Row, ...]]] = []
    grouped: set[int] = set()
    mixed = 0
    groups = groups_of(ledger, ledger.alike.read(mirrored=False), distance)
    for numbers in groups:
        members = list(ledger.dataset.rows(replace(PICTURES, ids=numbers)))
        labels = tuple(sorted({label for row in members for label in (row.label, *row.other_labels)}))
        if len(labels) > 1:
            mixed += 1
            grouped.update(row.id for row in members)
            if len(conflicts) < ROWS:
                conflicts.append((labels, _best(members)))
        elif len(rows) < ROWS:
            rows.append(_best(members))
    alone = [row for row in both if row.id not in grouped]
    conflicts += _exact(alone[: ROWS - len(conflicts)])
    return Alike(hashed, True, len(groups), mixed + len(alone), tuple(rows), tuple(conflicts))


def _best(members: list[Row]) -> tuple[Row, ...]:
    """The one that is kept first, then the largest."""
    members.sort(key=lambda one: (one.left_out is not None, -one.width * one.height, -one.bytes, one.sha256))
    return tuple(members[:MEMBERS])


def _exact(rows: list[Row]) -> tuple[tuple[tuple[str, ...], tuple[Row, ...]], ...]:
    return tuple((tuple(sorted((row.label, *row.other_labels))), (row,)) for row in rows)
