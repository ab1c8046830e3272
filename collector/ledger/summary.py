"""The summary's numbers, straight from the ledger. Reads only; memory stays flat however many keywords there are."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Generator, Sequence
from typing import Any

from collector.errors import counted
from collector.ledger.db import limit_of, stored_limit
from collector.model import Digest, SearchState, Tally

FEW = 40
"""Keywords up to which each is shown."""
WORST = 20
"""Keywords that are shown when there are more: those that miss most."""
CHUNK = 500
"""Keywords whose numbers are in memory at a time."""

_FIELDS = ("found", "duplicate", "rejected", "failed", "skipped", "waiting", "saved", "bytes", "seconds",
           "retry", "videos", "files", "video_bytes", "file_bytes")  # fmt: skip

STATES = """
  count(f.id) AS found,
  count(CASE o.state WHEN 'duplicate' THEN 1 END) AS duplicate,
  count(CASE o.state WHEN 'rejected' THEN 1 END) AS rejected,
  count(CASE WHEN o.state IN ('failed', 'retry') THEN 1 END) AS failed,
  count(CASE o.state WHEN 'skipped' THEN 1 END) AS skipped,
  count(f.id) - count(o.found_id) AS waiting"""
"""How URLs are counted, wherever they are: found = saved + these."""
_COUNTS = f"""
  q.id AS id, q.position AS position, q.keyword AS keyword, q.label AS label, max(q.wanted, 0) AS wanted, {STATES},
  count(CASE o.state WHEN 'saved' THEN 1 END) AS saved,
  coalesce(sum(CASE o.state WHEN 'saved' THEN max(o.bytes, 0) END), 0) AS bytes,
  coalesce(sum(max(o.seconds, 0)), 0) AS seconds,
  count(CASE WHEN o.state = 'retry' AND q.state = 'open' THEN 1 END) AS retry,
  count(CASE WHEN o.state = 'saved' AND o.media = 'video' THEN 1 END) AS videos,
  count(CASE WHEN o.state = 'saved' AND o.media = 'file' THEN 1 END) AS files,
  coalesce(sum(CASE WHEN o.state = 'saved' AND o.media = 'video' THEN max(o.bytes, 0) END), 0) AS video_bytes,
  coalesce(sum(CASE WHEN o.state = 'saved' AND o.media = 'file' THEN max(o.bytes, 0) END), 0) AS file_bytes
"""
JOINED = "query q LEFT JOIN found f ON f.query_id = q.id LEFT JOIN outcome o ON o.found_id = f.id"
_OF_RUN = "(:run IS NULL OR q.run = :run)"
_SEARCHED = "(:run IS NULL OR (q.run = :run AND s.run = :run))"
_LISTED = "q.id IN (SELECT value FROM json_each(:ids))"

_ROWS = f"SELECT {_COUNTS} FROM {JOINED} WHERE {_LISTED} GROUP BY q.id"
_SEARCHES = f"""
SELECT q.id, s.source, s.state, s.reason, max(s.seconds, 0), s.variant
FROM query q JOIN search s ON s.query_id = q.id
WHERE {_LISTED} AND {_SEARCHED} ORDER BY s.id
"""
_REASONS = f"""
SELECT q.id, o.reason, count(*) FROM query q JOIN found f ON f.query_id = q.id JOIN outcome o ON o.found_id = f.id
WHERE o.reason <> '' AND {_LISTED} GROUP BY q.id, o.reason ORDER BY count(*) DESC, o.reason
"""

_PER_QUERY = f"""
SELECT {_COUNTS},
  (SELECT count(CASE WHEN s.state NOT IN ('enough', 'exhausted', 'empty') THEN 1 END) FROM search s
   WHERE s.query_id = q.id AND {_SEARCHED}) AS undone,
  (SELECT count(*) > 0 AND count(*) = count(CASE s.state WHEN 'exhausted' THEN 1 END) FROM search s
   WHERE s.query_id = q.id AND {_SEARCHED}) AS exhausted
FROM {JOINED} WHERE {_OF_RUN} GROUP BY q.id
"""
_SUMS = f"""
SELECT count(*), coalesce(sum(wanted), 0), coalesce(sum(exhausted AND wanted < :all AND saved < wanted), 0),
  coalesce(sum(waiting + retry > 0 AND wanted < :all AND saved < wanted), 0),
  coalesce(sum(waiting + retry > 0 AND wanted >= :all), 0),
  {", ".join(f"coalesce(sum({name}), 0)" for name in _FIELDS)} FROM ({_PER_QUERY})
"""
_WORST = f"""
SELECT id, CASE WHEN wanted >= :all THEN waiting + retry ELSE max(0, wanted - saved) END AS missing FROM ({_PER_QUERY})
WHERE missing > 0 OR undone > 0 ORDER BY missing DESC, failed DESC, position, id LIMIT {WORST}
"""
"""Of a keyword that wants everything, what is known and not there yet is missing."""


def tallies(connection: sqlite3.Connection, run: int | None) -> Generator[Tally, None, None]:
    """A row per query of one run, or of all, in the order asked."""
    ids = connection.execute(f"SELECT id FROM query q WHERE {_OF_RUN} ORDER BY position, id", {"run": run})
    while chunk := [number for (number,) in ids.fetchmany(CHUNK)]:
        yield from _tallies(connection, run, chunk)


def _tallies(connection: sqlite3.Connection, run: int | None, ids: Sequence[int]) -> list[Tally]:
    """The rows of these queries, in this order."""
    arguments = {"run": run, "ids": json.dumps(ids)}
    searches: dict[int, list[tuple[str, SearchState, str]]] = defaultdict(list)
    search_seconds: dict[int, float] = defaultdict(float)
    for number, source, state, reason, seconds, variant in connection.execute(_SEARCHES, arguments):
        searches[number].append((f"{source} {variant}".rstrip(), SearchState(state), reason))
        search_seconds[number] += seconds
    reasons: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for number, reason, count in connection.execute(_REASONS, arguments):
        reasons[number].append((reason, count))
    rows: dict[int, Tally] = {}
    for number, _, keyword, label, wanted, *counts in connection.execute(_ROWS, arguments):
        sums: dict[str, Any] = dict(zip(_FIELDS, counts, strict=True))
        sums["seconds"] += search_seconds[number]
        rows[number] = Tally(
            keyword, label, limit_of(wanted), searches=tuple(searches[number]), reasons=tuple(reasons[number]), **sums
        )
    return [rows[number] for number in ids]


def digest(connection: sqlite3.Connection, run: int | None) -> Digest:
    """All queries of one run, or of all, together."""
    arguments = {"run": run, "all": stored_limit(None)}
    keywords, wanted, exhausted, short, unfinished, *counts = connection.execute(_SUMS, arguments).fetchone()
    states, searching = [], 0.0
    for state, count, seconds in connection.execute(
        f"""SELECT s.state, count(*), sum(max(s.seconds, 0)) FROM search s JOIN query q ON q.id = s.query_id
            WHERE {_SEARCHED} GROUP BY s.state ORDER BY s.state""",
        arguments,
    ):
        states.append((SearchState(state), count))
        searching += seconds
    reasons = connection.execute(
        f"""SELECT o.reason, count(*) FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
            WHERE o.reason <> '' AND {_OF_RUN} GROUP BY o.reason ORDER BY count(*) DESC, o.reason""",
        arguments,
    ).fetchall()
    sums: dict[str, Any] = dict(zip(_FIELDS, counts, strict=True))
    sums["seconds"] += searching
    title = counted(keywords, "keyword")
    # Everything of one keyword is no number for all of them either.
    total = Tally(title, "", limit_of(wanted), reasons=tuple(reasons), **sums)
    if keywords <= FEW:
        shown = tuple(tallies(connection, run))
    else:
        shown = tuple(_tallies(connection, run, [number for number, _ in connection.execute(_WORST, arguments)]))
    return Digest(keywords, total, shown, tuple(states), exhausted, short, unfinished)


def progress(connection: sqlite3.Connection, run: int) -> tuple[int, int | None, int, int]:
    """(queries, pictures wanted, queries searched to the end, pictures saved) of a run.

    Wanted is None when a query wants everything.
    """
    queries, wanted, searched = connection.execute(
        """SELECT count(*), coalesce(sum(max(wanted, 0)), 0), coalesce(sum(NOT EXISTS (
             SELECT 1 FROM search WHERE query_id = query.id AND search.run = query.run
             AND state NOT IN ('enough', 'exhausted', 'empty'))), 0) FROM query WHERE run = ?""",
        (run,),
    ).fetchone()
    (saved,) = connection.execute(
        """SELECT count(*) FROM query JOIN found ON query_id = query.id JOIN outcome ON found_id = found.id
           WHERE query.run = ? AND outcome.state = 'saved'""",
        (run,),
    ).fetchone()
    return queries, limit_of(wanted), searched, saved
