"""Taking up queries: what a run is about. Starts no search and records no outcome."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence

from collector.ledger.db import cell, filters_text, note, remember, stored_limit, transaction
from collector.model import Query

PLAN = "plan"
"""The note of the last plan: its run, and the hash of what was asked."""
SAVED = """(SELECT count(*) FROM found JOIN outcome ON found_id = found.id
                   WHERE query_id = query.id AND state = 'saved')"""
"""What a limit is never lowered below: those pictures stay."""
_UNFETCHED = """state = 'open' AND EXISTS (SELECT 1 FROM found LEFT JOIN outcome ON found_id = found.id
WHERE query_id = query.id AND (outcome.state IS NULL OR outcome.state = 'retry'))"""


def plan(db: sqlite3.Connection, rows: Sequence[Query], widen: bool, feeds: Collection[str]) -> int:
    """See `Work.plan`."""
    digest = _digest(rows, widen)
    growing = sorted({source for row in rows for source in row.sources if source in feeds} if feeds else ())
    if note(db, PLAN) == f"{note(db, 'run')} {digest}":
        run = int(note(db, "run"))  # The very same again, and nothing else since: a million rows stay as they are.
        if growing:
            with transaction(db):
                _ask_again(db, run, growing)
        return run
    with transaction(db):
        run = next_run(db)
        remember(db, PLAN, f"{run} {digest}")
        db.executemany(
            f"""INSERT INTO query (keyword, label, filters, wanted, run, position) VALUES (?, ?, ?, ?, ?, ?)
               ON CONFLICT (keyword, label, filters) DO UPDATE SET
                 reopened = excluded.wanted > query.wanted OR (query.reopened AND query.state = 'open'),
                 state = CASE WHEN excluded.wanted > query.wanted THEN 'open' ELSE query.state END,
                 wanted = CASE WHEN excluded.wanted >= query.wanted THEN excluded.wanted
                   ELSE max(excluded.wanted, {SAVED}) END, run = excluded.run, position = excluded.position""",
            (
                (q.keyword, q.label, filters_text(q), stored_limit(q.limit), run, position)
                for position, q in enumerate(rows)
            ),
        )
        db.executemany(
            """INSERT INTO search (query_id, source, run)
               SELECT id, ?, ? FROM query WHERE keyword = ? AND label = ? AND filters = ?
               ON CONFLICT (query_id, source, variant) DO UPDATE SET run = excluded.run""",
            ((source, run, q.keyword, q.label, filters_text(q)) for q in rows for source in q.sources),
        )
        # A query that was done is open again when it is asked of a source it has not been put to.
        db.execute(
            """UPDATE query SET state = 'open' WHERE run = :run AND state = 'done' AND
               (SELECT count(*) FROM found JOIN outcome ON found_id = id
                WHERE query_id = query.id AND outcome.state = 'saved') < wanted AND
               EXISTS (SELECT 1 FROM search WHERE query_id = query.id AND run = :run
                       AND (state = 'pending' OR (:widen AND wanted < :all AND state = 'exhausted')))""",
            {"run": run, "widen": widen, "all": stored_limit(None)},
        )
        if growing:
            _ask_again(db, run, growing)
        free_spares(db, f"query.run = ? AND query.reopened AND {SAVED} < wanted", (run,))
    return run


def _ask_again(db: sqlite3.Connection, run: int, sources: Sequence[str]) -> None:
    """What these sources have grown by since is to be found, for queries of the run that are below their limit."""
    marks = ", ".join("?" * len(sources))
    due = f"""SELECT search.id FROM search JOIN query ON query.id = query_id
              WHERE search.run = ? AND source IN ({marks}) AND variant = '' AND
              (SELECT count(*) FROM found JOIN outcome ON found_id = found.id
               WHERE found.query_id = query.id AND outcome.state = 'saved') < wanted"""
    db.execute(
        f"""UPDATE query SET state = 'open' WHERE state = 'done' AND id IN
            (SELECT query_id FROM search WHERE id IN ({due}))""",
        (run, *sources),
    )
    db.execute(f"UPDATE search SET state = 'pending', reason = '', detail = '' WHERE id IN ({due})", (run, *sources))


def take_up_all(db: sqlite3.Connection, blocked: Callable[[str], str]) -> int:
    """See `Work.take_up_all`."""
    db.create_function("blocked", 1, blocked, deterministic=True)
    with transaction(db):
        run = next_run(db)
        db.execute(f"UPDATE query SET run = ?, position = id WHERE {_UNFETCHED} AND blocked(keyword) = ''", (run,))
        db.execute("UPDATE search SET run = ? WHERE query_id IN (SELECT id FROM query WHERE run = ?)", (run, run))
    return run


def left_alone(db: sqlite3.Connection, blocked: Callable[[str], str]) -> int:
    """See `Work.left_alone`."""
    db.create_function("blocked", 1, blocked, deterministic=True)
    return int(cell(db, f"SELECT count(*) FROM query WHERE {_UNFETCHED} AND blocked(keyword) <> ''"))


def next_run(db: sqlite3.Connection) -> int:
    """The number of a run that begins."""
    run = int(note(db, "run") or 0) + 1
    remember(db, "run", str(run))
    return run


def free_spares(db: sqlite3.Connection, condition: str, arguments: tuple[int, ...]) -> None:
    """Spares that were skipped because the limit was reached are to do again."""
    db.execute(
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
