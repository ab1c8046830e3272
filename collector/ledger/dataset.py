"""What was found and saved, and what was decided about the set: verdicts, labels, reviews, scores.

Never decides and never measures.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any

from collector.ledger import candidates, rows
from collector.ledger.candidates import Candidate, Item
from collector.ledger.db import cell, filters_of, now
from collector.ledger.looks import ALTERED, ALTERED_SHAS, SAVED_PICTURES, files
from collector.ledger.rows import EVERYTHING, KEPT, PICTURES, Order, Row, Which
from collector.model import Verdict

BY_HAND = "by hand"
"""The reason of a further label that a person gave."""


class Dataset:
    """The ledger's side that sets are made from."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # ------------------------------------------------------------------ what was found

    def rows(
        self, which: Which = EVERYTHING, order: Order = "found", limit: int | None = None, skip: int = 0
    ) -> Generator[Row, None, None]:
        """Found URLs with what became of them, one after the other."""
        return rows.rows(self._db, which, order, limit, skip)

    def cells(
        self, names: Sequence[str], which: Which = EVERYTHING, order: Order = "found"
    ) -> Generator[tuple[Any, ...], None, None]:
        """Only these columns of them, as docs/ledger.md names them."""
        return rows.cells(self._db, names, which, order)

    def pictures(self) -> Generator[Row, None, None]:
        """Every saved picture, oldest first; videos and files are none."""
        return self.rows(PICTURES)

    def picture(self, sha256: str) -> Row | None:
        """The saved picture with these bytes."""
        return next(self.rows(replace(PICTURES, sha256=sha256)), None)

    def sample(self, label: str, count: int, skip: int = 0) -> Generator[Row, None, None]:
        """Pictures of the set under a label: the same ones every time, because hashes deal them."""
        return self.rows(replace(KEPT, label=label), "hash", count, skip)

    def left_out(self, reason: str, count: int) -> Generator[Row, None, None]:
        """Some pictures that are left out of the set for a reason."""
        return self.rows(replace(PICTURES, left_out=reason), "hash", count)

    def same_bytes(self, row: Row) -> list[tuple[str, str]]:
        """(keyword, URL) of others that brought the very same bytes."""
        if not row.sha256:
            return []
        return self._db.execute(
            """SELECT keyword, url FROM outcome JOIN found ON found.id = found_id JOIN query ON query.id = query_id
               WHERE sha256 = ? AND found_id <> ?""",
            (row.sha256, row.id),
        ).fetchall()

    def queries(self) -> list[tuple[str, str, tuple[str, ...], tuple[tuple[str, str], ...]]]:
        """(keyword, label, sources, filters) of every query, in the order asked."""
        found = self._db.execute(
            """SELECT keyword, label, (SELECT json_group_array(DISTINCT source) FROM search WHERE query_id = query.id),
               filters FROM query ORDER BY position, id"""
        )
        return [
            (keyword, label, tuple(sorted(json.loads(sources))), filters_of(filters))
            for keyword, label, sources, filters in found
        ]

    def left_out_by_query(self, reason: str) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], int]:
        """(keyword, label, filters) -> how many of its saved pictures are left out of the set for a reason."""
        found = self._db.execute(
            """SELECT keyword, query.label, filters, count(*) FROM verdict JOIN outcome USING (sha256)
               JOIN found ON found.id = found_id JOIN query ON query.id = query_id AND query.label = verdict.label
               WHERE verdict.reason = ? AND outcome.state = 'saved' GROUP BY query.id""",
            (reason,),
        )
        return {(keyword, label, filters_of(filters)): count for keyword, label, filters, count in found}

    def sightings(self) -> Iterator[tuple[str, str, str]]:
        """(sha256, URL, keyword) wherever the very bytes of a saved picture were found, duplicates included."""
        yield from self._db.execute(
            """SELECT outcome.sha256, url, keyword FROM outcome JOIN found ON found.id = found_id
               JOIN query ON query.id = query_id WHERE outcome.state IN ('saved', 'duplicate')
               AND outcome.sha256 IN (SELECT sha256 FROM outcome WHERE state = 'duplicate') ORDER BY outcome.sha256"""
        )

    def under_two_labels(self) -> Iterator[Row]:
        """The saved pictures that were found with the very same bytes under another label."""
        found = self._db.execute(
            """SELECT DISTINCT sha256 FROM outcome WHERE state = 'duplicate' AND reason = 'duplicate.other_label'
               ORDER BY sha256"""
        ).fetchall()
        rows = (self.picture(sha256) for (sha256,) in found)
        return (row for row in rows if row is not None and row.other_labels)

    # ------------------------------------------------------------------ files that were replaced

    def altered(self) -> set[str]:
        """The sha256 of pictures whose file has other bytes, as far as was seen."""
        return {sha256 for (sha256,) in self._db.execute(ALTERED_SHAS)}

    def entered(self) -> Iterator[tuple[str, str, int, str]]:
        """(sha256, path, bytes, when it was entered) of every saved picture, oldest first."""
        yield from self._db.execute(
            """SELECT sha256, path, bytes, ended_at FROM outcome WHERE state = 'saved' AND media = 'picture'
               ORDER BY found_id"""
        )

    def set_altered(self, sha256s: Collection[str]) -> None:
        """These pictures and no others have other bytes: the set leaves them out, whatever a person said of them, and
        what a person said of the others, or a rule beside that, holds again."""
        given = {"reason": ALTERED, "now": now(), "sha256s": json.dumps(list(sha256s))}
        those = "sha256 IN (SELECT value FROM json_each(:sha256s))"
        said = "SELECT 1 FROM review WHERE (sha256, label) = ({0}.sha256, {0}.label)"
        copied, same = "sha256, label, reason, detail, kept, decided_at", "(verdict.sha256, verdict.label)"
        self._db.execute(
            f"""INSERT OR REPLACE INTO overruled SELECT {copied} FROM verdict
                WHERE {those} AND reason NOT IN (:reason, 'set.dropped')""",
            given,
        )
        self._db.execute(
            f"UPDATE verdict SET reason = :reason, detail = '', kept = '', decided_at = :now WHERE {those}", given
        )
        self._db.execute(
            f"""INSERT OR IGNORE INTO verdict (sha256, label, reason, decided_at)
                SELECT sha256, label, :reason, :now FROM outcome JOIN found ON found.id = found_id
                JOIN query ON query.id = query_id WHERE outcome.state = 'saved' AND {those}""",
            given,
        )
        back = f"WHERE reason = :reason AND NOT {those}"
        self._db.execute(
            f"""UPDATE verdict SET reason = 'set.dropped' {back}
                AND EXISTS ({said.format("verdict")} AND decision = 'drop')""",
            given,
        )
        self._db.execute(
            f"""UPDATE verdict SET (reason, detail, kept, decided_at) =
                  (SELECT reason, detail, kept, decided_at FROM overruled WHERE (sha256, label) = {same})
                {back} AND NOT EXISTS ({said.format("verdict")}) AND {same} IN (SELECT sha256, label FROM overruled)""",
            given,
        )
        self._db.execute(f"DELETE FROM overruled WHERE NOT {those} AND NOT EXISTS ({said.format('overruled')})", given)
        self._db.execute(f"DELETE FROM verdict {back}", given)

    def forget_looks(self, sha256s: Collection[str]) -> None:
        """Drop what was found out about the bytes of these pictures; decisions stay."""
        names = [(sha256,) for sha256 in sha256s]
        for table in ("pdq", "sketch", "audit", "copy"):
            self._db.executemany(f"DELETE FROM {table} WHERE sha256 = ?", names)
        self._db.executemany("DELETE FROM copy WHERE other = ?", names)
        self._db.execute("DELETE FROM near")

    # ------------------------------------------------------------------ verdicts and labels

    def verdicts(self) -> list[Verdict]:
        """Every picture that is left out of the set."""
        found = self._db.execute("SELECT sha256, label, reason, detail, kept FROM verdict ORDER BY sha256, label")
        return [Verdict(*row) for row in found]

    def decide(self, reasons: Iterable[str], verdicts: Iterable[Verdict], of_all: bool = False) -> None:
        """Verdicts of these reasons, in place of all earlier ones of the same; a person's word is never overruled.

        What is decided beside a person's word holds when the word is taken back. `of_all`: pictures with such a word
        were looked at, too, so that what is not said of them any more is forgotten; so is what was said of pictures
        whose file was replaced since.
        """
        reasons, said = list(reasons), self.reviews()
        moved = {
            (sha256, label): place
            for sha256, label, place in self._db.execute("SELECT sha256, label, moved_from FROM verdict")
        }
        unsaid = "" if of_all else "AND (sha256, label) NOT IN (SELECT sha256, label FROM review)"
        for earlier in ("verdict WHERE reason = ?", f"overruled WHERE reason = ? {unsaid}"):
            self._db.executemany(f"DELETE FROM {earlier}", ((reason,) for reason in reasons))
        for v in verdicts:
            row = (v.sha256, v.label, v.reason, v.detail, v.kept, now())
            if (v.sha256, v.label) in said:
                self._db.execute("INSERT OR REPLACE INTO overruled VALUES (?, ?, ?, ?, ?, ?)", row)
            else:
                self._db.execute(
                    """INSERT INTO verdict (sha256, label, reason, detail, kept, decided_at, moved_from)
                       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
                    (*row, moved.get((v.sha256, v.label), "")),
                )

    def extra_labels(self) -> Mapping[str, tuple[str, ...]]:
        """sha256 -> the classes it belongs to beside its own."""
        found = self._db.execute("SELECT sha256, label FROM extra_label ORDER BY sha256, label")
        return {sha256: tuple(label for _, label in own) for sha256, own in groupby(found, key=lambda row: row[0])}

    def replace_extra_labels(self, labels: Iterable[tuple[str, str, str]]) -> None:
        """(sha256, label, reason) in place of all earlier further labels but those that a person gave."""
        self._db.execute("DELETE FROM extra_label WHERE reason <> ?", (BY_HAND,))
        self._db.executemany("INSERT OR IGNORE INTO extra_label VALUES (?, ?, ?, ?)", ((*row, now()) for row in labels))

    def labels_beside(self, sha256: str) -> list[str]:
        """The classes that a picture belongs to beside its own, sorted."""
        found = self._db.execute("SELECT label FROM extra_label WHERE sha256 = ? ORDER BY label", (sha256,))
        return [label for (label,) in found]

    def label_beside(self, sha256: str, labels: Iterable[str]) -> None:
        """A person's word: these are the classes that a picture belongs to beside its own."""
        self._db.execute("DELETE FROM extra_label WHERE sha256 = ?", (sha256,))
        self._db.executemany(
            "INSERT INTO extra_label VALUES (?, ?, ?, ?)", ((sha256, label, BY_HAND, now()) for label in set(labels))
        )

    def said_of(self, sha256: str, label: str) -> list[tuple[str, str]]:
        """(rule or score, what it says) of one picture, and what a person overruled."""
        rules = self._db.execute(
            """SELECT reason, detail, kept, '' FROM verdict WHERE sha256 = ?1 AND label = ?2
               UNION ALL SELECT reason, detail, kept, ' (overruled)' FROM overruled JOIN review USING (sha256, label)
               WHERE sha256 = ?1 AND label = ?2""",
            (sha256, label),
        )
        said = [(reason, f"{detail or kept or 'left out'}{note}") for reason, detail, kept, note in rules]
        scores = self._db.execute("SELECT issue, score FROM audit WHERE sha256 = ? ORDER BY score, issue", (sha256,))
        return said + [(issue, f"{score:.3f}") for issue, score in scores]

    def judged(self) -> list[tuple[str, int, int, int]]:
        """(reason, pictures that a rule left out, of these dropped by a person, kept by a person), the most first."""
        return self._db.execute(
            """SELECT reason, count(*), sum(decision = 'drop'), sum(decision = 'keep') FROM (
                 SELECT reason, '' AS decision FROM verdict WHERE reason <> 'set.dropped'
                 UNION ALL SELECT reason, decision FROM overruled JOIN review USING (sha256, label)
               ) GROUP BY reason ORDER BY 2 DESC, 1"""
        ).fetchall()

    # ------------------------------------------------------------------ files moved out of the folder and back

    def to_move(self) -> list[tuple[str, Path]]:
        """(sha256, path) of pictures left out whose file still lies among the others."""
        return self._left_out("moved_from = ''")

    def moved(self) -> list[tuple[str, Path]]:
        """(sha256, path) of pictures left out whose file was moved away."""
        return self._left_out("moved_from <> ''")

    def stranded(self) -> list[tuple[str, Path]]:
        """(sha256, path) of files moved away that no verdict leaves out any more."""
        return files(
            self._db,
            "FROM outcome WHERE state = 'saved' AND path LIKE '../%' AND sha256 NOT IN (SELECT sha256 FROM verdict)",
        )

    def relocate(self, sha256: str, path: Path, moved_from: str) -> None:
        """A picture lies elsewhere now; `moved_from` is its old path, "" when it is back."""
        self._db.execute("UPDATE outcome SET path = ? WHERE sha256 = ? AND path IS NOT NULL", (path.as_posix(), sha256))
        self._db.execute("UPDATE verdict SET moved_from = ? WHERE sha256 = ?", (moved_from, sha256))

    def _left_out(self, condition: str) -> list[tuple[str, Path]]:
        left_out = f"(SELECT sha256 FROM verdict WHERE {condition})"
        return files(self._db, f"FROM outcome WHERE state = 'saved' AND sha256 IN {left_out}")

    # ------------------------------------------------------------------ exports and reviews

    def candidates(self, scheme: str) -> Iterator[Candidate]:
        """Every saved picture, oldest first, as far as exports choose by it, with its split under a scheme."""
        return candidates.candidates(self._db, scheme)

    def items(self, ids: Sequence[int]) -> list[Item]:
        """What exports tell of the saved pictures with these `Row.id`, in any order."""
        return candidates.items(self._db, ids)

    def reviews(self) -> Mapping[tuple[str, str], str]:
        """(sha256, label) -> keep or drop."""
        return {
            (sha256, label): decision
            for sha256, label, decision in self._db.execute("SELECT sha256, label, decision FROM review")
        }

    def reviewed(self, sha256: str, label: str) -> str:
        """What a person said of one picture: keep, drop, or "" for nothing."""
        said = "SELECT decision FROM review WHERE sha256 = ? AND label = ?"
        return str(cell(self._db, said, (sha256, label)) or "")

    def review(self, sha256: str, label: str, decision: str) -> None:
        """A person's word: `keep` lifts every verdict, `drop` is one; "" takes the word back, and what a rule had
        decided holds again. Of a file that was replaced it is kept for the picture's own bytes."""
        place = {"sha256": sha256, "label": label, "decision": decision, "now": now()}
        here = "sha256 = :sha256 AND label = :label"
        self._db.execute(f"DELETE FROM review WHERE {here}", place)
        if decision:
            self._db.execute("INSERT INTO review VALUES (:sha256, :label, :decision, :now)", place)
        copied = "sha256, label, reason, detail, kept, decided_at"
        found = self._db.execute(f"SELECT reason, moved_from FROM verdict WHERE {here}", place).fetchone()
        if found and found[0] == ALTERED:
            return
        place["moved_from"] = found[1] if found else ""
        self._db.execute(
            f"INSERT OR REPLACE INTO overruled SELECT {copied} FROM verdict WHERE {here} AND reason <> 'set.dropped'",
            place,
        )
        self._db.execute(f"DELETE FROM verdict WHERE {here}", place)
        if not decision:
            self._db.execute(
                f"""INSERT INTO verdict ({copied}, moved_from) SELECT {copied}, :moved_from FROM overruled
                    WHERE {here}""",
                place,
            )
            self._db.execute(f"DELETE FROM overruled WHERE {here}", place)
        if decision == "drop":
            self._db.execute(
                """INSERT INTO verdict (sha256, label, reason, moved_from, decided_at)
                   VALUES (:sha256, :label, 'set.dropped', :moved_from, :now)""",
                place,
            )

    # ------------------------------------------------------------------ scores of the quality check

    def unscored(self, issue: str) -> list[tuple[str, Path]]:
        """(sha256, path) of saved pictures that were not looked at for an issue."""
        looked = "SELECT 1 FROM audit WHERE audit.sha256 = outcome.sha256 AND issue = ?"
        return files(self._db, f"{SAVED_PICTURES} AND NOT EXISTS ({looked})", (issue,))

    def pixel_sizes(self) -> list[tuple[str, int, int]]:
        """(sha256, width, height) of every saved picture."""
        return self._db.execute(f"SELECT sha256, coalesce(width, 0), coalesce(height, 0) {SAVED_PICTURES}").fetchall()

    def remember_scores(self, scores: Iterable[tuple[str, str, float]]) -> None:
        """Keep (sha256, issue, score); nothing is flagged by it."""
        self._db.executemany("INSERT OR REPLACE INTO audit VALUES (?, ?, ?, 0)", scores)

    def replace_scores(self, issue: str, scores: Iterable[tuple[str, float]]) -> None:
        """(sha256, score) of an issue in place of all earlier ones."""
        self._db.execute("DELETE FROM audit WHERE issue = ?", (issue,))
        self.remember_scores((sha256, issue, score) for sha256, score in scores)

    def scores(self, issue: str, below: float = inf) -> dict[str, float]:
        """sha256 -> score of every picture that was looked at for an issue, where it is below this."""
        return dict(self._db.execute("SELECT sha256, score FROM audit WHERE issue = ? AND score < ?", (issue, below)))

    def flag(self, thresholds: Iterable[tuple[str, float]]) -> None:
        """Flag scores below (issue, threshold), and no others of the issue."""
        self._db.executemany(
            "UPDATE audit SET flagged = score < ?2 WHERE issue = ?1 AND flagged <> (score < ?2)", thresholds
        )

    def flagged(self) -> Iterator[tuple[str, tuple[tuple[str, float], ...]]]:
        """(sha256, ((issue, score), ...)) of every picture with a flag, worst issue first."""
        found = self._db.execute("SELECT sha256, issue, score FROM audit WHERE flagged ORDER BY sha256, score, issue")
        for sha256, own in groupby(found, key=lambda row: row[0]):
            yield sha256, tuple((issue, score) for _, issue, score in own)
