"""How pure a set is: a random sample, a person's word, an interval; and what becomes of it as the set changes."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.api.collection import Collection as Folder
from collector.dataset import purity
from collector.dataset.purity import Answer
from collector.ledger import Row
from collector.model import Verdict
from tests.support.collection import Collection, drawn
from tests.support.command import Desk


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "images") as collection:
        for number in range(30):
            collection.add("cat" if number < 20 else "dog", drawn(number, (64, 48)))
        yield collection


def asked(collection: Collection, sample: int, answers: list[Answer | None]) -> tuple[purity.Purity, list[Row]]:
    """The measure, and what was shown."""
    shown: list[Row] = []

    def answer(row: Row, number: int, of: int) -> Answer | None:
        assert 1 <= number <= of
        shown.append(row)
        return answers.pop(0)

    return purity.ask(collection.ledger, sample, answer), shown


@pytest.mark.parametrize(("right", "count"), [(93, 100), (0, 10), (10, 10), (186, 200), (1, 2)])
def test_wilsons_interval(right: int, count: int) -> None:
    """Its ends are the shares from which what was seen is 1.96 standard deviations away."""
    found = purity.wilson(right / count, count)
    assert found.value == right / count
    for end, edge in ((found.low, 0.0), (found.high, 1.0)):
        away = abs(found.value - end) / (end * (1 - end) / count) ** 0.5 if 0 < end < 1 else 1.96
        assert away == pytest.approx(1.96, abs=1e-4) or end == pytest.approx(edge)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_a_share_in_words() -> None:
    assert str(purity.wilson(0.93, 290)) == "93 % ± 3 (89 to 95 %)"
    assert str(purity.wilson(0.93, 1000)) == "93 % ± 2 (91 to 94 %)"


def test_each_class_has_its_part_and_nothing_is_asked_twice(collection: Collection) -> None:
    done, shown = asked(collection, 12, ["right"] * 13)
    assert Counter(row.label for row in shown) == {"cat": 8, "dog": 5}
    assert len({row.sha256 for row in shown}) == 13
    assert (done.decided, done.unsure) == (13, 0)
    assert done.share is not None
    assert done.share.value == 1.0
    assert asked(collection, 12, [])[1] == []
    further = asked(collection, 15, ["right"] * 2)[1]
    assert {row.sha256 for row in further}.isdisjoint(row.sha256 for row in shown), "a larger sample goes on"


def test_what_is_said_is_a_persons_word_and_wrong_ones_count_on(collection: Collection) -> None:
    done, shown = asked(collection, 12, ["wrong", "unsure", *["right"] * 11])
    assert done.classes[0] == purity.ClassPurity("cat", 20, 6, 1, 1, purity.wilson(6 / 7, 7))
    assert done.classes[1] == purity.ClassPurity("dog", 10, 5, 0, 0, purity.wilson(1, 5))
    assert done.share is not None
    assert done.share.value == pytest.approx((20 * 6 / 7 + 10) / 30)
    says_as_much = purity.wilson(done.share.value, 30**2 / (20**2 / 7 + 10**2 / 5))
    assert (done.share.low, done.share.high) == pytest.approx((says_as_much.low, says_as_much.high))
    left = {verdict.sha256: verdict.reason for verdict in collection.ledger.dataset.verdicts()}
    assert left == {shown[0].sha256: "set.dropped"}
    assert collection.ledger.dataset.reviews()[shown[2].sha256, "cat"] == "keep"
    assert purity.measure(collection.ledger) == done
    collection.ledger.dataset.review(shown[0].sha256, "cat", "keep")
    again = purity.measure(collection.ledger)
    assert (again.classes[0].right, again.classes[0].wrong) == (7, 0), "who changes their mind changes the figure"


def test_stopping_keeps_what_was_said(collection: Collection) -> None:
    done, _ = asked(collection, 12, ["right", None])
    assert done.decided == 1
    assert len(asked(collection, 12, ["right"] * 12)[1]) == 12


def test_what_was_judged_before_is_not_asked_and_what_left_the_set_is_not_drawn(collection: Collection) -> None:
    rows = [row for row in collection.ledger.dataset.pictures() if row.label == "dog"]
    collection.ledger.dataset.review(rows[0].sha256, "dog", "keep")
    collection.ledger.dataset.review(rows[1].sha256, "dog", "drop")
    done, shown = asked(collection, 300, ["right"] * 28)
    assert {rows[0].sha256, rows[1].sha256}.isdisjoint(row.sha256 for row in shown)
    assert (done.classes[1].pictures, done.classes[1].right) == (9, 9)


def test_the_sample_is_rounded_up_and_dealt_by_hashes_of_its_own(collection: Collection) -> None:
    rows = list(collection.ledger.dataset.pictures())
    classes = {label: [row for row in rows if row.label == label] for label in ("cat", "dog")}
    drawn = purity.draw(classes, 19)
    assert Counter(row.label for row in drawn) == {"cat": 13, "dog": 7}
    first = sorted(classes["cat"], key=lambda row: row.sha256)[:13]
    assert {row.sha256 for row in drawn[:13]} != {row.sha256 for row in first}, "splits and sheets go by these"


def test_what_a_rule_leaves_out_afterwards_counts_no_longer(collection: Collection) -> None:
    done, shown = asked(collection, 12, ["wrong", *["right"] * 12])
    assert (done.classes[0].pictures, done.classes[0].right) == (20, 7)
    rule = Verdict(shown[1].sha256, "cat", "set.near_duplicate")
    collection.ledger.dataset.review(shown[1].sha256, "cat", "")
    collection.ledger.dataset.decide([rule.reason], [rule])
    again = purity.measure(collection.ledger).classes[0]
    assert (again.pictures, again.right, again.wrong, again.unsure) == (19, 6, 1, 0)


def test_an_empty_set(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        assert asked(collection, 200, [])[0] == purity.Purity((), None)


def test_the_verb_the_card_and_croissant(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        for number in range(12):
            collection.add("cat", drawn(number, (64, 48)))
    done = subprocess.run(
        [sys.executable, "-m", "collector", "purity", "--sample", "10"],
        cwd=desk.folder, env=desk.environment, input="y x\nn u yyyyyyy q", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (
        "89 % ± 21 (57 to 98 %) of the pictures show their class, as a person said of 9 drawn at random" in done.stdout
    )
    told = json.loads(desk.run("purity", "--sample", "0", "--json").out)
    assert (told["decided"], told["unsure"], told["classes"][0]["wrong"]) == (9, 1, 1)
    words = str(Folder(desk.images).purity())
    assert words in done.stdout
    assert json.loads(desk.run("report", "--json").out)["purity"]["share"]["value"] == pytest.approx(8 / 9)
    desk.run("export", "croissant", "out")
    assert words in (desk.folder / "out" / "README.md").read_text()
    assert words in json.loads((desk.folder / "out" / "croissant.json").read_text())["rai:dataAnnotationAnalysis"]
    desk.run("report")
    assert words in html.unescape((desk.folder / "images-report.html").read_text())
