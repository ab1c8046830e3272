"""What was decided about the set: perceptual hashes, verdicts, further labels, splits, reviews. Never decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from sys import intern

from collector.ledger.db import Store, now
from collector.model import Verdict


class Curation(Store):
    """The ledger's side that datasets are curated with."""

    # ------------------------------------------------------------------ perceptual hashes

    def unhashed(self) -> list[tuple[str, Path]]:
        """(sha256, path) of saved pictures without a PDQ hash."""
        rows = self._db.execute(
            """SELECT sha256, path FROM outcome WHERE state = 'saved' AND media = 'picture'
               AND sha256 NOT IN (SELECT sha256 FROM pdq WHERE mirrored <> '') ORDER BY found_id"""
        )
        return [(sha256, Path(path)) for sha256, path in rows]

    def remember_hashes(self, hashes: Iterable[tuple[str, str, int, str]]) -> None:
        """Keep (sha256, hash, quality, hash in a mirror)."""
        self._db.executemany("INSERT OR REPLACE INTO pdq VALUES (?, ?, ?, ?)", hashes)

    def hashes(self) -> Iterator[tuple[str, str, int]]:
        """(sha256, hash, quality) of every picture that has one."""
        yield from self._db.execute("SELECT sha256, hash, quality FROM pdq ORDER BY sha256")

    def mirrored(self) -> Iterator[tuple[str, str]]:
        """(sha256, hash of the picture seen in a mirror)."""
        yield from self._db.execute("SELECT sha256, mirrored FROM pdq WHERE mirrored <> '' ORDER BY sha256")

    def sightings(self) -> Iterator[tuple[str, str, str]]:
        """(sha256, URL, keyword) wherever the very bytes of a saved picture were found, duplicates included."""
        yield from self._db.execute(
            """SELECT outcome.sha256, url, keyword FROM outcome JOIN found ON found.id = found_id
               JOIN query ON query.id = query_id WHERE outcome.state IN ('saved', 'duplicate')
               AND outcome.sha256 IN (SELECT sha256 FROM outcome WHERE state = 'duplicate') ORDER BY outcome.sha256"""
        )

    # ------------------------------------------------------------------ verdicts and labels

    def verdicts(self) -> list[Verdict]:
        """Every picture that is left out of the set."""
        rows = self._db.execute("SELECT sha256, label, reason, detail, kept FROM verdict ORDER BY sha256, label")
        return [Verdict(*row) for row in rows]

    def decide(self, reasons: Iterable[str], verdicts: Iterable[Verdict]) -> None:
        """Verdicts of these reasons, in place of all earlier ones of the same; a person's word is never overruled."""
        moved = {
            (sha256, label): place
            for sha256, label, place in self._db.execute("SELECT sha256, label, moved_from FROM verdict")
        }
        self._db.executemany("DELETE FROM verdict WHERE reason = ?", ((reason,) for reason in reasons))
        self._db.executemany(
            """INSERT INTO verdict (sha256, label, reason, detail, kept, moved_from, decided_at)
               SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS
                 (SELECT 1 FROM review WHERE sha256 = ?1 AND label = ?2 AND decision = 'keep')
               ON CONFLICT DO NOTHING""",
            (
                (v.sha256, v.label, v.reason, v.detail, v.kept, moved.get((v.sha256, v.label), ""), now())
                for v in verdicts
            ),
        )

    def extra_labels(self) -> Mapping[str, tuple[str, ...]]:
        """sha256 -> the classes it belongs to beside its own."""
        found: dict[str, tuple[str, ...]] = {}
        for sha256, label in self._db.execute("SELECT sha256, label FROM extra_label ORDER BY sha256, label"):
            found[sha256] = (*found.get(sha256, ()), label)
        return found

    def label_further(self, labels: Iterable[tuple[str, str, str]]) -> None:
        """(sha256, label, reason) in place of all earlier further labels."""
        self._db.execute("DELETE FROM extra_label")
        self._db.executemany(
            "INSERT OR REPLACE INTO extra_label VALUES (?, ?, ?, ?)", ((*row, now()) for row in labels)
        )

    # ------------------------------------------------------------------ files moved out of the folder and back

    def to_move(self) -> list[tuple[str, Path]]:
        """(sha256, path) of pictures left out whose file still lies among the others."""
        return self._left_out("moved_from = ''")

    def moved(self) -> list[tuple[str, Path]]:
        """(sha256, path) of pictures left out whose file was moved away."""
        return self._left_out("moved_from <> ''")

    def stranded(self) -> list[tuple[str, Path]]:
        """(sha256, path) of files moved away that no verdict leaves out any more."""
        rows = self._db.execute(
            """SELECT sha256, path FROM outcome WHERE state = 'saved' AND path LIKE '../%'
               AND sha256 NOT IN (SELECT sha256 FROM verdict)"""
        )
        return [(sha256, Path(path)) for sha256, path in rows]

    def relocate(self, sha256: str, path: Path, moved_from: str) -> None:
        """A picture lies elsewhere now; `moved_from` is its old path, "" when it is back."""
        self._db.execute("UPDATE outcome SET path = ? WHERE sha256 = ? AND path IS NOT NULL", (path.as_posix(), sha256))
        self._db.execute("UPDATE verdict SET moved_from = ? WHERE sha256 = ?", (moved_from, sha256))

    def _left_out(self, condition: str) -> list[tuple[str, Path]]:
        rows = self._db.execute(
            f"""SELECT outcome.sha256, path FROM outcome WHERE state = 'saved' AND sha256 IN
                (SELECT sha256 FROM verdict WHERE {condition}) ORDER BY found_id"""
        )
        return [(sha256, Path(path)) for sha256, path in rows]

    # ------------------------------------------------------------------ splits and reviews

    def splits(self, scheme: str) -> Mapping[str, str]:
        """sha256 -> the split that a picture was given under a scheme."""
        rows = self._db.execute("SELECT sha256, split FROM split WHERE scheme = ?", (scheme,))
        return {sha256: intern(split) for sha256, split in rows}

    def remember_splits(self, scheme: str, splits: Mapping[str, str]) -> None:
        """Keep what was given; a picture that has one already keeps it."""
        self._db.executemany(
            "INSERT OR IGNORE INTO split VALUES (?, ?, ?)",
            ((sha256, scheme, split) for sha256, split in splits.items()),
        )

    def reviews(self) -> Mapping[tuple[str, str], str]:
        """(sha256, label) -> keep or drop."""
        return {
            (sha256, label): decision
            for sha256, label, decision in self._db.execute("SELECT sha256, label, decision FROM review")
        }

    def review(self, sha256: str, label: str, decision: str) -> None:
        """A person's word: `keep` lifts every verdict, `drop` is one; "" takes the word back."""
        self._db.execute("DELETE FROM review WHERE sha256 = ? AND label = ?", (sha256, label))
        self._db.execute(
            "DELETE FROM verdict WHERE sha256 = ? AND label = ? AND (? = 'keep' OR reason = 'set.dropped')",
            (sha256, label, decision),
        )
        if decision:
            self._db.execute("INSERT INTO review VALUES (?, ?, ?, ?)", (sha256, label, decision, now()))
        if decision == "drop":
            self._db.execute(
                "INSERT OR REPLACE INTO verdict (sha256, label, reason, decided_at) VALUES (?, ?, 'set.dropped', ?)",
                (sha256, label, now()),
            )
