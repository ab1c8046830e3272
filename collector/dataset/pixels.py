"""Saved pictures as pixels: the only module of this room that knows Pillow. Decides nothing about them.

The files were verified when they were fetched; one that has become unreadable since is `Unreadable`, never a crash.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

LARGEST = 200_000_000
"""Pixels above which a picture is not decoded: more than any setting of the fetch stage lets through."""
_TROUBLES = (
    OSError,
    SyntaxError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
)

Pixels = NDArray[np.uint8]


class Unreadable(Exception):
    """A file that is gone, or no picture any more; the text says what is wrong with it."""


def reduced(path: Path, side: int) -> Pixels:
    """(height, width, 3) RGB of the first frame, upright, at most `side` pixels on its long side, on white.

    JPEGs are decoded at a fraction of their size, which costs about as little as reading them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd EXIF, of which we want only the rotation.
        try:
            with Image.open(path) as opened:
                if opened.width * opened.height > LARGEST:
                    raise Unreadable(f"{opened.width} x {opened.height} pixels")
                opened.draft("RGB", (side, side))
                image = flat(ImageOps.exif_transpose(opened), (255, 255, 255))
        except (*_TROUBLES, Image.DecompressionBombError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from None
    if max(image.size) > side:
        image.thumbnail((side, side), Image.Resampling.BOX)
    return np.asarray(image)


def flat(image: Image.Image, matte: tuple[int, int, int]) -> Image.Image:
    """8-bit RGB: transparency laid on the matte, 16-bit and floating point brought to 0..255, palettes resolved."""
    if image.mode == "RGB":
        return image
    if image.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        return _scaled(image).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        seen = image.convert("RGBA")
        ground = Image.new("RGBA", seen.size, (*matte, 255))
        ground.alpha_composite(seen)
        return ground.convert("RGB")
    return image.convert("RGB")


def _scaled(image: Image.Image) -> Image.Image:
    """Deep grey as 8 bits: 16-bit by its upper byte, other ranges from their smallest to their largest value."""
    values = np.asarray(image, dtype=np.float64)
    if image.mode.startswith("I;16") or (image.mode == "I" and values.min() >= 0 and values.max() <= 65_535):
        values = values / 257.0
    else:
        low, high = float(values.min()), float(values.max())
        values = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
