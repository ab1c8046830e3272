"""What was found on pages and what became of it, for a page that shows it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.ledger.db import Store

_VIEWS = """
SELECT found.url, found.page, title, found.cookies, coalesce(outcome.state, 'waiting'), coalesce(outcome.reason, ''),
  coalesce(outcome.http_status, 0), coalesce(outcome.path, ''), coalesce(outcome.sha256, ''),
  coalesce(outcome.width, 0), coalesce(outcome.height, 0), coalesce(outcome.bytes, 0), coalesce(outcome.via, ''),
  coalesce(outcome.media, found.media)
FROM found JOIN query ON query.id = found.query_id JOIN search ON search.id = found.search_id
LEFT JOIN outcome ON outcome.found_id = found.id
WHERE query.keyword = ? AND search.source = ? ORDER BY query.position, query.id, found.rank, found.id
"""


@dataclass(frozen=True, slots=True)
class View:
    """One found URL with what a person wants to see of it."""

    url: str
    page: str
    title: str
    cookies: str
    state: str
    """saved, duplicate, rejected, failed, skipped, retry, or waiting."""
    reason: str
    http_status: int
    path: Path | None
    """The file that holds its bytes, relative to the output folder; None when there is none."""
    sha256: str
    width: int
    height: int
    bytes: int
    via: str
    media: str


class Viewing(Store):
    """The ledger's side that pages for people are made from."""

    def views(self, keywords: Iterable[str], source: str) -> Iterator[View]:
        """All that a source found for these keywords, in their order and by rank."""
        for keyword in dict.fromkeys(keywords):
            for url, page, title, cookies, state, reason, status, path, *rest in self._db.execute(
                _VIEWS, (keyword, source)
            ):
                yield View(url, page, title, cookies, state, reason, status, Path(path) if path else None, *rest)
