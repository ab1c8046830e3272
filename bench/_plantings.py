"""Foreign pictures planted in other ways than scattered: of one kind, from one other class, in few or small classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Made = tuple[str, Places, int]
"""A class, the places of its pictures and then of the foreign ones, and how many are right."""
SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Planting:
    """How pictures are planted, and in which classes."""

    source: str = "scattered"
    """`kind`: those most like one of the foreign pictures; `outside`: all of one class, which is no class of the set
    then; `inside`: each class has those of another one of the set; `groups`: of four alike."""
    classes: int | None = None
    """So many of them, or all."""
    most: int | None = None
    """Right pictures of each, or all."""
    alone: bool = False
    """Each class is judged as a set of its own."""
    named: bool = True
    """Whether ImageNet's classes are asked about the keywords."""


PLANTINGS: Final = {
    "scattered": Planting(),
    "in groups of four": Planting("groups"),
    "of one kind": Planting("kind"),
    "from one class outside": Planting("outside"),
    "from one class of the set": Planting("inside"),
    "three classes, scattered": Planting(classes=3),
    "three classes, of one kind": Planting("kind", classes=3),
    "three classes, from one class outside": Planting("outside", classes=3),
    "one class, scattered": Planting(alone=True),
    "one class, of one kind": Planting("kind", alone=True),
    "one class, from one class outside": Planting("outside", alone=True),
    "10 pictures a class, scattered": Planting(most=10),
    "10 pictures a class, of one kind": Planting("kind", most=10),
    "keywords unknown, scattered": Planting(named=False),
    "keywords unknown, from one class outside": Planting("outside", named=False),
}


def grouped(places: Places, looks: NDArray[np.float32]) -> Places:
    """The same pictures, each with the three that are most like it and are not in a group yet."""
    left = np.ones(len(places), bool)
    order: list[int] = []
    for first in np.random.default_rng(0).permutation(len(places)).tolist():
        if left[first]:
            likeness = looks[places] @ looks[places[first]]
            group = [first, *(place for place in np.argsort(-likeness).tolist() if left[place] and place != first)][:4]
            left[group] = False
            order += group
    return places[order]


def planted(places: dict[str, Places], looks: NDArray[np.float32], how: Planting, seed: int) -> Iterator[Made]:
    """The classes with 30 % foreign ones; "" of `places` are those of no class."""
    dice = np.random.default_rng(seed)
    own = {label: dice.permutation(some)[: how.most] for label, some in places.items() if label}
    labels = sorted(own)
    if how.classes:
        labels = sorted(dice.permutation(labels)[: how.classes].tolist())
    if how.source == "inside":
        yield from _exchanged({label: own[label] for label in labels}, dice)
        return
    foreign = dice.permutation(places[""])
    if how.source == "outside":
        others = [label for label in own if label not in labels] or labels
        source = others[int(dice.integers(len(others)))]
        labels, foreign = [label for label in labels if label != source], dice.permutation(places[source])
    if how.source == "groups":
        foreign = np.roll(grouped(places[""], looks), int(dice.integers(len(foreign))))
    for label in labels:
        count = min(max(1, round(len(own[label]) * SHARE / (1 - SHARE))), len(foreign))
        right = own[label][: max(7, int(count * (1 - SHARE) / SHARE))]
        if how.source == "kind":
            first = looks[places[""][int(dice.integers(len(foreign)))]]
            foreign = places[""][np.argsort(-(looks[places[""]] @ first))]
        yield label, np.concatenate([right, foreign[:count]]), len(right)
        foreign = np.roll(foreign, -count)


def _exchanged(own: dict[str, Places], dice: np.random.Generator) -> Iterator[Made]:
    """Each class without a part of its own, and with that of the next one in a random order."""
    order = dice.permutation(list(own)).tolist()
    lent = {label: own[label][-max(1, round(SHARE * len(own[label]))) :] for label in own}
    for label, other in zip(order, [*order[1:], order[0]], strict=True):
        rest = own[label][: len(own[label]) - len(lent[label])]
        foreign = lent[other][: max(1, round(len(rest) * SHARE / (1 - SHARE)))]
        right = rest[: max(5, int(len(foreign) * (1 - SHARE) / SHARE))]
        yield label, np.concatenate([right, foreign]), len(right)
