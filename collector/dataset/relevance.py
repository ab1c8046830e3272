"""Which pictures of a class do not belong: by what the others show, by what a network is told or knows of the keyword,
by a person's word. Pure; no file.

Most of what a search brings wrongly is of no class at all, so that it lies apart from the middle of the class
(docs/relevance-figures.md has the measurements that the numbers here come from).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CORE: Final = 0.6
"""Share of a class that its middle is made of: the rest may be anything."""
MANY: Final = 0.4
"""Share of a class that a picture must be like for its looks to be those of the class: foreign pictures of one kind are
alike, but fewer."""
NEIGHBOURS: Final = 5
_CELLS: Final = 8_000_000
"""Cosines that are in hand at a time: 32 MB."""
ALONE, TOGETHER = (7.4, 0.398), (9.5, 0.209)
"""(steepness, likeness at even odds), without and with other classes, of the curve from likeness to the odds of
belonging, fitted on four sets of photographs with 2 to 50 % foreign ones, one of them of themes (Christmas, tools)."""
STRANGE: Final = 0.03
"""Share of the right pictures that look like nothing else of their class: so much belonging stays possible for any."""
DENSITY: Final = 0.267
"""How much more is asked of a picture where the pictures of the core are more alike."""
CLASSES, SAMPLE, MOST, AXES, FLOOR, CROSS = 4, 200, 4000, 128, 0.1, 0.4
"""Of what other classes say: classes there are at least; pictures of each, and of all, that are looked at; axes, and
the part of the longest one's variance that is added to all; weight of the nearest pictures of other classes."""
USUAL, OTHERS = (9.0, 1.0), 20.0
"""What a set is taken for before it is looked at, in right and wrong pictures: so many that a set of one small class is
not found out by its own looks alone. As how many pictures, at most, what was found in the other classes counts for
one."""
TOLD: Final = 0.06
"""Weight of ImageNet's judgement, as the logarithm of its odds, on what the keyword names."""
READ, SURE, LOOKS, BEYOND = 0.5, 2.5, 2.0, 0.05
"""Of a model that knows words: weight of its log-odds, what they count at most; what looks may count beside one that
is believed for a log-odds of 1, and which part of what goes beyond that still counts."""
_LEAST: Final = 1e-3
NAMED: Final = 0.5
"""Such a judgement from which on a picture is taken to show what the keyword names."""
SENSE: Final = 8
"""Pictures that a second sense of a keyword has at least, and a fifth of the class."""
_COHERENT, _APART = 0.45, 0.25
"""Cosines: members of a sense with its middle at least, the middles of two senses at most."""
_DECIDED: Final = 2
"""Nearest pictures that a person decided about, of each kind, that are asked."""
FEWEST: Final = 5
"""Pictures, but those that a person dropped, below which a class has no middle to speak of: words alone judge it, and
drop nothing."""

Directions = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Words:
    """What is known of the pictures of a class beside their looks; all (n,)."""

    kept: NDArray[np.bool_]
    dropped: NDArray[np.bool_]
    """By a person."""
    named: Floats
    """How much of ImageNet's judgement falls on the classes that the keyword names; 0 where it names none."""
    read: Floats | None = None
    """How probable a model that knows words finds it that the picture shows what the keyword says."""

    def of(self, places: NDArray[np.int64]) -> Words:
        """Of some of the pictures."""
        read = None if self.read is None else self.read[places]
        return Words(self.kept[places], self.dropped[places], self.named[places], read)


@dataclass(frozen=True, slots=True)
class Company:
    """What the other classes of the set say about one."""

    middle: Directions
    """(numbers,): of pictures of all classes alike."""
    axes: Directions
    """(numbers, k): along which they differ, each shortened by how much they do."""
    others: Directions
    """(m, numbers): pictures of the other classes."""

    def spread(self, looks: Directions) -> Directions:
        """(n, k) of length 1: what tells a picture from those of any class counts more here."""
        moved = (looks - self.middle) @ self.axes
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), np.float32)


@dataclass(frozen=True, slots=True)
class Likened:
    """The pictures of a class, each compared with the others."""

    odds: Floats | None
    """(n,): how many times likelier it is to look like this where it belongs; None where the class is too small."""
    words: Words
    senses: tuple[NDArray[np.int64], ...]
    """As in `Judged`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The pictures of a class, each judged."""

    probability: Floats
    """(n,): that it belongs, 0 to 1; a person's word is 0 or 1; NaN where the class is too small to judge."""
    senses: tuple[NDArray[np.int64], ...]
    """Places of the pictures of each sense that the keyword seems to have, the most frequent first; one as a rule.
    Within each the most typical pictures come first."""


def companies(classes: Sequence[Directions]) -> list[Company | None]:
    """For each class of a set what the others say; None for all where they are too few to say anything."""
    some = [looks[np.linspace(0, len(looks) - 1, min(len(looks), SAMPLE)).astype(int)] for looks in classes]
    if sum(len(looks) >= FEWEST for looks in some) < CLASSES:
        return [None] * len(classes)
    whole = np.concatenate(some)
    if len(whole) > MOST:
        whole = whole[np.linspace(0, len(whole) - 1, MOST).astype(int)]
    middle = whole.mean(axis=0)
    _, lengths, axes = np.linalg.svd(whole - middle, full_matrices=False)
    spread = np.square(lengths[:AXES]) / len(whole)
    scaled = np.asarray(axes[:AXES].T / np.sqrt(spread + FLOOR * spread[0]), np.float32)
    found: list[Company | None] = []
    for place in range(len(some)):
        others = np.concatenate([looks for number, looks in enumerate(some) if number != place])
        if len(others) > MOST:
            others = others[np.linspace(0, len(others) - 1, MOST).astype(int)]
        found.append(Company(middle, scaled, others))
    return found


def likened(looks: Directions, words: Words, company: Company | None = None) -> Likened:
    """Each picture of a class against the sense of the keyword it is nearest to."""
    if len(looks) - np.count_nonzero(words.dropped) < FEWEST:
        return Likened(None, words, (np.arange(len(looks)),))
    odds, ordered = np.ones(len(looks)), list[NDArray[np.int64]]()
    steepness, half = ALONE if company is None else TOGETHER
    for places in senses(looks):
        own = words.of(places)
        near, said = _alike(looks[places], own, company)
        odds[places] = (1 - STRANGE) * np.exp(np.clip(steepness * (near - half), -30, 30)) + STRANGE * np.exp(said)
        ordered.append(places[np.argsort(-near, kind="stable")])
    return Likened(odds, words, tuple(ordered))


def judge(classes: Sequence[Likened]) -> list[Judged]:
    """The pictures of all classes of a set. How many are wrong is found out with it, of each class and of all."""
    shares = _shares([one.odds for one in classes if one.odds is not None])
    return [Judged(_probability(one, shares), one.senses) for one in classes]


def senses(looks: Directions) -> list[NDArray[np.int64]]:
    """Places of the pictures of each sense: parts of the class that hold together and have little in common."""
    whole = np.arange(len(looks))
    parts, done = [whole], list[NDArray[np.int64]]()
    while parts:
        part = parts.pop()
        halves = _halves(looks[part], max(SENSE, len(looks) // 5))
        if halves is None:
            done.append(part)
        else:
            parts += [part[half] for half in halves]
    return sorted(done, key=lambda part: (-len(part), int(part[0])))


# --------------------------------------------------------------------------- inside


def _alike(looks: Directions, words: Words, company: Company | None) -> tuple[Floats, Floats]:
    """(likeness, log-odds at most 0 by which words alone make it less probable that it belongs), both (n,)."""
    near = _like(looks, words)
    if company is not None:
        foreign = _nearest(looks, company.others)
        near = (near + _like(company.spread(looks), words)) / 2 - CROSS * (foreign - np.median(foreign))
    told = np.log((words.named + _LEAST) / (1 - words.named + _LEAST))
    near += TOLD * (told - np.median(told))
    said = np.zeros(len(looks))
    if words.read is not None:
        near, said = _asked(near, words.read, ALONE if company is None else TOGETHER)
    for places, sign in ((np.flatnonzero(words.kept), 1.0), (np.flatnonzero(words.dropped), -1.0)):
        if len(places):
            alike = _nearest_of(looks, places, _DECIDED)
            near += sign * (alike - np.median(alike))
    return near, np.minimum(said, 0.0)


def _asked(near: Floats, read: Floats, curve: tuple[float, float]) -> tuple[Floats, Floats]:
    """The likeness, once a model that knows words was asked, and the log-odds of what it says.

    It is believed as far as it knows what belongs by its looks: where it misses a tenth of that, its no makes nothing
    more than ten times as unlikely. As far as it is believed, looks count for being of that kind and no more: a picture
    that looks right and is not what the keyword says is at even odds then.
    """
    steepness, half = curve
    looks = steepness * (near - half)
    belongs = 1 / (1 + np.exp(-np.clip(looks, -30, 30)))
    missed = (float(belongs[read < NAMED].sum()) + 1) / (float(belongs.sum()) + 2)
    believed = min(SURE, -float(np.log(missed)))
    enough = max(believed, LOOKS / max(believed, _LEAST))
    said = _said(read, believed)
    kind = np.minimum(looks, enough) + BEYOND * np.maximum(looks - enough, 0)
    return np.asarray(half + (kind + said) / steepness, np.float64), said


def _said(read: Floats, most: float) -> Floats:
    """What a model that knows words says, as log-odds within bounds."""
    return np.asarray(np.clip(READ * np.log((read + _LEAST) / (1 - read + _LEAST)), -most, most), np.float64)


def _like(looks: Directions, words: Words) -> Floats:
    """How near each is to the core of the class, where as much more is asked as the core's pictures are alike."""
    near, core = _near(looks, words)
    return near - DENSITY * float(np.median(near[core]))


def _near(looks: Directions, words: Words) -> tuple[Floats, NDArray[np.int64]]:
    """(cosine with the middle of the core plus the mean of the nearest of the core, places of the core).

    The core begins with what is like many: a few pictures of one kind draw a mean to them, more than their number says.
    """
    near = many = _like_many(looks, words)
    size = max(3, int(np.ceil(CORE * len(looks))))
    for _ in range(3):
        order = np.argsort(np.where(words.kept, -9.0, np.where(words.dropped, 9.0, -near)), kind="stable")
        weights = np.zeros(len(looks))
        weights[order[:size]] = 1.0
        near = _apart(looks, weights)
    core = np.flatnonzero(weights)
    nearest = _nearest_of(looks, core, NEIGHBOURS)
    return near + np.minimum(nearest, many + np.median((nearest - many)[core])), core


def _like_many(looks: Directions, words: Words) -> Floats:
    """Cosine of each with the picture at which it is like `MANY` of the others, but those that a person dropped."""
    others = np.flatnonzero(~words.dropped) if not words.dropped.all() else np.arange(len(looks))
    others = others[np.linspace(0, len(others) - 1, min(len(others), MOST)).astype(int)]
    count = max(1, min(int(np.ceil(MANY * len(others))), len(others) - 1))
    return _of_blocks(looks, looks[others], others, lambda block: np.partition(block, -count, axis=1)[:, -count])


def _apart(looks: Directions, weights: Floats) -> Floats:
    """Cosine of each with the middle of the weighted others."""
    middle = weights @ looks
    along = looks @ middle
    lengths = np.sqrt(np.maximum(middle @ middle - weights * (2 * along - 1), 1e-9))
    return np.asarray((along - weights) / lengths, np.float64)


def _nearest(looks: Directions, others: Directions) -> Floats:
    """Mean cosine of each with the nearest of other pictures."""
    count = min(NEIGHBOURS, len(others))
    return _of_blocks(looks, others, None, partial(_highest, count))


def _nearest_of(looks: Directions, places: NDArray[np.int64], count: int) -> Floats:
    """Mean cosine of each with the nearest of the pictures at these places, itself left out."""
    count = min(count, len(places) - 1) or 1
    return _of_blocks(looks, looks[places], places, partial(_highest, count))


def _highest(count: int, cosines: NDArray[Any]) -> NDArray[Any]:
    """The mean of so many of the highest of each row."""
    return np.asarray(np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1))


def _of_blocks(
    looks: Directions,
    others: Directions,
    places: NDArray[np.int64] | None,
    told: Callable[[NDArray[Any]], NDArray[Any]],
) -> Floats:
    """What is told of the cosines of each with the others, some rows at a time: a class may be of any size. `places`:
    where the others stand among `looks`, so that each has -1 with itself."""
    own = np.full(len(looks), -1)
    if places is not None:
        own[places] = np.arange(len(places))
    found, rows = np.empty(len(looks)), max(1, _CELLS // len(others))
    for start in range(0, len(looks), rows):
        block = looks[start : start + rows] @ others.T
        here = np.flatnonzero(own[start : start + rows] >= 0)
        block[here, own[start + here]] = -1.0
        found[start : start + rows] = told(block)
    return found


def _shares(odds: Sequence[Floats]) -> Iterator[float]:
    """Of each class the share of wrong pictures, by what it shows and what the others do."""
    if not odds:
        return
    whole = np.concatenate(odds)
    wrong = _wrong(whole, _share(whole, USUAL))
    ends = np.cumsum([len(one) for one in odds])
    for one, own in zip(odds, np.split(wrong, ends[:-1]), strict=True):
        known = len(whole) - len(one) + sum(USUAL)
        share = (float(wrong.sum() - own.sum()) + USUAL[1]) / known
        weight = min(OTHERS, known)
        yield _share(one, (weight * (1 - share), weight * share))


def _share(odds: Floats, before: tuple[float, float]) -> float:
    """Of wrong pictures, where so many right and wrong ones are known beforehand.

    By expectation and maximization (Saerens, Latinne, Decaestecker, 2002).
    """
    share = before[1] / sum(before)
    for _ in range(50):
        share = (float(_wrong(odds, share).sum()) + before[1]) / (len(odds) + sum(before))
    return share


def _wrong(odds: Floats, share: float) -> Floats:
    """How probable it is that each does not belong, where this share does not."""
    return np.asarray(share / (share + (1 - share) * odds), np.float64)


def _probability(one: Likened, shares: Iterator[float]) -> Floats:
    """That each belongs."""
    words = one.words
    if one.odds is None:
        unknown = np.full(len(words.named), np.nan)
        found = unknown if words.read is None else 1 / (1 + np.exp(-_said(words.read, LOOKS)))
    else:
        found = (1 - _wrong(one.odds, next(shares))) * _meant(one)
        found = np.where(words.named >= NAMED, np.maximum(found, words.named), found)
        if words.read is not None:
            found = np.where(words.read >= NAMED, np.maximum(found, NAMED), found)
    return np.where(words.kept, 1.0, np.where(words.dropped, 0.0, found))


def _meant(one: Likened) -> Floats:
    """(n,): how probable it is that the sense that each is of was meant: one of which a person kept something, and no
    less than was dropped, was, and the largest but those of which a person only dropped where another was kept; of the
    rest it is their share of the two."""
    meant, words = np.ones(len(one.words.named)), one.words
    kept, dropped = ([int(np.count_nonzero(said[places])) for places in one.senses]
                     for said in (words.kept, words.dropped))  # fmt: skip
    sizes = [len(places) - count for places, count in zip(one.senses, dropped, strict=True)]
    vouched = [yes > 0 and yes >= no for yes, no in zip(kept, dropped, strict=True)]
    refused = [any(vouched) and no > 0 and not yes for yes, no in zip(kept, dropped, strict=True)]
    largest = max(size for size, out in zip(sizes, refused, strict=True) if not out)
    for place, size in enumerate(sizes):
        if not vouched[place] and (refused[place] or size < largest):
            meant[one.senses[place]] = size / max(size + largest, 1)
    return meant


def _halves(looks: Directions, least: int) -> Sequence[NDArray[np.int64]] | None:
    """The two senses of these pictures; None when they have but one. Two means, from the two that are farthest."""
    if len(looks) < 2 * least:
        return None
    first = int(np.argmin(looks @ looks.mean(axis=0)))
    middles = looks[[first, int(np.argmin(looks @ looks[first]))]]
    for _ in range(20):
        second = (looks @ middles.T).argmax(axis=1).astype(bool)
        if min(second.sum(), (~second).sum()) < least:
            return None
        sums = np.stack([looks[~second].sum(axis=0), looks[second].sum(axis=0)])
        middles = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    halves = (np.flatnonzero(~second), np.flatnonzero(second))
    coherent = all(np.median(_apart(looks[half], np.ones(len(half)))) >= _COHERENT for half in halves)
    return halves if coherent and float(middles[0] @ middles[1]) <= _APART else None
