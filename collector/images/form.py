"""How pictures of an export are written: size, encoding, what transparency is laid on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Resize = Literal["none", "fit", "crop", "pad", "stretch"]
Encoding = Literal["keep", "jpeg", "png", "webp"]


@dataclass(frozen=True, slots=True)
class Form:
    """How pictures are written. The originals are never touched."""

    resize: Resize = "none"
    """none; fit: inside the square, never larger than it was; crop: fill it, cut what sticks out; pad: fit, then the
    matte around it; stretch: to the square whatever its shape."""
    side: int = 0
    """Pixels of the square; 0 with `none` only."""
    encoding: Encoding = "keep"
    """keep: bytes as they are where the format's loaders read them and nothing has to change, else JPEG."""
    quality: int = 92
    """Of JPEG and WebP."""
    matte: tuple[int, int, int] = (255, 255, 255)
    """What transparency is laid on."""

    @property
    def changes_pixels(self) -> bool:
        """Whether every picture is decoded and encoded anew."""
        return self.resize != "none" or self.encoding != "keep"


AS_IS = Form()
"""Every picture as it is, wherever its format's loaders read it."""
