"""Tries things out before a night's run: one start of the browser, and each way to a URL on a real page.

Keeps nothing and never prints.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from collector.http.contract import OpenVisit
from collector.model import Found, Noticed, Query, Search, SearchState
from collector.search.browsers import Browsers
from collector.search.lease import BrowserLease
from collector.search.runner import Stopped, Terms, run_search
from collector.settings import SearchSettings
from collector.sources.contract import SearchFunction, Source

LONGEST = 60.0
"""Seconds for one way."""
ENOUGH = 5
"""Pictures by which a way is believed."""
MOST = {"batch": 300}
"""Pictures asked for until a way has brought enough; batches come after the first hundred."""
FEW = 20
AT_ONCE = {"batch": "rows"}
"""Way -> the harvest that brings it, where that has another name."""


@dataclass(frozen=True, slots=True)
class Started:
    """A browser that started, showed a page and ended."""

    agent: str
    """What it says it is (User-Agent)."""
    headed: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Way:
    """How a way to a URL fared."""

    name: str
    """"" when the source has only one."""
    matched: int
    """Full-size pictures that it brought."""
    others: int
    """Pictures that came another way, or small."""
    state: SearchState
    reason: str = ""
    detail: str = ""
    told: tuple[str, ...] = ()
    """What the source had to say about the page."""


def start_once(settings: SearchSettings) -> Started:
    """Start the browser that a run would use. BrowserError, UsageError and FolderLocked say why it does not."""
    browsers = Browsers(settings, lambda _event: None)
    before = time.monotonic()
    try:
        with closing(browsers.start(1)) as browser:
            browser.rest()
            agent = str(browser.run("return navigator.userAgent"))
            browser.screenshot()
            return Started(agent, browser.headed, time.monotonic() - before)
    finally:
        browsers.close()


def try_ways(
    name: str,
    source: Source,
    table: Mapping[str, Any],
    settings: SearchSettings,
    open_visit: OpenVisit,
    allow_private: bool = False,
) -> Iterator[Way]:
    """Search a source for its example, once by each way, until it refuses. BrowserError when no browser starts."""
    browsers = Browsers(settings, lambda _event: None, allow_private)
    bounded = replace(settings, keyword_timeout=min(settings.keyword_timeout, LONGEST))
    lease = BrowserLease(lambda: browsers.start(1), bounded)
    try:
        for way in source.strategies or ("",):
            chosen = {**table, "harvest": AT_ONCE.get(way, way)} if way else table
            query = Query(source.example, source.example, ENOUGH, (name,))
            search = Search(0, query, name, MOST.get(way, FEW))
            result = _try(search, source.search, chosen, way, lease, bounded, open_visit)
            yield result
            if result.state in (SearchState.BLOCKED, SearchState.UNREACHABLE) or result.reason == "browser.start":
                return  # asking again would make it worse
            lease.give_back()
    finally:
        lease.discard()
        browsers.close()


def _try(
    search: Search,
    source: SearchFunction,
    table: Mapping[str, Any],
    way: str,
    lease: BrowserLease,
    settings: SearchSettings,
    open_visit: OpenVisit,
) -> Way:
    counted: Counter[bool] = Counter()
    told: list[str] = []

    def count(event: object) -> None:
        if isinstance(event, Noticed):
            told.append(event.text)
        if isinstance(event, Found):
            counted[not event.hit.is_thumbnail and way in ("", event.hit.way)] += 1

    with TemporaryDirectory(prefix="collector-self-test-") as folder:
        terms = Terms(settings, count, Path(folder), open_visit, stopped=lambda: counted[True] >= ENOUGH)
        try:
            ended = run_search(search, source, table, lease, terms)
        except Stopped:
            return Way(way, counted[True], counted[False], SearchState.ENOUGH, told=tuple(told))
    return Way(way, counted[True], counted[False], ended.state, ended.reason, ended.detail, tuple(told))
