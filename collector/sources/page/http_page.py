"""A page over plain HTTP, and what its answer means: a page, a picture, a wall, nothing. Never opens a browser."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from collector.errors import SourceError
from collector.http.contract import Answer, Pages, Request
from collector.model import SearchState
from collector.sources.page.candidates import Figure
from collector.sources.page.markup import Sights
from collector.urls import hostname, resolved, url_key

_ACCEPT: Final = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/*,*/*;q=0.8"}
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CHALLENGE: Final = re.compile(
    r"/cdn-cgi/challenge-platform/|cf-chl-|cf_chl_opt|_Incapsula_Resource|/_sec/cp_challenge/|captcha-delivery\.com|"
    r"px-captcha|/akam/\d+/|awswaf\.com/|ddos-guard/js-challenge|sgcaptcha|class=[\"']g-recaptcha[\"']|h-captcha[\"']",
)
"""Paths and names in the programs of walls; in a page that is small otherwise."""
_CHALLENGE_HEADERS: Final = ("cf-mitigated", "x-amzn-waf-action", "x-datadome")
REFRESHED: Final = 3
"""Pages that lead on by themselves, one after the other."""
_SOON: Final = 10.0
"""Seconds after which at most a page leads on; one that waits longer is there to be looked at."""
_HEAD: Final = 65_536
"""Characters in which that is looked for."""
_SHORT: Final = 60_000
"""Characters up to which a page with a wall's program is the wall itself."""


def _is_path(keyword: str) -> bool:
    return keyword.startswith("/") and not keyword.startswith("//")


def addresses(keyword: str, home: str) -> list[str]:
    """The URLs that a keyword may mean, the likeliest first; a path alone is one at the home address."""
    text = keyword.strip()
    if _is_path(text):
        if not home:
            raise SourceError(SearchState.FAILED, "page.gone", "a path alone, and no setting `home` that it belongs to")
        return [home.rstrip("/") + text]
    text = text.removeprefix("//")
    if _SCHEME.match(text):
        return [text]
    return [f"https://{text}", f"http://{text}"]


def validate_keyword(keyword: str) -> str | None:
    """What is wrong with a page's address, in one line; None when nothing is."""
    if _is_path(keyword.strip()):
        return None
    try:
        parts = urlsplit(addresses(keyword, "")[0])
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return f"not the address of a page: {error}"
    if parts.scheme.lower() not in ("http", "https"):
        return f"not the address of a page: {parts.scheme}: is neither http nor https"
    if not host or " " in host or ("." not in host and ":" not in host and host != "localhost"):
        return "not the address of a page, such as https://example.org/gallery"
    return None


def default_label(keyword: str) -> str:
    """The host without www, and the first word of the path: `example.org gallery`."""
    parts = urlsplit(addresses(keyword, "http://page")[0])
    host = (parts.hostname or "").removeprefix("www.")
    host = "" if _is_path(keyword.strip()) else host
    words = [word for word in parts.path.split("/") if word]
    first = re.sub(r"\.(?:html?|php|aspx?|jsp)$", "", words[0], flags=re.IGNORECASE) if words else ""
    return f"{host} {first[:40]}".strip() or keyword


def fetched(keyword: str, web: Pages, home: str) -> Answer:
    """The page's answer, whatever its status, or that of the page it leads on to by itself. SourceError when no address
    of it can be reached."""
    answer = _first(keyword, web, home)
    for _ in range(REFRESHED):
        if not (there := refreshed(answer)):
            break
        answer = web.get(Request(there, headers=_ACCEPT, crawl=True))
    return answer


def _first(keyword: str, web: Pages, home: str) -> Answer:
    *guesses, last = addresses(keyword, home)
    for guess in guesses:
        try:
            return web.get(Request(guess, headers=_ACCEPT, crawl=True))
        except SourceError as error:
            if error.state is not SearchState.UNREACHABLE and error.reason != "policy.robots":
                raise  # rules that cannot be had over TLS are asked for without it as well
    return web.get(Request(last, headers=_ACCEPT, crawl=True))


def refreshed(answer: Answer) -> str:
    """Where a page leads on (`<meta http-equiv="refresh">`), as it would in a browser; "" when it stays."""
    start = answer.text[:_HEAD]
    if not 200 <= answer.status < 300 or "refresh" not in start.lower() or kind(answer) != "page":
        return ""
    from w3lib.html import get_base_url, get_meta_refresh

    try:
        seconds, url = get_meta_refresh(start, get_base_url(start, answer.url))
    except ValueError:  # One of the addresses is none.
        return ""
    there = resolved(url or "", answer.url) if seconds is not None and seconds <= _SOON else ""
    return there if there and url_key(there) != url_key(answer.url) else ""


def is_challenge(answer: Answer) -> bool:
    """Whether a wall stands before the page that a browser, or a person in it, may pass."""
    if any(name in answer.headers for name in _CHALLENGE_HEADERS) and answer.status in (200, 202, 403, 405, 429, 503):
        return answer.status != 200 or is_wall(answer.text)
    return is_wall(answer.text)


def is_wall(text: str) -> bool:
    """The same of a page's HTML alone."""
    return len(text) <= _SHORT and bool(_CHALLENGE.search(text)) and text.count("<img") < 3


def check(answer: Answer) -> None:
    """SourceError for an answer that is not the page."""
    status, host = answer.status, hostname(answer.url)
    if 200 <= status < 300:
        return
    if status in (404, 410):
        raise SourceError(SearchState.FAILED, "page.gone", f"{host} answered {status}")
    if status in (401, 407):
        raise SourceError(SearchState.BLOCKED, "page.denied", f"{host} answered {status}")
    if status in (403, 405, 406, 451):
        raise SourceError(SearchState.BLOCKED, "page.blocked", f"{host} answered {status}")
    if status >= 500:
        raise SourceError(SearchState.UNREACHABLE, "page.unreachable", f"{host} answered {status}")
    raise SourceError(SearchState.LAYOUT, "page.layout", f"{host} answered {status}")


def kind(answer: Answer) -> str:
    """picture, page, data or other, by the answer's type, and by its first bytes where that says nothing."""
    named = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    start = answer.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if named.startswith("image/") and not named.startswith("image/svg"):
        return "picture"
    if named in ("text/html", "application/xhtml+xml", "image/svg+xml") or start.startswith(
        (b"<!doctype html", b"<html")
    ):
        return "page"
    if (
        named.endswith(("json", "xml", "rss", "atom"))
        or start[:1] == b"{"
        or start.startswith((b"<?xml", b"<rss", b"<feed"))
    ):
        return "data"
    if answer.body[:3] == b"\xff\xd8\xff" or answer.body[:4] in (b"\x89PNG", b"GIF8", b"RIFF"):
        return "picture"
    return "page" if start[:1] == b"<" or (named in ("", "text/plain") and b"<" in start) else "other"


def needs_browser(sights: Sights, wanted: list[Figure]) -> bool:
    """Whether a page shows no picture of its own but has programs that may bring some.

    What its head names does not count: a page that is only a program has that too.
    """
    return not wanted and (sights.app or sights.scripts > 0)
