"""Other people's JSON: what is of the wrong kind is none, refusals have reasons, markup becomes text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.errors import SourceError
from collector.http.contract import Answer
from collector.http.user_agent import contact, secret, user_agent
from collector.model import SearchState
from collector.sources import json_helpers


def answer(status: int, body: Any = None, kind: str = "application/json") -> Answer:
    return Answer("", status, {"content-type": f"{kind}; charset=utf-8"}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (401, SearchState.BLOCKED, "page.denied"),
        (403, SearchState.BLOCKED, "page.denied"),
        (404, SearchState.FAILED, "page.gone"),
        (410, SearchState.FAILED, "page.gone"),
        (451, SearchState.BLOCKED, "page.blocked"),
        (503, SearchState.UNREACHABLE, "page.unreachable"),
        (400, SearchState.LAYOUT, "page.layout"),
        (302, SearchState.LAYOUT, "page.layout"),
    ],
)
def test_every_status_has_its_reason(status: int, state: SearchState, reason: str) -> None:
    with pytest.raises(SourceError) as caught:
        json_helpers.data(answer(status, {"message": "no"}), "site", "such user")
    assert (caught.value.state, caught.value.reason) == (state, reason)


def test_a_good_answer_is_its_json_and_a_page_is_none() -> None:
    assert json_helpers.data(answer(200, [1]), "site") == [1]
    with pytest.raises(SourceError, match="text/html") as caught:
        json_helpers.data(Answer("", 200, {"content-type": "text/html"}, b"<p>"), "site")
    assert caught.value.reason == "page.layout"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"data": {"error": "Invalid client_id"}}, "Invalid client_id"),
        ({"errors": [{"code": "404", "detail": "no such\npost"}]}, "no such post"),
        ({"detail": {"page_size": ["too large"]}}, "no reason given"),
        ({"error": {"error": {"error": {"error": {"error": "deep"}}}}}, "no reason given"),
        ({}, "no reason given"),
    ],
)
def test_what_is_wrong_is_found_and_short(said: Any, complaint: str) -> None:
    assert json_helpers.complaint(answer(400, said)) == complaint
    assert len(json_helpers.complaint(answer(400, {"message": "x" * 5000}))) <= 120


def test_values_of_the_wrong_kind_are_none() -> None:
    odd = {"a": None, "b": [1], "c": True, "d": " x ", "e": 7, "f": "12", "g": -1, "h": 1e300, "i": "1.5"}
    assert [json_helpers.text(odd, name) for name in "abcde"] == ["", "", "", "x", "7"]
    assert [json_helpers.number(odd, name) for name in "abcdefghi"] == [0, 0, 0, 0, 7, 12, 0, 0, 0]
    assert json_helpers.text(odd, "a", "d", "e") == "x"
    assert json_helpers.tables([{"a": 1}, 2, None]) == [{"a": 1}]
    assert json_helpers.tables("no") == []
    assert json_helpers.table([1]) == {}


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("//a.example/x", "https://a.example/x"),
        ("javascript:alert(1)", ""),
        ("http:///x", ""),
        ("", ""),
    ],
)
def test_addresses(value: str, address: str) -> None:
    assert json_helpers.web_address(value) == address


def test_markup_becomes_one_line_of_text() -> None:
    assert json_helpers.plain('<a href="x">A &amp; B</a><br>of <b>C</b>\n<p>D</p>E') == "A & B of C D E"


def test_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECTOR_CONTACT", "them@example.org")
    assert contact({"contact": "me@example.org"}) == "me@example.org"
    assert "them@example.org" in user_agent({"contact": ""})
    assert contact({"contact": "me\r\nX-Header: 1"}) == "", "a header cannot be smuggled in"
    monkeypatch.setenv("A_KEY", " k ")
    assert secret({"key": ""}, "key", "A_KEY") == "k"
    assert secret({"key": "own"}, "key", "A_KEY") == "own"
