"""A found URL and what became of it: the one row that lists, reports, exports and checks read. Reads only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from collector.ledger.columns import ATTEMPT, HIT, LICENCE, Columns
from collector.model import Attempt, Licence, Media

Order = Literal["found", "asked", "hash"]
"""As they were found; by keyword in the order asked, all classes of one together, and by rank; or by the hash of the
bytes, which looks random."""


_NO_ATTEMPT, _NO_LICENCE = Attempt(), Licence()


@dataclass(frozen=True, slots=True)
class Row:
    """One URL of one keyword, from search to outcome. What nobody knows is empty or 0."""

    id: int
    keyword: str
    label: str
    """The class it is filed under."""
    source: str
    rank: int
    url: str
    state: str
    """saved, duplicate, rejected, failed, skipped, retry, or waiting."""
    reason: str = ""
    detail: str = ""
    attempts: int = 0
    ended_at: str = ""
    """ISO 8601, UTC."""
    attempt: Attempt = _NO_ATTEMPT
    """The last one."""
    path: Path | None = None
    """The file that holds its bytes, relative to the output folder; None when there is none."""
    media: Media = Media.PICTURE
    """Of the bytes, or what was expected of them."""
    sha256: str = ""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    """Pixels as stored, before any EXIF rotation."""
    orientation: int = 0
    frames: int = 0
    bytes: int = 0
    phash: str = ""
    rights: tuple[tuple[str, str], ...] = ()
    """What the bytes say about rights; see Picture."""
    taken: str | None = None
    place: tuple[float, ...] = ()
    """When and where it was taken, where that was asked for; see Picture."""
    left_out: str | None = None
    """Why the set leaves it out, though its file lies there."""
    other_labels: tuple[str, ...] = ()
    """Of a saved picture: classes for which the very same bytes were found as well, sorted."""
    variant: str = ""
    """The filter by which the query was widened."""
    way: str = ""
    found_at: str = ""
    source_id: str = ""
    page: str = ""
    title: str = ""
    site: str = ""
    cookies: str = ""
    published: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    licence: Licence = _NO_LICENCE

    @property
    def file(self) -> Path:
        """`path` of a row that has one. ValueError for others."""
        if self.path is None:
            raise ValueError(f"{self.url[:200]} has no file")
        return self.path


_SHARED = ("keyword", "label", "source", "variant", "way", "site", "state", "reason", "format", "mode")
_ROW: Final = Columns(Row, parts={"licence": LICENCE, "attempt": ATTEMPT}, shared=_SHARED)
_SIZES: Final = ("width", "height", "bytes", "seconds", "attempts", "http_status", "frames", "duration")
"""Never less than nothing, whatever a ledger from elsewhere says."""
CELLS: Final = {
    **{name: f"max(o.{name}, 0)" if name in _SIZES else f"o.{name}" for name in _ROW.names},
    **{name: f"f.{name}" for name in HIT.names if name not in ("width", "height")},
    "id": "f.id",
    "rank": "f.rank",
    "found_at": "f.found_at",
    "keyword": "q.keyword",
    "label": "q.label",
    "source": "s.source",
    "variant": "s.variant",
    "state": "coalesce(o.state, 'waiting')",
    "media": "CASE WHEN o.path IS NULL THEN f.media ELSE o.media END",
    "left_out": """(SELECT v.reason FROM verdict v
        WHERE o.state = 'saved' AND v.sha256 = o.sha256 AND v.label = q.label)""",
    "review": "(SELECT r.decision FROM review r WHERE r.sha256 = o.sha256 AND r.label = q.label)",
    "split": """(SELECT p.split FROM split p WHERE p.sha256 = o.sha256
        AND p.scheme = (SELECT name FROM scheme ORDER BY used DESC, name LIMIT 1))""",
    "doubt": """(SELECT min(CASE WHEN a.issue IN ('nsfw', 'text') THEN 1 - a.score ELSE a.score END) FROM audit a
        WHERE a.sha256 = o.sha256)""",
    "relevance": "(SELECT a.score FROM audit a WHERE a.sha256 = o.sha256 AND a.issue = 'relevance')",
    "other_labels": """CASE WHEN o.state = 'saved' THEN (SELECT json_group_array(label) FROM (
        SELECT DISTINCT dq.label FROM outcome d JOIN found df ON df.id = d.found_id JOIN query dq ON dq.id = df.query_id
        WHERE d.sha256 = o.sha256 AND d.state = 'duplicate' AND dq.label <> q.label ORDER BY 1)) END""",
}
"""Name -> what is selected for it."""
FROM = """FROM found f JOIN query q ON q.id = f.query_id JOIN search s ON s.id = f.search_id
LEFT JOIN outcome o ON o.found_id = f.id"""
_FIRST = "(SELECT min(k.{}) FROM query k WHERE k.keyword = q.keyword)"
_ORDERS: Final[dict[Order, str]] = {
    "found": "f.id",
    "asked": f"{_FIRST.format('position')}, {_FIRST.format('id')}, q.position, q.id, f.rank, f.id",
    "hash": "o.sha256",
}


@dataclass(frozen=True, slots=True)
class Which:
    """Rows that are wanted: those for which all that is given is true."""

    state: str | None = None
    media: Media | None = None
    keyword: str | None = None
    label: str | None = None
    source: str | None = None
    sha256: str | None = None
    url: tuple[str, str] | None = None
    """An address as it is written, and its key: either will do."""
    id: int | None = None
    ids: Collection[int] | None = None
    left_out: str | bool | None = None
    """Left out of the set for this reason; True: for any, False: not left out."""
    unsynced: bool | None = None
    """True: it may not be on the disk itself yet."""

    def condition(self) -> tuple[str, list[object]]:
        """As SQL, with its values. States are spelled out, because indexes are bound to them."""
        parts: list[tuple[str, list[object]]] = [(f"{CELLS['media']} = ?", [self.media])] if self.media else []
        if self.state is not None:
            parts.append((f"o.state = '{self.state}'" if self.state.isalpha() else "0", []))
        for column, value in (
            ("q.keyword", self.keyword),
            ("q.label", self.label),
            ("s.source", self.source),
            ("o.sha256", self.sha256),
            ("f.id", self.id),
        ):
            if value is not None:
                parts.append((f"{column} = ?", [value]))
        if self.url is not None:
            parts.append(("(f.url = ? OR f.url_key = ?)", list(self.url)))
        if self.left_out is not None:
            parts.append(self._left_out(self.left_out))
        if self.ids is not None:
            parts.append(("f.id IN (SELECT value FROM json_each(?))", [json.dumps(list(self.ids))]))
        if self.unsynced:
            parts.append(("f.id IN (SELECT found_id FROM unsynced)", []))
        return " AND ".join(["1", *(text for text, _ in parts)]), [value for _, values in parts for value in values]

    def _left_out(self, reason: str | bool) -> tuple[str, list[object]]:
        if isinstance(reason, str):
            return f"{CELLS['left_out']} = ?", [reason]
        return f"{CELLS['left_out']} IS {'NOT ' if reason else ''}NULL", []


EVERYTHING: Final = Which()
SAVED: Final = Which(state="saved")
PICTURES: Final = Which(state="saved", media=Media.PICTURE)
KEPT: Final = Which(state="saved", media=Media.PICTURE, left_out=False)
"""Every saved picture; videos and files are none."""


def rows(
    db: sqlite3.Connection, which: Which = EVERYTHING, order: Order = "found", limit: int | None = None, skip: int = 0
) -> Generator[Row, None, None]:
    """The rows, one after the other: memory stays flat. `skip` leaves out the first so many."""
    for cells in _select(db, _ROW.names, which, order, limit, skip):
        yield _ROW.load(*cells)


def cells(
    db: sqlite3.Connection, names: Sequence[str], which: Which = EVERYTHING, order: Order = "found"
) -> Generator[tuple[Any, ...], None, None]:
    """Only these columns, by the names that docs/ledger.md gives them, as SQLite has them."""
    yield from _select(db, names, which, order, None, 0)


def _select(
    db: sqlite3.Connection, names: Sequence[str], which: Which, order: Order, limit: int | None, skip: int
) -> sqlite3.Cursor:
    condition, values = which.condition()
    # The same number from another table: with it SQLite walks outcomes in their order, and has nothing to sort.
    ordering = _ORDERS[order] if which.state is None else _ORDERS[order].replace("f.id", "o.found_id")
    columns = ", ".join(CELLS[name] for name in names)
    return db.execute(
        f"SELECT {columns} {FROM} WHERE {condition} ORDER BY {ordering} LIMIT ? OFFSET ?",
        [*values, -1 if limit is None else limit, skip],
    )
