"""What is to do, and where a picture belongs. Reads, but for the folder a class is given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from collector.ledger import layout
from collector.ledger.db import Store, limit_of
from collector.model import Media, Query, SearchState, Task


@dataclass(frozen=True, slots=True)
class KnownSearch:
    """A query at one source, as the ledger knows it."""

    id: int
    source: str
    state: SearchState
    variant: str = ""
    """A filter added to widen the query, as name=value; "" is the query as it was asked."""
    asked: bool = True
    """Whether the present run asks for it."""
    complete: int = 0
    """The highest number of a URL it had brought when it last came to its true end; 0 if it never did."""


_TODO = """found.id, search_id, url, page, found.width, found.height, is_thumbnail, coalesce(attempts, 0),
fallbacks, found.media, cookies, thumbnail_url FROM found LEFT JOIN outcome ON found_id = found.id
WHERE query_id = ? AND (outcome.state IS NULL OR outcome.state = 'retry')"""
"""The columns of `_task` for a query's URLs that are to do."""


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query that still has something to do, as the ledger knows it."""

    id: int
    query: Query
    saved: int
    found: int
    searches: tuple[KnownSearch, ...]
    """All there ever were, oldest first."""


class Work(Store):
    """The ledger's side that hands out work."""

    def open_queries(self, run: int, after: int, count: int) -> list[tuple[int, OpenQuery]]:
        """The next queries of a run with something to do, as (position, query), after a position."""
        rows = self._db.execute(
            """SELECT id, keyword, label, filters, wanted, position FROM query
               WHERE run = ? AND state = 'open' AND position > ? ORDER BY position LIMIT ?""",
            (run, after, count),
        ).fetchall()
        return [(row[5], self._open_query(run, *row[:5])) for row in rows]

    def _open_query(self, run: int, query_id: int, keyword: str, label: str, filters: str, wanted: int) -> OpenQuery:
        searches = tuple(
            KnownSearch(number, source, SearchState(state), variant, bool(asked), complete)
            for number, source, state, variant, asked, complete in self._db.execute(
                """SELECT id, source, state, variant, run = ? OR source = 'import', complete FROM search
                   WHERE query_id = ? ORDER BY id""",
                (run, query_id),
            )
        )
        found, saved = self._db.execute(
            """SELECT count(*), count(CASE outcome.state WHEN 'saved' THEN 1 END)
               FROM found LEFT JOIN outcome ON found_id = found.id WHERE query_id = ?""",
            (query_id,),
        ).fetchone()
        sources = tuple(dict.fromkeys(search.source for search in searches if search.asked))
        query = Query(keyword, label, limit_of(wanted), sources, tuple(sorted(json.loads(filters).items())))
        return OpenQuery(query_id, query, saved, found, searches)

    def add_search(self, query_id: int, source: str, variant: str, run: int) -> KnownSearch:
        """A variation of a query at a source; one that is known already keeps its state."""
        self._db.execute(
            """INSERT INTO search (query_id, source, variant, run) VALUES (?, ?, ?, ?)
               ON CONFLICT (query_id, source, variant) DO UPDATE SET run = excluded.run""",
            (query_id, source, variant, run),
        )
        number, state = self._db.execute(
            "SELECT id, state FROM search WHERE query_id = ? AND source = ? AND variant = ?",
            (query_id, source, variant),
        ).fetchone()
        return KnownSearch(number, source, SearchState(state), variant)

    def known(self, query_id: int) -> frozenset[str]:
        """Keys of the URLs that a query has already."""
        rows = self._db.execute("SELECT url_key FROM found WHERE query_id = ?", (query_id,))
        return frozenset(key for (key,) in rows)

    def known_before(self, search: KnownSearch) -> frozenset[str]:
        """Keys of the URLs that a search had brought by its last walk to the true end."""
        if not search.complete:
            return frozenset()
        rows = self._db.execute(
            "SELECT url_key FROM found WHERE search_id = ? AND id <= ?", (search.id, search.complete)
        )
        return frozenset(key for (key,) in rows)

    def todo(self, query_id: int, after: int, count: int) -> list[Task]:
        """The next URLs of a query without a final outcome, after a found id, oldest first."""
        rows = self._db.execute(f"SELECT {_TODO} AND found.id > ? ORDER BY found.id LIMIT ?", (query_id, after, count))
        return [_task(*row) for row in rows]

    def todo_ranked(self, query_id: int) -> list[tuple[int, Task]]:
        """All URLs of a query without a final outcome, each with its rank."""
        rows = self._db.execute(f"SELECT rank, {_TODO} ORDER BY found.id", (query_id,))
        return [(rank, _task(*row)) for rank, *row in rows]

    def reached(self, query_id: int) -> dict[int, int]:
        """Search -> the highest rank that it has brought, for a query's searches that brought any."""
        rows = self._db.execute(
            "SELECT search_id, max(rank) FROM found WHERE query_id = ? GROUP BY search_id", (query_id,)
        )
        return dict(rows.fetchall())

    def file_of(self, sha256: str) -> tuple[Path, str] | None:
        """(path relative to the folder, label) of the saved file with these bytes, if any."""
        row = self._db.execute(
            """SELECT path, label FROM outcome JOIN found ON found.id = found_id JOIN query ON query.id = query_id
               WHERE sha256 = ? AND outcome.state = 'saved'""",
            (sha256,),
        ).fetchone()
        return (Path(row[0]), row[1]) if row else None

    def forgotten(self, sha256: str) -> bool:
        """Whether a picture with these bytes was forgotten on the user's word."""
        row = self._db.execute(
            "SELECT 1 FROM outcome WHERE sha256 = ? AND state = 'skipped' AND reason = 'policy.forgotten'", (sha256,)
        ).fetchone()
        return row is not None

    def folder(self, label: str) -> str:
        """The folder of a class: given once, kept for ever."""
        if label not in self._folders:
            self._folders[label] = self._given_folder(label)
        return self._folders[label]

    def _given_folder(self, label: str) -> str:
        row = self._db.execute("SELECT name FROM folder WHERE label = ?", (label,)).fetchone()
        if row:
            return str(row[0])
        taken = {name for (name,) in self._db.execute("SELECT name FROM folder")}
        name = layout.folder_name(label, taken)
        self._db.execute("INSERT INTO folder VALUES (?, ?)", (label, name))
        return name


def _task(
    number: int,
    search: int,
    url: str,
    page: str,
    width: int,
    height: int,
    thumbnail: int,
    attempts: int,
    fallbacks: str,
    media: str,
    cookies: str,
    thumbnail_url: str,
) -> Task:
    """The columns of `todo`, in their order."""
    return Task(
        id=number,
        search_id=search,
        url=url,
        page=page,
        width=width,
        height=height,
        is_thumbnail=bool(thumbnail),
        attempt=attempts + 1,
        fallbacks=tuple(json.loads(fallbacks)) if fallbacks else (),
        media=Media(media),
        cookies=cookies,
        thumbnail_url=thumbnail_url,
    )
