"""A double of Wikimedia Commons: the search of its interface, originals, ready-made sizes. Follows its public docs.

Answers come in parts when asked to, TIFF and SVG have renditions only at the usual steps, others are refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from aiohttp import web
from PIL import Image

from collector.practice.doubles import Handler, Place
from collector.practice.drawing import composed
from collector.practice.pictures import slug

STEPS = (20, 40, 60, 120, 250, 330, 500, 960, 1280, 1920, 3840)
_KINDS = ("jpg", "png", "jpg", "tif", "jpg", "svg", "jpg", "gif")
_MIMES = {"jpg": "image/jpeg", "png": "image/png", "tif": "image/tiff", "svg": "image/svg+xml", "gif": "image/gif"}
_FORMATS = {"jpg": "JPEG", "png": "PNG", "tif": "TIFF", "gif": "GIF"}
_LARGE = (2200, 1400)
_USUAL = (800, 600)
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="512" height="384"><circle cx="200" cy="200" r="90"/></svg>'


class Double:
    """Every keyword has the same number of files, of several types and licences in turn."""

    def __init__(self, total: int = 30, parts: bool = False, lagging: int = 0, agents: bool = True) -> None:
        """`parts`: files come in a second answer to the same pages; `lagging`: requests answered with maxlag first;
        `agents`: those who do not say what they are, are refused."""
        self._total, self._parts, self._lagging, self._agents = total, parts, lagging, agents
        self._place: Place | None = None

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._place = place
        return [
            ("GET", "/w/api.php", self._api),
            ("GET", "/files/thumb/{a}/{b}/{name}/{size}", self._rendition),
            ("GET", "/files/{a}/{b}/{name}", self._original),
            ("GET", "/wiki/{name}", self._page),
        ]

    async def _api(self, request: web.Request) -> web.StreamResponse:
        agent = request.headers.get("User-Agent", "")
        if self._agents and not agent.startswith("collector/"):
            return web.Response(status=403, text="Please set a user-agent and respect our robot policy")
        if self._lagging > 0:
            self._lagging -= 1
            headers = {"MediaWiki-API-Error": "maxlag", "Retry-After": "1"}
            return web.json_response({"error": {"code": "maxlag", "info": "Waiting for a server"}}, headers=headers)
        asked = request.query
        if asked.get("action") != "query" or asked.get("generator") != "search" or asked.get("gsrnamespace") != "6":
            return web.json_response({"error": {"code": "badvalue", "info": "Unrecognized value"}})
        if int(asked["iiurlwidth"]) not in STEPS:
            return web.json_response({"error": {"code": "badvalue", "info": "iiurlwidth"}})
        words = " ".join(word for word in asked["gsrsearch"].split() if ":" not in word)
        return web.json_response(self._answer(words, asked["gsrsearch"], asked))

    def _answer(self, words: str, search: str, asked: Any) -> dict[str, Any]:
        offset, most = int(asked.get("gsroffset", "0")), int(asked["gsrlimit"])
        numbers = [number for number in range(self._total) if _wanted(number, search)]
        if words.startswith("nothing"):
            numbers = []
        shown = numbers[offset : offset + most]
        first_part = self._parts and "iicontinue" not in asked
        pages = [self._file(words, number, numbers.index(number) + 1, not first_part) for number in shown]
        answer: dict[str, Any] = {"query": {"pages": pages[::-1]}} if pages else {}
        if first_part and pages:
            return {**answer, "continue": {"gsroffset": offset, "iicontinue": "x|1", "continue": "gsroffset||"}}
        if offset + most < len(numbers):
            answer["continue"] = {"gsroffset": offset + most, "continue": "gsroffset||"}
        return {**answer, "batchcomplete": True}

    def _file(self, words: str, number: int, index: int, whole: bool) -> dict[str, Any]:
        assert self._place is not None
        kind, (width, height) = _KINDS[number % len(_KINDS)], _size(number)
        name = f"{slug(words)}_{number}.{kind}"
        page = {"pageid": 1000 + number, "ns": 6, "title": f"File:{name.replace('_', ' ')}", "index": index}
        if not whole:
            return page
        place = f"{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:2]}"
        base = f"{self._place.home}/files"
        url = f"{base}/{place[0]}/{place}/{name}"
        before = "lossy-page1-" if kind == "tif" else ""
        after = {"tif": ".jpg", "svg": ".png"}.get(kind, "")
        thumb = f"{base}/thumb/{place[0]}/{place}/{name}/{before}330px-{name}{after}" if width > 330 else url
        info = {
            "timestamp": "2021-04-05T06:07:08Z",
            "user": "Uploader",
            "size": 123456,
            "width": width,
            "height": height,
            "url": url,
            "thumburl": thumb,
            "descriptionurl": f"{self._place.home}/wiki/File:{name}",
            "mime": _MIMES[kind],
            "extmetadata": {key: {"value": value, "source": "commons-desc-page"} for key, value in _rights(number)},
        }
        return {**page, "imagerepository": "local", "imageinfo": [info]}

    async def _original(self, request: web.Request) -> web.StreamResponse:
        number, kind = _parted(request.match_info["name"])
        body = _SVG if kind == "svg" else await asyncio.to_thread(_drawn, number, *_size(number), _FORMATS[kind])
        return web.Response(body=body, content_type=_MIMES[kind])

    async def _rendition(self, request: web.Request) -> web.StreamResponse:
        number, _ = _parted(request.match_info["name"])
        wide = int(request.match_info["size"].partition("px-")[0].rpartition("-")[2])
        width, height = _size(number)
        if wide not in STEPS:
            return web.Response(status=429, text="Use thumbnail sizes listed on https://w.wiki/GHai")
        png = request.match_info["size"].endswith(".svg.png")
        body = await asyncio.to_thread(_drawn, number, wide, round(height * wide / width), "PNG" if png else "JPEG")
        return web.Response(body=body, content_type="image/png" if png else "image/jpeg")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"<title>{request.match_info['name']}</title>", content_type="text/html")


def _wanted(number: int, search: str) -> bool:
    drawing = _KINDS[number % len(_KINDS)] == "svg"
    if "filetype:bitmap|drawing" in search:
        return True
    return drawing if "filetype:drawing" in search else not drawing


def _rights(number: int) -> list[tuple[str, str]]:
    artist = (
        f'<a href="//commons.example/wiki/User:P{number}" title="User:P{number}">P &amp; {number}</a><br>of Commons'
    )
    if number % 3 == 2:
        return [("LicenseShortName", "Public domain"), ("Artist", artist), ("Credit", "Own work")]
    return [
        ("LicenseShortName", "CC BY-SA 4.0"),
        ("LicenseUrl", "https://creativecommons.org/licenses/by-sa/4.0"),
        ("UsageTerms", "Creative Commons Attribution-Share Alike 4.0"),
        ("Artist", artist),
        ("Credit", '<span class="int-own-work" lang="en">Own work</span>'),
        ("DateTimeOriginal", "2020-01-02"),
        ("ImageDescription", "<p>A <b>thing</b></p>"),
    ]


def _size(number: int) -> tuple[int, int]:
    return _LARGE if number % 4 == 3 else _USUAL


def _parted(name: str) -> tuple[int, str]:
    stem, _, kind = name.rpartition(".")
    number = stem.rpartition("_")[2]
    if kind not in _MIMES or not number.isdecimal():
        raise web.HTTPNotFound(text="no such file")
    return int(number), kind


@lru_cache(maxsize=64)
def _drawn(number: int, width: int, height: int, form: str) -> bytes:
    out = io.BytesIO()
    image: Image.Image = composed(f"commons {number}", 0, width, height)
    image.save(out, form)
    return out.getvalue()
