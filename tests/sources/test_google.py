"""Google Images in a real Chromium: every layout by every way, and every kind of page, on the practice web."""

from __future__ import annotations

import pytest

from collector.errors import SourceError
from collector.model import Hit, SearchState
from collector.practice import LAYOUTS, Knobs, PracticeWeb
from collector.sources.google import states
from collector.sources.google.rows import RowKind
from tests.sources.conftest import Google, urls

pytestmark = pytest.mark.browser


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
    with PracticeWeb(Knobs.calm(layout=layout, total=4)) as web:
        by_rows = google_images(web.url, 4, harvest="rows")
        by_click = google_images(web.url, 4, harvest="click")
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
