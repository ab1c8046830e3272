"""Folders of pictures: which class a file belongs to, what is passed over, what stands beside a picture."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.errors import InputError
from collector.importers import folders
from collector.importers.entry import Entry, Ignored


def laid(root: Path, *names: str) -> Path:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return root


def taken(root: Path, label: str | None = None) -> list[tuple[str, str]]:
    found = (entry for entry in folders.entries(root, label) if isinstance(entry, Entry))
    return [(entry.label, str(entry.file.relative_to(root))) for entry in found if entry.file]


def test_the_first_folder_is_the_class(tmp_path: Path) -> None:
    root = laid(tmp_path / "pets", "cat/1.jpg", "cat/deep/er/2.JPG", "red dog/3", "4.png")
    assert taken(root) == [
        ("pets", "4.png"),
        ("cat", "cat/1.jpg"),
        ("cat", "cat/deep/er/2.JPG"),
        ("red dog", "red dog/3"),
    ]
    assert {label for label, _ in taken(root, "thing")} == {"thing"}


def test_splits_are_no_classes(tmp_path: Path) -> None:
    root = laid(tmp_path / "set", "train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg", "test/4.jpg")
    assert taken(root) == [
        ("test", "test/4.jpg"),
        ("cat", "train/cat/1.jpg"),
        ("dog", "train/dog/2.jpg"),
        ("cat", "val/cat/3.jpg"),
    ]
    [*_, last] = [entry for entry in folders.entries(root) if isinstance(entry, Entry)]
    assert last.hit.fields == (("split", "val"),)
    laid(root, "bird/5.jpg")
    assert ("train", "train/cat/1.jpg") in taken(root)


def test_what_is_passed_over(tmp_path: Path) -> None:
    root = laid(tmp_path, "cat/.hidden.jpg", ".git/x.jpg", "cat/1.txt", "cat/Thumbs.db", "out/2.jpg", "__MACOSX/3.jpg")
    os.mkfifo(root / "cat" / "pipe.jpg")
    (root / "cat" / "gone.jpg").symlink_to(root / "nowhere")
    (root / "loop").symlink_to(root)
    found = list(folders.entries(root, without=root / "out"))
    assert {(entry.file.name, entry.why) for entry in found if isinstance(entry, Ignored)} == {
        (".hidden.jpg", "hidden"),
        ("1.txt", "description"),
        ("Thumbs.db", "hidden"),
        ("pipe.jpg", "not a file"),
        ("gone.jpg", "not a file"),
    }
    assert not [entry for entry in found if isinstance(entry, Entry)]


def test_descriptions_beside_a_picture(tmp_path: Path) -> None:
    root = laid(tmp_path, "cat/1.jpg", "cat/2.jpg", "cat/3.jpg", "cat/4.jpg")
    (root / "cat/4.json").write_text("[" * 60_000, encoding="utf-8")
    (root / "cat/1.txt").write_text("a cat\n on a mat", encoding="utf-8")
    (root / "cat/2.json").write_text('{"caption": "two", "url": "http://a/2", "key": 7, "exif": {}}', encoding="utf-8")
    (root / "cat/3.json").write_text("{broken", encoding="utf-8")
    hits = [entry.hit for entry in folders.entries(root) if isinstance(entry, Entry)]
    assert [hit.title for hit in hits] == ["a cat on a mat", "two", "", ""]
    assert hits[1].fields == (("url", "http://a/2"), ("key", "7"))
    assert hits[0].url == (root / "cat/1.jpg").resolve().as_uri()


def test_what_cannot_be_a_class(tmp_path: Path) -> None:
    laid(tmp_path, "bad\x07name/1.jpg")
    with pytest.raises(InputError, match=r"the class .*U\+0007"):
        taken(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        taken(tmp_path / "none")
