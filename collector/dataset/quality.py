"""Scores of pictures by cleanvision: blurry, dark, light, low information, odd shape; and odd sizes. Keeps nothing.

cleanvision (Apache-2.0, github.com/cleanlab/cleanvision) is an extra, imported only in processes of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from itertools import islice
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import Future

SIDE = 512
"""Pixels of the long side at which pictures are judged: its blur score looks at 64, the others hardly change."""
_BATCH = 32
_AHEAD = 3
_FENCES = 3.0
"""Interquartile ranges beyond which a size is odd (Tukey's outer fences)."""
_LEAST_RANGE = 0.25
"""Of log2 of the side: a set of nearly one size must not take trifles for odd."""
MEASURED = ("blurry", "dark", "light", "low_information", "odd_aspect_ratio")
"""What is measured of each picture alone, as cleanvision calls it."""

Found = tuple[str, Mapping[str, float] | str]
"""(sha256, issue -> score from 0, bad, to 1, good; or what is wrong with the file)."""


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
        raise UsageError("the audit needs cleanvision, which is not installed: pip install 'collector[audit]'")


def score_files(files: Iterable[tuple[str, Path]], processes: int) -> Iterator[Found]:
    """The scores of each (sha256, path), in their order, from other processes."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    source = iter(files)
    batches: Iterator[list[tuple[str, Path]]] = iter(lambda: list(islice(source, _BATCH)), [])
    first = next(batches, None)
    if first is None:
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        running: list[Future[list[Found]]] = [pool.submit(_scored, first)]
        try:
            for batch in batches:
                running.append(pool.submit(_scored, batch))
                if len(running) >= processes * _AHEAD:
                    yield from running.pop(0).result()
            while running:
                yield from running.pop(0).result()
        finally:
            for future in running:
                future.cancel()


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


# --------------------------------------------------------------------------- in the other processes


def _quiet() -> None:
    """Its progress bars are not ours, and what it says of versions and fonts is nobody's business here."""
    os.environ["TQDM_DISABLE"] = "1"
    import warnings

    warnings.simplefilter("ignore")


def _scored(batch: list[tuple[str, Path]]) -> list[Found]:
    from cleanvision import Imagelab

    from collector.images.pixels import Unreadable, small

    found: list[Found] = []
    pictures, names = [], []
    for sha256, path in batch:
        try:
            pictures.append((small(path, SIDE),))
            names.append(sha256)
        except Unreadable as trouble:
            found.append((sha256, str(trouble)))
    if pictures:
        lab = Imagelab(torchvision_dataset=pictures, verbose=False)  # Anything that is indexed and holds pictures.
        lab.find_issues({issue: {} for issue in MEASURED}, n_jobs=1, verbose=False)
        scores = {issue: lab.issues[f"{issue}_score"].tolist() for issue in MEASURED}
        found += [(sha256, {issue: float(scores[issue][n]) for issue in MEASURED}) for n, sha256 in enumerate(names)]
    return found
