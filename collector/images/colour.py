"""Any of Pillow's modes as 8-bit sRGB without transparency: depth, palettes, ICC profiles, and every kind of alpha."""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_DEEP: Final = frozenset(("I;16", "I;16B", "I;16L", "I", "F"))
_ALPHA: Final = frozenset(("RGBA", "LA", "PA", "RGBa", "La"))
_BLANK: Final = 8
"""Levels between the darkest and the brightest of a picture that shows nothing."""
_SAME: Final = 6
"""Levels by which a profile may move a colour and still be sRGB: rounding, and black points of other makers."""
_TROUBLES: Final = (
    ImageCms.PyCMSError, OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error,
)  # fmt: skip


def is_transparent(image: Image.Image) -> bool:
    """Whether it has an alpha channel, or a colour or palette entries that are not to be seen."""
    return image.mode in _ALPHA or "transparency" in image.info


def is_blank(image: Image.Image) -> bool:
    """Whether a loaded picture is of one colour, or wholly transparent."""
    if is_transparent(image):
        alpha = image.convert("RGBA").getchannel("A") if image.mode not in _DEEP else None
        if alpha is not None and alpha.getextrema()[1] == 0:
            return True
    return _contrast(image.convert("RGB") if image.mode in ("P", "PA") else image) == 0


def flat(image: Image.Image, matte: tuple[int, int, int]) -> Image.Image:
    """8-bit RGB: transparency laid on the matte, deep greys brought to 0..255, palettes resolved.

    What would be invisible on the matte, a white mark on white, is laid on the opposite of it.
    """
    if image.mode == "RGB" and not is_transparent(image):
        return image
    if not is_transparent(image):
        return (_scaled(image) if image.mode in _DEEP else image).convert("RGB")
    seen = _with_alpha(image)
    laid = _laid(seen, matte)
    if not _shows(laid):
        other = _laid(seen, (255 - matte[0], 255 - matte[1], 255 - matte[2]))
        return other if _shows(other) else laid
    return laid


def _laid(seen: Image.Image, matte: tuple[int, int, int]) -> Image.Image:
    ground = Image.new("RGBA", seen.size, (*matte, 255))
    ground.alpha_composite(seen)
    return ground.convert("RGB")


def _shows(image: Image.Image) -> bool:
    return _contrast(image) >= _BLANK


def _contrast(image: Image.Image) -> float:
    """The largest step between two values of a band."""
    steps = [band.getextrema() for band in image.split()]
    return max(float(high) - float(low) for low, high in steps)  # type: ignore[arg-type]


# --------------------------------------------------------------------------- transparency and depth


def _with_alpha(image: Image.Image) -> Image.Image:
    """RGBA of whatever has alpha: a channel, palette entries, or one colour of the file that stands for nothing."""
    key = image.info.get("transparency")
    if image.mode in _ALPHA or image.mode == "P":
        return image.convert("RGBA")
    if image.mode in _DEEP:
        alpha = Image.fromarray(np.where(np.asarray(image) == key, 0, 255).astype(np.uint8))
        seen = _scaled(image).convert("RGB")
    else:
        seen = image.convert("RGB")
        alpha = Image.fromarray(np.where(_is_key(image, key), 0, 255).astype(np.uint8))
    seen.putalpha(alpha)
    return seen


def _is_key(image: Image.Image, key: object) -> NDArray[np.bool_]:
    """Where the 8-bit samples are those of the key."""
    if isinstance(key, tuple):
        return np.asarray((np.asarray(image.convert("RGB")) == np.array(key)).all(axis=2))
    return np.asarray(np.asarray(image.convert("L")) == key)


def _scaled(image: Image.Image) -> Image.Image:
    """Deep grey as 8 bits: 10, 12 and 16 bits by their upper ones, other ranges from their smallest to their largest.

    Cameras and scanners put 12 bits into 16: what uses no more than the lower ones has no more.
    """
    values = np.asarray(image, dtype=np.float64)
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if image.mode.startswith("I;16") or (image.mode == "I" and low >= 0 and high <= 65_535):
        most = next(top for top in (255, 1023, 4095, 65_535) if high <= top)
        values = values * (255.0 / most)
    else:
        values = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))


# --------------------------------------------------------------------------- ICC


def in_srgb(image: Image.Image) -> Image.Image:
    """Colours as sRGB has them, alpha as it was; a profile that cannot be used, or says nothing new, is left out."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or is_plain_profile(profile):
        return image
    alpha = _with_alpha(image).getchannel("A") if is_transparent(image) else None
    if image.mode in _DEEP:
        colours = _scaled(image)
    elif image.mode in ("CMYK", "L"):
        colours = image
    else:
        colours = image.convert("L" if image.mode in ("LA", "La", "1") else "RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(colours, source, _srgb(), outputMode="RGB")
    except _TROUBLES:
        return image
    if changed is None:
        return image
    if alpha is not None:
        changed.putalpha(alpha)
    return changed


def is_plain_profile(profile: object) -> bool:
    """Whether there is no ICC profile, or one that leaves the colours of sRGB where they are, whatever its name."""
    return not isinstance(profile, bytes) or not profile or _moves_nothing(profile)


@lru_cache(maxsize=64)
def _moves_nothing(profile: bytes) -> bool:
    """By what it does to a cube of colours, or to a ramp of greys. One that cannot be used moves nothing."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        before = {"RGB": _cube(), "GRAY": _ramp()}.get(space)
        if before is None:
            return False
        after = ImageCms.profileToProfile(before, source, _srgb(), outputMode="RGB")
    except _TROUBLES:
        return True
    if after is None:
        return True
    moved = np.asarray(after, dtype=np.int16) - np.asarray(before.convert("RGB"), dtype=np.int16)
    return int(np.abs(moved).max()) <= _SAME


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _cube() -> Image.Image:
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    colours = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(len(steps), -1, 3)
    return Image.fromarray(np.ascontiguousarray(colours))


def _ramp() -> Image.Image:
    return Image.fromarray(np.arange(256, dtype=np.uint8).reshape(1, 256))
