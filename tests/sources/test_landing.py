"""Pictures found on their pages by their look, over plain HTTP and without any engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape

import pytest

from collector.http.contract import Answer, Visit
from collector.http.page_client import PageClient
from collector.model import Hit
from collector.practice import Knobs, PracticeWeb
from collector.practice.landing import KINDS
from collector.practice.pictures import plan, slug, thumbnail
from collector.practice.results import Wanted, result
from collector.settings import FetchSettings
from collector.sources import bing, duckduckgo
from collector.sources.landing import Lost, Recovered, completed, recover, small_copy
from collector.urls import url_key
from tests.practice.test_hidden import asked

KEYWORD = "blue fern"
NAME = slug(KEYWORD)
NUMBERS = [number for number in range(6) if plan(NAME, number).copy_of is None]


@pytest.fixture
def visit() -> Iterator[Visit]:
    made = PageClient(FetchSettings(allow_private=True)).visit(lambda: 60.0)
    yield made
    made.close()


def lost(web: PracticeWeb, number: int) -> Lost:
    one = result(Wanted(web.url, KEYWORD), number)
    return Lost(one.id, one.page, thumbnail(NAME, number), one.title, one.width, one.height)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_page_gives_its_own_picture(visit: Visit, kind: str) -> None:
    with PracticeWeb(Knobs.calm(landing=kind)) as web:
        asked(web, f"/search?q={KEYWORD.replace(' ', '+')}")
        found = list(recover([lost(web, number) for number in NUMBERS], visit))
        wanted = [result(Wanted(web.url, KEYWORD), number) for number in NUMBERS]
    assert [(one.id, one.url) for one in found] == [(one.id, one.original) for one in wanted]
    assert [(one.width, one.height) for one in found] == [(one.width, one.height) for one in wanted]


def test_what_is_not_on_the_page_is_not_found(visit: Visit) -> None:
    with PracticeWeb(Knobs.calm(landing="decoys")) as web:
        asked(web, f"/search?q={KEYWORD.replace(' ', '+')}")
        first, second = NUMBERS[:2]
        strange = Lost("x", lost(web, first).page, thumbnail(NAME, second), "", 0, 0)
        gone = Lost("y", f"{web.url}/nowhere", thumbnail(NAME, second), "", 0, 0)
        forbidden = Lost("z", f"{web.url}/search?q=x", thumbnail(NAME, second), "", 0, 0)
        broken = Lost("b", lost(web, first).page, b"no picture", "", 0, 0)
        assert list(recover([strange, gone, forbidden, broken], visit)) == []
        assert "/search?q=x" not in [request.path for request in web.log], "robots.txt is obeyed"


def test_a_page_that_is_the_picture_itself(visit: Visit) -> None:
    with PracticeWeb(Knobs.calm()) as web:
        one = result(Wanted(web.url, KEYWORD), NUMBERS[0])
        (found,) = recover([Lost("p", one.original, small_copy(one.thumbnail, visit))], visit)
    assert isinstance(found, Recovered)
    assert (found.url, found.width, found.height) == (one.original, one.width, one.height)


@pytest.mark.parametrize("name", ["bing", "duckduckgo"])
def test_engines_complete_hits_without_an_address(visit: Visit, name: str) -> None:
    """One card tells the picture, one a token, one nothing, and one not even its page."""
    with PracticeWeb(Knobs.calm(landing="decoys")) as web:
        asked(web, f"/search?q={KEYWORD.replace(' ', '+')}")
        wanted = [result(Wanted(web.url, KEYWORD), number) for number in NUMBERS[:4]]
        addresses = [wanted[0].original, "https://www.google.com/goto?url=CAESabcdef", "", ""]
        pages = [one.page for one in wanted[:3]] + [""]
        hits = list(completed(engine_hits(name, addresses, pages, [one.thumbnail for one in wanted]), visit))
    assert [(hit.url, hit.way) for hit in hits] == [
        (wanted[0].original, "api"),
        (wanted[1].original, "page"),
        (wanted[2].original, "page"),
    ]
    assert [hit.key for hit in hits] == [url_key(hit.url) for hit in hits]


def engine_hits(name: str, addresses: list[str], pages: list[str], thumbnails: list[str]) -> list[Hit]:
    rows = list(zip(addresses, pages, thumbnails, strict=True))
    if name == "bing":
        cards = [json.dumps({"murl": url, "purl": page, "turl": small}) for url, page, small in rows]
        text = "".join(f'<li><a class="iusc" m="{escape(card)}"></a></li>' for card in cards)
        return list(bing.parse(Answer("http://x/", 200, {}, b"", f'<div class="dgControl">{text}</div>')))
    results = [{"image": url, "url": page, "thumbnail": small, "title": "x"} for url, page, small in rows]
    body = json.dumps({"results": results}).encode()
    return duckduckgo.parse(Answer("http://x/", 200, {"content-type": "application/json"}, body))[0]
