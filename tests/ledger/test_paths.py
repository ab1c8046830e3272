"""No row of a ledger leads out of its folder: whatever it names, nothing outside is read, moved, written or deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from collector.errors import LedgerError
from collector.ledger.paths import inside, stored_folder, stored_path
from collector.model import Verdict
from tests.support.collection import Collection, drawn
from tests.support.command import Desk

OUTSIDE = (
    *(
        "../victim.txt",
        "../../victim.txt",
        "/etc/passwd",
        "cat/../../victim.txt",
        "..",
        "",
        ".",
        "cat\\..\\..\\x",
        "C:/x",
    ),
    *(
        "../images/x.jpg",
        "../other/cat/x.jpg",
        "../images-rejected/../victim.txt",
        "../images-rejected/cat/../x",
        "a\0b",
        "a" * 300 + "/0123.jpg",
        "猫" * 100 + "/" + "0" * 32 + ".jpg",
    ),
)


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_path_that_could_lead_outside_is_damage(text: str) -> None:
    with pytest.raises(LedgerError, match="does not lie inside its folder"):
        stored_path(text)


@pytest.mark.parametrize(
    "text", ("collector.db", "Collector.DB", "collector.backup.db", "collector.vectors/x", "urls.json", "//etc/passwd",
             ".collector-1.part", ".git/config", "../images-rejected/collector.db/x", "../images-rejected/.ssh/key")
)  # fmt: skip
def test_what_is_no_class_has_no_pictures(text: str) -> None:
    with pytest.raises(LedgerError, match="does not lie inside its folder"):
        stored_path(text)


@pytest.mark.parametrize("name", ("../../escaped", "..", ".", "", "a/b", "/a", "a\\b", "c:"))
def test_a_class_folder_is_one_plain_name(name: str) -> None:
    with pytest.raises(LedgerError, match="does not lie inside its folder"):
        stored_folder(name)


def test_what_we_wrote_ourselves_is_believed(tmp_path: Path) -> None:
    for text in ("cat/0123.jpg", "über uns/0123.jpg", "../images-rejected/cat/0123.jpg"):
        assert stored_path(text) == Path(text)
    folder = tmp_path / "images"
    assert inside(folder, Path("cat/1.jpg")) == folder / "cat" / "1.jpg"
    assert inside(folder, Path("../images-rejected/cat/1.jpg")) == tmp_path / "images-rejected" / "cat" / "1.jpg"


def test_links_are_followed(tmp_path: Path) -> None:
    folder, out = tmp_path / "images", tmp_path / "private"
    out.mkdir()
    (out / "1.jpg").write_bytes(b"mine")
    (folder / "dog").mkdir(parents=True)
    (folder / "cat").symlink_to(out)
    (folder / "dog" / "1.jpg").symlink_to(out / "1.jpg")
    (tmp_path / "images-rejected").symlink_to(out)
    for text in ("cat/1.jpg", "cat/new.jpg", "dog/1.jpg", "../images-rejected/cat/1.jpg"):
        with pytest.raises(LedgerError, match="a link on the way leads out of"):
            inside(folder, Path(text))
    (folder / "cow").symlink_to(folder / "dog")
    assert inside(folder, Path("cow/2.jpg")) == folder / "cow" / "2.jpg", "it leads nowhere else"
    (tmp_path / "link").symlink_to(folder)
    assert inside(tmp_path / "link", Path("dog/2.jpg")) == tmp_path / "link" / "dog" / "2.jpg"


def snapshot(place: Path) -> dict[str, bytes]:
    """Every file but the ledger's own, with its bytes."""
    files = (
        file for file in place.rglob("*") if file.is_file() and not file.name.startswith(("collector.", ".collector"))
    )
    return {file.relative_to(place).as_posix(): file.read_bytes() for file in files}


@pytest.mark.parametrize("target", ("../victim.jpg", "{tmp}/victim.jpg", "link/victim.jpg"))
@pytest.mark.parametrize(
    "verb",
    (
        *(("forget", "--sha", "{sha}"), ("dedupe", "--apply"), ("export", "imagefolder", "{tmp}/set")),
        *(("verify",), ("verify", "--again"), ("verify", "--accept"), ("report",), ("quality",)),
    ),
    ids=" ".join,
)
def test_every_verb_says_that_it_is_damage_and_touches_nothing(
    tmp_path: Path, verb: Sequence[str], target: str
) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    (desk.images.parent / "victim.jpg").write_bytes(b"not yours")
    with Collection(desk.images) as collection:
        one, _ = collection.add("cat", drawn(1)), collection.add("cat", drawn(2))
        with collection.ledger.transaction():
            collection.ledger.dataset.decide(["set.aspect"], [Verdict(one.sha256, "cat", "set.aspect")])
            if verb[0] == "export":
                collection.ledger.dataset.decide(["set.aspect"], [])
    (desk.images / "link").symlink_to(desk.images.parent)
    path = target.format(tmp=desk.images.parent)
    with closing(sqlite3.connect(desk.images / "collector.db")) as db, db:
        db.execute("UPDATE outcome SET path = ? WHERE sha256 = ?", (path, one.sha256))
    before = snapshot(desk.images.parent)
    done = desk.run(*(word.format(sha=one.sha256, tmp=desk.images.parent) for word in verb))
    assert done.code == 6, (done.out, done.err)
    told = "a link on the way leads out of" if target.startswith("link") else "does not lie inside its folder"
    assert told in done.err
    assert "Traceback" not in done.err
    assert snapshot(desk.images.parent) == before


@pytest.mark.parametrize("verb", ("fetch", "status", "urls", "report"))
def test_a_class_folder_outside_is_told_before_anything_is_asked(tmp_path: Path, verb: str) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        collection.add("cat", drawn(1))
    with closing(sqlite3.connect(desk.images / "collector.db")) as db, db:
        db.execute("UPDATE folder SET name = '../../escaped'")
    before = snapshot(tmp_path)
    done = desk.run(*verb.split())
    assert done.code == 6, (done.out, done.err)
    assert "'../../escaped' does not lie inside its folder" in done.err
    assert snapshot(tmp_path) == before
