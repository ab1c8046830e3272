"""When a source is no longer asked, and that nothing a search under way still brings changes that."""

from __future__ import annotations

import pytest

from collector.model import Query, Search, SearchState
from collector.search.breaker import Breaker, Ending, source_key

BLOCKED = Ending(SearchState.BLOCKED, "page.captcha")
AWAY = Ending(SearchState.UNREACHABLE, "page.unreachable")
FOUND = Ending(SearchState.EXHAUSTED)


@pytest.mark.parametrize(
    ("endings", "stopped"),
    [
        ((BLOCKED,), False),
        ((BLOCKED, BLOCKED), True),
        ((BLOCKED, AWAY), False),
        ((BLOCKED, AWAY, AWAY), True),
        ((BLOCKED, FOUND, BLOCKED), False),
        ((BLOCKED, Ending(SearchState.FAILED, "browser.crash"), BLOCKED), True),
        ((Ending(SearchState.BLOCKED, "policy.robots"),) * 3, False),
        ((BLOCKED, BLOCKED, FOUND), True),
        ((BLOCKED, BLOCKED, AWAY, FOUND, BLOCKED), True),
    ],
)
def test_two_in_a_row_stop_a_source_for_good(endings: tuple[Ending, ...], stopped: bool) -> None:
    breaker = Breaker()
    told = [breaker.note("google", ending) for ending in endings]
    assert sum(told) == stopped, "it is told once"
    assert (breaker.verdict("google") is not None) is stopped
    assert breaker.verdict("bing") is None


def test_what_is_not_asked_any_more_says_why() -> None:
    breaker = Breaker()
    breaker.note("google", BLOCKED)
    breaker.note("google", BLOCKED)
    verdict = breaker.verdict("google")
    assert verdict is not None
    assert (verdict.state, verdict.reason) == (SearchState.BLOCKED, "search.skipped")
    assert verdict.detail == "google was blocked 2 times in a row; a later run asks again"


@pytest.mark.parametrize(
    ("source", "keyword", "key"),
    [
        ("google", "cat", "google"),
        ("page", "https://user:secret@a.test:8443/x?y", "page at a.test:8443"),
        ("page", "http://[", "page"),
        ("recipe", "shop?page=2", "recipe shop"),
    ],
)
def test_whom_a_search_asks(source: str, keyword: str, key: str) -> None:
    assert source_key(Search(1, Query(keyword, "x", 1, (source,)), source, 1)) == key
