"""The double of DeviantArt: its pages, the endpoints behind them, the official API and the picture servers.

Built from what public clients of the site rely on. Invents no work (`deviantart_works`) and no bytes
(`deviantart_cdn`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from aiohttp import web

from collector.practice.deviantart_cdn import FILE, Cdn, Link, Signer, archive, picture
from collector.practice.deviantart_works import Piece, Speller, usual
from collector.practice.doubles import Handler, Place

CLIENT: Final = ("7001", "practice-secret")
"""Id and secret of the application that the API knows."""
LOGIN: Final = "auth=practice"
"""The cookie of the one account there is."""
_QUOTA: Final = {
    "error": "invalid_request",
    "error_description": "Free download limit reached.",
    "error_code": 2,
    "status": "error",
}
_THRESHOLD: Final = {"error": "user_api_threshold", "error_description": "Client request limit reached."}


class Double:
    """See `collector.practice.doubles`. Numbers that count down start at the first request they apply to."""

    def __init__(
        self,
        pieces: Sequence[Piece] | None = None,
        *,
        stale_after: int = 0,
        stale_status: int = 400,
        refusals: int = 0,
        block_after: int = -1,
        browsers_only: bool = False,
        window: int = 10_000,
        wrapped: bool = False,
        leading_slash: bool = True,
        r_out_of_range: bool = False,
        blur: int = 30,
        quota: int = 1_000,
        quota_status: int = 400,
        token_uses: int = 1_000_000,
        lifetime: float = 610.0,
        bits: float = 0.0,
        latency: float = 0.0,
        states: bool = True,
        cursors: bool = True,
    ) -> None:
        """`pieces` newest first; `stale_after`: uses of a csrf token before it is stale, 0 for never, and
        `stale_status`, what is answered then; `refusals`: answers with 429; `block_after`: requests before one
        "Request blocked."; `window`: entries of a list that can be reached; `quota`, `quota_status`: downloads of the
        API, and what is answered then; `token_uses`: of the API's; `lifetime`: seconds of a download's address; `bits`:
        a second on the line to all clients; `latency`: seconds before a picture;
        `states`: whether pages hold the data of their works; `cursors`: whether the home list gives them.
        """
        self.pieces = list(usual() if pieces is None else pieces)
        self.signer = Signer()
        self.refusals, self.quota = refusals, quota
        self._stale_after, self._block_after, self._browsers_only = stale_after, block_after, browsers_only
        self._stale_status = stale_status
        self._window, self._quota_status, self._lifetime = window, quota_status, lifetime
        self._spelling = (wrapped, leading_slash, r_out_of_range, blur)
        self._link, self._latency = Link(bits), latency
        self._states, self._cursors = states, cursors
        self._csrf: dict[str, tuple[str, int]] = {}
        self._bearers: dict[str, int] = {}
        self._token_uses = token_uses
        self._requests = 0
        self._files: dict[str, tuple[Piece, int]] = {}
        self._speller = Speller("", self.signer)

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """See `collector.practice.doubles.Double`."""
        self._speller = Speller(place.home, self.signer, *self._spelling)
        cdn = Cdn(self._find, self.signer, self._link, self._latency)
        return [
            ("GET", "/cdn/{path:.+}", cdn.get),
            ("GET", "/_puppy/dashared/gallection/contents", self._site(self._contents)),
            ("GET", "/_puppy/dashared/gallection/folders", self._site(self._folders)),
            ("GET", "/_puppy/dashared/gallection/search", self._site(self._within)),
            ("GET", "/_puppy/dabrowse/search/deviations", self._site(self._search)),
            ("GET", "/_puppy/dabrowse/networkbar/rfy/deviations", self._site(self._recommended)),
            ("GET", "/_puppy/dadeviation/init", self._site(self._init)),
            ("POST", "/oauth2/token", self._bearer),
            ("GET", "/api/v1/oauth2/deviation/download/{uuid}", self._api(self._download)),
            ("GET", "/api/v1/oauth2/deviation/metadata", self._api(self._metadata)),
            ("GET", "/api/v1/oauth2/browse/dailydeviations", self._api(self._api_daily)),
            ("GET", "/api/v1/oauth2/{room}/folders", self._api(self._api_folders)),
            ("GET", "/api/v1/oauth2/{room}/{part}", self._api(self._api_list)),
            ("GET", "/download/{id}/{file}", self._button),
            ("GET", "/deviation/{id}", self._short),
            ("GET", "/", self._page),
            ("GET", "/search", self._page),
            ("GET", "/daily-deviations", self._page),
            ("GET", "/stash/{stash}", self._stash),
            ("GET", "/tag/{tag}", self._page),
            ("GET", "/{name}", self._page),
            ("GET", "/{name}/art/{slug}", self._page),
        ]

    # ------------------------------------------------------------------ pages

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self._hold_up(request)
        name = request.match_info.get("name", "")
        if name and not any(name.lower() in (piece.author, piece.favourite_of) for piece in self.pieces):
            raise web.HTTPNotFound(text="<html><title>DeviantArt: 404</title></html>", content_type="text/html")
        if self._browsers_only and "AppleWebKit" not in request.headers.get("User-Agent", ""):
            return web.Response(text="", content_type="text/html")
        session = request.cookies.get("userinfo") or secrets.token_hex(8)
        token = secrets.token_hex(8)
        self._csrf[session] = (token, 0)
        shown = self._daily() if request.path.endswith("/daily-deviations") else []
        text = (
            f"<!doctype html><html><title>DeviantArt</title><script>window.__CSRF_TOKEN__ = '{token}';</script>"
            f"{self._speller.state(shown) if self._states else self._speller.links(shown)}</html>"
        )
        response = web.Response(text=text, content_type="text/html")
        response.set_cookie("userinfo", session, path="/")
        return response

    async def _stash(self, request: web.Request) -> web.StreamResponse:
        """Something in the stash of those who have its address: a work, or a folder that links to its works."""
        name = request.match_info["stash"]
        work = next((piece for piece in self.pieces if piece.stash == name), None)
        within = [piece for piece in self.pieces if piece.stash_folder == name]
        if work is None and not within:
            raise web.HTTPNotFound(text="<html><title>DeviantArt: 404</title></html>", content_type="text/html")
        shown = self._speller.state([work]) if work else self._speller.links(within)
        return web.Response(text=f"<!doctype html><html>{shown}</html>", content_type="text/html")

    async def _short(self, request: web.Request) -> web.StreamResponse:
        piece = self._piece(request.match_info["id"])
        raise web.HTTPFound(f"{self._speller.home}/{piece.author}/art/{piece.slug}")

    async def _button(self, request: web.Request) -> web.StreamResponse:
        """What is behind the download button, for those who are logged in."""
        piece = self._piece(request.match_info["id"])
        if LOGIN not in request.headers.get("Cookie", "") or not piece.button:
            raise web.HTTPNotFound(text="log in")
        body = picture(piece, 1, None)[0] if piece.button == piece.extension else archive(piece)
        return await self._link.answer(request, body, "application/octet-stream", request.match_info["file"])

    # ------------------------------------------------------------------ the endpoints of the pages

    def _site(self, answer: Callable[[web.Request], dict[str, Any]]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            self._hold_up(request)
            session = request.cookies.get("userinfo", "")
            token, uses = self._csrf.get(session, ("", 0))
            if not token or request.query.get("csrf_token") != token or 0 < self._stale_after <= uses:
                told = {"error": "invalid_request", "errorDescription": "the form is too old", "status": "error"}
                return web.json_response({**told, "errorDetails": {"csrf": "missing"}}, status=self._stale_status)
            self._csrf[session] = (token, uses + 1)
            return web.json_response(answer(request))

        return handler

    def _hold_up(self, request: web.Request) -> None:
        """Too many requests, or too quickly."""
        self._requests += 1
        if self._requests - 1 == self._block_after:
            page = "<html><title>ERROR: The request could not be satisfied</title>Request blocked.</html>"
            raise web.HTTPForbidden(text=page, content_type="text/html")
        if self.refusals > 0 and "/_puppy/" in request.path:
            self.refusals -= 1
            raise web.HTTPTooManyRequests(text=json.dumps(_THRESHOLD), content_type="application/json")

    def _contents(self, request: web.Request) -> dict[str, Any]:
        query = request.query
        folder = int(query.get("folderid", "0"))
        found = self._of(query.get("username", ""), query.get("type", ""), folder, "scraps_folder" in query)
        offset, limit = int(query.get("offset", "0")), int(query.get("limit", "24"))
        if limit > 60:
            raise web.HTTPBadRequest(text="limit")
        shown, more, following = self._cut(found, offset, limit)
        return {"hasMore": more, "nextOffset": following, "results": [self._speller.entry(piece) for piece in shown]}

    def _folders(self, request: web.Request) -> dict[str, Any]:
        ids = self._folder_ids(request.query.get("username", ""), request.query.get("type", ""))
        folders = [{"folderId": id, "name": f"Folder {id}", "subfolders": []} for id in ids]
        return {"hasMore": False, "nextOffset": None, "results": folders}

    def _search(self, request: web.Request) -> dict[str, Any]:
        found = self._matching(request.query.get("q", ""), request.query.get("order", "most-recent"))
        start = int(request.query.get("cursor") or "0")
        shown, more, following = self._cut(found, start, 24)
        entries = [self._speller.entry(piece) for piece in shown]
        return {"hasMore": more, "nextCursor": str(following) if more else "", "deviations": entries}

    def _within(self, request: web.Request) -> dict[str, Any]:
        """Words within one artist's gallery; it knows two orders."""
        query = request.query
        if query.get("order") not in ("most-recent", "popular"):
            raise web.HTTPBadRequest(text="order")
        matching = self._matching(query.get("q", ""), query["order"])
        found = [piece for piece in matching if piece.author == query.get("username", "").lower()]
        shown, more, following = self._cut(found, int(query.get("offset", "0")), int(query.get("limit", "24")))
        return {"hasMore": more, "nextOffset": following, "results": [self._speller.entry(piece) for piece in shown]}

    def _recommended(self, request: web.Request) -> dict[str, Any]:
        """What the home page recommends: by cursor, or by page where `cursors` is off."""
        start = int(request.query.get("cursor") or 24 * int(request.query.get("page", "0")))
        shown, more, following = self._cut(self.pieces, start, 24)
        entries = [self._speller.entry(piece) for piece in shown]
        cursor = {"nextCursor": str(following)} if more and self._cursors else {}
        return {"hasMore": more, "deviations": entries, "strips": [], **cursor}

    def _daily(self) -> list[Piece]:
        return [piece for piece in self.pieces if not piece.barred][:3]

    def _init(self, request: web.Request) -> dict[str, Any]:
        return {"deviation": self._speller.extended(self._piece(request.query.get("deviationid", "")))}

    # ------------------------------------------------------------------ the API

    async def _bearer(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return web.json_response({"error": "invalid_client", "status": "error"}, status=401)
        token = secrets.token_hex(16)
        self._bearers[token] = self._token_uses
        return web.json_response({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    def _api(self, answer: Callable[[web.Request], web.StreamResponse]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if self._bearers.get(token, 0) <= 0:
                return web.json_response({"error": "invalid_token", "status": "error"}, status=401)
            self._bearers[token] -= 1
            if self.refusals > 0:
                self.refusals -= 1
                return web.json_response(_THRESHOLD, status=429)
            return answer(request)

        return handler

    def _api_list(self, request: web.Request) -> web.StreamResponse:
        room, part, query = request.match_info["room"], request.match_info["part"], request.query
        if room == "browse":
            found = self._matching(f"#{query['tag']}" if part == "tags" else query.get("q", ""), "most-recent")
        else:
            folder = 0 if part == "all" else int(part.rpartition("-")[2])
            kind = "gallery" if room == "gallery" else "collection"
            found = self._of(query.get("username", ""), kind, folder, False)
        if not found:
            error = {"error": "invalid_request", "error_description": "user not found."}
            return web.json_response(error, status=400)
        if query.get("mature_content") != "true":
            found = [piece for piece in found if not piece.mature]
        offset, limit = int(query.get("offset", "0")), int(query.get("limit", "10"))
        shown, more, following = self._cut(found, offset, min(limit, 24))
        results = [self._speller.api(piece) for piece in shown]
        return web.json_response({"has_more": more, "next_offset": following if more else None, "results": results})

    def _api_daily(self, request: web.Request) -> web.StreamResponse:
        """The whole day in one answer; another day than today is the works behind."""
        found = self._daily()[1:] if "date" in request.query else self._daily()
        return web.json_response({"has_more": False, "results": [self._speller.api(piece) for piece in found]})

    def _api_folders(self, request: web.Request) -> web.StreamResponse:
        kind = "gallery" if request.match_info["room"] == "gallery" else "collection"
        ids = self._folder_ids(request.query.get("username", ""), kind)
        results = [{"folderid": f"0000-{id}", "name": f"Folder {id}"} for id in ids]
        return web.json_response({"has_more": False, "next_offset": None, "results": results})

    def _metadata(self, request: web.Request) -> web.StreamResponse:
        asked = [value for name, value in request.query.items() if name.startswith("deviationids[")]
        found = [piece for piece in self.pieces if piece.uuid(0).upper() in asked]
        rows = [
            {
                "deviationid": piece.uuid(0).upper(),
                "license": piece.licence or "No License",
                "tags": [{"tag_name": tag} for tag in piece.tags],
            }
            for piece in found
        ]
        return web.json_response({"metadata": rows})

    def _download(self, request: web.Request) -> web.StreamResponse:
        piece = next((one for one in self.pieces if one.uuid(0).upper() == request.match_info["uuid"]), None)
        if piece is None or not piece.button:
            return web.json_response({"error": "invalid_request", "error_description": "no download"}, status=400)
        if self.quota <= 0:
            return web.json_response(_QUOTA, status=self._quota_status)
        self.quota -= 1
        path = f"/f/{piece.uuid()}/{piece.file().partition('.')[0]}.{piece.button}"
        token = self.signer.token(FILE, path, lifetime=self._lifetime)
        width, height = piece.size
        facts = {"filename": f"{piece.slug.lower()}.{piece.button}", "width": width, "height": height}
        return web.json_response({"src": f"{self._speller.home}/cdn{path}?token={token}", **facts, "filesize": 1_000})

    # ------------------------------------------------------------------ what there is

    def _piece(self, number: str) -> Piece:
        for piece in self.pieces:
            if str(piece.id) == number:
                return piece
        raise web.HTTPNotFound(text="no such work")

    def _find(self, uuid: str) -> tuple[Piece, int] | None:
        """The work and the number in it of a file; works may have been put up since the last look."""
        if uuid not in self._files:
            for piece in self.pieces:
                self._files.update({piece.uuid(number): (piece, number) for number in range(1, piece.further + 2)})
        return self._files.get(uuid)

    def _of(self, name: str, kind: str, folder: int, scraps: bool) -> list[Piece]:
        name = name.lower()
        if kind == "collection":
            found = [piece for piece in self.pieces if piece.favourite_of == name]
        else:
            found = [piece for piece in self.pieces if piece.author == name and (piece.scraps if scraps else True)]
        return [piece for piece in found if not folder or piece.folder == folder]

    def _folder_ids(self, name: str, kind: str) -> list[int]:
        return sorted({piece.folder for piece in self._of(name, kind, 0, False)} - {0})

    def _matching(self, words: str, order: str) -> list[Piece]:
        words = words.lower()
        found = [
            piece
            for piece in self.pieces
            if (words[1:] in piece.tags if words.startswith("#") else words in piece.title.lower())
        ]
        return sorted(found, key=lambda piece: -(piece.id if order == "most-recent" else piece.stars))

    def _cut(self, found: list[Piece], offset: int, limit: int) -> tuple[list[Piece], bool, int]:
        """(entries of one answer, whether there are more, where they begin); hidden ones take a place all the same."""
        reachable = found[: self._window]
        shown = [piece for piece in reachable[offset : offset + limit] if piece.barred != "hidden"]
        return shown, offset + limit < len(found) and offset < self._window, offset + limit
