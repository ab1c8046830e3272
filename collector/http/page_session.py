"""One page: a GET or POST with its redirects, cookies and body. Never waits, never tries again, never parses."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.cookiejar import Cookie, DefaultCookiePolicy
from types import MappingProxyType
from typing import cast
from urllib.parse import urlencode

import requests
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar, get_cookie_header
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict

from collector.cookies import Cookies, pairs, written
from collector.http.contract import Answer, Request
from collector.http.deadlines import Attempt
from collector.http.decoding import text_of
from collector.http.response_checks import REDIRECTS, redirect_target
from collector.http.safe_adapter import SafeAdapter, discard, headers_of, read_body
from collector.http.safety import check_url
from collector.http.transport import FetchError, shown
from collector.http.user_agent import agent_for
from collector.settings import FetchSettings
from collector.urls import origin, referer_after_redirect

MOST_BYTES = 16_777_216
"""Of a body, on the wire and unpacked."""
REDIRECTED = 5
"""Redirects that are followed."""
COOKIES = 150
"""Most that are kept for a domain; browsers keep about as many."""
USUAL = MappingProxyType(
    {
        "Accept": "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
        "Accept-Language": "en-US,en;q=0.9",
    }
)
ENCODINGS = "gzip, deflate"
_FOR_ALL = frozenset(("accept", "accept-encoding", "accept-language", "range", "referer", "user-agent"))
"""Headers of a source that a site it is redirected to may see; others, such as keys, are for the first alone."""
_HEADER = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""A header's value, in Latin-1: what else is in it would break the request apart, or make no request at all."""
_EMPTY = frozenset((204, 205, 304))


class PageSession:
    """Carries pages for one search and keeps its cookies. Thread-safe."""

    def __init__(self, adapter: SafeAdapter, settings: FetchSettings, given: Cookies) -> None:
        """`given`: cookies of the user's own, which go to their hosts beside those that the sites set."""
        self._adapter, self._settings, self._given = adapter, settings, given
        self._allow_private = settings.allow_private
        strict = DefaultCookiePolicy(strict_domain=True, strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain)
        self._jar = RequestsCookieJar(policy=strict)
        self._jar_lock = threading.Lock()

    def carry(self, request: Request, attempt: Attempt, permit: Callable[[str], None]) -> Answer:
        """The answer, redirects followed; `permit` sees each URL before it is asked, and raises to forbid it.

        FetchError as for pictures: url.*, net.*, http.bad_framing, body.too_big.
        """
        url, form = check_url(request.url, self._allow_private), _form(request)
        headers = CaseInsensitiveDict({**USUAL} | dict(request.headers))
        for _ in range(REDIRECTED + 1):
            permit(url)
            answer = self._send(url, headers, form, attempt)
            with contextlib.closing(answer):
                if answer.status_code not in REDIRECTS:
                    return _read(answer, url, attempt, request.cut_at)
                there = redirect_target(
                    url, answer.headers.get("location", ""), answer.status_code, self._allow_private
                )
                discard(answer)
            if form is not None and answer.status_code in (301, 302, 303):
                form = None
            headers = for_next(headers, url, there)
            if form is not None and origin(url) != origin(there):
                raise FetchError("net.redirect_blocked", "a form is not sent on to another site", answer.status_code)
            url = there
        raise FetchError("net.redirect_loop", f"more than {REDIRECTED} redirects, last {shown(url)}")

    def cookies(self, url: str) -> str:
        """The Cookie header for a URL by what sites have set, without the user's own; "" for none."""
        request = requests.Request("GET", url)
        with self._jar_lock:
            return get_cookie_header(self._jar, request) or ""  # type: ignore[no-untyped-call]

    def _send(
        self, url: str, headers: Mapping[str, str], form: tuple[str, bytes] | None, attempt: Attempt
    ) -> requests.Response:
        request = requests.PreparedRequest()
        request.method, request.url, request.hooks = "GET", url, default_hooks()
        agent = headers.get("User-Agent") or agent_for(url, self._settings)
        request.headers = CaseInsensitiveDict({**headers, "User-Agent": agent, "Accept-Encoding": ENCODINGS})
        if form is not None:
            request.method = "POST"
            request.headers["Content-Type"], request.body = form
            request.headers["Content-Length"] = str(len(request.body))
        said = written(pairs(self.cookies(url)) | pairs(headers.get("Cookie", "")))  # A source's word counts.
        if cookies := self._given.beside(url, said):
            request.headers["Cookie"] = cookies
        if broken := next((name for name, text in request.headers.items() if not _HEADER.fullmatch(text)), ""):
            raise FetchError(
                "page.denied", f"the header {broken} holds a line break or a letter that no header may have"
            )
        answer = self._adapter.carry(request, attempt)
        with self._jar_lock:
            extract_cookies_to_jar(self._jar, request, answer.raw)  # type: ignore[no-untyped-call]
            self._forget_old_cookies()
        return answer

    def _forget_old_cookies(self) -> None:
        """A site that sets another one with every page would refuse a walk that sends them all, as browsers do not."""
        if len(self._jar) <= COOKIES:
            return
        kept = cast("list[Cookie]", list(self._jar))  # As they came.
        counts = Counter(cookie.domain for cookie in kept)
        for cookie in kept:
            if counts[cookie.domain] > COOKIES:
                counts[cookie.domain] -= 1
                self._jar.clear(cookie.domain, cookie.path, cookie.name)


def _read(answer: requests.Response, url: str, attempt: Attempt, cut_at: int | None) -> Answer:
    headers, body = headers_of(answer), b""
    if answer.status_code not in _EMPTY:
        body = read_body(answer, attempt, cut_at or MOST_BYTES, cut=cut_at is not None)
    return Answer(url, answer.status_code, headers, body, text_of(body, headers.get("content-type", "")))


def _form(request: Request) -> tuple[str, bytes] | None:
    """Type and bytes of what is posted; None for a GET."""
    if request.json is not None:
        return "application/json", json.dumps(request.json, ensure_ascii=False).encode("utf-8", "replace")
    if request.form is not None:
        return "application/x-www-form-urlencoded", urlencode(request.form).encode("ascii")
    return None


def for_next(headers: Mapping[str, str], url: str, there: str) -> CaseInsensitiveDict[str]:
    """The headers of the next hop: all of them at the same origin, else those that tell nothing of ours."""
    kept = CaseInsensitiveDict(headers)
    if origin(url) != origin(there):
        kept = CaseInsensitiveDict({name: value for name, value in headers.items() if name.lower() in _FOR_ALL})
        if "Referer" in kept:
            kept["Referer"] = referer_after_redirect(kept["Referer"], url, there)
    if not kept.get("Referer", "x"):
        del kept["Referer"]
    return kept
