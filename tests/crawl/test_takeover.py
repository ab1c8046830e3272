"""Pictures of keywords that no file lists any more: who finds one has it, whatever is in the way, and once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest

from collector.crawl.record import OutputFolder
from collector.crawl.run import Run
from collector.dataset import labels, moving
from collector.ledger import Ledger, Row
from collector.ledger.rows import SAVED
from collector.maintenance import files, startup, verify
from collector.model import Event, Hit, Message, Query, Saved
from collector.settings import Settings, assign
from tests.support.fakes import FakeFetchers, FakeSearchers, OpenHosts
from tests.support.values import hit, query

TEMPLATE = "{label}-{keyword}-{rank:04}-{id}"


class Killed(BaseException):
    """What no code catches."""


class Dying(OutputFolder):
    """Dies at its n-th move, before or after it."""

    def __init__(self, folder: Path, at: int, after: bool) -> None:
        super().__init__(folder)
        self.left, self.after = at, after

    def move(self, old: Path, name: Path) -> bool:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        done = super().move(old, name)
        if self.left == 0:
            raise Killed
        return done


class Table:
    """A CSV that is edited between runs over one output folder. All its keywords find the pictures of `shows`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "images"
        self.settings = assign(Settings(), "out", str(self.folder), "test")
        self.shows: dict[str, Sequence[Hit]] = {}
        self.fetched: list[str] = []
        self.bytes: dict[str, str] = {}
        """URL -> its bytes, where they are not of its own."""

    def names(self, template: str) -> None:
        self.settings = assign(self.settings, "fetch.names", template, "test")

    def _hits(self, asked: Query) -> Sequence[Hit]:
        return self.shows.get(asked.keyword, [hit(number, "any") for number in range(1, 4)])

    def _fetch(self, url: str) -> str:
        self.fetched.append(url)
        return self.bytes.get(url, f"bytes of {url}")

    def run(
        self, *rows: Query, files_as: OutputFolder | None = None, most: int = 10**6, fetch: bool = True
    ) -> list[Event]:
        """Write these rows and run them; `most` events are waited for."""
        self.fetched = []
        with Ledger.open(self.folder) as ledger:
            startup.after_unclean_stop(ledger, self.folder)
            startup.begin(ledger)
            files.remember_names(ledger, self.settings.fetch.names) if self.settings.fetch.names else None
            labels.follow(ledger, self.folder, "queries.csv", rows)
            number = ledger.work.plan(rows)
            labels.listed(ledger, "queries.csv", rows, keep_removed=False)
            inbox: SimpleQueue[Message] = SimpleQueue()
            fetchers = FakeFetchers(inbox, self.folder, lambda task: self._fetch(task.url)) if fetch else None
            run = Run(ledger, number, self.settings, inbox, OpenHosts(), FakeSearchers(inbox, self._hits), fetchers,
                      files=files_as)  # fmt: skip
            events: list[Event] = []
            for event in run.events(lambda: len(events) >= most):
                events.append(event)
            startup.end(ledger)
        return events

    def drop(self, keyword: str) -> None:
        with Ledger.open(self.folder) as ledger:
            with ledger.transaction():
                ledger.keywords.drop(one.id for one in labels.chosen(ledger, keyword))
            labels.leave_out_removed(ledger)

    def set(self) -> dict[str, int]:
        """Class -> pictures of the set. Every one is there, where its class is, and nothing is on the disk beside."""
        with Ledger.open(self.folder) as ledger:
            found = list(verify.findings(ledger, self.folder, bytes_too=False))
            assert not [one for one in found if one.kind != "altered"], found
            saved: list[Row] = list(ledger.dataset.rows(SAVED))
            in_place = {label: ledger.work.folder(label) for label in {row.label for row in saved}}
        assert {str(row.path) for row in saved} == {str(file.relative_to(self.folder)) for file in self.on_disk()}
        assert all(row.file.parts[0] == in_place[row.label] for row in saved)
        counts: dict[str, int] = {}
        for row in saved:
            if row.left_out is None:
                counts[row.label] = counts.get(row.label, 0) + 1
        return counts

    def on_disk(self) -> list[Path]:
        return [file for file in self.folder.glob("*/*") if file.is_file()]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


FOX = query("fox", label="fox")
VIXEN = query("vixen", label="animal")


def test_a_dropped_keyword_leaves_its_pictures_to_who_finds_them(table: Table) -> None:
    table.run(FOX)
    table.drop("fox")
    assert table.set() == {}
    table.run(VIXEN)
    assert (table.set(), table.fetched) == ({"animal": 3}, [])


@pytest.mark.parametrize("searched", [False, True])
def test_no_more_are_taken_over_than_the_limit_says(table: Table, searched: bool) -> None:
    few = query("vixen", 2, "animal")
    table.run(FOX)
    if searched:
        table.run(FOX, few, fetch=False)
    table.run(few)
    assert (table.set(), table.fetched, len(table.on_disk())) == ({"animal": 2}, [], 3)
    with Ledger.open(table.folder) as ledger:
        assert ledger.work.open_queries(int(ledger.note("run")), -1, 10) == [], "at its limit it is done"
        labels.leave_out_removed(ledger)
        assert ledger.work.open_queries(int(ledger.note("run")), -1, 10) == []


@pytest.mark.parametrize("template", ["", TEMPLATE])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2])
def test_a_kill_beside_a_move_is_made_good_by_the_next_run(table: Table, template: str, after: bool, at: int) -> None:
    table.names(template)
    table.run(FOX)
    with pytest.raises(Killed):
        table.run(VIXEN, files_as=Dying(table.folder, at, after))
    assert len(table.on_disk()) == 3
    table.run(VIXEN)
    assert (table.set(), table.fetched) == ({"animal": 3}, [])


@pytest.mark.parametrize("template", ["", TEMPLATE])
@pytest.mark.parametrize("fetch", [False, True])
def test_a_kill_beside_the_move_of_what_was_found_before_is_made_good(table: Table, template: str, fetch: bool) -> None:
    table.names(template)
    table.run(FOX)
    table.run(FOX, query("vixen", 2, "animal"), fetch=fetch)
    assert table.set() == {"fox": 3}, "the other has duplicates, or URLs to do"
    with pytest.raises(Killed):
        table.run(VIXEN, files_as=Dying(table.folder, 2, after=True))
    assert len(table.on_disk()) == 3
    table.run(VIXEN)
    assert (table.set(), table.fetched) == ({"animal": 3}, [])


@pytest.mark.parametrize("back", [FOX, query("fox", label="dog")])
def test_after_such_a_kill_the_old_keyword_may_come_back(table: Table, back: Query) -> None:
    table.run(FOX)
    with pytest.raises(Killed):
        table.run(VIXEN, files_as=Dying(table.folder, 2, after=True))
    with Ledger.open(table.folder) as ledger:
        moved = [one for one in verify.findings(ledger, table.folder, bytes_too=False) if one.kind == "moved"]
    assert len(moved) == 2, "verify knows where they are"


@pytest.mark.parametrize(("label", "reason"), [("animal", "duplicate.other_label"), ("fox", "duplicate.same_label")])
def test_what_a_picture_was_saved_for_before_is_a_duplicate_of_it(table: Table, label: str, reason: str) -> None:
    table.run(FOX)
    table.run(query("vixen", label=label))
    with Ledger.open(table.folder) as ledger:
        told = {(row.keyword, row.state, row.reason, row.path) for row in ledger.dataset.rows()}
        saved = {row.path for row in ledger.dataset.rows(SAVED)}
    assert told == {("fox", "duplicate", reason, path) for path in saved} | {
        ("vixen", "saved", "", path) for path in saved
    }


def test_a_keyword_at_its_limit_takes_nothing_over(table: Table) -> None:
    few = query("vixen", 1, "animal")
    table.shows["vixen"] = [hit(1, "any"), hit(9, "any")]
    table.run(FOX, few)
    assert table.set() == {"fox": 3, "animal": 1}
    table.run(few)
    assert (table.set(), table.fetched, len(table.on_disk())) == ({"animal": 1}, [], 4)
    with Ledger.open(table.folder) as ledger:
        labels.leave_out_removed(ledger)
        assert ledger.work.open_queries(int(ledger.note("run")), -1, 10) == []


def test_a_stop_between_the_commit_and_what_follows_loses_nothing(table: Table) -> None:
    table.run(FOX)
    table.run(VIXEN, most=1)
    table.run(VIXEN)
    assert (table.set(), table.fetched) == ({"animal": 3}, [])


def test_the_same_bytes_at_another_address_are_taken_over_and_not_saved_twice(table: Table) -> None:
    table.run(FOX)
    table.shows["vixen"] = [hit(number, "mirror") for number in range(1, 4)]
    table.bytes = {one.url: f"bytes of {hit(n, 'any').url}" for n, one in enumerate(table.shows["vixen"], 1)}
    table.run(VIXEN)
    assert table.set() == {"animal": 3}
    assert len(table.fetched) == 3 and not list(table.folder.glob("*.part"))


def test_bytes_that_come_again_replace_a_file_that_somebody_deleted(table: Table) -> None:
    table.run(FOX)
    for file in table.on_disk():
        file.unlink()
    table.run(VIXEN)
    assert table.set() == {"animal": 3} and len(table.fetched) == 3


def test_a_picture_is_taken_over_by_one_alone(table: Table) -> None:
    table.run(FOX)
    events = table.run(VIXEN, query("reynard", label="reynard"))
    assert sum(isinstance(event, Saved) for event in events) == 3
    assert sum(table.set().values()) == 3


def test_two_addresses_of_one_picture_count_once(table: Table) -> None:
    table.bytes = {hit(4, "any").url: f"bytes of {hit(1, 'any').url}"}
    shown = [hit(number, "any") for number in (4, 1, 2, 3)]
    table.shows = {"fox": shown, "vixen": shown}
    table.run(FOX, query("vixen", 1, "animal"))
    table.run(query("vixen", 3, "animal"))
    assert table.set() == {"animal": 3}


def test_one_address_that_brought_two_pictures_takes_one_of_them(table: Table) -> None:
    first, second = hit(1, "any"), hit(2, "any")
    table.shows = {"fox": [first, second], "vixen": [first]}
    table.run(query("fox", 2))
    table.bytes[first.url] = f"bytes of {second.url}"
    table.run(query("fox", 2), query("vixen", 2, "animal"))
    table.run(query("vixen", 2, "animal"))
    assert table.set() == {"animal": 1}
    assert len(table.on_disk()) == 2, "the other is left out, and stays"


def test_pairs_that_look_the_same_are_not_told_by_what_a_picture_was_saved_for_before(table: Table) -> None:
    first, second = hit(1, "any"), hit(2, "any")
    table.shows = {"fox": [first, second], "vixen": [second, first]}
    table.run(query("fox", 2), query("vixen", 2, "animal"))
    with Ledger.open(table.folder) as ledger:
        before = [row.id for row in ledger.dataset.rows(SAVED)]
        with ledger.transaction():
            ledger.alike.remember_pairs(31, False, np.array([before]))
        assert ledger.alike.near_pairs(31, False) is not None
    table.run(query("vixen", 2, "animal"))
    with Ledger.open(table.folder) as ledger:
        assert table.fetched == [] and not {row.id for row in ledger.dataset.rows(SAVED)} & set(before)
        assert ledger.alike.near_pairs(31, False) is None


def test_names_by_a_template_tell_the_new_class_and_keyword(table: Table) -> None:
    table.names(TEMPLATE)
    table.run(FOX)
    table.run(VIXEN)
    assert (table.set(), table.fetched) == ({"animal": 3}, [])
    assert sorted(file.name for file in table.on_disk()) == [
        f"animal-vixen-{rank:04}-{rank + 3}.jpg" for rank in range(1, 4)
    ]


@pytest.mark.parametrize("template", ["", TEMPLATE])
def test_a_class_folder_that_cannot_be_written_ends_the_run_and_loses_nothing(table: Table, template: str) -> None:
    table.names(template)
    table.run(FOX, query("vixen", 1, "vixen"))
    (table.folder / "animal").write_text("somebody's file")
    with pytest.raises(OSError, match="animal"):
        table.run(VIXEN)
    assert len(table.on_disk()) == 3 and table.fetched == []
    (table.folder / "animal").unlink()
    table.run(VIXEN)
    assert (table.set(), table.fetched) == ({"animal": 3}, [])


def test_a_copy_that_lies_in_the_new_class_already_is_replaced(table: Table) -> None:
    table.run(FOX)
    (table.folder / "animal").mkdir()
    for file in table.on_disk():
        (table.folder / "animal" / file.name).write_bytes(b"half of i")
    table.run(VIXEN)
    assert (table.set(), table.fetched) == ({"animal": 3}, [])
    assert all(file.read_bytes().startswith(b"bytes of") for file in table.on_disk())


def test_what_was_moved_beside_the_folder_as_removed_comes_back_into_it(table: Table) -> None:
    table.run(FOX)
    table.drop("fox")
    with Ledger.open(table.folder) as ledger:
        first, *_ = ledger.dataset.rows(SAVED)
        with ledger.transaction():
            ledger.dataset.review(first.sha256, "fox", "drop")
        assert moving.apply(ledger, table.folder) == 3
    beside = table.folder.with_name("images-rejected")
    table.run(VIXEN)
    assert table.fetched == []
    assert [file.parent.name for file in beside.glob("*/*")] == ["animal"], "a person dropped it"
    assert len(table.on_disk()) == 2
    with Ledger.open(table.folder) as ledger:
        assert ledger.dataset.reviews() == {(first.sha256, "animal"): "drop"}
        assert {(row.left_out, row.label) for row in ledger.dataset.rows(SAVED)} == {
            ("set.dropped", "animal"),
            (None, "animal"),
        }
        assert moving.undo(ledger, table.folder) == 1
    assert len(table.on_disk()) == 3 and not beside.exists()


# --------------------------------------------------------------------------- classes that change


def two(first: str, second: str) -> tuple[Query, Query]:
    return query("cat", label=first), query("dog", label=second)


@pytest.fixture
def pair(table: Table) -> Table:
    table.shows = {name: [hit(number, name) for number in (1, 2, 3)] for name in ("cat", "dog")}
    table.run(*two("a", "b"))
    return table


def where(table: Table) -> dict[str, set[str]]:
    with Ledger.open(table.folder) as ledger:
        return {
            label: {row.file.name for row in ledger.dataset.rows(SAVED) if row.label == label}
            for label in {row.label for row in ledger.dataset.rows(SAVED)}
        }


@pytest.mark.parametrize("template", ["", TEMPLATE])
def test_two_classes_that_change_places(pair: Table, template: str) -> None:
    before = where(pair)
    pair.run(*two("b", "a"))
    assert (pair.set(), pair.fetched) == ({"a": 3, "b": 3}, [])
    assert where(pair) == {"a": before["b"], "b": before["a"]}


@pytest.mark.parametrize("at", range(1, 7))
def test_a_kill_while_two_classes_change_places(pair: Table, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    before, left, place = where(pair), [at], Path.replace

    def dying(file: Path, target: Path) -> Path:
        done = place(file, target)
        left[0] -= 1
        if not left[0]:
            raise Killed
        return done

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Path, "replace", dying)
        pair.run(*two("b", "a"))
    pair.run(*two("b", "a"))
    assert (pair.set(), pair.fetched) == ({"a": 3, "b": 3}, [])
    assert where(pair) == {"a": before["b"], "b": before["a"]}


def test_three_classes_that_change_in_a_ring_with_a_picture_that_two_have(table: Table) -> None:
    shared = hit(1, "shared")
    names = ("cat", "dog", "owl")
    table.shows = {name: [shared, *(hit(number, name) for number in (2, 3))] for name in names}
    table.run(*(query(name, label=name) for name in names))
    owned = table.set()
    table.run(*(query(name, label=label) for name, label in zip(names, ("dog", "owl", "cat"), strict=True)))
    assert table.set() == {"dog": owned["cat"], "owl": owned["dog"], "cat": owned["owl"]} and table.fetched == []
    with Ledger.open(table.folder) as ledger:
        twice = [row.reason for row in ledger.dataset.rows() if row.state == "duplicate"]
    assert set(twice) == {"duplicate.other_label"}


def test_a_class_whose_case_alone_changes_has_a_folder_that_no_disk_takes_for_the_old_one(pair: Table) -> None:
    pair.run(*two("A", "b"))
    assert (pair.set(), pair.fetched) == ({"A": 3, "b": 3}, [])
    folders = {file.parent.name for file in pair.on_disk()}
    assert len({name.casefold() for name in folders}) == 2 and "a" not in folders
    pair.run(*two("a", "b"))
    assert (pair.set(), {file.parent.name for file in pair.on_disk()}) == ({"a": 3, "b": 3}, {"a", "b"})


def test_a_keyword_whose_case_and_class_change_takes_over_its_pictures(table: Table) -> None:
    table.run(FOX)
    table.run(query("Fox", label="Fox"))
    assert (table.set(), table.fetched) == ({"Fox": 3}, [])


def test_a_class_that_cannot_be_moved_ends_in_an_error_and_what_was_moved_before_is_kept(pair: Table) -> None:
    (pair.folder / "d").write_text("somebody's file")
    with pytest.raises(OSError, match="d"):
        pair.run(*two("c", "d"))
    assert pair.set() == {"c": 3, "b": 3}
    with pytest.raises(OSError, match="d"):
        pair.run(*two("d", "b"))
    with pytest.raises(OSError, match="d"):
        pair.run(*two("d", "e"))
    assert pair.set() == {"c": 3, "b": 3}, "nothing behind it"
    (pair.folder / "d").unlink()
    pair.run(*two("c", "d"))
    assert (pair.set(), pair.fetched) == ({"c": 3, "d": 3}, [])


def test_a_class_that_is_moved_to_where_a_picture_of_its_own_lies(pair: Table) -> None:
    (pair.folder / "c").mkdir()
    kept = sorted(pair.on_disk())[0]
    (pair.folder / "c" / kept.name).write_bytes(kept.read_bytes())
    pair.run(*two("c", "b"))
    assert (pair.set(), pair.fetched) == ({"c": 3, "b": 3}, [])


# --------------------------------------------------------------------------- how it grows


def steps(folder: Path, count: int, text: str, label: str) -> int:
    """Of SQLite's machine, in hundreds, to plan a CSV of which every row is another than before, with its pictures."""
    with Ledger.open(folder) as ledger:
        db, taken = ledger._db, [0]

        def planned(text: str, label: str) -> None:
            rows = [query(f"{text} {number}", 10, f"{label} {number % 50}") for number in range(count)]
            labels.follow(ledger, folder, "queries.csv", rows)
            number = ledger.work.plan(rows)
            labels.listed(ledger, "queries.csv", rows, keep_removed=False)
            if ledger.keywords.note_left():
                for _, opened in ledger.work.open_queries(number, -1, count):
                    ledger.keywords.left_to(opened.id)

        planned("old", "class")
        with ledger.transaction():
            db.execute(
                """INSERT INTO found (id, query_id, search_id, rank, url, url_key, found_at)
                   SELECT id, query_id, id, 1, id, id, '' FROM search"""
            )
            db.execute(
                """INSERT INTO outcome (found_id, state, path, sha256, ended_at)
                   SELECT id, 'saved', 'class/' || id || '.jpg', printf('%064d', id), '' FROM found"""
            )
        db.set_progress_handler(lambda: taken.__setitem__(0, taken[0] + 1), 100)
        planned(text, label)
        db.set_progress_handler(None, 0)
    return taken[0]


@pytest.mark.parametrize(("text", "label"), [("new", "class"), ("old", "kind"), ("new", "kind")])
def test_a_csv_that_is_wholly_replaced_costs_by_its_rows(tmp_path: Path, text: str, label: str) -> None:
    few, many = (steps(tmp_path / str(count), count, text, label) for count in (300, 1200))
    assert many < 4.6 * few, "four times the rows"
