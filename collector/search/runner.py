"""One search from start to end: runs the source, numbers and dedupes its hits, bounds its time, names its end.

Posts SearchStarted, Found and SearchEnded. No threads and no Selenium here; browser and clock are given.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from collector.browser.contract import Browser
from collector.cookies import Cookies
from collector.errors import BrowserError, CollectorError, GridBusy, SourceError
from collector.http.contract import Answer, OpenVisit, Request, Visit
from collector.model import Emit, Found, Hit, Noticed, Remembered, Search, SearchEnded, SearchStarted, SearchState
from collector.search import diagnosis
from collector.search.breaker import Breaker, Ending, source_key
from collector.search.lease import BrowserLease
from collector.settings import SearchSettings
from collector.sources.contract import SearchFunction
from collector.sources.storable import storable

DIAGNOSED = (SearchState.BLOCKED, SearchState.LAYOUT)
DIAGNOSIS_TIME = 10.0
"""Seconds that one command may take while the page is kept for a diagnosis."""


class Stopped(Exception):
    """The run stops: the search is left as it is, for the next run."""


class OutOfTime(Exception):
    """The keyword's time is up."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What all searches of a run share."""

    settings: SearchSettings
    emit: Emit
    diagnosis: Path
    open_visit: OpenVisit
    """How pages are asked for without a browser."""
    recall: Callable[[str], str | None] = lambda _: None
    """What earlier runs remembered."""
    remembered: dict[str, str] = field(default_factory=dict)
    """What this run did."""
    cookies: Cookies = field(default_factory=Cookies)
    """The user's own, which no hit may carry off into the ledger."""
    told: set[str] = field(default_factory=set)
    """Lines that the user has read."""
    breaker: Breaker = field(default_factory=Breaker)
    proxy_trouble: Callable[[float], str | None] = lambda _since: None
    """What is wrong with the browsers' proxy, if something is since a moment."""
    stopped: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic

    def tell(self, text: str) -> None:
        """Pass a line on to the user, once in a run."""
        if text not in self.told:
            self.told.add(text)
            self.emit(Noticed(text))


def run_search(
    search: Search, source: SearchFunction, settings: Mapping[str, Any], lease: BrowserLease, terms: Terms
) -> SearchEnded:
    """Do one search and emit what it finds; its end is returned for the caller to emit.

    Raises Stopped when the run stops meanwhile, and whatever else a source raises: that is a bug.
    """
    return SearchRunner(search, source, settings, terms).run(lease)


class SearchRunner:
    """The state of one search; it is also the Web that its source sees."""

    _lease: BrowserLease

    def __init__(self, search: Search, source: SearchFunction, settings: Mapping[str, Any], terms: Terms) -> None:
        self._search, self._source, self._settings = search, source, settings
        self._terms = terms
        self._begun = False
        self._tries_left = terms.settings.restarts + 1
        self._started = self._left_off = terms.clock()
        self._deadline = self._started + terms.settings.keyword_timeout
        self._keys = set(search.known)
        self._found = 0
        self._any = False
        self._visit: Visit | None = None
        self._last: Answer | None = None
        """What came last without a browser."""

    # ------------------------------------------------------------------ Web, for the source

    @property
    def browser(self) -> Browser:
        """The worker's browser, every command of which is preceded by a look at clock and stop."""
        if self._lease.current is None:
            before = self._terms.clock()
            try:
                self._lease.borrow()
            finally:  # A start that takes its time, on a grid above all, is not the search's time.
                self._deadline += self._terms.clock() - before
        browser = self._lease.borrow()
        browser.bound(self._left)
        return browser

    @property
    def settings(self) -> Mapping[str, Any]:
        """The source's own table."""
        return self._settings

    def get(self, request: Request) -> Answer:
        """A page or JSON over plain HTTP; see `Pages`."""
        self._left()
        self._last = self._pages().get(request)
        return self._last

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        """Many pages, several at a time; see `Pages`."""
        self._left()
        for answer in self._pages().get_all(requests, most):
            self._last = answer if isinstance(answer, Answer) else self._last
            yield answer

    def cookies(self, url: str) -> str:
        """The Cookie header this search would send."""
        return self._pages().cookies(url)

    def _pages(self) -> Visit:
        if self._visit is None:
            self._visit = self._terms.open_visit(self._left)
        return self._visit

    def _left(self) -> float:
        """Before every command and page, and after every hit: seconds left; raises when the run or the time ends."""
        self._stop_if_asked()
        left = self.remaining()
        if left <= 0:
            raise OutOfTime
        return left

    def recall(self, name: str) -> str | None:
        """What was remembered under this name, by this run or an earlier one."""
        return self._terms.remembered.get(name) or self._terms.recall(name)

    def remember(self, name: str, text: str) -> None:
        """Keep a text for later searches."""
        self._terms.remembered[name] = text
        self._terms.emit(Remembered(name, text))

    def notice(self, text: str) -> None:
        """Pass a line on to the user, once in a run."""
        self._terms.tell(text)

    def remaining(self) -> float:
        """Seconds left."""
        return self._deadline - self._terms.clock()

    def wanted(self) -> int:
        """How many more new URLs are wanted; `sys.maxsize` when everything is."""
        if self._search.wanted is None:
            return sys.maxsize
        return max(0, self._search.wanted - len(self._keys))

    # ------------------------------------------------------------------ the search

    def run(self, lease: BrowserLease) -> SearchEnded:
        """See `run_search`. After GridBusy it may be called again, by any worker: the search goes on with what it has,
        and the time between is not its own."""
        self._lease = lease
        paused = self._terms.clock() - self._left_off
        self._started += paused
        self._deadline += paused
        try:
            return self._run()
        finally:
            self._left_off = self._terms.clock()

    def _run(self) -> SearchEnded:
        search, terms = self._search, self._terms
        if not self._begun:
            terms.emit(SearchStarted(search))
        self._begun = True
        asked = source_key(search)
        ending = terms.breaker.verdict(asked)
        kept: Path | None = None
        if ending is None:
            try:
                ending = self._tries()
            finally:
                if self._visit is not None:
                    self._visit.close()
                    self._visit = None
            if ending.state in DIAGNOSED or ending.trace is not None:
                kept = self._diagnose(ending)
            if terms.breaker.note(asked, ending):
                text = f"{asked} was {ending.state} twice in a row; it is not asked again in this run"
                terms.emit(Noticed(text, "warning"))
        seconds = terms.clock() - self._started
        return SearchEnded(search, ending.state, ending.reason, ending.detail, self._found, seconds, kept)

    def _tries(self) -> Ending:
        """Once, and again with a new browser each time that one breaks."""
        failure = Ending(SearchState.FAILED, "browser.hung", "there was no time left for a try")
        while self._tries_left > 0:
            try:
                return self._once()
            except GridBusy:
                raise
            except BrowserError as error:
                self._tries_left -= 1
                self._lease.discard()
                self._stop_if_asked()
                failure = Ending(SearchState.FAILED, error.reason, error.detail)
                if self.remaining() <= 0 or error.lasting:
                    break
            except SourceError as error:
                return self._refused(error)
            except OutOfTime:
                return self._out_of_time()
            except (Stopped, CollectorError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - told: what a page holds must not end the other searches
                detail = f"{type(error).__name__}: {error}"[:200]
                return Ending(SearchState.FAILED, "internal.error", detail, traceback.format_exc(limit=-12))
        return failure

    def _refused(self, error: SourceError) -> Ending:
        """A browser cannot tell a proxy that fails from a site that cannot be reached; who stands between them can."""
        away = error.reason == "page.unreachable"
        if away and (proxy := self._terms.proxy_trouble(self._started)) is not None:
            return Ending(error.state, "net.proxy", proxy)
        return Ending(error.state, error.reason, error.detail)

    def _once(self) -> Ending:
        """Pull hits until there are enough or no more. Ranks count the source's different pictures."""
        if self.wanted() == 0:
            return Ending(SearchState.ENOUGH)
        ranked: set[str] = set()
        hits = self._source(self._search, self)
        try:
            for seen in hits:
                self._stop_if_asked()
                self._any = True
                hit = storable(seen)
                if hit is not None and hit.key not in ranked:
                    ranked.add(hit.key)
                    hit = replace(hit, cookies=self._terms.cookies.without(hit.url, hit.cookies))
                    if self._search.wanted is None:  # However long a walk takes, as long as it gets on.
                        self._deadline = self._terms.clock() + self._terms.settings.keyword_timeout
                    self._take(hit, len(ranked))
                if self.wanted() == 0:
                    return Ending(SearchState.ENOUGH)
                self._left()
        finally:
            self._end(hits)
        if self.remaining() <= 0:  # it left off because of the time, not because it was through
            return self._out_of_time()
        return Ending(SearchState.EXHAUSTED if self._any else SearchState.EMPTY)

    def _take(self, hit: Hit, rank: int) -> None:
        """Hand over a hit, unless this search did so already; one that the ledger has is no find, but may have changed.

        Waiting for results that are not taken is not the search's time.
        """
        if hit.key not in self._keys:
            self._keys.add(hit.key)
            self._found += hit.skip_reason is None
        elif hit.key not in self._search.known:
            return
        before = self._terms.clock()
        self._terms.emit(Found(self._search, rank, hit))
        self._deadline += self._terms.clock() - before

    def _end(self, hits: Iterator[Hit]) -> None:
        """Let a generator run its `finally`; a browser that fails even there is not used again."""
        close: Callable[[], None] | None = getattr(hits, "close", None)
        if close is None:
            return
        try:
            close()
        except (BrowserError, SourceError, OutOfTime, Stopped):
            self._lease.discard()

    def _stop_if_asked(self) -> None:
        if self._terms.stopped():
            raise Stopped

    def _out_of_time(self) -> Ending:
        seconds = f"{self._terms.settings.keyword_timeout:g} s"
        what = f"nothing came for {seconds}" if self._search.wanted is None else f"not done after {seconds}"
        detail = f"{what}; what was found is kept"
        return Ending(SearchState.FAILED, "search.timeout", detail)

    def _diagnose(self, ending: Ending) -> Path | None:
        browser = self._lease.current
        if browser is None and ending.trace is None and self._last is None:
            return None  # a source that asked no page
        if browser is not None:
            browser.bound(lambda: DIAGNOSIS_TIME)
        now = datetime.now().astimezone()
        return diagnosis.keep(self._terms.diagnosis, self._search, ending, browser, self._last, now)
