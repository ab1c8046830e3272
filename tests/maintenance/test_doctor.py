"""The doctor: each finding in words with its cure, the exit code a run would have, and nothing changed."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from collector import sources
from collector.ledger import Ledger, examine
from collector.ledger.lock import FolderLock
from collector.maintenance import doctor
from collector.maintenance.doctor import Finding, Level
from collector.practice import Knobs, PracticeWeb
from collector.search import selftest
from collector.settings import SearchSettings, Settings, assign
from tests.support.command import Desk
from tests.support.hub_double import HubDouble
from tests.support.values import query


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def named(findings: list[Finding], words: str) -> Finding:
    [found] = [finding for finding in findings if words in finding.what]
    return found


def folder(out: Path) -> list[Finding]:
    return [*doctor._disk(out), *doctor._folder(out)]


# ---------------------------------------------------------------------- folder and ledger


def test_a_new_folder_is_fine_and_is_not_made(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "images"
    assert [finding.level for finding in folder(out)] == [Level.OK, Level.OK]
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_is_counted(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.work.plan([query("cat"), query("dog")])
        ledger.remember("running", "2026-01-01T00:00:00+00:00")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = folder(tmp_path)
    assert all(finding.level is Level.OK for finding in found)
    assert "2 keywords, 0 URLs, 0 saved" in named(found, "the ledger in").what
    assert named(found, "interrupted")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_ledger_in_use_is_a_warning(tmp_path: Path) -> None:
    with FolderLock(tmp_path), Ledger.open(tmp_path):
        found = folder(tmp_path)
    assert named(found, "in use").level is Level.WARNING
    assert "process" in named(found, "in use").cure
    assert named(found, "is whole").level is Level.OK


def spoil(path: Path, how: str) -> None:
    if how == "garbage":
        path.write_bytes(b"\0garbage" * 1000)
    elif how == "other":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE mine (x)")
    else:
        with Ledger.open(path.parent) as ledger:
            ledger.work.plan([query(f"keyword {number} {'x' * 300}") for number in range(200)])
        if how == "newer":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA user_version = 99")
        elif how == "dropped":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("DROP TABLE review")
        else:
            body = bytearray(path.read_bytes())
            body[8192:40960] = b"\xff" * (40960 - 8192)
            path.write_bytes(body)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("garbage", "not a database"),
        ("other", "not a collector ledger"),
        ("newer", "newer version"),
        ("pages", "damaged"),
        ("dropped", "damaged (no review"),
    ],
)
def test_a_ledger_that_cannot_be_used_is_a_problem_and_left_alone(tmp_path: Path, how: str, words: str) -> None:
    spoil(tmp_path / "collector.db", how)
    before = (tmp_path / "collector.db").read_bytes()
    found = named(folder(tmp_path), "the ledger in")
    assert (found.level, found.code) == (Level.PROBLEM, 6)
    assert words in found.what
    assert "collector repair" in found.cure
    assert (tmp_path / "collector.db").read_bytes() == before


def test_no_ledger_is_no_trouble_but_a_lost_one_is(tmp_path: Path) -> None:
    assert examine(tmp_path) is None
    (tmp_path / "collector.backup.db").write_bytes(b"x")
    assert named(folder(tmp_path), "missing, but its backup is there").code == 6


def test_a_place_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    places = [tmp_path / "file", tmp_path / "file" / "images"]
    if sys.platform == "linux":
        places.append(Path("/proc/images"))
    for place in places:
        [found] = doctor._disk(place)
        assert (found.level, found.code) == (Level.PROBLEM, 3)
        assert "another --out" in found.cure


@pytest.mark.parametrize(("level", "low", "very_low"), [("warning", 10**18, 1), ("problem", 10**18, 10**18)])
def test_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, low: int, very_low: int
) -> None:
    monkeypatch.setattr(doctor, "LITTLE", low)
    monkeypatch.setattr(doctor, "TOO_LITTLE", very_low)
    [found] = doctor._disk(tmp_path)
    assert (found.level, "GB free" in found.what) == (level, True)


# ---------------------------------------------------------------------- browser


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--browser-binary", "/nowhere/chrome"], "/nowhere/chrome: no such file"),
        (["--driver", "/bin/false"], "does not work with chromedriver"),
        (["--headed"], "no display"),
    ],
)
def test_no_usable_browser_is_exit_10(desk: Desk, flags: list[str], words: str) -> None:
    ended = desk.run("doctor", *flags)
    assert ended.code == 10, ended.out + ended.err
    [problem] = [line for line in ended.out.splitlines() if line.startswith("problem: ")]
    assert words in problem
    assert "1 problem, see above" in ended.last_line


def test_a_grid_that_is_away_is_exit_12(desk: Desk) -> None:
    ended = desk.run("doctor", "--grid", "http://127.0.0.1:9")
    assert ended.code == 12, ended.out + ended.err
    assert "problem: the grid http://127.0.0.1:9 cannot be reached" in ended.out


def test_nodes_slots_and_free_ones_of_a_grid_are_shown(desk: Desk) -> None:
    with HubDouble(2, 1) as hub:
        hub.begin("somebody else")
        found = [str(finding) for finding in doctor._grid(SearchSettings(grid=hub.address, browsers=3))]
        assert found == [f"ok: grid {hub.address}: nodes 2, slots for Chrome 3, free 2"]
        few = [str(finding) for finding in doctor._grid(SearchSettings(grid=hub.address, browsers=5))]
    cure = "a run uses 3 of the 5 browsers it is to have (`--browsers`)"
    assert few == [f"warning: grid {hub.address}: nodes 2, slots for Chrome 3, free 2: {cure}"]


def test_a_bad_folder_is_exit_3_and_a_bad_ledger_6(desk: Desk) -> None:
    for code, make in ((3, lambda: desk.images.write_text("a file")), (6, lambda: _damaged(desk.images))):
        make()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(doctor, "_browser", lambda _settings: iter(()))
            problems = [found for found in doctor.checks(Settings(out=desk.images)) if found.level is Level.PROBLEM]
        assert [problem.code for problem in problems] == [code]


def _damaged(images: Path) -> None:
    images.unlink()
    images.mkdir()
    (images / "collector.db").write_bytes(b"\0garbage" * 1000)


# ---------------------------------------------------------------------- live


@pytest.mark.browser
def test_a_sound_machine_is_exit_0_with_a_line_for_everything(desk: Desk) -> None:
    with PracticeWeb(Knobs.calm()) as web:
        flags = ("--source", "openverse", "--set", f"openverse.home={web.url}/openverse")
        ended = desk.run("doctor", "--live", *flags, "--set", "fetch.allow_private=yes")
    assert ended.code == 0, ended.out + ended.err
    lines = ended.out.splitlines()
    for words in ("Python 3.", "browser 1", "driver 1", "the browser starts, headless", "can be written", "no ledger"):
        assert sum(words in line for line in lines) == 1, words
    assert all(line.startswith(("ok: ", "warning: ")) for line in lines)
    assert f'ok: openverse for "{sources.load("openverse").example}": 5 pictures' in lines
    assert not desk.images.exists()
    assert desk.left_behind() == []
    assert desk.strays() == []


@pytest.mark.browser
def test_live_tries_every_way_and_names_the_one_that_a_site_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "ENOUGH", 2)
    found, _ = looked_over(Knobs.calm(hover=False, total=60, first=40, batch=20))
    told = [str(finding) for finding in found]
    for way in sources.load("google").strategies:
        level = "warning" if way == "hover" else "ok"
        assert sum(line.startswith(f'{level}: google for "cat" by {way}: ') for line in told) == 1, way
    assert sum("page.layout" in line for line in told) == 1
    assert told[-1].startswith("warning: google no longer answers to every way")


def looked_over(knobs: Knobs, **search: float) -> tuple[list[Finding], int]:
    """The findings, and how often the site was asked for a result page."""
    with PracticeWeb(knobs) as web:
        settings = Settings(
            search=SearchSettings(headed="no", **search),  # type: ignore[arg-type]
            sources={name: dict(table) for name, table in sources.defaults().items()},
        )
        settings = assign(settings, "google.home", web.url, "test")
        settings = assign(settings, "fetch.allow_private", True, "test")
        found = list(doctor.live(settings))
        return found, sum(request.path == "/search" and "async" not in request.query for request in web.log)


@pytest.mark.browser
@pytest.mark.parametrize(("state", "code", "words"), [("captcha", 7, "page.captcha"), ("reset", 8, "page.unreachable")])
def test_live_asks_a_site_that_refuses_only_once(state: str, code: int, words: str) -> None:
    found, asked = looked_over(Knobs.calm(state=state), restarts=0, page_load_timeout=5)
    assert [finding.level for finding in found] == [Level.WARNING, Level.PROBLEM]
    assert words in found[0].what
    assert found[1].code == code
    assert asked <= 2, "a connection that breaks is tried twice by the browser itself"
