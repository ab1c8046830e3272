"""Finds pictures that are made of others, and keeps the pairs: candidates by embeddings, proof by matching points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from math import log
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.dataset import embeddings
from collector.dataset.near import components
from collector.images.embed import Embedder, directions
from collector.images.extent import Extent
from collector.images.processes import FileTrouble, Workers
from collector.images.same_scene import compared
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
_TOGETHER = 5
"""Pictures compared with one in one go."""
_LARGER: Final = log(1.1)
"""How much more one must show than another to be the whole of it."""
_WHOLE, _COMPOSED = 0.95, 0.75
"""Share of a picture that shows its scene from which on nothing was put around it, and below which it may be a collage
or a page, which shows other scenes, too."""

Shown = tuple[int, int, Extent]
"""Two places, and what the two show of one scene."""


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
    nearest = likely(looks)
    with _store(folder) as store, Workers(compared, store) as workers:
        proved = _proved([inside(folder, path) for _, path, _ in rows], nearest, workers, lost)
    proved = _without_bridges(proved)
    whole = {pair[:2]: "" for pair in proved}
    for part, more in _parts(proved, [pixels for _, _, pixels in rows]):
        whole[(more, part) if (more, part) in whole else (part, more)] = rows[more][0]
    with ledger.transaction():
        ledger.alike.replace_copies((rows[one][0], rows[other][0], more) for (one, other), more in whole.items())
    return Copies(len(whole), lost)


def _embedded(ledger: Ledger, folder: Path, model: Embedder) -> tuple[list[tuple[str, Path, int]], NDArray[np.float16]]:
    """(sha256, path, pixels) of all pictures that have an embedding, and (n, numbers) their directions."""
    stored = embeddings.read(folder, model)
    rows = [cells for cells in ledger.alike.files() if cells[0] in stored.places]
    looks = np.zeros((len(rows), model.numbers), np.float16)
    for start in range(0, len(rows), _CHUNK):
        names = [sha256 for sha256, _, _ in rows[start : start + _CHUNK]]
        looks[start : start + _CHUNK] = directions(stored.of(names), model)
    return rows, looks


def _proved(files: list[Path], nearest: NDArray[np.int32], workers: Workers[list[Extent]],
            lost: dict[str, str]) -> list[Shown]:  # fmt: skip
    """Pairs enough to join all that are copies: each picture with the nearest one, then with the next one, ... but
    those that are joined by then."""
    found: list[Shown] = []
    for rank in range(NEAREST):
        pairs = np.array([pair[:2] for pair in found if not _is_composed(pair)], np.int64).reshape(-1, 2)
        tasks = in_round(nearest, rank, components(len(files), [pairs]))
        found += [pair for pair in _compared(files, tasks, workers, lost) if pair[2].times >= 0]
    return found


def _is_composed(pair: Shown) -> bool:
    """Whether one of the two shows much else, too: such a pair joins nothing before all are looked at."""
    return min(pair[2].first, pair[2].other) < _COMPOSED


def _without_bridges(proved: list[Shown]) -> list[Shown]:
    """Those by which no collage joins what it is made of: it stays with the picture that it shows most of."""
    kept, best = [pair for pair in proved if not _is_composed(pair)], dict[int, tuple[float, Shown]]()
    for pair in proved:
        for place, share in ((pair[0], pair[2].first), (pair[1], pair[2].other)):
            if share < _COMPOSED and share > best.get(place, (0.0,))[0]:
                best[place] = (share, pair)
    return kept + list(dict.fromkeys(pair for _, pair in best.values()))


def in_round(nearest: NDArray[np.int32], rank: int, group: NDArray[np.int64]) -> Iterator[tuple[int, ...]]:
    """(place, places of those of which it is the nearest but so many), each pair once in all rounds, and without those
    of one group. Together, because they need the same pixels."""
    places, others = np.arange(len(nearest)), nearest[:, rank]
    met = (nearest[others, :rank] == places[:, None]).any(axis=1)
    met |= (nearest[others, rank] == places) & (others < places)
    fresh = np.flatnonzero((others >= 0) & ~met & (group != group[others]))
    fresh = fresh[np.argsort(others[fresh], kind="stable")]
    for place, own in groupby(fresh.tolist(), key=lambda one: int(others[one])):
        some = list(own)
        for start in range(0, len(some), _TOGETHER):
            yield (place, *some[start : start + _TOGETHER])


def _compared(
    files: list[Path], groups: Iterable[tuple[int, ...]], workers: Workers[list[Extent]], lost: dict[str, str]
) -> Iterator[Shown]:
    """(one, other, what `compared` says) of each pair; a file that cannot be read costs its own pairs alone."""

    def answers(groups: Iterable[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], list[Extent] | FileTrouble]]:
        return workers.map((places, tuple(files[place] for place in places)) for places in groups)

    failed: list[tuple[int, ...]] = []
    for places, answer in answers(groups):
        if isinstance(answer, FileTrouble):
            failed.append(places)
        else:
            yield from ((places[0], other, shown) for other, shown in zip(places[1:], answer, strict=True))
    for (place,), answer in answers((place,) for place in sorted({place for places in failed for place in places})):
        if isinstance(answer, FileTrouble):
            lost[str(files[place])] = str(answer)
    pairs = ((one, other) for one, *others in failed for other in others
             if not {str(files[one]), str(files[other])} & lost.keys())  # fmt: skip
    for (one, other), answer in answers(pairs):
        if isinstance(answer, FileTrouble):
            lost[f"{files[one]} with {files[other]}"] = str(answer)
        else:
            yield one, other, answer[0]


def _parts(proved: Iterable[Shown], pixels: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(place, that of the one of its group which shows most and has no fewer pixels of it) of each that shows less, or
    has something put around it. How much each shows of its group's scene follows from pair to pair."""
    beside, share = defaultdict[int, list[tuple[int, float]]](list), defaultdict[int, float](lambda: 1.0)
    for one, other, shown in proved:
        beside[one].append((other, -log(shown.times)))
        beside[other].append((one, log(shown.times)))
        share[one], share[other] = min(share[one], shown.first), min(share[other], shown.other)

    def size(place: int) -> float:
        return pixels[place] * share[place] * (1.1 if share[place] >= _WHOLE else 1.0)

    extent: dict[int, float] = {}
    for first in beside:
        if first in extent:
            continue
        group, extent[first] = [first], 0.0
        for place in group:  # It grows.
            fresh = {other: extent[place] + more for other, more in beside[place] if other not in extent}
            extent |= fresh
            group += fresh
        worth = {place: extent[place] + log(share[place]) for place in group}
        group.sort(key=lambda place: (-size(place), -worth[place]))
        most = group[0]
        for place in group:
            if worth[most] - worth[place] > _LARGER:
                yield place, most
            most = max(most, place, key=worth.__getitem__)


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


def likely(looks: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
    """(n, NEAREST) places of those that each may be a copy of, the nearest first; -1 is none. `looks` are directions,
    best of 16 bits each: only a part of them and of their cosines is held in 32."""
    nearest = np.full((len(looks), NEAREST), -1, np.int32)
    for start in range(0, len(looks), _CHUNK):
        _find_nearest(looks, start, nearest[start : start + _CHUNK])
    return nearest


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
    order = np.argsort(-best, axis=1, kind="stable")
    nearest[:] = np.take_along_axis(nearest, order, axis=1)
