"""A new ledger from what can be read of damaged ones and of backups. Believes nothing that contradicts itself.

Every table of the schema is taken, whichever it has. What a row is about never changes, and a final outcome stays
unless a saved picture follows it: there the backup is believed. How things stand is believed of the newest. Pictures
are the caller's to check.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector import urls
from collector.errors import LedgerError
from collector.ledger import schema
from collector.ledger.maintenance import REOPEN, SHORT
from collector.ledger.names import fits
from collector.ledger.paths import stored_path

_MAP = {
    "meta": {"key"},
    "query": {"id", "keyword", "label", "filters"},
    "search": {"id", "query_id", "source", "variant"},
    "folder": None,
    "found": None,
    "outcome": None,
}
"""Tables whose rows are never deleted on the user's word -> the columns that never change; None: none of them does.

Of these every file is believed; of all others the newest alone, if it can be read whole: what it lacks was deleted.
"""

_GIVES_WAY = """DELETE FROM outcome WHERE found_id = ? AND
  (state = 'retry' OR reason = 'policy.limit' OR (? AND state NOT IN ('saved', 'duplicate')))"""

Cells = dict[str, Any]
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


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def changing(self) -> tuple[str, ...]:
        """Columns that are believed of the newest."""
        fixed = _MAP.get(self.name)
        return () if fixed is None else tuple(name for name in self.columns if name not in fixed)

    @property
    def here(self) -> str:
        """SQL: the row with this key."""
        return " AND ".join(f"{name} = ?" for name in self.key)


class _Source:
    """A damaged ledger or a backup."""

    def __init__(self, path: Path, mode: str, newest: bool = False) -> None:
        self.newest = newest
        self.db = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
        try:
            self.db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            self.db.row_factory = sqlite3.Row
            self.db.execute("PRAGMA cell_size_check = ON")
            self.db.execute("PRAGMA writable_schema = ON")  # Else a file that was cut off is not opened at all.
            self.db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except (sqlite3.Error, UnicodeDecodeError):
            self.db.close()
            raise


def salvage(new: Path, damaged: Path | None, backups: Sequence[Path], sound: Callable[[Cells], bool]) -> Salvaged:
    """Fill a new ledger file. `damaged` is the newest state, `backups` are older, the newest first.

    `sound` says of an outcome row with the state `saved` whether its picture is on disk. OSError when there is no room.
    """
    result = Salvaged()
    with closing(sqlite3.connect(new, isolation_level=None)) as target, ExitStack() as opened:
        schema.prepare(target)
        target.execute("PRAGMA foreign_keys = OFF")
        target.execute("BEGIN")
        sources = []
        for path, mode, newest in _views(damaged, backups):
            try:
                sources.append(_Source(path, mode, newest))
            except (sqlite3.Error, UnicodeDecodeError):
                result.unreadable.append(path.name)
            else:
                opened.enter_context(closing(sources[-1].db))
        for name in schema.tables(target):
            table = _Table(name, schema.key(target, name), schema.columns(target, name))
            _take(table, sources, target, sound, result)
        _close_ranks(target)
        for name in schema.tables(target):
            result.rows[name] = target.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        target.execute("COMMIT")
        target.execute("PRAGMA journal_mode = DELETE")  # One file, so that one rename puts it in place.
    return result


def _views(damaged: Path | None, backups: Sequence[Path]) -> Iterator[tuple[Path, str, bool]]:
    """(file, how it is opened, whether it is the newest): backups first, then the damaged one with its log, and without
    for what that hides."""
    yield from ((path, "mode=ro", False) for path in backups)
    if damaged is not None:
        yield damaged, "mode=ro", True
        yield damaged, "immutable=1", True


def _take(
    table: _Table,
    sources: Sequence[_Source],
    target: sqlite3.Connection,
    sound: Callable[[Cells], bool],
    result: Salvaged,
) -> None:
    """All that is believed of a table."""
    for source in sources if table.name in _MAP else sorted(sources, key=lambda source: not source.newest):
        gaps: list[str] = []
        for found in _rows(source.db, table, gaps):
            row = {name: value for name, value in found.items() if name in table.columns}
            if not _believable(table.name, row):
                result.refused += 1
            elif table.name == "outcome" and row.get("state") in ("saved", "duplicate") and not sound(row):
                continue  # Its URL is to do again.
            else:
                result.refused += not _put(target, table, row, table.changing if source.newest else ())
        if table.name not in _MAP and source.newest and not gaps:
            return


def _put(target: sqlite3.Connection, table: _Table, row: Cells, changing: Sequence[str]) -> bool:
    """Enter a row unless a better copy is there; of a known one only what changes. False when it contradicts."""
    names, key = list(row), [row[name] for name in table.key]
    try:
        if table.name == "outcome":  # A try or a spare may have been followed by a better one, and a saved picture is
            saved = row.get("state") in ("saved", "duplicate")  # beyond doubt: its bytes were looked at.
            target.execute(_GIVES_WAY, (*key, saved))
        if target.execute(f"SELECT 1 FROM {table.name} WHERE {table.here}", key).fetchone() is None:
            marks = ", ".join("?" * len(names))
            target.execute(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", list(row.values()))
        elif kept := [name for name in changing if name in row]:
            sets = ", ".join(f"{name} = ?" for name in kept)
            values = [*(row[name] for name in kept), *key]
            target.execute(f"UPDATE {table.name} SET {sets} WHERE {table.here}", values)
    except (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.DataError, UnicodeEncodeError, OverflowError):
        return False
    return True


def _believable(table: str, row: Cells) -> bool:
    """Whether a row agrees with itself."""
    if any(isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value) for value in row.values()):
        return False
    if table == "meta" and row["key"] in ("run", "practice.port"):
        return str(row.get("value")).isdecimal()
    if table == "found":
        key, url = row.get("url_key") or "", row.get("url") or ""
        return bool(url) and (key.startswith(urls.ID_KEY) or key == urls.url_key(url))
    if table == "outcome" and row.get("state") in ("saved", "duplicate"):
        sha, path, own = row.get("sha256"), row.get("path"), row.get("state") == "saved"
        number = row.get("found_id") if own else None  # A duplicate has the path of another's.
        return isinstance(sha, str) and _is_inside(path) and fits(Path(str(path)).name, sha, number)
    if table == "folder":
        return _is_inside(row.get("name"))
    return table != "verdict" or not row.get("moved_from") or _is_inside(row["moved_from"])


def _is_inside(path: object) -> bool:
    """Whether it is a path that cannot lead out of the folder."""
    with suppress(LedgerError):
        return isinstance(path, str) and bool(stored_path(path).parts)
    return False


# --------------------------------------------------------------------------- reading round what cannot be read

Key = tuple[Any, ...]
_DIGITS = 12
"""Of a hash that are taken as a number."""


def _rows(source: sqlite3.Connection, table: _Table, gaps: list[str]) -> Iterator[Cells]:
    """Every row that can be read, going round pages that cannot: forwards, then from behind. `gaps` hears of each."""
    seen: set[Key] = set()
    for order in ("ASC", "DESC"):
        reached: Key | None = None
        for _ in range(GAPS):
            try:
                for row in _onwards(source, table, reached, order):
                    reached = tuple(row[name] for name in table.key)
                    if None not in reached and reached not in seen:
                        seen.add(reached)
                        yield dict(row)
                return
            except (sqlite3.Error, UnicodeDecodeError) as error:
                gaps.append(str(error))
                reached = None if reached is None else _behind(source, table, reached, order)
                if reached is None:
                    break


def _onwards(source: sqlite3.Connection, table: _Table, after: Key | None, order: str) -> Iterator[sqlite3.Row]:
    """Rows behind a key in order. sqlite3.Error where they cannot be read, and where pages lead in a circle."""
    where = ""
    if after is not None:
        names, marks = ", ".join(table.key[: len(after)]), ", ".join("?" * len(after))
        where = f"WHERE ({names}) {'>' if order == 'ASC' else '<'} ({marks})"
    sorting = ", ".join(f"{name} {order}" for name in table.key)
    for row in source.execute(f"SELECT * FROM {table.name} {where} ORDER BY {sorting}", after or ()):
        key = tuple(row[name] for name in table.key)
        if after is not None and not (key[: len(after)] > after if order == "ASC" else key[: len(after)] < after):
            raise sqlite3.DatabaseError("rows out of order")
        after = key
        yield row


def _behind(source: sqlite3.Connection, table: _Table, reached: Key, order: str) -> Key | None:
    """Where reading goes on behind a page that cannot be read; None when there is nothing, or nobody can tell.

    Tries further and further from the key that was reached: a number, or a hash whose beginning is taken as one.
    """
    sign, compare, name = (1, ">=", table.key[0]) if order == "ASC" else (-1, "<=", table.key[0])
    text = isinstance(reached[0], str)
    number, scale = (_beginning(reached[0]), 2**24) if text else (reached[0], 1)
    if not isinstance(number, int):
        return None
    for power in range(24):
        for part in (1, 1.5):
            start = number + sign * (int(2**power * part) + 1) * scale
            with suppress(sqlite3.Error, UnicodeDecodeError):
                row = source.execute(
                    f"SELECT {name} FROM {table.name} WHERE {name} {compare} ? ORDER BY {name} {order} LIMIT 1",
                    (_hash(start) if text else start,),
                ).fetchone()
                if row is None:
                    return None
                found: int | None = _beginning(row[0]) if text else row[0]
                if isinstance(found, int) and (found - start) * sign >= 0:
                    return (_hash(found if sign > 0 else found + 1),) if text else (found - sign,)
    return None


def _beginning(sha256: Any) -> int | None:
    """The first digits of a hash as a number."""
    with suppress(TypeError, ValueError):
        return int(sha256[:_DIGITS], 16)
    return None


def _hash(number: int) -> str:
    """The smallest text with these first digits."""
    return f"{min(max(0, number), 16**_DIGITS - 1):0{_DIGITS}x}"


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
        f"""DELETE FROM outcome WHERE reason = 'policy.limit' AND found_id IN
            (SELECT found.id FROM found JOIN query ON query.id = query_id WHERE {SHORT})"""
    )
    target.execute(REOPEN)
    target.execute(
        """UPDATE query SET position = id, run = coalesce((SELECT value FROM meta WHERE key = 'run'), run)
           WHERE typeof(position) <> 'integer'"""
    )
