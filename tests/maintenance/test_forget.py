"""What is to be forgotten goes with every trace, and never comes back: by URL, host, hash and likeness."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector import urls
from collector.images.decode import inspect
from collector.ledger import Ledger, Row
from collector.model import Failed, Found, Hit, Skipped, Task, Verdict
from collector.practice import Knobs, PracticeWeb
from tests.support.collection import USUAL, Collection, drawn, encoded
from tests.support.command import Desk
from tests.support.maps import picture_paths

TRACES = ("pdq", "verdict", "extra_label", "audit", "split", "review")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", workers=False)


def traces(folder: Path, sha256: str) -> int:
    with closing(sqlite3.connect(folder / "collector.db")) as db:
        return sum(
            int(db.execute(f"SELECT count(*) FROM {table} WHERE sha256 = ?", (sha256,)).fetchone()[0])
            for table in TRACES
        )


def test_by_hash_with_all_that_was_decided_about_it(desk: Desk) -> None:
    with Collection(desk.images) as collection:
        gone = collection.add("cat", drawn(1))
        collection.add("dog", drawn(1))
        kept = collection.add("cat", drawn(2))
        with collection.ledger.transaction():
            ledger = collection.ledger
            ledger.dataset.decide(["set.aspect"], [Verdict(gone.sha256, "cat", "set.aspect")])
            ledger.dataset.replace_extra_labels([(gone.sha256, "dog", "set.conflict")])
            ledger.splits.remember("s", [(gone.sha256, "train")])
            ledger.dataset.review(gone.sha256, "dog", "keep")
            ledger.dataset.remember_scores([(gone.sha256, "dark", 0.1)])
    assert desk.run("dedupe").code == 0
    tried = desk.run("forget", "--sha", gone.sha256[:16], "--dry-run")
    assert (tried.code, tried.out.splitlines()) == (
        0, [str(gone.path), "1 picture and 0 open URLs would be forgotten"]
    )  # fmt: skip
    assert (desk.images / gone.path).is_file()
    done = desk.run("forget", "--sha", gone.sha256)
    assert "2 URLs that lead to it" in done.out, done.err
    assert not (desk.images / gone.path).exists()
    with Ledger.read(desk.images) as ledger:
        assert traces(desk.images, gone.sha256) == 0
        task, picture = Task(1, 1, gone.url), inspect(encoded(drawn(1)), USUAL)
        assert ledger.work.already(task, picture, "cat") == Skipped(task, "policy.forgotten")
        assert [item.sha256 for item in ledger.dataset.pictures()] == [kept.sha256]
        assert ledger.stats.keyword_yields()[1].skipped == 1
    assert desk.run("verify").code == 0


def test_a_picture_that_was_moved_away_is_deleted_there(desk: Desk) -> None:
    with Collection(desk.images) as collection:
        collection.add("cat", drawn(1, (640, 480)))
        small = collection.add("cat", drawn(1, (640, 480)).resize((320, 240)))
    assert desk.run("dedupe", "--apply").code == 0
    assert (desk.folder / "images-rejected" / small.path).is_file()
    assert desk.run("forget", small.path.name).code == 0
    assert not (desk.folder / "images-rejected").exists()
    assert desk.run("verify").code == 0


def test_all_that_looks_like_a_picture_of_somewhere_else(desk: Desk) -> None:
    with Collection(desk.images) as collection:
        first = collection.add("cat", drawn(1, (640, 480)))
        second = collection.add("dog", encoded(drawn(1, (640, 480)).resize((320, 240)), "PNG"))
        third = collection.add("dog", drawn(2))
    mine = desk.folder / "mine.webp"
    mine.write_bytes(encoded(drawn(1, (640, 480)).resize((800, 600)), "WEBP", quality=60))
    plain = desk.folder / "plain.png"
    plain.write_bytes(encoded(drawn(1).point(lambda _: 255), "PNG"))
    refused = desk.run("forget", "--near", str(plain))
    assert (refused.code, "too plain to be compared" in refused.last_line) == (4, True)
    done = desk.run("forget", "--near", "mine.webp")
    assert done.code == 0, done.err
    assert not (desk.images / first.path).exists() and not (desk.images / second.path).exists()
    assert (desk.images / third.path).exists() and mine.exists()


def test_a_host_with_those_below_it_and_pages_there(desk: Desk) -> None:
    with Collection(desk.images) as collection:
        gone: list[Row] = [
            collection.add("cat", drawn(1), url="https://Pics.Taken.test:8443/1.jpg"),
            collection.add("cat", drawn(2), url="https://cdn.test/2.jpg", page="http://taken.test/page"),
        ]
        stays = collection.add("cat", drawn(3), url="https://mistaken.test/3.jpg", page="http://other.test/taken.test")
        search, query_id = collection._search("cat")
        url = "https://taken.test/later.jpg"
        with collection.ledger.transaction():
            task = collection.ledger.work.found(Found(search, 90, Hit(url, urls.url_key(url))), query_id)
            assert task is not None
            collection.ledger.work.outcome(Failed(task, "http.500", retry=True))
    listed = desk.run("forget", "--domain", "taken.test", "--dry-run").out
    assert "2 pictures and 1 open URL " in listed and str(stays.path) not in listed
    done = desk.run("forget", "--domain", "*.TAKEN.test")
    assert "nothing is fetched from taken.test again" in done.out, done.err
    assert [(desk.images / item.path).exists() for item in (*gone, stays)] == [False, False, True]
    assert "policy.forgotten" in desk.run("why", url).out
    assert "no picture and no URL matches" in desk.run("forget", "--domain", "taken.test").out
    with Ledger.read(desk.images) as ledger:
        assert ledger.maintenance.forgotten_hosts() == {"taken.test"}
    assert desk.run("forget", "--domain", "not a host").code == 2


def test_nothing_is_deleted_when_one_of_them_is_unknown(desk: Desk) -> None:
    with Collection(desk.images) as collection:
        item = collection.add("cat", drawn(1))
    for more, code in ((("--url", "http://never.test/x"), 4), (("--sha", "0" * 64), 4), (("--sha", "xyz"), 2)):
        done = desk.run("forget", str(item.path), *more)
        assert (done.code, len(done.err.splitlines())) == (code, 1), done.err
        assert (desk.images / item.path).exists()
    assert desk.run("forget").code == 2


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs.calm()) as web:
        yield web


def test_a_forgotten_host_is_not_asked_again(desk: Desk, web: PracticeWeb) -> None:
    one, two, three = picture_paths("tabby cat", [1, 2, 3])
    desk.write("map.csv", f"keyword,url\ntabby cat,{web.url}{one}\ntabby cat,{web.url}{two}\n")
    assert desk.run("urls", "--import", "map.csv").code == 0
    assert desk.run("fetch", "--allow-private").code == 0
    assert desk.run("forget", "--domain", "127.0.0.1").code == 0
    desk.write("more.csv", f"keyword,url\ntabby cat,{web.url}{three}\n")
    assert desk.run("urls", "--import", "more.csv").code == 0
    desk.run("fetch", "--allow-private")
    assert not any(request.path == three for request in web.pictures())
    totals = json.loads(desk.run("status", "--json").out.splitlines()[-1])
    assert (totals["saved"], totals["skipped"], totals["failed"]) == (0, 3, 0)


def test_hits_of_a_forgotten_host_are_entered_as_such(desk: Desk) -> None:
    """Found anew by a search: in the map, skipped with its reason, never asked for."""
    desk.write("queries.csv", "keyword,source\ntabby cat,openverse\n")
    with Collection(desk.images) as collection:
        collection.ledger.maintenance.forget_host("127.0.0.1")
    done = desk.run("run", "--practice", "--limit", "2")
    assert done.code != 1, done.err
    with Ledger.read(desk.images) as ledger:
        (row,) = ledger.stats.keyword_yields()
        assert row.found and row.skipped == row.found
        assert [loss.reason for loss in ledger.stats.losses()] == ["policy.forgotten"]
