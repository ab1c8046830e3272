"""Perceptual hashes of many files, on every core. Yields what it finds; keeps nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from collector.images.pdq import SIDE, Hashed, pdq
from collector.images.processes import FileTrouble, map_files


def hash_files(files: Iterable[tuple[str, Path]], processes: int = 0) -> Iterator[tuple[str, Hashed | FileTrouble]]:
    """The PDQ hash of each (sha256, path), in their order, or what is wrong with the file."""
    return map_files(hashed, files, processes=processes)


def hashed(path: Path) -> Hashed:
    """The PDQ hash of one file. Unusable when it cannot be decoded."""
    from collector.images.pixels import grey

    return pdq(grey(path, SIDE))
