"""What an export is made of: which pictures, in which form and split, and in which order. Pure; opens no file."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from collector.images.form import AS_IS, Form
from collector.ledger import Row


@dataclass(frozen=True, slots=True)
class Choice:
    """Which pictures are taken."""

    licences: tuple[str, ...] = ()
    """Parts of a licence's address or name, lower case (by-sa, publicdomain); empty takes all, unknown ones too."""
    min_side: int = 0
    max_per_class: int = 0
    """The best ranks of each class; 0 is all."""
    reviewed: bool = False
    """Only those that a person said to keep."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of an export, before its bytes are made."""

    item: Row
    labels: tuple[str, ...]
    """Its own class first, then further ones."""
    split: str
    """"" when the set is not split."""

    @property
    def key(self) -> str:
        """Its name without an extension: 32 hex digits, no dot, the same in every export."""
        return self.item.sha256[:32]


@dataclass(frozen=True, slots=True)
class Written:
    """A sample with the bytes that are exported."""

    sample: Sample
    body: bytes
    extension: str
    """Without the dot."""
    width: int
    height: int
    """Pixels, upright."""
    sha256: str
    """Of the body."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An export as a whole."""

    name: str
    samples: tuple[Sample, ...]
    """In the order in which they are written: by split, then as the salt deals them."""
    classes: tuple[str, ...]
    """Sorted; the place is the class's number."""
    splits: tuple[str, ...]
    """In the scheme's order; ("",) when the set is not split."""
    form: Form = AS_IS
    choice: Choice = Choice()
    scheme: str = ""
    left: Mapping[str, int] = field(default_factory=dict)
    """Why -> how many pictures of the folder are not in it."""

    def number(self, label: str) -> int:
        """The place of a class among all."""
        return bisect_left(self.classes, label)

    def counts(self) -> Counter[tuple[str, str]]:
        """(split, class) -> pictures; by their own class."""
        return Counter((sample.split, sample.labels[0]) for sample in self.samples)


def plan(
    name: str,
    items: Iterable[Row],
    *,
    out: Mapping[tuple[str, str], str],
    further: Mapping[str, tuple[str, ...]],
    kept: frozenset[tuple[str, str]],
    splits: Mapping[str, str],
    order: Sequence[str] = ("",),
    scheme: str = "",
    form: Form = AS_IS,
    choice: Choice = Choice(),
) -> Plan:
    """The samples of an export.

    `out`: (sha256, label) -> why it is left out; `further`: more classes of a picture; `kept`: those that a person
    said to keep; `splits`: sha256 -> split, of which `order` names all. The order of the samples depends on nothing
    but the pictures themselves.
    """
    left: Counter[str] = Counter()
    chosen: list[Row] = []
    for item in items:
        why = out.get((item.sha256, item.label)) or _unfit(item, choice, kept)
        if why:
            left[why] += 1
        else:
            chosen.append(item)
    if choice.max_per_class:
        chosen, dropped = _best(chosen, choice.max_per_class)
        left["over the most per class"] += dropped
    alone: dict[str, tuple[str, ...]] = {}  # One tuple for all pictures of a class: there may be a million.
    samples = []
    for item in chosen:
        labels = alone.setdefault(item.label, (item.label,))
        if item.sha256 in further:
            labels = (*labels, *(label for label in further[item.sha256] if label != item.label))
        samples.append(Sample(item, labels, splits.get(item.sha256, order[0])))
    samples.sort(key=lambda sample: (order.index(sample.split), dealt(sample)))
    classes = tuple(sorted({label for sample in samples for label in sample.labels}))
    return Plan(name, tuple(samples), classes, tuple(order), form, choice, scheme, {k: v for k, v in left.items() if v})


def dealt(sample: Sample) -> bytes:
    """Looks random and never changes: neighbours in an export have nothing in common."""
    return hashlib.sha256(f"order {sample.item.sha256}".encode()).digest()


def _unfit(item: Row, choice: Choice, kept: frozenset[tuple[str, str]]) -> str:
    """Why the choice does not take it, "" when it does."""
    if choice.reviewed and (item.sha256, item.label) not in kept:
        return "not reviewed"
    if choice.min_side and min(item.width, item.height) < choice.min_side:
        return "smaller than asked"
    if choice.licences and not any(name in licence_text(item) for name in choice.licences):
        return "another licence, or an unknown one"
    return ""


def licence_text(item: Row) -> str:
    """All that is known of its licence, in lower case, for comparing."""
    rights = " ".join(text for name, text in item.rights if name in ("licence", "terms"))
    return f"{item.licence.url} {item.licence.notice} {dict(item.fields).get('license', '')} {rights}".lower()


def _best(items: list[Row], most: int) -> tuple[list[Row], int]:
    taken: Counter[str] = Counter()
    kept = []
    for item in sorted(items, key=lambda item: (item.rank, item.id)):
        taken[item.label] += 1
        if taken[item.label] <= most:
            kept.append(item)
    return sorted(kept, key=lambda item: item.id), len(items) - len(kept)
