"""Forty typical mistakes: each is one line that says what is wrong and what to do, and ends with its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.cli import main
from tests.support.command import Desk

MISTAKES = [
    # what is asked for
    ("run", 4, 'queries.csv: no such file; give keywords, as in `'),
    ("run missing.csv", 4, "missing.csv: cannot be read"),
    ("run empty.csv", 4, "empty.csv: 0 keywords"),
    ("run folder.csv", 4, "this is a folder; give a file"),
    ("run two.csv", 4, "columns"),
    ("run cat --encoding klingon two.csv", 2, "klingon"),
    ("run limit.csv", 4, "line 2"),
    ("run source.csv", 4, "gogle"),
    ("run picture.csv", 4, "not text"),
    ("fetch", 0, ""),
    # flags and settings
    ("run cat --limit 0", 2, "limit"),
    ("run cat --limit many", 2, "neither a whole number of at least 1 nor all"),
    ("run cat --source gogle", 2, "no source 'gogle'; there are: google"),
    ("run cat --source ,", 2, "name at least one"),
    ("run cat --filter size", 2, "write it as name=value"),
    ("run cat --filter size=huge", 4, "is not a choice of google; choices:"),
    ("run cat --filter sise=large", 2, "sise"),
    ("run cat --set google", 2, "write it as table.key=value"),
    ("run cat --set google.hom=x", 2, "no setting google.hom"),
    ("run cat --set gogle.home=x", 2, "no table 'gogle'"),
    ("run cat --set fetch.threads=many", 2, "expected a whole number from 1 to 1,024"),
    ("run cat --set fetch.deadline=inf", 2, "expected a number above 0"),
    ("run cat --threads 0", 2, "--threads"),
    ("run cat --verify some", 2, "'full', 'fast', 'structure'"),
    ("run cat --types jpgg", 2, "no type 'jpgg'; there are: jpg"),
    ("run cat --names {label}", 2, "end it with -{id}"),
    ("run cat --names {nr}-{id}", 2, "no field {nr}; there are: label"),
    ("run cat --cookies none.txt", 2, "--cookies none.txt: cannot be read"),
    ("run cat --cookies two.csv", 2, "two.csv, line 1: expected domain"),
    ("run cat --proxy ftp://proxy:21", 2, "write http://HOST:PORT or socks5://HOST:PORT"),
    ("run cat --config none.toml", 2, "none.toml: no such file"),
    ("run cat --config broken.toml", 2, "not valid TOML"),
    ("run cat --blocklist none.txt", 2, "none.txt"),
    ("run cat --out /", 2, "give a folder of its own"),
    ("run cat --browser-binary /nowhere/chrome", 2, "/nowhere/chrome: no such file; give the path"),
    ("run cat --colour red --souce x", 2, "No such option"),
    ("rum cat", 2, "No such command 'rum'"),
    ("sources gogle", 2, "no source 'gogle'"),
    # a folder without a ledger, a thing that is not there
    ("status --out nowhere", 6, "nowhere"),
    ("why x --out nowhere", 6, "nowhere"),
    ("export imagefolder set --out nowhere", 6, "nowhere"),
    ("export imagenet set", 2, "imagenet"),
    ("split half --out nowhere", 2, "such as train=0.8,val=0.1,test=0.1"),
    ("import --link --move folder.csv", 2, "--link or --move, not both"),
    ("import nowhere", 4, "nowhere"),
    ("urls --import nowhere.json", 4, "nowhere.json"),
    ("frames", 2, "either --every SECONDS or --count N"),
    ("recipe show nothing", 4, "nothing"),
    ("page not-an-address --practice", 4, "not-an-address"),
]  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "desk")
    desk.write("empty.csv", "")
    (desk.folder / "folder.csv").mkdir()
    desk.write("two.csv", "cat,dog\nred,blue\n")
    desk.write("limit.csv", "keyword,limit\ncat,lots\n")
    desk.write("source.csv", "keyword,source\ncat,gogle\n")
    desk.write("broken.toml", "limit = = 3\n")
    (desk.folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    return desk


@pytest.mark.parametrize(("command", "code", "words"), MISTAKES, ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_told_in_one_line_with_its_exit_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, code: int, words: str
) -> None:
    monkeypatch.chdir(desk.folder)
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    said = capsys.readouterr().err.strip()
    assert ended.value.code == code, said
    assert words in (said.splitlines() or [""])[-1], said
    assert "Traceback" not in said and len(said.splitlines()) <= 6


def test_there_are_forty_at_least() -> None:
    assert len(MISTAKES) >= 40
