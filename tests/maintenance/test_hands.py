"""What a person does to the files by hand is a word: verify shows it, --accept and the next export take it."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

import collector
from collector.errors import MissingPictures
from collector.ledger import Ledger, Row
from collector.ledger.rows import SAVED
from collector.maintenance.files import set_aside
from tests.support.collection import Collection, drawn
from tests.support.command import Desk
from tests.support.invariants import judge


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two classes of eight."""
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        for number in range(8):
            collection.add("cat", drawn(number))
            collection.add("fox", drawn(100 + number))
        mark, _ = collection.ledger.maintenance.unsynced()
        collection.ledger.maintenance.synced(mark)  # As a run leaves it: what is gone now was not lost by a crash.
    return desk


def pictures(desk: Desk, label: str) -> list[Row]:
    with Ledger.read(desk.images) as ledger:
        return [row for row in ledger.dataset.pictures() if row.label == label]


def kept(desk: Desk) -> dict[str, int]:
    rows = [row for label in ("cat", "fox", "stray") for row in pictures(desk, label) if row.left_out is None]
    return {label: sum(row.label == label for row in rows) for label in {row.label for row in rows}}


def test_verify_shows_deleted_and_moved_and_accept_takes_them(desk: Desk) -> None:
    gone, moved, renamed = pictures(desk, "cat")[:3]
    (desk.images / gone.file).unlink()
    (desk.images / moved.file).rename(desk.images / "fox" / moved.file.name)
    (desk.images / "stray").mkdir()
    (desk.images / renamed.file).rename(desk.images / "stray" / "my favourite.jpg")
    shown = desk.run("verify")
    assert shown.code == 9 and "--accept" in shown.last_line
    assert set(shown.out.splitlines()) == {
        f"missing\t{gone.file}",
        f"moved\t{moved.file}\tfox/{moved.file.name}",
        f"moved\t{renamed.file}\tstray/my favourite.jpg",
    }
    done = desk.run("verify", "--accept")
    assert done.code == 0, done.err
    assert f"deleted by hand, so dropped from the set: {gone.file}; `" in done.out
    assert "collector review undo` takes it back" in done.out
    assert "pictures moved by hand, so of class fox now: 1" in done.out
    assert kept(desk) == {"cat": 5, "fox": 9, "stray": 1}
    assert (desk.images / "stray" / renamed.file.name).is_file(), "it has the name that we know it by"
    assert desk.run("verify").out == "every picture is there as it was saved\n"
    assert not judge(desk.images, settled=False).sums
    assert desk.run("verify", "--again").out == "every picture is there as it was saved\n", "a deletion is not undone"


def test_the_next_export_takes_them_and_says_so(desk: Desk) -> None:
    gone, moved = pictures(desk, "cat")[:2]
    (desk.images / gone.file).unlink()
    (desk.images / moved.file).rename(desk.images / "fox" / moved.file.name)
    done = desk.run("export", "imagefolder", "set", "--split", "none")
    assert done.code == 0, done.err
    assert "deleted by hand, so dropped from the set" in done.err and "moved by hand, so of class fox now" in done.err
    assert {place.name: len(list(place.iterdir())) for place in (desk.folder / "set").iterdir() if place.is_dir()} == {
        "cat": 6,
        "fox": 9,
    }
    again = desk.run("export", "imagefolder", "set", "--split", "none")
    assert "by hand" not in again.err, "told once"


def test_something_else_in_the_place_of_a_file_is_not_a_deletion(desk: Desk) -> None:
    pipe, folder = pictures(desk, "cat")[:2]
    for row in (pipe, folder):
        (desk.images / row.file).unlink()
    os.mkfifo(desk.images / pipe.file)
    (desk.images / folder.file).mkdir()
    done = desk.run("export", "imagefolder", "set", "--split", "none")
    assert done.code == 11, (done.out, done.err)
    assert kept(desk) == {"cat": 8, "fox": 8}
    assert "2 URLs to fetch again" in desk.run("verify", "--again").out
    with Ledger.read(desk.images) as ledger:
        assert sum(1 for _ in ledger.dataset.rows(SAVED)) == 14, "they are to be fetched again"
    assert sorted(path.name for path in (desk.images / "cat").glob("*.altered")) == sorted(
        f"{row.file.name}.altered" for row in (pipe, folder)
    )


def test_splits_and_decisions_go_with_a_moved_file(desk: Desk) -> None:
    moved, dropped = pictures(desk, "cat")[:2]
    collector.open(desk.images).split("train=0.5,test=0.5")
    collector.open(desk.images).review("keep", [moved.file.name])
    collector.open(desk.images).review("drop", [dropped.file.name])
    with Ledger.read(desk.images) as ledger:
        splits = ledger.splits.given(ledger.splits.schemes()[0])
    for row in (moved, dropped):
        (desk.images / row.file).rename(desk.images / "fox" / row.file.name)
    assert desk.run("verify", "--accept").code == 0
    with Ledger.read(desk.images) as ledger:
        assert ledger.splits.given(ledger.splits.schemes()[0]) == splits
        assert ledger.dataset.reviews() == {(moved.sha256, "fox"): "keep", (dropped.sha256, "fox"): "drop"}


@pytest.mark.parametrize("gone", ["a class", "half of a class"])
def test_what_may_be_a_lost_disk_is_no_word_of_anybody(desk: Desk, gone: str, tmp_path: Path) -> None:
    if gone == "a class":
        shutil.move(desk.images / "cat", tmp_path / "away")
    else:
        for row in pictures(desk, "cat")[:6]:
            (desk.images / row.file).unlink()
    with pytest.raises(MissingPictures):
        collector.open(desk.images).export("imagefolder", desk.folder / "set", split="none")
    assert kept(desk) == {"cat": 8, "fox": 8}, "nothing was decided"


def test_a_renamed_class_folder_is_a_renamed_class(desk: Desk) -> None:
    (desk.images / "cat").rename(desk.images / "stray")
    assert "so of class stray now: 8" in desk.run("verify", "--accept").out
    assert kept(desk) == {"stray": 8, "fox": 8}
    assert desk.run("verify").code == 0


IN_THE_WAY = ("a folder", "a pipe", "a socket", "a link to no file", "a link")


def put_in_its_place(file: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file.unlink()
    if what == "a folder":
        file.mkdir()
        (file / "notes.txt").write_text("mine")
    elif what == "a pipe":
        os.mkfifo(file)
    elif what == "a socket":
        monkeypatch.chdir(file.parent)  # Its address has room for a hundred letters.
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(file.name)
    elif what == "a link to no file":
        file.symlink_to(file.name)
    else:
        elsewhere = file.parents[2] / "elsewhere.jpg"
        elsewhere.write_bytes(b"somebody's")
        file.symlink_to(elsewhere)


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and sockets")
@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_is_no_file_is_told_as_what_it_is_and_nobodys_word(
    desk: Desk, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = pictures(desk, "cat")[0]
    file = desk.images / odd.file
    put_in_its_place(file, what, monkeypatch)
    shown = desk.run("verify")
    assert (shown.code, shown.out) == (9, f"altered\t{odd.file}\t{what} is in its place\n"), shown.err
    assert desk.run("verify", "--accept").code == 9
    refused = what == "a link"  # It leads out of the folder: nothing is read there.
    assert desk.run("export", "keras", "set").code == (6 if refused else 11), "not taken for deleted by hand"
    assert desk.run("dedupe", "--apply").code == (6 if refused else 0)
    assert os.path.lexists(file), "it is somebody's"
    again = desk.run("verify", "--again")
    assert (again.code, "1 URL to fetch again" in again.out) == (0, True), again.err
    assert not os.path.lexists(file) and os.path.lexists(f"{file}.altered")
    assert kept(desk) == {"cat": 7, "fox": 8}


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes")
@pytest.mark.parametrize("what", ["a folder", "a pipe"])
def test_what_is_no_file_survives_forgetting_and_a_crash(
    desk: Desk, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pictures(desk, "cat")[0]
    put_in_its_place(desk.images / first.file, what, monkeypatch)
    assert desk.run("forget", "--sha", first.sha256).code == 0
    assert os.path.lexists(desk.images / first.file)
    with Collection(desk.images) as collection:
        late = desk.images / collection.add("cat", drawn(40), url="http://late.test/1.jpg").file
        collection.ledger.remember("boot", "of a machine that died")
    put_in_its_place(late, what, monkeypatch)
    told = desk.run("verify")
    assert (told.code, "1 pictures were lost" in told.err) == (0, True), told.err
    assert os.path.lexists(f"{late}.altered") and not os.path.lexists(late)


def test_what_was_altered_twice_is_kept_twice(desk: Desk) -> None:
    file = desk.images / pictures(desk, "cat")[0].file
    for text in ("one", "two"):
        file.write_text(text)
        set_aside(file)
    assert [one.read_text() for one in sorted(file.parent.glob(f"{file.name}.altered*"))] == ["one", "two"]
