"""Upkeep of the ledger itself: damage, lost files, second chances, forgetting, and its backup.

Knows nothing of the files; it looks at none itself.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from collector import urls
from collector.errors import LedgerError
from collector.ledger import disk, layout, rows, schema
from collector.ledger.db import REPAIR, Interrupted, cell, note, now, plain_words, remember, transaction
from collector.ledger.layout import FILE_NAME
from collector.ledger.names import fits, number_of
from collector.ledger.paths import stored_folder, stored_path
from collector.ledger.rows import SAVED, Row, Which

SHORT = """(SELECT count(*) FROM found f JOIN outcome o ON o.found_id = f.id
  WHERE f.query_id = query.id AND o.state = 'saved') < wanted"""
"""SQL: a query is below its limit."""
REOPEN = f"""UPDATE query SET state = 'open' WHERE state = 'done' AND {SHORT} AND EXISTS (
  SELECT 1 FROM found LEFT JOIN outcome ON found_id = found.id
  WHERE query_id = query.id AND (outcome.state IS NULL OR outcome.state = 'retry'))"""
"""Queries below their limit with something to do are open."""
_HOSTS = "forgotten.hosts"
"""The note of hosts, with commas between them."""
_OPEN = "coalesce(state, '') NOT IN ('saved', 'duplicate') AND coalesce(reason, '') <> 'policy.forgotten'"
"""Nothing is saved of the URL, and it may still be."""

_UNBACKED = """d.state = 'duplicate' AND NOT EXISTS (
  SELECT 1 FROM outcome s WHERE s.state = 'saved' AND s.sha256 = d.sha256)"""
"""SQL: a row of the table `outcome d` is a duplicate of nothing."""
_UNSYNCED = Which(state="saved", unsynced=True)


class Maintenance:
    """The ledger's side for checks and second chances."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    # ----------------------------------------------------------------- damage

    def check(self, thorough: bool = False) -> None:
        """LedgerError when the file is damaged.

        `thorough` compares indexes with their tables, and URLs, hashes and paths with each other: SQLite keeps no
        checksums, so that a flipped bit inside a text is sound to it.
        """
        with plain_words():
            pragma = "integrity_check(1)" if thorough else "quick_check(1)"
            verdict = str(self._db.execute(f"PRAGMA {pragma}").fetchone()[0])
        if verdict != "ok":
            first = verdict.replace("*** in database main ***", "").strip().splitlines()[0]
            raise LedgerError(f"{layout.LEDGER}: damaged ({first}); {REPAIR}")
        if thorough:
            with plain_words():
                self._compare()

    def _compare(self) -> None:
        wrong: int | None = None
        for number, url, key in self._db.execute("SELECT id, url, url_key FROM found"):
            if not key.startswith(urls.ID_KEY) and urls.url_key(url) != key:
                wrong = number
        folders = {stored_folder(name) for (name,) in self._db.execute("SELECT name FROM folder")}
        for number, text, sha256 in rows.cells(self._db, ("id", "path", "sha256"), SAVED):
            path = stored_path(text)
            if _class_folder(path) not in folders or not fits(path.name, sha256, number):
                wrong = number
        if wrong is not None:
            raise LedgerError(f"{layout.LEDGER}: damaged (row {wrong} contradicts itself); {REPAIR}")

    # ----------------------------------------------------------------- files

    def unsynced(self) -> tuple[int, list[Row]]:
        """(mark, pictures) saved since the last `synced`; give the mark back when all of them are on disk."""
        return self._mark(), list(rows.rows(self._db, _UNSYNCED))

    def unsynced_files(self) -> tuple[int, list[Path]]:
        """The same with their files alone."""
        return self._mark(), [stored_path(text) for (text,) in rows.cells(self._db, ("path",), _UNSYNCED)]

    def _mark(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM unsynced").fetchone()[0])

    def synced(self, mark: int) -> None:
        """All pictures up to the mark are on the disk itself."""
        with plain_words():
            self._db.execute("DELETE FROM unsynced WHERE id <= ?", (mark,))

    def owner_of(self, name: str) -> Path | None:
        """The recorded path of the saved picture whose file is called so: by half its hash, or by its number."""
        if FILE_NAME.fullmatch(name):
            found = self.files_with([name.partition(".")[0]])
            return found[0][1] if found else None
        saved = cell(self._db, "SELECT path FROM outcome WHERE found_id = ? AND state = 'saved'", (number_of(name),))
        path = stored_path(saved) if saved else None
        return path if path is not None and path.name == name else None

    def lost(self, files: Sequence[Row]) -> int:
        """These pictures are gone: their URLs, and those that had the same bytes, are to do again; how many."""
        count = 0
        with transaction(self._db):
            for file in files:
                self._db.execute("DELETE FROM unsynced WHERE found_id = ?", (file.id,))
                cursor = self._db.execute(
                    "DELETE FROM outcome WHERE sha256 = ? AND state IN ('saved', 'duplicate')", (file.sha256,)
                )
                count += cursor.rowcount
            self._reopen()
        return count

    def unbacked(self) -> list[tuple[str, Path]]:
        """(sha256, path) of pictures that have duplicates and that nothing has saved: two runs that wrote one ledger
        leave such rows, each counting on the other's."""
        found = self._db.execute(
            f"SELECT sha256, min(path) FROM outcome d WHERE {_UNBACKED} GROUP BY sha256 ORDER BY 1"
        )
        return [(sha256, stored_path(path)) for sha256, path in found]

    def back(self, sha256: str, path: Path) -> bool:
        """The file is there: the first duplicate of its class is the one that was saved. False when none is of the
        class whose folder it is."""
        with transaction(self._db):
            cursor = self._db.execute(
                f"""UPDATE outcome SET state = 'saved', reason = '', path = ? WHERE found_id = (
                      SELECT found_id FROM outcome d JOIN found ON found.id = found_id JOIN query ON query.id = query_id
                      JOIN folder ON folder.label = query.label
                      WHERE sha256 = ? AND folder.name = ? AND {_UNBACKED} ORDER BY found_id LIMIT 1)""",
                (path.as_posix(), sha256, _class_folder(path)),
            )
        return bool(cursor.rowcount)

    def close_books(self) -> int:
        """Duplicates that nothing backs are to do again, how many; the others name their picture's file, and queries
        below their limit with something to do are open."""
        with transaction(self._db):
            cursor = self._db.execute(f"DELETE FROM outcome AS d WHERE {_UNBACKED}")
            self._db.execute(
                """UPDATE outcome AS d SET path = s.path FROM outcome s WHERE d.state = 'duplicate'
                   AND s.state = 'saved' AND s.sha256 = d.sha256 AND d.path IS NOT s.path"""
            )
            self._reopen()
        return cursor.rowcount

    # ----------------------------------------------------------------- second chances

    def put_back(self, reasons: Sequence[str] = (), keyword: str = "") -> tuple[int, int]:
        """URLs that ended with one of the reasons are to do again, as if never tried; (put back, left).

        A reason is a slug, its family (`net`), or none for everything failed or rejected. URLs of keywords that
        have their limit become spares (`policy.limit`) and are counted as left. Imported files are not among them:
        importing them again tries them again.
        """
        condition, values = _reason_condition(reasons)
        condition = f"{condition} AND found.url NOT GLOB 'file:*'"
        if keyword:
            condition, values = f"{condition} AND query.keyword = ?", [*values, keyword]
        with transaction(self._db):
            self._db.execute(
                f"""CREATE TEMP TABLE chosen AS SELECT found_id, query_id, {SHORT} AS short FROM outcome
                    JOIN found ON found.id = found_id JOIN query ON query.id = query_id WHERE {condition}""",
                values,
            )
            back, left = self._db.execute(
                "SELECT coalesce(sum(short), 0), coalesce(sum(NOT short), 0) FROM chosen"
            ).fetchone()
            self._db.execute("DELETE FROM outcome WHERE found_id IN (SELECT found_id FROM chosen WHERE short)")
            self._db.execute(
                """UPDATE outcome SET state = 'skipped', reason = 'policy.limit', detail = '', attempts = 0,
                   sha256 = NULL WHERE found_id IN (SELECT found_id FROM chosen WHERE NOT short)"""
            )
            self._db.execute("DROP TABLE chosen")
            if keyword and not reasons:
                self._search_again(keyword)
            self._reopen()
        return back, left

    def _search_again(self, keyword: str) -> None:
        """Searches of a keyword below its limit that came to an end are asked again."""
        self._db.execute(
            f"""UPDATE search SET state = 'pending', reason = '', detail = '' WHERE state IN ('empty', 'exhausted') AND
                query_id IN (SELECT id FROM query WHERE keyword = ? AND {SHORT})""",
            (keyword,),
        )
        self._db.execute(
            f"UPDATE query SET state = 'open' WHERE keyword = ? AND state = 'done' AND {SHORT}", (keyword,)
        )

    def _reopen(self) -> None:
        """Queries below their limit with something to do are open."""
        self._db.execute(REOPEN)

    # ----------------------------------------------------------------- forgetting

    def files_with(self, shas: Sequence[str]) -> list[tuple[str, Path]]:
        """(sha256, path) of the saved files among these hashes, or beginnings of hashes."""
        found: dict[str, Path] = {}
        for sha256 in shas:
            files = self._db.execute(
                "SELECT sha256, path FROM outcome WHERE state = 'saved' AND sha256 >= ? AND sha256 < ?",
                (sha256, sha256 + "g"),
            )
            found.update((name, stored_path(path)) for name, path in files)
        return sorted(found.items())

    def files_from(self, name: str) -> list[tuple[str, Path]]:
        """(sha256, path) of saved files with bytes from a host or one below it, or from a page there."""
        self._define(name)
        files = self._db.execute(
            """SELECT sha256, path FROM outcome WHERE state = 'saved' AND sha256 IN (
                 SELECT sha256 FROM outcome JOIN found ON found.id = found_id
                 WHERE state IN ('saved', 'duplicate') AND (of_host(url) OR of_host(page) OR of_host(final_url))
               ) ORDER BY sha256"""
        )
        return [(sha256, stored_path(path)) for sha256, path in files]

    def urls_from(self, name: str) -> list[int]:
        """Numbers of the URLs of a host or one below it, or on a page there, that are not saved and may still be."""
        self._define(name)
        return self._unsaved("of_host(url) OR of_host(page)")

    def urls_unsaved(self, url: str, key: str) -> list[int]:
        """Numbers of the rows of one URL that are not saved; `key` as `urls.url_key` makes it."""
        return self._unsaved("url = ? OR url_key = ?", url, key)

    def _unsaved(self, condition: str, *values: str) -> list[int]:
        found = self._db.execute(
            f"""SELECT found.id FROM found LEFT JOIN outcome ON found_id = found.id
                WHERE {_OPEN} AND ({condition}) ORDER BY found.id""",
            values,
        )
        return [number for (number,) in found]

    def forget_picture(self, sha256: str) -> int:
        """The picture with these bytes is not wanted: its URLs are skipped for ever, its bytes from others too; how
        many URLs. Every trace of what it looked like and what was decided about it goes."""
        with transaction(self._db):
            cursor = self._db.execute(
                """UPDATE outcome SET state = 'skipped', reason = 'policy.forgotten', detail = '', path = NULL,
                   phash = NULL, rights = '', taken = NULL, place = '', final_url = '', ended_at = ?
                   WHERE sha256 = ? AND state IN ('saved', 'duplicate')""",
                (now(), sha256),
            )
            for table in schema.tables(self._db):
                if table != "outcome" and "sha256" in schema.columns(self._db, table):
                    self._db.execute(f"DELETE FROM {table} WHERE sha256 = ?", (sha256,))
            for table in ("verdict", "overruled"):
                self._db.execute(f"UPDATE {table} SET kept = '' WHERE kept = ?", (sha256,))
            self._db.execute("DELETE FROM copy WHERE other = ?", (sha256,))
            self._reopen()
        return cursor.rowcount

    def forget_urls(self, numbers: Sequence[int]) -> None:
        """These URLs, of which nothing is saved, are never asked for."""
        with transaction(self._db):
            self._db.executemany(
                """INSERT INTO outcome (found_id, state, reason, ended_at) VALUES (?, 'skipped', 'policy.forgotten', ?)
                   ON CONFLICT (found_id) DO UPDATE SET state = 'skipped', reason = 'policy.forgotten', detail = '',
                   path = NULL, sha256 = NULL, ended_at = excluded.ended_at""",
                ((number, now()) for number in numbers),
            )

    def forget_host(self, name: str) -> None:
        """Nothing is fetched from a host, those below it, or pages there again."""
        remember(self._db, _HOSTS, ",".join(sorted(self.forgotten_hosts() | {name})))

    def forgotten_hosts(self) -> frozenset[str]:
        """What `forget_host` was told."""
        return frozenset(filter(None, note(self._db, _HOSTS).split(",")))

    def _define(self, name: str) -> None:
        listed = frozenset((name,))
        self._db.create_function("of_host", 1, lambda url: bool(url and urls.blocked(urls.hostname(url), listed)))

    # ----------------------------------------------------------------- backup

    @property
    def size(self) -> int:
        """Rows of the map: what a copy costs."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM found").fetchone()[0])

    def backup(self, folder: Path, seconds: float = 20.0) -> bool:
        """Copy the ledger beside itself, the last copy but one gives way; False when it takes too long.

        The copy has its name only when it is whole and on disk. OSError when there is no room.
        """
        part = folder / f"{layout.PART_PREFIX}backup{layout.PART_SUFFIX}"
        part.unlink(missing_ok=True)
        ends = time.monotonic() + seconds
        self._db.set_progress_handler(lambda: int(time.monotonic() > ends), 1000)
        try:
            with plain_words(part):
                self._db.execute("VACUUM INTO ?", (str(part),))
            disk.fsync(part)
            newest, older = folder / layout.BACKUP, folder / layout.OLDER_BACKUP
            if newest.is_file():
                newest.replace(older)
            part.replace(newest)
        except Interrupted:
            return False
        finally:
            self._db.set_progress_handler(None, 0)
            part.unlink(missing_ok=True)
        return True


def _reason_condition(reasons: Sequence[str]) -> tuple[str, list[object]]:
    if not reasons:
        return "outcome.state IN ('failed', 'rejected', 'retry')", []
    values = [value for reason in reasons for value in (reason, f"{reason}.")]
    one = "outcome.reason = ? OR outcome.reason GLOB ? || '*'"
    return "outcome.state NOT IN ('saved', 'duplicate') AND (" + " OR ".join([one] * len(reasons)) + ")", [*values]


def _class_folder(path: Path) -> str:
    """The class folder that a saved picture's path names; moved beside the output folder, it keeps that name."""
    parent = path.parent
    return parent.name if parent.parts[:1] == ("..",) else parent.as_posix()
