"""Signals, full disks, folders that go away: one line, the right exit code, and the next run goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.cli import main
from collector.ledger import db
from collector.practice import Knobs, PracticeWeb
from tests.support.command import Desk, Ended
from tests.support.invariants import judge, saved_urls
from tests.support.maps import write_map
from tests.support.pausing import Paused

LOOSE = ("--set", "fetch.keep_free=0")
SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


@pytest.fixture
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs.calm(latency=(0.05, 0.1))) as web:
        yield web


def said(desk: Desk, process: subprocess.Popen[str], seconds: float) -> tuple[int, str, float]:
    """(exit code, standard error, how long it took from now)."""
    started = time.monotonic()
    _, err = process.communicate(timeout=seconds)
    return process.returncode, err, time.monotonic() - started


# --------------------------------------------------------------------------- signals


@pytest.mark.parametrize(("verb", "name"), [("import", "SIGTERM"), ("plan", "SIGINT"), ("plan", "SIGHUP")])
def test_a_signal_while_much_is_read_and_planned_ends_it_at_once(desk: Desk, verb: str, name: str) -> None:
    if verb == "import":
        desk.write("big.csv", "keyword,url\n" + "".join(f"k{n % 99},http://x.test/{n}.jpg\n" for n in range(4000)))
        paused = Paused(desk, "insert", 2000, "urls", "--import", "big.csv")
    else:
        desk.write("big.csv", "".join(f"keyword {n}\n" for n in range(4000)))
        paused = Paused(desk, "insert", 2000, "search", "big.csv")
    paused.reached()
    paused.process.send_signal(getattr(signal, name))
    time.sleep(0.1)
    paused.go()
    code, err, seconds = said(desk, paused.process, 20)
    assert code == SIGNALS[name], err
    assert seconds < 10
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1
    assert not judge(desk.images)
    assert "\n0 keywords" in desk.run("status").out, "nothing of it is kept"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_fetching_drains_and_a_second_ends_it(desk: Desk, name: str) -> None:
    with PracticeWeb(Knobs.calm(latency=(0.02, 0.05), pinned=dict.fromkeys(range(1, 5), "drip"))) as web:
        write_map(desk.folder / "map.csv", web.url, ["tabby cat", "red barn"], 60)
        desk.run("urls", "--import", "map.csv")
        process = desk.start("fetch", "--allow-private", "--threads", "8", *LOOSE)
        while len(web.pictures()) < 30:
            time.sleep(0.01)
        while process.poll() is None:  # Two that come before it looks are one.
            process.send_signal(getattr(signal, name))
            time.sleep(0.3)
        code, err, _ = said(desk, process, 20)
        assert code == SIGNALS[name], err
        assert "stopped at once" in err
        assert "Traceback" not in err
        ended = desk.run("fetch", "--allow-private", *LOOSE, "--set", "fetch.deadline=2")
        assert ended.code in (0, 9), ended.err
        assert not judge(desk.images)


def test_one_signal_keeps_what_was_under_way(desk: Desk, web: PracticeWeb) -> None:
    write_map(desk.folder / "map.csv", web.url, ["tabby cat"], 60)
    desk.run("urls", "--import", "map.csv")
    process = desk.start("fetch", "--allow-private", "--threads", "4", *LOOSE)
    while len(web.pictures()) < 20:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    code, err, seconds = said(desk, process, 20)
    assert (code, seconds < 10) == (143, True), err
    assert not judge(desk.images), "no part and no orphan is left, even before the next start"
    answered = sum(request.status == 200 for request in web.pictures())
    assert len(saved_urls(desk.images)) >= answered - 6, "but for copies of one another"
    before = set(saved_urls(desk.images))
    asked = len(web.pictures())
    assert desk.run("fetch", "--allow-private", *LOOSE).code == 0
    again = {f"{web.url}{request.path}" for request in web.pictures()[asked:]}
    assert not again & before, "what is saved is not asked for again"


def test_stopped_and_continued_it_goes_on(desk: Desk, web: PracticeWeb) -> None:
    """SIGSTOP for longer than a read timeout, as a closed lid does it."""
    write_map(desk.folder / "map.csv", web.url, ["tabby cat"], 30)
    desk.run("urls", "--import", "map.csv")
    process = desk.start("fetch", "--allow-private", "--threads", "4", *LOOSE, "--set", "fetch.read_timeout=1")
    while len(web.pictures()) < 8:
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    time.sleep(2)
    process.send_signal(signal.SIGCONT)
    code, err, _ = said(desk, process, 60)
    assert code == 0, err
    assert not judge(desk.images)


# --------------------------------------------------------------------------- the folder and its disk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Somebody else's file takes all but so many bytes."""
    state = os.statvfs(folder)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - leave)))
    return ballast


LEVELS = (0, 120_000, 700_000)
"""Bytes left, one after the other: not even a ledger can be opened, ..., the work is well under way."""


def is_full(ended: Ended, images: Path) -> None:
    """Exit 3 with one line that names the place."""
    assert ended.code == 3, (ended.code, ended.err[-500:])
    assert "Traceback" not in ended.err
    assert "No space left" in ended.last_line
    assert sum(line.startswith("collector: ") for line in ended.err.splitlines()) == 1
    assert str(images) in ended.last_line or "collector.db" in ended.last_line


def rows(images: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(images / "collector.db")) as db:
        return db.execute(question).fetchall()


@pytest.mark.parametrize("phase", ["import", "plan", "fetch"])
def test_a_full_disk_is_exit_3_and_the_next_run_goes_on(desk: Desk, web: PracticeWeb, small: Path, phase: str) -> None:
    images = small / "images"
    out = ("--out", str(images))
    desk.write("big.csv", "".join(f"keyword {n} {'x' * 60}\n" for n in range(6_000)))
    desk.write("large.csv", "keyword,url\n" + "".join(f"k{n % 9},http://x.test/{n}.jpg\n" for n in range(8_000)))
    pictures = 150 if phase == "fetch" else 9
    write_map(desk.folder / "map.csv", web.url, ["tabby cat", "red barn", "old bus"], pictures // 3)
    assert desk.run("urls", "--import", "map.csv", *out).code == 0
    work = {
        "import": ("urls", "--import", "large.csv", *out),
        "plan": ("search", "big.csv", "--browser-binary", "/bin/false", *out, *LOOSE),
        "fetch": ("fetch", "--allow-private", *out, *LOOSE),
    }[phase]
    for leave in LEVELS:
        ballast = fill(small, leave)
        is_full(desk.run(*work), images)
        ballast.unlink()
        assert not judge(images, settled=False)
    assert rows(images, "SELECT (SELECT count(*) FROM query), (SELECT count(*) FROM found)") == [(3, pictures)]
    assert desk.run("fetch", "--allow-private", *out, *LOOSE).code == 0
    assert not judge(images)
    assert rows(images, "SELECT DISTINCT state FROM outcome WHERE state NOT IN ('saved', 'duplicate')") == []


@pytest.mark.browser
def test_a_disk_that_fills_up_while_browsers_search_is_exit_3(desk: Desk, small: Path) -> None:
    images = small / "images"
    desk.write("queries.csv", "tabby cat\nred barn\n")
    with PracticeWeb(Knobs.calm()) as web:
        work = ("search", "--limit", "100", "--browsers", "2", "--out", str(images), *LOOSE)
        work += ("--allow-private", "--set", f"google.home={web.url}")
        desk.write("one.csv", "keyword,url\ncat,http://x.test/1.jpg\n")
        assert desk.run("urls", "--import", "one.csv", "--out", str(images)).code == 0
        for leave in (0, 160_000):
            before = len(web.log)
            ballast = fill(small, leave)
            is_full(desk.run(*work), images)
            assert (len(web.log) > before) == bool(leave), "the second time it was searching already"
            assert desk.strays() == []
            ballast.unlink()
            assert not judge(images, settled=False)
        ended = desk.run(*work)
    assert ended.code == 0, ended.err
    assert not judge(images)
    found = rows(images, "SELECT keyword, count(*) FROM query JOIN found ON query.id = query_id GROUP BY keyword")
    assert all(int(str(count)) >= 100 for keyword, count in found if keyword != "cat"), found
    assert set(rows(images, "SELECT state FROM search WHERE source = 'google'")) <= {("enough",), ("exhausted",)}


def test_a_disk_that_is_full_when_all_is_done_costs_no_row_and_no_old_map(desk: Desk, small: Path) -> None:
    """urls.json does not fit: exit 3, the old one stays. The backup does not fit: told, the old one stays."""
    images = small / "images"
    out = ("--out", str(images))
    lines = [f"k{n % 99},http://x.test/{n}.jpg\n" for n in range(15_000)]
    desk.write("map.csv", "keyword,url\n" + "".join(lines[:13_000]))
    assert desk.run("urls", "--import", "map.csv", *out).code == 0
    before = {name: (images / name).read_bytes() for name in ("urls.json", "collector.backup.db")}
    for name, number, leave in (("urls.json", 13_001, 250_000), ("backup", 14_000, 2_500_000)):
        desk.write("more.csv", "keyword,url\n" + "".join(lines[:number]))
        ballast = fill(small, leave)
        ended = desk.run("urls", "--import", "more.csv", *out)
        ballast.unlink()
        if name == "urls.json":
            is_full(ended, images)
            assert (images / name).read_bytes() == before[name]
        else:
            assert ended.code == 0, ended.err
            assert "no backup of the ledger: No space left" in ended.err
            assert len(json.loads((images / "urls.json").read_text())) == 99
        assert (images / "collector.backup.db").read_bytes() == before["collector.backup.db"]
        assert rows(images, "SELECT count(*) FROM found") == [(number,)]
    desk.write("map.csv", "keyword,url\n" + "".join(lines))
    assert desk.run("urls", "--import", "map.csv", *out).code == 0
    assert sum(map(len, json.loads((images / "urls.json").read_text()).values())) == 15_000
    assert (images / "collector.backup.db").read_bytes() != before["collector.backup.db"]
    assert not judge(images)


def test_room_is_left_for_others(desk: Desk, web: PracticeWeb, small: Path) -> None:
    images = small / "images"
    write_map(desk.folder / "map.csv", web.url, ["tabby cat"], 5)
    desk.run("urls", "--import", "map.csv", "--out", str(images))
    ended = desk.run("fetch", "--allow-private", "--out", str(images))
    assert ended.code == 3
    assert "fetch.keep_free" in ended.last_line
    assert web.pictures() == []
    assert desk.run("fetch", "--allow-private", "--out", str(images), "--set", "fetch.keep_free=1000").code == 0


def test_a_read_only_disk_is_exit_3_and_status_still_works(desk: Desk, web: PracticeWeb, small: Path) -> None:
    images = small / "images"
    write_map(desk.folder / "map.csv", web.url, ["tabby cat"], 3)
    desk.run("urls", "--import", "map.csv", "--out", str(images))
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    ended = desk.run("fetch", "--allow-private", "--out", str(images), *LOOSE)
    assert ended.code == 3, ended.err
    assert "Read-only" in ended.last_line
    assert desk.run("status", "--out", str(images)).code == 0


@pytest.mark.parametrize("what", ["everything", "the ledger", "the lock", "replaced"])
def test_a_folder_that_goes_away_is_exit_3(desk: Desk, what: str) -> None:
    with PracticeWeb(Knobs.calm(latency=(0.2, 0.4))) as web:
        write_map(desk.folder / "map.csv", web.url, ["tabby cat"], 150)
        desk.run("urls", "--import", "map.csv")
        process = desk.start("fetch", "--allow-private", "--threads", "2", *LOOSE)
        while len(web.pictures()) < 10:
            time.sleep(0.01)
        aside = desk.folder / "aside"
        if what == "the ledger":
            (desk.images / "collector.db").rename(aside)
        elif what == "the lock":
            (desk.images / ".collector.lock").unlink()
            assert desk.run("fetch").code == 5
        else:
            desk.images.rename(aside)
        if what == "replaced":
            shutil.copytree(aside, desk.images)
        code, err, _ = said(desk, process, 40)
        assert code == 3, err
        assert "Traceback" not in err
        assert "images" in err.splitlines()[-1]


def test_the_root_and_the_home_are_refused(desk: Desk) -> None:
    desk.write("queries.csv", "cat\n")
    for folder in ("/", str(Path.home())):
        ended = desk.run("run", "--out", folder)
        assert ended.code == 2, ended.err
    link = desk.folder / "link"
    (desk.folder / "real").mkdir()
    link.symlink_to(desk.folder / "real")
    desk.write("list.txt", "ftp://x.test/a\n")
    assert desk.run("urls", "--import", "list.txt", "--out", str(link)).code == 0
    assert (desk.folder / "real" / "collector.db").exists()


def test_a_ledger_that_another_program_holds_is_exit_5(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(db, "PATIENCE", 0.1)
    monkeypatch.chdir(desk.folder)
    desk.write("list.txt", "ftp://x.test/a\n")
    desk.run("urls", "--import", "list.txt")
    holder = sqlite3.connect(desk.images / "collector.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(SystemExit) as ended:
        main(["fetch"])
    holder.close()
    said = capsys.readouterr().err
    assert ended.value.code == 5, said
    assert "another program" in said.splitlines()[-1]


def test_status_while_a_run_goes_on(desk: Desk) -> None:
    with PracticeWeb(Knobs.calm(latency=(0.4, 0.5))) as web:  # It would take half a minute.
        write_map(desk.folder / "map.csv", web.url, ["tabby cat"], 150)
        desk.run("urls", "--import", "map.csv")
        process = desk.start("fetch", "--allow-private", "--threads", "2", *LOOSE)
        while len(web.pictures()) < 3:
            time.sleep(0.01)
        status = desk.run("status")
        why = desk.run("why", f"{web.url}{web.pictures()[0].path}")
        second = desk.run("fetch")
        assert process.poll() is None
        assert (status.code, why.code, second.code) == (0, 0, 5)
        assert str(process.pid) in second.last_line
        process.send_signal(signal.SIGTERM)
        assert said(desk, process, 60)[0] == 143
