"""The summary's numbers, straight from the ledger. Reads only."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from collector.model import ALL, SearchState, Tally

_COUNTS = """
SELECT q.id, keyword, label, wanted, count(f.id),
  count(CASE o.state WHEN 'saved' THEN 1 END), count(CASE o.state WHEN 'duplicate' THEN 1 END),
  count(CASE o.state WHEN 'rejected' THEN 1 END), count(CASE WHEN o.state IN ('failed', 'retry') THEN 1 END),
  count(CASE o.state WHEN 'skipped' THEN 1 END), count(f.id) - count(o.found_id),
  coalesce(sum(CASE o.state WHEN 'saved' THEN o.bytes END), 0), coalesce(sum(o.seconds), 0),
  count(CASE WHEN o.state = 'retry' AND q.state = 'open' THEN 1 END),
  count(CASE WHEN o.state = 'saved' AND o.media = 'video' THEN 1 END),
  count(CASE WHEN o.state = 'saved' AND o.media = 'file' THEN 1 END),
  coalesce(sum(CASE WHEN o.state = 'saved' AND o.media = 'video' THEN o.bytes END), 0),
  coalesce(sum(CASE WHEN o.state = 'saved' AND o.media = 'file' THEN o.bytes END), 0)
FROM query q LEFT JOIN found f ON f.query_id = q.id LEFT JOIN outcome o ON o.found_id = f.id
WHERE :run IS NULL OR q.run = :run GROUP BY q.id ORDER BY q.position, q.id
"""

_SEARCHES = """
SELECT query_id, source, search.state, reason, seconds, variant FROM search JOIN query ON query.id = query_id
WHERE :run IS NULL OR (query.run = :run AND search.run = :run) ORDER BY search.id
"""

_REASONS = """
SELECT query_id, reason, count(*) FROM outcome
JOIN found ON found.id = found_id JOIN query ON query.id = query_id
WHERE reason <> '' AND (:run IS NULL OR query.run = :run)
GROUP BY query_id, reason ORDER BY count(*) DESC, reason
"""


def tallies(connection: sqlite3.Connection, run: int | None) -> list[Tally]:
    """A row per query of one run, or of all, in the order asked."""
    arguments = {"run": run}
    searches: dict[int, list[tuple[str, SearchState, str]]] = defaultdict(list)
    search_seconds: dict[int, float] = defaultdict(float)
    for query_id, source, state, reason, seconds, variant in connection.execute(_SEARCHES, arguments):
        name = f"{source} {variant}".rstrip()
        searches[query_id].append((name, SearchState(state), reason))
        search_seconds[query_id] += seconds
    reasons: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for query_id, reason, count in connection.execute(_REASONS, arguments):
        reasons[query_id].append((reason, count))
    rows = connection.execute(_COUNTS, arguments)
    return [
        Tally(
            keyword=row[1],
            label=row[2],
            limit=row[3],
            found=row[4],
            saved=row[5],
            duplicate=row[6],
            rejected=row[7],
            failed=row[8],
            skipped=row[9],
            retry=row[13],
            waiting=row[10],
            bytes=row[11],
            videos=row[14],
            files=row[15],
            video_bytes=row[16],
            file_bytes=row[17],
            seconds=row[12] + search_seconds[row[0]],
            searches=tuple(searches[row[0]]),
            reasons=tuple(reasons[row[0]]),
        )
        for row in rows
    ]


def progress(connection: sqlite3.Connection, run: int) -> tuple[int, int, int, int]:
    """(queries, pictures wanted, queries searched to the end, pictures saved) of a run.

    Wanted is 0, for unknown, when a query wants everything.
    """
    queries, wanted, searched = connection.execute(
        """SELECT count(*), coalesce(sum(wanted), 0), coalesce(sum(NOT EXISTS (
             SELECT 1 FROM search WHERE query_id = query.id AND search.run = query.run
             AND state NOT IN ('enough', 'exhausted', 'empty'))), 0) FROM query WHERE run = ?""",
        (run,),
    ).fetchone()
    (saved,) = connection.execute(
        """SELECT count(*) FROM query JOIN found ON query_id = query.id JOIN outcome ON found_id = found.id
           WHERE query.run = ? AND outcome.state = 'saved'""",
        (run,),
    ).fetchone()
    return queries, wanted if wanted < ALL else 0, searched, saved
