"""A double of imgur: its three interfaces, its pictures, its faults. Follows public descriptions of the real one.

Lists keep back the files of albums, repeat themselves after some pages, count requests; removed pictures redirect.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, Literal

from aiohttp import web
from PIL import Image

from collector.practice.doubles import Handler, Place
from collector.practice.drawing import composed
from collector.practice.video import mp4

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SIDES = ((240, 160), (160, 240), (200, 200), (256, 144))
_FRAMES = 4
_BEGAN = 1_748_550_000
_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "mp4": "video/mp4"}
_REMOVED_TAG = '"d835884373f4d6c8f24742ceabe74946"'
CAPACITY = "Imgur is temporarily over capacity. Please try again later."


@dataclass(frozen=True, slots=True)
class Thing:
    """One file of the double."""

    hash: str
    kind: Literal["jpg", "png", "apng", "gif", "anigif", "mp4"]
    number: int

    @property
    def extension(self) -> str:
        return {"apng": "png", "anigif": "gif"}.get(self.kind, self.kind)

    @property
    def animated(self) -> bool:
        return self.kind in ("apng", "anigif", "mp4")

    @property
    def size(self) -> tuple[int, int]:
        return _SIDES[self.number % len(_SIDES)]


@dataclass(frozen=True, slots=True)
class Entry:
    """One post of a list: a single file, or an album."""

    id: str
    things: tuple[Thing, ...]
    album: bool
    number: int


class Double:
    """Every list is the same posts, whatever is asked for, but for names that begin with `no`: those are not there."""

    def __init__(
        self,
        entries: int = 100,
        albums: tuple[int, ...] = (26, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4),
        per_page: int = 100,
        partial: Literal["absent", "some", "whole"] = "absent",
        repeats: int = 0,
        capacity: int = 0,
        removed: frozenset[int] = frozenset(),
        region: frozenset[int] = frozenset(),
        no_mp4: frozenset[int] = frozenset(),
        gone_albums: frozenset[str] = frozenset(),
        html_404: bool = True,
        quota: int = 500,
        client_ids: frozenset[str] = frozenset(),
        advertising: bool = False,
    ) -> None:
        """`entries`: posts in all; `albums`: files of each album among them. The usual ones are
        100 posts of 152 files.

        `partial`: what lists tell of an album's files; `repeats`: pages after which they come again (0: never);
        `capacity`: requests refused as over capacity before the first answer; `removed`, `region`, `no_mp4`:
        numbers of files, counted from 0 in order, that redirect to removed.png, show the regional notice, or have no
        mp4; `gone_albums`: ids that lists still name; `html_404`: what is not there is said in HTML; `quota`:
        requests until 429; `client_ids`: those let in, empty for everybody; `advertising`: an advertisement on
        every page.
        """
        self.entries = _entries(entries, albums)
        self.things = [thing for entry in self.entries for thing in entry.things]
        self._by_hash = {thing.hash: thing for thing in self.things}
        self._albums = {entry.id: entry for entry in self.entries if entry.album}
        self._per_page, self._partial, self._repeats = per_page, partial, repeats
        self._capacity, self._quota, self._credits = capacity, quota, quota
        self._removed, self._region, self._no_mp4 = removed, region, no_mp4
        self._gone, self._html_404, self._ids, self._advertising = gone_albums, html_404, client_ids, advertising
        self._place = Place("", "", _none)

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._place = place
        feeds = [
            f"{start}{order}"
            for start in ("/3/gallery/r/{name}", "/3/gallery/t/{name}", "/3/gallery/search")
            for order in ("/{page:\\d+}", "/{sort}/{page:\\d+}", "/{sort}/{window}/{page:\\d+}")
        ]
        feeds += [f"/3/account/{{name}}/{kind}/{{page:\\d+}}" for kind in ("submissions", "gallery_favorites")]
        feeds.append("/3/account/{name}/folders/{folder:\\d+}/favorites")
        return [
            *(("GET", path, self._api(self._feed)) for path in feeds),
            ("GET", "/3/album/{hash}", self._api(self._album)),
            ("GET", "/3/album/{hash}/images", self._api(self._album_images)),
            ("GET", "/3/image/{hash}", self._api(self._image)),
            ("GET", "/post/v1/posts/{hash}", self._api(self._post)),
            ("GET", "/post/v1/albums/{hash}", self._api(self._post_album)),
            ("GET", "/post/v1/media/{hash}", self._api(self._post_media)),
            ("GET", "/r/{name}/{sort}/page/{page:\\d+}/hit.json", self._old_feed),
            ("GET", "/r/{name}/{sort}/{window}/page/{page:\\d+}/hit.json", self._old_feed),
            ("GET", "/ajaxalbums/getimages/{hash}/hit.json", self._old_album),
            ("GET", "/i/removed.png", self._removed_picture),
            ("GET", "/i/{hash}.{extension}", self._file),
            ("GET", "/a/{hash}", self._page),
            ("GET", "/{hash:[A-Za-z0-9]{5,7}}", self._page),
        ]

    # ------------------------------------------------------------------ the gate

    def _api(self, handler: Handler) -> Handler:
        """Key, capacity and quota before every answer of an interface."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            given = request.headers.get("Authorization", "").removeprefix("Client-ID ")
            if self._ids and given not in self._ids:
                return _refusal(403 if given else 401, "Invalid client_id" if given else "Authentication required")
            if self._capacity > 0:
                self._capacity -= 1
                return _refusal(403, CAPACITY)
            self._credits -= 1
            response = await handler(request) if self._credits >= 0 else _refusal(429, "Too many requests")
            response.headers["X-RateLimit-UserLimit"] = str(self._quota)
            response.headers["X-RateLimit-UserRemaining"] = str(max(0, self._credits))
            response.headers["X-RateLimit-ClientRemaining"] = "12000"
            return response

        return guarded

    def _missing(self, request: web.Request) -> web.Response:
        if self._html_404:
            return web.Response(status=404, text="<h1>Imgur: 404</h1>", content_type="text/html")
        return _refusal(404, f"Unable to find {request.match_info.get('hash', 'it')}")

    # ------------------------------------------------------------------ lists

    def _listed(self, request: web.Request) -> list[Entry] | None:
        """The posts of the page that is asked for; None for a name that is not there."""
        if request.match_info.get("name", "").startswith("no"):
            return None
        page = int(request.match_info.get("page") or request.query.get("page", "0"))
        if self._repeats:
            page %= self._repeats
        listed = [entry for entry in self.entries if "folder" not in request.match_info or entry.number % 2]
        return listed[page * self._per_page : (page + 1) * self._per_page]

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        entries = self._listed(request)
        if entries is None:
            return self._missing(request) if "/account/" in request.path else _good([])
        data = [self._entry(entry) for entry in entries]
        if self._advertising:
            data.insert(0, {"id": "ad00001", "is_ad": True, "is_album": False, "type": "image/jpeg", "title": "Buy"})
        tag = {"name": request.match_info.get("name"), "followers": 3, "total_items": len(self.entries), "items": data}
        return _good(tag if "/gallery/t/" in request.path else data)

    def _entry(self, entry: Entry) -> dict[str, Any]:
        if not entry.album:
            return {**self._v3(entry.things[0]), **self._posted(entry)}
        told = {"absent": 0, "some": min(3, len(entry.things) - 1), "whole": len(entry.things)}[self._partial]
        about = {"id": entry.id, "link": f"{self._place.home}/a/{entry.id}", "is_album": True}
        about |= {"cover": entry.things[0].hash, "images_count": len(entry.things)}
        if self._partial != "absent":
            about["images"] = [self._v3(thing) for thing in entry.things[:told]]
        return about | self._posted(entry)

    def _posted(self, entry: Entry) -> dict[str, Any]:
        return {
            "title": f"Post {entry.number}",
            "account_url": f"user{entry.number % 7}",
            "datetime": _BEGAN + entry.number,
            "nsfw": False,
            "section": "funny",
            "score": 12 + entry.number,
            "is_album": entry.album,
        }

    def _v3(self, thing: Thing) -> dict[str, Any]:
        width, height = thing.size
        link = f"{self._place.home}/i/{thing.hash}"
        found: dict[str, Any] = {
            "id": thing.hash,
            "title": None,
            "datetime": _BEGAN + thing.number,
            "type": _TYPES[thing.extension],
            "animated": thing.animated,
            "width": width,
            "height": height,
            "size": 1000 + thing.number,
            "nsfw": None,
            "link": f"{link}.{'jpeg' if thing.extension == 'jpg' else thing.extension}",
        }
        if thing.kind == "anigif":  # large ones link to their thumbnail
            found |= {"link": f"{link}h.gif", "gifv": f"{link}.gifv", "mp4": f"{link}.mp4", "mp4_size": 400}
        return found

    # ------------------------------------------------------------------ one album, one file

    def _known_album(self, request: web.Request) -> Entry | None:
        name = request.match_info["hash"]
        return None if name in self._gone else self._albums.get(name)

    async def _album(self, request: web.Request) -> web.StreamResponse:
        entry = self._known_album(request)
        if entry is None:
            return self._missing(request)
        images = [self._v3(thing) for thing in entry.things]
        return _good({**self._entry(entry), "images": images})

    async def _album_images(self, request: web.Request) -> web.StreamResponse:
        entry = self._known_album(request)
        return self._missing(request) if entry is None else _good([self._v3(thing) for thing in entry.things])

    async def _image(self, request: web.Request) -> web.StreamResponse:
        thing = self._by_hash.get(request.match_info["hash"])
        return self._missing(request) if thing is None else _good(self._v3(thing))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["hash"]
        if name not in self._albums and name not in self._by_hash:
            return _new_404()
        return web.json_response({"id": name, "is_album": name in self._albums})

    async def _post_album(self, request: web.Request) -> web.StreamResponse:
        entry = self._known_album(request)
        if entry is None:
            return _new_404()
        return web.json_response(
            {
                "id": entry.id,
                "is_album": True,
                "title": f"Post {entry.number}",
                "image_count": len(entry.things),
                "is_mature": False,
                "point_count": 12 + entry.number,
                "created_at": "2026-01-02T03:04:05Z",
                "url": f"{self._place.home}/a/{entry.id}",
                "media": [self._media(thing) for thing in entry.things],
                "tags": [{"tag": "funny"}],
                "account": {"id": 1, "username": f"user{entry.number % 7}"},
            }
        )

    async def _post_media(self, request: web.Request) -> web.StreamResponse:
        thing = self._by_hash.get(request.match_info["hash"])
        if thing is None:
            return _new_404()
        about = {"id": thing.hash, "is_album": False, "title": "One", "media": [self._media(thing)], "image_count": 1}
        return web.json_response({**about, "account": {"id": 0, "username": ""}})

    def _media(self, thing: Thing) -> dict[str, Any]:
        width, height = thing.size
        extension = "jpeg" if thing.extension == "jpg" else thing.extension
        return {
            "id": thing.hash,
            "type": "video" if thing.kind == "mp4" else "image",
            "mime_type": _TYPES[thing.extension],
            "ext": extension,
            "url": f"{self._place.home}/i/{thing.hash}.{extension}",
            "width": width,
            "height": height,
            "size": 1000 + thing.number,
            "metadata": {"title": "", "is_animated": thing.animated, "is_looping": thing.animated},
            "created_at": "2026-01-02T03:04:05Z",
        }

    # ------------------------------------------------------------------ the addresses of 2017

    async def _old_feed(self, request: web.Request) -> web.StreamResponse:
        entries = self._listed(request)
        return _good([self._old_entry(entry) for entry in entries or ()])

    def _old_entry(self, entry: Entry) -> dict[str, Any]:
        first = {"hash": entry.id} if entry.album else self._old(entry.things[0])
        return {
            **first,
            "id": entry.number,
            "author": f"user{entry.number % 7}",
            "title": f"Post {entry.number}",
            "score": 12 + entry.number,
            "is_album": entry.album,
            "subreddit": "funny",
            "create_datetime": "2017-05-05 14:42:36",
            "nsfw": False,
            "num_images": len(entry.things),
        }

    def _old(self, thing: Thing) -> dict[str, Any]:
        width, height = thing.size
        about = {"hash": thing.hash, "title": "", "width": width, "height": height, "size": 1000 + thing.number}
        return {**about, "ext": f".{thing.extension}", "animated": thing.animated, "datetime": "2017-05-03 06:00:48"}

    async def _old_album(self, request: web.Request) -> web.StreamResponse:
        entry = self._known_album(request)
        if entry is None:
            return _good([])
        return _good({"count": len(entry.things), "images": [self._old(thing) for thing in entry.things]})

    # ------------------------------------------------------------------ files

    async def _file(self, request: web.Request) -> web.StreamResponse:
        thing = self._by_hash.get(request.match_info["hash"])
        if thing is None or thing.number in self._removed:
            raise web.HTTPFound(f"{self._place.home}/i/removed.png")
        if thing.number in self._region:
            return web.Response(body=await asyncio.to_thread(_notice), content_type="image/png")
        as_video = request.match_info["extension"] == "mp4" and thing.kind in ("anigif", "mp4")
        if as_video and thing.kind == "anigif" and thing.number in self._no_mp4:
            return web.Response(status=404, text="<h1>404</h1>", content_type="text/html")
        extension = "mp4" if as_video else thing.extension
        return web.Response(body=await asyncio.to_thread(body, thing, extension), content_type=_TYPES[extension])

    async def _removed_picture(self, _request: web.Request) -> web.StreamResponse:
        headers = {"ETag": _REMOVED_TAG}
        return web.Response(
            body=_encoded(Image.new("RGB", (161, 81)), "PNG"), content_type="image/png", headers=headers
        )

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=f"<title>{request.match_info['hash']} - Imgur</title>", content_type="text/html")


# ----------------------------------------------------------------------- what there is


def _entries(count: int, albums: tuple[int, ...]) -> tuple[Entry, ...]:
    """Albums stand evenly between the single files; ids are seven letters and digits, the same every time."""
    dice = random.Random("imgur")
    every = max(1, count // len(albums)) if albums else 0
    places = {number * every + every // 2: size for number, size in enumerate(albums)} if albums else {}
    made, number = [], 0
    for place in range(count):
        size = places.get(place, 0)
        things = tuple(Thing(_id(dice), _kind(at, size), at) for at in range(number, number + max(1, size)))
        number += len(things)
        made.append(Entry(_id(dice) if size else things[0].hash, things, size > 0, place))
    return tuple(made)


def _kind(number: int, size: int) -> Literal["jpg", "png", "apng", "gif", "anigif", "mp4"]:
    if number % 11 == 4:
        return "anigif"
    if number % 23 == 7:
        return "mp4"
    if number % 37 == 9:
        return "apng"
    return "gif" if number % 31 == 13 else "png" if number % 5 == 2 or (size and number % 7 == 3) else "jpg"


def _id(dice: random.Random) -> str:
    return "".join(dice.choices(_LETTERS, k=7))


@lru_cache(maxsize=512)
def body(thing: Thing, extension: str) -> bytes:
    """The bytes of a file; `mp4` of an animation is the video of it."""
    width, height = thing.size
    turns = [step / _FRAMES for step in range(_FRAMES)] if thing.animated else [0.0]
    frames = [composed(f"imgur {thing.hash}", 0, width, height, turn=turn) for turn in turns]
    if extension == "mp4":
        return mp4([_encoded(frame, "JPEG") for frame in frames], width, height)
    if extension == "jpg":
        return _encoded(frames[0], "JPEG")
    kept = [frame.quantize(64) for frame in frames] if extension == "gif" else frames
    more: dict[str, Any] = {"save_all": True, "append_images": kept[1:], "duration": 120, "loop": 0}
    return _encoded(kept[0], "GIF" if extension == "gif" else "PNG", **(more if thing.animated else {}))


@lru_cache(maxsize=1)
def _notice() -> bytes:
    return _encoded(composed("content not viewable in your region", 0, 320, 200), "PNG")


def _encoded(image: Image.Image, form: str, **more: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def _good(data: Any) -> web.Response:
    return web.json_response({"data": data, "success": True, "status": 200})


def _refusal(status: int, text: str) -> web.Response:
    data: Mapping[str, Any] = {"error": text, "request": "/3/", "method": "GET"}
    return web.json_response({"data": data, "success": False, "status": status}, status=status)


def _new_404() -> web.Response:
    return web.json_response({"errors": [{"code": "404", "status": "Not Found", "detail": "no such post"}]}, status=404)


async def _none(_name: str, _number: int) -> bytes:
    return b""
