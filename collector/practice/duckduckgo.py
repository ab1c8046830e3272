"""A double of DuckDuckGo's images: a page with a token, then JSON by offset. Draws nothing of its own.

The token is bound to the words and the User-Agent; a wrong one is refused with 403, haste with 202.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from urllib.parse import urlencode

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.results import Wanted, result

PAGE = 100


class Double:
    """Its knobs: how many pictures a query has, how many requests get a 202 at first, whether there is a token."""

    def __init__(self, total: int = 250, hasty: int = 0, tokens: bool = True) -> None:
        self.total, self.hasty, self.tokens = total, hasty, tokens
        self.asked: list[dict[str, str]] = []

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """The page and the interface behind it."""

        async def page(request: web.Request) -> web.StreamResponse:
            script = f'<script>DDG.deep="/d.js?vqd={_token(request)}";vqd="{_token(request)}";</script>'
            return web.Response(text=f"<html>{script if self.tokens else ''}</html>", content_type="text/html")

        async def results(request: web.Request) -> web.StreamResponse:
            return self._results(place, request)

        return (("GET", "/", page), ("GET", "/i.js", results))

    def _results(self, place: Place, request: web.Request) -> web.Response:
        query = request.query
        self.asked.append(dict(query))
        if self.hasty > 0:
            self.hasty -= 1
            return web.Response(status=202)
        if query.get("vqd") != _token(request) or not request.headers.get("Referer"):
            return web.Response(status=403, text="If this error persists, please let us know")
        start = int(query.get("s", "0"))
        end = min(start + PAGE, self.total)
        answer: dict[str, object] = {"query": query["q"], "results": []}
        wanted = Wanted(place.origin, query["q"])
        answer["results"] = [_row(wanted, number) for number in range(start, end)]
        if end < self.total:
            answer["next"] = "i.js?" + urlencode({"q": query["q"], "o": "json", "s": end})
        return web.json_response(answer, content_type="application/x-javascript")


def _row(wanted: Wanted, number: int) -> dict[str, object]:
    found = result(wanted, number)
    return {
        "title": found.title,
        "image": found.original,
        "thumbnail": found.thumbnail,
        "url": found.page,
        "height": found.height,
        "width": found.width,
        "source": "Bing",
    }


def _token(request: web.Request) -> str:
    digest = hashlib.sha256(f"{request.query.get('q', '')}\n{request.headers.get('User-Agent', '')}".encode())
    return f"4-{int(digest.hexdigest()[:24], 16)}"
