"""What pictures look like, and which lie near each other, as columns: so many bytes a picture that a million can be
compared.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LOOKS = """
SELECT o.found_id, p.hash, CASE p.mirrored WHEN '' THEN p.hash ELSE p.mirrored END, p.quality
FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id JOIN pdq p ON p.sha256 = o.sha256
LEFT JOIN verdict v ON v.sha256 = o.sha256 AND v.label = q.label
WHERE o.state = 'saved' AND o.media = 'picture'
  AND (:reasons IS NULL OR v.reason IS NULL OR v.reason IN (SELECT value FROM json_each(:reasons)))
  {which} ORDER BY o.found_id
"""
_IDS = """
SELECT o.found_id FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
LEFT JOIN verdict v ON v.sha256 = o.sha256 AND v.label = q.label
WHERE o.state = 'saved' AND o.media = 'picture'
  AND (v.reason IS NULL OR v.reason IN (SELECT value FROM json_each(:reasons)))
ORDER BY o.found_id
"""
_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Looks:
    """PDQ hashes of saved pictures; all of one length, oldest first."""

    ids: NDArray[np.int64]
    """(n,): `Row.id`."""
    words: NDArray[np.uint64]
    """(n, 4): the 256 bits of each."""
    mirrored: NDArray[np.uint64]
    """(n, 4): of the picture seen in a mirror; its own where that is not known, or was not asked for."""
    quality: NDArray[np.uint8]
    """(n,), 0 to 100: how much the hash says."""

    def __len__(self) -> int:
        return len(self.ids)


def read(
    db: sqlite3.Connection, reasons: Sequence[str] | None, mirrored: bool = True, ids: Sequence[int] | None = None
) -> Looks:
    """Of all hashed pictures (or of those with these ids) but those that are left out for other reasons than these;
    None: of all."""
    import numpy as np  # Here, because most verbs have no use for it.

    which = "" if ids is None else "AND o.found_id IN (SELECT value FROM json_each(:ids))"
    values = {"reasons": None if reasons is None else json.dumps(list(reasons)), "ids": json.dumps(ids)}
    found = db.execute(_LOOKS.format(which=which), values)
    numbers, words, turned, quality = bytearray(), bytearray(), bytearray(), bytearray()
    while chunk := found.fetchmany(_CHUNK):
        some, hashes, mirrors, grades = zip(*chunk, strict=True)
        numbers += np.array(some, np.int64).tobytes()
        words += _words(hashes)
        turned += _words(mirrors) if mirrored else b""
        quality += np.array(grades, np.uint8).tobytes()
    straight = np.frombuffer(words, np.uint64).reshape(-1, 4)
    other = np.frombuffer(turned, np.uint64).reshape(-1, 4) if mirrored else straight
    return Looks(np.frombuffer(numbers, np.int64), straight, other, np.frombuffer(quality, np.uint8))


def _words(hashes: Sequence[str]) -> bytes:
    import numpy as np

    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64).tobytes()


# --------------------------------------------------------------------------- near pairs that were found


def depends_on(db: sqlite3.Connection) -> str:
    """What near pairs depend on: which pictures there are, and how many are hashed. Hashes made anew drop the pairs.

    It begins with how they are told: before, of equal hashes every pair was.
    """
    pictures = "SELECT count(*), coalesce(sum(found_id), 0) FROM outcome WHERE state = 'saved' AND media = 'picture'"
    numbers = [*db.execute(pictures).fetchone()]
    numbers += [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("pdq", "sketch")]
    return " ".join(["firsts", *map(str, numbers)])


def near_pairs(db: sqlite3.Connection, distance: int, mirrored: bool) -> NDArray[np.int64] | None:
    """(n, 2) `Row.id`s of pictures that look the same, as `dedupe.near_ids` had them last; None when the pictures have
    changed."""
    import numpy as np

    found = db.execute(
        "SELECT pairs FROM near WHERE distance = ? AND mirrored = ? AND pictures = ?",
        (distance, mirrored, depends_on(db)),
    ).fetchone()
    return None if found is None else np.frombuffer(found[0], "<i8").astype(np.int64).reshape(-1, 2)


def remember_pairs(db: sqlite3.Connection, distance: int, mirrored: bool, pairs: NDArray[np.int64]) -> None:
    """Keep what was found for this distance."""
    db.execute(
        "INSERT OR REPLACE INTO near VALUES (?, ?, ?, ?)",
        (distance, mirrored, depends_on(db), pairs.astype("<i8").tobytes()),
    )


def ids(db: sqlite3.Connection, reasons: Sequence[str]) -> NDArray[np.int64]:
    """`Row.id` of every saved picture that is not left out for other reasons than these, oldest first."""
    import numpy as np

    found = db.execute(_IDS, {"reasons": json.dumps(list(reasons))})
    return np.fromiter((number for (number,) in found), np.int64)
