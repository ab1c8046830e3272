"""The double of DeviantArt: it keeps the rules that the real one is known by."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from collector.practice import Knobs, PracticeWeb
from collector.practice.deviantart import Double
from collector.practice.deviantart_cdn import FILE, Signer
from collector.practice.deviantart_works import Piece

OLD = Piece(700_000_001, "Old", size=(1350, 1688), view=(512, 640))
NEW = Piece(900_000_002, "New", button="zip")
NIGHT = Piece(900_000_001, "Night", mature=True)


@pytest.fixture(scope="module")
def double() -> Double:
    return Double([NEW, NIGHT, OLD, Piece(650_000_000, extension="gif")], blur=130)


@pytest.fixture(scope="module")
def home(double: Double) -> Iterator[str]:
    with PracticeWeb(Knobs.calm(), doubles={"deviantart": double}) as web:
        yield f"{web.url}/deviantart"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def token(session: requests.Session, home: str) -> str:
    page = session.get(f"{home}/ann", timeout=5).text
    return page.partition("__CSRF_TOKEN__ = '")[2].partition("'")[0]


def works(session: requests.Session, home: str, **params: Any) -> Any:
    query = {"username": "ann", "type": "gallery", "all_folder": "true", "csrf_token": token(session, home), **params}
    return session.get(f"{home}/_puppy/dashared/gallection/contents", params=query, timeout=5)


def media(session: requests.Session, home: str, number: int) -> tuple[str, str, list[str]]:
    """(address of the file, path of the fullview, tokens)"""
    there = works(session, home).json()["results"][number]["media"]
    path = there["types"][1]["c"].replace("<prettyName>", there["prettyName"])
    return there["baseUri"], path, there["token"]


def status(session: requests.Session, url: str, token: str = "") -> int:
    return session.get(url, params={"token": token} if token else {}, timeout=10).status_code


def test_a_forged_token_and_one_that_is_over_are_worth_nothing(
    session: requests.Session, home: str, double: Double
) -> None:
    base, _, (_, file) = media(session, home, 2)
    head = base64.urlsafe_b64encode(json.dumps({"typ": "JWT", "alg": "none"}).encode()).decode().rstrip("=")
    assert status(session, base, f"{head}.{file.split('.')[1]}.") == 401
    path = "/f/" + base.partition("/f/")[2]
    assert status(session, base, Signer(b"another").token(FILE, path)) == 401
    assert status(session, base, double.signer.token(FILE, path, lifetime=-1.0)) == 401
    assert status(session, base, double.signer.token(FILE, path, lifetime=610.0)) == 200


def test_a_csrf_token_goes_with_its_cookie(session: requests.Session, home: str) -> None:
    assert works(session, home).status_code == 200
    assert works(session, home, csrf_token="stale").status_code == 400
    good = token(session, home)
    session.cookies.clear()
    url = f"{home}/_puppy/dashared/gallection/contents"
    assert session.get(url, params={"csrf_token": good}, timeout=5).status_code == 400
    assert works(session, home, limit=61).status_code == 400
