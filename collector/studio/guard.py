"""Who may talk to the studio: the browser that was given its token, and no page of another site.

The token comes once, in the address; from then on it is a strict cookie. Names of other hosts (DNS rebinding) and
requests that another site's page made are refused before anything is looked at.
"""

from __future__ import annotations

import hmac
import logging
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOG = logging.getLogger("collector")
TOKEN: Final = "token"
LOOPBACKS: Final = ("127.0.0.1", "localhost", "::1")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FROM_HOSTS: Final = POLICY.replace("img-src 'self'", "img-src 'self' http: https:")
"""For the page that shows pictures from their own hosts."""
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def guard(token: str, host: str, port: int) -> Middleware:
    """Lets requests through that carry the token and name this server; answers 403 to all others."""
    cookie = f"collector-studio-{port}"  # Cookies know no ports: two studios must not take each other's.

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = await _answer(request, handler)
        except web.HTTPException as error:
            answer = error
        except Exception as error:
            LOG.exception("%s %s", request.method, request.path)
            answer = web.HTTPInternalServerError(text=f"{type(error).__name__}: {error}")
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if isinstance(answer, web.HTTPException):
            raise answer
        return answer

    async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _ours(request.host, host, port):
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


def _ours(named: str, host: str, port: int) -> bool:
    """Whether a Host header names this server: by the host it was given, or where it listens for others by any address
    or the machine's own name. No name that DNS may lead here is taken."""
    name, _, number = named.rpartition(":")
    if number != str(port):
        return False
    name = name.strip("[]").lower()
    if name in (*LOOPBACKS, host.lower()):
        return True
    return host not in LOOPBACKS and (_is_address(name) or name == socket.gethostname().lower())


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), token.encode())
