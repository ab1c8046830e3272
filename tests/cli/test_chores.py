"""The verbs for afterwards, as a user runs them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.practice import Knobs, PracticeWeb
from tests.support.command import Desk
from tests.support.invariants import judge, saved_urls
from tests.support.maps import picture_paths


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs.calm(pinned={3: "html", 4: "not_found"})) as web:
        yield web


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory, web: PracticeWeb) -> Path:
    """Two keywords that share a picture; a page instead of a picture, one that is not there."""
    desk = Desk(tmp_path_factory.mktemp("fetched") / "desk")
    paths = picture_paths("tabby cat", range(1, 6))
    lines = [f"tabby cat,{web.url}{path}" for path in paths] + [f"red cat,{web.url}{paths[0]}&again=1"]
    desk.write("map.csv", "keyword,url\n" + "\n".join(lines) + "\n")
    assert desk.run("urls", "--import", "map.csv").code == 0
    ended = desk.run("fetch", *FETCH)
    assert ended.code == 0, ended.err
    assert len(saved_urls(desk.images)) == 3
    return desk.images


@pytest.fixture
def desk(tmp_path: Path, fetched: Path) -> Desk:
    desk = Desk(tmp_path / "desk", workers=False)
    shutil.copytree(fetched, desk.images)
    return desk


FETCH = ("--allow-private",)


def gets(web: PracticeWeb, path: str) -> int:
    return sum(request.path == path for request in web.pictures())


def path_of(desk: Desk, web: PracticeWeb) -> str:
    """Where the picture that two URLs lead to was saved, whichever came first."""
    first = web.url + picture_paths("tabby cat", [1])[0]
    (path,) = {path for url, path in saved_urls(desk.images).items() if url.startswith(first)}
    return path


def test_why_tells_a_url_from_search_to_outcome(desk: Desk, web: PracticeWeb) -> None:
    first, _, third, fourth, _ = picture_paths("tabby cat", range(1, 6))
    told = desk.run("why", web.url + first)
    assert told.code == 0, told.err
    assert re.search("outcome   (saved|duplicate)", told.out)
    assert "keyword   tabby cat" in told.out
    assert "found     import, rank 1" in told.out
    assert "(red cat)" in told.out, "whose URL brought the same bytes"
    path = path_of(desk, web)
    assert "outcome   saved" in desk.run("why", f"images/{path}").out, "by its picture too"
    assert "body.html: a web page instead of a picture" in desk.run("why", web.url + third).out
    assert "http.404: the server answered: Not Found" in desk.run("why", web.url + fourth).out
    (desk.images / path).unlink()
    assert "now missing" in desk.run("why", path).out
    unknown = desk.run("why", "http://x.test/never.jpg")
    assert (unknown.code, "never.jpg" in unknown.last_line) == (4, True)


def test_retry_puts_back_what_is_named_and_nothing_else(desk: Desk, web: PracticeWeb) -> None:
    third, fourth = picture_paths("tabby cat", [3, 4])
    before = gets(web, third), gets(web, fourth)
    assert "1 URL to fetch again" in desk.run("retry", "--only", "body.html").out
    assert desk.run("fetch", *FETCH).code == 0
    assert (gets(web, third) > before[0], gets(web, fourth) - before[1]) == (True, 0)
    assert "no URL to queue again" in desk.run("retry", "--only", "http", "--keyword", "red cat").out
    assert "2 URLs" in desk.run("retry").out
    assert not judge(desk.images)
    assert desk.run("retry", "--only", "no.such").code == 2


def test_a_forgotten_picture_never_comes_back(desk: Desk, web: PracticeWeb) -> None:
    first = picture_paths("tabby cat", [1])[0]
    path = path_of(desk, web)
    told = desk.run("forget", f"images/{path}")
    assert told.code == 0, told.err
    assert "2 URLs that lead to it" in told.out
    assert not (desk.images / path).exists()
    desk.write("more.csv", f"keyword,url\ntabby cat,{web.url}{first}&another=1\n")
    desk.run("urls", "--import", "more.csv")
    assert desk.run("fetch", *FETCH).code == 0
    assert not (desk.images / path).exists(), "not under another URL either"
    assert "policy.forgotten" in desk.run("why", f"{web.url}{first}&another=1").out
    assert not judge(desk.images)


def test_verify_tells_and_again_fetches(desk: Desk, web: PracticeWeb) -> None:
    assert "as it was saved" in desk.run("verify").out
    one, two, _ = [desk.images / path for path in saved_urls(desk.images).values()]
    one.unlink()
    two.write_bytes(two.read_bytes()[:-1] + b"!")
    assert desk.run("verify", "--sizes").out.count("\n") == 1
    found = desk.run("verify")
    assert found.code == 9
    assert sorted(line.split("\t")[0] for line in found.out.splitlines()) == ["altered", "missing"]
    assert desk.run("verify", "--again").code == 0
    assert desk.run("fetch", *FETCH).code == 0
    assert desk.run("verify").code == 0
    assert two.with_name(two.name + ".altered").exists()


def test_repair_after_damage_and_the_line_that_leads_there(desk: Desk) -> None:
    before = saved_urls(desk.images)
    assert "sound" in desk.run("repair").out
    ledger = desk.images / "collector.db"
    body = bytearray(ledger.read_bytes())
    body[4096 : 4096 * 8] = bytes(4096 * 7)
    ledger.write_bytes(body)
    for arguments in (("fetch", *FETCH), ("status",), ("verify",), ("urls",)):
        ended = desk.run(*arguments)
        assert ended.code == 6, (arguments, ended.err)
        assert "collector repair" in ended.last_line
        assert "Traceback" not in ended.err
    done = desk.run("repair")
    assert done.code == 0, done.err
    assert saved_urls(desk.images) == before
    assert (desk.images / "collector.db.damaged-1").read_bytes() == bytes(body)
    assert desk.run("fetch", *FETCH).code == 0


def test_status_as_json(desk: Desk) -> None:
    lines = [json.loads(line) for line in desk.run("status", "--json").out.splitlines()]
    by_keyword = {line["keyword"]: line for line in lines if line.get("keyword")}
    assert sum(line["saved"] for line in by_keyword.values()) == 3
    assert sum(line["duplicate"] for line in by_keyword.values()) == 1


@pytest.mark.parametrize("verb", ["why x", "retry", "forget x", "verify", "repair", "status"])
def test_without_a_ledger_it_is_one_line(tmp_path: Path, verb: str) -> None:
    desk = Desk(tmp_path / "bare")
    ended = desk.run(*verb.split())
    assert ended.code in (4, 6)
    assert len(ended.err.splitlines()) == 1
    assert not desk.images.exists()
