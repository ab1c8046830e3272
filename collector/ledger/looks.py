"""What pictures look like, as columns: some 80 bytes a picture, so that a million can be compared. Reads only."""

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
    """(n, 4): of the picture seen in a mirror; its own where that is not known."""
    quality: NDArray[np.uint8]
    """(n,), 0 to 100: how much the hash says."""

    def __len__(self) -> int:
        return len(self.ids)


def read(db: sqlite3.Connection, reasons: Sequence[str] | None) -> Looks:
    """Of all hashed pictures but those that are left out for other reasons than these; None: of all."""
    import numpy as np  # Here, because most verbs have no use for it.

    found = db.execute(_LOOKS, {"reasons": None if reasons is None else json.dumps(list(reasons))})
    parts: list[tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint8]]] = []
    while chunk := found.fetchmany(_CHUNK):
        ids, hashes, mirrored, quality = zip(*chunk, strict=True)
        parts.append((np.array(ids, np.int64), _words(hashes), _words(mirrored), np.array(quality, np.uint8)))
    parts.append((np.zeros(0, np.int64), _words(()), _words(()), np.zeros(0, np.uint8)))
    columns = list(zip(*parts, strict=True))
    return Looks(*(np.concatenate(column) for column in columns))


def _words(hashes: Sequence[str]) -> NDArray[np.uint64]:
    import numpy as np

    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64).reshape(-1, 4)
