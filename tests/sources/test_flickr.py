"""Flickr: key kept secret, licences by the site's own list, the best size that there is, bounds and errors."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from collector.errors import SourceError
from collector.model import Hit, Query, SearchState
from collector.practice import Knobs, PracticeWeb
from collector.practice.flickr import LICENSES, Double
from collector.sources import check_filters, flickr
from tests.support.lent_web import LentWeb, search_for

LISTED = {number: url for number, _, url in LICENSES}


def found(double: Double, keyword: str = "cat", filters: dict[str, str] | None = None, **settings: Any) -> list[Hit]:
    with PracticeWeb(Knobs.calm(), doubles={"flickr": double}) as web:
        table = {**flickr.SOURCE.settings, "home": f"{web.url}/flickr", **settings}
        with LentWeb(table) as loan:
            return list(flickr.search(search_for(keyword, "flickr", **(filters or {})), loan))


def test_pages_are_read_to_the_end() -> None:
    hits = found(Double(total=45), page_size=20)
    assert len({hit.key for hit in hits}) == 45
    assert [hit.title for hit in hits[:2]] == ["cat 0", "cat 1"]


def test_no_more_than_four_thousand() -> None:
    double = Double(total=9000)
    assert len(found(double)) == 4000
    assert len(double.asked) == 1 + 8


def test_owner_and_licence_are_kept() -> None:
    hits = found(Double())
    assert hits[2].licence.url == "https://creativecommons.org/licenses/by/2.0/"
    assert hits[2].licence.creators == ("Photographer 2",)
    assert hits[2].page == "https://www.flickr.com/photos/photographer2/53000000002"
    assert hits[2].published == "2020-09-13T12:26:42+00:00"
    assert hits[6].licence.url == "https://creativecommons.org/licenses/by/4.0/", (
        "a licence that only Flickr's list has"
    )
    assert (hits[0].licence.url, hits[0].licence.notice) == ("", "All rights reserved")
    assert hits[1].page.endswith("/photos/12345671@N00/53000000001")


def test_the_best_size_comes_first_and_the_others_stand_behind_it() -> None:
    with PracticeWeb(Knobs.calm(), doubles={"flickr": Double()}) as web:
        with LentWeb({**flickr.SOURCE.settings, "home": f"{web.url}/flickr"}) as loan:
            hits = list(flickr.search(search_for("cat", "flickr"), loan))
        with_original = next(hit for hit in hits if "_o." in hit.url and hit.fallbacks)
        without = next(hit for hit in hits if "_o." not in hit.url)
        assert all("_o." not in url for url in without.fallbacks)
        assert without.width
        with requests.Session() as session:
            for url in (with_original.url, *with_original.fallbacks, with_original.thumbnail_url):
                assert session.get(url).status_code == 200


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"rights": "creative-commons"}, {"1", "4", "5", "9", "77"}),
        ({"rights": "commercial"}, {"4", "5", "7", "9", "77"}),
        ({"rights": "public-domain"}, {"7", "9"}),
        ({"license": "by"}, {"4", "77"}),
        ({"license": "cc0|by-sa"}, {"5", "9"}),
        ({"license": "by-nc-sa|by-sa", "rights": "commercial"}, {"5"}),
    ],
)
def test_filters_of_rights(filters: dict[str, str], numbers: set[str]) -> None:
    check_filters("flickr", filters)
    assert {dict(hit.fields)["license_id"] for hit in found(Double(), filters=filters)} == numbers


def test_a_ledger_that_holds_contradicting_filters_gets_nothing() -> None:
    assert found(Double(), filters={"license": "by-nc-sa", "rights": "commercial"}) == []


def test_the_other_filters() -> None:
    given = {"sort": "top", "type": "screenshot", "safe": "off", "exclude": "dog", "exact": "yes"}
    check_filters("flickr", given)
    asked = flickr.parameters(Query("tabby cat", "cat", 1, filters=tuple(given.items())), LISTED)
    assert asked["text"] == '"tabby cat" -dog'
    assert (asked["sort"], asked["content_type"], asked["safe_search"]) == ("interestingness-desc", "2", "3")
    assert "license" not in asked


def test_the_key_is_in_no_address_and_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    double = Double(keys=frozenset(("k3y",)))
    monkeypatch.setenv("FLICKR_API_KEY", "k3y")
    with PracticeWeb(Knobs.calm(), doubles={"flickr": double}) as web:
        with LentWeb({**flickr.SOURCE.settings, "home": f"{web.url}/flickr"}) as loan:
            assert len(list(flickr.search(search_for("cat", "flickr"), loan))) == 40
        assert not [request.path for request in web.log if "k3y" in request.path]
    with pytest.raises(SourceError) as caught:
        found(double, api_key="s3cret")
    assert (caught.value.state, caught.value.reason) == (SearchState.BLOCKED, "page.denied")
    assert "s3cret" not in caught.value.detail


def test_without_a_key_the_real_one_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLICKR_API_KEY", raising=False)
    with LentWeb(flickr.SOURCE.settings) as web, pytest.raises(SourceError, match="FLICKR_API_KEY") as caught:
        list(flickr.search(search_for("cat", "flickr"), web))
    assert caught.value.reason == "page.denied"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (105, "page.unreachable"),
        (10, "page.unreachable"),
        (2, "page.gone"),
        (201, "page.rate_limited"),
        (999, "page.layout"),
    ],
)
def test_failures_have_reasons(code: int, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        found(Double(fails=code))
    assert caught.value.reason == reason


def test_nothing_is_empty() -> None:
    assert found(Double(), "nothing at all") == []


@pytest.mark.parametrize("answer", [None, {}, {"photos": {}}, {"photos": {"photo": {}}}])
def test_what_is_no_result_page_is_said(answer: Any) -> None:
    with pytest.raises(SourceError) as caught:
        flickr.parse(answer, "", {})
    assert caught.value.reason == "page.layout"


def test_the_largest_size_that_an_owner_gives_is_taken() -> None:
    sizes = ["h", "c", "6k", "n", "3k", "f", "k", "l"]
    photo = {"id": "1", "owner": "a", **{f"url_{size}": f"https://live.test/1_{size}.jpg" for size in sizes}}
    hits, _ = flickr.parse({"photos": {"photo": [photo], "pages": 1}}, "https://site.test", {})
    assert [url.removesuffix(".jpg").rpartition("_")[2] for url in (hits[0].url, *hits[0].fallbacks)] == [
        "6k", "f", "3k", "k", "h", "l", "c",
    ]  # fmt: skip


def test_filters_of_the_sites_own_search() -> None:
    filters = (("size", "over-640x480"), ("aspect", "wide"), ("color", "blue"), ("time", "2020-01-01..2020-12-31"))
    asked = flickr.parameters(Query("cat", "cat", 1, filters=filters), {})
    assert {**asked, "extras": ""} == {
        "text": "cat", "sort": "relevance", "media": "photos", "extras": "", "dimension_search_mode": "min",
        "width": "640", "height": "480", "orientation": "landscape", "color_codes": "8",
        "min_taken_date": "2020-01-01", "max_taken_date": "2020-12-31",
    }  # fmt: skip
