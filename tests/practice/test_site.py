from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from collector.practice import LAYOUTS, STATES, Knobs, PracticeWeb
from collector.practice.results import RELATED, RELATED_FROM, Wanted, link, result
from tests.practice.reading import Elements, merged_maps, rows

GRID = {
    "2026": ("rso", ("data-docid", "data-lpage")),
    "2024": ("rso", ("data-docid", "data-lpage")),
    "2020": ("islrg", ("data-ri", "data-tbnid")),
}


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


def page(web: PracticeWeb, session: requests.Session, keyword: str = "red apple", **more: str) -> str:
    query = {"q": keyword, "udm": "2", **more}
    answer = session.get(f"{web.url}/search", params=query, timeout=10)
    assert answer.status_code == 200, answer.text[:200]
    return answer.text


def data_2020(html: str) -> Any:
    start = html.index("AF_initDataCallback({key: 'ds:1'")
    return json.JSONDecoder().raw_decode(html, html.index("data:", start) + 5)[0]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_cards_stand_under_the_root(calm: PracticeWeb, session: requests.Session, layout: str) -> None:
    root, names = GRID[layout]
    elements = Elements(page(calm, session, practice_layout=layout))
    cards = elements.within(root, *names)
    assert len(cards) == (50 if layout == "2020" else 100)
    assert all(card["jsdata"].startswith("j0Opre;") for card in cards)
    identities = [card["data-id" if layout == "2020" else "data-docid"] for card in cards]
    assert len(set(identities)) == len(identities)
    assert all(re.fullmatch(r"[\w-]{13}M", one) for one in identities)


def test_2026_card_is_what_real_ones_are(calm: PracticeWeb, session: requests.Session) -> None:
    html = page(calm, session)
    elements = Elements(html)
    assert len(elements.within("rso", "data-docid")) == 200, "wrapper and card both carry the docid"
    for card in elements.within("rso", "data-docid", "data-lpage")[:5]:
        assert card["jsname"] == "dTDiAc"
        assert card["data-attrid"] == "images universal"
        assert card["data-lpage"].startswith(calm.url + "/pages/")
        assert card["data-ref-docid"] != card["data-docid"]
        assert f'id="e-{card["data-docid"]}"' in html
    images = [given for given in elements.within("rso", "id", "alt") if given["id"].startswith("dimg_")]
    assert len(images) == 100
    assert all("class" not in image and image["src"].startswith("data:image/gif") for image in images)
    assert len(elements.having("data-viewer-group")) == 2
    assert not [given for given in elements.within("rso", "href") if given["href"].startswith("/imgres")]
    assert "related search" in html.lower()


@pytest.mark.parametrize(("layout", "times"), [("2026", 2), ("2024", 1)])
def test_rows_are_in_the_scripts(calm: PracticeWeb, session: requests.Session, layout: str, times: int) -> None:
    html = page(calm, session, practice_layout=layout)
    count, entries = merged_maps(html)
    assert count >= 3
    found = list(rows(entries))
    assert (len(found), len({one[1] for one in found})) == (100 * times, 100)
    for card in Elements(html).within("rso", "data-docid", "data-lpage"):
        key = card["jsdata"].split(";")[2]
        assert entries[key][1][1] == card["data-docid"] == entries[key][7]
        assert entries[key][1][9]["2003"][1] == card["data-ref-docid"]
    licences = [one[9]["2006"][11] for one in found if one[5] == 7]
    assert licences
    assert bool(licences[0][5]) == (layout == "2026"), "creators came in 2026"
    assert {one[5] for one in found} >= {0, 7}
    assert r"\u003d" in html
    assert r"\u0026" in html


def test_2020_rows_are_at_their_path(calm: PracticeWeb, session: requests.Session) -> None:
    html = page(calm, session, practice_layout="2020")
    items = data_2020(html)[31][0][12][2]
    assert [item[0] for item in items].count(1) == 100
    assert [item[0] for item in items].count(7) == 4
    card = Elements(html).within("islrg", "data-ri", "data-tbnid")[7]
    row = next(item[1] for item in items if item[0] == 1 and item[1][1] == card["data-tbnid"])
    assert [int(card["data-oh"]), int(card["data-ow"])] == row[3][1:]


def test_sizes_are_height_then_width(calm: PracticeWeb, session: requests.Session) -> None:
    found = list(rows(merged_maps(page(calm, session))[1]))
    first = result(Wanted(calm.url, "red apple"), 1)
    row = next(one for one in found if one[1] == first.id)
    assert row[3] == [first.original, first.height, first.width]
    assert row[2] == [first.thumbnail, first.thumbnail_height, first.thumbnail_width]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_class_names_change_with_every_load(calm: PracticeWeb, session: requests.Session, layout: str) -> None:
    first, second = (Elements(page(calm, session, practice_layout=layout)) for _ in range(2))
    root, names = GRID[layout]
    assert first.within(root, *names)[0]["class"] != second.within(root, *names)[0]["class"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_good_pages_hold_the_words_that_mislead(calm: PracticeWeb, session: requests.Session, layout: str) -> None:
    html = page(calm, session, practice_layout=layout)
    assert all(word in html for word in ("captcha", "/sorry/", "enablejs"))
    assert "captcha-form" not in html
    assert "unusual traffic" not in html


@pytest.mark.parametrize("layout", ["2026", "2024"])
def test_batches_bring_cards_and_escaped_rows(calm: PracticeWeb, session: requests.Session, layout: str) -> None:
    seen: set[str] = set()
    for start in (100, 150, 200):
        text = page(calm, session, asearch="arc", ei="abc", start=str(start), practice_layout=layout)
        assert '[1,[0,\\"' in text, "rows come with escaped quotes"
        body = json.loads(text.split("\n", 1)[1])
        cards = Elements(body["html"]).having("data-docid", "data-lpage")
        in_rows = {one[1] for one in rows(json.loads(body["jd"]))}
        assert in_rows == {card["data-docid"] for card in cards}
        assert body["ended"] == (start == 200)
        seen |= in_rows
    assert len(seen) == 140


def test_2020_batches_come_by_batchexecute(calm: PracticeWeb, session: requests.Session) -> None:
    inner = json.dumps([None, 100, "red apple"])
    answer = session.post(
        f"{calm.url}/_/VisualFrontendUi/data/batchexecute?rpcids=HoAMBc&q=red+apple&practice_layout=2020",
        data={"f.req": json.dumps([[["HoAMBc", inner, None, "generic"]]])},
        timeout=10,
    )
    guard, empty, length, text = answer.text.split("\n", 3)
    assert (guard, empty) == (")]}'", "")
    assert int(length) == len(text)
    assert len(list(rows(json.loads(json.loads(text)[0][2])))) == 50


def test_batch_request_that_is_none_is_refused(calm: PracticeWeb, session: requests.Session) -> None:
    url = f"{calm.url}/_/VisualFrontendUi/data/batchexecute?q=x"
    assert session.post(url, data={"f.req": "[]"}, timeout=5).status_code == 400


def test_related_pictures_are_never_results(calm: PracticeWeb, session: requests.Session) -> None:
    for layout, mark in (("2026", "data-lpage"), ("2024", "data-ri"), ("2020", "data-ri")):
        url = f"{calm.url}/async/related?q=red+apple&n=3&practice_layout={layout}"
        fragment = session.get(url, timeout=5).json()["html"]
        assert len(Elements(fragment).having(mark)) == RELATED
        numbers = [int(found) for found in re.findall(r"/thumb/[\w-]+/(\d+)", fragment)]
        assert min(numbers) >= RELATED_FROM


def test_rowless_share_and_switch(calm: PracticeWeb, session: requests.Session) -> None:
    some = list(rows(merged_maps(page(calm, session, practice_rowless="0.3", practice_layout="2024"))[1]))
    assert 50 < len(some) < 90
    for layout in LAYOUTS:
        html = page(calm, session, practice_rows="0", practice_layout=layout)
        assert "/pictures/" not in html, "no original's address can be read anywhere"


def test_link_parameters_are_googles(calm: PracticeWeb) -> None:
    one = result(Wanted(calm.url, "Grüße & mehr"), 3)
    query = {name: values[0] for name, values in parse_qs(urlsplit(link("Grüße & mehr", one)).query).items()}
    assert (query["imgurl"], query["imgrefurl"]) == (one.original, one.page)
    assert (query["tbnid"], query["docid"]) == (one.id, one.ref)
    assert (query["w"], query["h"]) == (str(one.width), str(one.height))


def test_addresses_are_as_varied_as_real_ones(calm: PracticeWeb) -> None:
    originals = [result(Wanted(calm.url, "red apple"), number).original for number in range(100)]
    assert len(set(originals)) == 100
    bare = [url for url in originals if "." not in urlsplit(url).path.rsplit("/", 1)[1]]
    assert 3 <= len(bare) <= 11
    assert any("?" in url for url in originals)
    assert any("%20" in url for url in originals)


def test_every_address_of_a_result_answers(calm: PracticeWeb, session: requests.Session) -> None:
    for number in (0, 3, 4, 9):
        one = result(Wanted(calm.url, "red apple"), number)
        for url in (one.original, one.thumbnail, one.page, calm.url + link("red apple", one)):
            assert session.get(url, timeout=5).status_code == 200, url


def test_filters_change_pictures(calm: PracticeWeb, session: requests.Session) -> None:
    large = list(rows(merged_maps(page(calm, session, tbs="isz:l,ic:specific,isc:red"))[1]))
    assert min(max(one[3][1:]) for one in large) >= 1120
    assert all("size=l" in one[3][0] and "colour=red" in one[3][0] for one in large)
    free = list(rows(merged_maps(page(calm, session, tbs="sur:cl"))[1]))
    assert all("creativecommons.org" in one[9]["2006"][11][1] for one in free)


def test_what_was_asked_is_in_the_log(calm: PracticeWeb, session: requests.Session) -> None:
    page(calm, session, keyword="logged", hl="de", gl="DE", safe="active", tbs="isz:l")
    asked = next(request for request in calm.log if "q=logged" in request.path)
    assert all(part in asked.path for part in ("hl=de", "gl=DE", "safe=active", "tbs=isz%3Al"))
    assert (asked.method, asked.status, asked.bare_path) == ("GET", 200, "/search")
    assert "python-requests" in asked.headers["user-agent"]
    assert 0 < asked.started <= asked.ended


def test_old_and_new_forms_of_the_address(calm: PracticeWeb, session: requests.Session) -> None:
    for form in ("udm=2", "tbm=isch", "udm=imgs"):
        html = session.get(f"{calm.url}/search?q=cat&{form}", timeout=5).text
        assert len(Elements(html).within("rso", "data-lpage")) == 100


# ---------------------------------------------------------------------- states


def state(web: PracticeWeb, name: str, **more: Any) -> requests.Response:
    with requests.Session() as fresh:
        return fresh.get(f"{web.url}/search?q=cat&udm=2&practice_state={name}", timeout=5, **more)


def test_empty_has_a_root_and_no_cards(calm: PracticeWeb) -> None:
    elements = Elements(state(calm, "empty").text)
    assert any(given.get("id") == "rso" for given in elements.having("id"))
    assert not elements.having("data-docid")
    assert "any matches for your search" in state(calm, "empty").text


def test_consent_page_has_both_forms_and_leads_on(calm: PracticeWeb) -> None:
    with requests.Session() as fresh:
        wall = fresh.get(f"{calm.url}/search?q=cat&udm=2&practice_state=consent", timeout=5)
        assert urlsplit(wall.url).path == "/consent/m"
        assert wall.headers["Content-Security-Policy"] == "form-action 'self'"
        forms = Elements(wall.text).having("action")
        assert [form["action"] for form in forms] == ["https://consent.google.com/save"] * 2
        eom = [given["value"] for given in Elements(wall.text).having("name", "value") if given["name"] == "set_eom"]
        assert eom == ["true", "false"]
        back = parse_qs(urlsplit(wall.url).query)["continue"][0]
        on = fresh.post(f"{calm.url}/consent/save", data={"set_eom": "true", "continue": back}, timeout=5)
        assert len(Elements(on.text).within("rso", "data-lpage")) == 100
        assert fresh.cookies["SOCS"].startswith("CAE")


def test_answers_never_lead_to_another_host(calm: PracticeWeb, session: requests.Session) -> None:
    for target in ("https://elsewhere.example/", "//elsewhere.example/"):
        form = {"continue": target}
        answer = session.post(f"{calm.url}/consent/save", data=form, allow_redirects=False, timeout=5)
        assert answer.headers["Location"] == "/"
        assert session.get(f"{calm.url}/url?q={quote(target)}", allow_redirects=False, timeout=5).status_code == 404


def test_captcha_is_a_redirect_to_sorry(calm: PracticeWeb) -> None:
    answer = state(calm, "captcha")
    assert (urlsplit(answer.url).path, answer.status_code) == ("/sorry/index", 429)
    assert 'id="captcha-form"' in answer.text
    assert "data-sitekey" in answer.text
    assert "unusual traffic" in answer.text
    back = parse_qs(urlsplit(answer.url).query)["continue"][0]
    with requests.Session() as person:
        solved = person.post(f"{calm.url}/sorry/solved", data={"continue": back}, timeout=5)
        assert len(Elements(solved.text).within("rso", "data-lpage")) == 100


def test_captcha_in_a_frame_challenges_the_first_batch(calm: PracticeWeb, session: requests.Session) -> None:
    address = f"{calm.url}/search?q=cat&practice_state=captcha_iframe"
    assert len(Elements(session.get(address, timeout=5).text).within("rso", "data-lpage")) == 100
    answer = session.get(address + "&asearch=arc&ei=x&start=100", timeout=5)
    assert answer.headers["X-Sorry-Redirect"].startswith("/sorry/index?continue=")
    assert "X-Sg-Cs" in answer.headers


@pytest.mark.parametrize("name", ["script_wall", "app_shell", "legacy", "unknown", "blocked"])
def test_pages_without_a_grid(calm: PracticeWeb, name: str) -> None:
    answer = state(calm, name)
    elements = Elements(answer.text)
    assert not elements.having("data-docid")
    assert not elements.having("data-ri")
    assert not [given for given in elements.having("id") if given["id"] in ("rso", "islrg")]
    assert answer.status_code == (403 if name == "blocked" else 200)
    if name in ("script_wall", "app_shell"):
        assert "/httpservice/retry/enablejs?sei=" in answer.text
    assert (len(answer.text) > 80_000) == (name == "app_shell")


def test_silent_and_reset(calm: PracticeWeb) -> None:
    with pytest.raises(requests.ReadTimeout), requests.Session() as fresh:
        fresh.get(f"{calm.url}/search?q=cat&practice_state=silent", timeout=0.3)
    with pytest.raises(requests.ConnectionError):
        state(calm, "reset")


def test_consent_overlay_has_its_buttons(calm: PracticeWeb) -> None:
    ids = {given["id"] for given in Elements(state(calm, "consent_overlay").text).having("id")}
    assert {"xe7COe", "W0wltc", "L2AGLb"} <= ids


@pytest.mark.parametrize("name", STATES)
def test_a_state_can_pass(name: str) -> None:
    knobs = Knobs.calm(keywords={"cat": {"state": name, "state_times": 1}})
    with PracticeWeb(knobs) as web, requests.Session() as fresh:
        if name in ("silent", "reset"):
            with pytest.raises(requests.RequestException):
                fresh.get(f"{web.url}/search?q=cat", timeout=0.3)
        else:
            fresh.get(f"{web.url}/search?q=cat", timeout=5)
        again = fresh.get(f"{web.url}/search?q=Cat", timeout=5)
        assert len(Elements(again.text).within("rso", "data-lpage")) == 100


def test_keywords_can_differ() -> None:
    knobs = Knobs.calm(total=30, keywords={"Old Clock": {"layout": "2020", "total": 10}, "wall": {"state": "captcha"}})
    with PracticeWeb(knobs) as web, requests.Session() as fresh:
        assert len(Elements(page(web, fresh, "old clock")).within("islrg", "data-ri")) == 10
        assert len(Elements(page(web, fresh, "other")).within("rso", "data-lpage")) == 30
        assert fresh.get(f"{web.url}/search?q=wall", timeout=5).status_code == 429


def test_batch_failures_come_first() -> None:
    with PracticeWeb(Knobs.calm(batch_failures=2)) as web, requests.Session() as fresh:
        url = f"{web.url}/search?q=cat&asearch=arc&ei=one&start=100"
        assert [fresh.get(url, timeout=5).status_code for _ in range(3)] == [503, 503, 200]


def test_unknown_knob_in_an_address(calm: PracticeWeb, session: requests.Session) -> None:
    answer = session.get(f"{calm.url}/search?q=x&practice_speed=1", timeout=5)
    assert (answer.status_code, "practice_speed" in answer.text) == (400, True)


def test_home_explains_everything(calm: PracticeWeb, session: requests.Session) -> None:
    text = session.get(f"{calm.url}/", timeout=5).text
    assert all(name in text for name in STATES)
    assert session.get(f"{calm.url}/search", timeout=5).url == calm.url + "/"
    assert "Disallow: /search" in session.get(f"{calm.url}/robots.txt", timeout=5).text
