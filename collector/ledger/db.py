"""Transactions, small notes, and SQLite's trouble in our words. Knows no table but `meta`."""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.errors import LedgerBusy, LedgerError
from collector.ledger import layout
from collector.model import Query

PATIENCE = 10.0
"""Seconds that another program may hold the ledger."""
REPAIR = "`collector repair` rebuilds it from what is left, its backup and the pictures"
_EVERYTHING = 1_000_000_000
"""How the column `wanted` says that a query has no limit."""
STEPS = 20_000
"""Virtual machine steps of SQLite between two looks at a stop: some milliseconds."""


class Interrupted(Exception):
    """A statement was ended by `interruptible`; nothing of its transaction is kept."""


LOOK = 0.005
"""Seconds between two looks at the log's index while a transaction goes on."""
_INDEX_HEADER = 96
"""Bytes of the index's header and its copy."""


class Connection(sqlite3.Connection):
    """One that survives its index of the log being cut off by somebody else (`collector.db-shm`).

    SQLite maps that file into memory; touching what lies beyond its end would kill the process (SIGBUS). It holds
    nothing that the log does not, so it is given its length again, and a header of zeros, by which SQLite knows that
    the index has to be made anew. https://sqlite.org/walformat.html#the_wal_index_file_format
    """

    _shm = ""
    _mapped = 0
    """Bytes that it has been seen to have."""
    _looked = 0.0

    def guard(self, path: Path) -> None:
        """Begin to look after the index of this ledger, before it is used."""
        self._shm = f"{path.absolute()}-shm"

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """As SQLite's."""
        self._mend()
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """As SQLite's."""
        self._mend()
        return super().executemany(sql, parameters)

    def close(self) -> None:
        """As SQLite's; it writes the log back."""
        self._mend()
        super().close()

    def _mend(self) -> None:
        """Before each statement; within a transaction, whose statements come thick and fast, every few milliseconds."""
        if not self._shm or (self.in_transaction and time.monotonic() < self._looked + LOOK):
            return
        self._looked = time.monotonic()
        try:
            size = os.stat(self._shm).st_size  # noqa: PTH116 - a Path costs more.
            if size < self._mapped:
                with open(self._shm, "r+b") as file:  # noqa: PTH123
                    file.truncate(self._mapped)
                    file.write(bytes(_INDEX_HEADER))
            else:
                self._mapped = size
        except OSError:  # There is none (yet), or it was deleted: what is mapped stays.
            return


SqlTrouble = sqlite3.Error
"""What statements raise outside of transactions; `translated` says what it means."""

_DISK = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_BY_OTHERS = (sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER)
"""Only a program that knows nothing of ours leaves rows without their owners, or triggers."""
_SPOILED = re.compile(r"no such (?:table|column|view|index)|has no column named|integer overflow")
"""The schema was whole when the file was opened, and sums of ours fit: somebody has changed something since."""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


def translated(error: sqlite3.Error, path: Path | None = None) -> Exception:
    """OSError for a disk's trouble, LedgerError for damage, LedgerBusy for somebody's lock; else the error itself."""
    name = str(path or layout.LEDGER)
    extended = getattr(error, "sqlite_errorcode", 0)
    code = sqlite3.SQLITE_FULL if extended == sqlite3.SQLITE_IOERR_SHMSIZE else extended & 0xFF
    if code in _DISK:
        return OSError(_DISK[code], os.strerror(_DISK[code]), name)
    changed = extended in _BY_OTHERS or (code == sqlite3.SQLITE_ERROR and _SPOILED.search(str(error)))
    if code in _DAMAGE or changed or "decode to UTF-8" in str(error):
        return LedgerError(f"{name}: damaged ({error}); {REPAIR}")
    if code in _BUSY:
        return LedgerBusy(f"{name}: held by another program ({error}); close it and run the same command again")
    if code == sqlite3.SQLITE_INTERRUPT:
        return Interrupted(str(error))
    return error


@contextmanager
def plain_words(path: Path | None = None) -> Iterator[None]:
    """SQLite's own words become what they mean; see `translated`."""
    try:
        yield
    except sqlite3.Error as error:
        meant = translated(error, path)
        if meant is error:
            raise
        raise meant from error
    except UnicodeDecodeError as error:  # Of SQLite's message about a schema that is not text any more.
        raise LedgerError(f"{path or layout.LEDGER}: damaged ({error.reason}); {REPAIR}") from error


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Everything inside is kept whole or not at all."""
    with plain_words():
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                with suppress(sqlite3.Error):  # The first trouble tells more; closing rolls back as well.
                    db.execute("ROLLBACK")
            raise


@contextmanager
def interruptible(db: sqlite3.Connection, stopping: Callable[[], bool]) -> Iterator[None]:
    """Long statements inside end with Interrupted soon after `stopping` turns true."""
    db.set_progress_handler(lambda: int(stopping()), STEPS)
    try:
        with plain_words():
            yield
    finally:
        db.set_progress_handler(None, 0)


def cell(db: sqlite3.Connection, sql: str, values: Any = ()) -> Any:
    """The first cell of the first row; None when there is no row."""
    row = db.execute(sql, values).fetchone()
    return None if row is None else row[0]


def note(db: sqlite3.Connection, key: str) -> str:
    """A remembered text, "" when there is none."""
    return cell(db, "SELECT value FROM meta WHERE key = ?", (key,)) or ""


def remember(db: sqlite3.Connection, key: str, value: str) -> None:
    """Keep a text; "" forgets it."""
    with plain_words():
        if value:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
        else:
            db.execute("DELETE FROM meta WHERE key = ?", (key,))


def filters_text(query: Query) -> str:
    """A query's filters as the ledger spells them."""
    return json.dumps(dict(query.filters), ensure_ascii=False, sort_keys=True)


def filters_of(text: str) -> tuple[tuple[str, str], ...]:
    """What `filters_text` made a text of."""
    return tuple(sorted(json.loads(text).items()))


def stored_limit(limit: int | None) -> int:
    """A query's limit as the ledger holds it, so that limits can be compared."""
    return _EVERYTHING if limit is None else limit


def limit_of(stored: int) -> int | None:
    """What `stored_limit` gave, or the sum of several; None for everything."""
    return max(stored, 0) if stored < _EVERYTHING else None


def now() -> str:
    """The wall clock's time, for people to read; nothing is decided by it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
