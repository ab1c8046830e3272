"""Taking up queries and maps: what a run is about. Starts no search and records no outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence

from collector import urls
from collector.ledger.db import Store, filters_text, now, stored_limit
from collector.model import Hit, Query, Task

PLAN = "plan"
"""The note of the last plan: its run, and the hash of what was asked."""
_UNFETCHED = """state = 'open' AND EXISTS (SELECT 1 FROM found LEFT JOIN outcome ON found_id = found.id
WHERE query_id = query.id AND (outcome.state IS NULL OR outcome.state = 'retry'))"""


class Planning(Store):
    """The ledger's side that is written before a run begins."""

    def plan(self, queries: Iterable[Query], widen: bool = False, feeds: Collection[str] = ()) -> int:
        """Take up these queries as the current run and return its number.

        Known ones keep everything they have; a raised limit opens them again and frees their spares. With
        `widen`, those that were exhausted below their limit are opened too. `feeds` are sources that are asked
        again however they ended, as long as the query is below its limit.
        """
        rows = list(queries)
        digest = _digest(rows, widen)
        growing = sorted({source for row in rows for source in row.sources if source in feeds} if feeds else ())
        if self.note(PLAN) == f"{self.note('run')} {digest}":
            run = int(self.note("run"))  # The very same again, and nothing else since: a million rows stay as they are.
            if growing:
                with self.transaction():
                    self._ask_again(run, growing)
            return run
        with self.transaction():
            run = self._next_run()
            self.remember(PLAN, f"{run} {digest}")
            self._db.executemany(
                """INSERT INTO query (keyword, label, filters, wanted, run, position) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (keyword, label, filters) DO UPDATE SET
                     reopened = excluded.wanted > query.wanted,
                     state = CASE WHEN excluded.wanted > query.wanted THEN 'open' ELSE query.state END,
                     wanted = excluded.wanted, run = excluded.run, position = excluded.position""",
                (
                    (q.keyword, q.label, filters_text(q), stored_limit(q.limit), run, position)
                    for position, q in enumerate(rows)
                ),
            )
            self._db.executemany(
                """INSERT INTO search (query_id, source, run)
                   SELECT id, ?, ? FROM query WHERE keyword = ? AND label = ? AND filters = ?
                   ON CONFLICT (query_id, source, variant) DO UPDATE SET run = excluded.run""",
                ((source, run, q.keyword, q.label, filters_text(q)) for q in rows for source in q.sources),
            )
            # A query that was done is open again when it is asked of a source it has not been put to.
            self._db.execute(
                """UPDATE query SET state = 'open' WHERE run = :run AND state = 'done' AND
                   (SELECT count(*) FROM found JOIN outcome ON found_id = id
                    WHERE query_id = query.id AND outcome.state = 'saved') < wanted AND
                   EXISTS (SELECT 1 FROM search WHERE query_id = query.id AND run = :run
                           AND (state = 'pending' OR (:widen AND wanted < :all AND state = 'exhausted')))""",
                {"run": run, "widen": widen, "all": stored_limit(None)},
            )
            if growing:
                self._ask_again(run, growing)
            self._free_spares("query.run = ? AND query.reopened", (run,))
        return run

    def _ask_again(self, run: int, sources: Sequence[str]) -> None:
        """What these sources have grown by since is to be found, for queries of the run that are below their limit."""
        marks = ", ".join("?" * len(sources))
        due = f"""SELECT search.id FROM search JOIN query ON query.id = query_id
                  WHERE search.run = ? AND source IN ({marks}) AND variant = '' AND
                  (SELECT count(*) FROM found JOIN outcome ON found_id = found.id
                   WHERE found.query_id = query.id AND outcome.state = 'saved') < wanted"""
        self._db.execute(
            f"""UPDATE query SET state = 'open' WHERE state = 'done' AND id IN
                (SELECT query_id FROM search WHERE id IN ({due}))""",
            (run, *sources),
        )
        self._db.execute(
            f"UPDATE search SET state = 'pending', reason = '', detail = '' WHERE id IN ({due})", (run, *sources)
        )

    def take_up_all(self, blocked: Callable[[str], str] | None = None) -> int:
        """Make every query with URLs still to be fetched the current run's, and return its number.

        Those whose keyword is `blocked` (which says for what term, "" for none) are left as they are.
        """
        self._db.create_function("blocked", 1, blocked or (lambda _: ""), deterministic=True)
        with self.transaction():
            run = self._next_run()
            self._db.execute(
                f"UPDATE query SET run = ?, position = id WHERE {_UNFETCHED} AND blocked(keyword) = ''", (run,)
            )
            self._db.execute(
                "UPDATE search SET run = ? WHERE query_id IN (SELECT id FROM query WHERE run = ?)", (run, run)
            )
        return run

    def left_alone(self, blocked: Callable[[str], str]) -> int:
        """How many queries with URLs still to be fetched `take_up_all` leaves as they are."""
        self._db.create_function("blocked", 1, blocked, deterministic=True)
        row = self._db.execute(f"SELECT count(*) FROM query WHERE {_UNFETCHED} AND blocked(keyword) <> ''").fetchone()
        return int(row[0])

    def import_urls(self, pairs: Iterable[tuple[str, str]]) -> tuple[int, int]:
        """Enter (keyword, url) pairs of a saved map; see `import_hits`."""
        return self.import_hits((keyword, Hit(url, urls.url_key(url))) for keyword, url in pairs)

    def import_hits(self, hits: Iterable[tuple[str, Hit]]) -> tuple[int, int]:
        """Enter (keyword, hit) of a saved map; returns (URLs new here, given).

        All URLs of a keyword are wanted; those of a keyword that is known already join it.
        """
        new = given = 0
        ranks: dict[str, tuple[int, int, int]] = {}
        with self.transaction():
            run = self._next_run()
            for keyword, hit in hits:
                given += 1
                if keyword not in ranks:
                    ranks[keyword] = (*self._import_query(keyword, run), 0)
                query_id, search_id, rank = ranks[keyword]
                ranks[keyword] = (query_id, search_id, rank + 1)
                new += self._enter_import(query_id, search_id, rank + 1, hit)
            for query_id, search_id, rank in ranks.values():
                self._db.execute("UPDATE search SET found = ?, state = 'exhausted' WHERE id = ?", (rank, search_id))
                self._db.execute(
                    """UPDATE query SET state = 'open', wanted =
                       max(wanted, (SELECT count(*) FROM found WHERE query_id = query.id)) WHERE id = ?""",
                    (query_id,),
                )
                self._free_spares("query.id = ?", (query_id,))
        return new, given

    def begin_intake(self, label: str) -> tuple[int, int, int]:
        """(query, search, highest rank) of pictures that are taken from a disk into a class; see `end_intake`."""
        run = int(self.note("run") or 0) or self._next_run()
        query_id, search_id = self._import_query(label, run)
        row = self._db.execute("SELECT coalesce(max(rank), 0) FROM found WHERE search_id = ?", (search_id,)).fetchone()
        return query_id, search_id, row[0]

    def intake(self, query_id: int, search_id: int, rank: int, hit: Hit) -> Task | None:
        """Enter one of them, whose URL is its path and never asked for; its task, None when it is through already."""
        self._enter_import(query_id, search_id, rank, hit)
        number, state, attempts = self._db.execute(
            """SELECT found.id, outcome.state, coalesce(attempts, 0) FROM found LEFT JOIN outcome ON found_id = found.id
               WHERE query_id = ? AND url_key = ?""",
            (query_id, hit.key),
        ).fetchone()
        if state in ("saved", "duplicate", "skipped"):
            return None
        return Task(number, search_id, hit.url, attempt=attempts + 1)

    def end_intake(self, query_id: int, search_id: int) -> None:
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

    def _enter_import(self, query_id: int, search_id: int, rank: int, hit: Hit) -> int:
        """1 for a URL that is new to the query, else 0."""
        values = (
            *(query_id, search_id, rank, hit.url, hit.key, hit.page, hit.title, hit.width, hit.height),
            *(hit.published, json.dumps(hit.fields, ensure_ascii=False) if hit.fields else "", now()),
        )
        cursor = self._db.execute(
            """INSERT OR IGNORE INTO found (query_id, search_id, rank, url, url_key, page, title, width, height,
               published, fields, way, found_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'import', ?)""",
            values,
        )
        return cursor.rowcount

    def _import_query(self, keyword: str, run: int) -> tuple[int, int]:
        self._db.execute(
            """INSERT INTO query (keyword, label, filters, wanted, run, position) VALUES (?, ?, '{}', 0, ?, 0)
               ON CONFLICT (keyword, label, filters) DO UPDATE SET run = excluded.run""",
            (keyword, keyword, run),
        )
        query_id = self._db.execute(
            "SELECT id FROM query WHERE keyword = ? AND label = ? AND filters = '{}'", (keyword, keyword)
        ).fetchone()[0]
        self._db.execute(
            "INSERT OR IGNORE INTO search (query_id, source, run) VALUES (?, 'import', ?)", (query_id, run)
        )
        row = self._db.execute("SELECT id FROM search WHERE query_id = ? AND source = 'import'", (query_id,)).fetchone()
        return query_id, row[0]

    def _next_run(self) -> int:
        run = int(self.note("run") or 0) + 1
        self.remember("run", str(run))
        return run

    def _free_spares(self, condition: str, arguments: tuple[int, ...]) -> None:
        """Spares that were skipped because the limit was reached are to do again."""
        self._db.execute(
            f"""DELETE FROM outcome WHERE reason = 'policy.limit' AND found_id IN (
                  SELECT found.id FROM query JOIN found ON query_id = query.id WHERE {condition})""",
            arguments,
        )


def _digest(queries: Iterable[Query], widen: bool) -> str:
    digest = hashlib.sha256(str(widen).encode())
    for query in queries:
        digest.update(
            repr((query.keyword, query.label, stored_limit(query.limit), query.sources, query.filters)).encode(
                "utf-8", "replace"
            )
        )
    return digest.hexdigest()
