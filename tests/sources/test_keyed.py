"""The interfaces with a key: each double in its own words, one adapter; keys go nowhere but to their interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from collector import sources
from collector.errors import SourceError
from collector.http.contract import Answer
from collector.model import Hit, SearchState
from collector.practice import Knobs, PracticeWeb
from collector.practice.keyed import KEY, Brave, Double, SearchApi, SerpApi, Serper, Yandex
from collector.practice.results import Wanted, result
from collector.sources import check_filters
from collector.sources.keyed import NAMES, Keyed
from collector.sources.keyed.spec import at, filled
from tests.support.lent_web import LentWeb, search_for

DOUBLES = {"brave": Brave, "yandex": Yandex, "serper": Serper, "serpapi": SerpApi, "searchapi": SearchApi}


def found(
    name: str, double: Double, keyword: str = "cat", key: str = KEY, **filters: str
) -> tuple[list[Hit], list[str]]:
    """The hits of one search, and what was said."""
    source = sources.load(name)
    check_filters(name, filters)
    with PracticeWeb(Knobs.calm(), doubles={name: double}) as web:
        keys = dict.fromkeys(Keyed(name).api.secrets, key)
        with LentWeb({**source.settings, "home": f"{web.url}/{name}", "rate": 0.0, **keys}) as lent:
            return list(source.search(search_for(keyword, name, **filters), lent)), lent.notices


@pytest.mark.parametrize("name", NAMES)
def test_all_pages_of_every_interface(name: str) -> None:
    double = DOUBLES[name](total=150)
    hits, _ = found(name, double)
    assert len({hit.key for hit in hits}) == 150
    wanted = result(Wanted(hits[0].url.partition("/pictures")[0], "cat"), 7)
    one = hits[7]
    assert (one.url, one.page, one.thumbnail_url) == (wanted.original, wanted.page, wanted.thumbnail)
    assert (one.width, one.height, one.way) == (wanted.width, wanted.height, "api")
    assert not any(KEY in str(hit) for hit in hits)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_an_answer(name: str) -> None:
    assert found(name, DOUBLES[name](), "nothing at all") == ([], [])


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_key_a_missing_one_and_a_used_up_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in Keyed(name).api.secrets.values():
        monkeypatch.delenv(variable, raising=False)
    cases = [("wrong", 9, "page.denied"), ("", 9, "page.denied")]
    if name == "brave":  # One is enough: four requests with growing pauses between them take half a minute.
        cases.append((KEY, 0, "page.rate_limited"))
    for key, quota, reason in cases:
        with pytest.raises(SourceError) as error:
            found(name, DOUBLES[name](quota=quota), key=key)
        assert (error.value.state, error.value.reason) == (SearchState.BLOCKED, reason)
        assert not key or key not in error.value.detail


def test_the_key_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAVE_API_KEY", KEY)
    hits, notices = found("brave", Brave(total=3, quota=1), key="")
    assert len(hits) == 3
    assert notices == ["brave: that was the last request of its quota"]


def test_filters_go_where_the_interface_wants_them() -> None:
    brave, yandex = Brave(total=1), Yandex(total=1)
    found("brave", brave, safe="on", region="de")
    assert (brave.asked[0]["safesearch"], brave.asked[0]["country"], brave.asked[0]["count"]) == ("strict", "de", "200")
    found("yandex", yandex, size="large", safe="off", site="example.org")
    asked = yandex.asked[0]
    assert (asked["imageSpec"], asked["site"]) == ({"size": "IMAGE_SIZE_LARGE"}, "example.org")
    assert (asked["query"]["familyMode"], asked["query"]["page"], asked["docsOnPage"]) == ("FAMILY_MODE_NONE", 0, 60)


@pytest.mark.parametrize(
    "answer",
    [
        Answer("http://x/", 200, {"content-type": "application/json"}, b"{}"),
        Answer("http://x/", 200, {"content-type": "text/html"}, b"<html>"),
        Answer("http://x/", 400, {}, b""),
        Answer("http://x/", 200, {"content-type": "application/json"}, b'{"rawData": "!"}'),
        Answer("http://x/", 200, {"content-type": "application/json"}, b'{"error": "Something new"}'),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_recognised_is_an_error(name: str, answer: Answer) -> None:
    with pytest.raises(SourceError) as error:
        Keyed(name).parse(answer)
    assert error.value.reason == "page.layout"


def test_templates_and_paths() -> None:
    values = {"keyword": "{page} of cats", "page": "3", "size": "60"}
    asked = filled({"q": "{keyword}", "deep": {"page": "{page}", "plain": "x"}}, values)
    assert asked == {"q": "{page} of cats", "deep": {"page": 3, "plain": "x"}}, "a keyword is put in as it is"
    tree: Mapping[str, Any] = {"a": {"b": [{"c": 1}, {"d": 2}]}}
    assert (at(tree, "a.b.d"), at(tree, "a.x"), at(tree, "a.b.c.e")) == (2, None, None)


def test_prices_are_told_for_what_is_wanted() -> None:
    price = sources.load("brave").price
    assert price is not None
    assert (price.of(1), price.of(200), price.of(201)) == (0.005, 0.005, 0.01)
    assert all(sources.load(name).price for name in NAMES)
    assert sources.load("openverse").price is None
