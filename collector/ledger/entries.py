"""Everything that a source found, each with what became of it, for lists that others read. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.ledger.db import Store

_ENTRIES = """
SELECT keyword, found.url, page, title, published, fields, coalesce(outcome.state, 'waiting'),
       coalesce(outcome.reason, ''), coalesce(path, '')
FROM found JOIN query ON query.id = found.query_id JOIN search ON search.id = found.search_id
LEFT JOIN outcome ON outcome.found_id = found.id
WHERE :source IN ('', search.source) AND :keyword IN ('', keyword)
ORDER BY query.position, query.id, found.rank, found.id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One found URL."""

    keyword: str
    url: str
    page: str
    title: str
    published: str
    fields: tuple[tuple[str, str], ...]
    state: str
    """saved, duplicate, rejected, failed, skipped, retry, or waiting."""
    reason: str
    path: Path | None
    """The file that holds its bytes, relative to the output folder; None when there is none."""


class Entries(Store):
    """The ledger's side that lists are made from."""

    def entries(self, source: str = "", keyword: str = "") -> Iterator[Entry]:
        """All of a source and a keyword ("": of any), by keyword in the order asked and by rank."""
        rows = self._db.execute(_ENTRIES, {"source": source, "keyword": keyword})
        for found_for, url, page, title, published, fields, state, reason, path in rows:
            pairs = tuple((name, text) for name, text in json.loads(fields)) if fields else ()
            yield Entry(found_for, url, page, title, published, pairs, state, reason, Path(path) if path else None)
