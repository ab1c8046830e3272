"""What the studio answers: pictures that a filter leaves, one picture, groups, and a person's words about them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Any, Final, TypeVar

import msgspec
from aiohttp import web

from collector.errors import BusyError, CollectorError, InputError, LedgerError
from collector.images.processes import FileTrouble
from collector.ledger.paths import inside
from collector.studio.columns import FACETS, SORTS
from collector.studio.guard import FROM_HOSTS
from collector.studio.store import Store
from collector.studio.thumbnails import Thumbnails

T = TypeVar("T")
Number = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
PAGES: Final = {
    "/": ("studio", "Pictures"), "/groups": ("groups", "Groups"), "/run": ("run", "Run"),
    "/address": ("address", "Page"), "/export": ("export", "Export"),
}  # fmt: skip
"""Address -> (name of its files, title)."""
POLICIES: Final = {"/address": FROM_HOSTS}
_LINK: Final = '<a href="{}"{}>{}</a>'
SCRIPTS: Final = ("common", "layout", "strokes", "grid", "one", "studio", "groups", "job", "run", "address", "export")
TYPES: Final = {
    "JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp",
    "AVIF": "image/avif", "TIFF": "image/tiff", "HEIF": "image/heic", "JXL": "image/jxl",
}  # fmt: skip
_SHOWN: Final = (
    "label", "keyword", "source", "rank", "way", "url", "page", "title", "site", "published", "left_out", "attempts",
    "format", "width", "height", "bytes", "sha256", "phash", "found_at", "ended_at",
)  # fmt: skip
"""What of a row is shown, in this order."""


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """A stroke: picture -> keep, drop or nothing, which takes the word back; or picture -> class."""

    words: dict[Number, str]


class Beside(msgspec.Struct, forbid_unknown_fields=True):
    """A stroke: picture -> the classes that it belongs to beside its own."""

    words: dict[Number, list[str]]


class App:
    """The handlers over one folder's pictures."""

    def __init__(self, store: Store, thread: ThreadPoolExecutor, thumbnails: Thumbnails) -> None:
        """`thread`: the one thread that the store belongs to."""
        self._store, self._thread, self._thumbnails = store, thread, thumbnails

    def routes(self) -> list[web.RouteDef]:
        """Every address; nothing else is served from the program's folder."""
        return [
            *(web.get(address, served(page(address), "text/html", POLICIES.get(address))) for address in PAGES),
            *(web.get(f"/{name}.js", served(own(f"{name}.js"), "text/javascript")) for name in SCRIPTS),
            web.get("/studio.css", served(own("studio.css"), "text/css")),
            web.get("/pictures", self.pictures),
            web.get("/facets", self.facets),
            web.get("/cards", self.cards),
            web.get("/agreement", self.agreement),
            web.get(r"/thumbnail/{id:\d{1,10}}", self.thumbnail),
            web.get(r"/original/{id:\d{1,10}}", self.original),
            web.get(r"/facts/{id:\d{1,10}}", self.facts),
            web.post("/decisions", self._stroke(Words, lambda words: self._store.decide(words))),
            web.post("/labels", self._stroke(Words, lambda words: self._store.move(words))),
            web.post("/beside", self._stroke(Beside, lambda words: self._store.label_beside(words))),
        ]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await in_thread(self._thread, work)

    async def pictures(self, request: web.Request) -> web.Response:
        """What a filter leaves, packed as `Columns.packed` says."""
        sort = request.query.get("sort", SORTS[0])
        wanted = {name: request.query[name] for name in FACETS if name in request.query}
        near = [request.query.get(name, "0") for name in ("like", "unlike")]
        if sort not in SORTS or not all(one.isdecimal() and len(one) < 11 for one in near):
            raise web.HTTPBadRequest(text=f"sort is one of {', '.join(SORTS)}; like and unlike are numbers of pictures")
        like, unlike = map(int, near)
        body = await self._in_thread(lambda: self._store.packed(wanted, sort, like, unlike))
        return web.Response(body=body, content_type="application/octet-stream")

    async def facets(self, _request: web.Request) -> web.Response:
        """The values of every filter, with counts."""
        return web.json_response(await self._in_thread(lambda: self._store.columns.facets()))

    async def cards(self, _request: web.Request) -> web.Response:
        """Groups to settle."""
        return web.json_response(await self._in_thread(lambda: self._store.groups()))

    async def agreement(self, _request: web.Request) -> web.Response:
        """How often a person agreed with the rules."""
        found = await self._in_thread(lambda: self._store.ledger.dataset.judged())
        names = ("reason", "left_out", "dropped", "kept")
        return web.json_response([dict(zip(names, row, strict=True)) for row in found])

    async def thumbnail(self, request: web.Request) -> web.Response:
        """A small JPEG."""
        row = await self._in_thread(lambda: self._store.picture(int(request.match_info["id"])))
        file = await self._in_thread(lambda: inside(self._store.folder, row.file))
        body = await self._thumbnails.of(row.sha256, file)
        if isinstance(body, FileTrouble):
            raise web.HTTPNotFound(text=str(body))
        return web.Response(body=body, content_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})

    async def original(self, request: web.Request) -> web.StreamResponse:
        """The file as it was saved, as what it was found to be and nothing else."""
        row = await self._in_thread(lambda: self._store.picture(int(request.match_info["id"])))
        file: Path = await self._in_thread(lambda: inside(self._store.folder, row.file))
        if not file.is_file() or row.format not in TYPES:
            raise web.HTTPNotFound(text="its file is gone; `collector verify` says more")
        policy = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        return web.FileResponse(file, headers={"Content-Type": TYPES[row.format], **policy})

    async def facts(self, request: web.Request) -> web.Response:
        """What is known of a picture, what the rules said of it, and which look the same."""

        def known() -> dict[str, Any]:
            row = self._store.picture(int(request.match_info["id"]))
            told = [(name, str(value)) for name in _SHOWN if (value := getattr(row, name)) not in (None, "", 0)]
            beside = ", ".join(self._store.ledger.dataset.labels_beside(row.sha256))
            more = [("also of class", beside), ("licence", row.licence.url), ("credit", row.licence.credit)]
            return {
                "facts": [*told, *((name, value) for name, value in more if value)],
                "rules": self._store.ledger.dataset.said_of(row.sha256, row.label),
                "alike": self._store.alike.twins(row.id)[:20],
            }

        return web.json_response(await self._in_thread(known))

    def _stroke(self, kind: type[Any], keep: Callable[[Any], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A handler that keeps a stroke and answers what was said before, so that it can be taken back."""

        async def handler(request: web.Request) -> web.Response:
            stroke = await decoded(request, kind)
            return web.json_response({"before": await self._in_thread(lambda: keep(stroke.words))})

        return handler


async def in_thread(thread: ThreadPoolExecutor | None, work: Callable[[], T]) -> T:
    """Do something in a thread; what goes wrong with it becomes an answer in plain words."""
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, work)
    except InputError as error:
        raise web.HTTPNotFound(text=str(error)) from None
    except (BusyError, LedgerError) as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from None
    except CollectorError as error:
        raise web.HTTPConflict(text=str(error)) from None
    except OSError as error:
        raise web.HTTPServiceUnavailable(text=f"{error.filename or 'the disk'}: {error.strerror}") from None


async def decoded(request: web.Request, kind: Any) -> Any:
    """A request's body as a value of this type, or the answer that says what is wrong with it."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.MsgspecError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def own(name: str) -> str:
    """A file of the program."""
    return files("collector.studio").joinpath(f"static/{name}").read_text(encoding="utf-8")


def page(address: str) -> str:
    """A page in the shell that all share."""
    name, title = PAGES[address]
    links = [
        _LINK.format(other, ' aria-current="page"' if other == address else "", text)
        for other, (_, text) in PAGES.items()
    ]
    nav = " ".join([*links, _LINK.format("/numbers", ' target="_blank"', "Numbers")])
    return Template(own("shell.html")).substitute(title=title, name=name, nav=nav, body=own(f"{name}.html"))


def served(text: str, kind: str, policy: str | None = None) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that answers this text; `policy` in the place of the one that all have."""
    headers = {"Cache-Control": "no-cache", **({"Content-Security-Policy": policy} if policy else {})}

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)

    return handler
