"""One numbering of classes for all formats, whatever is added, and no split without a class."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from collector.api.collection import Collection as Folder
from collector.dataset import exporting, formats
from collector.dataset.classes import class_folders, ordered
from collector.dataset.samples import Choice, ExportPlan
from collector.dataset.split import parse_scheme
from collector.errors import InputError
from collector.ledger import Ledger
from tests.support.collection import Collection, drawn
from tests.support.command import Desk

SCHEME = parse_scheme("train=0.5,val=0.5")


def export(ledger: Ledger, folder: Path, format: str, dest: Path, **order: object) -> ExportPlan:
    made, _ = exporting.export_set(ledger, folder, exporting.Order(format, dest, **order))  # type: ignore[arg-type]
    return made


def read_back(format: str, dest: Path, made: ExportPlan) -> dict[str, int]:
    """Class -> number, as the format's loader has it."""
    match format:
        case "imagefolder" | "keras" | "yolo-cls":
            root = dest if format != "yolo-cls" else dest / "train"
            names = {name: label for label, name in class_folders(made.classes).items()}
            found = sorted(path.name for path in root.iterdir() if path.is_dir())
            return {names[name]: number for number, name in enumerate(found)}
        case "webdataset":
            return {label: number for number, label in enumerate(json.loads((dest / "classes.json").read_text()))}
        case "coco":
            categories = json.loads((dest / "labels.json").read_text())["categories"]
            return {one["name"]: one["id"] - 1 for one in categories}
        case "jsonl":
            rows = [json.loads(line) for line in (dest / "metadata.jsonl").read_text().splitlines()]
            return {row["label"]: row["label_id"] for row in rows}
    raise AssertionError(format)


FORMATS = ["imagefolder", "keras", "yolo-cls", "webdataset", "coco", "jsonl"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_class_keeps_its_number_in_every_format_as_the_set_grows(format: str, tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        for place, label in enumerate(("dog", "a/b", "Zebra", "éclair")):
            collection.add(label, drawn(place))
        ledger, folder = collection.ledger, collection.folder
        made = export(ledger, folder, format, tmp_path / "one")
        first = read_back(format, tmp_path / "one", made)
        assert sorted(first.values()) == [0, 1, 2, 3]
        for place, label in enumerate(("ant", "yak", "dog house")):
            collection.add(label, drawn(10 + place))
        made = export(ledger, folder, format, tmp_path / "two")
        second = read_back(format, tmp_path / "two", made)
        assert {label: second[label] for label in first} == first
        assert second == {label: number for number, label in enumerate(made.classes)}
        assert formats.load(format).check(tmp_path / "two", made) == made.counts()


def test_all_formats_number_alike(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        for place, label in enumerate(("b", "B", "a:b", "a b", "..", "日本", "10", "9")):
            collection.add(label, drawn(place))
        found = []
        for format in FORMATS:
            made = export(collection.ledger, collection.folder, format, tmp_path / format)
            found.append(read_back(format, tmp_path / format, made))
    assert all(numbers == found[0] for numbers in found)


def test_folders_sort_as_their_numbers_do() -> None:
    labels = ordered(["cat", "dog", "ant"], {"cat": 0, "dog": 1})
    assert labels == ("cat", "dog", "ant")
    assert class_folders(labels) == {"cat": "0 cat", "dog": "1 dog", "ant": "2 ant"}
    assert class_folders(("ant", "cat")) == {"ant": "ant", "cat": "cat"}


def small_class(folder: Path) -> None:
    with Collection(folder) as collection:
        for number in range(6):
            collection.add("cat", drawn(number))
        collection.add("dog", drawn(20))


def test_a_split_without_a_class_is_refused(tmp_path: Path) -> None:
    small_class(tmp_path / "images")
    with Ledger.open(tmp_path / "images") as ledger:
        folder = tmp_path / "images"
        with pytest.raises(InputError, match=r"no picture of 'dog' in (train|val).*--skip-small"):
            export(ledger, folder, "imagefolder", tmp_path / "set", scheme=SCHEME)
        assert not (tmp_path / "set").exists()
        made = export(ledger, folder, "imagefolder", tmp_path / "set", scheme=SCHEME, choice=Choice(skip_small=True))
        assert made.classes == ("cat",) and made.left == {"of a class too small for every split": 1}
        assert export(ledger, folder, "imagefolder", tmp_path / "whole", whole=True).classes == ("cat", "dog")


def test_the_most_per_class_leaves_no_split_without_it(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        for number in range(20):
            collection.add(("cat", "dog")[number % 2], drawn(number))
        choice = Choice(max_per_class=2)
        made = export(collection.ledger, collection.folder, "csv", tmp_path / "set", scheme=SCHEME, choice=choice)
    assert set(made.counts().values()) == {1} and len(made.counts()) == 4


def test_an_export_is_split_as_the_set_was_last(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        for number in range(12):
            collection.add(("cat", "dog")[number % 2], drawn(number, (64, 48)))
    of = Folder(tmp_path / "images")

    def folders(format: str = "imagefolder", **options: Any) -> list[str]:
        of.export(format, tmp_path / "set", **options)
        return sorted(path.name for path in (tmp_path / "set").iterdir() if path.is_dir())

    assert folders() == ["cat", "dog"]
    of.split("train=0.5,val=0.5")
    of.split("learn=0.5,test=0.5", salt="x")
    assert folders() == ["learn", "test"]
    assert folders(split="train=0.5,val=0.5") == ["train", "val"]
    of.export("csv", tmp_path / "table")
    head = json.loads((tmp_path / "table" / "dataset.lock").read_text().splitlines()[0])
    assert head["splits"] == ["train", "val"]
    assert folders(split="none") == ["cat", "dog"]


def test_pictures_that_are_away_end_with_their_own_code(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    small_class(desk.images)
    of = Folder(desk.images)
    of.export("imagefolder", desk.folder / "set")
    (desk.images / "cat").rename(desk.folder / "away")
    done = desk.run("export", "imagefolder", "set")
    assert done.code == 11 and "6 of 7 pictures cannot be read" in done.last_line
    assert len(list((desk.folder / "set" / "cat").iterdir())) == 6
    done = desk.run("export", "imagefolder", "set", "--missing-ok", "6")
    assert done.code == 0 and "cannot be read: 6" in done.out
