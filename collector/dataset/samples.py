"""What an export is made of: which pictures, in which form and split, and in which order. Pure; opens no file."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from struct import unpack
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.dataset.classes import ordered
from collector.images.form import AS_IS, Form
from collector.ledger.candidates import Candidate, Item
from collector.ledger.names import Named, Names

_CHUNK: Final = 20_000
"""Pictures that are read at a time."""
_COLUMNS: Final = np.dtype(
    [("id", "i8"), ("own", "i4"), ("kind", "i4"), ("part", "i1"), ("unsplit", "?"), ("rank", "i8"), ("dealt", "u8"),
     ("dealt_then", "u8"), ("exif", "?")]
)  # fmt: skip
Chosen = NDArray[Any]
"""(n,) of `_COLUMNS`."""
Read = Callable[[Sequence[int]], Iterable[Item]]
"""What is known of the pictures with these `Row.id`, in any order."""


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


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One picture of an export, before its bytes are made."""

    item: Item
    labels: tuple[str, ...]
    """Its own class first, then further ones."""
    split: str
    """"" when the set is not split."""
    key: str
    """Its name without an extension, without a dot: 32 hex digits, the same in every export, or by a template."""


class EncodedSample(msgspec.Struct, frozen=True, gc=False):
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


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The pictures of an export in their order, as columns: each is read as its turn comes, and none is held."""

    ids: NDArray[np.int64]
    """(n,): `Row.id`."""
    kinds: NDArray[np.int32]
    """(n,): places in `labels`."""
    parts: NDArray[np.int8]
    """(n,): places in `splits`."""
    labels: tuple[tuple[str, ...], ...]
    """The classes that pictures have together."""
    splits: tuple[str, ...]
    read: Read
    names: Names | None = None
    """How files are called; None: by their bytes."""

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Sample]:
        for start in range(0, len(self), _CHUNK):
            yield from self._some(slice(start, start + _CHUNK))

    def _some(self, some: slice) -> Iterator[Sample]:
        ids, kinds, parts = (column[some].tolist() for column in (self.ids, self.kinds, self.parts))
        items = {item.id: item for item in self.read(ids)}
        for id, kind, part in zip(ids, kinds, parts, strict=True):
            item = items.pop(id)
            key = self.names.stem(Named.of(item, item.sha256)) if self.names else ""
            yield Sample(item, self.labels[kind], self.splits[part], key or item.sha256[:32])

    def counts(self) -> Counter[tuple[str, str]]:
        """(split, class) -> pictures; by their own class."""
        places, counts = np.unique(self.parts * np.int64(len(self.labels)) + self.kinds, return_counts=True)
        found: Counter[tuple[str, str]] = Counter()
        for place, count in zip(places.tolist(), counts.tolist(), strict=True):
            part, kind = divmod(place, len(self.labels))
            found[self.splits[part], self.labels[kind][0]] += count
        return found


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """An export as a whole."""

    name: str
    samples: Samples
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
    """Drawings of the practice web, of nothing real."""
    exif: bool = False
    """Whether tables have columns of when and where pictures were taken: when the set knows it of any."""
    unsplit: int = 0
    """Pictures that were given no split; they count to the first one."""

    def number(self, label: str) -> int:
        """The number of a class, in every format."""
        return self.numbers[label]

    def counts(self) -> Counter[tuple[str, str]]:
        """(split, class) -> pictures; by their own class."""
        return self.samples.counts()


def plan(
    name: str,
    candidates: Iterable[Candidate],
    read: Read,
    *,
    further: Mapping[str, tuple[str, ...]],
    order: Sequence[str] = ("",),
    scheme: str = "",
    form: Form = AS_IS,
    choice: Choice = Choice(),
    numbers: Mapping[str, int] | None = None,
    names: Names | None = None,
) -> ExportPlan:
    """What is exported of the candidates, which are looked at once; `read` gives the items of those that are taken.

    `further`: sha256 -> more classes of a picture; `order`: the splits; `numbers`: class -> the number it was given
    once; `names`: how files are called, None by their bytes. The order of the samples depends on nothing but the
    pictures themselves.
    """
    left: Counter[str] = Counter()
    chosen, kinds = _columns(candidates, choice, further, order, left)
    if choice.skip_small:
        kept = _in_every_split(chosen, len(kinds), len(order))
        left["of a class too small for every split"] += len(chosen) - int(kept.sum())
        chosen = chosen[kept]
    if choice.max_per_class:
        kept = _best(chosen, len(order), choice.max_per_class)
        left["over the most per class"] += len(chosen) - int(kept.sum())
        chosen = chosen[kept]
    chosen = chosen[np.lexsort((chosen["dealt_then"], chosen["dealt"], chosen["part"]))]
    ids, own, parts = (np.array(chosen[name]) for name in ("id", "kind", "part"))  # Copies: the rest is not held.
    samples = Samples(ids, own, parts, kinds, tuple(order), read, names)
    classes = ordered({label for kind in np.unique(samples.kinds) for label in samples.labels[kind]}, numbers or {})
    places = {label: place for place, label in enumerate(classes)}
    reasons = {reason: count for reason, count in left.items() if count}
    exif, unsplit = bool(chosen["exif"].any()), int(chosen["unsplit"].sum())
    return ExportPlan(
        name, samples, classes, tuple(order), form, choice, scheme, reasons, places, exif=exif, unsplit=unsplit
    )


def _columns(
    candidates: Iterable[Candidate],
    choice: Choice,
    further: Mapping[str, tuple[str, ...]],
    order: Sequence[str],
    left: Counter[str],
) -> tuple[Chosen, tuple[tuple[str, ...], ...]]:
    """Those that the choice takes, and the classes that pictures have together; the others are counted in `left`."""
    kinds: dict[tuple[str, ...], int] = {}
    parts = {split: place for place, split in enumerate(order)}

    def rows() -> Iterator[tuple[object, ...]]:
        for one in candidates:
            if why := one.left_out or _unfit(one, choice):
                left[why] += 1
                continue
            own = kind = kinds.setdefault((one.label,), len(kinds))
            if one.sha256 in further:
                labels = (one.label, *(label for label in further[one.sha256] if label != one.label))
                kind = kinds.setdefault(labels, len(kinds))
            part = parts.get(one.split or "", -1)
            yield (one.id, own, kind, max(part, 0), part < 0, one.rank, *_dealt(one.sha256), one.exif)

    return np.fromiter(rows(), _COLUMNS), tuple(kinds)


def _dealt(sha256: str) -> tuple[int, int]:
    """Looks random and never changes: neighbours in an export have nothing in common."""
    first, then, _, _ = unpack(">4Q", hashlib.sha256(f"order {sha256}".encode()).digest())
    return first, then


def _unfit(one: Candidate, choice: Choice) -> str:
    """Why the choice does not take it, "" when it does."""
    if choice.reviewed and not one.kept:
        return "not reviewed"
    if choice.min_side and one.side < choice.min_side:
        return "smaller than asked"
    if choice.licences and not any(name in _licence_text(one) for name in choice.licences):
        return "another licence, or an unknown one"
    return ""


def _licence_text(one: Candidate) -> str:
    """All that is known of its licence, in lower case, for comparing."""
    rights = " ".join(text for name, text in json.loads(one.rights or "[]") if name in ("licence", "terms"))
    return f"{one.licence} {one.notice} {dict(json.loads(one.fields or '[]')).get('license', '')} {rights}".lower()


def _in_every_split(chosen: Chosen, kinds: int, splits: int) -> NDArray[np.bool_]:
    """(n,): whether its class has a picture in each."""
    there = np.zeros((kinds, splits), np.bool_)
    there[chosen["own"], chosen["part"]] = True
    kept: NDArray[np.bool_] = np.all(there, axis=1)[chosen["own"]]
    return kept


def _best(chosen: Chosen, splits: int, most: int) -> NDArray[np.bool_]:
    """(n,): the best ranks of each class, the best of each split before all others: no class goes missing in one."""
    ranked = np.lexsort((chosen["id"], chosen["rank"]))
    own, part = chosen["own"][ranked], chosen["part"][ranked]
    behind = np.ones(len(chosen), np.bool_)
    behind[np.unique(own * np.int64(splits) + part, return_index=True)[1]] = False
    order = np.lexsort((behind, own))
    place = np.arange(len(chosen)) - np.searchsorted(own[order], own[order])
    kept = np.zeros(len(chosen), np.bool_)
    kept[ranked[order[place < most]]] = True
    return kept
