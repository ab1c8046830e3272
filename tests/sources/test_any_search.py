"""Whatever a site answers, page after page, a search ends: with hits that can be stored, or a SourceError."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector import sources
from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import SearchState
from collector.sources.storable import storable
from tests.sources.test_any_answer import PIECES, SOURCES, trees, words
from tests.support.lent_web import search_for

KEYWORDS = {
    "deviantart": (
        "ann",
        "ann/gallery/12",
        "ann/favourites",
        "tag:cat",
        "search:cat",
        "deviation/900000001",
        "ann/gallery?q=cat",
        "home",
        "daily",
        "daily:2024-05-18",
        "sta.sh/0abc",
    ),
    "imgur": ("cat", "r/cats", "user/ann", "user/ann/favorites/folder/1", "gallery/AbCdE", "a/AbCdE", "t/cat"),
    "gallery": ("https://a.test/",),
}
ANSWERS = 8
"""Pages after which the site is away."""


class AnyWeb:
    """A site that answers anything at all."""

    def __init__(self, source: str, drawn: st.DataObject) -> None:
        keys = {"key": "k", "cx": "x", "folder": "f", "client_id": "id", "client_secret": "secret"}
        if drawn.draw(st.booleans()):
            del keys["client_secret"], keys["client_id"]
        known = sources.load(source).settings
        self.settings: dict[str, Any] = {**known, **{name: value for name, value in keys.items() if name in known}}
        self._drawn, self._left, self._memory = drawn, ANSWERS, dict[str, str]()
        folder = SOURCES / source
        files = folder.glob("*.py") if folder.is_dir() else [SOURCES / f"{source}.py"]
        names = [str(file.relative_to(SOURCES)) for file in files if file.is_file()]
        tree, keys = trees(*names), words(*names)
        whole = tree.map(lambda value: dict.fromkeys(keys, value))
        self._trees = st.one_of(tree, whole, whole.map(lambda value: {key: [value] for key in keys}))
        """Anything, and answers that have every key: with anything in it, or with entries that have every key."""

    @property
    def browser(self) -> Any:
        raise SourceError(SearchState.FAILED, "browser.start", "there is none")

    def get(self, request: Request) -> Answer:
        self._left -= 1
        if self._left < 0:
            raise SourceError(SearchState.FAILED, "page.unreachable", "no more answers")
        status = self._drawn.draw(st.sampled_from((200, 200, 200, 200, 400, 401, 403, 404, 429, 500)))
        text = self._drawn.draw(st.one_of(self._trees.map(json.dumps), st.lists(st.sampled_from(PIECES)).map("".join)))
        text += self._drawn.draw(
            st.sampled_from(("", "window.__CSRF_TOKEN__ = 'abc';", "imageSearchTabData = {}", ";"))
        )
        url = self._drawn.draw(st.sampled_from((request.url, "https://b.test/", "https://a.test/users/login")))
        headers = self._drawn.draw(
            st.dictionaries(st.sampled_from(("retry-after", "x-ratelimit-clientremaining")), st.text())
        )
        return Answer(url, status, headers, text.encode("utf-8", "replace"), text)

    def get_all(self, requests: Iterable[Request | None], most: int = 8) -> Iterator[Answer | SourceError]:
        for request in requests:
            if request is None:
                return
            try:
                yield self.get(request)
            except SourceError as error:
                yield error

    def cookies(self, url: str) -> str:
        return ""

    def recall(self, name: str) -> str | None:
        return self._memory.get(name)

    def remember(self, name: str, text: str) -> None:
        self._memory[name] = text

    def notice(self, text: str) -> None:
        assert text

    def remaining(self) -> float:
        return 10.0

    def wanted(self) -> int:
        return 100


@pytest.mark.parametrize("name", [name for name in sources.SOURCES if name not in ("google", "recipe")])
@given(st.data())
def test_any_answers(name: str, drawn: st.DataObject) -> None:
    keyword = drawn.draw(st.sampled_from(KEYWORDS.get(name, ("cat",))))
    try:
        for number, hit in enumerate(sources.load(name).search(search_for(keyword, name), AnyWeb(name, drawn))):
            storable(hit)
            assert number < 10_000
    except SourceError:
        pass


PARTS = ("https://", "a.test", "/", "deviantart.com", "imgur.com", "?q=", "9" * 5000, "[", "tag:", "gallery", "²",
         "view.php?id=", "\x00")  # fmt: skip


@pytest.mark.parametrize("name", list(sources.SOURCES))
@given(st.text() | st.lists(st.sampled_from(PARTS)).map("".join))
@example(keyword="\r/")
def test_any_keyword(name: str, keyword: str) -> None:
    problem = sources.validate_keyword(name, keyword)
    assert problem != ""
    if problem is None:
        assert isinstance(sources.default_label(name, keyword), str)
