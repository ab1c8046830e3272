"""Stills of videos: the right moments, pictures in the set with all that is known of the video, none twice."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from collector.images.sniff import Unusable
from collector.images.video_frames import stills
from collector.practice import Knobs, PracticeWeb
from collector.practice.drawing import composed
from collector.practice.imgur import Double
from collector.practice.video import mp4
from tests.support.command import Desk

EACH = 500
"""Milliseconds that a frame of the film is shown."""


def drawn(number: int) -> Image.Image:
    return composed("film", number, 160, 120)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Ten frames, five seconds."""
    frames = []
    for number in range(10):
        out = io.BytesIO()
        drawn(number).save(out, "JPEG", quality=95)
        frames.append(out.getvalue())
    path = tmp_path / "film.mp4"
    path.write_bytes(mp4(frames, 160, 120, EACH))
    return path


@pytest.mark.parametrize(
    ("every", "count", "moments"),
    [
        (1.0, 0, [0.0, 1.0, 2.0, 3.0, 4.0]),
        (0.7, 0, [0.0, 0.5, 1.0, 2.0, 2.5, 3.5, 4.0, 4.5]),
        (60.0, 0, [0.0]),
        (0.0, 1, [2.5]),
        (0.0, 5, [0.5, 1.5, 2.5, 3.5, 4.5]),
        (0.0, 100, [number / 2 for number in range(10)]),
    ],
)
def test_moments(film: Path, every: float, count: int, moments: list[float]) -> None:
    assert [still.at for still in stills(film, every, count)] == moments


def test_a_still_is_the_frame_of_its_moment(film: Path) -> None:
    for still in stills(film, every=1.0):
        with Image.open(io.BytesIO(still.body)) as image:
            off = ImageChops.difference(image.convert("L"), drawn(round(still.at * 2)).convert("L"))
            assert image.size == (160, 120)
            assert sum(value * count for value, count in enumerate(off.histogram())) / (160 * 120) < 6


@pytest.mark.parametrize("cut", [0, 100, 700])
def test_what_is_no_video_is_said(film: Path, cut: int) -> None:
    film.write_bytes(film.read_bytes()[:cut])
    with pytest.raises(Unusable) as caught:
        list(stills(film, every=1.0))
    assert caught.value.reason.startswith("video.")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", workers=False)


def rows(desk: Desk, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(desk.images / "collector.db")) as connection:
        return connection.execute(sql).fetchall()


def test_stills_of_a_run_join_its_pictures_and_none_is_taken_twice(desk: Desk) -> None:
    desk.write("queries.csv", "keyword,source,limit\nr/funny,imgur,12\n")
    double = Double(entries=12, albums=())  # Numbers 4 and 7 are videos of four frames in 0.8 s.
    with PracticeWeb(Knobs.calm(), doubles={"imgur": double}) as web:
        ended = desk.run("run", "--allow-private", "--set", f"imgur.home={web.url}/imgur", "--set", "imgur.rate=0")
    assert ended.code == 0, ended.err
    told = desk.run("frames", "--count", "2")
    found = rows(
        desk,
        "SELECT found.url, found.fields, found.published, outcome.path, outcome.format, outcome.state FROM found"
        " JOIN outcome ON outcome.found_id = found.id JOIN search ON search.id = search_id"
        " WHERE source = 'frames' ORDER BY found.rank",
    )
    saved = [row for row in found if row[5] == "saved"]  # What turns by half may look the same: a duplicate then.
    assert len(saved) >= 3
    assert (told.code, told.out.splitlines()[-1]) == (0, f"{len(saved)} new stills of 2 videos"), told.err
    assert [str(row[0]).rpartition("#")[2] for row in found] == ["t=0.2", "t=0.6"] * 2
    assert all(row[4] == "JPEG" and (desk.images / str(row[3])).is_file() for row in found)
    assert all('["video", "funny/' in str(row[1]) and row[2] for row in found)
    assert len(list((desk.images / "funny").iterdir())) == 12 + len(saved)

    again = desk.run("frames", "--count", "2")
    assert again.out.splitlines()[-1] == "0 new stills of 2 videos"
    assert desk.run("verify").out.strip() == "every picture is there as it was saved"
    assert desk.run("frames").code == 2
    more = desk.run("run", "--allow-private", "--set", "imgur.home=http://127.0.0.1:9/imgur", "--limit", "12")
    assert len(list((desk.images / "funny").iterdir())) == 12 + len(saved), more.err


def test_without_pyav_it_says_what_to_install(desk: Desk) -> None:
    (desk.images).mkdir()
    blocked = "import sys; sys.modules['av'] = None\nfrom collector.cli import main\nmain(['frames', '--count', '1'])"
    script = desk.write("blocked.py", blocked)
    ended = subprocess.run(
        [sys.executable, str(script)],
        cwd=desk.folder,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "[video]'" in ended.stderr
