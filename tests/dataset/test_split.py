"""Splits are stratified, keep what belongs together, and keep what was given as the set grows."""

from __future__ import annotations

from collections import Counter

import pytest

from collector.dataset.split import Member, Scheme, assign, clusters, leaks, parse_scheme

USUAL = parse_scheme("train=0.8,val=0.1,test=0.1")


def item(number: int, label: str = "cat", page: str = "") -> Member:
    return Member(number, f"{number:064x}", label, page or f"http://p.test/{number}")


def items(count: int, label: str = "cat", start: int = 1) -> list[Member]:
    return [item(number, label) for number in range(start, start + count)]


def test_every_label_is_split_in_its_shares() -> None:
    everything = items(100) + items(20, "dog", 1000) + items(10, "rare", 2000)
    given = assign(clusters(everything, ()), {}, USUAL)
    for label, expected in (("cat", (80, 10, 10)), ("dog", (16, 2, 2)), ("rare", (8, 1, 1))):
        counts = Counter(given[one.sha256] for one in everything if one.label == label)
        assert (counts["train"], counts["val"], counts["test"]) == expected


def test_numbers_of_pictures_a_class() -> None:
    everything = items(100) + items(30, "dog", 1000) + items(4, "rare", 2000)
    given = assign(clusters(everything, ()), {}, parse_scheme("train,val=10,test=5"))
    counts = Counter((one.label, given[one.sha256]) for one in everything)
    assert (counts["cat", "train"], counts["cat", "val"], counts["cat", "test"]) == (85, 10, 5)
    assert (counts["dog", "train"], counts["dog", "val"], counts["dog", "test"]) == (15, 10, 5)
    assert sum(counts["rare", name] for name in ("train", "val", "test")) == 4


def test_a_small_class_is_in_every_split_where_it_can_be() -> None:
    everything = [*items(5), *items(3, "dog", 100), *items(2, "rare", 200)]
    given = assign(clusters(everything, ()), {}, USUAL)
    counts = Counter((one.label, given[one.sha256]) for one in everything)
    assert [counts["cat", name] for name in ("train", "val", "test")] == [3, 1, 1]
    assert [counts["dog", name] for name in ("train", "val", "test")] == [1, 1, 1]
    assert counts["rare", "train"] + counts["rare", "val"] + counts["rare", "test"] == 2


def test_what_looks_the_same_or_stood_on_one_page_stays_together() -> None:
    everything = [*items(40), *(item(100 + n, page="http://album.test/1#p" + str(n)) for n in range(6))]
    twins = [(everything[n].id, everything[n + 1].id, everything[n + 2].id) for n in range(0, 30, 3)]
    together = clusters(everything, twins)
    given = assign(together, {}, USUAL)
    assert all(len({given[f"{number:064x}"] for number in group}) == 1 for group in twins)
    assert len({given[one.sha256] for one in everything[40:]}) == 1
    assert set(given.values()) == {"train", "val", "test"}


def test_chains_through_pages_and_twins_are_one_cluster() -> None:
    a, b, c = item(1, page="http://p.test/x"), item(2, page="http://p.test/x"), item(3)
    assert clusters([a, b, c], [(b.id, c.id)]) == [(a, b, c)]


def test_a_picture_keeps_its_split_as_the_set_grows() -> None:
    first = items(50)
    given = assign(clusters(first, ()), {}, USUAL)
    grown = first + items(150, start=1000)
    again = assign(clusters(grown, ()), given, USUAL)
    assert all(again[one.sha256] == given[one.sha256] for one in first)
    counts = Counter(again.values())
    assert (counts["train"], counts["val"], counts["test"]) == (160, 20, 20)


def test_a_newcomer_follows_its_twin_and_the_oldest_decides() -> None:
    old = items(2)
    new = item(3)
    earlier = {old[0].sha256: "test", old[1].sha256: "train"}
    given = assign(clusters([*old, new], [(new.id, old[1].id, old[0].id)]), earlier, USUAL)
    assert set(given.values()) == {"test"}


def test_the_same_input_gives_the_same_splits_and_the_salt_others() -> None:
    together = clusters(items(200), ())
    assert assign(together, {}, USUAL) == assign(list(reversed(together)), {}, USUAL)
    assert assign(together, {}, USUAL) != assign(together, {}, Scheme(USUAL.sizes, "another"))


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
