"""Google Images in a real Chromium: every layout by every way, every kind of page, and pages that play tricks."""

from __future__ import annotations

import time

import pytest

from collector.errors import SourceError, UsageError
from collector.model import Hit, SearchState
from collector.practice import LAYOUTS, Knobs, PracticeWeb
from collector.sources.google import states
from collector.sources.google.rows import RowKind
from tests.sources.conftest import Google
from tests.sources.pages import Trait, id_of, page_of, result_page, serving, url_of

pytestmark = pytest.mark.browser

COUNT = 6


def urls(hits: list[Hit]) -> list[str]:
    return [hit.url for hit in hits]


# --------------------------------------------------------------------------- the practice web


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_hover_and_auto_agree_to_the_end_of_the_results(google_images: Google, layout: str) -> None:
    with PracticeWeb(Knobs.calm(layout=layout, total=60, first=40, batch=20)) as web:
        by_rows = google_images(web.url, harvest="rows")
        by_hover = google_images(web.url, 60, harvest="hover")
        auto = google_images(web.url, 60)
    assert len({hit.key for hit in by_rows}) == len(by_rows) == 60
    assert urls(by_rows) == urls(by_hover) == urls(auto)
    assert {hit.way for hit in by_rows} == {"rows", "batch"}
    assert {hit.way for hit in by_hover} == {"hover"}
    assert all(hit.id and hit.page and hit.title and hit.width and hit.height for hit in auto)
    assert {hit.kind for hit in auto} >= {RowKind.PHOTO, RowKind.VIDEO}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_click_alone_brings_the_same_pictures(google_images: Google, layout: str) -> None:
    with PracticeWeb(Knobs.calm(layout=layout, total=8)) as web:
        by_rows = google_images(web.url, 8, harvest="rows")
        by_click = google_images(web.url, 8, harvest="click")
    assert urls(by_click) == urls(by_rows)
    assert {hit.way for hit in by_click} == {"click"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_cards_without_rows_are_found_by_another_way(google_images: Google, layout: str) -> None:
    with PracticeWeb(Knobs.calm(layout=layout, total=60, first=40, batch=20, rowless=0.2)) as web:
        hits = google_images(web.url, 60)
    assert len({hit.id for hit in hits}) == 60
    assert {hit.way for hit in hits} == {"rows", "hover", "batch"}
    assert not any(hit.is_thumbnail for hit in hits)


def test_buttons_and_batches_that_fail_at_first(google_images: Google) -> None:
    with PracticeWeb(Knobs.calm(total=90, first=30, batch=20, auto=1, batch_failures=1)) as web:
        assert len({hit.id for hit in google_images(web.url)}) == 90


@pytest.mark.parametrize(
    ("layout", "state"),
    [
        ("2026", "consent"),
        ("2026", "consent_overlay"),
        ("2020", "consent_overlay"),
        ("2024", "reload"),
        ("2020", "reload"),
        ("2026", "popups"),
    ],
)
def test_what_can_be_overcome_costs_nothing(google_images: Google, layout: str, state: str) -> None:
    with PracticeWeb(Knobs.calm(layout=layout, total=60, first=40, batch=20, state=state)) as web:
        assert len({hit.id for hit in google_images(web.url, 60)}) == 60


@pytest.mark.parametrize("layout", LAYOUTS)
def test_empty_is_an_answer(google_images: Google, layout: str) -> None:
    with PracticeWeb(Knobs.calm(layout=layout, state="empty")) as web:
        assert google_images(web.url) == []


@pytest.mark.parametrize(
    ("state", "ends", "reason"),
    [
        ("captcha", SearchState.BLOCKED, "page.captcha"),
        ("script_wall", SearchState.BLOCKED, "page.script_wall"),
        ("app_shell", SearchState.BLOCKED, "page.script_wall"),
        ("legacy", SearchState.LAYOUT, "page.legacy"),
        ("unknown", SearchState.LAYOUT, "page.layout"),
        ("blocked", SearchState.BLOCKED, "page.blocked"),
    ],
)
def test_what_is_no_answer_is_an_error(
    google_images: Google, monkeypatch: pytest.MonkeyPatch, state: str, ends: SearchState, reason: str
) -> None:
    monkeypatch.setitem(states._PATIENCE, states.State.SCRIPT_WALL, 1.0)  # This wall stays.
    with PracticeWeb(Knobs.calm(state=state)) as web, pytest.raises(SourceError) as error:
        google_images(web.url)
    assert (error.value.state, error.value.reason) == (ends, reason)
    assert "\n" not in error.value.detail


def test_a_person_may_solve_the_captcha(google_images: Google) -> None:
    """The source itself only waits: the button is pressed by whoever is told."""
    with PracticeWeb(Knobs.calm(total=20, state="captcha")) as web:
        hits = google_images.with_person(
            "document.querySelector('form button, form input[type=submit]').click()", web.url
        )
    assert len(hits) == 20


def test_a_captcha_over_good_results_ends_the_search_with_what_was_found(google_images: Google) -> None:
    hits: list[Hit] = []
    with (
        PracticeWeb(Knobs.calm(total=90, first=50, state="captcha_iframe")) as web,
        pytest.raises(SourceError) as error,
    ):
        hits.extend(google_images.each(web.url))
    assert error.value.reason == "page.captcha"
    assert len({hit.id for hit in hits}) == 50


def test_kinds_can_be_left_out(google_images: Google) -> None:
    with PracticeWeb(Knobs.calm(total=60)) as web:
        kinds = {hit.kind for hit in google_images(web.url, 40, video=False, product=False)}
    assert RowKind.PHOTO in kinds
    assert not kinds & {RowKind.VIDEO, RowKind.PRODUCT}


# --------------------------------------------------------------------------- other pages


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
