"""Saved videos, and the stills that were taken of them: entered as pictures found in the video. Decodes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.ledger.db import Store, filters_text
from collector.model import Hit, Licence, Query, Search

SOURCE = "frames"
"""The source that stills have in the ledger."""
_FILMS = """
SELECT o.path, o.sha256, q.keyword, q.label, f.url, f.source_id, f.page, f.title, f.site, f.licence_url,
       f.licence_page, f.licensor, f.creators, f.credit, f.notice, f.published, f.fields
FROM outcome o JOIN found f ON f.id = o.found_id JOIN query q ON q.id = f.query_id
WHERE o.state = 'saved' AND o.media = 'video' ORDER BY f.id
"""


@dataclass(frozen=True, slots=True)
class Film:
    """A saved video."""

    path: Path
    """Relative to the output folder."""
    sha256: str
    keyword: str
    label: str
    hit: Hit
    """What was known of it when it was found."""


@dataclass(frozen=True, slots=True)
class StillShelf:
    """Where the stills of a class are entered."""

    query_id: int
    search: Search
    has: int
    """How many there are."""


class Films(Store):
    """The ledger's side that stills are made from and entered on."""

    def films(self) -> Iterator[Film]:
        """Every saved video, in the order they were found."""
        for path, sha256, keyword, label, *facts in self._db.execute(_FILMS).fetchall():
            yield Film(Path(path), sha256, keyword, label, _hit(facts))

    def shelf_for(self, film: Film) -> StillShelf:
        """Where stills of a film's class are entered: a query of its own beside the one that found the video.

        It is never open, so that stills count towards no limit, and no run asks for them.
        """
        query = Query(film.keyword, film.label, 1, (SOURCE,), ((SOURCE, "yes"),))
        key = (query.keyword, query.label, filters_text(query))
        self._db.execute(
            """INSERT INTO query (keyword, label, filters, wanted, run, position, state)
               VALUES (?, ?, ?, 0, 0, 0, 'done') ON CONFLICT (keyword, label, filters) DO NOTHING""",
            key,
        )
        [query_id] = self._db.execute(
            "SELECT id FROM query WHERE keyword = ? AND label = ? AND filters = ?", key
        ).fetchone()
        self._db.execute(
            """INSERT INTO search (query_id, source, run, state) VALUES (?, ?, 0, 'exhausted')
               ON CONFLICT (query_id, source, variant) DO NOTHING""",
            (query_id, SOURCE),
        )
        number, has = self._db.execute(
            """SELECT id, (SELECT count(*) FROM found WHERE search_id = search.id) FROM search
               WHERE query_id = ? AND source = ?""",
            (query_id, SOURCE),
        ).fetchone()
        return StillShelf(query_id, Search(number, query, SOURCE, 0), has)

    def shelved(self, shelf: StillShelf) -> None:
        """One more still was entered."""
        self._db.execute("UPDATE query SET wanted = wanted + 1 WHERE id = ?", (shelf.query_id,))
        self._db.execute("UPDATE search SET found = found + 1 WHERE id = ?", (shelf.search.id,))


def _hit(facts: list[str]) -> Hit:
    url, id, page, title, site, licence_url, licence_page, licensor, creators, credit, notice, published, fields = facts
    makers = tuple(json.loads(creators)) if creators else ()
    return Hit(
        url=url,
        key="",
        id=id,
        page=page,
        title=title,
        site=site,
        licence=Licence(licence_url, licence_page, licensor, makers, credit, notice),
        published=published,
        fields=tuple((name, value) for name, value in json.loads(fields)) if fields else (),
    )
