"""What decides whether and where a picture stands in an export, and what the export tells of it. Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import msgspec

from collector.ledger import rows
from collector.ledger.columns import json_tuple
from collector.ledger.paths import stored_path

_CANDIDATES = """
SELECT o.found_id, o.sha256, q.label, f.rank, min(coalesce(o.width, 0), coalesce(o.height, 0)), v.reason,
  r.decision = 'keep', s.split, coalesce(o.taken, '') <> '' OR coalesce(o.place, '') <> '',
  f.licence_url, f.notice, f.fields, o.rights
FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
LEFT JOIN verdict v ON v.sha256 = o.sha256 AND v.label = q.label
LEFT JOIN review r ON r.sha256 = o.sha256 AND r.label = q.label
LEFT JOIN split s ON s.sha256 = o.sha256 AND s.scheme = ?
WHERE o.state = 'saved' AND o.media = 'picture'
ORDER BY o.found_id
"""


class Candidate(NamedTuple):
    """A saved picture."""

    id: int
    """`Row.id`."""
    sha256: str
    label: str
    rank: int
    side: int
    """Pixels of the shorter one."""
    left_out: str | None
    """Why the set leaves it out."""
    kept: int | None
    """1: a person said to keep it."""
    split: str | None
    """That it was given under the scheme that was asked for."""
    exif: int
    """1: it is known when or where it was taken."""
    licence: str
    """Its address."""
    notice: str
    fields: str
    rights: str
    """JSON, as `Row` has them; "" for none."""


def candidates(db: sqlite3.Connection, scheme: str) -> Iterator[Candidate]:
    """Every saved picture, oldest first, with its split under a scheme."""
    return map(Candidate._make, db.execute(_CANDIDATES, (scheme,)))


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A saved picture as exports tell of it; see `Row`. What nobody knows is empty or 0."""

    id: int
    sha256: str
    path: str
    label: str
    keyword: str
    source: str
    rank: int
    url: str
    page: str
    title: str
    site: str
    published: str
    ended_at: str
    width: int
    height: int
    orientation: int
    licence_url: str
    licence_page: str
    creators_json: str
    credit: str
    notice: str
    rights_json: str
    taken: str
    place_json: str

    @property
    def file(self) -> Path:
        """Relative to the output folder. LedgerError when it would lead out of it."""
        return stored_path(self.path)

    @property
    def creators(self) -> tuple[str, ...]:
        """As the source names them."""
        return json_tuple(self.creators_json)

    @property
    def rights(self) -> tuple[tuple[str, str], ...]:
        """What the bytes say about rights."""
        return json_tuple(self.rights_json)

    @property
    def place(self) -> tuple[float, ...]:
        """Latitude and longitude, or nothing."""
        return json_tuple(self.place_json)


_CELLS = ", ".join(
    f"coalesce({rows.CELLS[field.name.removesuffix('_json')]}, {0 if field.type is int else repr('')})"
    for field in msgspec.structs.fields(Item)
)
_DECODE = msgspec.json.Decoder(list[Item]).decode


def items(db: sqlite3.Connection, ids: Sequence[int]) -> list[Item]:
    """The saved pictures with these `Row.id`, in any order.

    SQLite hands them over as one JSON text, which msgspec takes apart: cell by cell it would be three times the work.
    """
    condition, values = replace(rows.PICTURES, ids=sorted(ids)).condition()
    query = f"SELECT json_group_array(json_array({_CELLS})) {rows.FROM} WHERE {condition}"
    found: str = db.execute(query, values).fetchone()[0]
    return _DECODE(found)
