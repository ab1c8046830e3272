"""HTTP with requests: one session, one TLS context, own redirects, own reads. Never looks at the bytes.

Heavy imports: load it only where downloads are about to start. requests' conveniences that read the
environment, keep cookies, follow redirects or unpack without a limit are all left out.
"""

from __future__ import annotations

import contextlib
import ssl
import time

import requests
from requests.hooks import default_hooks
from requests.structures import CaseInsensitiveDict
from urllib3.util import SKIP_HEADER

from collector import __version__
from collector.http.deadlines import Attempt, Watchdog
from collector.http.response_checks import REDIRECTS, WITH_BODY, redirect_target
from collector.http.safe_adapter import GuardedAdapter, discard, headers_of, read_body, tls_context
from collector.http.safety import Resolve, check_url, system_resolve
from collector.http.transport import Ask, FetchError, Reply, shown
from collector.settings import FetchSettings
from collector.urls import origin, referer_after_redirect


class RequestsDownload:
    """`Download` by requests. Thread-safe; `resolve` and `context` are arguments for tests."""

    def __init__(
        self,
        settings: FetchSettings,
        resolve: Resolve = system_resolve,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._watchdog = Watchdog(settings.minimum_speed, settings.slow_time)
        self._user_agent = settings.user_agent.replace("{version}", __version__)
        self._adapter = GuardedAdapter(settings, resolve, context or tls_context())

    def __call__(self, ask: Ask) -> Reply:
        """See `Download`."""
        with self._watchdog.attempt(ask.seconds) as attempt:
            return self._follow(ask, attempt)

    def cut(self) -> None:
        """See `Download`."""
        self._watchdog.cut_all()

    def close(self) -> None:
        """See `Download`."""
        self._adapter.close()
        self._watchdog.close()

    # ----------------------------------------------------------------- redirects

    def _follow(self, ask: Ask, attempt: Attempt) -> Reply:
        """Ask, and follow redirects one by one; each hop is checked like the first URL."""
        url, referer, cookies = check_url(ask.url, self._settings.allow_private), ask.referer, ask.cookies
        for hops in range(self._settings.max_redirects + 1):
            try:
                answer = self._get(ask, url, referer, cookies, attempt)
            except FetchError as error:
                if hops and error.reason.startswith("url."):
                    raise FetchError("net.redirect_blocked", error.detail) from None
                raise
            with contextlib.closing(answer):
                if answer.status_code not in REDIRECTS:
                    body = self._body(answer, ask, attempt)
                    headers = headers_of(answer)
                    seconds = time.monotonic() - attempt.started
                    return Reply(answer.status_code, url, headers, body, hops, referer, seconds)
                location, status = answer.headers.get("location", ""), answer.status_code
                allowed, blocked = self._settings.allow_private, self._settings.block_hosts
                there = redirect_target(url, location, status, allowed, blocked)
                discard(answer)
            referer = referer_after_redirect(referer, url, there)
            cookies = cookies if cookies and origin(url) == origin(there) else ""
            url = there
        raise FetchError("net.redirect_loop", f"more than {self._settings.max_redirects} redirects, last {shown(url)}")

    # ----------------------------------------------------------------- one request

    def _get(self, ask: Ask, url: str, referer: str, cookies: str, attempt: Attempt) -> requests.Response:
        request = requests.PreparedRequest()
        request.method, request.url, request.hooks = "GET", url, default_hooks()
        agent = self._user_agent if ask.agent is None else ask.agent or SKIP_HEADER
        headers = {"User-Agent": agent, "Accept": ask.accept, "Accept-Encoding": "identity"}
        if referer:
            headers["Referer"] = referer
        if cookies:
            headers["Cookie"] = cookies
        request.headers = CaseInsensitiveDict(headers)
        return self._adapter.carry(request, attempt)

    def _body(self, answer: requests.Response, ask: Ask, attempt: Attempt) -> bytes:
        if answer.status_code not in WITH_BODY:
            discard(answer)
            return b""
        return read_body(answer, attempt, ask.limit or self._settings.max_bytes, whole=not ask.robots)
