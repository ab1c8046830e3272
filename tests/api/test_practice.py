"""Practice pictures and pictures of the world: a folder holds one kind, and says which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import collector
from collector.errors import InputError, UsageError
from collector.ledger import Ledger
from tests.support.collection import Collection, drawn
from tests.support.command import Desk


@pytest.fixture(scope="module")
def web() -> Iterator[collector.practice]:
    with collector.practice(collector.practice.Knobs.calm()) as web:
        yield web


def practised(folder: Path, web: collector.practice) -> collector.Crawl:
    return collector.collect(["tabby cat"], folder, limit=2, source="naver", practice=web)


def test_a_real_run_refuses_a_practice_folder_and_says_what_to_do(tmp_path: Path, web: collector.practice) -> None:
    folder = tmp_path / "images"
    practised(folder, web).wait()
    with Ledger.read(folder) as ledger:
        assert ledger.practice
        before = ledger.changes
    for again in (["tabby cat"], ["red fox"]):
        with pytest.raises(UsageError, match="drawings of the practice web; give another --out"):
            collector.collect(again, folder, source="naver").wait()
    desk = Desk(tmp_path / "desk", workers=False)
    ended = desk.run("fetch", "--out", str(folder))
    assert (ended.code, "give another --out" in ended.last_line) == (2, True)
    with Ledger.read(folder) as ledger:
        assert (ledger.stats.digest().total.saved, ledger.changes) == (2, before)
    assert practised(folder, web).wait().digest.total.saved == 2, "practice goes on"


def test_a_practice_run_refuses_a_folder_of_real_pictures(tmp_path: Path, web: collector.practice) -> None:
    with Collection(tmp_path / "images") as collection:
        collection.add("tabby cat", drawn(1))
    with pytest.raises(UsageError, match=r"real ones; .* --out practice-images"):
        practised(tmp_path / "images", web).wait()
    with Ledger.read(tmp_path / "images") as ledger:
        assert not ledger.practice
        assert [row.url for row in ledger.dataset.pictures()] == ["http://pictures.test/tabby cat/1.jpg"]


def test_a_demo_of_the_last_release_is_known_as_practice(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        collection.ledger.remember("practice.port", "20000")
    with pytest.raises(UsageError, match="drawings"):
        collector.collect(["red fox"], tmp_path / "images", source="naver").wait()


def test_practice_pictures_are_not_imported_among_real_ones(tmp_path: Path, web: collector.practice) -> None:
    practised(tmp_path / "practice-images", web).wait()
    with Collection(tmp_path / "images") as collection:
        collection.add("fox", drawn(1))
    real = collector.open(tmp_path / "images")
    for path in (tmp_path / "practice-images", tmp_path / "practice-images" / "tabby cat"):
        with pytest.raises(InputError, match="drawings of the practice web"):
            real.add(path)
    assert real.status().total.saved == 1
    into_practice = collector.open(tmp_path / "practice-images").add(tmp_path / "practice-images" / "tabby cat")
    assert into_practice.counts["saved"] == 0, "known already"


def test_exports_cards_and_locks_say_so(tmp_path: Path, web: collector.practice) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    practised(desk.images, web).wait()
    done = desk.run("export", "imagefolder", "set")
    assert done.code == 0 and "they show nothing real" in done.err
    card = (desk.folder / "set" / "README.md").read_text(encoding="utf-8")
    assert "**Practice pictures, drawn by collector's own practice web: they show nothing real.**" in card
    head = json.loads((desk.folder / "set" / "dataset.lock").read_text().splitlines()[0])
    assert head["practice"] is True
    with Collection(tmp_path / "real") as collection:
        collection.add("cat", drawn(1))
    exported = collector.open(tmp_path / "real").export("imagefolder", tmp_path / "real-set")
    assert not exported.plan.practice and "Practice" not in (tmp_path / "real-set" / "README.md").read_text()
