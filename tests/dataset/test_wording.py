"""The keyword against the other classes and junk: by a model in miniature that knows colours by their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from collector.dataset import topic
from collector.dataset.wording import Wording
from collector.errors import InputError, UsageError
from collector.images.embed import embedder
from collector.images.hub_layout import Layout, read
from collector.ledger import Row
from collector.ledger.vectors import Vectors
from collector.maintenance import forget
from tests.support.collection import Collection
from tests.support.command import Desk
from tests.support.tiny_models import tiny_model

DATA = Path(skimage.__file__).parent / "data"
COLOURS = {"red": (1, -1, -1), "blue": (-1, -1, 1), "white": (1, 1, 1), "grey": (0.1, 0.12, 0.1)}


def looked_at(model: Layout, *names: str) -> Vectors:
    numbers = np.array([COLOURS[name] for name in names], np.float16)
    return Vectors(model.name, "h", {name: place for place, name in enumerate(names)}, numbers)


@pytest.mark.parametrize("family", ["siglip", "clip"])
def test_what_shows_the_keyword_is_told_from_other_classes_and_junk(tmp_path: Path, family: str) -> None:
    model = read(tiny_model(tmp_path / "model", family), "m")  # type: ignore[arg-type]
    names = ("red", "blue", "white", "grey")
    classes = {"ROT": {"rot"}, "cold": {"blue", "blue_thing"}}
    wording = Wording(model, looked_at(model, *names), classes)
    assert wording.shown("ROT", names).round(2).tolist() == [1, 0, 0, 0]
    assert wording.shown("cold", names).round(2).tolist() == [0, 1, 0, 0]
    alone = Wording(model, looked_at(model, *names), {"red": {"red"}})
    assert alone.shown("red", names).round(2).tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("family", ["siglip", "clip"])
def test_junk_that_the_keyword_names_is_none(tmp_path: Path, family: str) -> None:
    model = read(tiny_model(tmp_path / "model", family), "m")  # type: ignore[arg-type]
    wording = Wording(model, looked_at(model, "white", "red"), {"logo": {"Logo"}})
    assert wording.shown("logo", ("white", "red")).round(2).tolist() == [1, 0]


def test_models_that_cannot_be_asked_are_told(tmp_path: Path) -> None:
    seeing = read(tiny_model(tmp_path / "one", layout="pictures"), "sees")
    with pytest.raises(UsageError, match="sees knows no words"):
        Wording(seeing, looked_at(seeing, "red"), {})
    model = read(tiny_model(tmp_path / "two"), "m")
    with pytest.raises(InputError, match="not the same length"):
        Wording(model, Vectors("m", "h", {}, np.zeros((0, 5), np.float16)), {})


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "desk" / "images") as collection:
        yield collection


def painted(collection: Collection, label: str, colour: tuple[int, int, int], count: int, seed: int) -> list[Row]:
    """Noise of one colour, with nothing in it that the usual network knows."""
    dice = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        noise = dice.integers(-20, 20, (48, 64, 3))
        rows.append(collection.add(label, Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8))))
    return rows


def photographs(collection: Collection, label: str) -> list[Row]:
    """Things that look like nothing else of the class, and are not red."""
    rows = []
    for name in ("rocket.jpg", "page.png", "brick.png"):
        with Image.open(DATA / name) as opened:
            rows.append(collection.add(label, opened.convert("RGB").resize((128, 96))))
    return rows


def test_a_set_is_judged_by_words_and_a_person_overrules(collection: Collection, tmp_path: Path) -> None:
    rows = painted(collection, "red", (220, 30, 30), 12, 1)
    wrong = [*painted(collection, "red", (30, 30, 220), 3, 2), *photographs(collection, "red")]
    painted(collection, "blue", (30, 30, 220), 12, 3)
    words = read(tiny_model(tmp_path / "model"), "tiny")
    ledger, folder, usual = collection.ledger, collection.folder, embedder()
    done = topic.judge_set(ledger, folder, usual, topic.Asked(0.9, drop=True), words)
    reds = [one.row.sha256 for one in done.ranked if one.row.label == "red"]
    assert set(reds[:6]) == {row.sha256 for row in wrong}
    sure = {one.row.sha256 for one in done.sure}
    assert sure
    assert sure <= {row.sha256 for row in wrong[3:]}, "what looks alike is only listed"
    assert {verdict.reason for verdict in ledger.dataset.verdicts()} == {"set.off_topic"}
    ledger.dataset.review(wrong[0].sha256, "red", "keep")
    ledger.dataset.review(rows[0].sha256, "red", "drop")
    again = topic.judge_set(ledger, folder, usual, topic.Asked(0.9, drop=True), words)
    probabilities = {one.row.sha256: one.probability for one in again.ranked}
    assert probabilities[wrong[0].sha256] == 1.0
    assert rows[0].sha256 not in probabilities, "it has left the set"
    forget.forget(ledger, folder, forget.Wanted(files={wrong[1].sha256: wrong[1].file}), lambda *_: None)
    for path in folder.glob("collector*.vectors"):
        assert bytes.fromhex(wrong[1].sha256) not in path.read_bytes()
        assert bytes.fromhex(rows[1].sha256) in path.read_bytes()
    assert len(list(folder.glob("collector*.vectors"))) == 2, "a file for each model"


def test_the_verbs(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        painted(collection, "red", (220, 30, 30), 8, 1)
        wrong = photographs(collection, "red")
        file = desk.images / painted(collection, "blue", (30, 30, 220), 8, 3)[0].file
    model = tiny_model(tmp_path / "models" / "tiny")
    done = desk.run("relevance", "--models", str(model), "--top", "3")
    assert done.code == 0, done.err
    listed = [line.split("  ")[1] for line in done.out.splitlines() if line.startswith("0.") and "red/" in line]
    assert sorted(listed) == sorted(row.file.as_posix() for row in wrong)
    done = desk.run("embed", "--model", "tiny", "--models", str(model.parent))
    assert "0 pictures newly looked at, 19 known before" in done.out, done.err
    desk.write("collector.toml", f"[look]\nmodel = 'tiny'\nmodels = '{model.parent}'\n")
    done = desk.run("similar", str(file), "--top", "1")
    assert "1.00" in done.out, (done.out, done.err)
    done = desk.run("relevance", "--model", "siglip2-b32")
    assert (done.code, "no model siglip2-b32 there" in done.last_line) == (4, True)


def test_a_broken_tokenizer_is_told_before_any_picture_is_looked_at(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        painted(collection, "red", (220, 30, 30), 3, 1)
    model = tiny_model(tmp_path / "tiny")
    (model / "tokenizer.json").write_text("{}")
    done = desk.run("relevance", "--models", str(model))
    assert (done.code, "tokenizer.json: no tokenizer" in done.last_line) == (4, True), done.err
    assert not list(desk.images.glob("collector*.vectors"))
