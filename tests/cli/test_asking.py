"""Keywords as arguments, a run that only says what it would do, and the ways to be told about one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.api import queries
from collector.errors import InputError
from collector.ledger import Ledger
from collector.settings import Settings
from collector.sources import all_filters, defaults, kinds
from tests.support.command import Desk

PRACTICE = ("--practice", "--source", "openverse", "--limit", "2")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", workers=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, sources=defaults(), filters=dict.fromkeys(all_filters(), ""), kinds=kinds())


def keywords(asked: queries.QueryFile) -> list[str]:
    return [query.keyword for query in asked.queries]


def test_words_are_keywords_and_files_are_files(settings: Settings, tmp_path: Path) -> None:
    csv, plain = tmp_path / "a.csv", tmp_path / "list"
    csv.write_text("keyword,label\nred fox,fox\n")
    plain.write_text("grey wolf\n")
    asked = queries.from_arguments([str(csv), "tabby cat", str(plain), "red fox", "tabby cat"], settings)
    assert sorted(keywords(asked)) == ["grey wolf", "red fox", "red fox", "tabby cat"]
    assert {(query.keyword, query.label) for query in asked.queries} >= {("red fox", "fox"), ("red fox", "red fox")}
    assert (asked.file, queries.from_arguments([str(csv)], settings).file) == ("", str(csv))
    assert keywords(queries.from_arguments(["x" * 400, "r/funny"], settings)) == ["x" * 400, "r/funny"]


@pytest.mark.parametrize("name", ["missing.csv", "missing.TXT", "missing.xlsx"])
def test_what_is_called_as_a_file_is_one(settings: Settings, name: str) -> None:
    with pytest.raises(InputError, match=name):
        queries.from_arguments([name], settings)


def test_a_run_of_words_needs_no_file_and_tells_what_it_did(desk: Desk) -> None:
    ended = desk.run("run", "tabby cat", "red fox", *PRACTICE, "-o", "events.jsonl", "--log", "run.log", "--verbose")
    assert ended.code == 0, ended.err
    assert sorted(folder.name for folder in desk.images.iterdir() if folder.is_dir()) == ["red fox", "tabby cat"]
    assert "4 of 4 pictures saved" in ended.out and "saved tabby cat/" in ended.err
    assert "not needed before" not in ended.out and "policy.limit" not in ended.out
    events = [json.loads(line) for line in (desk.folder / "events.jsonl").read_text().splitlines()]
    assert sum(event["event"] == "saved" for event in events) == 4
    assert [event["event"] for event in events[-3:]] == ["tally", "tally", "summary"]
    log = (desk.folder / "run.log").read_text().splitlines()
    assert sum(" saved red fox/" in line for line in log) == 2
    assert any(' searching openverse for "tabby cat"' in line for line in log)
    again = desk.run("run", "tabby cat", "red fox", *PRACTICE, "--quiet", "--log", "run.log")
    assert (again.code, again.out, again.err) == (0, "", "")


def test_without_a_file_and_words_the_way_is_shown(desk: Desk) -> None:
    ended = desk.run("run")
    assert (ended.code, 'collector run "tabby cat" "red fox"' in ended.last_line) == (4, True)


def test_a_dry_run_says_what_it_would_ask_and_asks_for_nothing(desk: Desk) -> None:
    ended = desk.run("run", "tabby cat", "red fox", "--source", "openverse", "--limit", "50", "--dry-run")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[:3] == [
        "tabby cat: 50 pictures from openverse, 0 here already",
        "red fox: 50 pictures from openverse, 0 here already",
        "openverse: 2 keywords to search, about 8 requests, at most 0.33 a second",
    ]
    assert "about 100 pictures to download, 50 MB, 1 minute; nothing was requested" in ended.out
    assert not desk.images.exists()


def test_a_finished_list_can_be_searched_again(desk: Desk) -> None:
    few = ("--practice", "--source", "openverse", "--limit", "999")
    assert desk.run("search", "red fox", *few).code == 0
    assert desk.run("search", "red fox", *few).code == 0
    with Ledger.read(desk.images) as ledger:
        before = next(ledger.stats.tallies()).found
    assert 'searching openverse for "red fox"' in desk.run("search", "red fox", *few, "--refresh").err
    with Ledger.read(desk.images) as ledger:
        assert next(ledger.stats.tallies()).found >= before
