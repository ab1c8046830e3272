"""A double of Naver's images: a page whose script holds fifty results. Draws nothing of its own.

The script's object is no JSON (names without quotes), and pages past the end have an empty list.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.results import Wanted, result

PAGE = 50


class Double:
    """Its knobs: how many pictures a query has, and whether the page is one that nobody knows."""

    def __init__(self, total: int = 120, changed: bool = False) -> None:
        self.total, self.changed = total, changed

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """The result page."""

        async def page(request: web.Request) -> web.StreamResponse:
            start = request.query.get("start", "1")
            first = max(0, int(start) - 1) if start.isdecimal() else 0
            wanted = Wanted(place.origin, request.query.get("query", ""))
            items = ",".join(_item(wanted, number) for number in range(first, min(first + PAGE, self.total)))
            name = "imageTabState" if self.changed else "imageSearchTabData"
            script = f"<script>var {name}={{content:{{items:[{items}]}}, page:1}}</script>"
            return web.Response(text=f"<!doctype html><body>{script}</body>", content_type="text/html")

        return (("GET", "/search.naver", page),)


def _item(wanted: Wanted, number: int) -> str:
    found = result(wanted, number)
    values = {
        "link": found.page,
        "thumb": found.thumbnail,
        "originalUrl": found.original,
        "title": f"<mark>{escape(wanted.keyword)}</mark> {escape(found.title)}, {{n: {number}}}",
        "source": found.site,
        "orgWidth": str(found.width),
        "orgHeight": str(found.height),
    }
    pairs = (f"{name}:{json.dumps(value, ensure_ascii=False)}".replace("</", "<\\/") for name, value in values.items())
    return "{" + ", ".join(pairs) + "}"
