"""`collector page`, and rows of the kinds page and gallery in `collector run`: as a user runs them."""

from __future__ import annotations

import hashlib
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path / "desk", workers=False)


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "collector.db")) as connection:
        return connection.execute(sql).fetchall()


def files(folder: Path) -> list[Path]:
    return [file for file in folder.glob("*/*") if file.is_file()]


def test_a_page_is_downloaded_tested_and_shown(desk: Desk) -> None:
    ended = desk.run("page", "--practice", "/everything", "/protected")
    assert ended.code == 0, ended.err
    folder = desk.folder / "pages" / "everything"
    assert ended.out.strip().splitlines()[-1] == "pages/everything.html"
    saved = rows(folder, "SELECT path, sha256 FROM outcome WHERE state = 'saved'")
    assert len(saved) == len(files(folder)) == 69
    for path, sha256 in saved:
        assert hashlib.sha256((folder / str(path)).read_bytes()).hexdigest() == sha256
    assert (
        rows(folder, "SELECT reason FROM outcome WHERE state <> 'saved'") == [("http.404",)] + [("page.left_out",)] * 11
    )
    text = (desk.folder / "pages" / "everything.html").read_text(encoding="utf-8")
    for state in ("open", "needs Referer", "refuses foreign Referer", "needs cookie", "signed", "gone", "inline"):
        assert f">{state}</span>" in text, state
    shown = re.findall(r'<img src="([^"]+)"', text)
    assert len(shown) == 69
    for source in shown:
        rule = re.search(r"/protected/(\w+)/", source)
        assert rule is None or rule[1] in ("open", "agent", "limited"), "the others are shown from their copies"
        assert source.startswith("http://127.0.0.1:") or (desk.folder / "pages" / source).is_file()

    again = desk.run("page", "--practice", "/everything", "/protected", "--test", "none")
    assert again.code == 0 and len(files(folder)) == 69
    assert ">not tested</span>" in (desk.folder / "pages" / "everything.html").read_text(encoding="utf-8")


def test_addresses_alone(desk: Desk) -> None:
    ended = desk.run("page", "--practice", "--print", "--limit", "3", "--out", "here", "/works")
    assert ended.code == 0, ended.err
    assert [line.rpartition("/")[2] for line in ended.out.splitlines()] == [f"work-{n}-small.jpg" for n in range(3)]
    assert not files(desk.folder / "here") and not (desk.folder / "here.html").exists()


def test_what_is_no_address_is_said_at_once(desk: Desk) -> None:
    ended = desk.run("page", "cats and dogs")
    assert ended.code == 4 and "not the address of a page" in ended.last_line
    assert not (desk.folder / "pages").exists()


def test_a_page_that_cannot_be_reached_is_not_looked_for_on_the_practice_web(desk: Desk) -> None:
    with socket.socket() as taken:  # Bound, and not listening.
        taken.bind(("127.0.0.1", 0))
        ended = desk.run("page", "--allow-private", f"http://127.0.0.1:{taken.getsockname()[1]}/gallery")
    assert ended.code == 8, ended.err
    assert ended.last_line.endswith("check the address and the network"), ended.last_line


def test_a_page_that_is_gone_has_its_code_and_its_file(desk: Desk) -> None:
    ended = desk.run("page", "--practice", "/removed", "/works")
    assert ended.code == 9, ended.err
    assert (desk.folder / "pages" / "removed.html").is_file() and len(files(desk.folder / "pages" / "removed")) == 3


@pytest.mark.browser
def test_rows_of_a_csv(desk: Desk) -> None:
    desk.write("queries.csv", "keyword,source,label\n/everything,page,\n/button,gallery,pressed\n")
    ended = desk.run("run", "--practice", "--browsers", "1", "--set", "gallery.patience=0.5", "queries.csv")
    assert ended.code == 0, ended.err
    counted = rows(
        desk.images, "SELECT label, count(*) FROM picture WHERE state = 'saved' GROUP BY label ORDER BY label"
    )
    assert counted == [("everything", 60), ("pressed", 36)]
    assert rows(desk.images, "SELECT DISTINCT state FROM search") == [("exhausted",)]
    assert (desk.images / "everything").is_dir() and len(files(desk.images)) == 96
