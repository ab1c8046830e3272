"""The ledger of one output folder, opened and checked: the master keyword -> URLs map and one outcome per URL.

Used by the calling thread alone; it never touches a picture file and never asks the web. Schema: docs/ledger.md.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from collector.errors import ForeignLedger, LedgerError
from collector.ledger import db, disk, layout, schema
from collector.ledger.dataset import Dataset
from collector.ledger.db import REPAIR, plain_words
from collector.ledger.intake import Intake
from collector.ledger.keywords import Keywords
from collector.ledger.looks import Resemblance
from collector.ledger.maintenance import Maintenance
from collector.ledger.paths import stored_folder
from collector.ledger.splits import Splits
from collector.ledger.stats import Stats
from collector.ledger.work import Work

PRACTICE = "practice"
"""The note of a folder that the practice web was collected into."""
PRACTICE_PORT = "practice.port"
"""The note of the port that its URLs hold: a later run goes on with them."""


class Ledger:
    """One output folder's memory. Open it with `Ledger.open`; close it, or use it in a `with`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.work = Work(connection)
        """What is asked for, what is to do, and what happened."""
        self.intake = Intake(connection)
        """What comes from elsewhere than a search."""
        self.dataset = Dataset(connection)
        """What was found and saved, and what was decided about the set."""
        self.alike = Resemblance(connection)
        """What pictures look like, and which look the same."""
        self.splits = Splits(connection)
        """Which pictures have which split, and the numbers of classes."""
        self.keywords = Keywords(connection)
        """Which file asks for which keyword, and other labels."""
        self.stats = Stats(connection)
        """Sums."""
        self.maintenance = Maintenance(connection)
        """Checks, second chances, forgetting, backups."""

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """The folder's ledger, made or brought up to date if need be.

        LedgerError when it is damaged, missing beside its backup, or was written by a newer version; it is
        not touched then. OSError when the disk is full or the folder cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / layout.LEDGER
        _refuse_remains(path)
        with plain_words(path):
            held = sqlite3.connect(path, timeout=db.PATIENCE, isolation_level=None, factory=db.Connection)
            connection = _guarded(path, held)
        journal = "TRUNCATE" if disk.network(folder) else "WAL"
        return cls(_ready(connection, path, lambda: schema.prepare(connection, journal)))

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """The folder's ledger for looking only, while a run goes on as well. LedgerError when there is none."""
        path = folder / layout.LEDGER
        _refuse_remains(path)
        if not path.is_file():
            raise no_ledger(folder)
        if not os.access(folder, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
            with plain_words(path):  # A folder that cannot be written, and nothing but the file: it cannot change.
                return cls(_connected(path, "immutable=1"))
        return cls.open(folder)

    @classmethod
    def inspect(cls, folder: Path) -> Ledger:
        """The ledger as it lies there, not even its log folded in; nothing is written. LedgerError as for `open`."""
        path = folder / layout.LEDGER
        with plain_words(path):
            connection = _connected(path, "mode=ro")
        return cls(_ready(connection, path, lambda: schema.recognise(connection)))

    def look_over(self) -> None:
        """LedgerError when another program has changed what it is made of since it was opened."""
        with _in_words(Path(layout.LEDGER)):
            schema.recognise(self._db)

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        self._db.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is kept whole or not at all."""
        return db.transaction(self._db)

    def interruptible(self, stopping: Callable[[], bool]) -> AbstractContextManager[None]:
        """Long statements inside end with Interrupted soon after `stopping` turns true."""
        return db.interruptible(self._db, stopping)

    @property
    def practice(self) -> bool:
        """Whether what it holds is of the practice web: drawn, of nothing real."""
        return bool(self.note(PRACTICE) or self.note(PRACTICE_PORT))

    @property
    def changes(self) -> int:
        """Rows changed since the file was opened."""
        return self._db.total_changes

    @property
    def version(self) -> int:
        """A number that is another one once somebody else has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def note(self, key: str) -> str:
        """A remembered text, "" when there is none."""
        return db.note(self._db, key)

    def remember(self, key: str, value: str) -> None:
        """Keep a text; "" forgets it."""
        db.remember(self._db, key, value)


def recall(folder: Path, key: str) -> str | None:
    """A text remembered in the folder's ledger, read beside the run that has it open; for any thread."""
    with closing(_connected(folder / layout.LEDGER, "mode=ro")) as connection:
        return db.note(connection, key) or None


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    return _guarded(path, sqlite3.connect(uri, uri=True, isolation_level=None, factory=db.Connection))


def _guarded(path: Path, connection: db.Connection) -> db.Connection:
    connection.guard(path)
    return connection


def _ready(connection: sqlite3.Connection, path: Path, check: Callable[[], object]) -> sqlite3.Connection:
    """The connection when it stands the check; closed when it does not. LedgerError, OSError."""
    try:
        with _in_words(path):
            check()
            _refuse_cut(connection, path)
            for (name,) in connection.execute("SELECT name FROM folder"):
                stored_folder(name)
    except BaseException:
        connection.close()
        raise
    return connection


def no_ledger(folder: Path) -> LedgerError:
    """What is said of a folder that has none."""
    return LedgerError(f"{folder / layout.LEDGER}: no ledger here; run `collector run` first or give --out")


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """What a check of the schema finds becomes a LedgerError."""
    try:
        with plain_words(path):
            yield
    except schema.NewerSchema as error:
        raise ForeignLedger(f"{path}: {error}; install the newest collector") from None
    except schema.NotALedger as error:
        raise ForeignLedger(f"{path}: {error}; move it away") from None
    except schema.DamagedSchema as error:
        raise LedgerError(f"{path}: damaged ({error}); {REPAIR}") from error


def _refuse_remains(path: Path) -> None:
    """A ledger that is gone or empty while its backup is there was lost; a new one must not take its place."""
    if path.is_file() and path.stat().st_size:
        return
    if path.with_name(layout.BACKUP).is_file():
        what = "empty" if path.exists() else "missing"
        raise LedgerError(f"{path}: {what}, but its backup is there; {REPAIR} (or move the backup away, to begin anew)")


def _refuse_cut(connection: sqlite3.Connection, path: Path) -> None:
    """A file shorter than it says it is; SQLite itself would see it late. With a log, pages may be there only."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    if path.stat().st_size < pages * size:
        raise LedgerError(f"{path}: damaged (cut off); {REPAIR}")
