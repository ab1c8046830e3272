"""The other search engines: paging to their end, filters, and every page that is not a result page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import Hit
from collector.practice import Knobs, PracticeWeb
from collector.practice import bing as bing_double
from collector.practice import duckduckgo as duckduckgo_double
from collector.practice import naver as naver_double
from collector.sources import bing, check_filters, duckduckgo, json_helpers, naver
from collector.sources import load as load_source
from tests.support.lent_web import LentWeb, search_for

MODULES: dict[str, Any] = {"bing": bing, "duckduckgo": duckduckgo, "naver": naver}


def found(name: str, double: Any, keyword: str = "black cat", settings: Any = None, **filters: str) -> list[Hit]:
    with PracticeWeb(Knobs.calm(), doubles={name: double}) as web:
        table = {**MODULES[name].SOURCE.settings, "rate": 0.0, "home": f"{web.url}/{name}", **(settings or {})}
        with LentWeb(table) as lent:
            return list(MODULES[name].search(search_for(keyword, name, **filters), lent))


def refusal(ask: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(SourceError) as caught:
        ask()
    return caught.value.state.value, caught.value.reason


DOUBLES: dict[str, Callable[[int], Any]] = {
    "bing": lambda total: bing_double.Double(total=total),
    "duckduckgo": lambda total: duckduckgo_double.Double(total=total),
    "naver": lambda total: naver_double.Double(total=total),
}


@pytest.mark.parametrize("name", MODULES)
def test_everything_is_found_once_and_in_order(name: str) -> None:
    hits = found(name, DOUBLES[name](130))
    assert len(hits) == len({hit.key for hit in hits}) == 130
    first = hits[0]
    assert "/pictures/black-cat" in first.url and first.page.endswith("/0")
    assert [hit.page.rpartition("/")[2] for hit in hits] == [str(number) for number in range(130)]
    assert all(hit.width > 0 and hit.height > 0 and hit.thumbnail_url for hit in hits)
    assert not any(mark in hit.title for hit in hits for mark in ("\ue000", "\ue001", "<mark>"))
    assert "black cat" in "".join(hit.title for hit in hits[:10])


@pytest.mark.parametrize("name", MODULES)
def test_a_query_without_results_is_empty(name: str) -> None:
    double = bing_double.Double(state="empty") if name == "bing" else DOUBLES[name](0)
    assert found(name, double) == []


@pytest.mark.parametrize("name", MODULES)
def test_what_the_host_asks_of_a_source(name: str) -> None:
    source = load_source(name)
    assert str(source.settings["home"]).startswith("https://") and not source.needs_browser
    for filter_name, value in source.facets:
        check_filters(name, {filter_name: value})


# --------------------------------------------------------------------------- bing


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("captcha", ("blocked", "page.captcha")),
        ("consent", ("blocked", "page.consent")),
        ("unknown", ("layout", "page.layout")),
        ("refused", ("blocked", "page.blocked")),
    ],
)
@pytest.mark.parametrize("after", [0, 1])
def test_bing_pages_that_are_not_results(state: Any, expected: tuple[str, str], after: int) -> None:
    assert refusal(lambda: found("bing", bing_double.Double(state=state, after=after))) == expected


def test_bing_is_asked_with_filters_and_the_safe_search_cookie() -> None:
    double = bing_double.Double(total=10)
    hits = found("bing", double, safe="off", size="large", rights="commercial", site="example.org", exact="yes")
    asked, headers = double.asked[0]
    assert asked["qft"] == "+filterui:imagesize-large+filterui:license-L2_L3_L4"
    assert (asked["q"], asked["adlt"], asked["first"]) == ('"black cat" site:example.org', "off", "1")
    assert headers["cookie"] == "SRCHHPGUSR=ADLT=OFF"
    assert "size=l" in hits[0].url
    assert [number["first"] for number, _ in double.asked] == ["1", "11"]


def test_bing_offsets_count_pictures_and_repeats_end_it() -> None:
    double = bing_double.Double(total=80)
    assert (
        len(found("bing", double, settings={"user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "market": "de-DE"})) == 80
    )
    assert [asked["first"] for asked, _ in double.asked] == ["1", "36", "71", "106"]
    asked, headers = double.asked[0]
    assert (asked["mkt"], headers["user-agent"]) == ("de-DE", "Mozilla/5.0 (X11; Linux x86_64)")


@pytest.mark.parametrize(("fresh", "asked"), [(1, 4), (4, 4), (5, 20)])
def test_bing_that_always_has_a_little_more_comes_to_an_end(fresh: int, asked: int) -> None:
    batches = 0

    class Dripping(LentWeb):
        def get(self, request: Request) -> Answer:
            nonlocal batches
            batches += 1
            old = range(35 - fresh)
            new = range(1000 * batches, 1000 * batches + fresh) if batches < 20 else ()
            cards = (
                f'<a m="{{&quot;murl&quot;:&quot;https://a.example/{number}.jpg&quot;}}">x</a>'
                for number in (*old, *new)
            )
            return bing_answer("".join(cards))

    with Dripping({**load_source("bing").settings, "rate": 0}) as web:
        hits = list(bing.search(search_for("cat", "bing"), web))
    assert (batches, len(hits)) == (asked, 35 + fresh * (min(asked, 19) - 1))


def bing_answer(text: str, status: int = 200) -> Answer:
    return Answer("https://www.bing.com/images/async", status, {"content-type": "text/html"}, text.encode(), text)


def test_bing_cards_by_their_data_not_by_their_classes() -> None:
    card = '<li><a data-x m="{&quot;murl&quot;:&quot;https://a.example/1.jpg&quot;}">.</a> <i>1200 x 800 · png</i></li>'
    other = '<a m="{&quot;murl&quot;:1}">x</a><a m="nonsense">y</a><a m="{&quot;murl&quot;:&quot;javascript:1&quot;}">'
    [hit] = bing.parse(bing_answer(card + other))
    assert (hit.url, hit.width, hit.height) == ("https://a.example/1.jpg", 1200, 800)
    assert refusal(lambda: list(bing.parse(bing_answer(other + "dgControl")))) == ("layout", "page.layout")
    assert refusal(lambda: list(bing.parse(bing_answer("")))) == ("layout", "page.layout")
    assert refusal(lambda: list(bing.parse(bing_answer("", 404)))) == ("layout", "page.layout")


# --------------------------------------------------------------------------- duckduckgo


def test_duckduckgo_token_filters_and_haste() -> None:
    double = duckduckgo_double.Double(total=120)
    hits = found("duckduckgo", double, safe="off", time="week", rights="public-domain", color="grayscale")
    assert len(hits) == 120
    assert [asked["s"] for asked in double.asked] == ["0", "100"]
    assert double.asked[0]["f"] == "time:Week,color:Monochrome,license:Public"
    assert (double.asked[0]["p"], double.asked[0]["l"]) == ("-1", "wt-wt")
    assert hits[0].fields == (("source", "Bing"),)


def test_duckduckgo_asks_to_slow_down_in_its_own_ways() -> None:
    verdicts = {status: duckduckgo.throttled(Answer("", status)) for status in (200, 202, 403, 404, 429)}
    assert verdicts == {200: None, 202: 0.0, 403: 0.0, 404: None, 429: 0.0}
    with PracticeWeb(Knobs.calm(), doubles={"duckduckgo": duckduckgo_double.Double(hasty=99)}) as web:
        table = {**duckduckgo.SOURCE.settings, "rate": 0.0, "home": f"{web.url}/duckduckgo"}
        with LentWeb(table, seconds=3.0) as lent:
            asked = search_for("cat", "duckduckgo")
            assert refusal(lambda: list(duckduckgo.search(asked, lent))) == ("blocked", "page.rate_limited")


@pytest.mark.parametrize("page", ['<a href="/d.js?vqd=4-123456789&q=x">', 'vqd="3-123456-7"', "{vqd:'4-123456789'}"])
def test_duckduckgo_tokens(page: str) -> None:
    assert duckduckgo.token(Answer("", 200, {}, b"", page))[:2] in ("4-", "3-")


def test_duckduckgo_answers_that_nobody_knows() -> None:
    assert refusal(lambda: found("duckduckgo", duckduckgo_double.Double(tokens=False))) == ("layout", "page.layout")
    for body in (b"<html>", b"[]", b"{}", b'{"results": [{"image": 7}]}'):
        assert refusal(lambda body=body: duckduckgo.parse(Answer("", 200, {}, body))) == ("layout", "page.layout")
    assert duckduckgo.validate_keyword("x" * 499) is None and "499" in duckduckgo.validate_keyword("x" * 500)


# --------------------------------------------------------------------------- naver


def test_naver_pages_that_nobody_knows() -> None:
    assert refusal(lambda: found("naver", naver_double.Double(changed=True))) == ("layout", "page.layout")
    page = "<script>var imageSearchTabData={content:{items:[{title:'x'}]}}</script>"
    assert refusal(lambda: list(naver.parse(Answer("", 200, {}, b"", page)))) == ("layout", "page.layout")


def test_objects_in_scripts() -> None:
    page = 'var a = 1; other={b: {"c,d:": "{e: \\"f\\"}", g_1 : [{h:null}]}}; rest={'
    assert json_helpers.assigned(page, "other") == {"b": {"c,d:": '{e: "f"}', "g_1": [{"h": None}]}}
    assert json_helpers.assigned(page, "rest") is None and json_helpers.assigned(page, "none") is None


def naver_page(items: str) -> Answer:
    return Answer("", 200, {}, b"", f"<script>var imageSearchTabData = {{content:{{items:[{items}]}}}};</script>")


def test_naver_items_that_are_advertisements_are_no_results() -> None:
    picture = '{{"type":"image","title":"a <mark>fox</mark>","originalUrl":"https://a.test/{}.jpg","orgWidth":800}}'
    page = naver_page(f'{picture.format(1)},{{"type":"shopAd","link":"https://shop.test/"}},{picture.format(2)}')
    assert [(hit.url, hit.title) for hit in naver.parse(page)] == [
        ("https://a.test/1.jpg", "a fox"),
        ("https://a.test/2.jpg", "a fox"),
    ]
    assert refusal(lambda: list(naver.parse(naver_page('{"type":"image","title":"x"}')))) == ("layout", "page.layout")


def test_naver_says_itself_that_there_is_nothing() -> None:
    page = '<div id="main_pack"><div class="not_found02"><p>No pictures.</p></div></div>'
    assert list(naver.parse(Answer("", 200, {}, b"", page))) == []
    assert refusal(lambda: list(naver.parse(Answer("", 500, {}, b"", page)))) == ("unreachable", "page.unreachable")


@pytest.mark.parametrize("status", [200, 202, 403])
def test_duckduckgos_challenge_is_a_captcha_at_once(status: int) -> None:
    page = '<form id="challenge-form" action="//duckduckgo.com/anomaly.js?sv=html" method="POST"></form>'
    answer = Answer("", status, {}, b"", page)
    assert duckduckgo.throttled(answer) is None
    for look in (duckduckgo.token, duckduckgo.parse):
        assert refusal(lambda look=look: look(answer)) == ("blocked", "page.captcha")  # type: ignore[misc]
