"""URLs and pictures that come from elsewhere than a search: saved maps, pictures on disk, stills of videos."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from collector.ledger.bounds import ENDLESS, bounded
from collector.ledger.columns import HIT
from collector.ledger.db import filters_text, note, now, transaction
from collector.ledger.planning import free_spares, next_run
from collector.model import Hit, Query, Search, Task

STILLS = "frames"
"""The source that stills of videos have."""


@dataclass(frozen=True, slots=True)
class Stills:
    """Where the stills of a class are entered."""

    query_id: int
    search: Search
    count: int
    """How many there are."""


def enter(db: sqlite3.Connection, query_id: int, search_id: int, rank: int, hit: Hit) -> int | None:
    """Enter a hit, bounded already; its number, None when the query has that URL already."""
    values = {"query_id": query_id, "search_id": search_id, "rank": rank, "found_at": now(), **HIT.store(hit)}
    row = db.execute(_inserting(*values), tuple(values.values())).fetchone()
    return None if row is None else int(row[0])


@cache
def _inserting(*columns: str) -> str:
    marks = ", ".join("?" * len(columns))
    return f"""INSERT INTO found ({", ".join(columns)}) VALUES ({marks})
               ON CONFLICT (query_id, url_key) DO NOTHING RETURNING id"""


class Intake:
    """The ledger's side for what other people, and our own videos, bring."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def import_hits(self, hits: Iterable[tuple[str, Hit]]) -> tuple[int, int]:
        """Enter (keyword, hit) of a saved map; returns (URLs new here, given).

        All URLs of a keyword are wanted; those of a keyword that is known already join it.
        """
        new = given = 0
        ranks: dict[str, tuple[int, int, int]] = {}
        with transaction(self._db):
            run = next_run(self._db)
            for keyword, hit in hits:
                given += 1
                if keyword not in ranks:
                    ranks[keyword] = (*_imported(self._db, keyword, run), 0)
                query_id, search_id, rank = ranks[keyword]
                ranks[keyword] = (query_id, search_id, rank + 1)
                new += enter(self._db, query_id, search_id, rank + 1, _imported_hit(hit)) is not None
            for query_id, search_id, rank in ranks.values():
                self._db.execute("UPDATE search SET found = ?, state = 'exhausted' WHERE id = ?", (rank, search_id))
                self._db.execute(
                    """UPDATE query SET state = 'open', wanted =
                       max(wanted, (SELECT count(*) FROM found WHERE query_id = query.id)) WHERE id = ?""",
                    (query_id,),
                )
                free_spares(self._db, "query.id = ?", (query_id,))
        return new, given

    def begin(self, label: str) -> tuple[int, int, int]:
        """(query, search, highest rank) of pictures that are taken from a disk into a class; see `end`."""
        query_id, search_id = _imported(self._db, label, int(note(self._db, "run") or 0) or next_run(self._db))
        row = self._db.execute("SELECT coalesce(max(rank), 0) FROM found WHERE search_id = ?", (search_id,)).fetchone()
        return query_id, search_id, row[0]

    def take(self, query_id: int, search_id: int, rank: int, hit: Hit) -> Task | None:
        """Enter one of them, whose URL is its path and never asked for; its task, None when it is through already."""
        hit = _imported_hit(hit)
        enter(self._db, query_id, search_id, rank, hit)
        number, state, attempts = self._db.execute(
            """SELECT found.id, outcome.state, coalesce(attempts, 0) FROM found LEFT JOIN outcome ON found_id = found.id
               WHERE query_id = ? AND url_key = ?""",
            (query_id, hit.key),
        ).fetchone()
        if state in ("saved", "duplicate", "skipped"):
            return None
        return Task(number, search_id, hit.url, attempt=attempts + 1)

    def end(self, query_id: int, search_id: int) -> None:
        """What was taken is what is wanted, if nobody wanted more; nothing is left to search or to fetch."""
        self._db.execute(
            """UPDATE search SET state = 'exhausted',
               found = (SELECT count(*) FROM found WHERE search_id = search.id) WHERE id = ?""",
            (search_id,),
        )
        self._db.execute(
            """UPDATE query SET
                 state = CASE WHEN wanted <= saved THEN 'done' ELSE state END, wanted = max(wanted, saved, 1)
               FROM (SELECT count(*) AS saved FROM found JOIN outcome ON found_id = found.id
                     WHERE query_id = :id AND outcome.state = 'saved') WHERE query.id = :id""",
            {"id": query_id},
        )

    def begin_stills(self, keyword: str, label: str) -> Stills:
        """Where stills of a class's videos are entered: a query of its own beside the one that found the videos.

        It is never open, so that stills count towards no limit, and no run asks for them.
        """
        query = Query(keyword, label, 1, (STILLS,), ((STILLS, "yes"),))
        [query_id] = self._db.execute(
            """INSERT INTO query (keyword, label, filters, wanted, run, position, state)
               VALUES (?, ?, ?, 0, 0, 0, 'done')
               ON CONFLICT (keyword, label, filters) DO UPDATE SET state = state RETURNING id""",
            (keyword, label, filters_text(query)),
        ).fetchone()
        number = _search(self._db, query_id, STILLS, 0, "exhausted")
        [count] = self._db.execute("SELECT count(*) FROM found WHERE search_id = ?", (number,)).fetchone()
        return Stills(query_id, Search(number, query, STILLS, 0), count)

    def still_entered(self, stills: Stills) -> None:
        """One more still was entered."""
        self._db.execute("UPDATE query SET wanted = wanted + 1 WHERE id = ?", (stills.query_id,))
        self._db.execute("UPDATE search SET found = found + 1 WHERE id = ?", (stills.search.id,))


def _imported_hit(hit: Hit) -> Hit:
    return bounded(replace(hit, way="import"), ENDLESS)


def _imported(db: sqlite3.Connection, keyword: str, run: int) -> tuple[int, int]:
    """(query, search) of what is entered under a keyword."""
    keyword = bounded(keyword)
    [query_id] = db.execute(
        """INSERT INTO query (keyword, label, filters, wanted, run, position) VALUES (?, ?, '{}', 0, ?, 0)
           ON CONFLICT (keyword, label, filters) DO UPDATE SET run = excluded.run RETURNING id""",
        (keyword, keyword, run),
    ).fetchone()
    return query_id, _search(db, query_id, "import", run)


def _search(db: sqlite3.Connection, query_id: int, source: str, run: int, state: str = "pending") -> int:
    """The number of a query's search at a source, made when there is none."""
    [number] = db.execute(
        """INSERT INTO search (query_id, source, run, state) VALUES (?, ?, ?, ?)
           ON CONFLICT (query_id, source, variant) DO UPDATE SET state = state RETURNING id""",
        (query_id, source, run, state),
    ).fetchone()
    return int(number)
