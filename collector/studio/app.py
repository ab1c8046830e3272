"""What the studio answers: its page, the pictures that a filter leaves, thumbnails, one picture, and decisions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from aiohttp import web

from collector.errors import BusyError, InputError, LedgerError
from collector.images.processes import FileTrouble
from collector.ledger.paths import inside
from collector.studio.columns import FACETS, SORTS
from collector.studio.store import Store
from collector.studio.thumbnails import Thumbnails

T = TypeVar("T")
STATIC: Final = {
    "/": ("index.html", "text/html"),
    "/studio.css": ("studio.css", "text/css"),
    "/studio.js": ("studio.js", "text/javascript"),
    "/layout.js": ("layout.js", "text/javascript"),
}
"""Address -> (file, type): nothing else is served from the program's folder."""
TYPES: Final = {
    "JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp",
    "AVIF": "image/avif", "TIFF": "image/tiff", "HEIF": "image/heic", "JXL": "image/jxl",
}  # fmt: skip
_SHOWN: Final = (
    "label", "keyword", "source", "rank", "way", "url", "page", "title", "site", "published", "left_out", "attempts",
    "format", "width", "height", "bytes", "sha256", "phash", "found_at", "ended_at",
)  # fmt: skip
"""What of a row is shown, in this order."""


class Decisions(msgspec.Struct, forbid_unknown_fields=True):
    """A stroke: picture -> keep, drop, or nothing, which takes the word back."""

    decisions: dict[int, str]


class App:
    """The handlers over one folder."""

    def __init__(self, store: Store, thread: ThreadPoolExecutor, thumbnails: Thumbnails) -> None:
        """`thread`: the one thread that the store belongs to."""
        self._store, self._thread, self._thumbnails = store, thread, thumbnails

    def routes(self) -> list[web.RouteDef]:
        """Every address."""
        return [
            *(web.get(address, _static(*file)) for address, file in STATIC.items()),
            web.get("/pictures", self.pictures),
            web.get("/facets", self.facets),
            web.get(r"/thumbnail/{id:\d{1,10}}", self.thumbnail),
            web.get(r"/original/{id:\d{1,10}}", self.original),
            web.get(r"/facts/{id:\d{1,10}}", self.facts),
            web.post("/decisions", self.decide),
        ]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except InputError as error:
            raise web.HTTPNotFound(text=str(error)) from None
        except (BusyError, LedgerError) as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from None

    async def pictures(self, request: web.Request) -> web.Response:
        """What a filter leaves, packed as `Columns.packed` says."""
        sort = request.query.get("sort", SORTS[0])
        wanted = {name: request.query[name] for name in FACETS if name in request.query}
        if sort not in SORTS:
            raise web.HTTPBadRequest(text=f"sort is one of {', '.join(SORTS)}")

        def packed() -> bytes:
            columns = self._store.columns
            return columns.packed(columns.select(wanted, sort))

        return web.Response(body=await self._in_thread(packed), content_type="application/octet-stream")

    async def facets(self, _request: web.Request) -> web.Response:
        """The values of every filter, with counts."""
        return web.json_response(await self._in_thread(lambda: self._store.columns.facets()))

    async def thumbnail(self, request: web.Request) -> web.Response:
        """A small JPEG."""
        row = await self._in_thread(lambda: self._store.picture(int(request.match_info["id"])))
        file = await self._in_thread(lambda: inside(self._store.folder, row.file))
        body = await self._thumbnails.of(row.sha256, file)
        if isinstance(body, FileTrouble):
            raise web.HTTPNotFound(text=str(body))
        return web.Response(body=body, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def original(self, request: web.Request) -> web.StreamResponse:
        """The file as it was saved, as what it was found to be and nothing else."""
        row = await self._in_thread(lambda: self._store.picture(int(request.match_info["id"])))
        file: Path = await self._in_thread(lambda: inside(self._store.folder, row.file))
        if not file.is_file() or row.format not in TYPES:
            raise web.HTTPNotFound(text="its file is gone; `collector verify` tells more")
        policy = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        return web.FileResponse(file, headers={"Content-Type": TYPES[row.format], **policy})

    async def facts(self, request: web.Request) -> web.Response:
        """What is known of a picture, as (name, value)."""
        row = await self._in_thread(lambda: self._store.picture(int(request.match_info["id"])))
        known = [(name, str(value)) for name in _SHOWN if (value := getattr(row, name)) not in (None, "", 0)]
        licence = [("licence", row.licence.url), ("credit", row.licence.credit)]
        return web.json_response([*known, *((name, value) for name, value in licence if value)])

    async def decide(self, request: web.Request) -> web.Response:
        """Keep a stroke; the answer is what was said before, so that it can be taken back."""
        try:
            stroke = msgspec.json.decode(await request.read(), type=Decisions)
        except msgspec.MsgspecError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        before = await self._in_thread(lambda: self._store.decide(stroke.decisions))
        return web.json_response({"before": before})


def _static(name: str, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    body = files("collector.studio").joinpath(f"static/{name}").read_bytes()

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=kind, charset="utf-8", headers={"Cache-Control": "no-cache"})

    return handler
