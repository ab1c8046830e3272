"""Naver's images over plain HTTP: the data in its result page, fifty at a time. Starts no browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from collector.contracts import Answer, Web
from collector.layout import url_key
from collector.model import Hit, Search
from collector.sources import answers

SETTINGS: Final[dict[str, str | float]] = {"home": "https://search.naver.com", "rate": 1.0}
FILTERS: Final[dict[str, tuple[str, ...]]] = {}
VARIATIONS: Final = ()
BROWSER = False
PAGE = 50


def search(search: Search, web: Web) -> Iterator[Hit]:
    """The pictures of a query in Naver's order."""
    start, seen = 1, set[str]()
    while web.remaining() > 0:
        asked: dict[str, str | int] = {"where": "image", "query": search.query.keyword, "start": start}
        page = web.get(f"{web.settings['home']}/search.naver", params=asked, rate=float(web.settings["rate"]))
        new = [hit for hit in parse(page) if hit.url not in seen]
        yield from new
        if not new:
            return
        seen.update(hit.url for hit in new)
        start += PAGE


def parse(page: Answer) -> Iterator[Hit]:
    """The hits of one page, from the object its script calls imageSearchTabData. SourceError for any other page."""
    data = answers.assigned(page.text, "imageSearchTabData") if page.status == 200 else None
    items = answers.table((data or {}).get("content")).get("items")
    if not isinstance(items, list):
        answers.unknown("Naver", f"a page without imageSearchTabData, status {page.status}")
    for item in answers.tables(items):
        if url := answers.web_address(answers.text(item, "originalUrl")):
            yield Hit(
                url=url,
                key=url_key(url),
                page=answers.text(item, "link"),
                title=answers.plain(answers.text(item, "title")),
                width=answers.number(item, "orgWidth"),
                height=answers.number(item, "orgHeight"),
                thumbnail_url=answers.text(item, "thumb"),
            )
        else:
            answers.unknown("Naver", "an item without a picture's address")
