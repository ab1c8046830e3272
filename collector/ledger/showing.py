"""Saved pictures as a report shows them, and where they came from. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.ledger.db import Store

_SHOWN = """
SELECT o.sha256, o.path, q.label, q.keyword, f.url, f.page, f.title, o.width, o.height, o.bytes, f.fields, o.overrides,
       coalesce((SELECT v.reason FROM verdict v WHERE v.sha256 = o.sha256 AND v.label = q.label), '')
FROM query q JOIN found f ON f.query_id = q.id JOIN outcome o ON o.found_id = f.id
WHERE o.state = 'saved' AND o.media = 'picture'
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A saved picture, as far as it is shown in a report."""

    sha256: str
    path: Path
    label: str
    keyword: str
    url: str
    page: str
    title: str
    width: int
    height: int
    bytes: int
    fields: tuple[tuple[str, str], ...]
    overrides: str
    verdict: str
    """Why it is left out, "" when it is not."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a saved file's bytes came from."""

    sha256: str
    path: Path
    """Relative to the output folder."""
    url: str
    page: str


class Showing(Store):
    """The ledger's side that pictures are shown from."""

    def sheet(self, label: str, count: int, skip: int = 0) -> list[Shown]:
        """Pictures of the set under a label: a sample that is the same every time, because hashes deal it."""
        rows = self._db.execute(
            f"""{_SHOWN} AND q.label = ? AND NOT EXISTS
                (SELECT 1 FROM verdict v WHERE v.sha256 = o.sha256 AND v.label = q.label)
                ORDER BY o.sha256 LIMIT ? OFFSET ?""",
            (label, count, skip),
        )
        return [_shown(row) for row in rows]

    def left_out(self, reason: str, count: int) -> list[Shown]:
        """Some pictures that are left out of the set for a reason."""
        rows = self._db.execute(
            f"""{_SHOWN} AND EXISTS (SELECT 1 FROM verdict v WHERE v.sha256 = o.sha256 AND v.label = q.label
                AND v.reason = ?) ORDER BY o.sha256 LIMIT ?""",
            (reason, count),
        )
        return [_shown(row) for row in rows]

    def shown(self, sha256: str) -> Shown | None:
        """The saved picture with these bytes."""
        row = self._db.execute(f"{_SHOWN} AND o.sha256 = ?", (sha256,)).fetchone()
        return None if row is None else _shown(row)

    def labels_of(self, sha256: str) -> tuple[str, ...]:
        """Every class under which these very bytes were found, sorted."""
        one = """SELECT q.label FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
                 WHERE o.sha256 = ?1 AND o.state = """
        rows = self._db.execute(f"{one} 'saved' UNION {one} 'duplicate' ORDER BY 1", (sha256,))
        return tuple(label for (label,) in rows)

    def under_two_labels(self) -> list[str]:
        """sha256 of the saved pictures that were found with the very same bytes under another label."""
        rows = self._db.execute(
            """SELECT DISTINCT sha256 FROM outcome WHERE state = 'duplicate' AND reason = 'duplicate.other_label'
               ORDER BY sha256"""
        )
        return [sha256 for (sha256,) in rows]

    def origins(self, most: int = 0) -> Iterator[Origin]:
        """Where saved files came from, in the order of their hashes: the first so many are a sample. 0 is all.

        Bytes that another URL brought than the one that was found have that one.
        """
        rows = self._db.execute(
            """SELECT sha256, path, CASE WHEN via <> '' AND final_url <> '' THEN final_url ELSE url END, page
               FROM outcome JOIN found ON found.id = found_id
               WHERE state = 'saved' AND url LIKE 'http%' ORDER BY sha256 LIMIT ?""",
            (most or -1,),
        )
        for sha256, path, url, page in rows:
            yield Origin(sha256, Path(path), url, page)


def _shown(row: tuple[Any, ...]) -> Shown:
    sha256, path, label, keyword, url, page, title, width, height, size, fields, overrides, verdict = row
    pairs = tuple((name, value) for name, value in json.loads(fields)) if fields else ()
    sizes = width or 0, height or 0, size or 0
    return Shown(sha256, Path(path), label, keyword, url, page, title, *sizes, pairs, overrides, verdict)
