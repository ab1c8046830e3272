"""A folder with pictures of something else: listed first, dropped when asked for, back again on a person's word."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from collector.dataset import embeddings, relevance, topic
from collector.images.embed import Embedder, described, embedder, named
from collector.ledger import Row
from collector.model import Verdict
from collector.studio.columns import Columns
from tests.support.collection import Collection, drawn
from tests.support.command import Desk

DATA = Path(skimage.__file__).parent / "data"
FOREIGN = ("astronaut.png", "page.png", "rocket.jpg", "brick.png", "coffee.png", "motorcycle_left.png")


def views(name: str, count: int) -> Iterator[Image.Image]:
    """Parts of a photograph, as other photographs of the same thing would be."""
    dice = np.random.default_rng(3)
    with Image.open(DATA / name) as opened:
        whole = opened.convert("RGB")
    for _ in range(count):
        share = dice.uniform(0.7, 0.95)
        width, height = (int(side * share) for side in whole.size)
        left, top = (
            int(dice.integers(0, side - part + 1)) for side, part in zip(whole.size, (width, height), strict=True)
        )
        yield whole.crop((left, top, left + width, top + height))


def filled(collection: Collection) -> list[Row]:
    """Twelve cats and six other things under one label; the rows of the latter."""
    for view in views("chelsea.png", 12):
        collection.add("chelsea", view)
    rows = []
    for name in FOREIGN:
        with Image.open(DATA / name) as opened:
            out = io.BytesIO()
            opened.convert("RGB").save(out, "JPEG", quality=90)
        rows.append(collection.add("chelsea", out.getvalue()))
    return rows


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "images") as collection:
        yield collection


@pytest.fixture(scope="session")
def model() -> Embedder:
    return embedder()


def judged(collection: Collection, model: Embedder, drop: bool = False, split: str | None = None) -> topic.Topic:
    return topic.judge_set(collection.ledger, collection.folder, model, topic.Asked(0.9, drop, split))


def out(collection: Collection) -> dict[str, str]:
    return {verdict.sha256: verdict.reason for verdict in collection.ledger.dataset.verdicts()}


def test_the_foreign_ones_come_first_and_nothing_is_changed(collection: Collection, model: Embedder) -> None:
    foreign = {row.sha256 for row in filled(collection)}
    done = judged(collection, model)
    assert {one.row.sha256 for one in done.ranked[:6]} == foreign
    assert [one.rank for one in done.ranked] == list(range(1, 19))
    probabilities = [one.probability for one in done.ranked if one.probability is not None]
    assert len(probabilities) == 18 and probabilities == sorted(probabilities)
    assert {one.row.sha256 for one in done.sure} == foreign
    assert done.precision is not None and 0.9 < done.precision <= 1
    assert [(one.label, one.pictures, round(one.wrong), one.senses) for one in done.classes] == [("chelsea", 18, 5, ())]
    assert out(collection) == {}


def test_dropping_is_asked_for_and_taken_back(collection: Collection, model: Embedder) -> None:
    foreign = [row.sha256 for row in filled(collection)]
    judged(collection, model, drop=True)
    assert out(collection) == dict.fromkeys(foreign, "set.off_topic")
    collection.ledger.dataset.review(foreign[0], "chelsea", "keep")
    judged(collection, model, drop=True)
    assert foreign[0] not in out(collection), "no rule overrules a person"
    again = topic.judge_set(collection.ledger, collection.folder, model, topic.Asked(1.0, drop=True))
    assert (out(collection), again.sure) == ({}, ())


def test_what_is_settled_is_left_out_until_a_person_says_otherwise(collection: Collection, model: Embedder) -> None:
    foreign = [row.sha256 for row in filled(collection)]
    judged(collection, model, drop=True)
    collection.ledger.dataset.review(foreign[0], "chelsea", "keep")
    asked = topic.Asked(1.0, drop=True, settled=True)
    topic.judge_set(collection.ledger, collection.folder, model, asked)
    assert out(collection) == dict.fromkeys(foreign[1:], "set.off_topic")


def test_only_in_one_split(collection: Collection, model: Embedder) -> None:
    foreign = [row.sha256 for row in filled(collection)]
    collection.ledger.splits.remember("train=0.5,test=0.5", [(foreign[0], "test"), (foreign[1], "train")])
    done = judged(collection, model, drop=True, split="test")
    assert [one.row.sha256 for one in done.ranked] == [foreign[0]]
    assert out(collection) == {foreign[0]: "set.off_topic"}


def test_only_some_keywords(collection: Collection, model: Embedder) -> None:
    foreign = [row.sha256 for row in filled(collection)]
    cups = [collection.add("cup", view) for view in views("coffee.png", 6)]
    collection.ledger.dataset.decide((topic.REASON,), [Verdict(cups[0].sha256, "cup", topic.REASON)])
    asked = topic.Asked(0.8, drop=True, only={("chelsea", "chelsea")})
    done = topic.judge_set(collection.ledger, collection.folder, model, asked)
    assert {one.row.label for one in done.ranked} == {"chelsea"}
    assert [one.label for one in done.classes] == ["chelsea", "cup"], "all are judged"
    assert out(collection) == dict.fromkeys([*foreign, cups[0].sha256], "set.off_topic"), "that of others stays"
    topic.judge_set(collection.ledger, collection.folder, model, topic.Asked(0.8, drop=True))
    assert out(collection) == dict.fromkeys(foreign, "set.off_topic"), "asked about all, it is decided anew"


def test_what_is_told_of_a_class(collection: Collection, model: Embedder) -> None:
    """Two senses, the names that ImageNet has for a keyword, and nothing of what a person dropped."""
    cats = [collection.add("cat", view) for view in views("chelsea.png", 9)]
    cups = [collection.add("cat", view) for view in views("coffee.png", 8)]
    collection.ledger.dataset.review(cats[0].sha256, "cat", "drop")
    done = judged(collection, model)
    ranks = {one.row.file: one.rank for one in done.ranked}
    [told] = done.classes
    assert (told.pictures, told.dropped) == (16, 1)
    assert {"tabby", "Persian cat".casefold()} <= set(told.named)
    assert [sense.pictures for sense in told.senses] == [8, 8]
    for sense, rows in zip(told.senses, (cats, cups), strict=True):
        assert len(sense.examples) == 3
        assert set(sense.examples) <= {row.file for row in rows} - {cats[0].file}
        own = [ranks[row.file] for row in rows if row.file in ranks]
        assert sum(ranks[file] for file in sense.examples) > 3 * np.mean(own), "the most typical ones"
    for row in cups:
        collection.ledger.dataset.review(row.sha256, "cat", "drop")
    assert judged(collection, model).classes[0].senses == (), "one of the two is left"


def test_imagenet_is_asked_about_the_label_and_all_keywords(collection: Collection) -> None:
    row = collection.add("pets", drawn(1))
    rows = [replace(row, keyword=keyword) for keyword in ("red fox", "tabby", "red fox")]
    assert topic._imagenet("espresso", rows) == sorted({*named("red fox"), *named("tabby"), *named("espresso")})


def test_a_large_class_is_compared_by_pictures_from_all_of_it(
    collection: Collection, model: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [collection.add("cat", view) for view in views("chelsea.png", 7)]
    embeddings.embed_set(collection.ledger, collection.folder, model)
    monkeypatch.setattr(relevance, "SAMPLE", 3)
    stored = embeddings.read(collection.folder, model)
    expected = described(stored.of([row.sha256 for row in rows[::2]]), model)
    assert topic._sample(rows, stored, model) == pytest.approx(expected, abs=1e-6)


def test_a_class_of_a_few_is_not_judged(collection: Collection, model: Embedder) -> None:
    rows = [collection.add("chelsea", view) for view in views("chelsea.png", 5)]
    assert None not in {one.probability for one in judged(collection, model).ranked}
    with collection.ledger.transaction():
        collection.ledger.dataset.review(rows[0].sha256, "chelsea", "drop")
    done = judged(collection, model, drop=True)
    assert [one.probability for one in done.ranked] == [None] * 4
    assert (done.sure, done.precision) == ((), None)
    assert [(one.pictures, one.dropped, one.wrong) for one in done.classes] == [(4, 1, None)]
    assert collection.ledger.dataset.scores("relevance") == {rows[0].sha256: 0.0}, "what was found before is gone"
    columns = Columns(collection.ledger)
    assert columns.facets()["relevance"] == [("too few to judge", 4), ("unlikely", 1)]
    for row in rows[1:]:
        collection.ledger.dataset.review(row.sha256, "chelsea", "drop")
    done = judged(collection, model)
    assert done.ranked == ()
    assert [(one.pictures, one.dropped, one.wrong) for one in done.classes] == [(0, 5, 0.0)]


def test_the_verb(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        foreign = {row.file.as_posix() for row in filled(collection)}
    done = desk.run("relevance", "--top", "6")
    assert done.code == 0, done.err
    assert {line.split("  ")[1] for line in done.out.splitlines() if line.startswith("0.")} == foreign
    assert "6 pictures would be left out (--drop does that); about " in done.out
    done = desk.run("relevance", "--split", "test")
    assert (done.code, done.out) == (2, ""), "nothing is taken back because of a slip"
    assert "no picture has a split yet: `" in done.err and "split train=0.8,val=0.2` gives" in done.err
    assert desk.run("split", "train=0.8,val=0.2").code == 0
    done = desk.run("relevance", "--drop", "--split", "test")
    assert (done.code, "no split 'test' in train=0.8,val=0.2; there are: train, val" in done.err) == (2, True)
    done = desk.run("relevance", "--confidence", "1")
    *_, last, hint = done.out.splitlines()
    assert last == "0 pictures would be left out (--drop does that)"
    assert "none is surely off topic; the first of the list are the ones to look at" in hint
    assert "studio` shows them" in hint and "review drop FILE` leaves one out" in hint
    done = desk.run("relevance", "--drop", "--apply")
    assert "6 pictures left out now" in done.out
    assert "6 files moved" in done.out
    assert desk.run("status").code == 0


def test_the_verb_says_what_cannot_be_judged(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    with Collection(desk.images) as collection:
        for number, view in enumerate(views("chelsea.png", 7)):
            row = collection.add("few" if number < 3 else "gone", view)
            if row.label == "gone":
                collection.ledger.dataset.review(row.sha256, "gone", "drop")
    done = desk.run("relevance")
    assert done.out.splitlines()[1:] == [
        "few           3  too few to judge          0",
        "gone          0  all 4 dropped by hand     0",
        "0 pictures would be left out (--drop does that)",
    ]
    facts = json.loads(desk.run("relevance", "--json").out)
    assert facts["precision"] is None
    assert [(one["pictures"], one["dropped_by_hand"], one["off_topic"]) for one in facts["classes"]] == [
        (3, 0, None),
        (0, 4, 0.0),
    ]
    assert [one["probability"] for one in facts["pictures"]] == [None] * 3
