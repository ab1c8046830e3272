"""The double of DeviantArt: it keeps the rules that the real one is known by."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from PIL import Image

from collector.practice import Knobs, PracticeWeb
from collector.practice.deviantart import CLIENT, LOGIN, Double
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


def test_original_copy_and_view_have_three_sizes(session: requests.Session, home: str) -> None:
    base, path, tokens = media(session, home, 2)
    original = session.get(base, params={"token": tokens[1]}, timeout=10)
    copy = session.get(base.replace("/f/", "/intermediary/f/"), timeout=10)
    view = session.get(base + path, params={"token": tokens[0]}, timeout=10)
    assert len(original.content) > 2 * len(copy.content) > 2 * len(view.content)
    sizes = [Image.open(io.BytesIO(answer.content)).size for answer in (original, copy, view)]
    assert sizes == [(1350, 1688), (1350, 1688), (512, 640)]
    best = session.get(base + path.replace("q_75", "q_100"), params={"token": tokens[0]}, timeout=10)
    png = session.get(base + path[:-3] + "png", params={"token": tokens[0]}, timeout=10)
    assert len(best.content) > len(view.content)
    assert png.content[:4] == b"\x89PNG"


def test_a_token_is_good_for_its_path_size_and_service_alone(session: requests.Session, home: str) -> None:
    base, path, (views, file) = media(session, home, 2)
    assert status(session, base + path, views) == 200
    assert status(session, base + path) == 401
    assert status(session, base + path, views[:-2] + "xx") == 401
    assert status(session, base, views) == 403, "the view's token is not good for the file"
    assert status(session, base + path, file) == 403, "nor the other way round"
    assert status(session, base + path.replace("w_512", "w_513"), views) == 403
    assert status(session, base + path.replace("w_512", "w_5101"), views) == 400
    assert status(session, media(session, home, 0)[0], file) == 403, "another file's"


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


def test_blur_cannot_be_taken_off_and_over_a_hundred_is_refused(session: requests.Session, home: str) -> None:
    base, path, tokens = media(session, home, 1)
    assert len(tokens) == 1
    assert status(session, base + path, tokens[0]) == 400
    assert status(session, base + path.replace("blur_130", "blur_100"), tokens[0]) == 200
    assert status(session, base + path.replace(",blur_130", ""), tokens[0]) == 403
    assert status(session, base, tokens[0]) == 403


def test_copies_are_of_old_works_alone_and_never_of_gifs(session: requests.Session, home: str) -> None:
    answers = [
        status(session, media(session, home, number)[0].replace("/f/", "/intermediary/f/")) for number in range(4)
    ]
    assert answers == [404, 404, 200, 404]


def test_a_csrf_token_goes_with_its_cookie(session: requests.Session, home: str) -> None:
    assert works(session, home).status_code == 200
    assert works(session, home, csrf_token="stale").status_code == 400
    good = token(session, home)
    session.cookies.clear()
    url = f"{home}/_puppy/dashared/gallection/contents"
    assert session.get(url, params={"csrf_token": good}, timeout=5).status_code == 400
    assert works(session, home, limit=61).status_code == 400


def test_the_button_opens_for_those_who_are_logged_in(session: requests.Session, home: str) -> None:
    url = f"{home}/download/{NEW.id}/brushes.zip"
    assert session.get(url, timeout=5).status_code == 404
    answer = session.get(url, headers={"Cookie": LOGIN}, timeout=5)
    assert answer.content[:2] == b"PK"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''brushes.zip"


def test_the_api_wants_a_token_and_its_downloads_have_an_end(session: requests.Session, home: str) -> None:
    api = f"{home}/api/v1/oauth2"
    assert session.get(f"{api}/gallery/all?username=ann", timeout=5).status_code == 401
    form = {"grant_type": "client_credentials", "client_id": CLIENT[0], "client_secret": CLIENT[1]}
    bearer = session.post(f"{home}/oauth2/token", data=form, timeout=5).json()
    session.headers["Authorization"] = f"Bearer {bearer['access_token']}"
    listed = session.get(f"{api}/gallery/all?username=ann&limit=1&mature_content=true", timeout=5).json()
    assert (listed["has_more"], listed["next_offset"]) == (True, 1)
    src = session.get(f"{api}/deviation/download/{listed['results'][0]['deviationid']}", timeout=5).json()["src"]
    answer = session.get(src, timeout=5)
    assert answer.content[:2] == b"PK"
    assert session.post(f"{home}/oauth2/token", data={**form, "client_secret": "x"}, timeout=5).status_code == 401
