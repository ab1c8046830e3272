"""What is computed of each picture so that pictures can be compared: perceptual hashes, and small squares.

A sketch compares flat pictures, whose perceptual hash says nothing; a portrait tells which of two alike is better.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from collector.images import pdq
from collector.images.processes import FileTrouble, map_files

PORTRAIT: Final = 128
SKETCH: Final = 24


def hash_files(files: Iterable[tuple[str, Path]], processes: int = 0) -> Iterator[tuple[str, pdq.Hashed | FileTrouble]]:
    """The PDQ hash of each (sha256, path), in their order and on every core, or what is wrong with the file."""
    return map_files(hashed, files, processes=processes)


def hashed(path: Path) -> pdq.Hashed:
    """The PDQ hash of one file. Unusable when it cannot be decoded."""
    from collector.images.pixels import grey

    return pdq.pdq(grey(path, pdq.SIDE))


def portrait(path: Path) -> bytes:
    """PORTRAIT x PORTRAIT pixels, RGB. Unusable when the file cannot be decoded."""
    return _square(path, PORTRAIT)


def sketch(path: Path) -> bytes:
    """SKETCH x SKETCH pixels, RGB. Unusable when the file cannot be decoded."""
    return _square(path, SKETCH)


def _square(path: Path, side: int) -> bytes:
    from PIL import Image

    from collector.images.pixels import small

    return small(path, 4 * side).resize((side, side), Image.Resampling.BOX).tobytes()
