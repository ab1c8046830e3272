"""The pages that stand in a searcher's way: consent, captcha, shells, refusals. Each has the real one's signals.

Only the signals are real (form targets, ids, paths, status); the words are ours. Nothing here leaves the loopback:
the consent form names Google's address, as it must, but the page's own script sends it to this server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from importlib.resources import files
from urllib.parse import quote, urlencode

from aiohttp import web

from collector.practice import troubles
from collector.practice.layouts.view import View
from collector.practice.results import Result

CONSENT_COOKIES = ("SOCS", "CONSENT")
"""A browser that carries one of them has answered the consent page."""
EXEMPTION_COOKIE = "GOOGLE_ABUSE_EXEMPTION"
"""A browser that carries it has solved the captcha."""
_AGAIN = "#again"
SAFE = {"Content-Security-Policy": "form-action 'self'"}
"""Even a script that submits the consent form by force cannot reach Google's address."""


def met(state: str, cookies: Mapping[str, str]) -> str:
    """The state that a browser with these cookies meets: what was answered or solved is not asked again."""
    if state in ("consent", "consent_overlay") and any(name in cookies for name in CONSENT_COOKIES):
        return "results"
    if state in ("captcha", "captcha_iframe") and EXEMPTION_COOKIE in cookies:
        return "results"
    return state


async def barrier(request: web.Request, view: View, found: list[Result]) -> web.StreamResponse | None:
    """The page that stands before the results in the view's state, None when there is none."""
    state = view.state
    if state == "consent":
        return _to("/consent/m", request)
    if state == "captcha":
        return _to("/sorry/index", request)
    if state == "silent":
        return await troubles.silence()
    if state == "reset":
        return await troubles.reset(request)
    if state == "blocked":
        return _html(403, "<html><title>Error 403 (Forbidden)</title><p>Your client may not have this page.</p></html>")
    if state in ("script_wall", "app_shell"):
        return _html(200, _shell(view, 92_000 if state == "app_shell" else 0))
    if state == "legacy":
        return _html(200, _legacy(view, found[:20]))
    if state == "unknown":
        return _html(200, _unknown(view, found[:40]))
    return None


def challenge(request: web.Request, view: View) -> web.Response | None:
    """The challenge of a scroll request, or None."""
    if view.state != "captcha_iframe":
        return None
    address = _with_return("/sorry/index", request)
    return web.Response(text="", headers={"X-Sorry-Redirect": address, "X-Sg-Cs": "1"})


def resolved(manner: str, address: str, seal: Callable[[str], str]) -> web.Response:
    """What a token leads to: see `Knobs.redirect`. The odd ways take turns by the address."""
    if manner == "mute":
        return web.Response(text="")
    if address.endswith(_AGAIN):
        return web.Response(status=302, headers={"Location": address.removesuffix(_AGAIN)})
    oddity = len(address) + sum(address.encode()) if manner == "odd" else 0
    status, location = (
        (302, address),
        (402, address),
        (200, address),
        (303, f"/url?q={quote(address, safe='')}"),
        (302, seal(address + _AGAIN)),
    )[oddity % 5]
    return web.Response(status=status, headers={"Location": location}, text="")


async def consent(request: web.Request) -> web.Response:
    """The full consent page: two forms, told apart by `set_eom`."""
    page = _page("consent.html").replace("__CONTINUE__", escape(request.query.get("continue", "/")))
    return web.Response(text=page, content_type="text/html", headers=SAFE)


async def consent_saved(request: web.Request) -> web.Response:
    """Either answer sets the cookie and leads back to the search."""
    form = await request.post()
    answer = web.Response(status=303, headers={"Location": _local(str(form.get("continue", "/")))})
    answer.set_cookie("SOCS", "CAE" + ("R" if form.get("set_eom") == "true" else "A"), path="/")
    return answer


async def sorry(request: web.Request) -> web.Response:
    """The captcha page, status 429."""
    page = _page("sorry.html").replace("__CONTINUE__", escape(request.query.get("continue", "/")))
    page = page.replace("__TITLE__", escape(str(request.url)))
    return web.Response(status=429, text=page, content_type="text/html", headers=SAFE)


async def sorry_solved(request: web.Request) -> web.Response:
    """What happens when a person has solved it: an exemption cookie and the way back."""
    form = await request.post()
    answer = web.Response(status=303, headers={"Location": _local(str(form.get("continue", "/")))})
    answer.set_cookie(EXEMPTION_COOKIE, "ID=practice", path="/")
    return answer


async def enable_scripts(_request: web.Request) -> web.Response:
    """Where browsers without scripts are sent."""
    return _html(200, "<html><title>Google Search</title><p>Turn on JavaScript to keep searching.</p></html>")


def _to(path: str, request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": _with_return(path, request)})


def _with_return(path: str, request: web.Request) -> str:
    back = request.raw_path
    if "asearch" in request.query:
        keep = {name: value for name, value in request.query.items() if name not in ("asearch", "async", "start", "ei")}
        back = f"{request.path}?{urlencode(keep)}"
    return f"{path}?{urlencode({'continue': back, 'q': 'EgQ'})}"


def _local(address: str) -> str:
    """Only addresses of this server are led back to."""
    return address if address.startswith("/") and not address.startswith("//") else "/"


def _html(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html")


def _page(name: str) -> str:
    return files("collector.practice.layouts").joinpath(name).read_text(encoding="utf-8")


def _shell(view: View, weight: int) -> str:
    filling = "<script>/*" + "practice " * (weight // 9) + "*/</script>" if weight else ""
    return (
        f"<!doctype html><html><head><title>Google Search</title></head><body>{filling}<noscript>"
        f'<iframe src="/httpservice/retry/enablejs?sei={view.event}"></iframe></noscript>'
        '<div>Click <a href="#">here</a> if you\'re not redirected within a few seconds.</div></body></html>'
    )


def _legacy(view: View, found: list[Result]) -> str:
    cells = "".join(
        f'<td><a href="/url?q={quote(one.page)}"><img src="{escape(one.thumbnail)}" height="100" alt=""></a>'
        f"<br>{escape(one.domain)}</td>" + ("</tr><tr>" if one.number % 4 == 3 else "")
        for one in found
    )
    title = escape(f"{view.wanted.keyword} - Google Search")
    return f"<html><head><title>{title}</title></head><body><table><tr>{cells}</tr></table></body></html>"


def _unknown(view: View, found: list[Result]) -> str:
    cells = "".join(
        f'<figure><img src="{escape(one.thumbnail)}" alt="" height="160">'
        f"<figcaption>{escape(one.title)}</figcaption></figure>"
        for one in found
    )
    title = escape(f"{view.wanted.keyword} - Google Search")
    return f"<!doctype html><html><head><title>{title}</title></head><body><main>{cells}</main></body></html>"
