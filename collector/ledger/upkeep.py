"""What keeps ledger and pictures in step: files that may not be on disk yet, lost ones, URLs put back to do.

Changes rows only on the word of those who looked at the files; it looks at none itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from collector import urls
from collector.errors import LedgerError
from collector.ledger import layout
from collector.ledger.db import REPAIR, Interrupted, Store, now, plain_words

_SHORT = """(SELECT count(*) FROM found f JOIN outcome o ON o.found_id = f.id
  WHERE f.query_id = query.id AND o.state = 'saved') < wanted"""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A picture as the ledger remembers it."""

    number: int
    """Of its URL."""
    path: Path
    """Relative to the folder."""
    sha256: str
    bytes: int


class Upkeep(Store):
    """The ledger's side for clean-up, checks and second chances."""

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
        folders = {name for (name,) in self._db.execute("SELECT name FROM folder")}
        for saved in self.saved_files():
            if _class_folder(saved.path) not in folders or not saved.path.name.startswith(f"{saved.sha256[:32]}."):
                wrong = saved.number
        if wrong is not None:
            raise LedgerError(f"{layout.LEDGER}: damaged (row {wrong} contradicts itself); {REPAIR}")

    # ----------------------------------------------------------------- files

    def unsynced(self) -> tuple[int, list[SavedFile]]:
        """(mark, pictures) saved since the last `synced`; give the mark back when all of them are on disk."""
        rows = self._db.execute(
            """SELECT unsynced.id, outcome.found_id, path, sha256, bytes FROM unsynced
               JOIN outcome USING (found_id) WHERE state = 'saved' ORDER BY unsynced.id"""
        ).fetchall()
        mark = self._db.execute("SELECT coalesce(max(id), 0) FROM unsynced").fetchone()[0]
        return mark, [SavedFile(number, Path(path), sha, size or 0) for _, number, path, sha, size in rows]

    def synced(self, mark: int) -> None:
        """All pictures up to the mark are on the disk itself."""
        with plain_words():
            self._db.execute("DELETE FROM unsynced WHERE id <= ?", (mark,))

    def saved_files(self) -> Iterator[SavedFile]:
        """Every saved picture, by number."""
        last, rows = 0, [(0, "", "", 0)]
        while rows:  # In portions, so that rows may be changed in between.
            rows = self._db.execute(
                """SELECT found_id, path, sha256, bytes FROM outcome WHERE state = 'saved' AND found_id > ?
                   ORDER BY found_id LIMIT 1000""",
                (last,),
            ).fetchall()
            for last, path, sha, size in rows:
                yield SavedFile(last, Path(path), sha, size or 0)

    def owner_of(self, name: str) -> Path | None:
        """The recorded path of the saved picture whose file is called so (half its hash, and an extension)."""
        stem = name.partition(".")[0]
        row = self._db.execute(
            "SELECT path FROM outcome WHERE state = 'saved' AND sha256 >= ? AND sha256 < ?", (stem, stem + "g")
        ).fetchone()
        return Path(row[0]) if row else None

    def lost(self, files: Sequence[SavedFile]) -> int:
        """These pictures are gone: their URLs, and those that had the same bytes, are to do again; how many."""
        count = 0
        with self.transaction():
            for file in files:
                self._db.execute("DELETE FROM unsynced WHERE found_id = ?", (file.number,))
                cursor = self._db.execute(
                    "DELETE FROM outcome WHERE sha256 = ? AND state IN ('saved', 'duplicate')", (file.sha256,)
                )
                count += cursor.rowcount
            self._reopen()
        return count

    # ----------------------------------------------------------------- second chances

    def put_back(self, reasons: Sequence[str] = (), keyword: str = "") -> tuple[int, int]:
        """URLs that ended with one of the reasons are to do again, as if never tried; (put back, left).

        A reason is a slug, its family (`net`), or none for everything failed or rejected. URLs of keywords that
        have their limit become spares (`policy.limit`) and are counted as left.
        """
        condition, values = _reason_condition(reasons)
        if keyword:
            condition, values = f"{condition} AND query.keyword = ?", [*values, keyword]
        with self.transaction():
            self._db.execute(
                f"""CREATE TEMP TABLE chosen AS SELECT found_id, query_id, {_SHORT} AS short FROM outcome
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
            self._reopen()
        return back, left

    def forget(self, sha256: str) -> int:
        """The picture with these bytes is not wanted: its URLs are skipped for ever, its bytes from others too."""
        with self.transaction():
            cursor = self._db.execute(
                """UPDATE outcome SET state = 'skipped', reason = 'policy.forgotten', detail = '', path = NULL,
                   ended_at = ? WHERE sha256 = ? AND state IN ('saved', 'duplicate')""",
                (now(), sha256),
            )
            self._reopen()
        return cursor.rowcount

    def _reopen(self) -> None:
        """Queries below their limit with something to do are open."""
        self._db.execute(
            f"""UPDATE query SET state = 'open' WHERE state = 'done' AND {_SHORT} AND EXISTS (
                 SELECT 1 FROM found LEFT JOIN outcome ON found_id = found.id
                 WHERE query_id = query.id AND (outcome.state IS NULL OR outcome.state = 'retry'))"""
        )

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
            with part.open("rb+") as file:
                os.fsync(file.fileno())
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
    values: list[object] = []
    for reason in reasons:
        values += [reason, f"{reason}."]
    one = "outcome.reason = ? OR outcome.reason GLOB ? || '*'"
    return "outcome.state NOT IN ('saved', 'duplicate') AND (" + " OR ".join([one] * len(reasons)) + ")", values


def _class_folder(path: Path) -> str:
    """The class folder that a saved picture's path names; moved beside the output folder, it keeps that name."""
    parent = path.parent
    return parent.name if parent.parts[:1] == ("..",) else parent.as_posix()
