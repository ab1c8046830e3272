"""What an export is made of: pictures in their order, each with its classes and split. Pure; opens no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from collector.images.form import AS_IS, Form
from collector.ledger.candidates import Item
from collector.ledger.names import Named, Names

_CHUNK: Final = 20_000
"""Pictures that are read at a time."""
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


EVERY: Final = Choice()
"""Takes every picture."""


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
    choice: Choice = EVERY
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
