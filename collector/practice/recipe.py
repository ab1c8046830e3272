"""Doubles of the sites of the shipped recipes: TIME's covers, iNaturalist's observations, a WordPress gallery.

Written from descriptions of their pages; nothing here is theirs. Knows nothing of recipes.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from html import escape

from aiohttp import web
from PIL import Image, ImageDraw

from collector.practice.doubles import Handler, Place

_MONTHS = ("Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")
"""As the Associated Press writes them, and so does TIME."""
_FIRST = date(1923, 3, 3)
_SIZE = (150, 200)


@lru_cache(maxsize=64)
def _drawn(seed: int) -> bytes:
    dice = random.Random(seed)
    image = Image.new("RGB", _SIZE, tuple(dice.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = dice.randrange(_SIZE[0]), dice.randrange(_SIZE[1])
        draw.ellipse((x - 30, y - 30, x + 30, y + 30), fill=tuple(dice.randrange(256) for _ in range(3)))
    body = io.BytesIO()
    image.save(body, "JPEG", quality=80)
    return body.getvalue()


def jpeg(name: str) -> bytes:
    """A small JPEG whose bytes no other name has: a comment segment tells them apart (ITU-T T.81, B.2.4.5)."""
    body, comment = _drawn(sum(name.encode()) % 64), name.encode()
    return body[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + body[2:]


def _html(text: str) -> web.Response:
    return web.Response(text=f"<!doctype html><meta charset=utf-8>{text}", content_type="text/html")


class Double:
    """Three small sites under one roof. Numbers of covers count from 0, in the order of the listing, oldest first."""

    def __init__(
        self,
        covers: int = 40,
        page_size: int = 10,
        latency: tuple[float, float] = (0.0, 0.0),
        without_picture: frozenset[int] = frozenset({3}),
        gone: frozenset[int] = frozenset({5}),
        same: frozenset[int] = frozenset({7}),
        undated: frozenset[int] = frozenset({11}),
        lost_pictures: frozenset[int] = frozenset(),
        second_host: bool = True,
        changed: bool = False,
        failing: frozenset[int] = frozenset(),
        observations: int = 25,
        posts: int = 12,
    ) -> None:
        """latency: least and most seconds before every answer. Covers whose page shows no picture, is gone, shows the
        picture of the one before, has an odd date, shows a picture that is gone, or fails with 500; second_host:
        whether pictures come from another name of this machine; changed: whether cover pages have another markup.
        """
        self.covers, self.page_size, self.latency = covers, page_size, latency
        self.without_picture, self.gone, self.same = without_picture, gone, same
        self.undated, self.lost_pictures, self.failing = undated, lost_pictures, failing
        self.second_host, self.changed = second_host, changed
        self.observations, self.posts = observations, posts
        self._numbers = {f"{self.day(number):%Y%m%d}": number for number in range(covers)}

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._home = place.home
        self._pictures = place.home.replace("127.0.0.1", "localhost") if self.second_host else place.home
        return [
            ("GET", "/results.html", self._results),
            ("GET", "/list", self._list),
            ("GET", "/time/covers/{name}", self._cover),
            ("GET", "/covers/{year}/{file}", self._picture),
            ("GET", "/v1/observations", self._observations),
            ("GET", "/photos/{number}/{file}", self._photo),
            ("GET", "/gallery/", self._gallery),
            ("GET", "/gallery/page/{page}/", self._gallery),
            ("GET", "/gallery/wp-content/uploads/{file}", self._upload),
        ]

    async def _wait(self) -> None:
        if self.latency[1]:
            await asyncio.sleep(random.uniform(*self.latency))

    # ------------------------------------------------------------------ covers

    def day(self, number: int) -> date:
        """The date of a cover: one a week."""
        return _FIRST + timedelta(weeks=number)

    def file(self, number: int) -> str:
        """The name of the file that a cover shows; its bytes are `jpeg(name)`."""
        day = self.day(number - 1 if number in self.same else number)
        return f"1101{day:%y%m%d}_{400 if day.year < 2000 else 600}.jpg"

    def picture(self, number: int) -> str:
        """The URL of a cover's picture, once it is served."""
        return f"{self._pictures}/covers/{self.day(number - (number in self.same)).year}/{self.file(number)}"

    async def _results(self, _request: web.Request) -> web.Response:
        await self._wait()
        return _html(
            f'<div class="refineCol"><ul><li><a href="{self._home}/eu">TIME Europe (3)</a></li>'
            f'<li><a href="{self._home}/list?p=1">TIME U.S. ({self.covers})</a></li></ul></div>'
            '<div class="refineCol"><ul><li><a href="/more?TIME">More</a></li></ul></div>'
        )

    async def _list(self, request: web.Request) -> web.Response:
        await self._wait()
        number = int(request.query.get("p", "1"))
        first = (number - 1) * self.page_size
        shown = range(first, min(first + self.page_size, self.covers))
        rows = "".join(self._row(cover) for cover in shown)
        turn = f'<a href="?p={number - 1}">&lt; Prev</a>' if number > 1 else ""
        if shown.stop < self.covers:
            turn += f' <a href="list?p={number + 1}">Next &gt;</a>'
        return _html(f'<div class="results">{rows}</div><div class="pages">{turn}</div>')

    def _row(self, number: int) -> str:
        """Every other address is relative, as on the web."""
        path = f"time/covers/0,16641,{self.day(number):%Y%m%d},00.html"
        address = path if number % 2 else f"{self._home}/{path}"
        return f'<div><a href="/story/{number}">Story</a> <a href="{address}">See Large Cover</a></div>'

    async def _cover(self, request: web.Request) -> web.Response:
        await self._wait()
        number = self._numbers.get(request.match_info["name"].split(",")[2:3][0], -1)
        if number < 0 or number in self.gone:
            raise web.HTTPNotFound(text="<h1>Page not found</h1>", content_type="text/html")
        if number in self.failing:
            raise web.HTTPInternalServerError(text="<h1>Oops</h1>", content_type="text/html")
        if self.changed:
            return _html(f"<main><img src='{self.picture(number)}'><h2>Cover {number}</h2></main>")
        image = "" if number in self.without_picture else f'<img src="{self.picture(number)}">'
        head = f"<h1>{escape(self.title(number))} <time>{self._date(number)}</time></h1>"
        return _html(
            f'<article class="art-cover-photo"><figure><a>{image}</a></figure></article>'
            f'<aside class="content-main-aside">{head}</aside>'
        )

    def title(self, number: int) -> str:
        """Of a cover."""
        return f"{self.day(number).year}: The Week of Cover & Co. No. {number}"

    def _date(self, number: int) -> str:
        day = self.day(number)
        if number in self.undated:
            return f"Midsummer, <a href='#'>{day.year}</a>"
        comma = "" if number % 4 == 3 else ","
        return f"{_MONTHS[day.month - 1]} {day.day}{comma} <a href='#'>{day.year}</a>"

    async def _picture(self, request: web.Request) -> web.Response:
        await self._wait()
        if request.match_info["file"] in {self.file(number) for number in self.lost_pictures}:
            raise web.HTTPNotFound
        return web.Response(body=jpeg(request.match_info["file"]), content_type="image/jpeg")

    # ------------------------------------------------------------------ observations

    async def _observations(self, request: web.Request) -> web.Response:
        await self._wait()
        query = request.query
        after, most = int(query.get("id_above", "0")), min(int(query.get("per_page", "30")), self.page_size)
        known = 0 if query.get("taxon_name", "") == "Nessiteras" else self.observations
        numbers = range(after + 1, min(known, after + most) + 1)
        results = [self._observation(number, query.get("taxon_name", "")) for number in numbers]
        return web.json_response({"total_results": max(0, known - after), "page": 1, "results": results})

    def _observation(self, number: int, taxon: str) -> dict[str, object]:
        """Every tenth has two photographs, number 4 has none."""
        photos = [] if number == 4 else [number * 10, number * 10 + 1] if number % 10 == 0 else [number * 10]
        return {
            "id": number,
            "uri": f"{self._home}/observations/{number}",
            "observed_on": f"{date(2020, 1, 1) + timedelta(days=number)}",
            "taxon": {"name": taxon, "preferred_common_name": "Red Fox" if number % 2 else None},
            "user": {"login": f"walker{number % 5}"},
            "photos": [
                {
                    "id": photo,
                    "license_code": "cc-by" if photo % 2 else "cc0",
                    "attribution": f"(c) walker{number % 5}, photo {photo}",
                    "url": f"{self._pictures}/photos/{photo}/square.jpeg",
                }
                for photo in photos
            ],
        }

    async def _photo(self, request: web.Request) -> web.Response:
        """The original of number 60 is gone; its large copy is there."""
        await self._wait()
        number, size = request.match_info["number"], request.match_info["file"]
        if number == "60" and size.startswith("original"):
            raise web.HTTPNotFound
        return web.Response(body=jpeg(f"photo {number} {size}"), content_type="image/jpeg")

    # ------------------------------------------------------------------ a gallery

    async def _gallery(self, request: web.Request) -> web.Response:
        await self._wait()
        page, size = int(request.match_info.get("page", "1")), 5
        shown = range((page - 1) * size, min(page * size, self.posts))
        if not shown:
            raise web.HTTPNotFound(text="<section class='error-404'>Nothing</section>", content_type="text/html")
        older = f'<a class="next page-numbers" href="/{self._below()}/gallery/page/{page + 1}/">Next</a>'
        return _html("".join(map(self._post, shown)) + (older if shown.stop < self.posts else ""))

    def _below(self) -> str:
        return self._home.rpartition("/")[2]

    def _post(self, number: int) -> str:
        """The third loads its picture late; each shows its writer's face too."""
        address = f"wp-content/uploads/bird-{number}-300x200.jpg"
        address = f"/{self._below()}/gallery/{address}"
        shown = f'src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="{address}"'
        image = f"<img {shown}>" if number == 2 else f'<img src="{address}" srcset="{address} 300w">'
        return (
            f'<article class="post"><h2 class="entry-title"><a href="/bird/{number}">Bird {number}</a></h2>'
            f'<time datetime="2024-05-{number + 1:02}T10:00:00+00:00">May</time>'
            f'<img class="avatar" src="/me.jpg">{image}</article>'
        )

    async def _upload(self, request: web.Request) -> web.Response:
        """The original of bird 4 was deleted; its scaled copy was left."""
        await self._wait()
        if request.match_info["file"] == "bird-4.jpg":
            raise web.HTTPNotFound
        return web.Response(body=jpeg(request.match_info["file"]), content_type="image/jpeg")
