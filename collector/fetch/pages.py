"""Pages and JSON over plain HTTP for sources that need no browser. Never fetches a picture and never parses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests

from collector import __version__
from collector.contracts import Answer, SourceError, Throttled
from collector.model import SearchState
from collector.settings import FetchSettings


class PageClient:
    """What all searches of a run share: pace and pauses of hosts. Thread-safe."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def visit(self, left: Callable[[], float]) -> PageVisit:
        """Pages for one search; `left` gives its seconds left and raises when it is to stop."""
        return PageVisit(self, self._settings, left)

    def turn(self, host: str, rate: float) -> float:
        """Seconds to wait before the host may be asked, its turn taken."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next.get(host, 0.0))
            self._next[host] = at + (1 / rate if rate else 0.0)
            return at - now

    def pause(self, host: str, seconds: float) -> None:
        """Nobody asks the host for so long."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + seconds)


class PageVisit:
    """See `collector.contracts.Visit`."""

    def __init__(self, client: PageClient, settings: FetchSettings, left: Callable[[], float]) -> None:
        self._client, self._left = client, left
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = settings.user_agent.replace("{version}", __version__)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        rate: float = 0.0,
        throttled: Throttled | None = None,
        crawl: bool = False,
    ) -> Answer:
        """See `collector.contracts.Pages`."""
        host = urlsplit(url).netloc
        for number in range(1, 10):
            time.sleep(min(self._client.turn(host, rate), max(0.0, self._left())))
            method = "POST" if form is not None else "GET"
            try:
                got = self._session.request(method, url, params=params, headers=headers, data=form, timeout=15)
            except requests.RequestException as error:
                raise SourceError(SearchState.UNREACHABLE, "page.unreachable", str(error)) from None
            names = {name.lower(): value for name, value in got.headers.items()}
            answer = Answer(got.url, got.status_code, names, got.content, got.text)
            usual = 0.0 if got.status_code in (429, 503) else None
            wait = usual if throttled is None else throttled(answer)
            if wait is None:
                return answer
            self._client.pause(host, wait or 2.0**number)
        raise SourceError(SearchState.BLOCKED, "page.rate_limited", f"{host} asks to come back later")

    def cookies(self, url: str) -> str:
        """See `collector.contracts.Pages`."""
        request = requests.Request("GET", url)
        return str(self._session.prepare_request(request).headers.get("Cookie", ""))

    def close(self) -> None:
        """See `collector.contracts.Visit`."""
        self._session.close()
