"""Keywords and their classes as people change them: which file lists which, other labels, keywords that are gone.

Moves no file and decides nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.ledger.columns import ATTEMPT, PICTURE
from collector.ledger.db import filters_text, remember
from collector.ledger.intake import STILLS
from collector.ledger.paths import stored_path
from collector.ledger.planning import PLAN, SAVED
from collector.ledger.work import TASK, TASK_CELLS
from collector.model import Attempt, Picture, Query, Task

REMOVED = "set.removed"
"""Why the pictures of a keyword that nobody lists any more are left out of the set."""
_OWN = "SELECT sha256 FROM outcome JOIN found ON found.id = found_id WHERE query_id = :id AND state = 'saved'"
_GONE = "SELECT query_id FROM listed GROUP BY query_id HAVING min(removed)"
"""Queries that no file lists any more."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A query, as a row of somebody's file asks for it."""

    id: int
    keyword: str
    label: str
    filters: str
    """As the ledger spells them."""


@dataclass(frozen=True, slots=True)
class LeftPicture:
    """A saved picture of a keyword that no file lists any more."""

    picture: Picture
    path: Path
    left_out: bool
    """Whether the set leaves it out for more than that."""
    attempt: Attempt


class Keywords:
    """The ledger's side that follows what people write into their files."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def listed(self, file: str) -> list[Keyword]:
        """What a file listed when it was last read."""
        return self._found("JOIN listed ON query_id = id WHERE file = ? AND NOT removed", (file,))

    def gone(self, file: str) -> list[Keyword]:
        """What a file listed once, and no file lists any more."""
        return self._found(f"JOIN listed ON query_id = id WHERE file = ? AND id IN ({_GONE})", (file,))

    def of(self, keyword: str, label: str | None = None) -> list[Keyword]:
        """The queries of a keyword, of stills as well."""
        return self._found("WHERE keyword = ? AND label = coalesce(?, label)", (keyword, label))

    def stills_of(self, keyword: Keyword) -> list[Keyword]:
        """The stills of its videos, if no other query shares them."""
        others = self.of(keyword.keyword, keyword.label)
        stills = [one for one in others if f'"{STILLS}"' in one.filters]
        return stills if len(others) == len(stills) + 1 else []

    def _found(self, which: str, values: tuple[object, ...]) -> list[Keyword]:
        rows = self._db.execute(f"SELECT id, keyword, label, filters FROM query {which} ORDER BY position, id", values)
        return [Keyword(*row) for row in rows]

    # ------------------------------------------------------------------ which file lists which

    def set_listed(self, file: str, queries: Iterable[Query]) -> None:
        """A file lists these queries, and no others of those that it listed before."""
        self._db.execute("UPDATE listed SET removed = 1 WHERE file = ?", (file,))
        self._db.executemany(
            """INSERT INTO listed (file, query_id, removed)
               SELECT ?, id, 0 FROM query WHERE keyword = ? AND label = ? AND filters = ?
               ON CONFLICT (file, query_id) DO UPDATE SET removed = 0""",
            ((file, query.keyword, query.label, filters_text(query)) for query in queries),
        )

    def drop(self, ids: Iterable[int]) -> None:
        """No file lists these any more; the next one that does brings them back."""
        remember(self._db, PLAN, "")
        for number in ids:
            self._db.execute("UPDATE listed SET removed = 1 WHERE query_id = ?", (number,))
            self._db.execute("INSERT OR IGNORE INTO listed (file, query_id, removed) VALUES ('', ?, 1)", (number,))

    def list_still(self, file: str, ids: Iterable[int]) -> None:
        """A file lists these as before, though they are not asked for."""
        rows = ((file, number) for number in ids)
        self._db.executemany("UPDATE listed SET removed = 0 WHERE file = ? AND query_id = ?", rows)

    def keep(self, file: str, ids: Iterable[int]) -> None:
        """These stay in the set, though the file that brought them no longer lists them."""
        rows = ((file, number) for number in ids)
        self._db.executemany("DELETE FROM listed WHERE file = ? AND query_id = ?", rows)

    def reopen(self) -> None:
        """Before files are read: what no file listed may be listed again, and is open then."""
        self._db.execute(f"UPDATE query SET state = 'open', reopened = 1 WHERE id IN ({_GONE})")

    def close(self) -> None:
        """Nothing is searched or fetched any more for queries that no file lists; those below their limit that found
        their pictures as well are to have them."""
        self._db.execute(f"UPDATE query SET state = 'done' WHERE id IN ({_GONE})")
        self._db.execute(
            f"""UPDATE query SET state = 'open' WHERE state = 'done' AND id NOT IN ({_GONE})
                AND {SAVED} < wanted AND id IN (
                  SELECT f.query_id FROM found f JOIN outcome d ON d.found_id = f.id WHERE d.state = 'duplicate'
                  AND d.sha256 IN (SELECT o.sha256 FROM outcome o JOIN found g ON g.id = o.found_id
                                   WHERE o.state = 'saved' AND g.query_id IN ({_GONE})))"""
        )

    def removed_pictures(self) -> list[tuple[str, str]]:
        """(sha256, label) of saved pictures of queries that no file lists; not of those that others have, too."""
        return self._db.execute(
            f"""SELECT o.sha256, q.label FROM query q JOIN found f ON f.query_id = q.id
                JOIN outcome o ON o.found_id = f.id AND o.state = 'saved'
                WHERE q.id IN ({_GONE}) AND NOT EXISTS (
                  SELECT 1 FROM outcome d JOIN found df ON df.id = d.found_id JOIN query dq ON dq.id = df.query_id
                  WHERE d.sha256 = o.sha256 AND d.state = 'duplicate' AND dq.label = q.label
                  AND dq.id NOT IN ({_GONE}))"""
        ).fetchall()

    # ------------------------------------------------------------------ what they left behind

    def note_left(self) -> bool:
        """Before a run: note for this connection what keywords that no file lists left behind; whether there is any."""
        self._db.execute("DROP TABLE IF EXISTS temp.left_behind")
        self._db.execute(
            f"""CREATE TEMP TABLE left_behind AS SELECT url_key, sha256 FROM found JOIN outcome ON found_id = found.id
                WHERE state = 'saved' AND query_id IN ({_GONE})"""
        )
        for column in ("url_key", "sha256"):
            self._db.execute(f"CREATE INDEX temp.left_by_{column} ON left_behind ({column})")
        return bool(self._db.execute("SELECT EXISTS (SELECT 1 FROM left_behind)").fetchone()[0])

    def left(self, url_key: str = "", sha256: str = "") -> LeftPicture | None:
        """The picture that was left behind by this address, or of these bytes; see `note_left`."""
        cells = ", ".join(f"outcome.{name}" for name in (*PICTURE.names, *ATTEMPT.names))
        column, value = ("url_key", url_key) if url_key else ("sha256", sha256)
        row = self._db.execute(
            f"""SELECT path, EXISTS (SELECT 1 FROM verdict WHERE sha256 = outcome.sha256 AND reason <> ?), {cells}
                FROM left_behind JOIN outcome USING (sha256)
                WHERE left_behind.{column} = ? AND state = 'saved' LIMIT 1""",
            (REMOVED, value),
        ).fetchone()
        if row is None:
            return None
        path, left_out, *rest = row
        facts, attempt = rest[: len(PICTURE.names)], rest[len(PICTURE.names) :]
        picture = PICTURE.load(*facts, extension=stored_path(path).suffix[1:])
        return LeftPicture(picture, stored_path(path), bool(left_out), ATTEMPT.load(*attempt))

    def left_to(self, query_id: int) -> list[tuple[Task, str]]:
        """(URL of a query, sha256) that was left behind: its address, or the bytes that were found there; one of a
        URL."""
        rows = self._db.execute(
            f"""SELECT left_behind.sha256, {TASK_CELLS}
                FROM found LEFT JOIN outcome ON found_id = found.id JOIN left_behind
                  ON left_behind.url_key = found.url_key OR left_behind.sha256 = outcome.sha256
                WHERE query_id = ? AND coalesce(state, 'retry') IN ('retry', 'duplicate')
                GROUP BY found.id ORDER BY rank, found.id""",
            (query_id,),
        )
        return [(TASK.load(*row), sha256) for sha256, *row in rows]

    def hand_over(self, sha256: str, label: str, path: Path) -> None:
        """Before a picture is saved for another query: what it was saved for has a duplicate of it now. What was said
        of it goes along, but for that nobody lists its keyword. Nobody else can have it."""
        self._db.execute("DELETE FROM left_behind WHERE sha256 = ?", (sha256,))
        self._db.execute("DELETE FROM near")  # Its pairs name pictures by what they are saved for.
        [old] = self._db.execute(
            """UPDATE outcome SET state = 'duplicate' WHERE sha256 = ? AND state = 'saved' RETURNING
               (SELECT label FROM found JOIN query ON query.id = query_id WHERE found.id = found_id)""",
            (sha256,),
        ).fetchone()
        for table in ("verdict", "overruled"):
            self._db.execute(f"DELETE FROM {table} WHERE sha256 = ? AND reason = ?", (sha256, REMOVED))
        self.place(sha256, path)
        self._carry("= :sha", {"sha": sha256, "old": old, "new": label})
        self._db.execute(
            """UPDATE outcome SET reason = CASE WHEN
                 (SELECT label FROM found JOIN query ON query.id = query_id WHERE found.id = found_id) = ?
                 THEN 'duplicate.same_label' ELSE 'duplicate.other_label' END
               WHERE sha256 = ? AND state = 'duplicate'""",
            (label, sha256),
        )

    # ------------------------------------------------------------------ other labels and keywords

    def files(self, number: int) -> list[tuple[str, Path]]:
        """(sha256, path) of the saved files of a query."""
        rows = self._db.execute(f"SELECT sha256, path FROM outcome WHERE state = 'saved' AND sha256 IN ({_OWN})",
                                {"id": number})  # fmt: skip
        return [(sha256, stored_path(path)) for sha256, path in rows]

    def place(self, sha256: str, path: Path) -> None:
        """A file lies elsewhere now, in the folder of its other label."""
        self._db.execute(
            """UPDATE outcome SET path = ? WHERE sha256 = ? AND path IS NOT NULL
               AND (state = 'saved' OR state = 'duplicate')""",  # As its indexes say it, or it reads the whole table.
            (path.as_posix(), sha256),
        )
        inside = Path(path.parent.name, path.name).as_posix()
        self._db.execute("UPDATE verdict SET moved_from = ? WHERE sha256 = ? AND moved_from <> ''", (inside, sha256))

    def relabel(self, number: int, label: str) -> None:
        """A query is of another class, with all that was decided about its pictures; splits are the pictures' own."""
        own = self._found("WHERE id = ?", (number,))[0]
        self._carry(f"IN ({_OWN})", {"id": number, "old": own.label, "new": label})
        self._become(own, own.keyword, label)

    def rename(self, number: int, keyword: str) -> None:
        """A query has another keyword; its class stays."""
        own = self._found("WHERE id = ?", (number,))[0]
        self._become(own, keyword, own.label)

    def label_of(self, folder: str) -> str | None:
        """The class whose folder is called so."""
        row = self._db.execute("SELECT label FROM folder WHERE name = ?", (folder,)).fetchone()
        return None if row is None else str(row[0])

    def refile(self, sha256: str, label: str) -> None:
        """One picture is of another class, with all that was decided about it: a query of that label has it now."""
        number, key, query, old, source, variant = self._db.execute(
            """SELECT found.id, url_key, query.id, label, source, variant FROM outcome JOIN found ON found.id = found_id
               JOIN query ON query.id = found.query_id JOIN search ON search.id = search_id
               WHERE sha256 = ? AND outcome.state = 'saved'""",
            (sha256,),
        ).fetchone()
        if label == old:
            return
        values = {"sha": sha256, "old": old, "new": label, "query": query, "key": key, "found": number}
        [values["to"]] = self._db.execute(
            """INSERT INTO query (keyword, label, filters, wanted, run, position, state)
               SELECT keyword, :new, filters, 0, 0, position, 'done' FROM query WHERE id = :query
               ON CONFLICT (keyword, label, filters) DO UPDATE SET state = state RETURNING id""",
            values,
        ).fetchone()
        [values["search"]] = self._db.execute(
            """INSERT INTO search (query_id, source, variant, run, state) VALUES (?, ?, ?, 0, 'exhausted')
               ON CONFLICT (query_id, source, variant) DO UPDATE SET state = state RETURNING id""",
            (values["to"], source, variant),
        ).fetchone()
        beaten = "SELECT id FROM found WHERE query_id = :to AND url_key = :key"
        self._db.execute(f"DELETE FROM outcome WHERE found_id IN ({beaten})", values)
        self._db.execute(f"DELETE FROM found WHERE id IN ({beaten})", values)
        self._db.execute("UPDATE found SET query_id = :to, search_id = :search WHERE id = :found", values)
        self._db.execute(f"UPDATE query SET wanted = max(wanted, {SAVED}) WHERE id = :to", values)
        self._carry("= :sha", values)
        self._judge_duplicates(int(values["to"]))

    def _carry(self, which: str, values: Mapping[str, object]) -> None:
        """What was decided about pictures under the class :old holds under :new; `which`: SQL about their sha256."""
        for table in ("verdict", "review", "overruled"):
            self._db.execute(
                f"UPDATE OR REPLACE {table} SET label = :new WHERE label = :old AND sha256 {which}", values
            )
        self._db.execute(f"DELETE FROM extra_label WHERE label = :new AND sha256 {which}", values)

    def _become(self, own: Keyword, keyword: str, label: str) -> None:
        remember(self._db, PLAN, "")  # The same file is to be planned anew.
        same = "WHERE keyword = ? AND label = ? AND filters = ? AND id <> ?"
        there = self._found(same, (keyword, label, own.filters, own.id))
        if there:
            self._merge(own.id, there[0].id)
        else:
            self._db.execute("UPDATE query SET keyword = ?, label = ? WHERE id = ?", (keyword, label, own.id))
        self._judge_duplicates(there[0].id if there else own.id)

    def _merge(self, old: int, new: int) -> None:
        """What one query found is another's. Of a URL that both have, the saved one stays."""
        values = {"old": old, "new": new}
        twice = "SELECT url_key FROM found WHERE query_id = {}"
        saved = "id IN (SELECT found_id FROM outcome WHERE state = 'saved')"
        for mine, other in (("new", "old"), ("old", "new")):
            beaten = f"""SELECT id FROM found WHERE query_id = :{mine} AND url_key IN ({twice.format(f":{other}")})
                         AND NOT {saved}"""
            self._db.execute(f"DELETE FROM outcome WHERE found_id IN ({beaten})", values)
            self._db.execute(f"DELETE FROM found WHERE id IN ({beaten})", values)
        for search, source, variant in self._db.execute(
            "SELECT id, source, variant FROM search WHERE query_id = ?", (old,)
        ).fetchall():
            same = self._db.execute(
                "SELECT id FROM search WHERE query_id = ? AND source = ? AND variant = ?", (new, source, variant)
            ).fetchone()
            if same is None:
                self._db.execute("UPDATE search SET query_id = ? WHERE id = ?", (new, search))
            self._db.execute("UPDATE OR IGNORE found SET query_id = ?, search_id = ? WHERE search_id = ?",
                             (new, same[0] if same else search, search))  # fmt: skip
            if same is not None:
                self._db.execute("DELETE FROM search WHERE id = ?1 AND id NOT IN (SELECT search_id FROM found)",
                                 (search,))  # fmt: skip
        self._db.execute("UPDATE OR IGNORE listed SET query_id = :new WHERE query_id = :old", values)
        self._db.execute("DELETE FROM listed WHERE query_id = :old", values)
        self._db.execute("DELETE FROM query WHERE id = :old AND id NOT IN (SELECT query_id FROM search)", values)
        self._db.execute(f"UPDATE query SET state = 'open', wanted = max(wanted, {SAVED}) WHERE id = :new", values)

    def _judge_duplicates(self, number: int) -> None:
        """Whether copies of this query's pictures, and its copies of others', are of the same label or of another."""
        self._db.execute(
            f"""UPDATE outcome SET reason = CASE WHEN
                  (SELECT label FROM found JOIN query ON query.id = query_id WHERE found.id = outcome.found_id) =
                  (SELECT label FROM outcome s JOIN found ON found.id = s.found_id JOIN query ON query.id = query_id
                   WHERE s.sha256 = outcome.sha256 AND s.state = 'saved')
                THEN 'duplicate.same_label' ELSE 'duplicate.other_label' END
                WHERE state = 'duplicate' AND (sha256 IN ({_OWN})
                  OR found_id IN (SELECT id FROM found WHERE query_id = :id))""",
            {"id": number},
        )
