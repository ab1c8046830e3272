"""Tokens in place of addresses, and what they lead to."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import quote, urlsplit

import pytest

from collector.practice import Knobs, PracticeWeb
from collector.practice.tokens import opened, sealed

KEYWORD = "blue fern"


@dataclass(frozen=True)
class Told:
    """What the server answered, redirects not followed."""

    status: int
    text: str
    location: str
    cookie: str


def asked(web: PracticeWeb, path: str, cookie: str = "", method: str = "GET") -> Told:
    with closing(HTTPConnection(urlsplit(web.url).netloc)) as connection:
        connection.request(method, path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        session = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        return Told(answer.status, answer.read().decode(), answer.headers["Location"] or "", session)


def search(web: PracticeWeb, layout: str = "2026") -> tuple[str, str]:
    """A result page and its session."""
    answer = asked(web, f"/search?q={quote(KEYWORD)}&udm=2&practice_layout={layout}")
    return answer.text, answer.cookie


def test_a_token_opens_with_its_secret_alone() -> None:
    token = sealed(b"secret", "http://127.0.0.1/pictures/ü.jpg").partition("url=")[2]
    assert token.startswith("CAES")
    assert opened(b"secret", token) == "http://127.0.0.1/pictures/ü.jpg"
    assert opened(b"other", token) is None
    assert opened(b"secret", token[:-2] + "AA") is None
    assert opened(b"secret", "CAES!") is None


@pytest.mark.parametrize(("redirect", "told"), [("plain", {302}), ("odd", {200, 302, 303, 402}), ("mute", {200})])
def test_how_tokens_are_resolved(redirect: str, told: set[int]) -> None:
    with PracticeWeb(Knobs.calm(total=30, hidden="pictures", redirect=redirect)) as web:
        text, cookie = search(web)
        tokens = sorted(set(re.findall(r"/goto\?url=CAES[\w-]+", text.replace("\\u003d", "="))))
        answers = [asked(web, token, cookie) for token in tokens]
        assert {answer.status for answer in answers} == told
        assert all(bool(answer.location) is (redirect != "mute") for answer in answers)
        assert asked(web, tokens[0], cookie, "HEAD").location == ""
        assert asked(web, tokens[0]).location.startswith(f"{web.url}/sorry/index")


def test_a_wall_after_so_many() -> None:
    with PracticeWeb(Knobs.calm(total=30, hidden="pictures", redirect_wall=3)) as web:
        text, cookie = search(web)
        token = re.findall(r"/goto\?url=CAES[\w-]+", text.replace("\\u003d", "="))[0]
        walled = ["/sorry/" in asked(web, token, cookie).location for _ in range(5)]
    assert walled == [False, False, False, True, True]
