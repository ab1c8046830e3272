"""DeviantArt as a user runs it: a CSV row, pictures in the best size on disk, only the new ones the next time."""

from __future__ import annotations

import io
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from collector.practice import Knobs, PracticeWeb
from collector.practice.deviantart import CLIENT, Double
from collector.practice.deviantart_cdn import archive, picture
from collector.practice.deviantart_works import Piece
from tests.support.command import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", workers=False)


def flags(web: PracticeWeb) -> list[str]:
    home = f"deviantart.home={web.url}/deviantart"
    return ["--allow-private", "--set", home, "--set", "deviantart.rate=0", "--set", "deviantart.api_rate=0"]


def rows(desk: Desk, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(desk.images / "collector.db")) as connection:
        return connection.execute(sql).fetchall()


def sizes(desk: Desk, folder: str) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for path in (desk.images / folder).iterdir():
        with Image.open(path) as image:
            found[image.size] += 1
    return found


def test_a_whole_gallery_in_the_best_size_then_only_what_is_new(desk: Desk) -> None:
    double = Double()
    with PracticeWeb(Knobs.calm(), doubles={"deviantart": double}) as web:
        desk.write("queries.csv", "keyword,source\nann,deviantart\n")
        ended = desk.run("run", *flags(web))
        assert ended.code == 0, ended.err
        # 12 towers, a series of 3, the zip's view, a small one, a sketch and an old one in full; two only as views,
        # one of them since its copy is lost; the night blurred.
        assert sizes(desk, "ann") == {(540, 675): 19, (256, 320): 3}
        skipped = rows(desk, "SELECT title, reason FROM picture WHERE state = 'skipped' ORDER BY title")
        assert skipped == [("Gone", "policy.withdrawn"), ("Members only", "policy.locked")]
        (night,) = rows(desk, "SELECT fields FROM found WHERE title = 'Night'")
        assert dict(json.loads(str(night[0])))["blurred"] == "true"
        assert rows(desk, "SELECT DISTINCT creators FROM found") == [('["ann"]',)]

        seen = len(web.log)
        double.pieces.insert(0, Piece(900_000_100, "Latest"))
        del double.pieces[1]  # the newest work of the first run was taken down
        again = desk.run("run", *flags(web))
        assert again.code == 0, again.err
        pictures = [request.path for request in web.log[seen:] if "/cdn/" in request.path]
        assert len(pictures) == 1
        assert sizes(desk, "ann") == {(540, 675): 20, (256, 320): 3}


def test_the_seeds_sizes_are_reached_with_what_is_behind_the_button(desk: Desk) -> None:
    tower = Piece(900_000_001, size=(2700, 3375), view=(1024, 1280), button="jpg", second_token=False)
    brushes = Piece(900_000_002, "Brushes", button="abr")
    with PracticeWeb(Knobs.calm(), doubles={"deviantart": Double([brushes, tower])}) as web:
        desk.environment |= {"DEVIANTART_CLIENT_ID": CLIENT[0], "DEVIANTART_CLIENT_SECRET": CLIENT[1]}
        desk.write("queries.csv", "keyword,source\nhttps://www.deviantart.com/ann/gallery,deviantart\n")
        ended = desk.run("run", *flags(web), "--set", "deviantart.originals=true")
        assert ended.code == 0, ended.err
    bodies = {path.read_bytes() for path in (desk.images / "ann").iterdir()}
    assert picture(tower, 1, None)[0] in bodies
    assert archive(brushes) in bodies
    assert len(bodies) == 3
    largest = max(bodies, key=len)
    with Image.open(io.BytesIO(largest)) as image:
        assert image.size == (2700, 3375)
    everything = b"".join(path.read_bytes() for path in desk.images.iterdir() if path.is_file())
    assert CLIENT[1].encode() not in everything, "the secret is nowhere in the ledger"
    assert CLIENT[1] not in ended.out + ended.err


def test_a_download_whose_address_is_over_falls_through_to_the_view(desk: Desk) -> None:
    tower = Piece(900_000_001, button="jpg", second_token=False)
    with PracticeWeb(Knobs.calm(), doubles={"deviantart": Double([tower], lifetime=-1.0)}) as web:
        desk.write("queries.csv", "keyword,source\nann,deviantart\n")
        credentials = ["--set", f"deviantart.client_id={CLIENT[0]}", "--set", f"deviantart.client_secret={CLIENT[1]}"]
        ended = desk.run("run", *flags(web), *credentials)
        assert ended.code == 0, ended.err
        asked = [(request.status, "q_100" in request.path) for request in web.log if "/cdn/" in request.path]
    assert asked[-1] == (200, True)
    assert {status for status, _ in asked[:-1]} == {401}
    assert sizes(desk, "ann") == {(256, 320): 1}
    assert rows(desk, "SELECT via FROM outcome") == [("fallback",)]


def test_the_bundled_practice_web_has_artists_too(desk: Desk) -> None:
    desk.write("queries.csv", "keyword,source\nann.deviantart.com/favourites,deviantart\ntag:fantasy,deviantart\n")
    ended = desk.run("run", "--practice", "--limit", "2")
    assert ended.code == 0, ended.err
    assert sizes(desk, "ann") == {(540, 675): 2}
    assert sizes(desk, "fantasy") == {(540, 675): 2}
    assert rows(desk, "SELECT DISTINCT creators FROM found JOIN query ON query.id = query_id WHERE label = 'ann'") == [
        ('["bob"]',)
    ]
