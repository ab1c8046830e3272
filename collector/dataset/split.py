"""train, val and test without leaks: what looks the same or stood on one page stays together. Pure and deterministic.

A picture keeps the split it was given first, so earlier results stay comparable as the set grows.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.dataset import near
from collector.dataset.dedupe import places_of
from collector.ledger.splits import Members

Given = NDArray[np.int8]

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
            raise ValueError(f"{part!r} is not a split; write name=0.8, name=80% or name=100")
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


def clusters(members: Members, alike: Iterable[near.Numbers]) -> Clusters:
    """Pictures that must not be torn apart: near-duplicates (`alike`: arrays as of `near_ids`), and all of one page."""
    pairs = (places_of(members.ids, block) for block in alike)
    first = near.components(len(members), chain(pairs, [_neighbours(members.pages)]))
    tops, of = np.unique(first, return_inverse=True)
    order = np.argsort(of, kind="stable")
    return Clusters(members, of, order, np.searchsorted(of[order], np.arange(len(tops) + 1)))


@dataclass(frozen=True, slots=True)
class Clusters:
    """Numbered by their oldest members."""

    members: Members
    of: near.Numbers
    """(pictures,): the number of each one's cluster."""
    order: near.Numbers
    """(pictures,): places of the members, cluster by cluster, the oldest first."""
    starts: near.Numbers
    """(clusters + 1,): where each one begins in `order`."""

    @property
    def sizes(self) -> near.Numbers:
        """(clusters,): pictures of each."""
        return np.diff(self.starts)

    def places(self, cluster: int) -> list[int]:
        """The members of one."""
        found: list[int] = self.order[self.starts[cluster] : self.starts[cluster + 1]].tolist()
        return found


def _neighbours(pages: near.Numbers) -> near.Numbers:
    """Pairs of places with the same page, each with the next one; 0 is no page."""
    order = np.argsort(pages, kind="stable")
    same = np.flatnonzero((pages[order[1:]] == pages[order[:-1]]) & (pages[order[1:]] != 0))
    return np.stack([order[same], order[same + 1]], axis=1).astype(np.int64)


def assign(together: Clusters, scheme: Scheme) -> Given:
    """(pictures,): the number of each one's split. Stratified by label; a cluster of which members have a split follows
    the oldest of them.

    New clusters are dealt, the largest first and then in the order of a salted hash, to the split that their most
    frequent label still lacks most.
    """
    members, of = together.members, together.of
    lacking = _lacking(together, scheme)
    split = np.full(len(together.sizes), -1, dtype=np.int8)
    known, oldest = np.unique(of[members.given >= 0], return_index=True)
    split[known] = members.given[members.given >= 0][oldest]
    settled = split[of] >= 0
    np.subtract.at(lacking, (members.labels[settled], split[of[settled]]), 1)
    left = lacking.tolist()
    for cluster in _dealt_clusters(together, np.flatnonzero(split < 0), scheme.salt):
        labels = members.labels[together.places(cluster)].tolist()
        label = labels[0] if len(labels) == 1 else Counter(labels).most_common(1)[0][0]
        own = left[label]
        chosen = own.index(max(own))  # The first of those that lack as much.
        split[cluster] = chosen
        for one in labels:
            left[one][chosen] -= 1
    given: Given = split[of]
    return given


def _lacking(together: Clusters, scheme: Scheme) -> NDArray[np.float64]:
    """(labels, splits): pictures that each split should have of each class."""
    labels, count = together.members.labels, len(together.members.names)
    totals = np.bincount(labels, minlength=count)
    apart = np.bincount(np.unique(together.of * count + labels) % count, minlength=count)
    wanted = (_wanted(scheme, *both) for both in zip(totals.tolist(), apart.tolist(), strict=True))
    return np.array([list(one.values()) for one in wanted], dtype=np.float64).reshape(count, len(scheme.sizes))


def _dealt_clusters(together: Clusters, clusters: near.Numbers, salt: str) -> list[int]:
    """In the order in which they are dealt."""
    dealt = np.fromiter(
        (_dealt(min(map(together.members.sha256, together.places(one))), salt) for one in clusters.tolist()), np.uint64
    )
    found: list[int] = clusters[np.lexsort((dealt, -together.sizes[clusters]))].tolist()
    return found


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


def leaks(together: Clusters, scheme: Scheme) -> Leaks:
    """By a salted hash of each picture alone, in the scheme's shares."""
    members = together.members
    targets = list(scheme.targets(max(1, len(members))).values())
    many = np.flatnonzero(together.sizes > 1)
    torn = pictures = 0
    edges = np.cumsum(targets)
    for cluster in many.tolist():
        dealt = [_dealt(members.sha256(place), f"{scheme.salt} alone") for place in together.places(cluster)]
        place = np.array(dealt, dtype=np.float64) / 2**64 * edges[-1]
        splits = np.searchsorted(edges[:-1], place, side="right")
        torn += int(splits.min() != splits.max())
        inside = int((splits == 0).sum())
        pictures += len(splits) - inside if inside else 0
    return Leaks(len(many), torn, pictures)


def _dealt(sha256: str, salt: str) -> int:
    """A number that looks random and is the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{salt}\0{sha256}".encode()).digest()[:8], "big")
