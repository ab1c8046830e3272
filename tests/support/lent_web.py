"""What a host lends to a source, for tests of sources that need no browser: `with LentWeb(home=...) as web`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from collector.browser.contract import Browser
from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.http.page_client import PageClient
from collector.model import Query, Search
from collector.settings import FetchSettings
from tests.support.skipping import Skipping


class LentWeb:
    """A Web with the real page client and no browser. `settings` is the source's whole table."""

    def __init__(self, settings: Mapping[str, Any], wanted: int = 1000, seconds: float = 30.0) -> None:
        self.settings = settings
        self.notices: list[str] = []
        self.memory: dict[str, str] = {}
        self._clock = Skipping()
        self._wanted, self._end = wanted, self._clock() + seconds
        client = PageClient(FetchSettings(allow_private=True), clock=self._clock, sleep=self._clock.sleep)
        self._visit = client.visit(self.remaining)

    @property
    def browser(self) -> Browser:
        raise AssertionError("this source needs no browser")

    def get(self, request: Request) -> Answer:
        return self._visit.get(request)

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        return self._visit.get_all(requests, most)

    def cookies(self, url: str) -> str:
        return self._visit.cookies(url)

    def recall(self, name: str) -> str | None:
        return self.memory.get(name)

    def remember(self, name: str, text: str) -> None:
        self.memory[name] = text

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def remaining(self) -> float:
        return self._end - self._clock()

    def wanted(self) -> int:
        return self._wanted

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._visit.close()


def search_for(keyword: str, source: str, wanted: int = 1000, **filters: str) -> Search:
    """A search as the host would put it."""
    return Search(1, Query(keyword, keyword, wanted, (source,), tuple(sorted(filters.items()))), source, wanted)
