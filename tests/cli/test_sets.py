"""The verbs that make a set of a folder, as a user runs them."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from collector.model import Licence
from tests.support.collection import Collection, drawn
from tests.support.command import Desk
from tests.support.tiny_models import tiny_model

FREE = Licence("https://creativecommons.org/licenses/by/4.0/", creators=("=Ann",))


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of ten, a smaller copy, one picture under both labels, a banner."""
    images = tmp_path_factory.mktemp("drawings") / "images"
    with Collection(images) as collection:
        for number in range(10):
            licence = FREE if number < 4 else Licence()
            collection.add("test tube", drawn(number, (200, 150)), licence=licence, title=f"tube {number}")
            collection.add("val d'isère", drawn(100 + number, (200, 150)))
        collection.add("test tube", drawn(3, (200, 150)).resize((100, 75)))
        collection.add("val d'isère", drawn(7, (200, 150)).resize((120, 90)))
        collection.add("test tube", drawn(50, (600, 40)))
    return images


@pytest.fixture
def desk(tmp_path: Path, drawings: Path) -> Desk:
    desk = Desk(tmp_path / "desk", workers=False)
    shutil.copytree(drawings, desk.images)
    return desk


def test_from_a_folder_to_an_export(desk: Desk) -> None:
    desk.workers = True  # As users have them, here once for all verbs.
    done = desk.run("dedupe", "--conflicts", "drop")
    assert done.code == 0, done.err
    assert "2 groups of pictures that look the same: 1 left out as near-duplicates, 2 as label conflicts" in done.out
    assert "under test tube and val d'isère: " in done.out
    left = desk.run("filter", "--max-aspect", "5")
    assert "set.aspect" in left.out
    assert desk.run("junk", "--max-aspect", "5").out == left.out, "its old name"
    split = json.loads(desk.run("split", "train=0.8,test=0.2", "--json").out)
    assert split["counts"] == {"test tube": {"train": 7, "test": 2}, "val d'isère": {"train": 8, "test": 2}}
    done = desk.run("export", "imagefolder", "set", "--split", "train=0.8,test=0.2")
    assert done.code == 0, done.err
    assert "19 pictures in set, read back and counted; not in it: 1 set.aspect, 2 set.conflict, 1 set.near" in done.out
    assert "train = ImageFolder('set/train')" in done.out
    made = desk.folder / "set"
    assert sorted(path.name for path in made.iterdir()) == [
        "ATTRIBUTION.csv", "README.md", "dataset.lock", "test", "train"
    ]  # fmt: skip
    assert len(list((made / "train").rglob("*.jpg"))) == 15


def test_the_documents_of_an_export(desk: Desk) -> None:
    assert desk.run("export", "imagefolder", "set").code == 0
    with (desk.folder / "set" / "ATTRIBUTION.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 23
    named = [row for row in rows if row["licence"] == "CC BY 4.0"]
    assert {(row["creator"], row["label"]) for row in named} == {("'=Ann", "test tube")}
    assert {row["licence"] for row in rows} == {"CC BY 4.0", "unknown"}
    card = (desk.folder / "set" / "README.md").read_text(encoding="utf-8")
    assert "| CC BY 4.0 | 4 |" in card
    assert "| test tube | 12 |" in card
    assert "23 pictures in 2 classes" in card


def test_two_exports_are_compared(desk: Desk) -> None:
    assert desk.run("export", "imagefolder", "one").code == 0
    assert desk.run("export", "imagefolder", "same").code == 0
    assert desk.run("diff", "one", "one").out.splitlines()[-1] == "the same set"
    assert (desk.folder / "one" / "dataset.lock").read_text().replace('"one"', '"same"') == (
        desk.folder / "same" / "dataset.lock"
    ).read_text()
    assert desk.run("dedupe").code == 0
    assert desk.run("export", "imagefolder", "two", "--min-side", "50").code == 0
    found = json.loads(desk.run("diff", "one", "two", "--json").out)
    assert (found["added"], found["removed"], found["step"]) == (0, 2, "major")
    assert found["settings"]["choice"][1]["min_side"] == 50
    missing = desk.run("diff", "one", "nowhere")
    assert (missing.code, missing.last_line.endswith("give an export of collector or its dataset.lock")) == (4, True)


def test_files_move_and_a_person_decides(desk: Desk) -> None:
    assert "1 file moved" in desk.run("dedupe", "--apply").out
    rejected = list((desk.folder / "images-rejected").rglob("*.jpg"))
    assert len(rejected) == 1
    assert desk.run("verify").code == 0
    assert desk.run("review", "keep", rejected[0].name).code == 0
    assert desk.run("dedupe", "--apply").code == 0
    assert not (desk.folder / "images-rejected").exists()
    done = desk.run("export", "imagefolder", "set", "--reviewed")
    assert "1 picture in set, read back and counted; not in it: 22 not reviewed" in done.out
    unknown = desk.run("review", "drop", "nothing.jpg")
    assert (unknown.code, unknown.last_line) == (
        4, "collector: nothing.jpg: images knows no such picture; nothing was changed"
    )  # fmt: skip


def test_what_is_said_of_a_picture_of_two_classes_holds_in_both(desk: Desk) -> None:
    with Collection(desk.images) as collection:
        both = collection.add("val d'isère", drawn(5, (200, 150)))
    assert (both.label, both.other_labels) == ("test tube", ("val d'isère",))
    assert desk.run("dedupe", "--conflicts", "multi").code == 0
    done = desk.run("review", "drop", both.file.name, str(next((desk.images / "test tube").iterdir())))
    assert done.out == "2 pictures: drop\n"
    assert (
        done.err
        == f"collector: {both.file.as_posix()} was found for test tube, val d'isère: this holds for all of them\n"
    )
    assert desk.run("export", "jsonl", "set").code == 0
    assert both.sha256 not in (desk.folder / "set" / "dataset.lock").read_text()


def test_one_setting_says_which_model_looks_at_pictures(desk: Desk, tmp_path: Path) -> None:
    desk.write("collector.toml", f'[look]\nmodels = "{tiny_model(tmp_path / "tiny").as_posix()}"\n')
    one = next((desk.images / "test tube").iterdir())
    for verb in (("embed",), ("similar", str(one)), ("dedupe", "--edited")):
        done = desk.run(*verb)
        assert done.code == 0, done.err
        assert [path.name for path in desk.images.glob("*.vectors")] == ["collector.tiny.vectors"], verb
        (desk.images / "collector.tiny.vectors").unlink()
    assert desk.run("relevance").code == 0
    assert sorted(path.name for path in desk.images.glob("*.vectors")) == [
        "collector.tiny.vectors",
        "collector.vectors",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("export", "zip", "set"), 2, "no export format 'zip'"),
        (("export", "imagefolder", "set", "--split", "train=2"), 2, "give two splits or more"),
        (("export", "imagefolder", "set", "--resize", "fit"), 2, "--resize and --side belong together"),
        (("export", "imagefolder", "set", "--matte", "red"), 2, "six hexadecimal digits"),
        (("export", "imagefolder", "set", "--licence", "cc0"), 4, "no picture to export"),
        (("export", "imagefolder", "images"), 4, "no export of collector"),
        (("split", "train"), 2, "give two splits or more"),
    ],
)
def test_what_cannot_be_done_is_one_line(desk: Desk, arguments: tuple[str, ...], code: int, line: str) -> None:
    done = desk.run(*arguments)
    assert done.code == code, done.err
    assert line in done.last_line
    assert not (desk.folder / "set").exists()
