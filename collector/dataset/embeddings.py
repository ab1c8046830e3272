"""Gives the pictures of a set their embeddings, and hands them out. Decides nothing about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

import numpy as np
from numpy.typing import NDArray

from collector.errors import InputError
from collector.images.embed import Embedder, Vector, directions, embed_files
from collector.images.processes import FileTrouble
from collector.ledger import Ledger, Row, vectors
from collector.ledger.paths import inside

_CHUNK = 4096
_BATCH = 256
"""Vectors that are written to the disk at a time: what a stop may cost."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """What `embed_set` did."""

    made: int
    known: int
    """Pictures that had an embedding already."""
    unreadable: int


def embed_set(ledger: Ledger, folder: Path, model: Embedder,
              tell: Callable[[int, int], None] = lambda *_: None,
              stop: Callable[[], bool] = lambda: False) -> Embedded:  # fmt: skip
    """Give every picture its embedding that has none, until `stop` says so. May be begun again; another model begins
    anew."""
    files = {sha256: path for sha256, path, _ in ledger.alike.files()}
    vectors.keep_only(folder, files.keys())
    known = read(folder, model).places.keys()
    missing = [sha256 for sha256 in files if sha256 not in known]
    places = ((sha256, inside(folder, files[sha256])) for sha256 in missing)
    fresh: list[tuple[str, Vector]] = []
    made = broken = 0
    for sha256, found in embed_files(places, model):
        if isinstance(found, FileTrouble):
            broken += 1
        else:
            made += 1
            fresh.append((sha256, found))
        stopped = stop()
        if len(fresh) >= _BATCH or made + broken == len(missing) or stopped:
            vectors.add(folder, model.name, model.hash, fresh)
            fresh.clear()
            tell(made + broken, len(missing))
        if stopped:
            break
    return Embedded(made, len(files) - len(missing), broken)


class Alongside:
    """Gives pictures their embeddings while others are being fetched, in a process that takes only the time of a core
    that nobody else wants. Nobody else writes embeddings between the first `take` and `finish`.
    """

    def __init__(self, folder: Path, model: Embedder) -> None:
        self._folder, self.model = folder, model
        self._waiting: SimpleQueue[tuple[str, Path] | None] = SimpleQueue()
        self._stopped = Event()
        self._error: Exception | None = None
        self._thread: Thread | None = None

    @property
    def left(self) -> int:
        """Pictures that it has not taken up."""
        return self._waiting.qsize()

    def take(self, sha256: str, path: Path) -> None:
        """A picture that was saved, by its path below the folder."""
        if self._thread is None:
            self._stopped.clear()
            self._thread = Thread(target=self._work, name="embed", daemon=True)
            self._thread.start()
        self._waiting.put((sha256, inside(self._folder, path)))

    def finish(self) -> None:
        """Leave what it has not come to, for `embed_set`."""
        if self._thread is None:
            return
        self._stopped.set()
        self._waiting.put(None)
        self._thread.join()
        self._thread = None
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            fresh: list[tuple[str, Vector]] = []
            for sha256, found in embed_files(self._files(), self.model, 1, gently=True):
                if not isinstance(found, FileTrouble):
                    fresh.append((sha256, found))
                if len(fresh) >= _BATCH:
                    self._keep(fresh)
            self._keep(fresh)
        except Exception as error:  # noqa: BLE001 - nothing is swallowed: `finish` raises it.
            self._error = error

    def _files(self) -> Iterator[tuple[str, Path]]:
        while (file := self._waiting.get()) is not None:
            if not self._stopped.is_set():
                yield file

    def _keep(self, fresh: list[tuple[str, Vector]]) -> None:
        vectors.add(self._folder, self.model.name, self.model.hash, fresh)
        fresh.clear()


def read(folder: Path, model: Embedder) -> vectors.Vectors:
    """All embeddings of a folder by this model."""
    return vectors.read(folder, model.name, model.hash, model.numbers)


def embed_one(file: Path, model: Embedder) -> NDArray[np.float32]:
    """(1, numbers) of a picture that need not be of the set. InputError when it cannot be read as one."""
    [(_, found)] = embed_files([("", file)], model, 1)
    if isinstance(found, FileTrouble):
        raise InputError(f"{file}: cannot be read as a picture: {found}")
    return np.asarray(found[None], np.float32)


@dataclass(frozen=True, slots=True)
class Similar:
    """A picture of the set beside one that was asked for."""

    row: Row
    likeness: float
    """Cosine of their embeddings: 1 is the same, about 0 nothing in common. No probability."""


def missing(ledger: Ledger, folder: Path, model: Embedder) -> int:
    """How many pictures have no embedding yet."""
    known = read(folder, model).places
    return sum(sha256 not in known for sha256, _, _ in ledger.alike.files())


def similar(ledger: Ledger, folder: Path, model: Embedder, file: Path, count: int,
            without: Collection[str] = ()) -> list[Similar]:  # fmt: skip
    """The pictures of the set that show most nearly what a file shows, the nearest first; itself, if it is of them.

    `without`: sha256 of pictures that are passed over.
    """
    asked = directions(embed_one(file, model), model)[0]
    stored = read(folder, model)
    names = list(stored.places)
    likeness = cosines(stored, names, asked, model)
    best = sorted(zip(likeness.tolist(), names, strict=True), reverse=True)
    found: list[Similar] = []
    for cosine, sha256 in best:
        if len(found) == count:
            break
        row = ledger.dataset.picture(sha256)
        if row is not None and row.left_out is None and sha256 not in without:
            found.append(Similar(row, cosine))
    return found


def cosines(
    stored: vectors.Vectors, sha256s: Sequence[str], asked: NDArray[np.float32], model: Embedder
) -> NDArray[np.float32]:
    """(n,): of each picture's direction with one direction; a part of the file at a time."""
    starts = range(0, len(sha256s), _CHUNK)
    parts = [directions(stored.of(sha256s[start : start + _CHUNK]), model) @ asked for start in starts]
    return np.concatenate([*parts, np.zeros(0, np.float32)])
