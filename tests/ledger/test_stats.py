"""What came of everything found, counted by the ledger: sums close, losses are named, hosts and classes are ranked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import urls
from collector.ledger import Ledger
from collector.ledger.stats import SIDES, Yield, host_label
from collector.model import Attempt, Failed, Found, Hit, Licence, Query, Rejected, Skipped, Verdict
from collector.report.facts import as_json, balance, gather
from tests.ledger.test_summary import made
from tests.support.collection import Collection, drawn
from tests.support.values import changed

FREE = Licence("https://creativecommons.org/licenses/by-sa/4.0/")
STATES = ("waiting", "skipped", "failed", "rejected", "duplicate", "left_out", "kept")


def lose(collection: Collection, label: str, host: str, count: int, reason: str) -> None:
    """URLs of a host that ended with a reason; "" leaves them to do."""
    search, query_id = collection._search(label)
    for number in range(count):
        url = f"http://{host}/{reason}{number}.jpg"
        with collection.ledger.transaction():
            task = collection.ledger.work.found(Found(search, 900 + number, Hit(url, urls.url_key(url))), query_id)
            assert task is not None
            if reason.startswith("policy."):
                collection.ledger.work.outcome(Skipped(task, reason))
            elif reason.startswith("body."):
                collection.ledger.work.outcome(Rejected(task, reason, attempt=Attempt(bytes=1000, seconds=0.5)))
            elif reason:
                collection.ledger.work.outcome(
                    Failed(task, reason, attempt=Attempt(seconds=0.25), retry=reason == "image.truncated")
                )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Collection(tmp_path / "images") as collection:
        first = [collection.add("cat", drawn(n), url=f"http://GOOD.test:8080/{n}.jpg", licence=FREE) for n in range(5)]
        collection.add("dog", drawn(9, (64, 48)), url="http://other.test/9.jpg")
        collection.add("dog", drawn(0), url="http://other.test/0.jpg")
        lose(collection, "cat", "bad.test", 12, "http.404")
        lose(collection, "cat", "bad.test", 2, "body.html")
        lose(collection, "dog", "half.test", 3, "image.truncated")
        lose(collection, "dog", "half.test", 4, "policy.limit")
        lose(collection, "dog", "half.test", 2, "")
        with collection.ledger.transaction():
            collection.ledger.dataset.decide(["set.aspect"], [Verdict(first[0].sha256, "cat", "set.aspect")])
            collection.ledger.dataset.replace_extra_labels([(first[1].sha256, "dog", "set.conflict")])
        yield collection.ledger


def test_every_url_is_in_exactly_one_count(ledger: Ledger) -> None:
    cat, dog = ledger.stats.keyword_yields()
    assert (cat.found, cat.fetched, cat.decoded, cat.unique, cat.kept) == (19, 7, 5, 5, 4)
    assert (dog.found, dog.fetched, dog.decoded, dog.unique, dog.kept) == (11, 2, 2, 1, 1)
    assert (dog.waiting, dog.skipped, dog.failed, dog.rejected, dog.duplicate) == (2, 4, 3, 0, 1)
    states = dict.fromkeys(("skipped", "failed", "rejected", "duplicate", "left_out"), 0)
    for loss in ledger.stats.losses():
        states[loss.state] += loss.count
    for state, count in states.items():
        assert getattr(cat, state) + getattr(dog, state) == count
    for row in (cat, dog):
        assert row.found == sum(getattr(row, state) for state in STATES)
    assert (cat.seconds, cat.left_out) == (4.0, 1)
    assert 0 < cat.kept_bytes < cat.bytes


def test_the_report_counts_as_the_summary_does(tmp_path: Path) -> None:
    made(tmp_path / "images", 60, seed=3)
    with Ledger.read(tmp_path / "images") as ledger:
        tallies, rows = list(ledger.stats.tallies()), ledger.stats.keyword_yields()
        losses = ledger.stats.losses()
    assert len(tallies) == len(rows) > 60
    for tally, row in zip(tallies, rows, strict=True):
        assert (row.name, row.label, row.found, row.waiting) == (tally.keyword, tally.label, tally.found, tally.waiting)
        for name in ("rejected", "failed", "duplicate", "skipped"):
            assert getattr(row, name) == getattr(tally, name)
        assert (row.kept + row.left_out, row.seconds) == (tally.saved, tally.seconds)
    for name in ("rejected", "failed", "duplicate", "skipped"):
        assert sum(loss.count for loss in losses if loss.state == name) == sum(getattr(one, name) for one in tallies)


def test_hosts_by_size_and_by_what_was_in_vain(ledger: Ledger) -> None:
    found = ledger.stats.domain_yields(2)
    assert found.count == 4
    assert [(row.name, row.found) for row in found.largest] == [("bad.test", 14), ("half.test", 9)]
    assert [(row.name, row.failed, row.rejected) for row in found.worst] == [("bad.test", 12, 2), ("half.test", 3, 0)]
    assert gather(ledger).block == ("bad.test",)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://User:pw@Pics.Test:8443/a?b#c", "pics.test"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]"),
        ("data:image/png;base64,AAAA", "data:"),
        ("http:///nothing", "http:"),
        ("https://x.test?only=query", "x.test"),
        ("", ":"),
    ],
)
def test_the_host_of_any_text(url: str, name: str) -> None:
    assert host_label(url) == name


def test_losses_sizes_formats_licences_classes(ledger: Ledger) -> None:
    losses = {(loss.state, loss.reason): loss for loss in ledger.stats.losses()}
    assert losses["failed", "http.404"].count == 12
    assert losses["rejected", "body.html"].bytes == 2000
    assert losses["failed", "image.truncated"].count == 3
    assert losses["left_out", "set.aspect"].count == 1
    assert losses["duplicate", "duplicate.other_label"].count == 1
    assert dict(zip(SIDES, ledger.stats.sides(), strict=True)) == {**dict.fromkeys(SIDES, 0), 128: 4, 0: 1}
    assert [(name, count) for name, count, _ in ledger.stats.formats()] == [("JPEG", 5)]
    assert list(ledger.stats.licences()) == [(FREE.url, 4), ("", 1)]
    assert [(size.label, size.kept, size.further) for size in ledger.stats.class_sizes()] == [
        ("cat", 4, 0),
        ("dog", 1, 1),
    ]


def test_a_licence_in_the_bytes_counts_when_the_source_names_none(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        item = collection.add("cat", drawn(1))
        rights = '[["creator", "Ann"], ["licence", "https://creativecommons.org/publicdomain/zero/1.0/"]]'
        changed(collection.folder, "UPDATE outcome SET rights = ? WHERE sha256 = ?", rights, item.sha256)
        assert list(collection.ledger.stats.licences()) == [("https://creativecommons.org/publicdomain/zero/1.0/", 1)]
        assert gather(collection.ledger).licences == (("CC0 1.0", 1),)


def test_balance() -> None:
    even = balance([4, 4, 4, 4])
    assert (even.ratio, even.gini, even.median, even.empty) == (1.0, 0.0, 4.0, 0)
    steep = balance([0, 0, 0, 100])
    assert (steep.ratio, steep.gini, steep.smallest, steep.largest, steep.empty) == (None, 0.75, 0, 100, 3)
    assert balance([]).classes == 0


def test_the_sums_of_the_json(ledger: Ledger) -> None:
    made = as_json(gather(ledger))
    total = made["total"]
    assert isinstance(total, dict)
    assert total["found"] == sum(total[state] for state in STATES) == 30
    losses, classes = made["losses"], made["classes"]
    assert isinstance(losses, list) and isinstance(classes, list)
    lost = sum(loss["count"] for loss in losses)
    assert lost + total["kept"] + total["waiting"] == total["found"]
    assert sum(size["kept"] for size in classes) == total["kept"]


def test_a_sample_is_the_same_every_time_and_in_pieces(ledger: Ledger) -> None:
    whole = list(ledger.dataset.sample("cat", 10))
    assert len(whole) == 4
    assert [*ledger.dataset.sample("cat", 2), *ledger.dataset.sample("cat", 2, 2)] == whole
    assert [one.left_out for one in ledger.dataset.left_out("set.aspect", 5)] == ["set.aspect"]


def test_nothing_yet(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "images") as ledger:
        ledger.work.plan([Query("cat", "cat", 5)])
        facts = gather(ledger)
        assert (facts.total, facts.as_of, facts.balance.classes) == (Yield(""), "", 1)
