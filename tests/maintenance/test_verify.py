"""What users and disks do to pictures is told, and mended only on request."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from collector.ledger import Ledger, vectors
from collector.maintenance.verify import fetch_again, findings
from collector.model import Media, Picture, Task
from tests.maintenance.conftest import Shelf
from tests.support.invariants import judge


def told(shelf: Shelf, bytes_too: bool = True) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    with Ledger.open(shelf.folder) as ledger:
        for finding in findings(ledger, shelf.folder, bytes_too):
            kinds.setdefault(finding.kind, []).append(finding.path.name)
    return kinds


def test_all_is_well(shelf: Shelf) -> None:
    assert told(shelf) == {}


def test_deleted_edited_moved_and_unknown_files_are_told_apart(shelf: Shelf) -> None:
    deleted, edited, flipped, moved = shelf.files()
    deleted.unlink()
    edited.write_bytes(b"cropped")
    body = bytearray(flipped.read_bytes())
    body[5] ^= 1
    flipped.write_bytes(body)
    (shelf.folder / "kittens").mkdir()
    moved.rename(shelf.folder / "kittens" / moved.name)
    stranger = shelf.folder / "cat" / f"{'b' * 32}.png"
    stranger.write_bytes(b"x")
    (shelf.folder / "cat" / "notes.txt").write_text("mine")
    assert told(shelf) == {
        "missing": [deleted.name],
        "altered": sorted([edited.name, flipped.name], key=[f.name for f in (edited, flipped)].index),
        "moved": [moved.name],
        "unknown": [stranger.name],
    }
    assert told(shelf, bytes_too=False)["altered"] == [edited.name], "sizes alone do not see a flipped byte"


def test_what_is_called_like_a_missing_file_and_is_another_is_unknown(shelf: Shelf) -> None:
    gone, kept, *_ = shelf.files()
    gone.unlink()
    (shelf.folder / "kittens").mkdir()
    for file in (gone, kept):
        (shelf.folder / "kittens" / file.name).write_bytes(b"other bytes")
    assert told(shelf) == {"missing": [gone.name], "unknown": [gone.name]}, "of the other a row tells where it is"


def test_what_stands_in_the_place_of_a_file_is_altered_and_not_missing(shelf: Shelf) -> None:
    pipe, folder, link, _ = shelf.files()
    for file in (pipe, folder, link):
        file.unlink()
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to("nowhere")
    kinds = told(shelf)
    assert {kind: sorted(names) for kind, names in kinds.items()} == {
        "altered": sorted((pipe.name, folder.name, link.name)),
    }


def test_a_renamed_class_folder_is_seen_as_moved_pictures(shelf: Shelf) -> None:
    (shelf.folder / "cat").rename(shelf.folder / "Kätzchen")
    assert list(told(shelf)) == ["moved"]
    with Ledger.open(shelf.folder) as ledger:
        found = list(findings(ledger, shelf.folder))
        assert {finding.now.parent.name for finding in found if finding.now} == {"Kätzchen"}
        assert fetch_again(ledger, shelf.folder, found) == 0, "nothing is lost"


def test_again_puts_the_lost_back_to_do_and_keeps_what_was_edited(shelf: Shelf) -> None:
    deleted, edited, *_ = shelf.files()
    deleted.unlink()
    edited.write_bytes(b"cropped")
    with Ledger.open(shelf.folder) as ledger:
        names = {row.sha256: row.file.name for row in ledger.dataset.pictures()}
        vectors.add(shelf.folder, "m", "h", [(sha256, np.zeros(2, np.float16)) for sha256 in names])
        before = len(ledger.work.todo(1, 0, 100))
        count = fetch_again(ledger, shelf.folder, list(findings(ledger, shelf.folder)))
        after = len(ledger.work.todo(1, 0, 100))
    assert after - before == count >= 2, "and the duplicates of them, for want of the bytes"
    left = {names[sha256] for sha256 in vectors.read(shelf.folder, "m", "h", 2).places}
    assert left == {*names.values()} - {edited.name}, "it may have been looked at as it is now"
    assert edited.with_name(edited.name + ".altered").read_bytes() == b"cropped"
    assert not edited.exists()
    assert not list(judge(shelf.folder, settled=False, decode=False).sums)


def test_a_copy_in_another_folder_is_nobodys_business(shelf: Shelf) -> None:
    first = shelf.files()[0]
    (shelf.folder / "best").mkdir()
    (shelf.folder / "best" / first.name).write_bytes(first.read_bytes())
    assert told(shelf) == {}


def test_videos_and_files_are_looked_after_like_pictures(tmp_path: Path) -> None:
    class Mixed(Shelf):
        def picture(self, task: Task) -> Picture:
            ends = ["mp4", "webm", "zip", "tif", "7z"]
            media = Media.VIDEO if task.id % 5 < 3 else Media.FILE
            return replace(super().picture(task), extension=ends[task.id % 5], media=media)

    shelf = Mixed(tmp_path / "images", saved=5)
    assert {file.suffix for file in shelf.files()} == {".mp4", ".webm", ".zip", ".tif", ".7z"}
    assert told(shelf) == {}
    mp4, zipped = (next(file for file in shelf.files() if file.suffix == end) for end in (".mp4", ".zip"))
    mp4.write_bytes(b"cut")
    zipped.rename(zipped.with_name(f"{'c' * 32}.7z"))
    assert told(shelf) == {"altered": [mp4.name], "moved": [zipped.name]}, "its bytes are known by any name"
