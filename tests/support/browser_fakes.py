"""A browser, a clock and sources in the host's own words: `pages(hit(1), Crash, hit(2))`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from collector.browser.contract import PageRequest
from collector.errors import BrowserError
from collector.http.contract import Visit
from collector.model import Found, Hit, Search, SearchEnded
from collector.search.lease import BrowserLease
from collector.search.runner import Terms, run_search
from collector.settings import SearchSettings
from collector.sources.contract import SearchFunction, Web


class Clock:
    """Stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeBrowser:
    """Remembers what it is asked; `run` does what the test gave it."""

    headed = False

    def __init__(self, run: Callable[..., Any] | None = None, memory: int = 0) -> None:
        self.asked: list[str] = []
        self.limits: list[float] = []
        """Seconds that each command was given."""
        self._left: Callable[[], float] = lambda: math.inf
        self.closed = False
        self._run = run
        self._memory = memory

    def open(self, url: str) -> None:
        self._told(f"open {url}")

    def run(self, script: str, *arguments: Any) -> Any:
        self._told(f"run {script}")
        return self._run(script, *arguments) if self._run else None

    def run_async(self, script: str, *arguments: Any) -> Any:
        return self.run(script, *arguments)

    def apart(self, script: str, *arguments: Any) -> Any:
        return self.run(script, *arguments)

    def held(self, name: str, keys: Sequence[str]) -> list[Any]:
        return [None] * len(keys)

    def pending(self) -> int:
        return 0

    def click(self, x: float, y: float) -> None:
        self._told(f"click {x} {y}")

    def move(self, x: float, y: float) -> None:
        self._told(f"move {x} {y}")

    def press(self, key: str) -> None:
        self._told(f"press {key}")

    def address(self) -> str:
        return "http://site.test/page"

    def html(self) -> str:
        return "<h1>the page</h1>"

    def screenshot(self) -> bytes:
        return b"\x89PNG"

    def responses(self) -> list[tuple[PageRequest, str]]:
        return []

    def bound(self, left: Callable[[], float]) -> None:
        self._left = left

    def _told(self, what: str) -> None:
        self.limits.append(self._left())
        self.asked.append(what)

    def rest(self) -> None:
        self.asked.append("rest")

    def memory(self) -> int:
        return self._memory

    def kill(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True


def no_visit(left: object) -> Visit:
    """For sources that ask for no page without a browser."""
    raise AssertionError("a page was asked for without a browser")


class Stage:
    """A host with everything around it: `stage.search(search, source)`, then look at `stage.posted`."""

    def __init__(self, folder: Path, browsers: list[FakeBrowser] | None = None, **settings: Any) -> None:
        self.settings = SearchSettings(**settings)
        self.posted: list[Any] = []
        self.clock = Clock()
        self.stop = False
        self.started = 0
        self._browsers = browsers
        self.lease = BrowserLease(self._start, self.settings)
        self.terms = Terms(
            self.settings, self.posted.append, folder, no_visit, stopped=lambda: self.stop, clock=self.clock
        )

    def search(self, search: Search, source: SearchFunction) -> SearchEnded:
        return run_search(search, source, {"home": "http://site.test"}, self.lease, self.terms)

    def found(self) -> list[tuple[int, str]]:
        return [(event.rank, event.hit.id) for event in self.posted if isinstance(event, Found)]

    def _start(self) -> FakeBrowser:
        self.started += 1
        if self._browsers is None:
            return FakeBrowser()
        if not self._browsers:
            raise BrowserError("browser.start", "no browser here")
        return self._browsers.pop(0)


Step = Hit | Exception | Callable[[], object]


def pages(*steps: Step) -> SearchFunction:
    """A source that yields the hits, raises the exceptions and calls the rest, in order; it uses the browser."""

    def source(search: Search, web: Web) -> Iterator[Hit]:
        web.browser.open(f"http://site.test/{search.query.keyword}")
        for step in steps:
            if isinstance(step, Hit):
                yield step
            elif isinstance(step, Exception):
                raise step
            else:
                step()

    return source


def tries(*sources: SearchFunction) -> SearchFunction:
    """A source that behaves like the first one at its first call, like the second at its second, ..."""
    left = list(sources)

    def source(search: Search, web: Web) -> Iterator[Hit]:
        return left.pop(0)(search, web)

    return source
