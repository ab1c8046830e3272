"""A new ledger from what can be read of damaged ones and of backups. Believes nothing that contradicts itself.

Rows of queries, searches and hits never change what they are about, and a final outcome stays: there the
backup is believed. How things stand is believed of the newest. Pictures are the caller's to check.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector import urls
from collector.ledger import schema

TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "meta": ("key", ("value",)),
    "folder": ("label", ()),
    "query": ("id", ("wanted", "state", "run", "position", "reopened")),
    "search": ("id", ("run", "state", "reason", "detail", "tries", "found", "seconds", "started_at", "ended_at")),
    "found": ("id", ()),
    "outcome": ("found_id", ()),
}
"""Table -> its key, and the columns that change while its rows live. In an order that keeps references whole."""

Row = dict[str, Any]
GAPS = 10_000
"""Unreadable places in a table after which it is given up."""


@dataclass(slots=True)
class Salvaged:
    """What came of it."""

    rows: dict[str, int] = field(default_factory=dict)
    """Table -> rows in the new ledger."""
    refused: int = 0
    """Rows that could be read and contradicted themselves or others."""
    unreadable: list[str] = field(default_factory=list)
    """Files that gave nothing at all."""


def salvage(new: Path, damaged: Path | None, backups: Sequence[Path], sound: Callable[[Row], bool]) -> Salvaged:
    """Fill a new ledger file. `damaged` is the newest state, `backups` are older, the newest first.

    `sound` says of an outcome row with the state `saved` whether its picture is on disk. OSError when there is no room.
    """
    result = Salvaged()
    with closing(sqlite3.connect(new, isolation_level=None)) as target:
        schema.prepare(target)
        target.execute("PRAGMA foreign_keys = OFF")
        target.execute("BEGIN")
        views = [(path, "mode=ro", False) for path in backups]
        if damaged is not None:  # With its log, and, for what that hides, without.
            views += [(damaged, "mode=ro", True), (damaged, "immutable=1", False)]
        for path, mode, newest in views:
            try:
                source = _open(path, mode)
            except (sqlite3.Error, UnicodeDecodeError):
                result.unreadable.append(path.name)
                continue
            with closing(source):
                _take(source, target, newest, sound, result)
        _close_ranks(target)
        for table in TABLES:
            result.rows[table] = target.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        target.execute("COMMIT")
        target.execute("PRAGMA journal_mode = DELETE")  # One file, so that one rename puts it in place.
    return result


def _open(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA writable_schema = ON")  # Else a file that was cut off is not opened at all.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        connection.close()
        raise
    return connection


def _take(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    newest: bool,
    sound: Callable[[Row], bool],
    result: Salvaged,
) -> None:
    for table, (key, changing) in TABLES.items():
        known = {row[1] for row in target.execute(f"PRAGMA table_info({table})")}
        for row in _rows(source, table, key):
            row = {name: value for name, value in row.items() if name in known}
            if not _believable(table, row):
                result.refused += 1
            elif table == "outcome" and row.get("state") in ("saved", "duplicate") and not sound(row):
                continue  # Its URL is to do again.
            else:
                result.refused += not _put(target, table, key, row, changing if newest else ())


def _put(target: sqlite3.Connection, table: str, key: str, row: Row, changing: tuple[str, ...]) -> bool:
    """Enter a row unless a better copy is there; of a known one only what changes. False when it contradicts."""
    names = list(row)
    try:
        known = target.execute(f"SELECT 1 FROM {table} WHERE {key} = ?", (row[key],)).fetchone()
        if known is not None and table == "outcome":  # A try that may have been followed by a better one.
            target.execute("DELETE FROM outcome WHERE found_id = ? AND state = 'retry'", (row[key],))
            known = target.execute("SELECT 1 FROM outcome WHERE found_id = ?", (row[key],)).fetchone()
        if known is None:
            marks = ", ".join("?" * len(names))
            target.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", list(row.values()))
        elif kept := [name for name in changing if name in row]:
            sets = ", ".join(f"{name} = ?" for name in kept)
            target.execute(f"UPDATE {table} SET {sets} WHERE {key} = ?", [*(row[name] for name in kept), row[key]])
    except (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.DataError, UnicodeEncodeError, OverflowError):
        return False
    return True


def _believable(table: str, row: Row) -> bool:
    """Whether a row agrees with itself."""
    if any(isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value) for value in row.values()):
        return False
    if any(row.get(name) is None for name in ("id", "key", "label", "found_id") if name in row):
        return False
    if table == "meta" and row["key"] in ("run", "practice.port"):
        return str(row.get("value")).isdecimal()
    if table == "found":
        key, url = row.get("url_key") or "", row.get("url") or ""
        return bool(url) and (key.startswith(urls.ID_KEY) or key == urls.url_key(url))
    if table == "outcome" and row.get("state") in ("saved", "duplicate"):
        sha, path = row.get("sha256"), row.get("path")
        return isinstance(sha, str) and isinstance(path, str) and Path(path).name.startswith(f"{sha[:32]}.")
    return True


def _rows(source: sqlite3.Connection, table: str, key: str) -> Iterator[Row]:
    """Every row that can be read, going round pages that cannot: forwards, then from behind."""
    seen: set[Any] = set()
    for order in ("ASC", "DESC"):
        reached: Any = None
        for _ in range(GAPS):
            try:
                for found in _onwards(source, table, key, reached, order):
                    reached = found[key]
                    if reached not in seen:
                        seen.add(reached)
                        yield dict(found)
                return
            except (sqlite3.Error, UnicodeDecodeError):
                reached = _behind(source, table, key, reached, order) if isinstance(reached, int) else None
                if reached is None:
                    break


def _onwards(source: sqlite3.Connection, table: str, key: str, after: Any, order: str) -> Iterator[sqlite3.Row]:
    """Rows behind a key in order. sqlite3.Error where they cannot be read, and where pages lead in a circle."""
    where = "" if after is None else f"WHERE {key} {'>' if order == 'ASC' else '<'} ?"
    arguments = () if after is None else (after,)
    for found in source.execute(f"SELECT * FROM {table} {where} ORDER BY {key} {order}", arguments):
        if after is not None and not (found[key] > after if order == "ASC" else found[key] < after):
            raise sqlite3.DatabaseError("rows out of order")
        after = found[key]
        yield found


def _behind(source: sqlite3.Connection, table: str, key: str, reached: int, order: str) -> int | None:
    """A number behind a page that cannot be read, from which reading goes on; None when there is none."""
    sign, compare = (1, ">=") if order == "ASC" else (-1, "<=")
    for power in range(24):
        for part in (1, 1.5):
            start = reached + sign * (int(2**power * part) + 1)
            with suppress(sqlite3.Error, UnicodeDecodeError):
                row = source.execute(
                    f"SELECT {key} FROM {table} WHERE {key} {compare} ? ORDER BY {key} {order} LIMIT 1", (start,)
                ).fetchone()
                if row is None:
                    return None
                if isinstance(row[0], int) and (row[0] - start) * sign >= 0:
                    return int(row[0]) - sign
    return None


def _close_ranks(target: sqlite3.Connection) -> None:
    """Drop what refers to nothing, and open every query that has something to do again."""
    target.execute("DELETE FROM search WHERE query_id NOT IN (SELECT id FROM query)")
    target.execute(
        "DELETE FROM found WHERE query_id NOT IN (SELECT id FROM query) OR search_id NOT IN (SELECT id FROM search)"
    )
    target.execute("DELETE FROM outcome WHERE found_id NOT IN (SELECT id FROM found)")
    target.execute(
        """DELETE FROM outcome WHERE state = 'duplicate' AND sha256 NOT IN
           (SELECT sha256 FROM outcome WHERE state = 'saved')"""
    )
    target.execute("DELETE FROM meta WHERE key = 'running'")
    # URLs may be lost from the midst of what a walk brought: only a walk to the very end finds them again.
    target.execute("UPDATE search SET complete = 0")
    target.execute(
        """UPDATE query SET state = 'open' WHERE (SELECT count(*) FROM found JOIN outcome ON found_id = found.id
           WHERE query_id = query.id AND outcome.state = 'saved') < wanted AND EXISTS (
             SELECT 1 FROM found LEFT JOIN outcome ON found_id = found.id
             WHERE query_id = query.id AND (outcome.state IS NULL OR outcome.state = 'retry'))"""
    )
    target.execute(
        """UPDATE query SET position = id, run = coalesce((SELECT value FROM meta WHERE key = 'run'), run)
           WHERE typeof(position) <> 'integer'"""
    )
