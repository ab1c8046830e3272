"""The set as it lies in the folder, for everything that comes after fetching. Reads only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from sys import intern

from collector.ledger.db import Store
from collector.model import Item, Licence

_ITEMS = """
SELECT f.id, o.sha256, o.path, q.label, q.keyword, s.source, f.rank, f.url, f.page, f.site, f.title, f.published,
       o.format, o.mode, o.width, o.height, o.orientation, o.frames, o.bytes, o.phash,
       f.licence_url, f.licence_page, f.licensor, f.creators, f.credit, f.notice,
       o.rights, f.fields, o.ended_at,
       (SELECT json_group_array(DISTINCT oq.label) FROM outcome d JOIN found df ON df.id = d.found_id
        JOIN query oq ON oq.id = df.query_id
        WHERE d.sha256 = o.sha256 AND d.state = 'duplicate' AND oq.label <> q.label)
FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id JOIN search s ON s.id = f.search_id
WHERE o.state = 'saved' AND o.media = 'picture' AND o.found_id > ? ORDER BY o.found_id LIMIT ?
"""
_CHUNK = 2000


class Shelf(Store):
    """The ledger's side that datasets are made from."""

    def items(self) -> Iterator[Item]:
        """Every saved picture, oldest first; videos and files are none. Read in pieces, so that memory stays flat."""
        reached, full = 0, True
        while full:
            rows = self._db.execute(_ITEMS, (reached, _CHUNK)).fetchall()
            full = len(rows) == _CHUNK
            for row in rows:
                reached = row[0]
                yield _item(row)

    def asked(self) -> list[tuple[str, str, tuple[str, ...], tuple[tuple[str, str], ...]]]:
        """(keyword, label, sources, filters) of every query, in the order asked."""
        rows = self._db.execute(
            """SELECT keyword, label, (SELECT json_group_array(DISTINCT source) FROM search WHERE query_id = query.id),
               filters FROM query ORDER BY position, id"""
        )
        return [
            (keyword, label, tuple(sorted(json.loads(sources))), tuple(sorted(json.loads(filters).items())))
            for keyword, label, sources, filters in rows
        ]


def _item(row: sqlite3.Row | tuple[str, ...]) -> Item:
    """The columns of `_ITEMS`. Texts that many pictures share are held once: there may be a million."""
    return Item(
        id=int(row[0]),
        sha256=row[1],
        path=Path(row[2]),
        label=intern(row[3]),
        keyword=intern(row[4]),
        source=intern(row[5]),
        rank=int(row[6]),
        url=row[7],
        page=row[8],
        site=intern(row[9]),
        title=row[10],
        published=row[11],
        format=intern(row[12]),
        mode=intern(row[13]),
        width=int(row[14]),
        height=int(row[15]),
        orientation=int(row[16]),
        frames=int(row[17]),
        bytes=int(row[18]),
        phash=row[19] or "",
        licence=_licence(*row[20:26]),
        rights=_pairs(row[26]),
        fields=_pairs(row[27]),
        saved_at=row[28],
        other_labels=tuple(sorted(json.loads(row[29]))),
    )


@lru_cache(maxsize=4096)
def _licence(url: str, page: str, licensor: str, creators: str, credit: str, notice: str) -> Licence:
    return Licence(url, page, licensor, tuple(json.loads(creators)) if creators else (), credit, notice)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(text)) if text else ()
