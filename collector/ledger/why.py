"""All that the ledger knows of one URL or picture. Reads only."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import urls
from collector.ledger.upkeep import SavedFile

_STORY = """
SELECT keyword, label, search.source, search.variant, rank, way, found_at, url, page, title, found.licence_url,
  coalesce(o.state, 'waiting') AS state, coalesce(o.reason, '') AS reason, coalesce(o.detail, '') AS detail,
  coalesce(o.attempts, 0) AS attempts, coalesce(o.http_status, 0) AS http_status, coalesce(o.seconds, 0) AS seconds,
  coalesce(o.ended_at, '') AS ended_at, o.path, o.sha256, o.format, o.width, o.height, o.bytes, found.id AS number,
  coalesce(o.via, '') AS via, coalesce(o.overrides, '') AS overrides, coalesce(o.final_url, '') AS final_url,
  coalesce(o.rights, '') AS rights
FROM found JOIN query ON query.id = found.query_id JOIN search ON search.id = search_id
LEFT JOIN outcome o ON o.found_id = found.id
"""


@dataclass(frozen=True, slots=True)
class Story:
    """One URL of one keyword, from search to outcome."""

    facts: dict[str, Any]
    """Column -> value, as docs/ledger.md names them."""
    saved: SavedFile | None
    same_bytes: tuple[tuple[str, str], ...]
    """(keyword, URL) of others that brought the very same bytes."""


def stories(connection: sqlite3.Connection, what: str) -> list[Story]:
    """Of a URL in any spelling, of a path of a picture, or of a picture's name."""
    name = Path(what).name
    stem = name.partition(".")[0]
    number = connection.execute(
        "SELECT found_id FROM outcome WHERE state = 'saved' AND sha256 >= ? AND sha256 < ?", (stem, stem + "g")
    ).fetchone()
    if number is not None and len(stem) >= 16:
        rows = connection.execute(f"{_STORY} WHERE found.id = ?", number)
    else:
        rows = connection.execute(f"{_STORY} WHERE url = ? OR url_key = ?", (what, urls.url_key(what)))
    names = [column[0] for column in rows.description]
    return [_story(connection, dict(zip(names, row, strict=True))) for row in rows.fetchall()]


def _story(connection: sqlite3.Connection, facts: dict[str, Any]) -> Story:
    saved = None
    same: list[tuple[str, str]] = []
    if facts["state"] == "saved":
        saved = SavedFile(facts["number"], Path(facts["path"]), facts["sha256"], facts["bytes"] or 0)
    if facts["sha256"]:
        same = connection.execute(
            """SELECT keyword, url FROM outcome JOIN found ON found.id = found_id JOIN query ON query.id = query_id
               WHERE sha256 = ? AND found_id <> ?""",
            (facts["sha256"], facts["number"]),
        ).fetchall()
    return Story(facts, saved, tuple(same))
