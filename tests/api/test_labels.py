"""A CSV is the truth about its keywords: labels follow it, what is gone leaves the set, nothing is deleted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import collector
from collector.ledger import Ledger, Row
from tests.support.command import Desk
from tests.support.invariants import judge
from tests.support.pausing import Paused

pytestmark = pytest.mark.usefixtures("downloads_in_process", "pictures_in_process")


@pytest.fixture(scope="module")
def web() -> Iterator[collector.practice]:
    with collector.practice(collector.practice.Knobs.calm()) as web:
        yield web


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "queries.csv"


ONE = {"source": "naver", "settings": {"fetch.processes": 1}}


def run(table: Path, text: str, web: collector.practice, **more: object) -> list[str]:
    """Write a CSV and run it; what the user was told."""
    told: list[str] = []
    table.write_text(text, encoding="utf-8")
    crawl = collector.collect(table, table.parent / "images", limit=3, practice=web, **{**ONE, **more})  # type: ignore[arg-type]
    crawl._notice = told.append
    with crawl:
        for _ in crawl:
            pass
    assert not judge(table.parent / "images")
    return [re.sub(r"no longer in \S+:", "no longer in it:", line) for line in told]


def classes(table: Path) -> dict[str, int]:
    """Pictures of the set by class, as files lie in class folders."""
    with Ledger.read(table.parent / "images") as ledger:
        rows = [row for row in ledger.dataset.pictures() if row.left_out is None]
        assert all((table.parent / "images" / row.file).is_file() for row in rows)
        assert all(row.file.parts[0] == row.label for row in rows)
        return dict(Counter(row.label for row in rows))


def contents(table: Path) -> set[str]:
    """The names of all files in class folders, which their bytes decide."""
    files = [file.name for file in (table.parent / "images").glob("*/*")]
    assert len(set(files)) == len(files)
    return set(files)


def test_a_changed_label_takes_its_pictures_along(table: Path, web: collector.practice) -> None:
    assert run(table, "keyword,label\ntabby cat,cat\nred fox,fox\n", web) == []
    folder = table.parent / "images"
    collector.open(folder).split("train=0.5,test=0.5")
    with Ledger.read(folder) as ledger:
        splits, asked = ledger.splits.given(ledger.splits.schemes()[0]), len(web.pictures())
    assert run(table, "keyword,label\ntabby cat,pet\nred fox,fox\n", web) == [
        '"tabby cat" is of class pet now, not cat: 3 files moved'
    ]
    assert classes(table) == {"pet": 3, "fox": 3}
    assert not (folder / "cat").exists() and len(web.pictures()) == asked, "nothing is fetched again"
    with Ledger.read(folder) as ledger:
        assert ledger.splits.given(ledger.splits.schemes()[0]) == splits
    assert run(table, "keyword,label\ntabby cat,cat\nred fox,fox\n", web) == [
        '"tabby cat" is of class cat now, not pet: 3 files moved'
    ]
    assert classes(table) == {"cat": 3, "fox": 3}


def test_words_and_verdicts_go_with_their_pictures(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label\ntabby cat,cat\n", web)
    folder = table.parent / "images"
    with Ledger.open(folder) as ledger, ledger.transaction():
        first, second, _ = ledger.dataset.pictures()
        ledger.dataset.review(first.sha256, "cat", "drop")
        ledger.dataset.review(second.sha256, "cat", "keep")
    collector.open(folder).apply()
    run(table, "keyword,label\ntabby cat,pet\n", web)
    assert classes(table) == {"pet": 2}
    with Ledger.read(folder) as ledger:
        assert ledger.dataset.reviews() == {(first.sha256, "pet"): "drop", (second.sha256, "pet"): "keep"}
        gone = ledger.dataset.picture(first.sha256)
        assert gone is not None and gone.left_out == "set.dropped"
        assert gone.file == Path("../images-rejected/pet", first.file.name) and (folder / gone.file).is_file()


def test_rows_that_are_gone_leave_the_set_and_come_back(table: Path, web: collector.practice) -> None:
    run(table, "tabby cat\nred fox\n", web)
    (told,) = run(table, "tabby cat\n", web)
    assert told.startswith('no longer in it: "red fox"; their pictures leave the set (3); nothing is deleted')
    assert classes(table) == {"tabby cat": 3}
    assert len(list((table.parent / "images" / "red fox").iterdir())) == 3, "nothing is deleted"
    assert run(table, "tabby cat\n", web) == [], "told once"
    asked = len(web.pictures())
    assert run(table, "tabby cat\nred fox\n", web) == []
    assert classes(table) == {"tabby cat": 3, "red fox": 3} and len(web.pictures()) == asked


def test_a_row_that_comes_back_with_another_class_has_its_pictures_there(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label\ntabby cat,cat\nred fox,fox\n", web)
    run(table, "keyword,label\ntabby cat,cat\n", web)
    asked = len(web.pictures())
    assert run(table, "keyword,label\ntabby cat,cat\nred fox,animal\n", web) == [
        '"red fox" is of class animal now, not fox: 3 files moved'
    ]
    assert classes(table) == {"cat": 3, "animal": 3} and len(web.pictures()) == asked, "nothing is fetched again"


def test_removed_rows_may_stay(table: Path, web: collector.practice) -> None:
    run(table, "tabby cat\nred fox\n", web)
    told = run(table, "tabby cat\n", web, keep_removed=True)
    assert told == ['no longer in it: "red fox"; their pictures stay in the set']
    assert classes(table) == {"tabby cat": 3, "red fox": 3}
    assert run(table, "tabby cat\n", web) == []
    assert classes(table) == {"tabby cat": 3, "red fox": 3}


def test_another_file_has_its_own_rows(table: Path, web: collector.practice) -> None:
    run(table, "tabby cat\n", web)
    other = table.with_name("other.csv")
    assert run(other, "red fox\n", web) == []
    assert classes(table) == {"tabby cat": 3, "red fox": 3}
    assert run(other, "brown bear\n", web)[0].startswith('no longer in it: "red fox"')
    assert classes(table) == {"tabby cat": 3, "brown bear": 3}


def test_two_keywords_that_become_one_class(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label\ntabby cat,tabby\nblack cat,black\n", web)
    assert len(run(table, "keyword,label\ntabby cat,cat\nblack cat,cat\n", web)) == 2
    assert classes(table) == {"cat": 6}


def test_other_filters_remove_and_move_nothing(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label\ntabby cat,cat\nred fox,fox\n", web)
    filters = {"filters": {"size": "large"}}
    assert run(table, "keyword,label\ntabby cat,cat\nred fox,fox\n", web, source="openverse", **filters) == []
    before = classes(table)
    assert before.keys() == {"cat", "fox"} and before["cat"] >= 3
    (told,) = run(table, "keyword,label\ntabby cat,pet\nred fox,fox\n", web)
    assert '"tabby cat" is of class pet now' in told
    assert classes(table)["pet"] == before["cat"]


def test_a_keyword_of_two_classes_that_both_change(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label\ntabby cat,a\ntabby cat,b\n", web)
    assert len(run(table, "keyword,label\ntabby cat,c\ntabby cat,d\n", web)) == 2
    with Ledger.read(table.parent / "images") as ledger:
        assert {label for _, label, _, _ in ledger.dataset.queries()} == {"c", "d"}
    assert set(classes(table)) <= {"c", "d"}


def test_classes_may_change_places(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label\ntabby cat,cat\nred fox,fox\n", web)
    with Ledger.read(table.parent / "images") as ledger:
        cats = {row.sha256 for row in ledger.dataset.pictures() if row.label == "cat"}
    run(table, "keyword,label\ntabby cat,fox\nred fox,cat\n", web)
    assert classes(table) == {"cat": 3, "fox": 3}
    with Ledger.read(table.parent / "images") as ledger:
        assert {row.sha256 for row in ledger.dataset.pictures() if row.label == "fox"} == cats


def test_the_first_run_after_an_update_follows_the_file_too(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label\ntabby cat,cat\nred fox,fox\n", web)
    with Ledger.open(table.parent / "images") as ledger, ledger.transaction():
        ledger._db.execute("UPDATE listed SET file = '?'")  # As the migration leaves it.
    assert run(table, "keyword,label\ntabby cat,pet\n", web) == [
        '"tabby cat" is of class pet now, not cat: 3 files moved'
    ]
    assert classes(table) == {"pet": 3, "fox": 3}, "which file had the fox, nobody knows"


@pytest.mark.parametrize(("before", "after"), [("fox", "fox"), ("fox", "animal")])
def test_a_text_that_finds_the_pictures_of_the_one_before_takes_them_over(
    table: Path, web: collector.practice, before: str, after: str
) -> None:
    first, second = f"keyword,label\nred fox,{before}\n", f"keyword,label\nRed Fox,{after}\n"
    run(table, first, web)
    asked, old = len(web.pictures()), contents(table)
    for text, label in ((second, after), (first, before), (second, after)):
        assert "no longer in it" in run(table, text, web)[0]
        assert classes(table) == {label: 3}, "the limit is met, by those that were there"
        assert contents(table) == old, "nothing is lost, nothing is there twice"
        assert len(web.pictures()) == asked, "nothing is fetched again"
    run(table, f"{second}red fox,{before}\n", web)
    assert sum(classes(table).values()) == 6, "both are listed: each has its own"


def test_a_text_that_finds_only_some_of_them_takes_those_over(table: Path, web: collector.practice) -> None:
    run(table, "keyword,label,limit\nred fox,fox,5\n", web)
    assert "no longer in it" in run(table, "keyword,label,limit\nRed Fox,fox,2\n", web)[0]
    assert classes(table) == {"fox": 2} and len(contents(table)) == 5, "the others are left out, and stay"
    asked = len(web.pictures())
    run(table, "keyword,label,limit\nRed Fox,fox,5\n", web)
    assert classes(table) == {"fox": 5} and len(contents(table)) == 5 and len(web.pictures()) == asked


def test_a_lowered_limit_is_never_below_what_is_saved(table: Path, web: collector.practice) -> None:
    run(table, "keyword,limit\ntabby cat,4\n", web)
    run(table, "keyword,limit\ntabby cat,2\n", web)
    (tally,) = collector.open(table.parent / "images").keywords()
    assert (tally.saved, tally.limit) == (4, 4)
    run(table, "keyword,limit\ntabby cat,6\n", web)
    (tally,) = collector.open(table.parent / "images").keywords()
    assert (tally.saved, tally.limit) == (6, 6)


# --------------------------------------------------------------------------- by hand


@pytest.fixture
def desk(tmp_path: Path, web: collector.practice) -> Desk:
    desk = Desk(tmp_path / "desk", workers=False)
    run(desk.folder / "queries.csv", "keyword,label\ntabby cat,cat\nred fox,\n", web)
    return desk


def test_a_keyword_is_dropped_and_its_row_brings_it_back(desk: Desk, web: collector.practice) -> None:
    table = desk.folder / "queries.csv"
    done = desk.run("keyword", "drop", "red fox")
    assert done.out == "3 pictures left out of the set; no file was deleted\n", done.err
    assert classes(table) == {"cat": 3}
    assert desk.run("fetch", "--practice").code == 0
    assert classes(table) == {"cat": 3}
    assert run(table, "keyword,label\ntabby cat,cat\nred fox,\n", web) == []
    assert classes(table) == {"cat": 3, "red fox": 3}


def test_a_keyword_is_renamed_with_the_class_that_is_called_like_it(desk: Desk, web: collector.practice) -> None:
    table = desk.folder / "queries.csv"
    assert desk.run("keyword", "rename", "red fox", "vulpes").code == 0
    assert desk.run("keyword", "rename", "tabby cat", "moggy").code == 0
    assert classes(table) == {"cat": 3, "vulpes": 3} and not judge(desk.images)
    asked = len(web.pictures())
    assert run(table, "keyword,label\nmoggy,cat\nvulpes,\n", web) == []
    assert len(web.pictures()) == asked, "known by their new names"


def test_a_keyword_moves_to_another_class_and_the_file_has_the_last_word(desk: Desk, web: collector.practice) -> None:
    table = desk.folder / "queries.csv"
    done = desk.run("keyword", "move", "red fox", "cat")
    assert done.out == "3 pictures of red fox are in cat now; make the same change in QUERIES\n", done.err
    assert classes(table) == {"cat": 6} and not judge(desk.images)
    told = run(table, "keyword,label\ntabby cat,cat\nred fox,\n", web)
    assert told == ['"red fox" is of class red fox now, not cat: 3 files moved']


def test_renamed_to_a_keyword_that_is_there_they_become_one(desk: Desk) -> None:
    assert desk.run("keyword", "move", "red fox", "cat").code == 0
    assert desk.run("keyword", "rename", "red fox", "tabby cat").code == 0
    (tally,) = collector.open(desk.images).keywords()
    assert (tally.keyword, tally.saved) == ("tabby cat", 6) and not judge(desk.images)
    assert desk.run("verify").code == 0


def test_what_cannot_be_done_is_one_line(desk: Desk) -> None:
    for arguments, words in (
        (("drop", "owl"), "no keyword 'owl' here"),
        (("drop", "red fox", "--label", "x"), "no keyword 'red fox' of class 'x'"),
        (("rename", "red fox", " "), "the keyword is empty"),
        (("move", "red fox", "a\x07b"), "U+0007"),
    ):
        ended = desk.run("keyword", *arguments)
        assert (ended.code, words in ended.last_line) == (4, True), ended.err


@pytest.mark.parametrize(("at", "number"), [("rename", 2), ("commit", 3), ("commit", 4)])
def test_a_kill_in_the_middle_is_made_good_by_doing_it_again(desk: Desk, at: str, number: int) -> None:
    before = {row.sha256: row.label for row in rows_of(desk)}
    paused = Paused(desk, at, number, "keyword", "move", "red fox", "cat")
    try:
        paused.reached()
    finally:
        paused.process.kill()
        paused.process.communicate()
    paused.go()
    assert len(list(desk.images.glob("*/*.*"))) == 6, "no file is lost"
    done = desk.run("keyword", "move", "red fox", "cat")
    assert done.code == 0, done.err
    assert {row.sha256 for row in rows_of(desk)} == before.keys()
    assert classes(desk.folder / "queries.csv") == {"cat": 6} and not judge(desk.images)
    assert desk.run("verify").code == 0


def rows_of(desk: Desk) -> list[Row]:
    with Ledger.read(desk.images) as ledger:
        return list(ledger.dataset.pictures())
