"""Pages and JSON over plain HTTP for sources that need no browser. Never fetches a picture and never parses.

Each request is checked as those for pictures are. Here is what is around it: tries, shared pace and pauses, robots.txt.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from urllib.parse import urlencode

from collector.cookies import Cookies
from collector.errors import SourceError
from collector.http.contract import Answer, Request, Throttled
from collector.http.deadlines import Watchdog
from collector.http.limits import LONGEST_PAUSE, RequestLimits
from collector.http.page_session import PageSession
from collector.http.prefetch import in_order
from collector.http.robots import MOST_BYTES, Robots, Rules
from collector.http.robots import SECONDS as ROBOTS_SECONDS
from collector.http.safe_adapter import SafeAdapter, tls_context
from collector.http.safety import Resolve, system_resolve
from collector.http.transport import FetchError, Reply, retry_after
from collector.http.user_agent import WIKIMEDIA_CONNECTIONS, is_wikimedia
from collector.model import SearchState
from collector.reasons import Fate, fate
from collector.settings import FetchSettings
from collector.urls import host_of, origin

SECONDS = 30.0
"""One request, from name resolution to the last byte, redirects included."""
TRIES = 3
PAUSES = 8
"""Times that one page is asked for again after its host asked to slow down."""
STEP = 0.2
"""Longest sleep in one piece, so that a stop is noticed."""
SLOW_DOWN = frozenset((429, 503))


class PageClient:
    """What all searches of a run share: pace and pauses of hosts, robots.txt. Thread-safe.

    `notice` is told once per host whose robots.txt is not looked at; the rest is for tests.
    """

    def __init__(
        self,
        settings: FetchSettings,
        notice: Callable[[str], None] = lambda _: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: random.Random | None = None,
        resolve: Resolve = system_resolve,
    ) -> None:
        self.settings, self.clock, self.sleep, self.resolve = settings, clock, sleep, resolve
        self.chance = chance or random.Random()
        self.limits, self.robots = RequestLimits(clock), Robots(clock)
        self.cookies = Cookies.read(settings.cookies)
        self._notice, self._noticed = notice, set[str]()
        self._connections: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
            partial(threading.BoundedSemaphore, WIKIMEDIA_CONNECTIONS)
        )
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def visit(self, left: Callable[[], float]) -> PageVisit:
        """Pages for one search; `left` gives its seconds left and raises when it is to stop."""
        return PageVisit(self, left)

    def adapter(self) -> SafeAdapter:
        """Connections for one visit."""
        with self._lock:
            self._context = self._context or tls_context()
        return SafeAdapter(self.settings, self.resolve, self._context)

    @contextmanager
    def connection(self, host: str, left: Callable[[], float]) -> Iterator[None]:
        """One of the few that a host of Wikimedia's allows at a time; any other allows as many as are asked for."""
        if not is_wikimedia(host):
            yield
            return
        with self._lock:
            allowed = self._connections[host]
        while not allowed.acquire(timeout=min(STEP, left())):
            pass
        try:
            yield
        finally:
            allowed.release()

    def unheeded(self, host: str) -> None:
        """The user chose not to obey the host's robots.txt: said once."""
        with self._lock:
            if host in self._noticed:
                return
            self._noticed.add(host)
        self._notice(f"{host}: robots.txt is not looked at (fetch.robots is off)")


class PageVisit:
    """See `collector.http.contract.Visit`. Belongs to one search; `get_all` asks from several threads."""

    def __init__(self, client: PageClient, left: Callable[[], float]) -> None:
        self._client, self._limits, self._left_of_search = client, client.limits, left

    def get(self, request: Request) -> Answer:
        """See `collector.http.contract.Pages`."""
        url = _with(request.url, request.params)
        permit = self._permit if request.crawl else _anything
        try:
            permit(url)
            rate = self._slower(url, request.rate) if request.crawl else request.rate
            return self._asked(replace(request, url=url, params={}, rate=rate), permit, request.within)
        except FetchError as error:
            raise _as_source_error(error, host_of(url)) from None

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        """See `collector.http.contract.Pages`."""
        _ = self._session, self._watchdog  # Made here, before several threads want them.
        return in_order(self.get, requests, most)

    def cookies(self, url: str) -> str:
        """See `collector.http.contract.Pages`."""
        return self._session.cookies(url)

    def close(self) -> None:
        """See `collector.http.contract.Visit`."""
        if "_adapter" in self.__dict__:
            self._adapter.close()
        if "_watchdog" in self.__dict__:
            self._watchdog.close()

    @cached_property
    def _adapter(self) -> SafeAdapter:
        return self._client.adapter()

    @cached_property
    def _watchdog(self) -> Watchdog:
        settings = self._client.settings
        return Watchdog(settings.minimum_speed, settings.slow_time)

    @cached_property
    def _session(self) -> PageSession:
        return PageSession(self._adapter, self._client.settings, self._client.cookies)

    # ------------------------------------------------------------------ tries and pauses

    def _asked(self, request: Request, permit: Callable[[str], None], seconds: float) -> Answer:
        """The answer, after as many tries as it takes, within so many seconds; the waits until the host may be asked do
        not count. FetchError of the last one."""
        host = host_of(request.url)
        ends = self._client.clock() + seconds
        failed = paused = 0
        while True:
            ready = self._client.clock()
            try:
                with self._client.connection(host, self._left):
                    self._take_turn(host, request.rate)
                    began = self._client.clock()
                    ends += began - ready
                    left = max(0.01, min(SECONDS, self._left(), ends - began))
                    with self._watchdog.attempt(left) as attempt:
                        answer = self._session.carry(request, attempt, permit)
                wait = _wish(answer, request.throttled)
                if wait is None and answer.status < 500:
                    self._limits.succeeded(host)
                    return answer
                if wait is None:
                    raise FetchError(f"http.{answer.status}", f"HTTP {answer.status}", answer.status)
            except FetchError as error:
                failed += 1
                passes = fate(error.reason) is Fate.RETRY or error.status >= 500
                if failed >= TRIES or not passes or self._client.clock() >= ends:
                    raise
                self._sleep(self._client.chance.uniform(0.0, 0.5 * 2.0**failed))
                continue
            paused += 1
            for slowed in {host, host_of(answer.url)}:
                self._limits.slow_down(slowed, wait, began)
            if paused > PAUSES:
                raise _come_back(host, self._limits.pause(host))

    def _take_turn(self, host: str, rate: float) -> None:
        """Wait until the host may be asked. SourceError when that is longer than the search has."""
        while wait := self._limits.turn(host, rate):
            pause, left = self._limits.pause(host), self._left()
            if pause > min(LONGEST_PAUSE, left):
                raise _come_back(host, pause)
            self._client.sleep(min(wait, STEP, left))

    def _sleep(self, seconds: float) -> None:
        ends = self._client.clock() + seconds
        while (wait := ends - self._client.clock()) > 0:
            self._client.sleep(min(wait, STEP, self._left()))

    def _left(self) -> float:
        left = self._left_of_search()
        if left <= 0:
            raise SourceError(SearchState.UNREACHABLE, "page.unreachable", "no time left for the answer")
        return left

    # ------------------------------------------------------------------ robots.txt

    def _permit(self, url: str) -> None:
        """SourceError when the site's robots.txt forbids a URL."""
        if not self._client.settings.robots:
            self._client.unheeded(host_of(url))
            return
        rules = self._rules(url)
        if isinstance(rules, FetchError):
            if not rules.status:  # Nobody answered: that is the host's trouble, and no rule of its.
                raise _as_source_error(rules, host_of(url))
            why = f"{host_of(url)} {rules.detail}; until it can be had, nothing may be asked"
            raise SourceError(SearchState.BLOCKED, "policy.robots", why)
        if why := rules.forbids(url):
            raise SourceError(SearchState.BLOCKED, "policy.robots", why)

    def _slower(self, url: str, rate: float) -> float:
        rules = self._rules(url) if self._client.settings.robots else None
        delay = rules.delay if isinstance(rules, Rules) else 0.0
        return min(rate or 1 / delay, 1 / delay) if delay else rate

    def _rules(self, url: str) -> Rules | FetchError:
        def get(address: str) -> Reply:
            answer = self._asked(Request(address, cut_at=MOST_BYTES), _anything, ROBOTS_SECONDS)
            return Reply(answer.status, answer.url, answer.headers, answer.body)

        return self._client.robots.rules(origin(url), get)


def _anything(_url: str) -> None:
    """What needs no permission: an API, and robots.txt itself."""


def _with(url: str, params: Mapping[str, str | int]) -> str:
    if not params:
        return url
    base, hash_, fragment = url.partition("#")
    return base + ("&" if "?" in base else "?") + urlencode(params) + hash_ + fragment


def _wish(answer: Answer, throttled: Throttled | None) -> float | None:
    """Seconds that the answer asks everybody to wait, 0 when it names none; None when it does not ask."""
    wish = (0.0 if answer.status in SLOW_DOWN else None) if throttled is None else throttled(answer)
    return wish if wish is None or wish > 0 else retry_after(answer.headers.get("retry-after")) or 0.0


def _come_back(host: str, seconds: float) -> SourceError:
    text = f"{host} asks to slow down; come back in {max(1, round(seconds))} s"
    return SourceError(SearchState.BLOCKED, "page.rate_limited", text)


def _as_source_error(error: FetchError, host: str) -> SourceError:
    if error.reason == "net.proxy":
        return SourceError(SearchState.UNREACHABLE, error.reason, error.detail)
    detail = error.detail if error.detail.startswith(host) else f"{host}: {error.detail}"
    if fate(error.reason) is Fate.RETRY or error.reason.startswith(("http.", "net.tls")):
        return SourceError(SearchState.UNREACHABLE, "page.unreachable", detail)
    return SourceError(SearchState.FAILED, error.reason, detail)
