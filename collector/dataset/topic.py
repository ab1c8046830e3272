"""Judges the pictures of a set by what they show, and enters as left out what is off topic, when that is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Asked:
    """Which pictures are listed, and which are surely off topic. All of the set are judged, whatever is asked."""

    confidence: float
    """Of the sure ones."""
    drop: bool = False
    """Whether the sure ones are left out of the set. What earlier calls left out for this reason is open again then."""
    split: str | None = None
    """Only these pictures are listed and left out."""
    only: Collection[tuple[str, str]] | None = None
    """Only pictures of these (keyword, label) are listed and left out; what was decided of others stays."""
    settled: bool = False
    """Whether what earlier calls left out is sure; a person's `keep` has put it back into the set."""


def judge_set(ledger: Ledger, folder: Path, model: Embedder, asked: Asked, words: Layout | None = None,
              tell: Callable[[int, int], None] = lambda *_: None) -> Topic:  # fmt: skip
    """Make the embeddings that are missing, judge all pictures that have one, keep the probabilities, and leave out the
    sure ones where that is asked for.

    `words`: a model that is asked about the keywords, too. `tell` is told (done, of how many) as embeddings are made.
    """
    for one in (model, *([] if words is None else [words.embedder()])):
        embeddings.embed_set(ledger, folder, one, tell=tell)
    ranked, done = _judged(ledger, folder, model, asked, words)
    with ledger.transaction():
        ledger.dataset.replace_scores(
            SCORE, ((one.row.sha256, one.probability) for one in ranked if one.probability is not None)
        )
        if asked.drop:
            ledger.dataset.decide((REASON,), [*map(_verdict, done.sure), *_of_others(ledger, ranked, asked.only)])
    return done


def look_at_set(ledger: Ledger, folder: Path, model: Embedder, asked: Asked, words: Layout | None = None,
                without: Collection[str] = ()) -> Topic:  # fmt: skip
    """Judge the pictures that have an embedding, but these (sha256), where nothing can be kept: neither embeddings nor
    probabilities."""
    return _judged(ledger, folder, model, asked, words, without)[1]


def _judged(ledger: Ledger, folder: Path, model: Embedder, asked: Asked, words: Layout | None,
            without: Collection[str] = ()) -> tuple[list[Ranked], Topic]:  # fmt: skip
    """All pictures with their probabilities, and of these what is asked for. Writes nothing."""
    stored = embeddings.read(folder, model)
    others = None if words is None else embeddings.read(folder, words.embedder())
    members: dict[str, list[Row]] = defaultdict(list)
    for row in candidates(ledger, (REASON, "set.dropped")):
        known = row.sha256 in stored.places and (others is None or row.sha256 in others.places)
        if known and row.sha256 not in without:
            members[row.label].append(row)
    wording = None
    if words is not None and others is not None:
        wording = Wording(words, others, {label: {row.keyword for row in rows} for label, rows in members.items()})
    labels = sorted(members)
    sights = _likened(members, stored, ledger.dataset.reviews(), model, wording)
    judged = dict(zip(labels, relevance.judge(sights), strict=True))
    ranked = [one for label in labels for one in _ranked(members[label], judged[label])]
    classes = tuple(_told(label, members[label], judged[label]) for label in labels)
    listed = tuple(_listed(ledger, ranked, asked))
    sure = tuple(one for one in listed if _surely(one, asked))
    return ranked, Topic(classes, listed, sure, asked.drop)


def _listed(ledger: Ledger, ranked: Iterable[Ranked], asked: Asked) -> Iterator[Ranked]:
    given = {} if asked.split is None else ledger.splits.given(ledger.splits.latest() or "")
    for one in ranked:
        row = one.row
        there = asked.split is None or given.get(row.sha256) == asked.split
        meant = asked.only is None or (row.keyword, row.label) in asked.only
        if there and meant and row.left_out != "set.dropped":
            yield one


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
    there = np.array([row.left_out != "set.dropped" for row in rows])
    parts = [part[there[part]] for part in judged.senses if there[part].any()]
    senses = tuple(Sense(len(part), tuple(rows[place].file for place in part[:_EXAMPLES])) for part in parts)
    names = tuple(class_names()[number][0] for number in _imagenet(label, rows))
    left = judged.probability[there]
    wrong = None if np.isnan(left).any() else float((1 - left).sum())
    return ClassTopic(label, len(left), len(rows) - len(left), wrong, names, senses if len(senses) > 1 else ())


def _of_others(ledger: Ledger, ranked: Iterable[Ranked], only: Collection[tuple[str, str]] | None) -> list[Verdict]:
    """What was decided about pictures that nobody asked about now."""
    if only is None:
        return []
    asked = {(one.row.sha256, one.row.label) for one in ranked if (one.row.keyword, one.row.label) in only}
    return [verdict for verdict in ledger.dataset.verdicts()
            if verdict.reason == REASON and (verdict.sha256, verdict.label) not in asked]  # fmt: skip


def _surely(one: Ranked, asked: Asked) -> bool:
    if asked.settled and one.row.left_out == REASON:
        return True
    return one.probability is not None and one.probability <= 1 - asked.confidence


def _verdict(one: Ranked) -> Verdict:
    said = "" if one.probability is None else f"shows it with a probability of {one.probability:.2f}"
    return Verdict(one.row.sha256, one.row.label, REASON, said)
