"""Perceptual hashes of many files, on every core. Yields what it finds; keeps nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Union

from collector.images.processes import pool

if TYPE_CHECKING:
    from collector.images.pdq import Hashed

_BATCH = 32
_AHEAD = 4
"""Batches under way per process: enough to keep it busy, few enough to stop soon."""

Found = tuple[str, Union["Hashed", str]]
"""(sha256, its hash, or what is wrong with the file)."""


def hash_files(files: Iterable[tuple[str, Path]], processes: int) -> Iterator[Found]:
    """The PDQ hash of each (sha256, path), in no particular order. With one process, in this one."""
    source = iter(files)
    batches: Iterator[list[tuple[str, Path]]] = iter(lambda: list(islice(source, _BATCH)), [])
    if processes <= 1:
        for batch in batches:
            yield from _hashed(batch)
        return
    with pool(processes) as workers:
        running: list[Future[list[Found]]] = []
        try:
            for batch in batches:
                running.append(workers.submit(_hashed, batch))
                if len(running) >= processes * _AHEAD:
                    yield from running.pop(0).result()
            while running:
                yield from running.pop(0).result()
        finally:
            for future in running:
                future.cancel()


def _hashed(batch: list[tuple[str, Path]]) -> list[Found]:
    from collector.images.pdq import SIDE, pdq
    from collector.images.pixels import Unreadable, grey

    found: list[Found] = []
    for sha256, path in batch:
        try:
            found.append((sha256, pdq(grey(path, SIDE))))
        except Unreadable as trouble:
            found.append((sha256, str(trouble)))
    return found
