"""Pictures of no use to anybody: placeholders, empty surfaces, odd shapes, small ones. Pure; opens no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.ledger import Row
from collector.model import Verdict

REASONS = ("set.placeholder", "set.empty", "set.aspect", "set.small", "set.synthetic")


@dataclass(frozen=True, slots=True)
class Sightings:
    """Where the very bytes of a picture were found, duplicates included."""

    urls: int
    hosts: int
    keywords: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still of use; 0 switches a rule off."""

    hosts: int = 4
    keywords: int = 3
    """One picture from so many hosts for so many keywords is a placeholder: no picture shows so many things at once."""
    min_detail: int = 2
    """PDQ quality below which a picture counts as empty; white paper has 0, a product on white 20 and more."""
    max_aspect: float = 8.0
    """Long side by short side."""
    min_side: int = 32
    """Pixels of the short side."""
    synthetic: bool = True
    """Whether pictures may stay that say a machine made them."""


def judge(
    items: Iterable[Row],
    qualities: Mapping[int, int],
    seen: Mapping[str, Sightings],
    limits: Limits,
    made: Mapping[str, str] | None = None,
) -> list[Verdict]:
    """One verdict at most for each picture, by the first rule that it breaks.

    `qualities`: id -> how much its hash says, 0 to 100; `made`: sha256 -> how a machine made it, as its bytes say.
    """
    made = {} if limits.synthetic or made is None else made
    found = (
        (item, _fault(item, qualities.get(item.id), seen.get(item.sha256), limits) or _made(made.get(item.sha256)))
        for item in items
    )
    return [Verdict(item.sha256, item.label, *fault) for item, fault in found if fault is not None]


def _fault(item: Row, quality: int | None, seen: Sightings | None, limits: Limits) -> tuple[str, str] | None:
    """(reason, detail)."""
    if limits.hosts and seen and seen.hosts >= limits.hosts and seen.keywords >= limits.keywords:
        return "set.placeholder", f"at {seen.urls} addresses of {seen.hosts} hosts, for {seen.keywords} keywords"
    if quality is not None and quality < limits.min_detail:
        return "set.empty", f"quality {quality} of 100"
    long, short = max(item.width, item.height), min(item.width, item.height)
    if limits.max_aspect and long > limits.max_aspect * short:
        return "set.aspect", f"{item.width} x {item.height}"
    if short < limits.min_side:
        return "set.small", f"{item.width} x {item.height}"
    return None


def _made(how: str | None) -> tuple[str, str] | None:
    return None if how is None else ("set.synthetic", how)
