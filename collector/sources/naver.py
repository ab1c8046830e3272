"""Naver's images over plain HTTP: the data in its result page, fifty at a time. Starts no browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from collector.http.contract import Answer, Request
from collector.model import Hit, Search
from collector.sources import json_helpers
from collector.sources.contract import Source, Value, Web
from collector.sources.filter_table import FilterTable
from collector.sources.pasted import ResultPage
from collector.urls import url_key

_SETTINGS: Final[Mapping[str, Value]] = {"home": "https://search.naver.com", "rate": 1.0}
PAGE = 50
_RESULT_PAGE: Final = ResultPage(
    place=re.compile(r"(?:m\.)?search\.naver\.com/search\.naver", re.IGNORECASE),
    table=FilterTable({}),
    words=("query",),
    ignored=re.compile(
        r"where=(?:m_)?(?:image|nexearch)|(?:sm|ssc|oquery|tqi|ie|start|display|mode|section|fbm|acr|acq|qdt|ackey)=.*"
    ),
)
_NOTHING: Final = re.compile(r"class=[\"'][^\"'<>]{0,200}\bnot_found")
"""What stands on its page when no picture was found."""
_ADS: Final = frozenset(("shopAd", "ad", "powerLink"))
"""Types of items that are no results."""


def search(search: Search, web: Web) -> Iterator[Hit]:
    """The pictures of a query in Naver's order."""
    start, seen = 1, set[str]()
    while web.remaining() > 0:
        asked: dict[str, str | int] = {"where": "image", "query": search.query.keyword, "start": start}
        page = web.get(Request(f"{web.settings['home']}/search.naver", params=asked, rate=float(web.settings["rate"])))
        new = [hit for hit in parse(page) if hit.url not in seen]
        yield from new
        if not new:
            return
        seen.update(hit.url for hit in new)
        start += PAGE


def parse(page: Answer) -> Iterator[Hit]:
    """The hits of one page, from the object its script calls imageSearchTabData. SourceError for any other page."""
    json_helpers.check(page, "Naver")
    data = json_helpers.assigned(page.text, "imageSearchTabData")
    items = json_helpers.table((data or {}).get("content")).get("items")
    if data is None and _NOTHING.search(page.text):
        return
    if not isinstance(items, list):
        json_helpers.unknown("Naver", "a page without imageSearchTabData")
    pictures = [item for item in json_helpers.tables(items) if json_helpers.text(item, "type") not in _ADS]
    for item in pictures:
        if url := json_helpers.web_address(json_helpers.text(item, "originalUrl")):
            yield Hit(
                url=url,
                key=url_key(url),
                page=json_helpers.text(item, "link"),
                title=json_helpers.plain(json_helpers.text(item, "title")),
                width=json_helpers.number(item, "orgWidth"),
                height=json_helpers.number(item, "orgHeight"),
                thumbnail_url=json_helpers.text(item, "thumb"),
            )
        else:
            json_helpers.unknown("Naver", "an item without a picture's address")


SOURCE: Final = Source(
    search=search,
    about="Naver's images, best in Korean",
    settings=_SETTINGS,
    result_page=_RESULT_PAGE,
)
