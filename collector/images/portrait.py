"""Small squares of pictures, whatever their shape, for comparing: a portrait to tell which of two alike is better, and
a sketch to compare flat pictures, whose perceptual hash says nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PIL import Image

from collector.images.pixels import small

SIDE: Final = 128
SKETCH: Final = 24


def portrait(path: Path) -> bytes:
    """SIDE x SIDE pixels, RGB. Unusable when the file cannot be decoded."""
    return _square(path, SIDE)


def sketch(path: Path) -> bytes:
    """SKETCH x SKETCH pixels, RGB. Unusable when the file cannot be decoded."""
    return _square(path, SKETCH)


def _square(path: Path, side: int) -> bytes:
    return small(path, 4 * side).resize((side, side), Image.Resampling.BOX).tobytes()
