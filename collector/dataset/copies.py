"""Finds pictures that are made of others, and keeps the pairs: candidates by embeddings, proof by matching points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np

from collector.dataset import embeddings
from collector.images.embed import Embedder, directions
from collector.images.processes import FileTrouble, map_files
from collector.images.same_scene import FIRST, OTHER, compared
from collector.ledger import Ledger
from collector.ledger.layout import PART_PREFIX, PART_SUFFIX

NEAREST = 5
"""Pictures that each one is compared with at most."""
LIKELY = 0.4
"""Cosine from which two pictures are compared: of a half and its whole it is 0.58 and more, as a rule."""
_CHUNK = 4096
_ROWS = 256
"""Pictures whose cosines with all others are held at a time: of 100,000 that is 100 MB, and as much while joined."""


def find_copies(ledger: Ledger, folder: Path, model: Embedder, processes: int = 0) -> int:
    """Look for them among all pictures that have an embedding, in place of what was found before; how many pairs."""
    stored = embeddings.read(folder, model)
    rows = [cells for cells in ledger.dataset.files() if cells[0] in stored.places]
    names = [sha256 for sha256, _, _ in rows]
    looks = np.concatenate(
        [
            directions(stored.of(names[start : start + _CHUNK]), model).astype(np.float16)
            for start in range(0, len(names), _CHUNK)
        ]
        or [np.zeros((0, model.numbers), np.float16)]
    )
    tasks = ((some, tuple(folder / rows[place][1] for place in some)) for some in likely(looks))
    found: list[tuple[str, str, str]] = []
    with _store(folder) as store:
        for some, answer in map_files(compared, tasks, store, processes=processes):
            if isinstance(answer, FileTrouble):
                continue
            for other, shows_more in zip(some[1:], answer, strict=True):
                if shows_more >= 0:
                    found.append((names[some[0]], names[other], _whole(rows[some[0]], rows[other], shows_more)))
    with ledger.transaction():
        ledger.dataset.replace_copies(found)
    return len(found)


@contextmanager
def _store(folder: Path) -> Iterator[str]:
    """A folder for points, some 80 KB a picture, that is gone afterwards, and after a kill with the next call."""
    path = folder / f"{PART_PREFIX}points{PART_SUFFIX}"
    rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield str(path)
    finally:
        rmtree(path, ignore_errors=True)


def likely(looks: np.ndarray[tuple[int, ...], np.dtype[np.floating[Any]]]) -> Iterator[tuple[int, ...]]:
    """(place, places of those it may be a copy of), each pair once. `looks` are directions, best of 16 bits each: only
    a part of them and of their cosines is held in 32."""
    seen: set[int] = set()
    for start in range(0, len(looks), _ROWS):
        rows = looks[start : start + _ROWS].astype(np.float32)
        parts = [rows @ looks[other : other + _CHUNK].astype(np.float32).T for other in range(0, len(looks), _CHUNK)]
        for place, own in enumerate(np.hstack(parts), start):
            own[place] = -1.0
            near = np.flatnonzero(own >= LIKELY)
            if len(near) > NEAREST:
                near = near[np.argpartition(-own[near], NEAREST - 1)[:NEAREST]]
            pairs = {min(place, other) * len(looks) + max(place, other): other for other in near.tolist()}
            fresh = [other for pair, other in pairs.items() if pair not in seen]
            seen.update(pairs)
            if fresh:
                yield (place, *fresh)


def _whole(first: tuple[str, Path, int], other: tuple[str, Path, int], shows_more: int) -> str:
    """The sha256 of the one that shows more and has no fewer pixels; "" when neither does."""
    more, less = (first, other) if shows_more == FIRST else (other, first)
    return more[0] if shows_more in (FIRST, OTHER) and more[2] >= less[2] else ""
