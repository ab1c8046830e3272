from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from collector.practice import STATES, Knobs, PracticeWeb
from collector.practice.results import RELATED, RELATED_FROM
from tests.practice.reading import Elements, merged_maps, rows


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        yield opened


def page(web: PracticeWeb, session: requests.Session, keyword: str = "red apple", **more: str) -> str:
    query = {"q": keyword, "udm": "2", **more}
    answer = session.get(f"{web.url}/search", params=query, timeout=10)
    assert answer.status_code == 200, answer.text[:200]
    return answer.text


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


def test_related_pictures_are_never_results(calm: PracticeWeb, session: requests.Session) -> None:
    for layout, mark in (("2026", "data-lpage"), ("2024", "data-ri"), ("2020", "data-ri")):
        url = f"{calm.url}/async/related?q=red+apple&n=3&practice_layout={layout}"
        fragment = session.get(url, timeout=5).json()["html"]
        assert len(Elements(fragment).having(mark)) == RELATED
        numbers = [int(found) for found in re.findall(r"/thumb/[\w-]+/(\d+)", fragment)]
        assert min(numbers) >= RELATED_FROM


# ---------------------------------------------------------------------- states


def state(web: PracticeWeb, name: str, **more: Any) -> requests.Response:
    with requests.Session() as fresh:
        return fresh.get(f"{web.url}/search?q=cat&udm=2&practice_state={name}", timeout=5, **more)


def test_answers_never_lead_to_another_host(calm: PracticeWeb, session: requests.Session) -> None:
    for target in ("https://elsewhere.example/", "//elsewhere.example/"):
        form = {"continue": target}
        answer = session.post(f"{calm.url}/consent/save", data=form, allow_redirects=False, timeout=5)
        assert answer.headers["Location"] == "/"
        assert session.get(f"{calm.url}/url?q={quote(target)}", allow_redirects=False, timeout=5).status_code == 404


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
