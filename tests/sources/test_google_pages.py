"""Google Images in a real Chromium, on result pages of the tests' own: other markup, tricks, no answer at all."""

from __future__ import annotations

import time

import pytest

from collector.errors import SourceError, UsageError
from collector.model import SearchState
from tests.sources.conftest import Google, urls
from tests.sources.pages import Trait, id_of, page_of, result_page, serving, url_of

pytestmark = pytest.mark.browser

COUNT = 6


@pytest.mark.parametrize(
    "trait",
    [
        Trait(),
        Trait(old=True),
        Trait(old=True, marked=False),
        Trait(old=True, marked=False, panel_open=True),
        Trait(panel_open=True),
        Trait(marked=False),
        Trait(standin="known"),
        Trait(standin="unknown"),
        Trait(old=True, marked=False, standin="unknown"),
        Trait(jsdata_only=True),
        Trait(trusted=True),
        Trait(old=True, marked=False, trusted=True),
    ],
    ids=repr,
)
def test_clicks_read_the_active_slide_only(google_images: Google, trait: Trait) -> None:
    with serving({"/search": result_page(COUNT, trait)}) as home:
        hits = google_images(home, COUNT, harvest="click")
    assert urls(hits) == [url_of(number) for number in range(COUNT)]
    assert [hit.id for hit in hits] == [id_of(number) for number in range(COUNT)]
    assert [hit.page for hit in hits] == [page_of(number) for number in range(COUNT)]
    assert {hit.way for hit in hits} == {"click"}


@pytest.mark.parametrize("marked", [True, False])
def test_a_picture_swapped_in_place_is_believed_at_once(google_images: Google, marked: bool) -> None:
    """Of the page's own host, no larger than a thumbnail, after a stand-in of one pixel: the layout of 2022."""
    trait = Trait(old=True, marked=marked, own_host=True)
    with serving({"/search": result_page(COUNT, trait)}) as home:
        began = time.monotonic()
        hits = google_images(home, COUNT, harvest="click")
        seconds = time.monotonic() - began
        assert urls(hits) == [f"{home}/full/{number}.svg" for number in range(COUNT)]
    assert seconds < COUNT * 0.9, "no second of waiting for each"


@pytest.mark.parametrize("standin", ["data", "known", "unknown"])
def test_an_original_that_never_comes_is_no_reason_to_keep_the_stand_in(google_images: Google, standin: str) -> None:
    trait = Trait(standin=standin, dead=(2, 5), rows="inline")
    with serving({"/search": result_page(COUNT, trait)}) as home:
        hits = google_images(home, COUNT, harvest="click")
    assert urls(hits) == [url_of(number) for number in range(COUNT)]
    assert [hit.way for hit in hits] == ["rows" if at in (2, 5) else "click" for at in range(COUNT)]


def test_without_any_other_way_the_thumbnail_is_marked(google_images: Google) -> None:
    """Of a dead original with no row and no result address only the small picture in the grid is left."""
    trait = Trait(dead=(4,), thumbnail=True)
    with serving({"/search": result_page(COUNT, trait)}) as home:
        hits = google_images(home, COUNT, panel_timeout=2.0, harvest="click")
    assert [hit.way for hit in hits] == ["thumbnail" if at == 4 else "click" for at in range(COUNT)]
    assert [hit.is_thumbnail for hit in hits] == [at == 4 for at in range(COUNT)]
    assert hits[4].url.startswith("data:image/svg+xml")
    assert (hits[4].width, hits[4].height) == (0, 0)


def test_the_blank_placeholder_is_never_a_picture(google_images: Google) -> None:
    with serving({"/search": result_page(COUNT, Trait(dead=(4,)))}) as home:
        hits = google_images(home, COUNT, panel_timeout=2.0, harvest="click")
    assert [hit.id for hit in hits] == [id_of(number) for number in range(COUNT) if number != 4]


@pytest.mark.parametrize("trusted", [False, True])
def test_hover_with_either_mouse(google_images: Google, trusted: bool) -> None:
    with serving({"/search": result_page(COUNT, Trait(hover=True, trusted=trusted))}) as home:
        hits = google_images(home, COUNT, harvest="hover")
    assert urls(hits) == [url_of(number) for number in range(COUNT)]
    assert {hit.way for hit in hits} == {"hover"}


@pytest.mark.parametrize("rows", ["inline", "runtime"])
def test_rows_in_the_script_or_in_the_running_program(google_images: Google, rows: str) -> None:
    with serving({"/search": result_page(COUNT, Trait(rows=rows))}) as home:
        hits = google_images(home, COUNT, harvest="rows")
    assert urls(hits) == [url_of(number) for number in range(COUNT)]


def test_a_way_that_cannot_work_is_an_error_and_not_a_page_of_thumbnails(google_images: Google) -> None:
    with serving({"/search": result_page(COUNT, Trait())}) as home, pytest.raises(SourceError) as error:
        google_images(home, COUNT, harvest="rows")
    assert error.value.state is SearchState.LAYOUT


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ((429, "<form id=captcha-form action=/sorry/index></form>"), "page.captcha"),
        ((403, "<h1>No.</h1>"), "page.blocked"),
        ((503, "<h1>Later.</h1>"), "page.unreachable"),
        ("<h1>Hello</h1>", "page.layout"),
        ("<form action='https://consent.example/save'><button>Tout accepter</button></form>", "page.consent"),
    ],
)
def test_strange_pages(google_images: Google, page: str | tuple[int, str], reason: str) -> None:
    with serving({"/search": page}) as home, pytest.raises(SourceError) as error:
        google_images(home)
    assert error.value.reason == reason


def test_an_unknown_way_is_refused(google_images: Google) -> None:
    with pytest.raises(UsageError, match="auto, rows, hover, click, network, redirect, page"):
        google_images("http://127.0.0.1:9", harvest="guess")
