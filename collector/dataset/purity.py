"""How pure a set is: the share of pictures that show their class, by a person's word about a random sample.

The sample is drawn by the pictures' hashes, so that it stays the same and grows with the set; each class has a part by
its size. What the person says is a review like any other: `keep` is right, `drop` is wrong. Pictures that are left out
by that word still count, so that looking does not make a set look purer than it was.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from collector.ledger import Ledger, Row

Answer = Literal["right", "wrong", "unsure"]
LEAST: Final = 5
"""Pictures that are drawn of a class, if it has them."""
_DRAWN: Final = "purity"
"""What the ledger calls a picture that was drawn and shown, beside the scores of the quality check."""
_SURE: Final = 1.959964
"""Standard deviations of 95 %."""
_DECISIONS: Final[Mapping[Answer, str]] = {"right": "keep", "wrong": "drop", "unsure": ""}


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval: Wilson's, 95 % (Wilson, "Probable inference", 1927). All 0 to 1."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """As "93 % ± 3 (90 to 96 %)": half the width of the interval, which is not even about the value."""
        half = 50 * (self.high - self.low)
        return f"{100 * self.value:.0f} % ± {half:.0f} ({100 * self.low:.0f} to {100 * self.high:.0f} %)"


@dataclass(frozen=True, slots=True)
class ClassPurity:
    """What was said about the drawn pictures of a class."""

    label: str
    pictures: int
    """Of the class, drawn or not."""
    right: int
    wrong: int
    unsure: int
    share: Share | None
    """None while nothing is decided."""


@dataclass(frozen=True, slots=True)
class Purity:
    """What was said about all drawn pictures."""

    classes: tuple[ClassPurity, ...]
    share: Share | None
    """Of the set: each class weighs as much as it has pictures. None while nothing is decided."""

    @property
    def decided(self) -> int:
        """Pictures that are right or wrong."""
        return sum(one.right + one.wrong for one in self.classes)

    @property
    def unsure(self) -> int:
        """Pictures that the person could not judge; they count for nothing."""
        return sum(one.unsure for one in self.classes)

    def __str__(self) -> str:
        if self.share is None:
            return "purity not measured"
        return f"{self.share} of the pictures show their class, as a person said of {self.decided:,} drawn at random"


def measure(ledger: Ledger) -> Purity:
    """By what was said so far."""
    pictures = Counter({size.label: size.kept for size in ledger.stats.class_sizes() if size.kept})
    answers = defaultdict[str, Counter[str]](Counter)
    for row in filter(None, map(ledger.dataset.picture, ledger.dataset.scores(_DRAWN))):
        if row.left_out in (None, "set.dropped"):
            pictures[row.label] += row.left_out is not None
            answers[row.label][ledger.dataset.reviewed(row.sha256, row.label)] += 1
    classes = []
    for label, count in sorted(pictures.items()):
        right, wrong, unsure = (answers[label][decision] for decision in ("keep", "drop", ""))
        share = wilson(right / (right + wrong), right + wrong) if right + wrong else None
        classes.append(ClassPurity(label, count, right, wrong, unsure, share))
    return Purity(tuple(classes), _whole(classes))


def ask(ledger: Ledger, sample: int, answer: Callable[[Row, int, int], Answer | None]) -> Purity:
    """Draw a sample and ask about each picture that nobody has judged: `answer(row, number, of)`, None to stop.

    Every answer is kept at once. An empty set has an empty sample.
    """
    drawn, said = ledger.dataset.scores(_DRAWN), ledger.dataset.reviews()
    wanted = draw(_classes(ledger, drawn), sample)
    known = [row for row in wanted if row.sha256 not in drawn and (row.sha256, row.label) in said]
    with ledger.transaction():
        ledger.dataset.remember_scores((row.sha256, _DRAWN, 1.0) for row in known)
    open_ = [row for row in wanted if row.sha256 not in drawn and (row.sha256, row.label) not in said]
    for number, row in enumerate(open_, start=1):
        given = answer(row, number, len(open_))
        if given is None:
            break
        with ledger.transaction():
            ledger.dataset.remember_scores([(row.sha256, _DRAWN, 1.0)])
            if _DECISIONS[given]:
                ledger.dataset.review(row.sha256, row.label, _DECISIONS[given])
    return measure(ledger)


def draw(classes: Mapping[str, Sequence[Row]], sample: int) -> list[Row]:
    """About so many pictures, by class: of each by its size, LEAST at least."""
    total = sum(map(len, classes.values()))
    found: list[Row] = []
    for rows in classes.values():
        count = max(LEAST, math.ceil(sample * len(rows) / total))
        found += sorted(rows, key=lambda row: hashlib.sha256(f"purity {row.sha256}".encode()).digest())[:count]
    return found


def wilson(share: float, count: float) -> Share:
    """The interval of a share seen in so many; `count` need not be whole."""
    square = _SURE**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _SURE / (1 + square / count) * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    return Share(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def _classes(ledger: Ledger, drawn: Iterable[str]) -> dict[str, list[Row]]:
    """The pictures of the set by class, and those that a person dropped when they were drawn."""
    known, found = frozenset(drawn), defaultdict[str, list[Row]](list)
    for row in ledger.dataset.pictures():
        if row.left_out is None or (row.left_out == "set.dropped" and row.sha256 in known):
            found[row.label].append(row)
    return {label: found[label] for label in sorted(found)}


def _whole(classes: Sequence[ClassPurity]) -> Share | None:
    """Classes weigh by their pictures; the count is that of a plain sample that says as much (Kish, 1965)."""
    judged = [(one.pictures, one.right + one.wrong, one.right) for one in classes if one.right + one.wrong]
    if not judged:
        return None
    total = sum(pictures for pictures, _, _ in judged)
    share = sum(pictures * right / count for pictures, count, right in judged) / total
    as_much = total**2 / sum(pictures**2 / count for pictures, count, _ in judged)
    return wilson(min(1.0, share), as_much)
