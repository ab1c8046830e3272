"""What the web does to pictures: which picture has which trouble, and how each looks on the wire."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

from collector.practice.knobs import Knobs
from collector.practice.pictures import stand_in

_PAGE = b"<!doctype html><html><head><title>Please sign in</title></head><body>" + b"<p>Please sign in.</p>" * 60
_SVG = (
    b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 300 200' width='300' height='200'>"
    b"<rect width='300' height='200' fill='teal'/></svg>"
)
STAND_IN = "/nohotlink.png"
"""Where the stand-in picture lives."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a picture, with the bytes it would get on a better web."""

    request: web.Request
    body: bytes
    content_type: str
    page: str
    """The picture's own page: the only Referer that "hotlink" lets through."""
    tag: str
    """Its ETag, with the quotes."""
    first: bool
    """True when this URL was never asked for before."""
    pause: float


class Written(web.StreamResponse):
    """A response that was written to the transport by hand; the connection ends with it."""

    wire_status = 0
    """The status line that was sent, 0 for none."""

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002
        """Nothing: the bytes are on the wire already."""
        self.force_close()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing."""


def trouble(knobs: Knobs, slug: str, number: int) -> str:
    """The trouble of a picture, "" for none: always the same for the same knobs."""
    if number in knobs.pinned:
        return knobs.pinned[number]
    at = random.Random(f"trouble:{knobs.seed}:{slug}:{number}").random()
    for name, share in knobs.troubles.items():
        if at < share:
            return name
        at -= share
    return ""


async def answer(asked: Asked, name: str) -> web.StreamResponse:
    """The answer of a picture with that trouble."""
    return await _ANSWERS[name](asked)


def whole(asked: Asked) -> web.Response:
    """The picture as it should be: type, length, ETag, 304 and byte ranges."""
    headers = {"ETag": asked.tag, "Accept-Ranges": "bytes", "Cache-Control": "max-age=3600"}
    if asked.request.headers.get("If-None-Match") == asked.tag:
        return web.Response(status=304, headers=headers)
    part = _range(asked)
    if part is None:
        return web.Response(body=asked.body, content_type=asked.content_type, headers=headers)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(asked.body)}"
    return web.Response(
        status=206, body=asked.body[part.start : part.stop], content_type=asked.content_type, headers=headers
    )


async def reset(request: web.Request) -> web.StreamResponse:
    """Break the connection with an RST."""
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return Written()


async def silence() -> web.StreamResponse:
    """Never answer; ends when the client goes away or the server stops."""
    await asyncio.Event().wait()
    raise AssertionError("an event that nobody sets")


def _range(asked: Asked) -> slice | None:
    if "Range" not in asked.request.headers:
        return None
    try:
        wanted = asked.request.http_range
    except ValueError:
        return None
    start, stop, _ = wanted.indices(len(asked.body))
    return slice(start, stop) if start < stop else None


def _head(asked: Asked, length: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {asked.content_type}\r\nContent-Length: {length}\r\n\r\n".encode()


async def _write(asked: Asked, data: bytes, close: bool = True, status: int = 200) -> Written:
    """Put bytes on the wire as they are."""
    transport = asked.request.transport
    written = Written()
    written.wire_status = status
    if transport is None or transport.is_closing():
        return written
    transport.write(data)
    while transport.get_write_buffer_size() and not transport.is_closing():
        await asyncio.sleep(0.002)
    if close:
        transport.close()
    return written


async def _truncated(asked: Asked) -> web.StreamResponse:
    return await _write(asked, _head(asked, len(asked.body)) + asked.body[: len(asked.body) * 2 // 3])


async def _broken_off(asked: Asked) -> web.StreamResponse:
    await _write(asked, _head(asked, len(asked.body)) + asked.body[:2000], close=False)
    await asyncio.sleep(0.02)
    return await reset(asked.request)


async def _slow(asked: Asked) -> web.StreamResponse:
    half = len(asked.body) // 2
    await _write(asked, _head(asked, len(asked.body)) + asked.body[:half], close=False)
    await asyncio.sleep(asked.pause)
    return await _write(asked, asked.body[half:])


async def _drip(asked: Asked) -> web.StreamResponse:
    await _write(asked, _head(asked, len(asked.body)), close=False)
    for start in range(0, len(asked.body), 1024):
        await _write(asked, asked.body[start : start + 1024], close=False)
        await asyncio.sleep(1.0)
    return await _write(asked, b"")


async def _bad_framing(asked: Asked) -> web.StreamResponse:
    return await _write(asked, b"ICY 200 what a nice day\r\nthis is no header\r\n\r\n" + asked.body[:500], status=0)


async def _dead(_asked: Asked) -> web.StreamResponse:
    return await silence()


async def _not_found(_asked: Asked) -> web.StreamResponse:
    return web.Response(status=404, text="<html><title>404 Not Found</title></html>", content_type="text/html")


async def _forbidden(asked: Asked) -> web.StreamResponse:
    return whole(asked) if asked.request.headers.get("Referer") else _refused()


async def _hotlink(asked: Asked) -> web.StreamResponse:
    referer = asked.request.headers.get("Referer", "")
    # The bare origin is all that a browser sends across origins, so an honest visitor may show no more.
    allowed = ("", asked.page, asked.page.split("/pages/")[0] + "/")
    return whole(asked) if referer in allowed else _refused()


def _refused() -> web.Response:
    return web.Response(status=403, text="<html><title>403 Forbidden</title></html>", content_type="text/html")


async def _rate_limited(asked: Asked) -> web.StreamResponse:
    if not asked.first:
        return whole(asked)
    return web.Response(status=429, text="slow down", headers={"Retry-After": "1"})


async def _unavailable(asked: Asked) -> web.StreamResponse:
    return web.Response(status=503, text="try again") if asked.first else whole(asked)


async def _html(_asked: Asked) -> web.StreamResponse:
    return web.Response(body=_PAGE, content_type="text/html")


async def _html_as_jpeg(_asked: Asked) -> web.StreamResponse:
    return web.Response(body=_PAGE, content_type="image/jpeg")


async def _empty(asked: Asked) -> web.StreamResponse:
    return web.Response(body=b"", content_type=asked.content_type)


async def _corrupt(asked: Asked) -> web.StreamResponse:
    middle, garbage = len(asked.body) // 2, random.Random(len(asked.body)).randbytes(600)
    body = asked.body[:middle] + garbage + asked.body[middle + len(garbage) :]
    return web.Response(body=body[: len(asked.body)], content_type=asked.content_type)


async def _svg(_asked: Asked) -> web.StreamResponse:
    return web.Response(body=_SVG, content_type="image/svg+xml")


def _to(address: str) -> web.Response:
    return web.Response(status=302, headers={"Location": address})


async def _redirect(asked: Asked) -> web.StreamResponse:
    if "moved" in asked.request.query:
        return whole(asked)
    return _to(f"{asked.request.path}?{urlencode({**asked.request.query, 'moved': '1'})}")


async def _redirect_loop(asked: Asked) -> web.StreamResponse:
    return _to(asked.request.raw_path)


async def _placeholder_302(_asked: Asked) -> web.StreamResponse:
    return _to(STAND_IN)


async def _placeholder_200(_asked: Asked) -> web.StreamResponse:
    return web.Response(body=stand_in(), content_type="image/png")


async def _chunked(asked: Asked) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": asked.content_type})
    response.enable_chunked_encoding()
    await response.prepare(asked.request)
    for start in range(0, len(asked.body), 4096):
        await response.write(asked.body[start : start + 4096])
    await response.write_eof()
    return response


_ANSWERS: dict[str, Callable[[Asked], Awaitable[web.StreamResponse]]] = {
    "not_found": _not_found,
    "forbidden": _forbidden,
    "hotlink": _hotlink,
    "rate_limited": _rate_limited,
    "unavailable": _unavailable,
    "slow": _slow,
    "drip": _drip,
    "dead": _dead,
    "truncated": _truncated,
    "reset": _broken_off,
    "bad_framing": _bad_framing,
    "html": _html,
    "html_as_jpeg": _html_as_jpeg,
    "empty": _empty,
    "corrupt": _corrupt,
    "svg": _svg,
    "redirect": _redirect,
    "redirect_loop": _redirect_loop,
    "placeholder_302": _placeholder_302,
    "placeholder_200": _placeholder_200,
    "chunked": _chunked,
}
