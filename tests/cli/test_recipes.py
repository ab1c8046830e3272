"""Recipes as a user meets them: a row of a CSV, and the verbs of `collector recipe`."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.practice import PracticeWeb
from collector.practice.recipe import Double, jpeg
from tests.support.command import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", workers=False)


@pytest.fixture
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(doubles={"recipe": Double(lost_pictures=frozenset({20}))}) as web:
        yield web


def rows(desk: Desk, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(desk.images / "collector.db")) as connection:
        return connection.execute(sql).fetchall()


def test_a_row_of_a_csv_is_a_whole_crawl(desk: Desk, web: PracticeWeb) -> None:
    """40 covers: one page gone, one without a picture, two with one picture, one odd date, one picture gone."""
    desk.write("queries.csv", "keyword,source\ntime-covers,recipe\n")
    flags = ["--allow-private", "--set", f"recipe.home={web.url}/recipe"]
    ended = desk.run("run", *flags)
    assert ended.code == 0, ended.err
    saved = rows(desk, "SELECT path, sha256 FROM picture WHERE state = 'saved'")
    assert len(saved) == 36
    double = Double()
    wanted = {hashlib.sha256(jpeg(double.file(number))).hexdigest() for number in range(40)}
    assert {row[1] for row in saved} <= wanted
    assert all(str(row[0]).startswith("time-covers/") for row in saved)
    outcomes = rows(desk, "SELECT state, reason, count(*) FROM picture GROUP BY 1, 2 ORDER BY 1, 2")
    assert outcomes == [("failed", "http.404", 1), ("saved", "", 36), ("skipped", "page.no_picture", 2)]
    assert "44 pages read, 37 pictures" in ended.err
    assert "shown already: 1 (" in ended.err

    again = desk.run("run", *flags)
    assert again.code == 0, again.err
    assert rows(desk, "SELECT count(*) FROM found") == [(39,)]

    check_output(desk)


def check_output(desk: Desk) -> None:
    """output.json and full/ have the shape that the spiders of old left."""
    assert desk.run("recipe", "output", str(desk.folder / "crawl")).code == 0
    items = json.loads((desk.folder / "crawl" / "output.json").read_text(encoding="utf-8"))
    assert len(items) == 37
    assert [len(item["files"]) for item in items].count(0) == 1
    dates = [item["pubDate"] for item in items if item["pubDate"]]
    assert len(dates) == 36
    assert dates == sorted(dates)
    for item in items:
        assert list(item) == ["files", "file_urls", "pubDate", "title"]
        (url,) = item["file_urls"]
        for file in item["files"]:
            assert file["path"] == f"full/{hashlib.sha1(url.encode()).hexdigest()}.jpg"
            body = (desk.folder / "crawl" / file["path"]).read_bytes()
            assert (file["url"], file["checksum"], file["status"]) == (url, hashlib.md5(body).hexdigest(), "downloaded")
    assert len(list((desk.folder / "crawl" / "full").iterdir())) == 36
    inside = desk.run("recipe", "output", str(desk.images / "crawl"))
    assert (inside.code, inside.err.count("\n")) == (4, 1)


def test_the_practice_web_is_the_site_of_every_shipped_recipe(desk: Desk) -> None:
    desk.write(
        "queries.csv",
        "keyword,source\ninaturalist?taxon=Vulpes vulpes,recipe\nwordpress?site=https://example.org/gallery,recipe\n",
    )
    ended = desk.run("run", "--practice")
    assert ended.code == 0, ended.err
    assert sorted(file.name for file in desk.images.iterdir() if file.is_dir())[0] == "inaturalist Vulpes vulpes"
    assert rows(desk, "SELECT state, count(*) FROM picture GROUP BY 1") == [("saved", 38)]
    via = rows(desk, "SELECT final_url FROM outcome WHERE via = 'fallback' ORDER BY 1")
    assert len(via) == 2  # An original that is gone, of each site.


def test_a_wrong_recipe_is_told_before_anything_is_asked(desk: Desk) -> None:
    desk.write("mine.toml", 'version = 1\nstart = "https://example.org/"\n[page.a]\npicture = "img["\n')
    desk.write("queries.csv", "keyword,source\nmine.toml,recipe\n")
    ended = desk.run("run")
    assert ended.code == 4
    assert "mine.toml, line 4: page.a.picture" in ended.last_line
    assert not desk.images.exists()


def test_a_recipe_is_tried_on_pages(desk: Desk, web: PracticeWeb) -> None:
    listed = desk.run("recipe", "list")
    assert "time-covers\t" in listed.out
    shown = desk.run("recipe", "show", "time-covers")
    desk.write("mine.toml", shown.out)
    saved = desk.write("cover.html", '<div class="content-main-aside"><h1>2014 <time>Jan. 13, 2014</time></h1></div>')
    ended = desk.run("recipe", "check", "mine.toml", str(saved), f"{web.url}/recipe/list?p=4", "--allow-private")
    assert ended.code == 0, ended.err
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "mine.toml: a sound recipe: editions, listing, cover"
    assert lines[1].endswith("cover.html: cover, 1 item, 2 of 3")
    assert lines[2:5] == ["picture none", "title 1 2014", "published 1 2014-01-13"]
    assert lines[5].endswith("list?p=4: listing, 1 item, 1 of 2")
    assert lines[6].startswith("-> cover 10 http")
    assert lines[7] == "-> next none"


def test_pages_on_which_nothing_is_found_are_told(desk: Desk) -> None:
    page = desk.write("other.html", "<p>Hello</p>")
    ended = desk.run("recipe", "check", "time-covers", str(page), "--as", "cover")
    assert ended.code == 7
    assert ended.last_line.endswith("1 page on which nothing was found")
    assert desk.run("recipe", "check", "time-covers", str(page), "--as", "nothing").code == 4
    assert desk.run("recipe", "check", "time-covers", "not-there.html").code == 4
    assert desk.run("recipe", "check", "nothing").code == 4
