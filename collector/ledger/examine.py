"""Looks a ledger over without changing it: is it whole, of which version, and how full?

For people who want to know before a run; a run itself relies on `Ledger.open`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from collector.ledger import layout, schema


@dataclass(frozen=True, slots=True)
class Examined:
    """What a ledger is like; counts are 0 and `version` too when `trouble` says that it cannot be used."""

    trouble: str = ""
    """One line, "" when all is well."""
    version: int = 0
    """Its schema; one older than ours is brought up to date by the next run."""
    keywords: int = 0
    found: int = 0
    saved: int = 0
    interrupted: bool = False
    """The last run did not come to its end, or one is at work now."""


def examine(folder: Path) -> Examined | None:
    """The folder's ledger, None when it has none. Never raises for what is wrong with it."""
    path = folder / layout.LEDGER
    if not path.exists():
        lost = path.with_name(layout.BACKUP).is_file()
        return Examined("missing, but its backup is there") if lost else None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)) as connection:
            return _examined(connection)
    except sqlite3.Error as error:
        return Examined(f"damaged or not readable ({error})")


def _examined(connection: sqlite3.Connection) -> Examined:
    def number(sql: str) -> int:
        return int(connection.execute(sql).fetchone()[0])

    try:
        version = schema.recognise(connection)
    except (schema.NotALedger, schema.NewerSchema) as error:
        return Examined(str(error))
    except schema.DamagedSchema as error:
        return Examined(f"damaged ({error})")
    [answer] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        return Examined(f"damaged ({str(answer).splitlines()[-1]})")
    return Examined(
        version=version,
        keywords=number("SELECT count(*) FROM query"),
        found=number("SELECT count(*) FROM found"),
        saved=number("SELECT count(*) FROM outcome WHERE state = 'saved'"),
        interrupted=number("SELECT count(*) FROM meta WHERE key = 'running'") > 0,
    )
