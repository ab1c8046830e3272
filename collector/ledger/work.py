"""What is asked for, what is to do, and what happened: one outcome per URL. Never decides."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache

from collector.ledger import intake, layout, planning
from collector.ledger.bounds import ENDLESS, bounded
from collector.ledger.columns import ATTEMPT, HIT, PICTURE, Columns
from collector.ledger.db import cell, filters_of, limit_of, now
from collector.ledger.paths import stored_folder, stored_path
from collector.model import (
    Attempt,
    Duplicate,
    Failed,
    Found,
    Hit,
    Outcome,
    Picture,
    Query,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    SearchState,
    Skipped,
    Task,
)
from collector.reasons import NEVER_FINAL, UNCONFIRMED


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
    doubted: bool = False
    """It came back empty in this run: it is asked by another page where its source has one."""
    complete: int = 0
    """The highest number of a URL it had brought when it last came to its true end; 0 if it never did."""


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query that still has something to do, as the ledger knows it."""

    id: int
    query: Query
    saved: int
    found: int
    searches: tuple[KnownSearch, ...]
    """All there ever were, oldest first."""


_FORGOTTEN = "sha256 IS NOT NULL AND state = 'skipped' AND reason = 'policy.forgotten'"
TASK = Columns(Task, {"id": "found.id", "attempt": "coalesce(attempts, 0) + 1"})
TASK_CELLS = ", ".join(f"found.{name}" if name in HIT.names else name for name in TASK.names)
"""What is selected for a task, from `found` with its `outcome`."""
_TODO = f"""{TASK_CELLS}
FROM found LEFT JOIN outcome ON found_id = found.id
WHERE query_id = ? AND (outcome.state IS NULL OR outcome.state = 'retry')"""
"""A query's URLs that are to do."""
_OF_HIT = tuple(field.name for field in fields(Task) if field.name in {field.name for field in fields(Hit)} - {"id"})
"""What a task takes over from a hit as it is."""
_REFUSED = "reason IN ('http.401', 'http.403', 'http.404', 'http.410') AND substr(url_key, 1, 3) = 'id:'"
"""What an expired address is answered with."""
_EXPIRING = ("url", "fallbacks", "cookies")
"""Columns that a source may give anew with every look."""


class Work:
    """The ledger's side that a run works from and writes to."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # ------------------------------------------------------------------ before a run

    def plan(self, queries: Iterable[Query], widen: bool = False, feeds: Collection[str] = ()) -> int:
        """Take up these queries as the current run and return its number.

        Known ones keep everything they have; a raised limit opens them again and frees their spares. With
        `widen`, those that were exhausted below their limit are opened too. `feeds` are sources that are asked
        again however they ended, as long as the query is below its limit.
        """
        return planning.plan(self._db, list(queries), widen, feeds)

    def take_up_all(self, blocked: Callable[[str], str] | None = None) -> int:
        """Make every query with URLs still to be fetched the current run's, and return its number.

        Those whose keyword is `blocked` (which says for what term, "" for none) are left as they are.
        """
        return planning.take_up_all(self._db, blocked or (lambda _: ""))

    def left_alone(self, blocked: Callable[[str], str]) -> int:
        """How many queries with URLs still to be fetched `take_up_all` leaves as they are."""
        return planning.left_alone(self._db, blocked)

    # ------------------------------------------------------------------ what is to do

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
            KnownSearch(number, source, SearchState(state), variant, bool(asked), complete=complete)
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
        query = Query(keyword, label, limit_of(wanted), sources, filters_of(filters))
        return OpenQuery(query_id, query, saved, found, searches)

    def add_search(self, query_id: int, source: str, variant: str, run: int) -> KnownSearch:
        """A variation of a query at a source; one that is known already keeps its state."""
        number, state = self._db.execute(
            """INSERT INTO search (query_id, source, variant, run) VALUES (?, ?, ?, ?)
               ON CONFLICT (query_id, source, variant) DO UPDATE SET run = excluded.run RETURNING id, state""",
            (query_id, source, variant, run),
        ).fetchone()
        return KnownSearch(number, source, SearchState(state), variant)

    def known(self, query_id: int) -> frozenset[str]:
        """Keys of the URLs that a query has already."""
        rows = self._db.execute("SELECT url_key FROM found WHERE query_id = ?", (query_id,))
        return frozenset(key for (key,) in rows)

    def known_before(self, search: KnownSearch) -> frozenset[str]:
        """Keys of the URLs that a search had brought by its last walk to the true end."""
        rows = self._db.execute(
            "SELECT url_key FROM found WHERE search_id = ? AND id <= ?", (search.id, search.complete)
        )
        return frozenset(key for (key,) in rows)

    def todo(self, query_id: int, after: int, count: int | None) -> list[tuple[int, Task]]:
        """The next (rank, URL) pairs of a query without a final outcome, after a found id, oldest first; None: all."""
        rows = self._db.execute(
            f"SELECT rank, {_TODO} AND found.id > ? ORDER BY found.id LIMIT ?",
            (query_id, after, -1 if count is None else count),
        )
        return [(rank, TASK.load(*row)) for rank, *row in rows]

    def jobs(self) -> Generator[tuple[str, str, str, int, int, Hit], None, None]:
        """(keyword, label, source, rank, pictures still wanted, hit) of every URL that is still to be asked for,
        keyword by keyword in the order asked and by rank."""
        cells = ", ".join(f"f.{name}" for name in HIT.names)
        for keyword, label, source, rank, wanted, *hit in self._db.execute(
            f"""SELECT q.keyword, q.label, s.source, f.rank, max(0, q.wanted - coalesce(had.saved, 0)), {cells}
                FROM found f LEFT JOIN (SELECT query_id, count(*) AS saved FROM outcome JOIN found ON id = found_id
                  WHERE outcome.state = 'saved' GROUP BY 1) had ON had.query_id = f.query_id
                JOIN query q ON q.id = f.query_id JOIN search s ON s.id = f.search_id
                LEFT JOIN outcome o ON o.found_id = f.id WHERE coalesce(o.state, 'retry') = 'retry'
                ORDER BY q.position, q.id, f.rank, f.id"""
        ):
            yield keyword, label, source, rank, wanted, HIT.load(*hit)

    def reached(self, query_id: int) -> dict[int, int]:
        """Search -> the highest rank that it has brought, for a query's searches that brought any."""
        rows = self._db.execute(
            "SELECT search_id, max(rank) FROM found WHERE query_id = ? GROUP BY search_id", (query_id,)
        )
        return dict(rows.fetchall())

    # ------------------------------------------------------------------ where a picture belongs

    def forgotten(self) -> frozenset[str]:
        """Hashes of the pictures that were forgotten on the user's word."""
        return frozenset(sha256 for (sha256,) in self._db.execute(f"SELECT sha256 FROM outcome WHERE {_FORGOTTEN}"))

    def already(
        self, task: Task, picture: Picture, label: str, attempt: Attempt | None = None
    ) -> Duplicate | Skipped | None:
        """What becomes of a picture whose bytes are here already, or were forgotten on the user's word; None: it is
        new."""
        row = self._db.execute(
            f"""SELECT path, label FROM outcome JOIN found ON found.id = found_id JOIN query ON query.id = query_id
                WHERE sha256 = :sha256 AND outcome.state = 'saved'
                UNION ALL SELECT NULL, NULL FROM outcome WHERE sha256 = :sha256 AND {_FORGOTTEN} LIMIT 1""",
            {"sha256": picture.sha256},
        ).fetchone()
        if row is None:
            return None
        path, of = row
        if path is None:
            return Skipped(task, "policy.forgotten")
        reason = "duplicate.same_label" if of == label else "duplicate.other_label"
        return Duplicate(task, picture, stored_path(path), reason, attempt or Attempt())

    def folder(self, label: str) -> str:
        """The folder of a class: given once, kept for ever."""
        if (known := cell(self._db, "SELECT name FROM folder WHERE label = ?", (label,))) is not None:
            return stored_folder(known)
        taken = {name for (name,) in self._db.execute("SELECT name FROM folder")}
        name = layout.folder_name(label, taken)
        self._db.execute("INSERT INTO folder VALUES (?, ?)", (label, name))
        return name

    # ------------------------------------------------------------------ what happened

    def search_started(self, search: Search) -> None:
        """A search was taken up."""
        self._db.execute("UPDATE search SET tries = tries + 1, started_at = ? WHERE id = ?", (now(), search.id))

    def was_empty(self, search_id: int) -> bool:
        """Whether a search came back empty the last time, without a second witness."""
        return bool(cell(self._db, "SELECT reason FROM search WHERE id = ?", (search_id,)) == UNCONFIRMED)

    def found(self, event: Found, query_id: int) -> Task | None:
        """Enter a hit; the task to fetch it, or None when the query has that URL already."""
        event = replace(event, hit=bounded(event.hit, ENDLESS))
        number = intake.enter(self._db, query_id, event.search.id, event.rank, event.hit)
        return None if number is None else _task(event, number, event.search.id, 1)

    def seen_again(self, event: Found, query_id: int, order: Mapping[int, int]) -> tuple[Task, int, bool] | None:
        """A hit that the query has already, and that is still to do: what changed about it, as a task, or None.

        The task comes with the rank it stands at, and with whether it is to do again only now.

        Its own search brings fresh URLs, because signed ones expire; where the first request was refused for that,
        there is a second. Another search of the query that ranks it before its own takes it over; `order` gives
        the places of searches that are merged by rank, by number.
        """
        event = replace(event, hit=bounded(event.hit, ENDLESS))
        row = self._db.execute(
            f"""SELECT found.id, search_id, rank, url, fallbacks, cookies, is_thumbnail, coalesce(attempts, 0),
                  outcome.state = 'failed'
                FROM found LEFT JOIN outcome ON found_id = found.id WHERE query_id = :query AND url_key = :key
                AND (outcome.state IS NULL OR outcome.state = 'retry' OR (outcome.state = 'failed' AND
                  {_REFUSED} AND attempts = 1 AND search_id = :search AND url <> :url))""",
            {"query": query_id, "key": event.hit.key, "search": event.search.id, "url": event.hit.url},
        ).fetchone()
        if row is None:
            return None
        number, owner, rank, *brought, thumbnail, attempts, refused = row
        values, own = HIT.store(event.hit), owner == event.search.id
        if own:
            fresh = [values[name] for name in _EXPIRING]
            if fresh == brought or (event.hit.is_thumbnail and not thumbnail):
                return None
            values = {name: values[name] for name in (*_EXPIRING, "thumbnail_url", "is_thumbnail")}
        elif _before(event, owner, rank, order):
            values = {**values, "search_id": event.search.id, "rank": event.rank}
        else:
            return None
        sets = ", ".join(f"{name} = :{name}" for name in values)
        self._db.execute(f"UPDATE found SET {sets} WHERE id = :number", {**values, "number": number})
        if refused:
            self._db.execute("UPDATE outcome SET state = 'retry' WHERE found_id = ?", (number,))
        return _task(event, number, event.search.id, attempts + 1), rank if own else event.rank, bool(refused)

    def search_ended(self, event: SearchEnded) -> None:
        """How a search stands now; at a true end, that everything it brought so far is all there was."""
        self._db.execute(
            """UPDATE search SET state = ?, reason = ?, detail = ?, seconds = seconds + ?, ended_at = ?,
               found = (SELECT count(*) FROM found WHERE search_id = search.id) WHERE id = ?""",
            (event.state.value, event.reason, event.detail, event.seconds, now(), event.search.id),
        )
        if event.state is SearchState.EXHAUSTED:
            self._db.execute(
                """UPDATE search SET complete = coalesce((SELECT max(id) FROM found WHERE search_id = search.id), 0)
                   WHERE id = ?""",
                (event.search.id,),
            )

    def outcome(self, outcome: Outcome) -> None:
        """The one outcome of a URL; a later one (after "retry") takes the place of the earlier."""
        task = outcome.task
        values = {"found_id": task.id, "attempts": task.attempt, "ended_at": now(), **_facts(outcome)}
        self._db.execute(_replacing(*values), tuple(values.values()))
        if isinstance(outcome, Saved):  # In the same commit: whoever finds the row knows it may not be on disk yet.
            self._db.execute("INSERT INTO unsynced (found_id) VALUES (?)", (task.id,))

    def close_query(self, query_id: int) -> None:
        """Nothing more to do for it at its present limit."""
        self._db.execute("UPDATE query SET state = 'done' WHERE id = ?", (query_id,))


def _task(event: Found, number: int, search_id: int, attempt: int) -> Task:
    shared = {name: getattr(event.hit, name) for name in _OF_HIT}
    return Task(id=number, search_id=search_id, attempt=attempt, **shared)


def _before(event: Found, owner: int, rank: int, order: Mapping[int, int]) -> bool:
    """Whether the event's search comes before the owner of the row when both are merged by rank."""
    mine = event.search.id
    return mine in order and owner in order and (event.rank, order[mine]) < (rank, order[owner])


@cache
def _replacing(*columns: str) -> str:
    """The statement for these columns; there are few sets of them."""
    return f"INSERT OR REPLACE INTO outcome ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _facts(outcome: Outcome) -> dict[str, object]:
    """The columns that depend on the kind of outcome. Its task comes from the ledger and is within the bounds."""
    match outcome:
        case Saved():
            return {"state": "saved", **_file(outcome)}
        case Duplicate():
            return {"state": "duplicate", "reason": bounded(outcome.reason), **_file(outcome)}
        case Rejected(attempt=attempt):
            return {"state": "rejected", **_why(outcome), **ATTEMPT.store(attempt)}
        case Failed(reason=reason, attempt=attempt, retry=retry):
            uncounted = {"attempts": outcome.task.attempt - 1} if reason in NEVER_FINAL else {}
            state = "retry" if retry else "failed"
            return {**uncounted, "state": state, **_why(outcome), **ATTEMPT.store(attempt)}
        case Skipped(task=task):
            return {"state": "skipped", **_why(outcome), "attempts": task.attempt - 1}


def _file(outcome: Saved | Duplicate) -> dict[str, object]:
    return {**ATTEMPT.store(outcome.attempt), **PICTURE.store(outcome.picture), "path": outcome.path.as_posix()}


def _why(outcome: Rejected | Failed | Skipped) -> dict[str, object]:
    return {"reason": bounded(outcome.reason), "detail": bounded(outcome.detail)}
