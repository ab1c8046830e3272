"""Finds pictures that are made of others, and keeps the pairs: candidates by embeddings, proof by matching points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.dataset import embeddings
from collector.images.embed import Embedder, directions
from collector.images.processes import FileTrouble, map_files
from collector.images.same_scene import FIRST, OTHER, compared
from collector.ledger import Ledger
from collector.ledger.layout import PART_PREFIX, PART_SUFFIX
from collector.ledger.paths import inside

NEAREST = 5
"""Pictures that each one is compared with at most."""
LIKELY = 0.4
"""Cosine from which two pictures are compared: of a half and its whole it is 0.58 and more, as a rule."""
_CHUNK = 2048
"""Pictures whose cosines with as many others are held at a time: 16 MB, and a few times that while the best are
picked."""


@dataclass(frozen=True, slots=True)
class Copies:
    """What `find_copies` found."""

    pairs: int
    lost: dict[str, str] = field(default_factory=dict)
    """Files, or two of them, that could not be compared -> why."""


def find_copies(ledger: Ledger, folder: Path, model: Embedder) -> Copies:
    """Look for them among all pictures that have an embedding, in place of what was found before."""
    rows, looks = _embedded(ledger, folder, model)
    lost: dict[str, str] = {}
    with _store(folder) as store:
        pairs = _compared([inside(folder, path) for _, path, _ in rows], likely(looks), store, lost)
        found = [
            (rows[one][0], rows[other][0], _whole(rows[one], rows[other], shows_more))
            for one, other, shows_more in pairs
            if shows_more >= 0
        ]
    with ledger.transaction():
        ledger.alike.replace_copies(found)
    return Copies(len(found), lost)


def _embedded(ledger: Ledger, folder: Path, model: Embedder) -> tuple[list[tuple[str, Path, int]], NDArray[np.float16]]:
    """(sha256, path, pixels) of all pictures that have an embedding, and (n, numbers) their directions."""
    stored = embeddings.read(folder, model)
    rows = [cells for cells in ledger.alike.files() if cells[0] in stored.places]
    looks = np.zeros((len(rows), model.numbers), np.float16)
    for start in range(0, len(rows), _CHUNK):
        names = [sha256 for sha256, _, _ in rows[start : start + _CHUNK]]
        looks[start : start + _CHUNK] = directions(stored.of(names), model)
    return rows, looks


def _compared(
    files: list[Path], groups: Iterable[tuple[int, ...]], store: str, lost: dict[str, str]
) -> Iterator[tuple[int, int, int]]:
    """(one, other, what `compared` says) of each pair; a file that cannot be read costs its own pairs alone."""

    def answers(groups: Iterable[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], list[int] | FileTrouble]]:
        tasks = ((places, tuple(files[place] for place in places)) for places in groups)
        return map_files(compared, tasks, store)

    failed: list[tuple[int, ...]] = []
    for places, answer in answers(groups):
        if isinstance(answer, FileTrouble):
            failed.append(places)
        else:
            yield from ((places[0], other, shows_more) for other, shows_more in zip(places[1:], answer, strict=True))
    unreadable: set[int] = set()
    for (place,), answer in answers((place,) for place in sorted({place for places in failed for place in places})):
        if isinstance(answer, FileTrouble):
            unreadable.add(place)
            lost[str(files[place])] = str(answer)
    pairs = ((one, other) for one, *others in failed for other in others if not unreadable & {one, other})
    for (one, other), answer in answers(pairs):
        if isinstance(answer, FileTrouble):
            lost[f"{files[one]} with {files[other]}"] = str(answer)
        else:
            yield one, other, answer[0]


@contextmanager
def _store(folder: Path) -> Iterator[str]:
    """A folder for points, some 72 KB a picture, that is gone afterwards, and after a kill with the next call."""
    path = folder / f"{PART_PREFIX}points{PART_SUFFIX}"
    rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield str(path)
    finally:
        rmtree(path, ignore_errors=True)


def likely(looks: NDArray[np.floating[Any]]) -> Iterator[tuple[int, ...]]:
    """(place, places of those it may be a copy of), each pair once. `looks` are directions, best of 16 bits each: only
    a part of them and of their cosines is held in 32."""
    nearest = np.full((len(looks), NEAREST), -1, np.int32)
    for start in range(0, len(looks), _CHUNK):
        own = nearest[start : start + _CHUNK]
        _find_nearest(looks, start, own)
        for place, others in enumerate(own.tolist(), start):
            fresh = [other for other in others if other > place or (other >= 0 and place not in nearest[other])]
            if fresh:
                yield (place, *fresh)


def _find_nearest(looks: NDArray[np.floating[Any]], start: int, nearest: NDArray[np.int32]) -> None:
    """Enter the places of those that are likely, of each picture from `start` on; -1 is none."""
    rows = looks[start : start + len(nearest)].astype(np.float32)
    best = np.full(nearest.shape, LIKELY, np.float32)
    for first in range(0, len(looks), _CHUNK):
        cosines = rows @ looks[first : first + _CHUNK].astype(np.float32).T
        if first == start:
            np.fill_diagonal(cosines, -1.0)
        better = np.flatnonzero(cosines.max(axis=1) > best.min(axis=1))
        both = np.hstack([best[better], cosines[better]])
        places = np.argpartition(-both, NEAREST - 1)[:, :NEAREST]
        best[better] = np.take_along_axis(both, places, axis=1)
        known = np.take_along_axis(nearest[better], np.minimum(places, NEAREST - 1), axis=1)
        nearest[better] = np.where(places < NEAREST, known, first + places - NEAREST)


def _whole(first: tuple[str, Path, int], other: tuple[str, Path, int], shows_more: int) -> str:
    """The sha256 of the one that shows more and has no fewer pixels; "" when neither does."""
    more, less = (first, other) if shows_more == FIRST else (other, first)
    return more[0] if shows_more in (FIRST, OTHER) and more[2] >= less[2] else ""
