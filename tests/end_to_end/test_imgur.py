"""imgur as a user runs it: a row of the CSV, the practice web's double, and exactly the files that there are."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from collector.practice import Knobs, PracticeWeb
from collector.practice.imgur import Double, body
from tests.support.command import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "desk", workers=False)
    desk.environment.pop("IMGUR_CLIENT_ID", None)
    return desk


def rows(desk: Desk, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(desk.images / "collector.db")) as connection:
        return connection.execute(sql).fetchall()


def files(desk: Desk) -> list[Path]:
    return sorted(file for file in desk.images.glob("*/*") if file.is_file())


def flags(web: PracticeWeb) -> list[str]:
    return ["--allow-private", "--set", f"imgur.home={web.url}/imgur", "--set", "imgur.rate=0"]


def test_a_subreddit_of_100_posts_is_152_files_in_order(desk: Desk) -> None:
    desk.write("queries.csv", "keyword,source,limit\nr/funny,imgur,152\n")
    ended = desk.run("run", "--practice")
    assert ended.code == 0, ended.err
    assert len(files(desk)) == 152
    assert {file.parent.name for file in files(desk)} == {"funny"}
    things = Double().things
    found = rows(desk, "SELECT url FROM found ORDER BY rank")
    assert [str(url).rpartition("/")[2].partition(".")[0] for (url,) in found] == [thing.hash for thing in things]

    def extension(kind: str) -> str:
        return {"apng": "png", "anigif": "mp4"}.get(kind, kind)

    wanted = sorted(hashlib.sha256(body(thing, extension(thing.kind))).hexdigest() for thing in things)
    assert sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files(desk)) == wanted
    videos = sum(extension(thing.kind) == "mp4" for thing in things)
    assert rows(desk, "SELECT count(*) FROM outcome WHERE media = 'video' AND state = 'saved'") == [(videos,)]
    assert Counter(file.suffix for file in files(desk))[".mp4"] == videos > 10


def test_what_is_missing_is_named_and_a_gif_stands_in_for_its_video(desk: Desk) -> None:
    double = Double(
        entries=12, albums=(), removed=frozenset((0,)), region=frozenset((1, 2)), no_mp4=frozenset((4,)), per_page=5
    )
    desk.write("queries.csv", "keyword,source,limit\nr/funny,imgur,12\n")
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as web:
        ended = desk.run("run", *flags(web))
    assert len(files(desk)) == 10, ended.err
    gone = double.things[0].hash
    assert rows(desk, f"SELECT state, reason FROM picture WHERE url LIKE '%{gone}%'") == [
        ("rejected", "image.placeholder")
    ]
    assert rows(desk, "SELECT reason FROM picture WHERE state = 'duplicate'") == [("duplicate.same_label",)]
    [(form, via)] = rows(
        desk,
        "SELECT outcome.format, outcome.via FROM outcome JOIN found ON found.id = found_id"
        f" WHERE url LIKE '%{double.things[4].hash}%'",
    )
    assert (form, via) == ("GIF", "fallback")
    assert (desk.images / "funny").is_dir()


def test_a_second_run_asks_for_what_is_new_and_fetches_nothing_twice(desk: Desk) -> None:
    desk.write("queries.csv", "keyword,source,limit\nr/funny,imgur,all\n")
    with PracticeWeb(Knobs.calm(), doubles={"imgur": Double(entries=8, albums=(3,), per_page=4)}) as web:
        assert desk.run("run", *flags(web)).code == 0
        assert len(files(desk)) == 10
        before = len(web.log)
        assert desk.run("run", *flags(web)).code == 0
        again = [request.path for request in web.log[before:]]
    assert not [path for path in again if "/imgur/i/" in path]
    assert sum("/gallery/r/" in path for path in again) == 1, "it stops behind a page it had before"


def test_without_a_client_id_it_says_what_to_do(desk: Desk) -> None:
    desk.write("queries.csv", "keyword,source\nr/funny,imgur\n")
    ended = desk.run("run")
    assert ended.code == 7
    assert "IMGUR_CLIENT_ID" in ended.out + ended.err


def test_free_pictures_keep_their_licence_from_three_sources(desk: Desk) -> None:
    desk.write("queries.csv", "keyword,source,limit\nred fox,openverse,4\nbarn owl,commons,4\nwolf,flickr,4\n")
    with PracticeWeb(Knobs.calm()) as web:
        homes = [f"{name}.home={web.url}/{name}" for name in ("openverse", "commons", "flickr")]
        ended = desk.run("run", "--allow-private", *(part for home in homes for part in ("--set", home)))
    assert ended.code == 0, ended.err
    assert len(files(desk)) == 12
    licences = rows(desk, "SELECT keyword, licence_url FROM picture WHERE state = 'saved' AND licence_url <> ''")
    assert {keyword for keyword, _ in licences} == {"red fox", "barn owl", "wolf"}
    assert all("creativecommons.org" in str(url) or "flickr.com" in str(url) for _, url in licences)
    assert set(json.loads((desk.images / "urls.json").read_text())) == {"red fox", "barn owl", "wolf"}
