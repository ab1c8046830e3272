"""Search engines' interfaces for those who have a key: one adapter, a TOML file for each interface.

A key comes from the settings or the environment; it is in no message, no ledger and no log.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn
from xml.etree.ElementTree import Element

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.http.user_agent import secret
from collector.model import Hit, Query, Search, SearchState
from collector.sources import json_helpers
from collector.sources.contract import Choices, Price, Source, Web
from collector.sources.json_helpers import number, table, text, web_address
from collector.sources.keyed.spec import at, filled, read
from collector.urls import url_key

NAMES: Final = ("brave", "yandex", "serper", "serpapi", "searchapi")
_DENIED, _USED_UP = (401, 403), (402, 429)


class Keyed:
    """One interface as a source."""

    def __init__(self, name: str) -> None:
        self.name, self.api = name, read(name)

    def source(self) -> Source:
        """What the table of sources is told."""
        api = self.api
        keys = dict.fromkeys(api.secrets, "")
        return Source(
            search=self.search,
            about=api.about,
            settings={"home": api.home, "rate": api.rate, "pages": api.pages.most, **keys},
            filters={name: self._choices(name) for name in api.filters},
            price=Price(api.price, api.pages.size),
        )

    def search(self, search: Search, web: Web) -> Iterator[Hit]:
        """Hits page by page until one brings nothing new. SourceError for what is refused or not recognised."""
        paging, seen = self.api.pages, set[str]()
        for page in range(paging.first, paging.first + min(paging.most, int(web.settings["pages"]))):
            answer = web.get(self.request(search.query, web.settings, page))
            found = self.parse(answer)
            new = [hit for hit in found if hit.key not in seen]
            seen.update(hit.key for hit in new)
            yield from new
            self._tell_quota(answer, web)
            if not new or len(found) < paging.size // 2:
                return

    def request(self, query: Query, settings: Mapping[str, Any], page: int) -> Request:
        """One page's request. SourceError page.denied when a key is missing."""
        keys = {name: secret(settings, name, variable) for name, variable in self.api.secrets.items()}
        for name, variable in self.api.secrets.items():
            if not keys[name]:
                self._end(SearchState.BLOCKED, "page.denied", f"needs {variable}, or the setting {self.name}.{name}")
        values = {"keyword": query.keyword, "page": str(page), "size": str(self.api.pages.size), **keys}
        asked = filled(self.api.ask, values)
        for name, chosen in self.api.filters.items():
            if value := query.filter(name):
                _put(asked, chosen.at, chosen.choices.get(value, value))
        url = f"{str(settings['home']).rstrip('/')}{self.api.path}"
        headers = {"Accept": "application/json", **filled(self.api.headers, values)}
        posted = self.api.method == "JSON"
        return Request(
            url,
            params={} if posted else asked,
            json=asked if posted else None,
            headers=headers,
            rate=float(settings["rate"]),
        )

    def parse(self, answer: Answer) -> list[Hit]:
        """The hits of an answer; none when it says that there are none."""
        if answer.status in _DENIED:
            self._end(SearchState.BLOCKED, "page.denied", f"does not accept the key (HTTP {answer.status})")
        if answer.status in _USED_UP:
            self._end(
                SearchState.BLOCKED, "page.rate_limited", f"says that its quota is used up (HTTP {answer.status})"
            )
        told = self._told(answer)
        reading = self.api.answer
        problem = at(told, reading.problem) if reading.problem else None
        results = at(told, reading.results)
        if not isinstance(results, list):
            results = [results] if isinstance(results, dict) else None
        if results is None and problem:
            if reading.empty and re.search(reading.empty, str(problem)):
                return []
            self._end(SearchState.LAYOUT, "page.layout", f"says: {str(problem)[:120]}")
        json_helpers.check(answer, self.name)
        if results is None:
            self._end(SearchState.LAYOUT, "page.layout", "answered without results")
        return [hit for result in results if isinstance(result, dict) and (hit := self._hit(result)) is not None]

    def _told(self, answer: Answer) -> Any:
        """The answer proper."""
        told = table(json_helpers.data(answer, self.name)) if answer.status == 200 else _json_of(answer)
        if not self.api.answer.packed or answer.status != 200:
            return told
        try:
            return _tree(base64.b64decode(text(told, self.api.answer.packed), validate=True))
        except (binascii.Error, SyntaxError, ValueError):
            self._end(SearchState.LAYOUT, "page.layout", f"answered no XML in {self.api.answer.packed}")

    def _hit(self, result: Mapping[str, Any]) -> Hit | None:
        reading = self.api.answer
        known = {
            name: at(result, path)
            for name in ("url", "page", "title", "site", "width", "height", "thumbnail")
            if (path := getattr(reading, name))
        }
        url = web_address(text(known, "url"))
        if not url:
            return None
        return Hit(
            url=url,
            key=url_key(url),
            page=web_address(text(known, "page")),
            title=text(known, "title"),
            site=text(known, "site"),
            width=number(known, "width"),
            height=number(known, "height"),
            thumbnail_url=web_address(text(known, "thumbnail")),
            way="api",
        )

    def _choices(self, name: str) -> Choices:
        chosen = self.api.filters[name]
        return re.compile(chosen.pattern) if chosen.pattern else tuple(chosen.choices)

    def _tell_quota(self, answer: Answer, web: Web) -> None:
        left = re.findall(r"\d+", answer.headers.get(self.api.answer.quota, "")) if self.api.answer.quota else []
        if left and int(left[-1]) == 0:
            web.notice(f"{self.name}: that was the last request of its quota")

    def _end(self, state: SearchState, reason: str, what: str) -> NoReturn:
        raise SourceError(state, reason, f"{self.name} {what}")


def _put(asked: dict[str, Any], path: str, value: str) -> None:
    """Set what stands at a path, making what is missing on the way."""
    *way, last = path.split(".")
    for name in way:
        asked = asked.setdefault(name, {})
    asked[last] = value


def _json_of(answer: Answer) -> Mapping[str, Any]:
    try:
        return table(answer.json())
    except ValueError:
        return {}


def _tree(body: bytes) -> Any:
    """XML as objects and texts: of several children of one name a list."""
    from defusedxml.ElementTree import fromstring

    return _branch(fromstring(body))


def _branch(element: Element) -> Any:
    children: dict[str, Any] = {}
    for child in element:
        grown = _branch(child)
        if child.tag in children:
            before = children[child.tag]
            children[child.tag] = [*before, grown] if isinstance(before, list) else [before, grown]
        else:
            children[child.tag] = grown
    return children or (element.text or "")


BRAVE, YANDEX, SERPER, SERPAPI, SEARCHAPI = (Keyed(name).source() for name in NAMES)
