"""What an export is made of: which pictures, in which form and split, and in which order. Pure; opens no file."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from collector.dataset.classes import ordered
from collector.images.form import AS_IS, Form
from collector.ledger import Row
from collector.ledger.names import Named, Names


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
    skip_small: bool = False
    """Leave classes out that have no picture in one of the splits."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of an export, before its bytes are made."""

    item: Row
    labels: tuple[str, ...]
    """Its own class first, then further ones."""
    split: str
    """"" when the set is not split."""
    name: str | None = None
    """What the user's template calls it; None without one."""

    @property
    def key(self) -> str:
        """Its name without an extension, without a dot: 32 hex digits, the same in every export, or by a template."""
        return self.name or self.item.sha256[:32]


@dataclass(frozen=True, slots=True)
class EncodedSample:
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
class ExportPlan:
    """An export as a whole."""

    name: str
    samples: tuple[Sample, ...]
    """In the order in which they are written: by split, then as the salt deals them."""
    classes: tuple[str, ...]
    """In the order of their numbers."""
    splits: tuple[str, ...]
    """In the scheme's order; ("",) when the set is not split."""
    form: Form = AS_IS
    choice: Choice = Choice()
    scheme: str = ""
    left: Mapping[str, int] = field(default_factory=dict)
    """Why -> how many pictures of the folder are not in it."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """Class -> its place in `classes`."""
    purity: str | None = None
    """How many pictures of the set show their class, in words; None while nobody looked."""
    practice: bool = False
    exif: bool = False
    """Whether tables have columns of when and where pictures were taken: when the set knows it of any."""
    """Drawings of the practice web, of nothing real."""

    def number(self, label: str) -> int:
        """The number of a class, in every format."""
        return self.numbers[label]

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
    numbers: Mapping[str, int] | None = None,
    names: Names | None = None,
) -> ExportPlan:
    """The samples of an export.

    `out`: (sha256, label) -> why it is left out; `further`: more classes of a picture; `kept`: those that a person
    said to keep; `splits`: sha256 -> split, of which `order` names all; `numbers`: class -> the number it was given
    once; `names`: how files are called, None by their bytes. The order of the samples depends on
    nothing but the pictures themselves.
    """
    left: Counter[str] = Counter()
    chosen: list[Row] = []
    for item in items:
        why = out.get((item.sha256, item.label)) or _unfit(item, choice, kept)
        if why:
            left[why] += 1
        else:
            chosen.append(item)
    if choice.skip_small:
        chosen, dropped = _in_every_split(chosen, splits, order)
        left["of a class too small for every split"] += dropped
    if choice.max_per_class:
        chosen, dropped = _best(chosen, splits, order, choice.max_per_class)
        left["over the most per class"] += dropped
    alone: dict[str, tuple[str, ...]] = {}  # One tuple for all pictures of a class: there may be a million.
    samples = []
    for item in chosen:
        labels = alone.setdefault(item.label, (item.label,))
        if item.sha256 in further:
            labels = (*labels, *(label for label in further[item.sha256] if label != item.label))
        called = names.stem(Named.of(item, item.sha256)) if names is not None else None
        samples.append(Sample(item, labels, splits.get(item.sha256, order[0]), called))
    samples.sort(key=lambda sample: (order.index(sample.split), dealt(sample)))
    classes = ordered({label for sample in samples for label in sample.labels}, numbers or {})
    places = {label: place for place, label in enumerate(classes)}
    reasons = {reason: count for reason, count in left.items() if count}
    exif = any(item.taken or item.place for item in chosen)
    return ExportPlan(name, tuple(samples), classes, tuple(order), form, choice, scheme, reasons, places, exif=exif)


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


def _in_every_split(items: list[Row], splits: Mapping[str, str], order: Sequence[str]) -> tuple[list[Row], int]:
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        found[item.label].add(splits.get(item.sha256, order[0]))
    kept = [item for item in items if len(found[item.label]) == len(order)]
    return kept, len(items) - len(kept)


def _best(items: list[Row], splits: Mapping[str, str], order: Sequence[str], most: int) -> tuple[list[Row], int]:
    """The best ranks of each class, the best of each split before all others: no class goes missing in one."""
    ranked = sorted(items, key=lambda item: (item.rank, item.id))
    first: dict[tuple[str, str], int] = {}
    for item in ranked:
        first.setdefault((item.label, splits.get(item.sha256, order[0])), item.id)
    ahead = set(first.values())
    taken: Counter[str] = Counter()
    kept = []
    for item in sorted(ranked, key=lambda item: item.id not in ahead):
        taken[item.label] += 1
        if taken[item.label] <= most:
            kept.append(item)
    return sorted(kept, key=lambda item: item.id), len(items) - len(kept)
