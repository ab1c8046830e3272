"""Splits are stratified, keep what belongs together, and keep what was given as the set grows."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pytest

from collector.dataset import split
from collector.dataset.split import Clusters, Scheme, leaks, parse_scheme
from collector.ledger.splits import Members, from_rows

USUAL = parse_scheme("train=0.8,val=0.1,test=0.1")


@dataclass(frozen=True)
class Member:
    """A picture before it is a row of columns."""

    id: int
    sha256: str
    label: str
    page: str


def columns(items: Sequence[Member], earlier: Mapping[str, str], scheme: Scheme) -> Members:
    rows = [(one.id, one.sha256, one.label, one.page, earlier.get(one.sha256)) for one in items]
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE member (id, sha256, label, page, split)")
        db.executemany("INSERT INTO member VALUES (?, ?, ?, ?, ?)", rows)
        return from_rows(db.execute("SELECT * FROM member ORDER BY id"), [name for name, _ in scheme.sizes])


def clusters(
    items: Sequence[Member],
    alike: Iterable[Sequence[int]],
    earlier: Mapping[str, str] | None = None,
    scheme: Scheme | None = None,
) -> Clusters:
    pairs = [(numbers[0], other) for numbers in alike for other in numbers[1:]]
    return split.clusters(
        columns(items, earlier or {}, scheme or USUAL), [np.array(pairs, dtype=np.int64).reshape(-1, 2)]
    )


def assign(together: Clusters, scheme: Scheme) -> dict[str, str]:
    members, names = together.members, [name for name, _ in scheme.sizes]
    given = split.assign(together, scheme)
    return {members.sha256(place): names[number] for place, number in enumerate(given.tolist())}


def item(number: int, label: str = "cat", page: str = "") -> Member:
    return Member(number, f"{number:064x}", label, page or f"http://p.test/{number}")


def items(count: int, label: str = "cat", start: int = 1) -> list[Member]:
    return [item(number, label) for number in range(start, start + count)]


def test_every_label_is_split_in_its_shares() -> None:
    everything = items(100) + items(20, "dog", 1000) + items(10, "rare", 2000)
    given = assign(clusters(everything, ()), USUAL)
    for label, expected in (("cat", (80, 10, 10)), ("dog", (16, 2, 2)), ("rare", (8, 1, 1))):
        counts = Counter(given[one.sha256] for one in everything if one.label == label)
        assert (counts["train"], counts["val"], counts["test"]) == expected


def test_numbers_of_pictures_a_class() -> None:
    everything = items(100) + items(30, "dog", 1000) + items(4, "rare", 2000)
    given = assign(clusters(everything, ()), parse_scheme("train,val=10,test=5"))
    counts = Counter((one.label, given[one.sha256]) for one in everything)
    assert (counts["cat", "train"], counts["cat", "val"], counts["cat", "test"]) == (85, 10, 5)
    assert (counts["dog", "train"], counts["dog", "val"], counts["dog", "test"]) == (15, 10, 5)
    assert sum(counts["rare", name] for name in ("train", "val", "test")) == 4


def test_a_small_class_is_in_every_split_where_it_can_be() -> None:
    everything = [*items(5), *items(3, "dog", 100), *items(2, "rare", 200)]
    given = assign(clusters(everything, ()), USUAL)
    counts = Counter((one.label, given[one.sha256]) for one in everything)
    assert [counts["cat", name] for name in ("train", "val", "test")] == [3, 1, 1]
    assert [counts["dog", name] for name in ("train", "val", "test")] == [1, 1, 1]
    assert counts["rare", "train"] + counts["rare", "val"] + counts["rare", "test"] == 2


def test_what_looks_the_same_or_stood_on_one_page_stays_together() -> None:
    everything = [*items(40), *(item(100 + n, page="http://album.test/1#p" + str(n)) for n in range(6))]
    twins = [(everything[n].id, everything[n + 1].id, everything[n + 2].id) for n in range(0, 30, 3)]
    together = clusters(everything, twins)
    given = assign(together, USUAL)
    assert all(len({given[f"{number:064x}"] for number in group}) == 1 for group in twins)
    assert len({given[one.sha256] for one in everything[40:]}) == 1
    assert set(given.values()) == {"train", "val", "test"}


def test_chains_through_pages_and_twins_are_one_cluster() -> None:
    a, b, c = item(1, page="http://p.test/x"), item(2, page="http://p.test/x"), item(3)
    together = clusters([a, b, c, item(4)], [(b.id, c.id)])
    assert [together.places(number) for number in range(len(together.sizes))] == [[0, 1, 2], [3]]


def test_a_picture_keeps_its_split_as_the_set_grows() -> None:
    first = items(50)
    given = assign(clusters(first, ()), USUAL)
    grown = first + items(150, start=1000)
    again = assign(clusters(grown, (), given), USUAL)
    assert all(again[one.sha256] == given[one.sha256] for one in first)
    counts = Counter(again.values())
    assert (counts["train"], counts["val"], counts["test"]) == (160, 20, 20)


def test_a_newcomer_follows_its_twin_and_the_oldest_decides() -> None:
    old = items(2)
    new = item(3)
    earlier = {old[0].sha256: "test", old[1].sha256: "train"}
    given = assign(clusters([*old, new], [(new.id, old[1].id, old[0].id)], earlier), USUAL)
    assert set(given.values()) == {"test"}


def test_the_same_input_gives_the_same_splits_and_the_salt_others() -> None:
    together = clusters(items(200), ())
    assert assign(together, USUAL) == assign(clusters(items(200), ()), USUAL)
    assert assign(together, USUAL) != assign(together, Scheme(USUAL.sizes, "another"))


def test_leaks_of_a_random_split_are_counted() -> None:
    everything = items(200)
    twins = [(everything[n].id, everything[n + 1].id) for n in range(0, 200, 2)]
    found = leaks(clusters(everything, twins), USUAL)
    assert found.clusters == 100
    assert 15 <= found.torn <= 55, "a third of the pairs is what chance tears apart"
    assert 0 < found.pictures <= found.torn
    assert leaks(clusters(everything, ()), USUAL).torn == 0


@pytest.mark.parametrize(
    "text",
    ["train", "train=0.8,val=0.1", "train=0.9,val=0.2", "train,val", "train=0.8,train=0.2", "train=,val=0.1",
     "train=1.5,val", "train=80,val=20", "train=0,val", "../x=0.5,val"],
)  # fmt: skip
def test_a_scheme_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"split|share|size|pictures"):
        parse_scheme(text)


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("train=0.8,val=0.1,test=0.1", {"train": 80, "val": 10, "test": 10}),
        ("train=70%,val=30%", {"train": 70, "val": 30}),
        ("train,val=15", {"train": 85, "val": 15}),
        ("train,val=0.25", {"train": 75, "val": 25}),
        ("train,val=500", {"train": 0, "val": 100}),
    ],
)
def test_targets(text: str, targets: dict[str, float]) -> None:
    assert parse_scheme(text).targets(100) == pytest.approx(targets)
