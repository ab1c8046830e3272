"""Judges the pictures of a set by what they show, and enters as left out what is off topic, when that is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from collector.dataset import embeddings, relevance
from collector.dataset.service import candidates
from collector.dataset.wording import Wording
from collector.errors import counted
from collector.images.embed import Embedder, class_names, class_share, described, named
from collector.images.hub_layout import Layout
from collector.ledger import Ledger, Row, vectors
from collector.model import InWords, Verdict

REASON: Final = "set.off_topic"
SCORE: Final = "relevance"
"""What the ledger calls the probability, beside the scores of the quality check."""
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Ranked:
    """A picture and how surely it belongs to its class."""

    row: Row
    probability: float | None
    """None where its class has too few pictures to judge."""
    rank: int
    """In its class, from 1: what belongs least."""


@dataclass(frozen=True, slots=True)
class Sense:
    """One of the things that a keyword seems to mean."""

    pictures: int
    examples: tuple[Path, ...]
    """The most typical ones."""


@dataclass(frozen=True, slots=True)
class ClassTopic:
    """A class as a whole."""

    label: str
    pictures: int
    """Those that a person dropped are not among them."""
    dropped: int
    """By a person."""
    wrong: float | None
    """How many of the pictures are off topic, as the probabilities say; None where they are too few to judge."""
    named: tuple[str, ...]
    """Classes of ImageNet that the keyword names."""
    senses: tuple[Sense, ...]
    """Two or more, or none where the keyword means one thing: they are told, the largest first, and the
    pictures of a smaller one count as less likely meant."""

    @property
    def estimate(self) -> int | str:
        """How many are off topic, or why that is not known."""
        if not self.pictures:
            return f"all {self.dropped:,} dropped by hand"
        return "too few to judge" if self.wrong is None else round(self.wrong)


@dataclass(frozen=True, slots=True)
class Topic(InWords):
    """What was judged and decided."""

    classes: tuple[ClassTopic, ...]
    ranked: tuple[Ranked, ...]
    """By class; what belongs least comes first."""
    sure: tuple[Ranked, ...]
    """Of these, those that are off topic with the confidence asked for."""
    dropped: bool
    """Whether the sure ones are left out of the set now."""

    @property
    def precision(self) -> float | None:
        """The share of the sure ones that is truly off topic, as the probabilities say; None of none."""
        wrong = [1 - one.probability for one in self.sure if one.probability is not None]
        return float(np.mean(wrong)) if wrong else None

    def __str__(self) -> str:
        told = [f"{one.label}: {counted(one.pictures, 'picture')}; off topic (estimate): {one.estimate}"
                for one in self.classes]  # fmt: skip
        return "\n".join([*told, f"surely off topic: {len(self.sure):,}{', left out' * self.dropped}"])


def judge_set(ledger: Ledger, folder: Path, model: Embedder, confidence: float, drop: bool, split: str | None,
              only: Collection[tuple[str, str]] | None = None, words: Layout | None = None,
              tell: Callable[[int, int], None] = lambda *_: None, settled: bool = False,
              without: Collection[str] | None = None) -> Topic:  # fmt: skip
    """Judge all that has an embedding, keep the probabilities, and enter the sure ones as left out if `drop`.

    `split`: only these pictures are listed and left out; all are judged. What earlier calls left out for this reason
    is open again, unless that is `settled`; without `drop` nothing about the set is changed. `only`: pictures of these
    (keyword, label) alone are listed and left out, and those of others stay as they are. `words`: a model that is asked
    about the keywords, too; its embeddings are made, and `tell` hears of it. `without`: where nothing can be kept,
    neither embeddings nor probabilities, the sha256 of pictures that are passed over; None where all is kept.
    """
    stored = embeddings.read(folder, model)
    others = None
    if words is not None:
        if without is None:
            embeddings.embed_set(ledger, folder, words.embedder(), tell=tell)
        others = embeddings.read(folder, words.embedder())
    members: dict[str, list[Row]] = defaultdict(list)
    for row in candidates(ledger, (REASON, "set.dropped")):
        known = row.sha256 in stored.places and (others is None or row.sha256 in others.places)
        if known and row.sha256 not in (without or ()):
            members[row.label].append(row)
    wording = None
    if words is not None and others is not None:
        wording = Wording(words, others, {label: {row.keyword for row in rows} for label, rows in members.items()})
    labels = sorted(members)
    sights = _likened(members, stored, ledger.dataset.reviews(), model, wording)
    judged = dict(zip(labels, relevance.judge(sights), strict=True))
    ranked = [one for label in labels for one in _ranked(members[label], judged[label])]
    classes = tuple(_told(label, members[label], judged[label]) for label in labels)
    chosen = ranked if split is None else _of_split(ledger, ranked, split)
    listed = tuple(one for one in chosen if one.row.left_out != "set.dropped")
    listed = tuple(one for one in listed if only is None or (one.row.keyword, one.row.label) in only)
    sure = tuple(one for one in listed if _surely(one, confidence) or (settled and _out(one)))
    if without is None:
        with ledger.transaction():
            ledger.dataset.replace_scores(
                SCORE, ((one.row.sha256, one.probability) for one in ranked if one.probability is not None)
            )
            if drop:
                ledger.dataset.decide((REASON,), [*map(_verdict, sure), *_of_others(ledger, ranked, only)])
    return Topic(classes, listed, sure, drop)


def _sample(rows: list[Row], stored: vectors.Vectors, model: Embedder) -> relevance.Directions:
    """Some pictures of a class, for the others to be compared with."""
    some = rows[:: max(1, len(rows) // relevance.SAMPLE)]
    return described(stored.of([row.sha256 for row in some]), model)


def _likened(members: Mapping[str, list[Row]], stored: vectors.Vectors, said: Mapping[tuple[str, str], str],
             model: Embedder, wording: Wording | None) -> list[relevance.Likened]:  # fmt: skip
    """The classes by their names, one after the other: the numbers of one alone are held."""
    labels, found = sorted(members), []
    companies = relevance.companies([_sample(members[label], stored, model) for label in labels])
    for label, company in zip(labels, companies, strict=True):
        names = [row.sha256 for row in members[label]]
        decisions = [said.get((name, label)) for name in names]
        classes, numbers = _imagenet(label, members[label]), stored.of(names)
        words = relevance.Words(
            np.array([decision == "keep" for decision in decisions]),
            np.array([decision == "drop" for decision in decisions]),
            class_share(numbers, model, classes).astype(np.float64) if classes else np.zeros(len(names)),
            None if wording is None else wording.shown(label, names),
        )
        found.append(relevance.likened(described(numbers, model), words, company))
    return found


def _imagenet(label: str, rows: Iterable[Row]) -> list[int]:
    """The classes of ImageNet that the label and its keywords name."""
    return sorted({number for text in {label, *(row.keyword for row in rows)} for number in named(text)})


def _ranked(rows: Sequence[Row], judged: relevance.Judged) -> list[Ranked]:
    order = np.argsort(judged.probability, kind="stable").tolist()
    found = [None if np.isnan(one) else float(one) for one in judged.probability]
    return [Ranked(rows[place], found[place], rank) for rank, place in enumerate(order, start=1)]


def _told(label: str, rows: Sequence[Row], judged: relevance.Judged) -> ClassTopic:
    parts = judged.senses if len(judged.senses) > 1 else ()
    senses = tuple(Sense(len(part), tuple(rows[place].file for place in part[:_EXAMPLES])) for part in parts)
    names = tuple(class_names()[number][0] for number in _imagenet(label, rows))
    left = judged.probability[[row.left_out != "set.dropped" for row in rows]]
    wrong = None if np.isnan(left).any() else float((1 - left).sum())
    return ClassTopic(label, len(left), len(rows) - len(left), wrong, names, senses)


def _of_split(ledger: Ledger, ranked: Iterable[Ranked], split: str) -> list[Ranked]:
    given = ledger.splits.given(ledger.splits.latest() or "")
    return [one for one in ranked if given.get(one.row.sha256) == split]


def _of_others(ledger: Ledger, ranked: Iterable[Ranked], only: Collection[tuple[str, str]] | None) -> list[Verdict]:
    """What was decided about pictures that nobody asked about now."""
    if only is None:
        return []
    asked = {(one.row.sha256, one.row.label) for one in ranked if (one.row.keyword, one.row.label) in only}
    return [verdict for verdict in ledger.dataset.verdicts()
            if verdict.reason == REASON and (verdict.sha256, verdict.label) not in asked]  # fmt: skip


def _surely(one: Ranked, confidence: float) -> bool:
    return one.probability is not None and one.probability <= 1 - confidence


def _out(one: Ranked) -> bool:
    """Whether an earlier call left it out, and nobody has said since that it belongs."""
    return one.row.left_out == REASON and (one.probability is None or one.probability < 1)


def _verdict(one: Ranked) -> Verdict:
    said = "" if one.probability is None else f"shows it with a probability of {one.probability:.2f}"
    return Verdict(one.row.sha256, one.row.label, REASON, said)
