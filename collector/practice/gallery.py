"""The double of galleries that show more as one scrolls or presses a button, each in its own way; counts nothing.

`/scroll`, `/button`, `/wordless`, `/shadow`, `/virtual`, `/canvas`, `/frame`, `/pages`, `/backgrounds`, `/sizes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.snapshots import snapshot

KINDS: Final = ("scroll", "button", "wordless", "shadow", "virtual", "canvas", "frame", "backgrounds", "sizes")


class Double:
    """Every gallery has `total` pictures and shows `batch` at a time."""

    def __init__(self, total: int = 36, batch: int = 12, latency: float = 0.05) -> None:
        self._total, self._batch, self._latency = total, batch, latency

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._home = place.home
        return [
            *(("GET", f"/{kind}", self.gallery) for kind in KINDS),
            ("GET", "/pages", self.pages),
            ("GET", "/elsewhere", self.elsewhere),
            ("GET", "/gallery.js", self.program),
            ("GET", "/items", self.items),
            ("GET", r"/{size:pictures|thumbs}/{name}", self.picture),
        ]

    async def gallery(self, request: web.Request) -> web.Response:
        """A page whose program shows the pictures; which way, its path says."""
        kind = request.path.rpartition("/")[2]
        return web.Response(text=_PAGE.replace("{KIND}", kind).replace("{HOME}", self._home), content_type="text/html")

    async def program(self, _: web.Request) -> web.Response:
        """The program of all of them."""
        text = files(__package__).joinpath("gallery.js").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="text/javascript")

    async def items(self, request: web.Request) -> web.Response:
        """A batch as JSON: `from`, and where the next begins (null at the end)."""
        await asyncio.sleep(self._latency)
        start = int(request.query.get("from", "0"))
        end = min(self._total, start + int(request.query.get("count", self._batch)))
        kind = request.query.get("kind", "")
        listed = [self._item(kind, number) for number in range(start, end)]
        return web.json_response({"items": listed, "total": self._total, "next": end if end < self._total else None})

    def _item(self, kind: str, number: int) -> dict[str, object]:
        if kind == "sizes":
            small, large = f"{self._home}/thumbs/sizes-{number}.jpg", f"{self._home}/pictures/sizes-{number}.jpg"
            return {"title": f"Picture {number}", "thumb": small, "original": large}
        return {"title": f"Picture {number}", "name": f"{kind}-{number}"}  # the page's program makes the URL

    async def pages(self, request: web.Request) -> web.Response:
        """Numbered pages with a link to the next."""
        page = int(request.query.get("page", "1"))
        last = -(-self._total // self._batch)
        numbers = range((page - 1) * self._batch, min(self._total, page * self._batch))
        shown = "".join(f'<img src="pictures/pages-{n}.jpg" alt="Picture {n}" width=200 height=150>' for n in numbers)
        others = (f'<a href="pages?page={n}">{n}</a> ' for n in range(1, last + 1) if n != page)
        links = f"<b class=current>{page}</b> " + "".join(others)
        following = f'<a href="pages?page={page + 1}">Next ›</a>' if page < last else ""
        text = f"<!doctype html><meta charset=utf-8><title>Pages</title>{shown}<div>{links}{following}</div>"
        return web.Response(text=text, content_type="text/html")

    async def elsewhere(self, _: web.Request) -> web.Response:
        """Where a link leads that must not be followed."""
        return web.Response(text='<img src="pictures/no-elsewhere.jpg">', content_type="text/html")

    async def picture(self, request: web.Request) -> web.Response:
        """A picture by its name, or a small one of it."""
        width, height = (320, 240) if request.match_info["size"] == "pictures" else (120, 90)
        return web.Response(body=snapshot(request.match_info["name"], width, height), content_type="image/jpeg")


_PAGE: Final = """<!doctype html><html><head><meta charset="utf-8"><title>{KIND}</title><style>
body { margin: 0; font: 16px sans-serif } img { display: block; width: 200px; height: 150px; margin: 4px }
header a { padding: 8px } #list { min-height: 40px } .tile { width: 200px; height: 150px; background-size: cover }
#box { height: 500px; overflow-y: auto; position: relative } #box img, #box .row { position: absolute }
footer { height: 60px; background: #ddd }
</style></head><body data-home="{HOME}" data-kind="{KIND}">
<header><a href="elsewhere">More about us</a><button type="button" id="menu">More</button></header>
<div id="list"></div><div id="after"></div>
<footer><button type="button">Cookie settings</button>
<a href="elsewhere">Load more news</a> <a href="#top">Back to top</a></footer>
<script src="gallery.js"></script></body></html>"""
