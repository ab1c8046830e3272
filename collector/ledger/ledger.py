"""The ledger of one output folder, opened and checked.

Holds the master keyword -> URLs map and one outcome per URL. Used by the calling thread alone; it
never touches a picture file and never asks the web. Schema: docs/ledger.md.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from collector.errors import ForeignLedger, LedgerError
from collector.ledger import disk, layout, schema
from collector.ledger.audits import Audits
from collector.ledger.curation import Curation
from collector.ledger.db import REPAIR, plain_words
from collector.ledger.entries import Entries
from collector.ledger.films import Films
from collector.ledger.forgetting import Forgetting
from collector.ledger.looking import Looking
from collector.ledger.planning import Planning
from collector.ledger.recording import Recording
from collector.ledger.shelf import Shelf
from collector.ledger.showing import Showing
from collector.ledger.viewing import Viewing
from collector.ledger.work import Work
from collector.ledger.yields import Yields


class Ledger(
    Planning, Work, Recording, Looking, Viewing, Shelf, Entries, Curation, Audits, Films, Yields, Showing, Forgetting
):
    """One output folder's memory. Open it with `Ledger.open`; close it, or use it in a `with`."""

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
            connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        try:
            with plain_words(path):
                schema.prepare(connection, "TRUNCATE" if disk.network(folder) else "WAL")
                _refuse_cut(connection, path)
        except schema.NewerSchema as error:
            connection.close()
            raise ForeignLedger(f"{path}: {error}; install the newest collector") from None
        except schema.NotALedger as error:
            connection.close()
            raise ForeignLedger(f"{path}: {error}; move it away") from None
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """The folder's ledger for looking only, while a run goes on as well. LedgerError when there is none."""
        path = folder / layout.LEDGER
        _refuse_remains(path)
        if not path.is_file():
            raise LedgerError(f"{path}: no ledger here; run `collector run` first or give --out")
        if not os.access(folder, os.W_OK) and not path.with_name(f"{path.name}-wal").exists():
            with plain_words(path):  # A folder that cannot be written, and nothing but the file: it cannot change.
                return cls(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None))
        return cls.open(folder)

    @classmethod
    def inspect(cls, folder: Path) -> Ledger:
        """The ledger as it lies there, not even its log folded in; nothing is written. LedgerError as for `open`."""
        path = folder / layout.LEDGER
        with plain_words(path):
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            with plain_words(path):
                schema.recognise(connection)
                _refuse_cut(connection, path)
        except (schema.NewerSchema, schema.NotALedger) as error:
            connection.close()
            raise ForeignLedger(f"{path}: {error}; move it away, or install the newest collector") from None
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
