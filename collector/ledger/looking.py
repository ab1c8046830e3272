"""Questions that people ask of the ledger. Reads only."""

from __future__ import annotations

from collections.abc import Generator

from collector.ledger import summary, why
from collector.ledger.db import Store
from collector.model import Digest, Tally


class Looking(Store):
    """The ledger's side that is shown."""

    def urls(self) -> Generator[tuple[str, str], None, None]:
        """The master map as (keyword, url), by keyword in the order asked and by rank."""
        yield from self._db.execute(
            """SELECT keyword, url FROM query JOIN found ON query_id = query.id
               ORDER BY query.position, query.id, found.rank, found.id"""
        )

    def tallies(self, run: int | None = None) -> Generator[Tally, None, None]:
        """A row per query (of one run, or of all) in the order asked; few of them are in memory at a time."""
        return summary.tallies(self._db, run)

    def digest(self, run: int | None = None) -> Digest:
        """The summary of all queries (of one run, or of all) together."""
        return summary.digest(self._db, run)

    def progress(self, run: int) -> tuple[int, int | None, int, int]:
        """(queries, pictures wanted, queries searched to the end, pictures saved) of a run."""
        return summary.progress(self._db, run)

    def stories(self, what: str) -> list[why.Story]:
        """All that is known of a URL, of a picture's path, or of its name; a story per keyword that found it."""
        return why.stories(self._db, what)
