"""What an audit measured of each picture. Never measures and never decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from collector.ledger.db import Store

_PICTURES = "FROM outcome WHERE state = 'saved' AND media = 'picture'"


class Audits(Store):
    """The ledger's side that audits are kept in."""

    def unaudited(self, issue: str) -> list[tuple[str, Path]]:
        """(sha256, path) of saved pictures that were not looked at for an issue."""
        rows = self._db.execute(
            f"""SELECT sha256, path {_PICTURES} AND NOT EXISTS
                (SELECT 1 FROM audit WHERE audit.sha256 = outcome.sha256 AND issue = ?) ORDER BY found_id""",
            (issue,),
        )
        return [(sha256, Path(path)) for sha256, path in rows]

    def pixel_sizes(self) -> list[tuple[str, int, int]]:
        """(sha256, width, height) of every saved picture."""
        return self._db.execute(f"SELECT sha256, coalesce(width, 0), coalesce(height, 0) {_PICTURES}").fetchall()

    def remember_scores(self, scores: Iterable[tuple[str, str, float]]) -> None:
        """Keep (sha256, issue, score); nothing is flagged by it."""
        self._db.executemany("INSERT OR REPLACE INTO audit VALUES (?, ?, ?, 0)", scores)

    def flag(self, thresholds: Iterable[tuple[str, float]]) -> None:
        """Flag scores below (issue, threshold), and no others of the issue."""
        self._db.executemany(
            "UPDATE audit SET flagged = score < ?2 WHERE issue = ?1 AND flagged <> (score < ?2)", thresholds
        )

    def flagged(self) -> Iterator[tuple[str, tuple[tuple[str, float], ...]]]:
        """(sha256, ((issue, score), ...)) of every picture with a flag, worst issue first."""
        rows = self._db.execute("SELECT sha256, issue, score FROM audit WHERE flagged ORDER BY sha256, score, issue")
        for sha256, own in groupby(rows, key=lambda row: row[0]):
            yield sha256, tuple((issue, score) for _, issue, score in own)
