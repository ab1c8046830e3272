"""What decides whether and where a picture stands in an export, one picture after the other. Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

_FROM = """
FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
LEFT JOIN verdict v ON v.sha256 = o.sha256 AND v.label = q.label
LEFT JOIN review r ON r.sha256 = o.sha256 AND r.label = q.label
LEFT JOIN split s ON s.sha256 = o.sha256 AND s.scheme = ?
WHERE o.state = 'saved' AND o.media = 'picture'
"""
_CANDIDATES = f"""
SELECT o.found_id, o.sha256, q.label, f.rank, min(coalesce(o.width, 0), coalesce(o.height, 0)), v.reason,
  r.decision = 'keep', s.split, coalesce(o.taken, '') <> '' OR coalesce(o.place, '') <> '',
  f.licence_url, f.notice, f.fields, o.rights
{_FROM} ORDER BY o.found_id
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


def unsplit(db: sqlite3.Connection, scheme: str) -> bool:
    """Whether a picture that the set does not leave out has no split under a scheme."""
    lacking = f"SELECT 1 {_FROM} AND v.reason IS NULL AND s.split IS NULL LIMIT 1"
    return db.execute(lacking, (scheme,)).fetchone() is not None


def candidates(db: sqlite3.Connection, scheme: str) -> Iterator[Candidate]:
    """Every saved picture, oldest first, with its split under a scheme."""
    return map(Candidate._make, db.execute(_CANDIDATES, (scheme,)))
