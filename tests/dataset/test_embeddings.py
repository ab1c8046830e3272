"""Embeddings of a real folder: only what is new is looked at, what is gone is forgotten, and files find their like."""

from __future__ import annotations

import filecmp
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import collector
from collector.dataset import embeddings
from collector.errors import DiskError, InputError
from collector.images.embed import Embedder, embed_files, embedder
from collector.ledger import vectors
from collector.ledger.layout import VECTORS
from collector.maintenance import forget
from tests.support.collection import Collection, drawn


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "images") as collection:
        yield collection


@pytest.fixture(scope="session")
def model() -> Embedder:
    return embedder()


def test_only_new_pictures_are_looked_at(collection: Collection, model: Embedder) -> None:
    rows = [collection.add("cat", drawn(number)) for number in range(3)]
    told: list[tuple[int, int]] = []
    done = embeddings.embed_set(collection.ledger, collection.folder, model, lambda *two: told.append(two))
    assert (done, told) == (embeddings.Embedded(3, 0, 0), [(3, 3)])
    more = collection.add("dog", drawn(9))
    (collection.folder / more.file).write_bytes(b"gone bad")
    again = embeddings.embed_set(collection.ledger, collection.folder, model)
    assert again == embeddings.Embedded(0, 3, 1)
    assert set(embeddings.read(collection.folder, model).places) == {row.sha256 for row in rows}


def test_while_others_are_fetched(collection: Collection, model: Embedder) -> None:
    rows = [collection.add("cat", drawn(number)) for number in range(11)]
    (collection.folder / rows[0].file).write_bytes(b"gone bad")
    beside = embeddings.Alongside(collection.folder, model)
    beside.finish()
    for part in (rows[:3], rows[3:10]):
        for row in part:
            beside.take(row.sha256, row.file)
        beside.finish()
    assert beside.left == 0
    have = set(embeddings.read(collection.folder, model).places)
    assert have <= {row.sha256 for row in rows[1:10]}
    rest = embeddings.embed_set(collection.ledger, collection.folder, model)
    assert rest == embeddings.Embedded(10 - len(have), len(have), 1)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sha256 of what is being looked at."""
    seen: list[str] = []

    def watched(files: Iterable[tuple[str, Path]], *given: Any, **named: Any) -> Iterator[tuple[str, Any]]:
        return embed_files(((seen.append(one[0]), one)[1] for one in files), *given, **named)

    monkeypatch.setattr(embeddings, "embed_files", watched)
    return seen


def test_what_waits_is_left_to_the_end(collection: Collection, model: Embedder, seen: list[str]) -> None:
    row = collection.add("cat", drawn(1))
    beside = embeddings.Alongside(collection.folder, model)
    for _ in range(1000):
        beside.take(row.sha256, row.file)
    assert beside.left > 500
    beside.finish()
    assert beside.left == 0
    assert len(seen) < 500, "it ends without having looked at them"


def test_what_was_begun_is_kept(collection: Collection, model: Embedder, seen: list[str]) -> None:
    row = collection.add("cat", drawn(1))
    beside = embeddings.Alongside(collection.folder, model)
    beside.take(row.sha256, row.file)
    while not seen:
        time.sleep(0.01)
    beside.finish()
    assert list(embeddings.read(collection.folder, model).places) == [row.sha256]


def test_what_goes_wrong_beside_is_raised_at_the_end(collection: Collection, model: Embedder, seen: list[str]) -> None:
    row = collection.add("cat", drawn(1))
    beside = embeddings.Alongside(collection.folder, replace(model, graph=collection.folder / "no graph"))
    beside.take(row.sha256, row.file)
    while not seen:
        time.sleep(0.01)
    with pytest.raises(InputError, match="no graph: onnxruntime cannot open it"):
        beside.finish()


def test_a_stop_keeps_what_was_looked_at(collection: Collection, model: Embedder) -> None:
    for number in range(9):
        collection.add("cat", drawn(number))
    done = embeddings.embed_set(collection.ledger, collection.folder, model, stop=lambda: True)
    assert done == embeddings.Embedded(1, 0, 0)
    assert embeddings.embed_set(collection.ledger, collection.folder, model) == embeddings.Embedded(8, 1, 0)


def test_what_the_ledger_does_not_know_is_dropped_of_all_models(collection: Collection, model: Embedder) -> None:
    """As a kill between the two leaves it."""
    row = collection.add("cat", drawn(1))
    for name, numbers in ((model.name, model.numbers), ("another", 3)):
        vectors.add(collection.folder, name, model.hash, [("ab" * 32, np.zeros(numbers, np.float16))])
    assert embeddings.embed_set(collection.ledger, collection.folder, model) == embeddings.Embedded(1, 0, 0)
    assert list(embeddings.read(collection.folder, model).places) == [row.sha256]
    assert not vectors.read(collection.folder, "another", model.hash, 3).places


def test_a_forgotten_picture_leaves_no_embedding(collection: Collection, model: Embedder) -> None:
    one, other = (collection.add("cat", drawn(number)) for number in range(2))
    embeddings.embed_set(collection.ledger, collection.folder, model)
    wanted = forget.Wanted(files={one.sha256: one.file})
    forget.forget(collection.ledger, collection.folder, wanted, lambda *_: None)
    assert set(embeddings.read(collection.folder, model).places) == {other.sha256}
    assert bytes.fromhex(one.sha256) not in (collection.folder / VECTORS).read_bytes()


def test_the_nearest_come_first(collection: Collection, model: Embedder, tmp_path: Path) -> None:
    rows = [collection.add("cat", drawn(number, (400, 300))) for number in range(5)]
    collection.ledger.dataset.review(rows[4].sha256, "cat", "drop")
    embeddings.embed_set(collection.ledger, collection.folder, model)
    asked = tmp_path / "asked.png"
    drawn(2, (400, 300)).resize((360, 270)).save(asked)
    found = embeddings.similar(collection.ledger, collection.folder, model, asked, 3)
    assert found[0].row.sha256 == rows[2].sha256
    assert found[0].likeness > 0.9
    assert len(found) == 3
    assert [one.likeness for one in found] == sorted((one.likeness for one in found), reverse=True)
    everything = embeddings.similar(collection.ledger, collection.folder, model, asked, 20)
    assert rows[4].sha256 not in {one.row.sha256 for one in everything}, "what is left out of the set is not shown"
    asked.write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"asked\.png: cannot be read as a picture"):
        embeddings.similar(collection.ledger, collection.folder, model, asked, 3)


def test_a_folder_that_cannot_be_written_is_looked_at_as_it_is(
    tmp_path: Path, model: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Collection(tmp_path / "images") as collection:
        rows = [collection.add("cat", drawn(number)) for number in range(7)]
        embeddings.embed_set(collection.ledger, collection.folder, model)
        collection.add("cat", drawn(9))
    told: list[str] = []
    opened = collector.Collection(collection.folder, told.append)
    opened.undo()
    (collection.folder / rows[1].file).write_bytes(b"another")
    shutil.copytree(collection.folder, tmp_path / "before")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))
    found = opened.similar(collection.folder / rows[2].file)
    assert found[0].row.sha256 == rows[2].sha256
    own = {row.sha256 for row in rows} - {rows[1].sha256}
    assert {one.row.sha256 for one in found} == own, "not what was replaced"
    judged = opened.relevance()
    assert {one.row.sha256 for one in judged.ranked if one.probability is not None} == own
    assert told == 2 * [f"{collection.folder} cannot be written, so pictures without embedding are left out: 1"]
    with pytest.raises(DiskError, match=r"this needs to; .* similar and relevance \(without --drop\) only look"):
        opened.relevance(drop=True)
    compared = filecmp.dircmp(tmp_path / "before", collection.folder)
    assert (compared.diff_files, compared.left_only, compared.right_only) == ([], [], [])
