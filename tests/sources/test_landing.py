"""Pictures found on their pages by their look, over plain HTTP and without any engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from collector.http.contract import Visit
from collector.http.page_client import PageClient
from collector.practice import Knobs, PracticeWeb
from collector.practice.landing import KINDS
from collector.practice.pictures import plan, slug, thumbnail
from collector.practice.results import Wanted, result
from collector.settings import FetchSettings
from collector.sources.landing import Lost, Recovered, recover, small_copy
from tests.practice.test_hidden import asked

KEYWORD = "blue fern"
NAME = slug(KEYWORD)
NUMBERS = [number for number in range(9) if plan(NAME, number).copy_of is None]


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
    assert {one.rivals for one in found} == {0}


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
