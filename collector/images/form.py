"""How pictures of an export are written, and what comes of one. Values only; light enough for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Resize = Literal["none", "fit", "crop", "pad", "stretch"]
Encoding = Literal["keep", "original", "jpeg", "png", "webp"]
Animations = Literal["first", "whole"]


@dataclass(frozen=True, slots=True)
class Form:
    """How pictures are written. The originals are never touched."""

    resize: Resize = "none"
    """none; fit: inside the square, never larger than it was; crop: fill it, cut what sticks out; pad: fit, then the
    matte around it; stretch: to the square whatever its shape."""
    side: int = 0
    """Pixels of the square; 0 with `none` only."""
    encoding: Encoding = "keep"
    """keep: bytes as they are where the format's loaders read them and nothing has to change, else JPEG; original:
    wherever the loaders open them, also turned, transparent, animated or in other colours, else JPEG."""
    quality: int = 92
    """Of JPEG and WebP."""
    matte: tuple[int, int, int] = (255, 255, 255)
    """What transparency is laid on."""
    animations: Animations = "first"
    """first: of an animation the first frame that shows something; whole: its bytes, where the loaders open them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a picture becomes a square for a network."""

    side: int
    """Pixels of the square."""
    mean: tuple[float, float, float]
    """Red, green and blue levels, 0 to 255, that are taken from it."""
    deviation: tuple[float, float, float]
    """What it is divided by then."""
    filter: int = 3
    """Of the reduction, by Pillow's numbers: 2 bilinear, 3 bicubic."""
    short: int = 0
    """Pixels that the short side is brought to before the middle is cut out; 0: the whole picture is squeezed."""
    long: int = 0
    """Pixels that the long side is reduced to before all that; 0: it is not."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of an exported picture."""

    body: bytes
    extension: str
    """Without the dot."""
    width: int
    height: int
    """Pixels, upright."""
    sha256: str
    """Of the body."""
    kept: bool
    """Whether these are the bytes of the file."""


AS_IS = Form()
"""Every picture as it is, wherever its format's loaders read it."""
