"""Finds pictures that are made of others, and keeps the pairs: candidates by embeddings, proof by matching points."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from collector.dataset import embeddings
from collector.images.embed import Embedder, directions
from collector.images.processes import FileTrouble, map_files
from collector.images.same_scene import FIRST, OTHER, compared
from collector.ledger import Ledger

NEAREST = 5
"""Pictures that each one is compared with at most."""
LIKELY = 0.4
"""Cosine from which two pictures are compared: of a half and its whole it is 0.58 and more, as a rule."""
_CHUNK = 1024


def find_copies(ledger: Ledger, folder: Path, model: Embedder, processes: int = 0) -> int:
    """Look for them among all pictures that have an embedding, in place of what was found before; how many pairs."""
    stored = embeddings.read(folder, model)
    rows = [cells for cells in ledger.dataset.files() if cells[0] in stored.places]
    names = [sha256 for sha256, _, _ in rows]
    looks = np.concatenate(
        [directions(stored.of(names[start : start + _CHUNK]), model) for start in range(0, len(names), _CHUNK)]
        or [np.zeros((0, model.numbers), np.float32)]
    )
    tasks = ((some, tuple(folder / rows[place][1] for place in some)) for some in likely(looks))
    found: list[tuple[str, str, str]] = []
    for some, answer in map_files(compared, tasks, processes=processes):
        if isinstance(answer, FileTrouble):
            continue
        for other, shows_more in zip(some[1:], answer, strict=True):
            if shows_more >= 0:
                found.append((names[some[0]], names[other], _whole(rows[some[0]], rows[other], shows_more)))
    with ledger.transaction():
        ledger.dataset.replace_copies(found)
    return len(found)


def likely(looks: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Iterator[tuple[int, ...]]:
    """(place, places of those it may be a copy of), each pair once."""
    seen: set[tuple[int, int]] = set()
    for start in range(0, len(looks), _CHUNK):
        cosines = looks[start : start + _CHUNK] @ looks.T
        for place, own in enumerate(cosines, start):
            own[place] = -1.0
            near = np.argpartition(-own, min(NEAREST, len(own) - 1))[:NEAREST]
            others = [int(other) for other in near if own[other] >= LIKELY]
            fresh = [other for other in others if (min(place, other), max(place, other)) not in seen]
            seen.update((min(place, other), max(place, other)) for other in fresh)
            if fresh:
                yield (place, *islice(fresh, NEAREST))


def _whole(first: tuple[str, Path, int], other: tuple[str, Path, int], shows_more: int) -> str:
    """The sha256 of the one that shows more and has no fewer pixels; "" when neither does."""
    more, less = (first, other) if shows_more == FIRST else (other, first)
    return more[0] if shows_more in (FIRST, OTHER) and more[2] >= less[2] else ""
