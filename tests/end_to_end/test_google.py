"""The main job as a user runs it: real Chromium, real HTTP, the practice web's log as the oracle."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import Popen

import pytest
from PIL import Image

from collector.practice import Knobs, PracticeWeb
from tests.support.command import Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk")
    yield desk
    assert wait_until(lambda: not desk.strays(), 10), desk.strays()


@pytest.fixture
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs()) as web:
        yield web


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def flags(web: PracticeWeb) -> list[str]:
    return ["--allow-private", "--browsers", "1", "--set", f"google.home={web.url}"]


def files(desk: Desk) -> list[Path]:
    return sorted(file for file in desk.images.glob("*/*") if file.is_file())


def rows(desk: Desk, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(desk.images / "collector.db")) as connection:
        return connection.execute(sql).fetchall()


def check_invariants(desk: Desk) -> None:
    """Ledger, disk and hashes agree; no part file, nothing but class folders, sums close."""
    saved = rows(desk, "SELECT path, sha256, bytes, format, width, height FROM outcome WHERE state = 'saved'")
    assert sorted(str(row[0]) for row in saved) == [str(file.relative_to(desk.images)) for file in files(desk)]
    for path, sha256, size, form, width, height in saved:
        body = (desk.images / str(path)).read_bytes()
        assert hashlib.sha256(body).hexdigest() == sha256
        assert len(body) == size
        with Image.open(desk.images / str(path)) as image:
            image.load()
            assert (image.format, *image.size) == (form, width, height)
    assert not list(desk.images.glob("*.part"))
    assert not [entry for entry in desk.images.iterdir() if entry.is_dir() and not any(entry.iterdir())]
    assert rows(desk, "SELECT count(*) FROM (SELECT 1 FROM found GROUP BY query_id, url HAVING count(*) > 1)") == [(0,)]


def picture_gets(web: PracticeWeb) -> Counter[str]:
    """GETs of originals by the fetch stage; the browser loads some of them too, under its own name."""
    gets = (request for request in web.pictures() if "Chrome" not in request.headers.get("user-agent", ""))
    return Counter(request.path for request in gets)


def test_pictures_in_every_folder_and_a_second_run_asks_for_none(desk: Desk, web: PracticeWeb) -> None:
    desk.write("queries.csv", "tabby cat\n金魚\n")
    ended = desk.run("run", "--limit", "6", *flags(web))
    assert ended.code == 0, ended.err
    assert {file.parent.name for file in files(desk)} == {"tabby cat", "金魚"}
    assert len(files(desk)) == 12
    check_invariants(desk)
    assert all(keyword in ended.out for keyword in ("tabby cat", "金魚"))
    urls = json.loads((desk.images / "urls.json").read_text())
    assert list(urls) == ["tabby cat", "金魚"]
    assert sum(map(len, urls.values())) == rows(desk, "SELECT count(*) FROM found")[0][0]

    before = len(web.log)
    again = desk.run("run", "--limit", "6", *flags(web))
    assert again.code == 0, again.err
    assert len(web.log) == before, "a finished list asks nothing at all"


def test_the_bundled_practice_web_is_used_and_kept_between_runs(desk: Desk) -> None:
    desk.write("queries.csv", "tabby cat\n")
    ended = desk.run("run", "--practice", "--limit", "4")
    assert ended.code == 0, ended.err
    assert len(files(desk)) == 4
    more = desk.run("run", "--practice", "--limit", "8")
    assert more.code == 0, more.err
    assert len(files(desk)) == 8
    check_invariants(desk)


def killed_when(process: Popen[str], condition: Callable[[], bool]) -> None:
    """kill -9 as soon as the condition holds; it must come to hold while the process lives."""
    while not condition():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("phase", ["search", "fetch"])
def test_killed_in_either_stage_it_goes_on_and_nothing_is_lost_or_twice(desk: Desk, phase: str) -> None:
    with PracticeWeb(Knobs(latency=(0.02, 0.06))) as web:
        desk.write("queries.csv", "tabby cat\nred barn\n")
        arguments = ["run", "--limit", "10", *flags(web)]
        if phase == "search":
            condition = lambda: any("/search" in request.path for request in web.log)  # noqa: E731
        else:
            condition = lambda: len(picture_gets(web)) >= 8  # noqa: E731
        killed_when(desk.start(*arguments), condition)
        assert wait_until(lambda: not desk.strays(), 10), desk.strays()
        assert not [path for path in files(desk) if path.suffix == ".part"]

        ended = desk.run(*arguments)
        assert ended.code == 0, ended.err
        check_invariants(desk)
        assert len(files(desk)) == 20
        saved = {row[0] for row in rows(desk, "SELECT url FROM picture WHERE state = 'saved'")}
        twice = [path for path, count in picture_gets(web).items() if count > 1 and web.url + path in saved]
        assert len(twice) <= 16 + 8, "only what was in flight at the kill, or met trouble, is asked again"


def test_ctrl_c_stops_within_ten_seconds_and_keeps_everything(desk: Desk) -> None:
    with PracticeWeb(Knobs(latency=(0.1, 0.3))) as web:
        desk.write("queries.csv", "tabby cat\nred barn\n")
        arguments = ["run", "--limit", "12", *flags(web)]
        process = desk.start(*arguments)
        while len(picture_gets(web)) < 5:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - started < 10
        assert process.returncode == 130, err
        assert "run the same command to go on" in err
        assert "Traceback" not in err
        assert not desk.strays()
        check_invariants(desk)
        first = len(files(desk))
        assert desk.run(*arguments).code == 0
        assert len(files(desk)) == 24 > first
        check_invariants(desk)


def test_a_site_that_cannot_be_reached_is_exit_8_and_offers_practice(desk: Desk) -> None:
    desk.write("queries.csv", "tabby cat\nred barn\n")
    ended = desk.run("run", "--browsers", "1", "--set", "google.home=http://127.0.0.1:9", "--allow-private")
    assert ended.code == 8, ended.err
    assert "127.0.0.1:9" in ended.last_line
    assert "--practice" in ended.last_line


def test_search_alone_then_fetch_alone(desk: Desk, web: PracticeWeb) -> None:
    desk.write("queries.csv", "tabby cat\n")
    home = ("--source", "openverse", "--set", f"openverse.home={web.url}/openverse")
    assert desk.run("search", "--limit", "5", "--allow-private", *home).code == 0
    assert picture_gets(web) == {}
    assert files(desk) == []
    assert desk.run("fetch", "--allow-private").code == 0
    assert len(files(desk)) == 5
    check_invariants(desk)
