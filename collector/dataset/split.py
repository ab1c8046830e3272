"""train, val and test without leaks: what looks the same or stood on one page stays together. Pure and deterministic.

A picture keeps the split it was given first, so earlier results stay comparable as the set grows.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from collector.dataset import near

_PART: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,30})(?:\s*=\s*([0-9]*\.?[0-9]+)(%?))?")


@dataclass(frozen=True, slots=True)
class Scheme:
    """The splits and their sizes: shares below 1, or pictures a class from 1 on; one may take the rest."""

    sizes: tuple[tuple[str, float], ...]
    """(name, size) in order; a size of 0 is the rest."""
    salt: str = ""

    @property
    def name(self) -> str:
        """What the ledger knows it by."""
        return ",".join(f"{name}={size:g}" for name, size in self.sizes) + (f" {self.salt}" if self.salt else "")

    def targets(self, count: int) -> dict[str, float]:
        """Pictures that each split should have of a class with so many."""
        fixed = {name: min(size, count) if size >= 1 else size * count for name, size in self.sizes if size}
        rest = [name for name, size in self.sizes if not size]
        left = max(0.0, count - sum(fixed.values()))
        return {name: fixed.get(name, left / max(1, len(rest))) for name, _ in self.sizes}


def parse_scheme(text: str, salt: str = "") -> Scheme:
    """`train=0.8,val=0.1,test=0.1`, `train,val=100,test=100` (pictures a class) or `80%,...`. ValueError: one line."""
    sizes: list[tuple[str, float]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no split; write name=0.8, name=80% or name=100")
        size = float(match[2] or 0) / (100 if match[3] else 1)
        if match[2] and (size == 0 or (size >= 1 and size != int(size))):
            raise ValueError(f"{part!r}: a share below 1, or a whole number of pictures a class")
        sizes.append((match[1], size))
    names = [name for name, _ in sizes]
    if len(names) < 2 or len(set(names)) != len(names):
        raise ValueError("give two splits or more, each once, such as train=0.8,val=0.1,test=0.1")
    shares = sum(size for _, size in sizes if size < 1)
    rest = sum(not size for _, size in sizes)
    if rest > 1 or shares > 1.000001 or (not rest and all(size < 1 for _, size in sizes) and shares < 0.999999):
        raise ValueError(f"the shares of {text!r} must add up to 1, or one split without a size takes the rest")
    if not rest and any(size >= 1 for _, size in sizes):
        raise ValueError(f"{text!r} has numbers of pictures; one split without a size must take the rest")
    return Scheme(tuple(sizes), salt)


class Member(NamedTuple):
    """A picture as far as it matters here: there may be a million."""

    id: int
    sha256: str
    label: str
    page: str
    """Address of the page that showed it."""


def clusters(items: Sequence[Member], alike: Iterable[Sequence[int]]) -> list[tuple[Member, ...]]:
    """Pictures that must not be torn apart: near-duplicates (`alike`: their ids), and all from one landing page."""
    places = {item.id: place for place, item in enumerate(items)}
    together = [[places[number] for number in numbers if number in places] for numbers in alike]
    pages: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if item.page:
            pages[item.page.partition("#")[0]].append(place)
    pairs = [(numbers[0], other) for numbers in (*together, *pages.values()) for other in numbers[1:]]
    found = near.groups(len(items), [np.array(pairs, dtype=np.int64)] if pairs else [])
    grouped = {place for members in found for place in members}
    alone = ([place] for place in range(len(items)) if place not in grouped)
    return [tuple(items[place] for place in members) for members in sorted((*found, *alone))]


def assign(together: Sequence[tuple[Member, ...]], earlier: Mapping[str, str], scheme: Scheme) -> dict[str, str]:
    """sha256 -> split. Stratified by label; a cluster with a member that has a split follows its oldest one.

    New clusters are dealt, the largest first and then in the order of a salted hash, to the split that their most
    frequent label still lacks most.
    """
    totals = Counter(item.label for members in together for item in members)
    apart = Counter(label for members in together for label in {item.label for item in members})
    lacking = {label: _wanted(scheme, count, apart[label]) for label, count in totals.items()}
    names = [name for name, _ in scheme.sizes]
    given: dict[str, str] = {}

    def give(members: tuple[Member, ...], split: str) -> None:
        for item in members:
            given[item.sha256] = split
            lacking[item.label][split] -= 1

    fresh: list[tuple[Member, ...]] = []
    for members in together:
        known = [earlier[item.sha256] for item in sorted(members, key=lambda item: item.id) if item.sha256 in earlier]
        if known and known[0] in names:
            give(members, known[0])
        else:
            fresh.append(members)
    for members in sorted(fresh, key=lambda members: (-len(members), _dealt(members, scheme.salt))):
        label = Counter(item.label for item in members).most_common(1)[0][0]
        give(members, max(names, key=lambda name: (lacking[label][name], -names.index(name))))
    return given


def _wanted(scheme: Scheme, count: int, apart: int) -> dict[str, float]:
    """Pictures that each split should have of a class: one at least where it has enough that can stand apart.

    Loaders number classes by the folders they find, so a class should be missing in no split.
    """
    targets = scheme.targets(count)
    if apart < len(targets):
        return targets
    raised = {name: max(1.0, target) for name, target in targets.items()}
    largest = max(raised, key=lambda name: raised[name])
    raised[largest] -= sum(raised.values()) - count
    return raised


@dataclass(frozen=True, slots=True)
class Leaks:
    """What a random split of single pictures would have done."""

    clusters: int
    """Clusters of two and more pictures."""
    torn: int
    """Of these, how many would have had pictures in two splits."""
    pictures: int
    """Pictures outside the first split with a twin in the first."""


def leaks(together: Sequence[tuple[Member, ...]], scheme: Scheme) -> Leaks:
    """By a salted hash of each picture alone, in the scheme's shares."""
    total = sum(len(members) for members in together)
    targets = scheme.targets(max(1, total))
    many = [members for members in together if len(members) > 1]
    torn = pictures = 0
    for members in many:
        splits = Counter(_alone(item, scheme, targets) for item in members)
        torn += len(splits) > 1
        first = scheme.sizes[0][0]
        pictures += sum(count for name, count in splits.items() if name != first) if first in splits else 0
    return Leaks(len(many), torn, pictures)


def _alone(item: Member, scheme: Scheme, targets: Mapping[str, float]) -> str:
    place = _dealt((item,), f"{scheme.salt} alone") / 2**64 * sum(targets.values())
    for name, _ in scheme.sizes:
        place -= targets[name]
        if place < 0:
            return name
    return scheme.sizes[-1][0]


def _dealt(members: Sequence[Member], salt: str) -> int:
    """A number that looks random and is the same on every machine."""
    key = min(item.sha256 for item in members)
    return int.from_bytes(hashlib.sha256(f"{salt}\0{key}".encode()).digest()[:8], "big")
