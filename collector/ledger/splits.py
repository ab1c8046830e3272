"""Which pictures have which split, under which schemes, and the numbers of classes. Decides nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
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
    """The pictures of the set as columns of one length, oldest first: some 60 bytes a picture."""

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


class Splits:
    """The ledger's side that pictures get their splits and classes their numbers from, once and for all."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def schemes(self) -> list[str]:
        """Every scheme under which pictures were given a split, sorted."""
        return [scheme for (scheme,) in self._db.execute("SELECT DISTINCT scheme FROM split ORDER BY scheme")]

    def latest(self) -> str | None:
        """The scheme that the set was last split by."""
        found = self._db.execute("SELECT name FROM scheme ORDER BY used DESC, name LIMIT 1").fetchone()
        return None if found is None else str(found[0])

    def given(self, scheme: str) -> Mapping[str, str]:
        """sha256 -> the split that a picture was given under a scheme."""
        found = self._db.execute("SELECT sha256, split FROM split WHERE scheme = ?", (scheme,))
        return {sha256: intern(split) for sha256, split in found}

    def lacking(self, scheme: str) -> bool:
        """Whether a picture that the set does not leave out has no split under a scheme."""
        lacking = """SELECT 1 FROM outcome o WHERE state = 'saved' AND media = 'picture'
          AND NOT EXISTS (SELECT 1 FROM split s WHERE s.sha256 = o.sha256 AND scheme = ?)
          AND NOT EXISTS (SELECT 1 FROM found f JOIN query q ON q.id = f.query_id
            JOIN verdict v ON v.sha256 = o.sha256 AND v.label = q.label WHERE f.id = o.found_id) LIMIT 1"""
        return self._db.execute(lacking, (scheme,)).fetchone() is not None

    def members(self, scheme: str, splits: Sequence[str]) -> Members:
        """Every picture of the set, with what it was given under a scheme of these splits."""
        return from_rows(self._db.execute(_MEMBERS, (scheme,)), splits)

    def remember(self, scheme: str, splits: Iterable[tuple[str, str]]) -> None:
        """Keep (sha256, split); a picture that has one already keeps it. From now on the scheme is the latest."""
        self._db.executemany(
            "INSERT OR IGNORE INTO split VALUES (?, ?, ?)", ((sha256, scheme, split) for sha256, split in splits)
        )
        last = "(SELECT coalesce(max(used), 0) + 1 FROM scheme)"
        self._db.execute(f"INSERT INTO scheme VALUES (?, {last}) ON CONFLICT DO UPDATE SET used = {last}", (scheme,))

    def class_numbers(self) -> dict[str, int]:
        """Class -> the number it was given."""
        return dict(self._db.execute("SELECT label, number FROM class"))

    def number_classes(self, labels: Iterable[str]) -> None:
        """Give the next numbers to classes that have none, in this order."""
        following = "(SELECT coalesce(max(number), -1) + 1 FROM class)"
        self._db.executemany(
            f"INSERT INTO class VALUES (?, {following}) ON CONFLICT DO NOTHING", ((label,) for label in labels)
        )


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
