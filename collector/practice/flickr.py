"""A double of Flickr: photos.search and licenses.getInfo with key, errors and bounds. Follows its public docs.

Some owners keep their originals back; results repeat behind the four thousandth, as the real ones do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from collector.practice.doubles import Handler, Place
from collector.practice.pictures import plan, slug, thumbnail

LICENSES = (
    ("0", "All Rights Reserved", ""),
    ("1", "Attribution-NonCommercial-ShareAlike License", "https://creativecommons.org/licenses/by-nc-sa/2.0/"),
    ("4", "Attribution License", "https://creativecommons.org/licenses/by/2.0/"),
    ("5", "Attribution-ShareAlike License", "https://creativecommons.org/licenses/by-sa/2.0/"),
    ("7", "No known copyright restrictions", "https://www.flickr.com/commons/usage/"),
    ("9", "Public Domain Dedication (CC0)", "https://creativecommons.org/publicdomain/zero/1.0/"),
    ("77", "Attribution 4.0", "https://creativecommons.org/licenses/by/4.0/"),
)
_SIDES = {
    "6k": 6144, "5k": 5120, "4k": 4096, "3k": 3072, "k": 2048, "h": 1600, "l": 1024, "c": 800, "z": 640, "n": 320,
}  # fmt: skip
MOST = 4000


class Double:
    """Every text has the same number of photographs, with licences in turn."""

    def __init__(self, total: int = 40, keys: frozenset[str] = frozenset(), fails: int = 0, broken: int = 0) -> None:
        """`keys`: those let in, empty for everybody; `fails`: the code of an error that every search ends with;
        `broken`: searches answered with an unknown error first."""
        self.asked: list[dict[str, str]] = []
        self._total, self._keys, self._fails, self._broken = total, keys, fails, broken
        self._place: Place | None = None

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._place = place
        rest = "/services/rest/"
        return [("GET", rest, self._rest), ("POST", rest, self._rest), ("GET", "/live/{slug}/{file}", self._file)]

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        form = await request.post() if request.method == "POST" else request.query
        asked = {name: str(value) for name, value in form.items()}
        self.asked.append(asked)
        if self._keys and asked.get("api_key") not in self._keys:
            return _failed(100, "Invalid API Key (Key has invalid format)")
        if asked.get("method") == "flickr.photos.licenses.getInfo":
            known = [{"id": number, "name": name, "url": url} for number, name, url in LICENSES]
            return web.json_response({"licenses": {"license": known}, "stat": "ok"})
        if asked.get("method") != "flickr.photos.search":
            return _failed(112, f"Method {asked.get('method')!r} not found")
        if self._fails:
            return _failed(self._fails, "It does not work today")
        return web.json_response({"photos": self._photos(asked), "stat": "ok"})

    def _photos(self, asked: Mapping[str, str]) -> dict[str, Any]:
        size, page = min(500, int(asked.get("per_page", "100"))), int(asked.get("page", "1"))
        wanted = asked.get("license", "")
        all_numbers = range(0 if asked["text"].startswith("nothing") else self._total)
        fitting = [n for n in all_numbers if not wanted or LICENSES[n % len(LICENSES)][0] in wanted.split(",")]
        start = (page - 1) * size
        if start >= MOST:
            start %= MOST
        photos = [self._photo(asked["text"], number) for number in fitting[start : start + size]]
        about = {"page": page, "pages": -(-len(fitting) // size), "perpage": size, "total": len(fitting)}
        return {**about, "photo": photos}

    def _photo(self, words: str, number: int) -> dict[str, Any]:
        assert self._place is not None
        name = slug(words)
        drawn = plan(name, number)
        photo: dict[str, Any] = {
            "id": str(53_000_000_000 + number),
            "owner": f"1234567{number % 9}@N00",
            "secret": "abcdef1234",
            "title": f"{words} {number}",
            "ownername": f"Photographer {number}",
            "pathalias": None if number % 2 else f"photographer{number}",
            "license": LICENSES[number % len(LICENSES)][0],
            "dateupload": str(1_600_000_000 + number),
            "datetaken": "2020-09-13 12:26:40",
            "datetakenunknown": "1" if number % 5 == 4 else "0",
            "views": "12",
            "tags": "one two",
        }
        longest = max(drawn.width, drawn.height)
        kept_back = number % 3 == 0 and longest > _SIDES["z"]
        sizes = dict(_SIDES) if kept_back else {"o": longest, **_SIDES}
        for size, side in sizes.items():
            scale = min(1.0, side / max(drawn.width, drawn.height))
            if scale == 1.0 and size not in ("o", "n"):
                continue  # there is no rendition above the original
            extension = drawn.extension if size == "o" else "jpg"
            photo[f"url_{size}"] = f"{self._place.home}/live/{name}/{number}_{size}.{extension}"
            photo[f"width_{size}"] = max(1, round(drawn.width * scale))
            photo[f"height_{size}"] = str(max(1, round(drawn.height * scale)))
        return photo

    async def _file(self, request: web.Request) -> web.StreamResponse:
        assert self._place is not None
        number, _, rest = request.match_info["file"].partition("_")
        size = rest.partition(".")[0]
        if not number.isdecimal() or (size != "o" and size not in _SIDES):
            raise web.HTTPNotFound(text="no such photograph")
        name = request.match_info["slug"]
        if size == "o":
            body = await self._place.drawn(name, int(number))
            return web.Response(body=body, content_type=plan(name, int(number)).content_type)
        body = await asyncio.to_thread(thumbnail, name, int(number), "", "", _SIDES[size])
        return web.Response(body=body, content_type="image/jpeg")


def _failed(code: int, text: str) -> web.Response:
    return web.json_response({"stat": "fail", "code": code, "message": text})
