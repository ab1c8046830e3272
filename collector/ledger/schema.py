"""The ledger's tables and their migrations. It reads and writes no rows.

`user_version` counts the migrations that were applied. A migration is never edited once released:
a change is a new entry at the end.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache

APPLICATION_ID = 0x434F4C31  # "COL1": lets `file` and SQLite tools recognise a ledger.

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE query (
  id        INTEGER PRIMARY KEY,
  keyword   TEXT NOT NULL,
  label     TEXT NOT NULL,
  filters   TEXT NOT NULL DEFAULT '{}',
  wanted    INTEGER NOT NULL,
  state     TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
  run       INTEGER NOT NULL,
  position  INTEGER NOT NULL,
  reopened  INTEGER NOT NULL DEFAULT 0,
  UNIQUE (keyword, label, filters)
) STRICT;
CREATE INDEX query_open ON query (run, position) WHERE state = 'open';

CREATE TABLE search (
  id         INTEGER PRIMARY KEY,
  query_id   INTEGER NOT NULL REFERENCES query (id),
  source     TEXT NOT NULL,
  variant    TEXT NOT NULL DEFAULT '',
  run        INTEGER NOT NULL,
  state      TEXT NOT NULL DEFAULT 'pending' CHECK (state IN
             ('pending', 'enough', 'exhausted', 'empty', 'blocked', 'layout', 'unreachable', 'failed')),
  reason     TEXT NOT NULL DEFAULT '',
  detail     TEXT NOT NULL DEFAULT '',
  tries      INTEGER NOT NULL DEFAULT 0,
  found      INTEGER NOT NULL DEFAULT 0,
  seconds    REAL NOT NULL DEFAULT 0,
  started_at TEXT NOT NULL DEFAULT '',
  ended_at   TEXT NOT NULL DEFAULT '',
  UNIQUE (query_id, source, variant)
) STRICT;

CREATE TABLE found (
  id            INTEGER PRIMARY KEY,
  query_id      INTEGER NOT NULL REFERENCES query (id),
  search_id     INTEGER NOT NULL REFERENCES search (id),
  rank          INTEGER NOT NULL,
  url           TEXT NOT NULL,
  url_key       TEXT NOT NULL,
  source_id     TEXT NOT NULL DEFAULT '',
  page          TEXT NOT NULL DEFAULT '',
  title         TEXT NOT NULL DEFAULT '',
  site          TEXT NOT NULL DEFAULT '',
  width         INTEGER NOT NULL DEFAULT 0,
  height        INTEGER NOT NULL DEFAULT 0,
  thumbnail_url TEXT NOT NULL DEFAULT '',
  is_thumbnail  INTEGER NOT NULL DEFAULT 0,
  kind          TEXT NOT NULL DEFAULT 'photo',
  way           TEXT NOT NULL DEFAULT '',
  licence_url   TEXT NOT NULL DEFAULT '',
  licence_page  TEXT NOT NULL DEFAULT '',
  licensor      TEXT NOT NULL DEFAULT '',
  creators      TEXT NOT NULL DEFAULT '',
  credit        TEXT NOT NULL DEFAULT '',
  notice        TEXT NOT NULL DEFAULT '',
  found_at      TEXT NOT NULL,
  UNIQUE (query_id, url_key)
) STRICT;
CREATE INDEX found_search ON found (search_id);
CREATE INDEX found_query ON found (query_id);  -- Entries of one query lie in the order of id: chunks need no sorting.

CREATE TABLE outcome (
  found_id       INTEGER PRIMARY KEY REFERENCES found (id),
  state          TEXT NOT NULL CHECK (state IN ('saved', 'duplicate', 'rejected', 'failed', 'skipped', 'retry')),
  reason         TEXT NOT NULL DEFAULT '',
  detail         TEXT NOT NULL DEFAULT '',
  attempts       INTEGER NOT NULL DEFAULT 0,
  http_status    INTEGER NOT NULL DEFAULT 0,
  final_url      TEXT NOT NULL DEFAULT '',
  path           TEXT,
  sha256         TEXT,
  format         TEXT,
  width          INTEGER,
  height         INTEGER,
  bytes          INTEGER,
  mode           TEXT,
  orientation    INTEGER,
  frames         INTEGER,
  trailing_bytes INTEGER,
  phash          TEXT,
  seconds        REAL NOT NULL DEFAULT 0,
  ended_at       TEXT NOT NULL,
  CHECK (state <> 'saved' OR (path IS NOT NULL AND sha256 IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX outcome_saved ON outcome (sha256) WHERE state = 'saved';

CREATE INDEX outcome_forgotten ON outcome (sha256) WHERE state = 'skipped' AND reason = 'policy.forgotten';

-- Saved pictures that may not have reached the disk itself yet, in the order they were saved.
CREATE TABLE unsynced (id INTEGER PRIMARY KEY, found_id INTEGER NOT NULL) STRICT;

CREATE TABLE folder (label TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE) STRICT, WITHOUT ROWID;

CREATE VIEW picture AS
SELECT query.keyword, query.label, search.source, search.variant, found.rank, found.url, found.page, found.title,
       found.site, found.licence_url, coalesce(outcome.state, 'waiting') AS state,
       coalesce(outcome.reason, '') AS reason, outcome.path, outcome.sha256, outcome.format, outcome.width,
       outcome.height, outcome.bytes
FROM found JOIN query ON query.id = found.query_id JOIN search ON search.id = found.search_id
LEFT JOIN outcome ON outcome.found_id = found.id;
"""

_MORE_THAN_A_URL = """
ALTER TABLE found ADD COLUMN fallbacks TEXT NOT NULL DEFAULT '';
ALTER TABLE found ADD COLUMN media TEXT NOT NULL DEFAULT 'picture';
ALTER TABLE found ADD COLUMN cookies TEXT NOT NULL DEFAULT '';
ALTER TABLE found ADD COLUMN published TEXT NOT NULL DEFAULT '';
ALTER TABLE found ADD COLUMN fields TEXT NOT NULL DEFAULT '';
ALTER TABLE outcome ADD COLUMN via TEXT NOT NULL DEFAULT '';
ALTER TABLE outcome ADD COLUMN media TEXT NOT NULL DEFAULT 'picture';
ALTER TABLE outcome ADD COLUMN rights TEXT NOT NULL DEFAULT '';
ALTER TABLE outcome ADD COLUMN ignored TEXT NOT NULL DEFAULT '';
"""

_DATASET = """
CREATE INDEX outcome_duplicate ON outcome (sha256) WHERE state = 'duplicate';

-- Perceptual hash PDQ (256 bits, 64 hex digits) and its quality, 0 to 100, of the first frame.
CREATE TABLE pdq (sha256 TEXT PRIMARY KEY, hash TEXT NOT NULL, quality INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Pictures left out of the set, and why; `kept` is the picture kept in their place, `moved_from` their old path.
CREATE TABLE verdict (
  sha256     TEXT NOT NULL,
  label      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  detail     TEXT NOT NULL DEFAULT '',
  kept       TEXT NOT NULL DEFAULT '',
  moved_from TEXT NOT NULL DEFAULT '',
  decided_at TEXT NOT NULL,
  PRIMARY KEY (sha256, label)
) STRICT, WITHOUT ROWID;

-- Classes that a picture belongs to beside its own.
CREATE TABLE extra_label (
  sha256     TEXT NOT NULL,
  label      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  decided_at TEXT NOT NULL,
  PRIMARY KEY (sha256, label)
) STRICT, WITHOUT ROWID;

-- What an audit measured: one row per picture and question; score 0 (bad) to 1 (good).
CREATE TABLE audit (
  sha256  TEXT NOT NULL,
  issue   TEXT NOT NULL,
  score   REAL NOT NULL,
  flagged INTEGER NOT NULL,
  PRIMARY KEY (sha256, issue)
) STRICT, WITHOUT ROWID;

-- The split a picture was given first; it keeps it as the set grows.
CREATE TABLE split (
  sha256 TEXT NOT NULL,
  scheme TEXT NOT NULL,
  split  TEXT NOT NULL,
  PRIMARY KEY (sha256, scheme)
) STRICT, WITHOUT ROWID;

-- What a person said about a picture: keep or drop.
CREATE TABLE review (
  sha256     TEXT NOT NULL,
  label      TEXT NOT NULL,
  decision   TEXT NOT NULL CHECK (decision IN ('keep', 'drop')),
  decided_at TEXT NOT NULL,
  PRIMARY KEY (sha256, label)
) STRICT, WITHOUT ROWID;
"""

_WALKS = """
-- The highest number of a URL that this search had brought when it last came to its true end; 0 if it never did.
ALTER TABLE search ADD COLUMN complete INTEGER NOT NULL DEFAULT 0;
DROP VIEW picture;
CREATE VIEW picture AS
SELECT query.keyword, query.label, search.source, search.variant, found.rank, found.url, found.page, found.title,
       found.site, found.licence_url, coalesce(outcome.state, 'waiting') AS state,
       coalesce(outcome.reason, '') AS reason, outcome.path, outcome.sha256, outcome.format, outcome.width,
       outcome.height, outcome.bytes,
       CASE WHEN outcome.path IS NULL THEN found.media ELSE outcome.media END AS media
FROM found JOIN query ON query.id = found.query_id JOIN search ON search.id = found.search_id
LEFT JOIN outcome ON outcome.found_id = found.id;
"""

_MIRRORED = """
-- The PDQ hash of the picture seen in a mirror; '' of pictures that were hashed before there was one.
ALTER TABLE pdq ADD COLUMN mirrored TEXT NOT NULL DEFAULT '';
"""

_ATTEMPTS = """
ALTER TABLE outcome DROP COLUMN trailing_bytes;
"""

_CLASSES = """
-- The number of each class in every export: given when it is first exported, and never another's.
CREATE TABLE class (label TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE) STRICT, WITHOUT ROWID;

-- The ways in which the set was split; the one with the highest number was used last.
CREATE TABLE scheme (name TEXT PRIMARY KEY, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO scheme SELECT scheme, 0 FROM split GROUP BY scheme;
"""

_LISTED = """
-- Which file of queries asks for a query, by its absolute path, and whether it did so once and no longer does.
CREATE TABLE listed (
  file     TEXT NOT NULL,
  query_id INTEGER NOT NULL REFERENCES query (id),
  removed  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (file, query_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX listed_query ON listed (query_id);
-- Nobody wrote down which file the last run had: the next one is taken for it.
INSERT INTO listed SELECT '?', id, 0 FROM query WHERE run = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'run')
  AND id IN (SELECT query_id FROM search WHERE source NOT IN ('import', 'frames'));
"""

_SKETCHES = """
-- Of pictures too flat for their hash to say much: 24 x 24 pixels, RGB, row by row.
CREATE TABLE sketch (sha256 TEXT PRIMARY KEY, cells BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""

_COPIES = """
-- Pictures that are made of each other (cut, framed, mirrored, turned, written over), and which of the two shows more.
CREATE TABLE copy (
  sha256 TEXT NOT NULL,
  other  TEXT NOT NULL,
  whole  TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (sha256, other)
) STRICT, WITHOUT ROWID;
"""

_OVERRULED = """
-- What a rule decided about a picture of which a person says keep or drop: it holds again when the word is taken back.
CREATE TABLE overruled (
  sha256     TEXT NOT NULL,
  label      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  detail     TEXT NOT NULL DEFAULT '',
  kept       TEXT NOT NULL DEFAULT '',
  decided_at TEXT NOT NULL,
  PRIMARY KEY (sha256, label)
) STRICT, WITHOUT ROWID;
"""

_NEAR = """
-- Pairs of pictures that look the same (two found_id of 8 bytes, little-endian), and of which pictures they were found:
-- how many, the sum of their numbers, and how many are hashed. They are searched anew when that has changed.
CREATE TABLE near (
  distance INTEGER NOT NULL,
  mirrored INTEGER NOT NULL,
  pictures TEXT NOT NULL,
  pairs    BLOB NOT NULL,
  PRIMARY KEY (distance, mirrored)
) STRICT, WITHOUT ROWID;
"""

_TAKEN = """
-- When and where a picture was taken, as its EXIF says, where that is asked for: ISO 8601; degrees of latitude and
-- longitude, as JSON.
ALTER TABLE outcome ADD COLUMN taken TEXT;
ALTER TABLE outcome ADD COLUMN place TEXT NOT NULL DEFAULT '';
"""

MIGRATIONS: tuple[str, ...] = (
    _FIRST, _MORE_THAN_A_URL, _DATASET, _WALKS, _MIRRORED, _ATTEMPTS, _CLASSES, _LISTED, _SKETCHES, _COPIES,
    _OVERRULED, _NEAR, _TAKEN,
)  # fmt: skip


class NotALedger(Exception):
    """A healthy SQLite file of somebody else's."""


class DamagedSchema(Exception):
    """A table, column, view or index that belongs to this version is not there."""


class NewerSchema(Exception):
    """The file was written by a newer version of the program."""


def prepare(connection: sqlite3.Connection, journal: str = "WAL") -> None:
    """Set the connection up and apply what migrations are missing, each whole or not at all.

    `journal`: WAL, or TRUNCATE where readers and writer may be on different machines.

    NewerSchema when the file is ahead of this program, NotALedger when it is another's, DamagedSchema and
    sqlite3.Error when it is damaged, or the disk is at fault.
    """
    version = recognise(connection)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {number}; COMMIT;"
        )


def recognise(connection: sqlite3.Connection) -> int:
    """How many migrations the file has had, 0 for a new one; raises as `prepare` does, and changes nothing."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and owner != APPLICATION_ID:
        raise NotALedger("a database, but not a collector ledger")
    if version > len(MIGRATIONS):
        raise NewerSchema(f"written by a newer version (schema {version}, this one knows {len(MIGRATIONS)})")
    _compare(connection, version)
    return version


def _compare(connection: sqlite3.Connection, version: int) -> None:
    """DamagedSchema when something is missing: statements would fail in the middle of a run, and each time anew. Also
    when a stranger's ledger would do more at each of them than they say."""
    try:
        lost = _made_by(version) - _shape(connection)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        raise DamagedSchema(str(error)) from error
    if lost:
        raise DamagedSchema(f"no {'.'.join(filter(None, min(lost)))} in it")
    foreign = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' LIMIT 1").fetchone()
    if foreign is not None:
        raise DamagedSchema(f"a trigger that is not ours in it, {str(foreign[0])[:60]!r}")


Shape = frozenset[tuple[str, str]]
"""(table or view, column) of everything, and (index, "")."""


def _shape(connection: sqlite3.Connection) -> Shape:
    return frozenset(
        connection.execute(
            """SELECT m.name, coalesce(c.name, '') FROM sqlite_schema AS m LEFT JOIN pragma_table_info(m.name) AS c
               WHERE m.name NOT LIKE 'sqlite_%'"""
        )
    )


@lru_cache
def _made_by(version: int) -> Shape:
    """What the first so many migrations make."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript("".join(MIGRATIONS[:version]))
        return _shape(connection)


def tables(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The names of all tables, each behind those it refers to."""
    return tuple(
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
    )


def columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The columns of a table."""
    return tuple(name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))


def key(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """The columns of a table's primary key, in their order."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,))
    return tuple(name for (name,) in rows)
