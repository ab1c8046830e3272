"""Scores of pictures by cleanvision: blurry, dark, light, low information, odd shape; and odd sizes. Keeps nothing.

cleanvision (Apache-2.0, github.com/cleanlab/cleanvision) is an extra, imported only in processes of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from math import log2
from pathlib import Path

from collector.errors import missing

SIDE = 512
"""Pixels of the long side at which pictures are judged: its blur score looks at 64, the others hardly change."""
BATCH = 32
"""Pictures that cleanvision is given at once."""
_FENCES = 3.0
"""Interquartile ranges beyond which a size is odd (Tukey's outer fences)."""
_LEAST_RANGE = 0.25
"""Of log2 of the side: a set of nearly one size must not take trifles for odd."""
MEASURED = ("blurry", "dark", "light", "low_information", "odd_aspect_ratio")
"""What is measured of each picture alone, as cleanvision calls it."""

Scores = dict[str, float]
"""Issue -> score from 0, bad, to 1, good."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores below which a picture is flagged; 0 switches an issue off. cleanvision's own, but for the size."""

    blurry: float = 0.29
    dark: float = 0.32
    light: float = 0.05
    low_information: float = 0.3
    odd_aspect_ratio: float = 0.35
    odd_size: float = 0.5
    """0.5 are the outer fences of the sizes of the set."""

    def pairs(self) -> list[tuple[str, float]]:
        """(issue, threshold) of all of them."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


def require() -> None:
    """UsageError when cleanvision is not installed."""
    if find_spec("cleanvision") is None:
        raise missing("cleanvision", "this", "quality")


def scored(paths: tuple[Path, ...]) -> list[Scores]:
    """The scores of a few pictures, in their order. Unusable when one of them cannot be decoded."""
    os.environ["TQDM_DISABLE"] = "1"  # Its progress bars are not ours.
    from cleanvision import Imagelab

    from collector.images.pixels import small

    pictures = [(small(path, SIDE),) for path in paths]
    lab = Imagelab(torchvision_dataset=pictures, verbose=False)  # Anything that is indexed and holds pictures.
    lab.find_issues({issue: {} for issue in MEASURED}, n_jobs=1, verbose=False)
    scores = {issue: lab.issues[f"{issue}_score"].tolist() for issue in MEASURED}
    return [{issue: float(scores[issue][n]) for issue in MEASURED} for n in range(len(pictures))]


def size_scores(sizes: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, float]]:
    """(sha256, score) of (sha256, width, height) of a whole set: how far log2(sqrt(width * height)) is from the middle.

    1 in the middle of Tukey's outer fences, 0.5 at a fence, 0 as far again outside. Fewer than four have no odd ones.
    """
    sides = [log2(max(1, width * height)) / 2 for _, width, height in sizes]
    if len(sides) < 4:
        yield from ((sha256, 1.0) for sha256, _, _ in sizes)
        return
    ordered = sorted(sides)
    low, high = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    reach = _FENCES * max(high - low, _LEAST_RANGE)
    middle, whole = (low + high) / 2, (high - low) + 2 * reach
    for (sha256, _, _), side in zip(sizes, sides, strict=True):
        yield sha256, max(0.0, 1.0 - abs(side - middle) / whole)


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
