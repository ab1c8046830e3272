"""Rows: every field that is written is read back, and every way of asking gives exactly what it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from collector.ledger import Ledger, Row, Which
from collector.ledger.rows import PICTURES, SAVED
from collector.model import Attempt, Duplicate, Failed, Found, Hit, Licence, Media, Picture, Saved, Task, Verdict
from tests.support.values import hit, picture, query, search

FULL_HIT = Hit(
    url="http://a.test/1.jpg", key="key 1", id="docid", page="http://a.test/page", title="Ein Bär, \"quoted\" \u2028",
    site="a.test", width=12, height=34, thumbnail_url="http://a.test/t.jpg", is_thumbnail=True, kind="product",
    way="hover",
    licence=Licence("http://l.test", "http://l.test/buy", "agency", ("Ann", "Bob"), "credit", "notice"),
    fallbacks=("http://a.test/2.jpg", "http://a.test/3.jpg"), media=Media.FILE, cookies="a=b", published="2020-02",
    fields=(("tag", "bear"), ("tag", "brown")),
)  # fmt: skip
FULL_PICTURE = replace(
    picture("a"), format="TIFF", mode="CMYK", orientation=6, frames=3, phash="0123456789abcdef", media=Media.PICTURE,
    rights=(("creator", "Ann"), ("licence", "http://l.test")), taken="2024-02-29T12:34:56", place=(-33.5, 0.0),
)  # fmt: skip
FULL_ATTEMPT = Attempt(203, "http://b.test/final.jpg", 1.25, "fallback", "noai", 77)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path) as opened:
        yield opened


def entered(ledger: Ledger, of: Hit, keyword: str = "cat") -> tuple[Task, int]:
    run = ledger.work.plan([query(keyword)])
    ((_, opened),) = ledger.work.open_queries(run, -1, 1)
    task = ledger.work.found(Found(search(opened.searches[0].id, opened.query), 1, of), opened.id)
    assert task is not None
    return task, opened.id


def test_no_value_of_these_tests_is_a_default() -> None:
    """A field that has its default here would be no test of its column."""
    empty = (Hit("", ""), Picture("", "", "", 0, 0, 0), Attempt())
    for full, bare in zip((FULL_HIT, FULL_PICTURE, FULL_ATTEMPT), empty, strict=True):
        same = [field.name for field in fields(full) if getattr(full, field.name) == getattr(bare, field.name)]
        assert same in ([], ["skip_reason"], ["media"])


def test_every_field_of_a_hit_a_picture_and_an_attempt_comes_back(ledger: Ledger) -> None:
    task, query_id = entered(ledger, FULL_HIT)
    assert ledger.work.todo(query_id, 0, 9) == [(1, task)]
    ledger.work.outcome(Saved(task, FULL_PICTURE, Path("cat/a.tif"), FULL_ATTEMPT))
    (row,) = ledger.dataset.rows()
    for field in fields(Picture):
        if field.name != "extension":
            assert getattr(row, field.name) == getattr(FULL_PICTURE, field.name)
    assert row.attempt == replace(FULL_ATTEMPT, bytes=FULL_PICTURE.bytes)
    for name in ("url", "page", "title", "site", "way", "licence", "cookies", "published", "fields"):
        assert getattr(row, name) == getattr(FULL_HIT, name)
    assert (row.source_id, row.path, row.state, row.rank) == ("docid", Path("cat/a.tif"), "saved", 1)


def test_what_was_never_tried_has_nothing_of_an_outcome(ledger: Ledger) -> None:
    task, _ = entered(ledger, hit(1))
    (row,) = ledger.dataset.rows()
    assert row == Row(
        task.id, "cat", "cat", "google", 1, hit(1).url, "waiting",
        way="rows", found_at=row.found_at, source_id="id1", page=hit(1).page,
    )  # fmt: skip
    with pytest.raises(ValueError, match="has no file"):
        _ = row.file


@pytest.fixture
def three(ledger: Ledger) -> Ledger:
    """cat: a saved picture that is left out, a failed URL; dog: the same bytes, and a video."""
    (first, _), (second, _) = entered(ledger, hit(1)), entered(ledger, hit(2))
    (third, _), (fourth, _) = entered(ledger, hit(3), "dog"), entered(ledger, hit(4), "dog")
    ledger.work.outcome(Saved(first, picture("a"), Path("cat/a.jpg")))
    ledger.work.outcome(Failed(second, "http.404"))
    ledger.work.outcome(Duplicate(third, picture("a"), Path("cat/a.jpg"), "duplicate.other_label"))
    ledger.work.outcome(Saved(fourth, replace(picture("b"), media=Media.VIDEO), Path("dog/b.mp4")))
    ledger.dataset.decide(["set.small"], [Verdict(picture("a").sha256, "cat", "set.small")])
    return ledger


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        (Which(), [1, 2, 3, 4]),
        (SAVED, [1, 4]),
        (PICTURES, [1]),
        (Which(state="failed"), [2]),
        (Which(state="no state"), []),
        (Which(keyword="dog"), [3, 4]),
        (Which(label="cat", source="google"), [1, 2]),
        (Which(source="bing"), []),
        (Which(sha256=picture("a").sha256), [1, 3]),
        (Which(url=(hit(2).url, "")), [2]),
        (Which(url=("", hit(3).key)), [3]),
        (Which(id=3), [3]),
        (Which(ids=()), []),
        (Which(ids={2, 4}), [2, 4]),
        (Which(left_out=True), [1]),
        (Which(left_out="set.small"), [1]),
        (Which(left_out="set.aspect"), []),
        (Which(state="saved", left_out=False), [4]),
        (Which(media=Media.VIDEO), [4]),
        (Which(unsynced=True), [1, 4]),
    ],
)
def test_only_the_rows_that_were_asked_for(three: Ledger, which: Which, numbers: list[int]) -> None:
    assert [row.id for row in three.dataset.rows(which)] == numbers
    assert [number for (number,) in three.dataset.cells(("id",), which)] == numbers
    assert [row.id for row in three.dataset.rows(which, "found", 1, 1)] == numbers[1:2]


def test_labels_of_the_same_bytes_belong_to_the_saved_one(three: Ledger) -> None:
    assert [row.other_labels for row in three.dataset.rows()] == [("dog",), (), (), ()]
    (row,) = three.dataset.under_two_labels()
    assert three.dataset.same_bytes(row) == [("dog", hit(3).url)]


def test_orders(three: Ledger) -> None:
    by_hash = sorted([picture("a").sha256, picture("b").sha256])
    assert [row.sha256 for row in three.dataset.rows(SAVED, "hash")] == by_hash
    three.work.plan([query("dog"), query("cat")])
    asked = [row.keyword for row in three.dataset.rows(Which(), "asked")]
    assert asked == ["dog", "dog", "cat", "cat"]


def test_looks_are_columns_of_the_pictures_that_a_rule_may_decide_about(three: Ledger) -> None:
    bits = f"{1:016x}{2:016x}{3:016x}{2**64 - 1:016x}"
    three.alike.remember_hashes([(picture("a").sha256, bits, 71, ""), (picture("b").sha256, bits, 9, bits)])
    assert len(three.alike.read(())) == 0, "left out, and a video"
    for looks in (three.alike.read(), three.alike.read(["set.small"])):
        assert looks.ids.tolist() == [1]
        assert looks.words.tolist() == looks.mirrored.tolist() == [[1, 2, 3, 2**64 - 1]]
        assert looks.quality.tolist() == [71]
