"""Google's page when it hides where its pictures are: each way alone, all together, what is said when none works."""

from __future__ import annotations

from typing import Any

import pytest

from collector.errors import SourceError
from collector.model import Hit, SearchState
from collector.practice import LAYOUTS, Knobs, PracticeWeb
from collector.practice.results import Wanted, result
from collector.urls import url_key
from tests.sources.conftest import Google

pytestmark = pytest.mark.browser

TOTAL = 4
"""One landing page of each kind."""


def autumn(**knobs: Any) -> PracticeWeb:
    return PracticeWeb(Knobs.calm(**{"total": TOTAL, "hidden": "pictures", **knobs}))


def asked_tokens(web: PracticeWeb) -> list[str]:
    return [request.path for request in web.log if request.bare_path == "/goto"]


def assert_right(hits: list[Hit], web: PracticeWeb, way: str, count: int = TOTAL) -> None:
    """All pictures, each by its true address, and no token anywhere."""
    wanted = Wanted(web.url, "cats")
    originals = {one.id: one.original for one in (result(wanted, number) for number in range(count))}
    assert {hit.id: url_key(hit.url) for hit in hits} == {id: url_key(url) for id, url in originals.items()}
    assert {hit.way for hit in hits} == {way}
    assert not any("goto" in text for hit in hits for text in (hit.url, hit.key, hit.page, hit.licence.page))


@pytest.mark.parametrize(("layout", "redirect"), [*((layout, "plain") for layout in LAYOUTS), ("2026", "odd")])
def test_redirect_alone(google_images: Google, layout: str, redirect: str) -> None:
    with autumn(layout=layout, redirect=redirect, total=6) as web:
        hits = google_images(web.url, 6, harvest="redirect", redirect_rate=100.0)
        assert_right(hits, web, "redirect", 6)
        assert len(set(asked_tokens(web))) == len(asked_tokens(web)), "no token twice"


def test_redirects_are_paced_and_remembered(google_images: Google) -> None:
    with autumn(total=4) as web:
        google_images(web.url, 4, harvest="redirect", redirect_rate=5.0)
        asked = [request.started for request in web.log if request.bare_path == "/goto"]
        assert asked[-1] - asked[0] > 0.4, "three times 0.2 s, of which a browser that is late may take some"
        memory = google_images.loan.memory if google_images.loan else {}
        assert sorted(memory.values()) == sorted(result(Wanted(web.url, "cats"), n).original for n in range(4))
        again = google_images(web.url, 4, harvest="redirect", memory=memory)
        assert_right(again, web, "redirect", 4)
        assert len(asked_tokens(web)) == 4


def test_a_wall_ends_the_search_with_what_was_found(google_images: Google) -> None:
    hits: list[Hit] = []
    with autumn(redirect_wall=3) as web, pytest.raises(SourceError) as error:
        hits.extend(google_images.each(web.url, harvest="redirect", redirect_rate=100.0))
    assert (error.value.state, error.value.reason) == (SearchState.BLOCKED, "page.captcha")
    assert [hit.way for hit in hits] == ["redirect"] * 3
    assert len(asked_tokens(web)) == 4, "stopped at the first sign"


@pytest.mark.parametrize(("layout", "panel"), [*((layout, "original") for layout in LAYOUTS), ("2026", "unseen")])
def test_network_alone(google_images: Google, layout: str, panel: str) -> None:
    late = {"swap": (0.3, 0.4), "stale": 0.08}  # Later than what the panel asks beside.
    with autumn(layout=layout, panel=panel, **late) as web:
        assert_right(google_images(web.url, TOTAL, harvest="network"), web, "network")
        assert asked_tokens(web) == []


def test_page_alone_among_look_alikes(google_images: Google) -> None:
    with autumn(landing="mixed") as web:
        hits = google_images(web.url, TOTAL, harvest="page", redirect_rate=100.0)
        assert_right(hits, web, "page")
        assert all(hit.page == f"{web.url}/pages/{hit.page.split('/')[4]}/{n}" for n, hit in enumerate(hits))


def test_auto_takes_what_works_and_leaves_the_rest(google_images: Google) -> None:
    with autumn(panel="copy") as web:
        assert_right(google_images(web.url, TOTAL, redirect_rate=100.0, panel_timeout=1.0), web, "redirect")
    with autumn() as web:
        assert_right(google_images(web.url, TOTAL), web, "click")
        assert asked_tokens(web) == [], "a panel tells more cheaply"
    with autumn(hidden="pages") as web:
        assert_right(google_images(web.url, TOTAL), web, "rows")
        assert asked_tokens(web) == [], "pages' tokens are resolved only where a picture depends on them"


@pytest.mark.parametrize(
    ("harvest", "knobs", "rate"),
    [
        ("auto", {"panel": "copy", "redirect": "mute"}, 100.0),
        ("auto", {"panel": "copy"}, 0.0),
        ("rows", {}, 100.0),
        ("hover", {}, 100.0),
        ("click", {"panel": "copy"}, 100.0),
        ("network", {"panel": "copy"}, 100.0),
        ("redirect", {"redirect": "mute"}, 100.0),
    ],
)
def test_when_no_way_leads_on_that_is_said_and_nothing_is_taken(
    google_images: Google, harvest: str, knobs: dict[str, Any], rate: float
) -> None:
    hits: list[Hit] = []
    with autumn(**knobs) as web, pytest.raises(SourceError) as error:
        hits.extend(google_images.each(web.url, harvest=harvest, redirect_rate=rate, panel_timeout=1.0))
    assert (error.value.state, error.value.reason, hits) == (SearchState.LAYOUT, "page.hidden", [])
    assert "--thumbnails" in error.value.detail
    assert len(asked_tokens(web)) <= 3 * (rate > 0)


def test_thumbnails_are_taken_on_request_and_marked(google_images: Google) -> None:
    with autumn(panel="copy") as web:
        hits = google_images(web.url, TOTAL, redirect_rate=0.0, panel_timeout=1.0, thumbnails=True)
    assert len(hits) == TOTAL
    assert all(hit.is_thumbnail and hit.page == "" for hit in hits)
