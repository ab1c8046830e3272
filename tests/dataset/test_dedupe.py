"""What looks the same is joined as if every pair were compared, though of equal hashes only the first is."""

from __future__ import annotations

import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from collector.dataset import dedupe, near
from collector.dataset.merit import merits
from collector.ledger import Looks, Row

IDS = st.sets(st.integers(0, 39))


def looks_of(words: near.Words, mirrored: near.Words, quality: NDArray[np.uint8]) -> Looks:
    """Pictures with the ids 100, 102, 104, ..."""
    return Looks(100 + 2 * np.arange(len(words)), words, mirrored, quality)


def drawn(seed: int, count: int = 40) -> near.Words:
    """Hashes of a few kinds; those of one kind are equal or some bits apart."""
    dice = np.random.default_rng(seed)
    kinds = dice.integers(0, 2**64, (5, 4), dtype=np.uint64)
    words = kinds[dice.integers(0, 5, count)]
    moved = dice.random((count, 3)) < 0.3
    words[:, :3] ^= np.where(moved, np.uint64(0xFFFF) << dice.integers(0, 48, (count, 3)).astype(np.uint64), 0)
    return words


def by_comparing_all(looks: Looks, mirrored: bool, sketches: dict[int, bytes], kept: set[int]) -> list[list[int]]:
    """Groups of the kept places."""
    sound = looks.quality >= 50

    def same(one: int, other: int) -> bool:
        if not sound[one] or not sound[other]:
            return not sound[one] and not sound[other] and sketches[100 + 2 * one] == sketches[100 + 2 * other]
        sides = [(looks.words, looks.words)] + mirrored * [
            (looks.words, looks.mirrored), (looks.mirrored, looks.words), (looks.mirrored, looks.mirrored),
        ]  # fmt: skip
        return any(int(np.bitwise_count(left[one] ^ right[other]).sum()) <= 31 for left, right in sides)

    edges = [pair for pair in combinations(sorted(kept), 2) if same(*pair)]
    groups = near.groups(40, [np.array(edges, dtype=np.int64).reshape(-1, 2)])
    return [[100 + 2 * place for place in group] for group in groups]


@given(seed=st.integers(0, 2**32 - 1), kept=IDS, flat=IDS, mirrored=st.booleans())
@settings(max_examples=60, deadline=None)
def test_groups_are_those_of_comparing_all_whoever_is_left_out(
    seed: int, kept: set[int], flat: set[int], mirrored: bool
) -> None:
    """The first of equal ones may be left out: those that are left still belong together."""
    words = drawn(seed)
    quality = np.array([0 if place in flat else 100 for place in range(40)], dtype=np.uint8)
    looks = looks_of(words, np.roll(drawn(seed, 41)[1:], 3, axis=0), quality)
    sketches = {int(number): bytes([int(number) % 6 * 40]) * 12 for number in looks.ids}
    pairs = dedupe.near_ids(looks, 31, mirrored, sketches)
    ids = looks.ids[sorted(kept)]
    assert dedupe.alike(ids, pairs) == by_comparing_all(looks, mirrored, sketches, kept)


def test_many_equal_hashes_are_no_square_of_pairs() -> None:
    """A hundred thousand of one hash are five thousand million pairs, and as many flat pictures of one sketch again."""
    words = np.random.default_rng(3).integers(0, 2**64, (200_000, 4), dtype=np.uint64)
    words[50_000:150_000] = words[50_000]
    quality = np.full(len(words), 100, dtype=np.uint8)
    quality[180_000:] = 0
    looks = looks_of(words, words, quality)
    begun = time.process_time()
    pairs = dedupe.near_ids(looks, 31, sketches=dict.fromkeys(looks.ids[180_000:].tolist(), bytes(1728)))
    kept = np.delete(looks.ids, [50_000, 180_000])
    groups = dedupe.alike(kept, pairs)
    assert [(len(group), group[0]) for group in groups] == [(99_999, 100_102), (19_999, 360_102)]
    assert len(pairs) == 99_999 + 19_999
    assert time.process_time() - begun < 20


def test_a_pair_made_of_each_other_joins_whatever_its_order() -> None:
    """Copies are told with the part first or second; neither is taken for an equal hash."""
    ids = np.array([3, 5, 8], dtype=np.int64)
    assert dedupe.alike(ids, np.zeros((0, 2), dtype=np.int64), [(9, 3, 0), (8, 9, 9), (5, 3, 3)]) == [[3, 5]]


def saved(id: int, label: str = "cat", rank: int = 1, **given: Any) -> Row:
    path = Path(label, f"{id}.jpg")
    return Row(id, label, label, "google", rank, f"http://a/{id}", "saved", sha256=f"{id:064x}", path=path, **given)


def test_of_equal_merit_rank_goes_first_then_a_page_then_size_then_age() -> None:
    ordered = [
        saved(9, rank=1),
        saved(8, rank=2, page="http://a/"),
        saved(7, rank=2, width=9, height=9),
        saved(6, rank=2, width=8, height=10, bytes=99),
        saved(5, rank=2, width=10, height=8, bytes=98),
        saved(10, rank=2, width=10, height=8, bytes=98),
    ]
    merit = merits(ordered[:1], {})[0]
    for shuffled in (ordered, ordered[::-1]):
        assert sorted(shuffled, key=lambda row: dedupe.preference(row, merit)) == ordered


def test_conflicts_are_told_the_oldest_first_and_verdicts_say_how_alike_pictures_are() -> None:
    late = dedupe.Group((saved(7), saved(8, "dog"), saved(9), saved(12)), (0, 4, near.MOST, near.MOST + 1))
    alone = dedupe.Group((saved(10, other_labels=("dog",)),), (0,))
    early = dedupe.Group((saved(2), saved(3, "dog")), (0, 1))
    done = dedupe.decide([late, alone, early], "list")
    assert [conflict.files[0].stem for conflict in done.conflicts] == ["2", "7", "10"]
    assert done.groups == 2, "one picture is none"
    assert [(verdict.sha256, verdict.detail) for verdict in done.verdicts] == [
        (saved(9).sha256, "31 of 256 bits from the group's best"),
        (saved(12).sha256, "made of the same picture (matching points)"),
    ]


def test_a_part_comes_after_its_whole_and_a_mirror_image_is_as_far_as_its_mirror_image() -> None:
    rows = {row.id: row for row in (saved(100, rank=1), saved(102, rank=2))}
    words = np.zeros((2, 4), np.uint64)
    words[1] = np.uint64(2**64 - 1)
    looks = looks_of(words, words[::-1].copy(), np.full(2, 100, np.uint8))
    for mirrored, gaps in ((False, (0, 256)), (True, (0, 0))):
        group = dedupe.grouped(looks, [100, 102], rows, mirrored, parts=frozenset({100}))
        assert ([row.id for row in group.members], group.distances) == ([102, 100], gaps)
