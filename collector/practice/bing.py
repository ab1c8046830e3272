"""A double of Bing Images: batches by offset, with the real one's ways to mislead. Draws nothing of its own.

Past the end the last batch comes again; matched words are marked; a strange User-Agent gets a feed of anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Literal

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.results import Wanted, result

State = Literal["results", "captcha", "consent", "unknown", "empty", "refused"]
_SIZES = {"imagesize-large": "l", "imagesize-medium": "m", "imagesize-small": "i"}
_PAGES = {
    "captcha": '<div class="captcha"><h1>One last step</h1><form action="/challenge/verify"></form></div>',
    "consent": '<div id="bnp_container"><button id="bnp_btn_accept">Accept</button></div>',
    "unknown": "<!doctype html><title>Something new</title><p>Hello.</p>",
    "empty": '<div class="dgControl"><div class="no_results">There are no results for this</div></div>',
    "refused": "<h1>Access denied</h1>",
}


class Double:
    """Its knobs: how many pictures a query has, what it shows instead of them and after how many batches."""

    def __init__(self, total: int = 300, state: State = "results", after: int = 0) -> None:
        self.total, self.state, self.after = total, state, after
        self.asked: list[tuple[dict[str, str], dict[str, str]]] = []
        """(parameters, headers) of every batch asked for."""

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """The result page and its batches."""

        async def batch(request: web.Request) -> web.StreamResponse:
            return self._batch(place, request)

        return (("GET", "/images/search", batch), ("GET", "/images/async", batch))

    def _batch(self, place: Place, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((dict(request.query), headers))
        if self.state != "results" and len(self.asked) > self.after:
            status = 403 if self.state == "refused" else 200
            return web.Response(text=_PAGES[self.state], content_type="text/html", status=status)
        first, count = (_number(request, name, usual) for name, usual in (("first", 1), ("count", 35)))
        start = max(0, min(first - 1, self.total - count))
        filters = request.query.get("qft", "").split("+filterui:")
        keyword = request.query.get("q", "") if "Mozilla" in headers.get("user-agent", "") else "trending now"
        wanted = Wanted(place.origin, keyword, next((_SIZES[name] for name in filters if name in _SIZES), ""))
        cards = (_card(wanted, number) for number in range(start, min(start + count, self.total)))
        text = f'<ul class="dgControl_list">{"".join(cards)}</ul>'
        return web.Response(text=f'<div class="dgControl hover">{text}</div>', content_type="text/html")


def _card(wanted: Wanted, number: int) -> str:
    """One picture; every third tells its size in the text beside it only."""
    found = result(wanted, number)
    sides = {} if number % 3 == 0 else {"mw": str(found.width), "mh": str(found.height)}
    data = {
        "cid": f"cid{number}",
        "mid": found.id,
        "purl": found.page,
        "murl": found.original,
        "turl": found.thumbnail,
        "t": found.title.replace(wanted.keyword, f"\ue000{wanted.keyword}\ue001"),
        "desc": "",
        **sides,
    }
    size = f'<div class="img_info"><span class="nowrap">{found.width} x {found.height} · jpeg</span></div>'
    attribute = escape(json.dumps(data, ensure_ascii=False), quote=True)
    link = f'<a class="iusc" href="/images/search?view=detailV2" m="{attribute}"><img class="mimg" alt=""></a>'
    return f'<li><div class="imgpt">{link}{size}</div></li>'


def _number(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else usual
