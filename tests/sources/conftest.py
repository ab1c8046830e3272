"""One browser for all tests of sources, and the host's side of a search reduced to what a source needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.chromedriver import Chromedriver
from collector.browser.contract import Browser
from collector.browser.driver import locate
from collector.browser.processes import RunFolder
from collector.errors import SourceError
from collector.http.contract import Answer, Request, Visit
from collector.http.page_client import PageClient
from collector.model import Hit, Query, Search
from collector.settings import FetchSettings, SearchSettings
from collector.sources import google
from tests.support.skipping import Skipping


@dataclass
class Loan:
    """A Web for one search."""

    browser: Browser
    settings: Mapping[str, Any]
    seconds: float = 60.0
    count: int = 10_000
    person: str = ""
    """What somebody at the window does, as a script, when told something."""
    memory: dict[str, str] = field(default_factory=dict)
    visit: Visit | None = None
    clock: Skipping = field(default_factory=Skipping)
    began: float = 0.0

    def __post_init__(self) -> None:
        self.began = self.clock()

    def recall(self, name: str) -> str | None:
        return self.memory.get(name)

    def remember(self, name: str, text: str) -> None:
        self.memory[name] = text

    def get(self, request: Request) -> Answer:
        return self._pages().get(request)

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        return self._pages().get_all(requests, most)

    def cookies(self, url: str) -> str:
        return self._pages().cookies(url)

    def notice(self, text: str) -> None:
        if self.person:
            self.browser.run(self.person)

    def _pages(self) -> Visit:
        if self.visit is None:
            client = PageClient(FetchSettings(allow_private=True), clock=self.clock, sleep=self.clock.sleep)
            self.visit = client.visit(self.remaining)
        return self.visit

    def remaining(self) -> float:
        return self.began + self.seconds - self.clock()

    def wanted(self) -> int:
        return self.count


@dataclass
class Google:
    """The Google source in a real browser."""

    browser: Browser
    loan: Loan | None = None

    def __call__(self, home: str, wanted: int = 10_000, **settings: Any) -> list[Hit]:
        """All hits of one search at this home; `wanted` spares the look for the end of the results."""
        return list(self.each(home, wanted, **settings))

    def each(self, home: str, wanted: int = 10_000, **settings: Any) -> Iterator[Hit]:
        """The same one by one."""
        memory = settings.pop("memory", {})
        table = {**google.SOURCE.settings, "home": home, **settings}
        self.loan = Loan(self.browser, table, count=wanted, memory=memory)
        try:
            for hit in google.search(Search(1, Query("cats", "cats", 1000), "google", 1000), self.loan):
                self.loan.count -= 1
                yield hit
        finally:
            if self.loan.visit is not None:
                self.loan.visit.close()

    def with_person(self, act: str, home: str) -> list[Hit]:
        """All hits where a person sees the window, and acts when told something."""
        loan = Loan(Seen(self.browser), {**google.SOURCE.settings, "home": home}, person=act)
        return list(google.search(Search(1, Query("cats", "cats", 1000), "google", 1000), loan))


class Seen:
    """A browser that says somebody sees its window."""

    headed = True

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def __getattr__(self, name: str) -> Any:
        return getattr(self._browser, name)


def urls(hits: Iterable[Hit]) -> list[str]:
    return [hit.url for hit in hits]


@pytest.fixture(scope="session")
def chrome() -> Iterator[ChromeBrowser]:
    run = RunFolder()
    browser = ChromeBrowser(Chromedriver(locate(), SearchSettings(), run), SearchSettings())
    yield browser
    browser.close()
    run.close()


@pytest.fixture
def google_images(chrome: ChromeBrowser) -> Google:
    """Cookies do not know ports: what one practice web was told must not be believed by the next."""
    chrome._session.cdp("Network.clearBrowserCookies")
    return Google(chrome)
