"""Wikimedia Commons: pages continued, licences in plain text, renditions for what nobody can show."""

from __future__ import annotations

import io
from typing import Any

import pytest
import requests
from PIL import Image

from collector.errors import SourceError
from collector.http.contract import Answer
from collector.model import Hit, Query, SearchState
from collector.practice import Knobs, PracticeWeb
from collector.practice.commons import Double
from collector.sources import check_filters, commons
from tests.support.lent_web import LentWeb, search_for


def found(double: Double, keyword: str = "cat", filters: dict[str, str] | None = None, **settings: Any) -> list[Hit]:
    with PracticeWeb(Knobs.calm(), doubles={"commons": double}) as web:
        table = {**commons.SOURCE.settings, "home": f"{web.url}/commons", "rate": 0.0, **settings}
        with LentWeb(table) as loan:
            return list(commons.search(search_for(keyword, "commons", **(filters or {})), loan))


@pytest.mark.parametrize("parts", [False, True])
def test_pages_are_continued_to_the_end_in_the_order_of_the_results(parts: bool) -> None:
    hits = found(Double(total=30, parts=parts), page_size=10)
    numbers = [int(hit.id) - 1000 for hit in hits]
    assert numbers == [number for number in range(30) if number % 8 != 5], "without drawings, in order"


def test_licence_author_and_credit_are_plain_text() -> None:
    hit = found(Double())[0]
    assert hit.licence.url == "https://creativecommons.org/licenses/by-sa/4.0"
    assert hit.licence.creators == ("P & 0 of Commons",)
    assert hit.licence.credit == "P & 0 of Commons, CC BY-SA 4.0, via Wikimedia Commons"
    assert hit.licence.licensor == "Own work"
    assert hit.licence.notice == "Creative Commons Attribution-Share Alike 4.0"
    assert hit.licence.page == hit.page
    fields = dict(hit.fields)
    assert (fields["description"], fields["taken"], fields["uploader"]) == ("A thing", "2020-01-02", "Uploader")
    assert hit.published == "2021-04-05T06:07:08Z"
    free = found(Double())[2]
    assert (free.licence.url, free.licence.notice) == ("", "Public domain")


def test_large_originals_and_odd_types_have_renditions_that_exist() -> None:
    with PracticeWeb(Knobs.calm(), doubles={"commons": Double(total=8)}) as web:
        table = {**commons.SOURCE.settings, "home": f"{web.url}/commons", "rate": 0.0}
        with LentWeb(table) as loan:
            hits = list(commons.search(search_for("cat", "commons", type="any"), loan))
        assert hits[0].fallbacks == (), "nothing below the original is worth having"
        photo = next(hit for hit in hits if hit.width == 2200)
        assert photo.url.endswith("_7.gif")
        assert [url.rpartition("/")[2].partition("px-")[0] for url in photo.fallbacks] == ["1920"]
        tiff = next(hit for hit in hits if ".tif" in hit.url)
        assert tiff.url.endswith(".tif.jpg")
        assert "/lossy-page1-1920px-" in tiff.url
        assert (tiff.width, tiff.height) == (1920, 1222)
        drawing = next(hit for hit in hits if ".svg" in hit.url)
        assert "/3840px-" in drawing.url
        with requests.Session() as session:
            for url in (*photo.fallbacks, tiff.url, *drawing.fallbacks, drawing.thumbnail_url):
                answer = session.get(url)
                assert answer.status_code == 200, url
                with Image.open(io.BytesIO(answer.content)) as image:
                    assert image.width in (1920, 330)
            assert session.get(tiff.url.replace("1920px", "1900px")).status_code == 429


@pytest.mark.parametrize(
    ("filters", "search"),
    [
        ({}, "filetype:bitmap cat"),
        ({"type": "drawing", "size": "large"}, "filetype:drawing fileres:>1999 cat"),
        ({"exact": "yes", "exclude": "dog -bird"}, 'filetype:bitmap "cat" -dog -bird'),
    ],
)
def test_filters_become_words_of_the_search(filters: dict[str, str], search: str) -> None:
    check_filters("commons", filters)
    assert commons.words(Query("cat", "cat", 1, filters=tuple(filters.items()))) == search


def test_filters_of_rights() -> None:
    cc = found(Double(), filters={"rights": "creative-commons"})
    public = found(Double(), filters={"rights": "public-domain"})
    assert {hit.licence.url for hit in cc} == {"https://creativecommons.org/licenses/by-sa/4.0"}
    assert {hit.licence.notice for hit in public} == {"Public domain"}
    assert len(cc) + len(public) == len(found(Double(), filters={"rights": "commercial"}))


def test_lagging_servers_are_waited_for() -> None:
    assert len(found(Double(total=3, lagging=1))) == 3
    error = {"mediawiki-api-error": "maxlag"}
    assert commons.throttled(Answer("", 200, {**error, "retry-after": "7"})) == 7.0
    assert commons.throttled(Answer("", 200, error)) == 5.0
    assert commons.throttled(Answer("", 200, {"mediawiki-api-error": "badvalue"})) is None
    assert commons.throttled(Answer("", 429)) == 0.0
    assert commons.throttled(Answer("", 200)) is None


def test_nothing_is_empty() -> None:
    assert found(Double(), "nothing at all") == []


def test_a_contact_is_asked_for_at_the_real_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLLECTOR_CONTACT", raising=False)
    with PracticeWeb(Knobs.calm(), doubles={"commons": Double()}) as web:
        with LentWeb({**commons.SOURCE.settings, "home": f"{web.url}/commons"}) as loan:
            next(commons.search(search_for("cat", "commons"), loan))
        assert loan.notices == []
        assert all(request.headers["user-agent"].startswith("collector/") for request in web.log)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([], "page.layout"),
        ({}, "page.layout"),
        ({"error": {"code": "badvalue", "info": "Unrecognized value"}}, "page.layout"),
        ({"error": {"code": "readapidenied", "info": "You need read permission"}}, "page.denied"),
    ],
)
def test_errors_are_never_empty_answers(answer: Any, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        commons._checked(answer)
    assert caught.value.reason == reason


def test_who_says_not_what_it_is_gets_refused() -> None:
    with PracticeWeb(Knobs.calm(), doubles={"commons": Double()}) as web, requests.Session() as session:
        assert session.get(f"{web.url}/commons/w/api.php").status_code == 403


def test_a_refusal_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commons, "user_agent", lambda settings: "python-requests/2")
    with pytest.raises(SourceError) as caught:
        found(Double())
    assert (caught.value.state, caught.value.reason) == (SearchState.BLOCKED, "page.denied")
