"""Every format is read back by its own loader where that installs; labels and splits compared one by one."""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from collector.dataset import formats
from collector.dataset.documents import documented
from collector.dataset.export import Published, publish
from collector.dataset.formats import EXPORTERS
from collector.dataset.samples import ExportPlan
from collector.images.form import Form
from collector.ledger.names import Names
from tests.support.collection import Collection, drawn
from tests.support.exporting import HOSTILE, collected, exported, planned

ARROW = ("hf", "parquet", "img2dataset")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with collected(tmp_path_factory.mktemp("set") / "images", each=5) as collection:
        yield collection


Exported = tuple[Path, ExportPlan, Published]
SPLITS = ("train", "val", "test")
WHOLE = ("",)


@pytest.fixture(scope="module")
def export(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Exported]:
    """export(format, splits): each once, beside the others of the same splits. Nobody changes them."""
    root = tmp_path_factory.mktemp("exports")
    folders = {SPLITS: root / "split", WHOLE: root / "whole"}
    for place in folders.values():
        place.mkdir()

    @cache
    def made(format: str, splits: tuple[str, ...] = SPLITS) -> Exported:
        if format in ARROW:
            need("pyarrow")
        folder = folders[splits] / format
        return folder, *exported_with_card(collection, format, folder, splits)

    return made


def need(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


def loaded(code: str, folder: Path, *modules: str) -> list[Any]:
    """Rows that a program prints as JSON; a program of its own, because loaders warn, and keep what they import."""
    need(*modules)
    environment = {"HOME": str(folder.parent), "HF_HOME": str(folder.parent / "hf"), "PATH": "/usr/bin:/bin",
                   "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-c", f"import json, sys\nfolder = sys.argv[1]\n{code}", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    rows: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return rows


def expected(plan: ExportPlan) -> list[list[str]]:
    """(split, label, key) of every picture."""
    return sorted([sample.split, sample.labels[0], sample.key] for sample in plan.samples)


@pytest.mark.parametrize("format", list(EXPORTERS))
def test_files_of_every_format_are_called_by_a_template(collection: Collection, tmp_path: Path, format: str) -> None:
    if format in ARROW:
        need("pyarrow")
    made = planned(collection, names=Names.parse("{label} {title}-{rank:04}-{id}"))
    _, published = exported(collection, format, tmp_path / "out", made)
    assert published.pictures == len(made.samples) == len({sample.key for sample in made.samples})
    assert {sample.key.rpartition("-")[2] for sample in made.samples} == {str(one.item.id) for one in made.samples}


@pytest.mark.parametrize("format", list(EXPORTERS))
@pytest.mark.parametrize("splits", [SPLITS, WHOLE])
def test_every_format_passes_its_own_check(
    export: Callable[..., Exported], format: str, splits: tuple[str, ...]
) -> None:
    folder, made, published = export(format, splits)
    assert published.counts == made.counts()
    assert len(published.counts) == len(HOSTILE) * len(splits)
    code = formats.load(format).loading(folder, made)
    if format not in ("img2dataset", "labelstudio"):
        compile(code, "loading", "exec")
    assert str(folder) in code


@pytest.mark.parametrize("format", list(EXPORTERS))
def test_the_same_set_makes_the_same_bytes(
    export: Callable[..., Exported], collection: Collection, tmp_path: Path, format: str
) -> None:
    first, _, _ = export(format)
    exported_with_card(collection, format, tmp_path / format)
    trees = [
        [(path.relative_to(root).as_posix(), path.read_bytes()) for path in sorted(root.rglob("*")) if path.is_file()]
        for root in (first, tmp_path / format)
    ]
    assert trees[0] == trees[1]


TORCHVISION = """
from torchvision.datasets import ImageFolder
from pathlib import Path
rows = []
for split in ("train", "val", "test"):
    data = ImageFolder(f"{folder}/{split}")
    rows += [[split, data.classes[number], Path(path).stem] for path, number in data.samples]
    assert data[0][0].mode == "RGB"
print(json.dumps(sorted(rows)))
"""


KERAS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from pathlib import Path
import tensorflow as tf
rows = []
for split in ("train", "val", "test"):
    root = Path(folder, split)
    classes = sorted(place.name for place in root.iterdir())
    for number, name in enumerate(classes):
        for path in sorted((root / name).iterdir()):  # As keras.utils.image_utils.load_image has it.
            image = tf.io.decode_image(tf.io.read_file(str(path)), channels=3, expand_animations=False)
            assert image.shape[2] == 3 and min(image.shape[:2]) > 0
            rows.append([split, name, path.stem])
print(json.dumps(sorted(rows)))
"""


def test_keras_decodes_every_picture(tmp_path: Path) -> None:
    """Odd ones among them: each kind that Pillow reads and TensorFlow does not is written anew."""
    need("tensorflow")
    odd = {
        "PNG": [drawn(1, mode=mode) for mode in ("RGB", "L", "P", "RGBA", "LA", "1", "I;16")],
        "BMP": [drawn(2, mode=mode) for mode in ("RGB", "L", "P", "1", "RGBA")],
        "GIF": [drawn(3, mode="P")],
        "WEBP": [drawn(4)],
        "AVIF": [drawn(5)],
        "JPEG": [drawn(6, mode=mode) for mode in ("RGB", "L", "CMYK")],
    }
    with Collection(tmp_path / "images") as collection:
        for format, pictures in odd.items():
            for number, image in enumerate(pictures):
                for copy in range(3):
                    turned = image.resize((100 + 10 * number, 80 + copy))
                    collection.add("cat", turned, format)
        made, _ = exported(collection, "keras", tmp_path / "out")
    assert loaded(KERAS, tmp_path / "out", "tensorflow") == expected(made)


ROWS = """
from datasets import load_dataset
from pathlib import Path
def read(format, data):
    for split in data:
        label = data[split].features.get("label")
        for row in data[split]:
            if "json" in row:
                name = row["json"]["label"]
                assert row["cls"] == row["json"]["label_id"] and row["jpg"].size
            else:
                name = label.names[row["label"]] if hasattr(label, "names") else row["label"]
            if "image" in row:
                assert row["image"].size
            if format == "hf":
                assert row["image"].mode in ("RGB", "L"), row["image"].mode
                name = [name, row["id"]]
            yield [split, name]
print(json.dumps([[name, sorted(read(Path(name).name, load_dataset(str(Path(folder, name)))))] for name in NAMES]))
"""


def test_hugging_face_takes_nothing_for_what_it_is_not(export: Callable[..., Exported]) -> None:
    """All formats in one program, which takes a second to start."""
    need("pyarrow")
    wanted = {}
    for format in EXPORTERS:
        for splits in (SPLITS, WHOLE):
            folder, made, _ = export(format, splits)
            by_folder = format in ("imagefolder", "keras", "yolo-cls")
            names = formats.folders.class_folders(made.classes) if by_folder else {one: one for one in made.classes}
            name = folder.relative_to(folder.parents[1]).as_posix()
            wanted[name] = sorted(
                [split or "train", [label, key] if format == "hf" else names[label]]
                for split, label, key in expected(made)
            )
    rows = dict(loaded(f"NAMES = {list(wanted)}\n{ROWS}", folder.parents[1], "datasets"))
    for name in wanted:
        assert rows[name] == wanted[name], name


def test_labels_that_loaders_pass_over(tmp_path: Path) -> None:
    need("pyarrow")
    labels = ("__private", ".hidden", "_one", "class __private", "cat")
    with collected(tmp_path / "images", labels, each=2) as odd:
        made, _ = exported_with_card(odd, "imagefolder", tmp_path / "out", ("",))
    names = formats.folders.class_folders(made.classes)
    [(_, rows)] = loaded(f"NAMES = ['out']\n{ROWS}", tmp_path, "datasets")
    assert rows == sorted(["train", names[label]] for label in labels for _ in range(2))
    (tmp_path / "out" / names["cat"]).rename(tmp_path / "out" / "__cat")
    with pytest.raises(ValueError, match="would be"):
        formats.load("imagefolder").check(tmp_path / "out", made)


@pytest.mark.parametrize("format", ["imagefolder", "keras", "yolo-cls"])
def test_class_folders_in_torchvision(export: Callable[..., Exported], format: str) -> None:
    folder, made, _ = export(format)
    names = formats.folders.class_folders(made.classes)
    rows = loaded(TORCHVISION, folder, "torchvision")
    assert rows == sorted([split, names[label], key] for split, label, key in expected(made))


WEBDATASET = """
import glob, webdataset as wds
names = json.load(open(f"{folder}/classes.json"))
rows = []
for split in ("train", "val", "test"):
    shards = sorted(glob.glob(f"{folder}/{split}-*.tar"))
    for sample in wds.WebDataset(shards, shardshuffle=False).decode("pil"):
        assert sample["jpg"].mode == "RGB"
        assert sample["json"]["label"] == names[sample["cls"]]
        rows.append([split, names[sample["cls"]], sample["__key__"]])
print(json.dumps(sorted(rows)))
"""


def test_webdataset_in_its_own_library(collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from collector.dataset.formats import webdataset

    monkeypatch.setattr(webdataset, "SHARD_PICTURES", 7)
    made, _ = exported(collection, "webdataset", tmp_path / "out")
    assert len(list((tmp_path / "out").glob("train-*.tar"))) == 3
    assert loaded(WEBDATASET, tmp_path / "out", "webdataset") == expected(made)


def test_originals_in_webdataset_and_hugging_face(collection: Collection, tmp_path: Path) -> None:
    made = planned(collection, ("",), form=Form(encoding="original"))
    exported_with_card(collection, "webdataset", tmp_path / "out", made=made)
    lines = f"""
{formats.load("webdataset").loading(tmp_path / "out", made)}
from datasets import load_dataset
rows = [[image.width, number] for image, number in dataset]
print(json.dumps([sorted(rows), sorted([96, row["label_id"]] for row in load_dataset(folder)["train"])]))
"""
    rows = sorted([96, made.number(sample.labels[0])] for sample in made.samples)
    assert loaded(lines, tmp_path / "out", "webdataset", "datasets") == [rows, rows]


CROISSANT = """
import mlcroissant as mlc
data = mlc.Dataset(f"{folder}/croissant.json")
text = lambda value: value.decode() if isinstance(value, bytes) else str(value)
rows = [[text(r["records/split"]), text(r["records/label"]), text(r["records/id"])] for r in data.records("records")]
pictures = sum(1 for r in data.records("pictures") if r["pictures/image"].size)
assert pictures == len(rows), (pictures, len(rows))
issues = data.metadata.ctx.issues
assert not issues.errors and not issues.warnings, issues.report()
print(json.dumps(sorted(rows)))
"""


def test_croissant_in_its_own_library(export: Callable[..., Exported]) -> None:
    folder, made, _ = export("croissant")
    assert loaded(CROISSANT, folder, "mlcroissant") == expected(made)


COCO = """
from pycocotools.coco import COCO
from pathlib import Path
rows = []
for split in ("train", "val", "test"):
    sys.stdout = sys.stderr  # It says how long it took to read.
    data = COCO(f"{folder}/{split}/labels.json")
    sys.stdout = sys.__stdout__
    for number, image in data.imgs.items():
        assert Path(folder, split, "data", image["file_name"]).is_file()
        one, = data.loadAnns(data.getAnnIds(imgIds=number))
        assert data.annToMask(one).all()
        rows.append([split, data.cats[one["category_id"]]["name"], Path(image["file_name"]).stem])
print(json.dumps(sorted(rows)))
"""


def test_coco_in_its_own_library(export: Callable[..., Exported]) -> None:
    folder, made, _ = export("coco")
    assert loaded(COCO, folder, "pycocotools") == expected(made)


FIFTYONE = """
from pathlib import Path
from fiftyone.utils.data import FiftyOneImageClassificationDatasetImporter as Importer
rows = []
for split in ("train", "val", "test"):
    with Importer(dataset_dir=f"{folder}/{split}") as data:
        rows += [[split, label.label, Path(path).stem] for path, _, label in data]
print(json.dumps(sorted(rows)))
"""


def test_fiftyone_in_its_own_importer(export: Callable[..., Exported]) -> None:
    """The importer alone: datasets of its own need a database server."""
    folder, made, _ = export("fiftyone")
    assert loaded(FIFTYONE, folder, "fiftyone") == expected(made)


PANDAS = """
import pandas as pd
read = {"csv": lambda: pd.read_csv(f"{folder}/csv/data.csv", keep_default_na=False).replace("^'", "", regex=True),
        "jsonl": lambda: pd.concat(pd.read_json(f"{folder}/jsonl/{split}/metadata.jsonl", lines=True,
                                                convert_dates=False) for split in ("train", "val", "test")),
        "parquet": lambda: pd.read_parquet(f"{folder}/parquet/data.parquet")}
print(json.dumps([[name, sorted(table()[["split", "label", "id"]].values.tolist())] for name, table in read.items()]))
"""


def test_tables_in_pandas(export: Callable[..., Exported]) -> None:
    need("pyarrow")
    plans = {}
    for format in ("csv", "jsonl", "parquet"):
        folder, made, _ = export(format)
        plans[format] = expected(made)
    assert dict(loaded(PANDAS, folder.parent, "pandas")) == plans


def test_no_cell_of_a_csv_is_a_formula_and_every_text_comes_back(tmp_path: Path) -> None:
    titles = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'quoted", "plain", "a=b"]
    with Collection(tmp_path / "images") as collection:
        for number, title in enumerate(titles):
            collection.add("=cmd|' /C calc'!A0", drawn(number), title=title, page="http://x.test/")
        exported(collection, "csv", tmp_path / "out")
    with (tmp_path / "out" / "data.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell] == []
    import pandas as pd

    table = pd.read_csv(tmp_path / "out" / "data.csv", keep_default_na=False).replace("^'", "", regex=True)
    assert sorted(table["title"]) == sorted(titles)
    assert set(table["label"]) == {"=cmd|' /C calc'!A0"}


def test_a_picture_with_two_labels_says_both(tmp_path: Path) -> None:
    need("pyarrow")
    with Collection(tmp_path / "images") as collection:
        item = collection.add("cat", drawn(1))
        collection.add("dog", drawn(2))
        collection.ledger.dataset.replace_extra_labels([(item.sha256, "dog", "set.conflict")])
        from collector.dataset import exporting

        for format in ("jsonl", "hf", "coco"):
            exporting.export_set(collection.ledger, collection.folder, exporting.Order(format, tmp_path / format))
    lines = (tmp_path / "jsonl" / "metadata.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["labels"] for line in lines) == [["cat", "dog"], ["dog"]]
    document = json.loads((tmp_path / "coco" / "labels.json").read_text())
    assert Counter(one["category_id"] for one in document["annotations"]) == {1: 1, 2: 2}


@pytest.mark.parametrize("format", list(EXPORTERS))
def test_what_is_spoilt_is_seen_by_the_check(export: Callable[..., Exported], tmp_path: Path, format: str) -> None:
    """One picture, row or task less than was written."""
    folder, made, published = export(format)
    shutil.copytree(folder, tmp_path / "out")
    spoil(tmp_path / "out", format)
    exporter = formats.load(format)
    try:
        found = exporter.check(tmp_path / "out", made)
    except (ValueError, OSError) as error:
        assert str(error)
    else:
        assert found != published.counts


def spoil(folder: Path, format: str) -> None:
    pictures = sorted(path for path in folder.rglob("*.*") if path.suffix in (".jpg", ".png", ".webp"))
    shards = sorted([*folder.rglob("*.tar"), *folder.rglob("*.parquet")])
    if pictures and format != "croissant":
        pictures[0].unlink()
    elif format == "croissant":
        text = (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / "metadata.jsonl").write_text("".join(text[1:]), encoding="utf-8")
    else:
        shards[0].unlink()


def exported_with_card(
    collection: Collection, format: str, dest: Path, splits: tuple[str, ...] = SPLITS, made: ExportPlan | None = None
) -> tuple[ExportPlan, Published]:
    """With the documents of a real export, which Hugging Face reads the splits from."""
    made = made or planned(collection, splits)
    exporter = formats.load(format)
    documents = partial(documented, asked=[], format=format, patterns=getattr(exporter, "patterns", None))
    return made, publish(made, collection.folder, dest, exporter, documents)
