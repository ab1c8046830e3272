"""The practice web's routes: which address answers what. Writes no pages and draws no pictures itself."""

from __future__ import annotations

import asyncio
import json
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextvars import ContextVar
from dataclasses import replace
from html import escape
from importlib.resources import files
from typing import TypeVar
from urllib.parse import parse_qs, quote

from aiohttp import web

from collector.practice import landing, states, tokens, troubles
from collector.practice.cache import BytesCache
from collector.practice.doubles import Double, Place
from collector.practice.knobs import LAYOUTS as LAYOUT_NAMES
from collector.practice.knobs import STATES, TROUBLES, Knobs, from_query
from collector.practice.layouts import LAYOUTS
from collector.practice.layouts.view import View
from collector.practice.log import Log, Request
from collector.practice.pictures import foreign, is_foreign, picture, plan, slug, stand_in, thumbnail
from collector.practice.results import Result, Wanted, related, result

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Made = TypeVar("Made")

_PLACE: ContextVar[int] = ContextVar("place")
"""Where the request that is being answered stands in the log."""
_SESSION = "NID"
"""The cookie of a browser that got a result page."""
_DRAWN = BytesCache(64 * 1024 * 1024)
"""Pictures are the same for every practice web of a process, whatever its knobs are."""
_PAGE_HEADERS = {"Content-Security-Policy": "require-trusted-types-for 'script'", "Cache-Control": "private, max-age=0"}
"""The real page enforces Trusted Types: scripts from outside cannot set innerHTML on it."""
_OWN = ("ei", "start", "sa", "asearch", "async", "rpcids", "docid", "n")
"""Parameters that belong to one request and are not carried to later ones."""
_FILE = re.compile(r"(\d{1,9})(?:-[^/]*?)?(?:\.(\w{2,5}))?")


class Site:
    """All handlers and the little state they share; lives in the server's event loop."""

    def __init__(
        self, knobs: Knobs, origin: str, log: Log, painters: Executor, doubles: Mapping[str, Double] | None = None
    ) -> None:
        self._origin = origin
        self._doubles = doubles or {}
        self._log = log
        self._painters = painters
        self._default = replace(knobs, keywords={})
        self._by_slug = {slug(keyword): knobs.of(keyword) for keyword in knobs.keywords}
        self._asked: set[str] = set()
        self._loads: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._secret = secrets.token_bytes(16)
        self._resolved: Counter[str] = Counter()
        self._keywords: dict[str, str] = {}

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application(middlewares=[self._logged], client_max_size=64 * 1024)
        app.add_routes(
            [
                web.get("/", self._home),
                web.get("/search", self._search),
                web.post("/_/VisualFrontendUi/data/batchexecute", self._batch_2020),
                web.get("/async/related", self._related),
                web.get("/imgres", self._imgres),
                web.get("/pictures/{slug}/{file}", self._picture),
                web.get("/thumb/{slug}/{number:\\d+}", self._thumbnail),
                web.get("/pages/{slug}/{number:\\d+}", self._page),
                web.get("/url", self._url),
                web.route("*", "/goto", self._goto),
                web.get(troubles.STAND_IN, self._stand_in),
                web.get("/popup", self._popup),
                web.get("/robots.txt", self._robots),
                web.get("/favicon.ico", self._favicon),
                web.get("/consent/m", states.consent),
                web.post("/consent/save", states.consent_saved),
                web.get("/sorry/index", states.sorry),
                web.post("/sorry/solved", states.sorry_solved),
                web.get("/httpservice/retry/enablejs", states.enable_scripts),
            ]
        )
        for name, double in self._doubles.items():
            place = Place(self._origin, f"{self._origin}/{name}", self._drawn)
            app.add_routes([web.route(*route) for route in _below(name, double.routes(place))])
        return app

    async def _drawn(self, name: str, number: int) -> bytes:
        return await self._bytes("picture", picture, name, number)

    # ------------------------------------------------------------------ bookkeeping

    @web.middleware
    async def _logged(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        place = self._log.begun(Request(request.method, request.raw_path, headers, time.monotonic()))
        _PLACE.set(place)
        status = 0
        try:
            response = await handler(request)
            status = response.wire_status if isinstance(response, troubles.Written) else response.status
            return response
        except web.HTTPException as refused:
            status = refused.status
            raise
        finally:
            self._log.done(place, status, time.monotonic())

    def _knobs(self, name: str) -> Knobs:
        return self._by_slug.get(name, self._default)

    async def _pause(self, knobs: Knobs) -> None:
        if knobs.latency[1] > 0.0:
            await asyncio.sleep(random.uniform(*knobs.latency))

    async def _made(self, make: Callable[..., Made], *arguments: object) -> Made:
        """Run drawing and page writing beside the loop, so that one large picture does not hold up the others."""
        return await asyncio.get_running_loop().run_in_executor(self._painters, make, *arguments)

    # ------------------------------------------------------------------ search

    def _view(self, request: web.Request) -> View:
        """The page load that a request belongs to. 400 for a knob that does not exist."""
        query = request.query
        keyword = query.get("q", "")
        try:
            knobs = self._knobs(slug(keyword)).changed(from_query(query))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return View(
            wanted=_wanted(self._origin, keyword, query.get("tbs", "")),
            knobs=knobs,
            event=query.get("ei") or secrets.token_urlsafe(16),
            language=query.get("hl", "en"),
            carried=tuple((name, value) for name, value in query.items() if name not in _OWN),
            state=states.met(self._state(slug(keyword), knobs), request.cookies),
        )

    def _state(self, name: str, knobs: Knobs) -> str:
        spent = knobs.state_times and self._loads[name] >= knobs.state_times
        return "results" if spent else knobs.state

    async def _search(self, request: web.Request) -> web.StreamResponse:
        if not request.query.get("q", "").strip():
            raise web.HTTPFound("/")
        view = self._view(request)
        await self._pause(view.knobs)
        if "asearch" in request.query:
            return await self._batch(request, view, request.query.get("start", "0"))
        self._loads[slug(view.wanted.keyword)] += 1
        self._keywords[slug(view.wanted.keyword)] = view.wanted.keyword
        found = self._found(view, 0, view.knobs.first)
        barrier = await states.barrier(request, view, found)
        if barrier is not None:
            return barrier
        page: str = await self._made(LAYOUTS[view.knobs.layout].page, view, found)
        answer = web.Response(text=page, content_type="text/html", headers=_PAGE_HEADERS)
        answer.set_cookie(_SESSION, view.event, path="/")
        return answer

    async def _batch(self, request: web.Request, view: View, start: str) -> web.StreamResponse:
        challenge = states.challenge(request, view)
        if challenge is not None:
            return challenge
        self._failures[view.event] += 1
        if self._failures[view.event] <= view.knobs.batch_failures:
            return web.Response(status=503, text="")
        first = int(start) if start.isdigit() else 0
        found = self._found(view, first, view.knobs.batch)
        ended = first + len(found) >= view.total
        text: str = await self._made(LAYOUTS[view.knobs.layout].batch, view, found, ended)
        return web.Response(text=text, content_type="text/plain")

    async def _batch_2020(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request)
        await self._pause(view.knobs)
        form = parse_qs(await request.text())
        try:
            start = json.loads(json.loads(form["f.req"][0])[0][0][1])[1]
        except (KeyError, IndexError, TypeError, ValueError):
            raise web.HTTPBadRequest(text="f.req is not what this page sends") from None
        return await self._batch(request, view, str(start))

    async def _related(self, request: web.Request) -> web.StreamResponse:
        view = self._view(request)
        await self._pause(view.knobs)
        number = request.query.get("n", "0")
        first = int(number) if number.isdigit() else 0
        found = [tokens.veiled(self._secret, view.knobs.hidden, one) for one in related(view.wanted, first)]
        answer = await self._made(LAYOUTS[view.knobs.layout].related, view, found)
        shown = [] if view.knobs.panel == "copy" else [result(view.wanted, first + step).original for step in (0, 1)]
        return web.json_response({**answer, "originals": shown})

    async def _imgres(self, request: web.Request) -> web.StreamResponse:
        image, page = request.query.get("imgurl", ""), request.query.get("imgrefurl", "")
        return _html(f'<a href="{escape(page)}"><img src="{escape(image)}" alt="" style="max-width:100%"></a>')

    # ------------------------------------------------------------------ pictures and their pages

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        name, file = request.match_info["slug"], _FILE.fullmatch(request.match_info["file"])
        if file is None:
            raise web.HTTPNotFound(text="no such picture")
        number, knobs = int(file[1]), self._knobs(name)
        trouble = troubles.trouble(knobs, name, number)
        self._log.note(_PLACE.get(), trouble)
        await self._pause(knobs)
        size, colour = _variant(request)
        kind, draw = ("foreign", foreign) if is_foreign(name, number, knobs.foreign) else ("picture", picture)
        asked = troubles.Asked(
            request=request,
            body=await self._bytes(kind, draw, name, number, size, colour),
            content_type=plan(name, number, size).content_type,
            page=f"{self._origin}/pages/{name}/{number}",
            tag=f'"{name}-{number}-{size}{colour}"',
            first=request.raw_path not in self._asked,
            pause=knobs.slow,
        )
        self._asked.add(request.raw_path)
        return await troubles.answer(asked, trouble) if trouble else troubles.whole(asked)

    async def _thumbnail(self, request: web.Request) -> web.StreamResponse:
        name, number = request.match_info["slug"], int(request.match_info["number"])
        side = min(int(request.query.get("side", "260")), 1024)
        body = await self._bytes("thumbnail", thumbnail, name, number, *_variant(request), side)
        return web.Response(body=body, content_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})

    async def _bytes(self, kind: str, draw: Callable[..., bytes], *what: object) -> bytes:
        held = _DRAWN.get((kind, *what))
        if held is None:
            held = await self._made(draw, *what)
            _DRAWN.put((kind, *what), held)
        return held

    async def _page(self, request: web.Request) -> web.StreamResponse:
        name, number = request.match_info["slug"], int(request.match_info["number"])
        if name not in self._keywords:  # nobody has searched for it
            address = f"/pictures/{name}/{number}.{plan(name, number).extension}"
            return _html(f"<h1>{escape(name)}, picture {number}</h1><img src='{escape(address)}' alt=''>")
        wanted = Wanted(self._origin, self._keywords[name])
        return _html(await self._made(landing.page, wanted, number, self._knobs(name).landing))

    async def _url(self, request: web.Request) -> web.StreamResponse:
        address = request.query.get("q", "") or request.query.get("url", "")
        if not address.startswith(self._origin + "/"):
            raise web.HTTPNotFound(text="not an address of the practice web")
        raise web.HTTPFound(address)

    async def _goto(self, request: web.Request) -> web.StreamResponse:
        """A token is resolved for a GET of the browser that got the page; for all others it leads to /sorry/."""
        address = tokens.opened(self._secret, request.query.get("url", ""))
        if address is None:
            raise web.HTTPNotFound(text="no token of this server")
        if request.method != "GET":
            return web.Response(text="")
        name = address.removeprefix(f"{self._origin}/").split("/")[1] if address.startswith(self._origin) else ""
        knobs = self._knobs(name)
        await self._pause(knobs)
        self._resolved[name] += 1
        walled = 0 < knobs.redirect_wall < self._resolved[name]
        if walled or _SESSION not in request.cookies:
            raise web.HTTPFound(f"{self._origin}/sorry/index?continue={quote(request.path_qs, safe='')}")
        return states.resolved(knobs.redirect, address, lambda text: tokens.sealed(self._secret, text))

    def _found(self, view: View, start: int, most: int) -> list[Result]:
        numbers = range(start, min(start + most, view.total))
        return [tokens.veiled(self._secret, view.knobs.hidden, result(view.wanted, number)) for number in numbers]

    async def _stand_in(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=stand_in(), content_type="image/png")

    # ------------------------------------------------------------------ the rest

    async def _home(self, _request: web.Request) -> web.StreamResponse:
        page = files("collector.practice.layouts").joinpath("home.html").read_text(encoding="utf-8")
        for mark, text in (
            ("__LAYOUTS__", "".join(f"<option>{name}</option>" for name in LAYOUT_NAMES)),
            ("__STATES__", "".join(f"<option>{name}</option>" for name in STATES)),
            ("__STATE_ROWS__", _table(STATES)),
            ("__TROUBLE_ROWS__", _table(TROUBLES)),
        ):
            page = page.replace(mark, text)
        return _html(page)

    async def _popup(self, _request: web.Request) -> web.StreamResponse:
        return _html("<title>A window nobody asked for</title><p>Nothing to see here.</p>")

    async def _robots(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="User-agent: *\nDisallow: /search\nDisallow: /imgres\nDisallow: /goto\nAllow: /\n")

    async def _favicon(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)


def _wanted(origin: str, keyword: str, filters: str) -> Wanted:
    """What `tbs` asks for, as far as it changes the pictures: isz, isc and sur:cl."""
    parts = dict(part.split(":", 1) for part in filters.split(",") if ":" in part)
    size = parts.get("isz", "")
    colour = parts.get("isc", "") or ("gray" if parts.get("ic") == "gray" else "")
    return Wanted(
        origin=origin,
        keyword=keyword,
        size=size if size in ("l", "m", "i") else "",
        colour=colour if colour.isalpha() else "",
        free=parts.get("sur") == "cl",
    )


def _variant(request: web.Request) -> tuple[str, str]:
    wanted = _wanted("", "", f"isz:{request.query.get('size', '')},isc:{request.query.get('colour', '')}")
    return wanted.size, wanted.colour


def _below(name: str, routes: Iterable[tuple[str, str, Handler]]) -> Iterator[tuple[str, str, Handler]]:
    for method, path, handler in routes:
        yield method, f"/{name}{path}", handler


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")


def _table(texts: dict[str, str]) -> str:
    return "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in texts.items())
