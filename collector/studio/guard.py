"""Who may talk to the studio: the browser that was given its token, and no page of another site.

The token comes once, in the address; from then on it is a strict cookie. Names of other hosts (DNS rebinding) and
requests that another site's page made are refused before anything is looked at.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN: Final = "token"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def guard(token: str, port: int) -> Middleware:
    """Lets requests through that carry the token and name this server; answers 403 to all others."""
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    cookie = f"collector-studio-{port}"  # Cookies know no ports: two studios must not take each other's.

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = await _answer(request, handler)
        except web.HTTPException as error:
            answer = error
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if isinstance(answer, web.HTTPException):
            raise answer
        return answer

    async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host not in hosts:
            raise web.HTTPForbidden(text="This address is not the studio's.")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.host}":
            raise web.HTTPForbidden(text="Pages of other sites may not use the studio.")
        if request.method != "GET" and (origin is None or request.content_type != "application/json"):
            raise web.HTTPForbidden(text="Only the studio's own page may change anything.")
        given = request.query.get(TOKEN)
        if given is not None and request.path == "/" and _same(given, token):
            redirect = web.HTTPSeeOther("/")
            redirect.set_cookie(cookie, token, httponly=True, samesite="Strict", path="/")
            raise redirect
        if not _same(request.cookies.get(cookie, ""), token):
            raise web.HTTPForbidden(text="Open the address that `collector studio` printed: it holds the key.")
        return await handler(request)

    return middleware


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), token.encode())
