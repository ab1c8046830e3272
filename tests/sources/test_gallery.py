"""Galleries and pages that need the browser, in a real Chromium against their doubles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.contract import Browser
from collector.errors import SourceError
from collector.model import Hit
from collector.practice import PracticeWeb
from collector.practice.gallery import Double as Gallery
from collector.practice.page import Double as Page
from collector.sources import gallery, page
from tests.support.lent_web import LentWeb, search_for

from .test_page import expected, names

pytestmark = pytest.mark.browser

TOTAL = 16


@pytest.fixture(scope="module")
def site() -> Iterator[PracticeWeb]:
    with PracticeWeb(doubles={"gallery": Gallery(total=TOTAL, batch=6, latency=0.02)}) as running:
        yield running


class Windowed(LentWeb):
    """A loan with a browser."""

    def __init__(self, chrome: ChromeBrowser, settings: dict[str, Any]) -> None:
        super().__init__(settings, seconds=60.0)
        self._chrome = chrome

    @property
    def browser(self) -> Browser:
        return self._chrome


class Asked:
    def __init__(self, chrome: ChromeBrowser, site: PracticeWeb) -> None:
        self.chrome, self.site, self.notices = chrome, site, [""]

    def __call__(self, source: Any, path: str, **settings: Any) -> list[Hit]:
        name = source.__name__.rpartition(".")[2]
        quick = {"patience": 0.5} if name == "gallery" else {}
        table = {**source.SOURCE.settings, "home": f"{self.site.url}/{name}", **quick, **settings}
        with Windowed(self.chrome, table) as web:
            hits = list(source.search(search_for(path, name), web))
            self.notices = web.notices
        self.chrome.rest()
        return [hit for hit in hits if hit.skip_reason is None]


@pytest.fixture
def asked(chrome: ChromeBrowser, site: PracticeWeb) -> Asked:
    chrome._session.cdp("Network.clearBrowserCookies")
    return Asked(chrome, site)


@pytest.mark.parametrize("kind", ["scroll", "button", "wordless", "shadow", "virtual", "frame", "backgrounds"])
def test_a_gallery_is_seen_to_its_end(asked: Asked, kind: str) -> None:
    hits = asked(gallery, f"/{kind}")
    inner = "scroll" if kind == "frame" else kind
    assert sorted(names(hits)) == sorted(f"{inner}-{n}.jpg" for n in range(TOTAL))
    assert all("/pictures/" in hit.url for hit in hits), "the larger ones"
    assert asked.notices == []


def test_the_large_one_of_an_answer_has_the_small_one_behind_it(asked: Asked) -> None:
    hits = asked(gallery, "/sizes")
    assert sorted(names(hits)) == sorted(f"sizes-{n}.jpg" for n in range(TOTAL))
    first = hits[0]
    assert first.fallbacks[0].endswith("/thumbs/sizes-0.jpg") and first.title == "Picture 0"
    assert "/pictures/" in first.url


def test_what_a_program_draws_cannot_be_had(asked: Asked) -> None:
    assert asked(gallery, "/canvas") == []
    assert asked.notices[0].endswith("made in the page (canvas or blob:) and without an address: 6 pictures")


def test_further_pages_only_when_asked_for(asked: Asked) -> None:
    assert len(asked(gallery, "/pages", press=False)) == 6
    assert names(asked(gallery, "/pages", pages=9)) == [f"pages-{n}.jpg" for n in range(TOTAL)]


def test_a_gallery_without_an_end_is_left(asked: Asked) -> None:
    hits = asked(gallery, "/button", seconds=0.0)
    assert 0 < len(hits) < TOTAL
    assert "there may be more" in asked.notices[-1]


def test_a_page_that_is_only_a_program_is_opened(asked: Asked) -> None:
    assert names(asked(page, "/app")) == [f"app-{n}.jpg" for n in range(6)]


def test_a_wall_that_a_browser_passes(asked: Asked) -> None:
    [hit] = asked(page, "/wall")
    assert names([hit]) == ["behind.jpg"] and "wall=passed" in hit.cookies


def test_a_wall_that_stays(chrome: ChromeBrowser) -> None:
    with PracticeWeb(doubles={"page": Page(wall_times=0)}) as site, pytest.raises(SourceError) as caught:
        Asked(chrome, site)(page, "/wall")
    assert caught.value.reason == "page.captcha"


def test_every_place_in_the_browser(asked: Asked) -> None:
    shown = set(names(asked(page, "/everything", browser="always")))
    assert shown == (expected() - {"header.jpg"}) | {"frame.jpg"}, "the frame is looked into, the header is not seen"
