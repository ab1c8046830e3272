"""What became of every URL of a store: sums that close, or the names of what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec

from collector.cluster.partitions import Plan
from collector.cluster.piece import TO_DO, Marker, markers
from collector.cluster.settle import SET, settled
from collector.cluster.store import Store
from collector.dataset.formats import arrow
from collector.errors import InputError

PLAN: Final = "plan.json"
STATES: Final = ("saved", "duplicate", "rejected", "failed", "skipped", "retry", "waiting")


@dataclass(frozen=True, slots=True)
class Accounts:
    """How a store stands."""

    given: int
    """Jobs that were dealt out, each a URL of a class."""
    repeated: int
    """URLs that a class had already, under another of its keywords."""
    states: Mapping[str, int]
    reasons: Mapping[str, int]
    pieces: int
    read: int
    """Pieces that were there before, and were not fetched again."""
    seconds: float
    cpu_seconds: float
    """Of all workers together, over all pieces."""
    set: Mapping[str, int] = field(default_factory=dict)
    """Of the URLs that brought a picture: why they are left out of the set -> how many; "" are those kept. Empty until
    all is settled."""
    missing: tuple[str, ...] = ()
    """What does not add up, a line for each; nothing when the accounts close."""

    @property
    def closes(self) -> bool:
        """Whether every job has a fate, and every saved picture lies in a tar."""
        return not self.missing

    @property
    def to_do(self) -> int:
        """Jobs that another run may still bring."""
        return sum(self.states.get(state, 0) for state in TO_DO)


def remember_plan(store: Store, plan: Plan, given: Mapping[int, int], repeated: int) -> None:
    """Keep how hosts are dealt, and how many jobs each partition was given."""
    most = Counter(given)
    if PLAN in store.sizes():
        most |= Counter(_facts(store).given)
    store.put(PLAN, msgspec.json.encode(_Facts(plan.count, dict(plan.split), dict(most), repeated)))


def stored_plan(store: Store) -> Plan | None:
    """The plan that the store was begun with; None for a new one. InputError when it cannot be read."""
    if PLAN not in store.sizes():
        return None
    facts = _facts(store)
    return Plan(facts.count, facts.split)


class _Facts(msgspec.Struct, frozen=True):
    """What the plan's object holds."""

    count: Annotated[int, msgspec.Meta(ge=1)]
    split: dict[str, int]
    given: dict[int, int]
    repeated: int


def _facts(store: Store) -> _Facts:
    try:
        return msgspec.json.decode(store.read(PLAN), type=_Facts)
    except msgspec.MsgspecError as error:
        raise InputError(f"{store.url}/{PLAN}: not a plan of collector's: {error}") from None


def accounts(store: Store, read: int = 0) -> Accounts:
    """Sum the markers up and hold them against the plan and the objects that they vouch for.

    InputError for a store in which nothing was ever begun.
    """
    sizes = store.sizes()
    if PLAN not in sizes:
        raise InputError(f"{store.url}: no set of collector's is there; `collector fetch --store` makes one")
    facts = _facts(store)
    unreadable: list[str] = []
    pieces = list(markers(store, sizes, unreadable))
    states, reasons = Counter[str](), Counter[str]()
    missing = [f"{name}: not a marker of collector's" for name in unreadable]
    done = Counter[int]()
    for one in pieces:
        states.update(one.states)
        states.subtract(one.before)
        reasons.update(one.reasons)
        done[one.partition] += one.given - sum(one.before.values())
        missing += _broken(store, one, sizes)
    for number, given in sorted(facts.given.items()):
        if done[number] < given:
            missing.append(f"partition {number}: {given - done[number]:,} of {given:,} URLs have no fate yet")
    return Accounts(
        sum((Counter(facts.given) | done).values()),
        facts.repeated,
        {state: states[state] for state in STATES if states[state]},
        dict(reasons.most_common()),
        len(pieces),
        read,
        round(sum(one.seconds for one in pieces), 3),
        round(sum(one.cpu_seconds for one in pieces), 2),
        settled(store) if SET in sizes else {},
        tuple(missing),
    )


def _broken(store: Store, marker: Marker, sizes: Mapping[str, int]) -> list[str]:
    """What of a piece is not as its marker says."""
    table, tar = f"{marker.piece}.parquet", f"{marker.piece}.tar"
    wrong = []
    if table not in sizes:
        wrong.append(f"{table}: gone")
    elif marker.table_bytes not in (None, sizes[table]):
        wrong.append(f"{table}: {sizes[table]:,} bytes instead of {marker.table_bytes:,}")
    else:
        with store.open(table) as file:
            rows = arrow.pyarrow().parquet.ParquetFile(file).metadata.num_rows
        if rows != marker.given or sum(marker.states.values()) != marker.given:
            wrong.append(f"{table}: {rows:,} rows instead of {marker.given:,}")
    if sizes.get(tar, 0) != marker.tar_bytes:
        wrong.append(f"{tar}: {sizes.get(tar, 0):,} bytes instead of {marker.tar_bytes:,}")
    return wrong
