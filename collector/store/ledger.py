"""What the ledger remembers and how it is asked.

Holds the master keyword -> URLs map and one outcome per URL. Used by the calling thread alone; it
never touches a picture file and never asks the web. Schema: docs/ledger.md.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collector import layout
from collector.model import (
    Duplicate,
    Failed,
    Found,
    Outcome,
    Picture,
    Query,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    SearchState,
    Skipped,
    Tally,
    Task,
)
from collector.store import schema, summary


class StoreError(Exception):
    """The ledger cannot be used; one line. Exit code 6."""


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


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query that still has something to do, as the ledger knows it."""

    id: int
    query: Query
    saved: int
    found: int
    searches: tuple[KnownSearch, ...]
    """All there ever were, oldest first."""


class Ledger:
    """One output folder's memory. Open it with `Ledger.open`; close it, or use it in a `with`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._folders: dict[str, str] = {}

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """The folder's ledger, made or brought up to date if need be.

        StoreError when it is damaged or was written by a newer version; it is not touched then.
        OSError when the disk is full or the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / layout.LEDGER
        with _disk_trouble(path):
            connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            with _disk_trouble(path):
                schema.prepare(connection)
        except schema.NewerSchema as error:
            connection.close()
            raise StoreError(f"{path}: {error}; install the newest collector") from None
        except OSError:
            connection.close()
            raise
        except sqlite3.DatabaseError as error:
            connection.close()
            raise StoreError(f"{path}: damaged ({error}); restore a copy or move the file away") from None
        return cls(connection)

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """The folder's ledger for looking only. StoreError when there is none."""
        path = folder / layout.LEDGER
        if not path.is_file():
            raise StoreError(f"{path}: no ledger here; run `collector run` first or give --out")
        return cls.open(folder)

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._db.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept whole or not at all."""
        with _disk_trouble():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._folders.clear()
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # ----------------------------------------------------------------- small notes

    def note(self, key: str) -> str:
        """A remembered text, "" when there is none."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def remember(self, key: str, value: str) -> None:
        """Keep a text; "" forgets it."""
        if value:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
        else:
            self._db.execute("DELETE FROM meta WHERE key = ?", (key,))

    # ----------------------------------------------------------------- planning

    def plan(self, queries: Iterable[Query], widen: bool = False) -> int:
        """Take up these queries as the current run and return its number.

        Known ones keep everything they have; a raised limit opens them again and frees their spares. With
        `widen`, those that were exhausted below their limit are opened too.
        """
        rows = list(queries)
        with self.transaction():
            run = self._next_run()
            self._db.executemany(
                """INSERT INTO query (keyword, label, filters, wanted, run, position) VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (keyword, label, filters) DO UPDATE SET
                     reopened = excluded.wanted > query.wanted,
                     state = CASE WHEN excluded.wanted > query.wanted THEN 'open' ELSE query.state END,
                     wanted = excluded.wanted, run = excluded.run, position = excluded.position""",
                ((q.keyword, q.label, _filters_text(q), q.limit, run, position) for position, q in enumerate(rows)),
            )
            self._db.executemany(
                """INSERT INTO search (query_id, source, run)
                   SELECT id, ?, ? FROM query WHERE keyword = ? AND label = ? AND filters = ?
                   ON CONFLICT (query_id, source, variant) DO UPDATE SET run = excluded.run""",
                ((source, run, q.keyword, q.label, _filters_text(q)) for q in rows for source in q.sources),
            )
            # A query that was done is open again when it is asked of a source it has not been put to.
            self._db.execute(
                """UPDATE query SET state = 'open' WHERE run = :run AND state = 'done' AND
                   (SELECT count(*) FROM found JOIN outcome ON found_id = id
                    WHERE query_id = query.id AND outcome.state = 'saved') < wanted AND
                   EXISTS (SELECT 1 FROM search WHERE query_id = query.id AND run = :run
                           AND (state = 'pending' OR (:widen AND state = 'exhausted')))""",
                {"run": run, "widen": widen},
            )
            self._free_spares("query.run = ? AND query.reopened", (run,))
        return run

    def take_up_all(self) -> int:
        """Make every query with URLs still to be fetched the current run's, and return its number."""
        with self.transaction():
            run = self._next_run()
            self._db.execute(
                """UPDATE query SET run = ?, position = id WHERE state = 'open' AND EXISTS (
                     SELECT 1 FROM found LEFT JOIN outcome ON found_id = found.id
                     WHERE query_id = query.id AND (outcome.state IS NULL OR outcome.state = 'retry'))""",
                (run,),
            )
            self._db.execute(
                "UPDATE search SET run = ? WHERE query_id IN (SELECT id FROM query WHERE run = ?)", (run, run)
            )
        return run

    def import_urls(self, pairs: Iterable[tuple[str, str]]) -> tuple[int, int]:
        """Enter (keyword, url) pairs of a saved map; returns (URLs new here, pairs given).

        All URLs of a keyword are wanted; those of a keyword that is known already join it.
        """
        new = given = 0
        ranks: dict[str, tuple[int, int, int]] = {}
        with self.transaction():
            run = self._next_run()
            for keyword, url in pairs:
                given += 1
                if keyword not in ranks:
                    ranks[keyword] = (*self._import_query(keyword, run), 0)
                query_id, search_id, rank = ranks[keyword]
                ranks[keyword] = (query_id, search_id, rank + 1)
                cursor = self._db.execute(
                    """INSERT OR IGNORE INTO found (query_id, search_id, rank, url, url_key, way, found_at)
                       VALUES (?, ?, ?, ?, ?, 'import', ?)""",
                    (query_id, search_id, rank + 1, url, layout.url_key(url), _now()),
                )
                new += cursor.rowcount
            for query_id, search_id, rank in ranks.values():
                self._db.execute("UPDATE search SET found = ?, state = 'exhausted' WHERE id = ?", (rank, search_id))
                self._db.execute(
                    """UPDATE query SET state = 'open', wanted =
                       max(wanted, (SELECT count(*) FROM found WHERE query_id = query.id)) WHERE id = ?""",
                    (query_id,),
                )
                self._free_spares("query.id = ?", (query_id,))
        return new, given

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

    # ----------------------------------------------------------------- what is to do

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
            KnownSearch(number, source, SearchState(state), variant, bool(asked))
            for number, source, state, variant, asked in self._db.execute(
                """SELECT id, source, state, variant, run = ? OR source = 'import' FROM search
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
        query = Query(keyword, label, wanted, sources, tuple(sorted(json.loads(filters).items())))
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

    def todo(self, query_id: int, after: int, count: int) -> list[Task]:
        """The next URLs of a query without a final outcome, after a found id, oldest first."""
        rows = self._db.execute(
            """SELECT found.id, search_id, url, page, found.width, found.height, is_thumbnail, coalesce(attempts, 0)
               FROM found LEFT JOIN outcome ON found_id = found.id
               WHERE query_id = ? AND found.id > ? AND (outcome.state IS NULL OR outcome.state = 'retry')
               ORDER BY found.id LIMIT ?""",
            (query_id, after, count),
        )
        return [
            Task(number, search, url, page, width, height, bool(thumbnail), attempts + 1)
            for number, search, url, page, width, height, thumbnail, attempts in rows
        ]

    def file_of(self, sha256: str) -> tuple[Path, str] | None:
        """(path relative to the folder, label) of the saved file with these bytes, if any."""
        row = self._db.execute(
            """SELECT path, label FROM outcome JOIN found ON found.id = found_id JOIN query ON query.id = query_id
               WHERE sha256 = ? AND outcome.state = 'saved'""",
            (sha256,),
        ).fetchone()
        return (Path(row[0]), row[1]) if row else None

    def paths(self) -> Iterator[Path]:
        """Every saved file, relative to the folder."""
        for (path,) in self._db.execute("SELECT path FROM outcome WHERE state = 'saved'"):
            yield Path(path)

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

    # ----------------------------------------------------------------- recording

    def search_started(self, search: Search) -> None:
        """A search was taken up."""
        self._db.execute("UPDATE search SET tries = tries + 1, started_at = ? WHERE id = ?", (_now(), search.id))

    def found(self, event: Found, query_id: int) -> Task | None:
        """Enter a hit; the task to fetch it, or None when the query has that URL already."""
        hit, licence = event.hit, event.hit.licence
        values: Mapping[str, object] = {
            "query_id": query_id,
            "search_id": event.search.id,
            "rank": event.rank,
            "url": hit.url,
            "url_key": hit.key,
            "source_id": hit.id,
            "page": hit.page,
            "title": hit.title,
            "site": hit.site,
            "width": hit.width,
            "height": hit.height,
            "thumbnail_url": hit.thumbnail_url,
            "is_thumbnail": int(hit.is_thumbnail),
            "kind": hit.kind.value,
            "way": hit.way,
            "licence_url": licence.url,
            "licence_page": licence.page,
            "licensor": licence.licensor,
            "creators": json.dumps(licence.creators, ensure_ascii=False) if licence.creators else "",
            "credit": licence.credit,
            "notice": licence.notice,
            "found_at": _now(),
        }
        cursor = self._db.execute(
            f"""INSERT INTO found ({", ".join(values)}) VALUES ({", ".join(":" + name for name in values)})
                ON CONFLICT (query_id, url_key) DO NOTHING""",
            values,
        )
        if cursor.rowcount == 0 or cursor.lastrowid is None:
            return None
        return Task(cursor.lastrowid, event.search.id, hit.url, hit.page, hit.width, hit.height, hit.is_thumbnail)

    def search_ended(self, event: SearchEnded) -> None:
        """How a search stands now."""
        self._db.execute(
            """UPDATE search SET state = ?, reason = ?, detail = ?, seconds = seconds + ?, ended_at = ?,
               found = (SELECT count(*) FROM found WHERE search_id = search.id) WHERE id = ?""",
            (event.state.value, event.reason, event.detail, event.seconds, _now(), event.search.id),
        )

    def outcome(self, outcome: Outcome) -> None:
        """The one outcome of a URL; a later one (after "retry") takes the place of the earlier."""
        task = outcome.task
        values: dict[str, object] = {
            "found_id": task.id,
            "attempts": task.attempt,
            "ended_at": _now(),
            **_facts(outcome),
        }
        self._db.execute(
            f"INSERT OR REPLACE INTO outcome ({', '.join(values)}) VALUES ({', '.join(':' + name for name in values)})",
            values,
        )

    def close_query(self, query_id: int) -> None:
        """Nothing more to do for it at its present limit."""
        self._db.execute("UPDATE query SET state = 'done' WHERE id = ?", (query_id,))

    # ----------------------------------------------------------------- looking

    def urls(self) -> Iterator[tuple[str, str]]:
        """The master map as (keyword, url), by keyword in the order asked and by rank."""
        yield from self._db.execute(
            """SELECT keyword, url FROM query JOIN found ON query_id = query.id
               ORDER BY query.position, query.id, found.rank, found.id"""
        )

    def tallies(self, run: int | None = None) -> list[Tally]:
        """The summary, a row per query (of one run, or of all) in the order asked."""
        return summary.tallies(self._db, run)

    def progress(self, run: int) -> tuple[int, int, int, int]:
        """(queries, pictures wanted, queries searched to the end, pictures saved) of a run."""
        return summary.progress(self._db, run)


_DISK_TROUBLE = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}


@contextmanager
def _disk_trouble(path: Path | None = None) -> Iterator[None]:
    """SQLite's own words for a full or read-only disk become the OSError they are."""
    try:
        yield
    except sqlite3.OperationalError as error:
        number = _DISK_TROUBLE.get(error.sqlite_errorcode & 0xFF)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path or layout.LEDGER)) from error


def _facts(outcome: Outcome) -> dict[str, object]:
    """The columns that depend on the kind of outcome."""
    match outcome:
        case Saved(picture=picture, path=path, http_status=status, final_url=final, seconds=seconds):
            return {"state": "saved", **_picture(picture, path), **_answer(status, final, seconds)}
        case Duplicate(picture=picture, path=path, reason=why, http_status=status, final_url=final, seconds=seconds):
            facts = {**_picture(picture, path), **_answer(status, final, seconds)}
            return {"state": "duplicate", "reason": why, **facts}
        case Rejected(reason=why, detail=detail, http_status=status, seconds=seconds, bytes=size):
            return {"state": "rejected", "reason": why, "detail": detail, "bytes": size, **_answer(status, "", seconds)}
        case Failed(reason=why, detail=detail, http_status=status, seconds=seconds, retry=retry):
            state = "retry" if retry else "failed"
            return {"state": state, "reason": why, "detail": detail, **_answer(status, "", seconds)}
        case Skipped(task=task, reason=why, detail=detail):
            return {"state": "skipped", "reason": why, "detail": detail, "attempts": task.attempt - 1}


def _picture(picture: Picture, path: Path) -> dict[str, object]:
    return {
        "path": path.as_posix(),
        "sha256": picture.sha256,
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "mode": picture.mode,
        "orientation": picture.orientation,
        "frames": picture.frames,
        "trailing_bytes": picture.trailing_bytes,
        "phash": picture.phash,
    }


def _answer(status: int, final_url: str, seconds: float) -> dict[str, object]:
    return {"http_status": status, "final_url": final_url, "seconds": seconds}


def _filters_text(query: Query) -> str:
    return json.dumps(dict(query.filters), ensure_ascii=False, sort_keys=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
