"""Flags of a set: listed with examples, dropped when asked for, taken back, and never against a person's word."""

from __future__ import annotations

from pathlib import Path

import skimage
from PIL import Image

from collector.dataset import flags
from collector.ledger.rows import PICTURES
from tests.images.test_flags import page
from tests.support.collection import Collection
from tests.support.command import Desk

DATA = Path(skimage.__file__).parent / "data"


def filled(collection: Collection, folder: Path) -> list[str]:
    """A cat and two pages; the hashes of the pages."""
    with Image.open(DATA / "chelsea.png") as opened:
        collection.add("cat", opened.convert("RGB"))
    return [collection.add("cat", page(folder / f"{size}.png", size).read_bytes(), "PNG").sha256 for size in (14, 20)]


def test_listed_dropped_and_taken_back(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        pages = filled(collection, tmp_path)
        ledger, folder = collection.ledger, collection.folder
        done = flags.flag_set(ledger, folder, None)
        assert (done.looked_at, {one.row.sha256 for one in done.found}) == (3, set(pages))
        assert {one.flag for one in done.found} == {"text"}
        assert ledger.dataset.verdicts() == []
        ledger.dataset.review(pages[0], "cat", "keep")
        done = flags.flag_set(ledger, folder, None, ["text"])
        assert done.looked_at == 0, "scores are kept"
        assert [(one.sha256, one.reason) for one in ledger.dataset.verdicts()] == [(pages[1], "set.text")]
        again = flags.flag_set(ledger, folder, None)
        assert {one.row.sha256 for one in again.found} == set(pages)
        assert ledger.dataset.verdicts() == []


def test_a_page_is_doubtful_and_a_cat_is_not(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        pages = filled(collection, tmp_path)
        flags.flag_set(collection.ledger, collection.folder, None)
        doubts = dict(collection.ledger.dataset.cells(("sha256", "doubt"), PICTURES))
    assert {sha256 for sha256, doubt in doubts.items() if doubt < 0.5} == set(pages)


def test_the_verb(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        filled(collection, tmp_path)
    done = desk.run("flags")
    assert done.code == 0, done.err
    assert "text: 2 pictures flagged, such as cat/" in done.out
    done = desk.run("flags", "--drop", "text")
    assert "text: 2 pictures left out, such as cat/" in done.out
    assert desk.run("flags", "--drop", "teeth").code == 2
