"""Which pictures an export has, and in which order."""

from __future__ import annotations

from typing import Any

from collector.dataset import choosing
from collector.dataset.samples import Choice, ExportPlan
from collector.ledger.candidates import Candidate


def candidate(id: int, label: str = "cat", split: str = "", rank: int = 1) -> Candidate:
    return Candidate(id, f"{id:064x}", label, rank, 480, None, None, split, 0, "", "", "", "")


def planned(*candidates: Candidate, **more: Any) -> ExportPlan:
    return choosing.plan("set", candidates, lambda ids: (), **{"further": {}, **more})


def test_a_class_that_a_split_lacks_is_left_out_where_that_is_asked_for() -> None:
    cats = candidate(1, split="train"), candidate(2, split="val")
    made = planned(*cats, candidate(3, "dog", "train"), order=("train", "val"), choice=Choice(skip_small=True))
    assert (sorted(made.samples.ids), made.classes) == ([1, 2], ("cat",))
    assert made.left == {"of a class too small for every split": 1}


def test_of_the_most_per_class_each_split_has_its_best_and_then_ranks_decide() -> None:
    ranks = {1: ("train", 5), 2: ("train", 1), 3: ("train", 2), 4: ("val", 9)}
    cats = [candidate(id, split=split, rank=rank) for id, (split, rank) in ranks.items()]
    for most, kept in ((1, [2]), (2, [2, 4]), (3, [2, 3, 4]), (4, [1, 2, 3, 4])):
        made = planned(*cats, order=("train", "val"), choice=Choice(max_per_class=most))
        assert sorted(made.samples.ids) == kept


def test_pictures_come_by_split_and_look_dealt_within() -> None:
    made = planned(*(candidate(id, split=("train", "val")[id % 2]) for id in range(40)), order=("train", "val"))
    ids = made.samples.ids.tolist()
    assert made.samples.parts.tolist() == [0] * 20 + [1] * 20
    assert ids[:20] != sorted(ids[:20])
    again = planned(
        *(candidate(id, split=("train", "val")[id % 2]) for id in range(39, -1, -1)), order=("train", "val")
    )
    assert again.samples.ids.tolist() == ids, "whatever the order they were found in"


def test_classes_beside_its_own_are_told_once_and_the_own_one_counts() -> None:
    made = planned(candidate(1), candidate(2), candidate(3, "dog"), further={f"{2:064x}": ("cat", "dog")})
    assert {made.samples.labels[kind] for kind in made.samples.kinds} == {("cat",), ("cat", "dog"), ("dog",)}
    assert made.counts() == {("", "cat"): 2, ("", "dog"): 1}
    assert planned(candidate(1, split="x"), order=("train",)).unsplit == 1
