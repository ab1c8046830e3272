"""The double of DeviantArt's picture servers: it believes no token it did not sign, and gives no more than that says.

401 for a token that is missing, broken or over; 403 for what it does not cover; 400 for parameters that cannot be.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import json
import math
import re
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image, ImageFilter

from collector.practice.drawing import composed, grained
from collector.practice.video import mp4

if TYPE_CHECKING:
    from collector.practice.deviantart_works import Piece

VIEW, FILE = "urn:service:image.operations", "urn:service:file.download"
LAST_INTERMEDIARY = 790_677_560
_PATH = re.compile(r"(?P<old>/intermediary)?(?P<file>/f/(?P<uuid>[0-9a-f-]{36})/[^/]+)(?:/v1/(?P<how>.+))?")
_SIDE = 5100
_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and checks tokens: JWT with HS256 (RFC 7515, 7519)."""

    secret: bytes = b"known to the practice web alone"

    def token(self, audience: str, path: str, most: Mapping[str, str] | None = None, lifetime: float = 0.0) -> str:
        """`most`: width, height ("<=1024") and blur (">=30"). With a `lifetime` in seconds it ends."""
        payload: dict[str, Any] = {
            "sub": "urn:app:7e0d",
            "iss": "urn:app:7e0d",
            "obj": [[{**(most or {}), "path": path}]],
        }
        payload["aud"] = [audience]
        if lifetime:
            payload.update(iat=int(time.time()), exp=time.time() + lifetime, jti="practice")
        head = f"{_text({'typ': 'JWT', 'alg': 'HS256'})}.{_text(payload)}"
        return f"{head}.{self._signature(head)}"

    def allowed(self, token: str, path: str) -> tuple[str, Mapping[str, str]]:
        """(audience, object) of a token that is good for a path. HTTPUnauthorized, HTTPForbidden."""
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(head).encode()):
            raise web.HTTPUnauthorized(text="no good token")
        body = head.partition(".")[2]
        payload = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        if payload.get("exp", math.inf) < time.time():
            raise web.HTTPUnauthorized(text="the token is over")
        for one in payload["obj"][0]:
            if one["path"] == path:
                return payload["aud"][0], one
        raise web.HTTPForbidden(text="another file's token")

    def _signature(self, head: str) -> str:
        return _bare(hmac.digest(self.secret, head.encode(), hashlib.sha256))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A transformation, as far as this double knows it."""

    width: int
    height: int
    quality: int
    blur: int
    format: str


class Link:
    """The line to all clients together: so many bits a second, 0 for no limit."""

    def __init__(self, bits: float) -> None:
        self._bytes = bits / 8
        self._free = 0.0

    async def answer(self, request: web.Request, body: bytes, kind: str, name: str = "") -> web.StreamResponse:
        """Send a body, piece by piece in turn with everybody else's."""
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        if name:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        if not self._bytes:
            return web.Response(body=body, headers=headers)
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        for start in range(0, len(body), _CHUNK):
            piece = body[start : start + _CHUNK]
            self._free = max(time.monotonic(), self._free) + len(piece) / self._bytes
            await asyncio.sleep(max(0.0, self._free - time.monotonic()))
            await response.write(piece)
        return response


Find = Callable[[str], "tuple[Piece, int] | None"]
"""uuid of a file -> the work and the number of the picture in it."""


class Cdn:
    """Files, their views and their old copies."""

    def __init__(self, find: Find, signer: Signer, link: Link, latency: float) -> None:
        self._find, self._signer, self._link, self._latency = find, signer, link, latency

    async def get(self, request: web.Request) -> web.StreamResponse:
        """One file in whatever form is asked for and allowed."""
        if self._latency:
            await asyncio.sleep(self._latency)
        match = _PATH.fullmatch("/" + request.match_info["path"])
        if match is None or (found := self._find(match["uuid"])) is None:
            raise web.HTTPNotFound(text="no such file")
        piece, number = found
        if match["old"]:
            old = piece.intermediary and piece.id <= LAST_INTERMEDIARY and piece.extension != "gif"
            if not old or match["how"]:
                raise web.HTTPNotFound(text="no such copy")
            return await self._picture(request, piece, number, _Wanted(*piece.size, 55, 0, "jpg"))
        extension = match["file"].rpartition(".")[2]
        if piece.kind == "video":
            frame, _ = await asyncio.to_thread(picture, piece, 1, _Wanted(*piece.size, 75, 0, "jpg"))
            return await self._link.answer(request, mp4([frame], *piece.size), "video/mp4")
        audience, most = self._signer.allowed(request.query.get("token", ""), match["file"])
        if match["how"]:
            return await self._picture(request, piece, number, _permitted(match["how"], audience, most))
        if audience != FILE and any(name in most for name in ("width", "height", "blur")):
            raise web.HTTPForbidden(text="not the file itself")
        if extension not in ("jpg", "png", "gif"):
            return await self._link.answer(
                request, archive(piece), "application/octet-stream", f"{piece.slug}.{extension}"
            )
        return await self._picture(request, piece, number, None)

    async def _picture(
        self, request: web.Request, piece: Piece, number: int, how: _Wanted | None
    ) -> web.StreamResponse:
        body, kind = await asyncio.to_thread(picture, piece, number, how)
        return await self._link.answer(request, body, f"image/{kind}")


def _permitted(how: str, audience: str, most: Mapping[str, str]) -> _Wanted:
    """What a transformation asks for, if the token goes so far."""
    asked = dict(re.findall(r"[,/](w|h|q|blur)_(\d+)", "/" + how))
    numbers = {name: int(value) for name, value in asked.items()}
    width, height, blur = numbers.get("w", 0), numbers.get("h", 0), numbers.get("blur", 0)
    if not 0 < width <= _SIDE or not 0 < height <= _SIDE or blur > 100:
        raise web.HTTPBadRequest(text="(blur) parameter has to be between 0 and 100" if blur > 100 else "bad size")
    if audience != VIEW:
        raise web.HTTPForbidden(text="a token for the file, not for views")
    bounds = (("width", width, 1), ("height", height, 1), ("blur", blur, -1))
    for name, value, sign in bounds:
        limit = re.sub(r"\D", "", most.get(name, ""))
        if limit and value * sign > int(limit) * sign:
            raise web.HTTPForbidden(text=f"{name} is not covered")
    return _Wanted(width, height, numbers.get("q", 75), blur, how.rpartition(".")[2])


@lru_cache(maxsize=64)
def picture(piece: Piece, number: int, how: _Wanted | None) -> tuple[bytes, str]:
    """(bytes, format) of the untouched file, or of a view of it."""
    image = _scene(piece, number)
    wanted = how or _Wanted(*piece.size, 92, 0, piece.extension)
    if image.size != (wanted.width, wanted.height):
        image = image.resize((wanted.width, wanted.height), Image.Resampling.BICUBIC)
    if wanted.blur:
        image = image.filter(ImageFilter.GaussianBlur(wanted.blur / 4))
    out = io.BytesIO()
    if wanted.format == "png":
        image.save(out, "PNG", compress_level=3)
    elif wanted.format == "gif":
        image.quantize(64).save(out, "GIF")
    else:
        image.save(out, "JPEG", quality=min(wanted.quality, 95))
    return out.getvalue(), wanted.format if wanted.format in ("png", "gif") else "jpeg"


@lru_cache(maxsize=16)
def _scene(piece: Piece, number: int) -> Image.Image:
    name = f"{piece.author}-{piece.id}"
    return grained(composed(name, number, *piece.size), name, number)


def archive(piece: Piece) -> bytes:
    """A zip with a line in it, for whatever is behind a download button and no picture."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(zipfile.ZipInfo("read me.txt"), f"{piece.title} by {piece.author}, work {piece.id}\n")
    return out.getvalue()


def _text(value: object) -> str:
    return _bare(json.dumps(value, separators=(",", ":")).encode())


def _bare(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
