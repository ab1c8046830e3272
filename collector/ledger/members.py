"""The pictures of the set as far as splits go, as columns: some 60 bytes a picture. Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MEMBERS = """
SELECT o.found_id, o.sha256, q.label, f.page, s.split
FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
LEFT JOIN verdict v ON v.sha256 = o.sha256 AND v.label = q.label
LEFT JOIN split s ON s.sha256 = o.sha256 AND s.scheme = ?
WHERE o.state = 'saved' AND o.media = 'picture' AND v.reason IS NULL ORDER BY o.found_id
"""
_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Members:
    """All columns are of one length, oldest first."""

    ids: NDArray[np.int64]
    """(n,): `Row.id`."""
    hashes: bytes
    """32 bytes each: the SHA-256 of the file."""
    labels: NDArray[np.int32]
    """(n,): places in `names`."""
    names: tuple[str, ...]
    """Every label, in the order in which they came up."""
    pages: NDArray[np.int64]
    """(n,): the same number where pictures stood on the same page; 0 where no page is known."""
    given: NDArray[np.int8]
    """(n,): the number of the split that it was given, -1 for none."""

    def __len__(self) -> int:
        return len(self.ids)

    def sha256(self, place: int) -> str:
        """Of one picture, as 64 hex digits."""
        return self.hashes[32 * place : 32 * place + 32].hex()


def members(db: sqlite3.Connection, scheme: str, splits: Sequence[str]) -> Members:
    """Every picture of the set, with what it was given under a scheme of these splits."""
    return from_rows(db.execute(_MEMBERS, (scheme,)), splits)


def from_rows(rows: sqlite3.Cursor, splits: Sequence[str]) -> Members:
    """Of rows of (id, sha256, label, page, split)."""
    import numpy as np  # Here, because most verbs have no use for it.

    ids, hashes, labels, pages, given = (bytearray() for _ in range(5))
    names: dict[str, int] = {}
    number = {split: place for place, split in enumerate(splits)}
    while chunk := rows.fetchmany(_CHUNK):
        numbers, digests, texts, addresses, parts = zip(*chunk, strict=True)
        ids += np.array(numbers, np.int64).tobytes()
        hashes += bytes.fromhex("".join(digests))
        labels += np.array([names.setdefault(text, len(names)) for text in texts], np.int32).tobytes()
        whole = (hash(page.partition("#")[0]) or 1 if page else 0 for page in addresses)  # Equal ones meet: enough.
        pages += np.fromiter(whole, np.int64, len(addresses)).tobytes()
        given += np.array([number.get(part, -1) for part in parts], np.int8).tobytes()
    return Members(
        np.frombuffer(ids, np.int64),
        bytes(hashes),
        np.frombuffer(labels, np.int32),
        tuple(names),
        np.frombuffer(pages, np.int64),
        np.frombuffer(given, np.int8),
    )
