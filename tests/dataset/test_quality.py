"""The quality audit: scores by cleanvision, odd sizes by our own rule, flags by thresholds, verdicts undone."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from collector.api.collection import Collection as Folder
from collector.dataset import service
from collector.dataset.quality import MEASURED, Thresholds, size_scores
from collector.errors import install
from collector.ledger import Ledger
from tests.support.collection import Collection, drawn
from tests.support.command import Desk

S = (320, 240)
POOR = {
    "blurry": drawn(1, S).filter(ImageFilter.GaussianBlur(18)),
    "dark": ImageEnhance.Brightness(drawn(4, S)).enhance(0.12),
    "light": Image.eval(drawn(5, S), lambda value: 248 + value // 36),
    "low_information": Image.new("RGB", S, (90, 120, 90)),
    "odd_aspect_ratio": drawn(6, (600, 60)),
    "odd_size": drawn(7, (24, 18)),
}
"""Issue -> a picture that has it."""
scored = pytest.mark.skipif(find_spec("cleanvision") is None, reason="cleanvision is not installed")


@scored
def test_each_issue_is_found_and_good_pictures_are_left_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    with Collection(desk.images) as collection:
        good = [collection.add("cat", drawn(number, S)).sha256 for number in range(10, 22)]
        poor = {issue: collection.add("dog", picture).sha256 for issue, picture in POOR.items()}
        lost = collection.add("dog", drawn(30, S))
        person = collection.add("dog", ImageEnhance.Brightness(drawn(9, S)).enhance(0.1))
        with collection.ledger.transaction():
            collection.ledger.dataset.review(person.sha256, "dog", "keep")
    assert desk.run("verify").code == 0
    (desk.images / lost.path).write_bytes(b"not a picture any more")
    done = desk.run("quality")
    assert done.code == 0, done.err
    assert "19 pictures newly scored; left out for their quality: 6" in done.out
    assert "replaced since it was fetched" in done.err
    with Ledger.read(desk.images) as ledger:
        flagged = {sha256: [issue for issue, _ in issues] for sha256, issues in ledger.dataset.flagged()}
        verdicts = {verdict.sha256: verdict for verdict in ledger.dataset.verdicts()}
        counts = {issue: (looked, count) for issue, looked, count in ledger.stats.audited()}
    for issue, sha256 in poor.items():
        assert issue in flagged[sha256], (issue, flagged[sha256])
        assert verdicts[sha256].reason == "set.quality"
        assert issue in verdicts[sha256].detail
    assert not set(good) & set(flagged)
    assert person.sha256 in flagged and person.sha256 not in verdicts, "a person's word is never overruled"
    assert counts["dark"] == (19, 2)
    assert set(counts) == {*MEASURED, "odd_size"}
    of = Folder(desk.images)
    again = of.quality(dark=0, odd_size=0)
    assert (again.measured, len(again.verdicts)) == (0, 4)
    assert of.apply() == 5 == len(list((desk.folder / "images-rejected").rglob("*.jpg"))), "the replaced one as well"
    assert ("blurry", 19, 1) in of.scores()


def test_without_the_extra_it_is_one_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")
    with Collection(desk.images) as collection:
        collection.add("cat", drawn(1))
    hidden = desk.folder / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "find = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'cleanvision' else find(name, package)\n"
    )
    desk.environment["PYTHONPATH"] = f"{hidden}{os.pathsep}{desk.environment['PYTHONPATH']}"
    done = desk.run("audit")
    assert (done.code, done.last_line) == (
        2, "collector: this needs cleanvision, which is not installed: " + install("quality")
    )  # fmt: skip


def test_odd_sizes_are_told_by_the_fences_of_the_set() -> None:
    usual = [(f"{number}", 600 + 20 * number, 400) for number in range(20)]
    scores = dict(size_scores([*usual, ("tiny", 20, 15), ("huge", 20_000, 15_000)]))
    assert scores["tiny"] < 0.5 > scores["huge"]
    assert all(scores[name] > 0.8 for name, _, _ in usual)
    same = dict(
        size_scores([(str(number), 500, 500) for number in range(9)] + [("near", 560, 500), ("far", 5000, 5000)])
    )
    assert same["near"] > 0.8 and same["far"] < 0.5
    assert dict(size_scores([("a", 1, 1), ("b", 9000, 9000), ("c", 0, 0)])) == {"a": 1.0, "b": 1.0, "c": 1.0}
    assert list(size_scores([])) == []


def test_scores_are_kept_and_flags_follow_the_thresholds(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        items = [collection.add("cat", drawn(number)) for number in range(3)]
        ledger = collection.ledger
        with ledger.transaction():
            for issue in MEASURED:
                ledger.dataset.remember_scores(
                    (item.sha256, issue, 0.2 + 0.3 * place) for place, item in enumerate(items)
                )
        done = service.score_set(ledger, collection.folder, Thresholds(0.4, 0, 0, 0, 0, 0))
        assert (done.measured, [verdict.sha256 for verdict in done.verdicts]) == (0, [items[0].sha256])
        assert done.verdicts[0].detail == "blurry 0.20"
        done = service.score_set(ledger, collection.folder, Thresholds(0.6, 0, 0, 0, 0, 0))
        assert {verdict.sha256 for verdict in done.verdicts} == {item.sha256 for item in items[:2]}
        done = service.score_set(ledger, collection.folder, Thresholds(0, 0, 0, 0, 0, 0))
        assert (done.verdicts, ledger.dataset.verdicts()) == ((), [])
        assert Thresholds().pairs()[0] == ("blurry", 0.29)
