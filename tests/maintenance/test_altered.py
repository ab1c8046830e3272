"""A file that was replaced is judged by nothing that its own bytes showed, and its bytes by nothing that it shows."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import collector
from collector.dataset import service
from collector.errors import MissingPictures
from collector.ledger import Ledger, Row, vectors
from collector.maintenance import altered
from collector.maintenance.verify import fetch_again, findings
from collector.model import Verdict
from tests.support.collection import Collection, drawn, encoded

pytestmark = pytest.mark.usefixtures("pictures_in_process")


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Collection]:
    """Four pictures of which everything is known."""
    with Collection(tmp_path / "images") as made:
        rows = [made.add("cat", drawn(number)) for number in range(4)]
        service.hash_set(made.ledger, made.folder)
        with made.ledger.transaction():
            made.ledger.dataset.remember_scores((row.sha256, "nsfw", 0.1) for row in rows)
            made.ledger.alike.remember_sketches((row.sha256, b"cells") for row in rows)
            made.ledger.alike.replace_copies(
                [(rows[0].sha256, rows[1].sha256, ""), (rows[2].sha256, rows[3].sha256, "")]
            )
        vectors.add(made.folder, "m", "h", [(row.sha256, np.zeros(2, np.float16)) for row in rows])
        yield made


def looked(made: Collection) -> list[str]:
    """What the user is told."""
    told: list[str] = []
    altered.leave_out(made.ledger, made.folder, told.append)
    return told


def left_out(ledger: Ledger) -> dict[str, str]:
    return {verdict.sha256: verdict.reason for verdict in ledger.dataset.verdicts()}


def known(made: Collection) -> dict[str, int]:
    """Of how many pictures there is what."""
    alike, scores = made.ledger.alike, made.ledger.dataset.scores("nsfw")
    return {"hashes": len(alike.read()), "sketches": len(alike.sketches()), "scores": len(scores),
            "copies": len(alike.copies()), "vectors": len(vectors.read(made.folder, "m", "h", 2).places)}  # fmt: skip


def replaced(made: Collection, row: Row, body: bytes = b"another") -> Path:
    file = made.folder / row.file
    file.write_bytes(body)
    return file


def test_all_that_is_known_of_a_replaced_file_goes_and_nothing_new_is_found_out(made: Collection) -> None:
    assert looked(made) == []
    assert known(made) == {"hashes": 4, "sketches": 4, "scores": 4, "copies": 2, "vectors": 4}
    row = next(made.ledger.dataset.pictures())
    replaced(made, row, encoded(drawn(77)))
    (line,) = looked(made)
    assert row.file.as_posix() in line and "verify --again" in line
    assert left_out(made.ledger) == {row.sha256: "set.altered"}
    assert known(made) == {"hashes": 3, "sketches": 3, "scores": 3, "copies": 1, "vectors": 3}
    assert service.hash_set(made.ledger, made.folder) == 0
    assert row.sha256 not in {sha256 for sha256, _ in made.ledger.dataset.unscored("nsfw")}
    assert known(made)["hashes"] == 3, "its bytes are not hashed in the name of others"
    assert looked(made) == [], "it is said once"


def test_its_own_bytes_bring_it_back(made: Collection) -> None:
    row = next(made.ledger.dataset.pictures())
    own = (made.folder / row.file).read_bytes()
    replaced(made, row)
    looked(made)
    replaced(made, row, own)
    assert looked(made) == []
    assert left_out(made.ledger) == {}
    assert [sha256 for sha256, _ in made.ledger.alike.unhashed()] == [row.sha256], "and it is looked at anew"


@pytest.mark.parametrize("word", ["", "keep", "drop"])
def test_what_a_rule_said_holds_again_with_its_own_bytes(made: Collection, word: str) -> None:
    row, other, *_ = made.ledger.dataset.pictures()
    rule = Verdict(row.sha256, "cat", "set.near_duplicate", "4 bits", kept=other.sha256)
    made.ledger.dataset.decide(["set.near_duplicate"], [rule])
    own = (made.folder / row.file).read_bytes()
    replaced(made, row)
    for _ in range(2):
        looked(made)
        assert left_out(made.ledger) == {row.sha256: "set.altered"}
    assert ("set.altered", "left out") in made.ledger.dataset.said_of(row.sha256, "cat")
    made.ledger.dataset.review(row.sha256, "cat", word)
    assert left_out(made.ledger) == {row.sha256: "set.altered"}, "nobody sees those bytes as its own"
    replaced(made, row, own)
    looked(made)
    assert (
        left_out(made.ledger) == {"": {row.sha256: rule.reason}, "keep": {}, "drop": {row.sha256: "set.dropped"}}[word]
    )
    made.ledger.dataset.review(row.sha256, "cat", "")
    assert made.ledger.dataset.verdicts() == [rule], "a word that is taken back gives it its place"


def test_a_rule_that_decided_anew_meanwhile_has_the_last_word(made: Collection) -> None:
    row = next(made.ledger.dataset.pictures())
    made.ledger.dataset.decide(["set.small"], [Verdict(row.sha256, "cat", "set.small")])
    own = (made.folder / row.file).read_bytes()
    replaced(made, row)
    looked(made)
    made.ledger.dataset.decide(["set.small"], [])
    replaced(made, row, own)
    looked(made)
    assert left_out(made.ledger) == {}


@pytest.mark.parametrize("word", ["keep", "drop"])
def test_a_word_of_a_person_was_about_the_other_bytes(made: Collection, word: str) -> None:
    row = next(made.ledger.dataset.pictures())
    own = (made.folder / row.file).read_bytes()
    made.ledger.dataset.review(row.sha256, "cat", word)
    before = left_out(made.ledger)
    file = replaced(made, row, bytes(len(own)))
    os.utime(file, (time.time() + 5, time.time() + 5))
    looked(made)
    assert left_out(made.ledger) == {row.sha256: "set.altered"}
    made.ledger.dataset.review(row.sha256, "cat", "keep")
    os.utime(file, (1, 1))
    looked(made)
    assert left_out(made.ledger) == {row.sha256: "set.altered"}, "a later one is no reason to believe the file"
    made.ledger.dataset.review(row.sha256, "cat", word)
    replaced(made, row, own)
    looked(made)
    assert left_out(made.ledger) == before


def test_bytes_are_looked_at_only_where_the_file_says_that_they_may_be_others(
    made: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    monkeypatch.setattr(altered, "sha256", lambda file: (read.append(file), "")[1])
    looked(made)
    assert read == []
    rows = list(made.ledger.dataset.pictures())
    monkeypatch.undo()
    later = time.time() + 60
    os.utime(made.folder / rows[0].file, (later, later))
    monkeypatch.setattr(altered, "sha256", lambda file: (read.append(file), rows[0].sha256)[1])
    assert looked(made) == []
    assert read == [made.folder / rows[0].file], "touched, as a copied folder is; the bytes are the same"
    earlier = time.time() - 60
    os.utime(made.folder / rows[0].file, (earlier, earlier))
    looked(made)
    assert len(read) == 1, "and not once more after that"


def test_verify_again_begins_with_it_anew(made: Collection) -> None:
    row = next(made.ledger.dataset.pictures())
    replaced(made, row)
    looked(made)
    fetch_again(made.ledger, made.folder, list(findings(made.ledger, made.folder)))
    assert left_out(made.ledger) == {}
    assert made.ledger.dataset.altered() == set()


def test_every_verb_that_judges_looks_first(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as made:
        rows = [made.add("cat", drawn(number)) for number in range(4)]
        twin = made.add("cat", drawn(0).resize((300, 225)))
    opened = collector.open(tmp_path / "images")
    opened.undo()  # All is on disk.
    own = (opened.folder / twin.file).read_bytes()
    verbs = {
        "dedupe": opened.dedupe, "filter": opened.filter, "synthetic": opened.synthetic, "quality": opened.quality,
        "flags": opened.flags, "embed": opened.embed,
        "similar": lambda: opened.similar(opened.folder / rows[0].file), "relevance": opened.relevance,
        "purity": lambda: opened.purity(2, lambda *_: "right"), "split": lambda: opened.split("train=0.5,test=0.5"),
        "forget": lambda: opened.mend.forget(near=[opened.folder / rows[0].file], dry_run=True),
    }  # fmt: skip
    for name, verb in verbs.items():
        (opened.folder / twin.file).write_bytes(b"another")
        verb()
        assert opened.left_out() == 1, name
        (opened.folder / twin.file).write_bytes(own)
        verb()
    assert opened.dedupe().groups == 1, "its own bytes are judged again"


def exportable(tmp_path: Path, first: str = "cat") -> tuple[collector.Collection, list[Row], list[str]]:
    with Collection(tmp_path / "images") as made:
        rows = [made.add("cat" if number else first, drawn(number)) for number in range(8)]
    told: list[str] = []
    opened = collector.Collection(tmp_path / "images", told.append)
    opened.undo()  # All is on disk.
    return opened, rows, told


def splits(opened: collector.Collection) -> dict[str, str]:
    with opened.reading() as ledger:
        return dict(ledger.splits.given(ledger.splits.latest() or ""))


@pytest.mark.parametrize("size", [None, "smaller"])
def test_an_export_deals_no_split_in_the_name_of_a_replaced_file(tmp_path: Path, size: str | None) -> None:
    opened, rows, told = exportable(tmp_path)
    file = opened.folder / rows[3].file
    own = file.read_bytes()
    file.write_bytes(encoded(drawn(99)))
    form = collector.Form("fit", 64) if size else None
    asked = {"split": "train=0.5,test=0.5", "form": form}
    with pytest.raises(MissingPictures, match=f"nothing was exported: .*{file.name}.*--missing-ok 1"):
        opened.export("imagefolder", tmp_path / "set", **asked)
    assert (splits(opened), opened.left_out(), told, (tmp_path / "set").exists()) == ({}, 0, [], False)
    assert opened.export("imagefolder", tmp_path / "set", missing_ok=1, **asked).published.pictures == 7
    assert splits(opened).keys() == {row.sha256 for row in rows} - {rows[3].sha256}
    assert "set.altered" in told[0] and rows[3].file.as_posix() in told[0]
    file.write_bytes(own)
    assert opened.export("imagefolder", tmp_path / "set", **asked).published.pictures == 8
    assert splits(opened).keys() == {row.sha256 for row in rows}, "its own bytes are dealt a split"


@pytest.mark.parametrize("split", [None, "train=0.5,test=0.5"])
def test_an_export_counts_what_was_replaced_and_what_is_gone_together(tmp_path: Path, split: str | None) -> None:
    opened, rows, _ = exportable(tmp_path, first="dog")
    (opened.folder / "dog").rename(tmp_path / "away")
    opened.review("drop", [rows[2].file])
    (opened.folder / rows[2].file).write_bytes(b"of a picture that the set has no use for")
    for _ in range(2):
        with pytest.raises(MissingPictures, match=r"1 of 7 pictures cannot be read, such as dog/.*No such file"):
            opened.export("imagefolder", tmp_path / "set", split=split)
    (opened.folder / rows[1].file).write_bytes(b"another")
    with pytest.raises(MissingPictures, match=r"1 of 6 pictures cannot be read, such as dog/.*No such file"):
        opened.export("imagefolder", tmp_path / "set", split=split, missing_ok=1)
    assert (splits(opened), (tmp_path / "set").exists()) == ({}, False)
    (tmp_path / "away").rename(opened.folder / "dog")
    done = opened.export("imagefolder", tmp_path / "set", split="none")
    assert (done.published.pictures, done.plan.left) == (6, {"set.altered": 2})
