"""What pictures look like, and which lie near each other, as columns: so many bytes a picture that a million can be
compared.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collector.ledger.paths import stored_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALTERED = "set.altered"
"""The bytes of the file are no longer those that were saved: nothing is concluded from what they showed."""
ALTERED_SHAS = f"SELECT sha256 FROM verdict WHERE reason = '{ALTERED}'"
SAVED_PICTURES = f"FROM outcome WHERE state = 'saved' AND media = 'picture' AND sha256 NOT IN ({ALTERED_SHAS})"
"""SQL: every saved picture, but those."""

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


class Resemblance:
    """The ledger's side by which pictures that look the same are found."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # ------------------------------------------------------------------ perceptual hashes

    def unhashed(self) -> list[tuple[str, Path]]:
        """(sha256, path) of saved pictures without a PDQ hash."""
        return files(self._db, f"{SAVED_PICTURES} AND sha256 NOT IN (SELECT sha256 FROM pdq WHERE mirrored <> '')")

    def remember_hashes(self, hashes: Iterable[tuple[str, str, int, str]]) -> None:
        """Keep (sha256, hash, quality, hash in a mirror); what was found by earlier ones is searched anew."""
        self._db.execute("DELETE FROM near")
        self._db.executemany("INSERT OR REPLACE INTO pdq VALUES (?, ?, ?, ?)", hashes)

    def hashed(self, quality: int) -> int:
        """How many saved pictures have a hash of this quality at least."""
        found = f"SELECT count(*) {SAVED_PICTURES} AND sha256 IN (SELECT sha256 FROM pdq WHERE quality >= ?)"
        return int(self._db.execute(found, (quality,)).fetchone()[0])

    def read(
        self, reasons: Sequence[str] | None = None, mirrored: bool = True, ids: Sequence[int] | None = None
    ) -> Looks:
        """The hashes as columns: of all pictures (or of those with these ids) but those left out for other reasons
        than these; None: of all."""
        import numpy as np  # Here, because most verbs have no use for it.

        which = "" if ids is None else "AND o.found_id IN (SELECT value FROM json_each(:ids))"
        values = {"reasons": None if reasons is None else json.dumps(list(reasons)), "ids": json.dumps(ids)}
        found = self._db.execute(_LOOKS.format(which=which), values)
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

    def ids(self, reasons: Sequence[str] = ()) -> NDArray[np.int64]:
        """`Row.id` of every saved picture but those left out for other reasons than these, oldest first."""
        import numpy as np

        found = self._db.execute(_IDS, {"reasons": json.dumps(list(reasons))})
        return np.fromiter((number for (number,) in found), np.int64)

    # ------------------------------------------------------------------ near pairs that were found

    def depends_on(self) -> str:
        """What near pairs depend on: which pictures there are, and how many are hashed.

        Hashes made anew drop the pairs. It begins with how they are told: before, of equal hashes every pair was.
        """
        pictures = (
            "SELECT count(*), coalesce(sum(found_id), 0) FROM outcome WHERE state = 'saved' AND media = 'picture'"
        )
        numbers = [*self._db.execute(pictures).fetchone()]
        numbers += [self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("pdq", "sketch")]
        return " ".join(["firsts", *map(str, numbers)])

    def near_pairs(self, distance: int, mirrored: bool) -> NDArray[np.int64] | None:
        """(n, 2) `Row.id`s of pictures that look the same, as `dedupe.near_ids` had them last; None when the pictures
        have changed."""
        import numpy as np

        found = self._db.execute(
            "SELECT pairs FROM near WHERE distance = ? AND mirrored = ? AND pictures = ?",
            (distance, mirrored, self.depends_on()),
        ).fetchone()
        return None if found is None else np.frombuffer(found[0], "<i8").astype(np.int64).reshape(-1, 2)

    def remember_pairs(self, distance: int, mirrored: bool, pairs: NDArray[np.int64]) -> None:
        """Keep what was found for this distance."""
        self._db.execute(
            "INSERT OR REPLACE INTO near VALUES (?, ?, ?, ?)",
            (distance, mirrored, self.depends_on(), pairs.astype("<i8").tobytes()),
        )

    def unsketched(self, quality: int) -> list[tuple[str, Path]]:
        """(sha256, path) of saved pictures whose hash is of less than this quality, and that have no sketch."""
        flat = "SELECT sha256 FROM pdq WHERE quality < ? AND sha256 NOT IN (SELECT sha256 FROM sketch)"
        return files(self._db, f"{SAVED_PICTURES} AND sha256 IN ({flat})", (quality,))

    def remember_sketches(self, sketches: Iterable[tuple[str, bytes]]) -> None:
        """Keep (sha256, cells); as `remember_hashes`."""
        self._db.execute("DELETE FROM near")
        self._db.executemany("INSERT OR REPLACE INTO sketch VALUES (?, ?)", sketches)

    def sketches(self) -> dict[int, bytes]:
        """`Row.id` -> cells, of every saved picture that has a sketch."""
        saved = "SELECT found_id, cells FROM outcome JOIN sketch USING (sha256) WHERE state = 'saved'"
        return dict(self._db.execute(saved))

    # ------------------------------------------------------------------ pictures made of each other

    def files(self) -> list[tuple[str, Path, int]]:
        """(sha256, path, pixels) of every saved picture."""
        found = self._db.execute(
            f"SELECT sha256, path, coalesce(width, 0) * coalesce(height, 0) {SAVED_PICTURES} ORDER BY found_id"
        )
        return [(sha256, Path(path), pixels) for sha256, path, pixels in found]

    def replace_copies(self, pairs: Iterable[tuple[str, str, str]]) -> None:
        """(sha256, other, the one of them that shows more, or "") in place of all earlier ones."""
        self._db.execute("DELETE FROM copy")
        self._db.executemany("INSERT OR REPLACE INTO copy VALUES (?, ?, ?)", pairs)

    def copies(self) -> list[tuple[int, int, int]]:
        """(`Row.id`, that of the other, that of the one which shows more, 0 for neither), of saved pictures."""
        return self._db.execute(
            """SELECT one.found_id, other.found_id, CASE copy.whole WHEN one.sha256 THEN one.found_id
                 WHEN other.sha256 THEN other.found_id ELSE 0 END
               FROM copy JOIN outcome one ON one.sha256 = copy.sha256 AND one.state = 'saved'
               JOIN outcome other ON other.sha256 = copy.other AND other.state = 'saved'
               ORDER BY 1, 2"""
        ).fetchall()


def files(db: sqlite3.Connection, which: str, values: Sequence[object] = ()) -> list[tuple[str, Path]]:
    """(sha256, path) of the rows of `outcome` that are wanted, oldest first."""
    found = db.execute(f"SELECT sha256, path {which} ORDER BY found_id", values)
    return [(sha256, stored_path(path)) for sha256, path in found]


def _words(hashes: Sequence[str]) -> bytes:
    import numpy as np

    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=">u8").astype(np.uint64).tobytes()
