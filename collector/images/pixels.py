"""Saved pictures as pixels: the only module of this room that knows Pillow. Decides nothing about them.

The files were verified when they were fetched; one that has become unreadable since is `Unreadable`, never a crash.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from collector.images.form import Form

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

EXTENSIONS = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tif",
    "AVIF": "avif",
}
"""Pillow's names of formats -> extensions. An MPO is a JPEG with another one behind it."""
_ORIENTATION = 0x0112
_MARKS = (b"eXIf", b"Raw profile type", b"XML:com.adobe.xmp")
"""Where a PNG says how it is rotated, maybe behind the pixels, where Pillow finds it by decoding them all."""

Pixels = NDArray[np.uint8]


class Unreadable(Exception):
    """A file that is gone, or no picture any more; the text says what is wrong with it."""


def grey(path: Path, side: int) -> Pixels:
    """(height, width) of the first frame's luma, upright, at most `side` pixels on its long side, on white.

    JPEGs hold their luma apart (ITU-R BT.601): only that is decoded, and at a fraction of its size where it is large.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd EXIF, of which we want only the rotation.
        try:
            with Image.open(path) as opened:
                if opened.width * opened.height > LARGEST:
                    raise Unreadable(f"{opened.width} x {opened.height} pixels")
                opened.draft("L", (side, side))
                ImageOps.exif_transpose(opened, in_place=True)
                plain = opened.mode == "L" and "transparency" not in opened.info
                image = opened if plain else flat(opened, (255, 255, 255)).convert("L")
                image.thumbnail((side, side), Image.Resampling.BOX)
                return np.array(image)
        except (*_TROUBLES, Image.DecompressionBombError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from None


def rendered(path: Path, form: Form, readable: frozenset[str]) -> tuple[bytes, str, int, int]:
    """(bytes, extension, width, height) of a picture in the form asked for; the size is of the upright picture.

    `readable` are the extensions that the format's loaders read. With `keep`, bytes go through untouched when they are
    readable, upright, of one frame, 8-bit RGB or grey without transparency, and nothing is to be resized. Otherwise:
    first frame, EXIF rotation applied, ICC profile brought to sRGB, transparency on the matte, 8-bit RGB, no metadata.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            body = path.read_bytes()
            with Image.open(io.BytesIO(body)) as opened:
                extension = EXTENSIONS.get(opened.format or "", "")
                if form.encoding == "keep" and form.resize == "none" and extension in readable and _plain(opened, body):
                    return body, extension, opened.width, opened.height
                opened.draft(None, _enough(opened.size, form))
                image = flat(in_srgb(ImageOps.exif_transpose(opened)), form.matte)
        except (*_TROUBLES, Image.DecompressionBombError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from None
    image = _resized(image, form)
    format = "JPEG" if form.encoding == "keep" else form.encoding.upper()
    out = io.BytesIO()
    image.save(out, format, **_options(format, form.quality))
    return out.getvalue(), EXTENSIONS[format], image.width, image.height


def small(path: Path, side: int) -> Image.Image:
    """The first frame in RGB, upright, at most `side` pixels on its long side, on white; no enlarging."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as opened:
                if opened.width * opened.height > LARGEST:
                    raise Unreadable(f"{opened.width} x {opened.height} pixels")
                opened.draft("RGB", (2 * side, 2 * side))
                image = flat(ImageOps.exif_transpose(opened), (255, 255, 255))
        except (*_TROUBLES, Image.DecompressionBombError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from None
    image.thumbnail((side, side))
    return image


def thumbnail(path: Path, side: int, quality: int = 62) -> tuple[bytes, int, int]:
    """(JPEG, width, height) of a small picture, without metadata."""
    image = small(path, side)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue(), image.width, image.height


def in_srgb(image: Image.Image) -> Image.Image:
    """Colours as sRGB has them; a profile that cannot be used is left out."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        changed = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, *_TROUBLES):
        return image
    return changed or image


def _plain(image: Image.Image, body: bytes) -> bool:
    """Nothing that a loader could show otherwise than it is."""
    unmarked = image.format == "PNG" and not any(mark in body for mark in _MARKS)
    upright = unmarked or image.getexif().get(_ORIENTATION, 1) in (0, 1)
    one = getattr(image, "n_frames", 1) == 1
    profile = image.info.get("icc_profile") or b""
    known = not profile or b"sRGB" in profile
    return upright and one and known and image.mode in ("RGB", "L") and "transparency" not in image.info


def _enough(size: tuple[int, int], form: Form) -> tuple[int, int]:
    """What a JPEG has to be decoded to at least: twice what is needed, so that the last step is a true resampling."""
    if form.resize == "none":
        return size
    longest = form.resize in ("fit", "pad")
    scale = min(1.0, 2 * form.side / (max(size) if longest else min(size)))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _resized(image: Image.Image, form: Form) -> Image.Image:
    side, filter = form.side, Image.Resampling.LANCZOS
    if form.resize == "fit":
        image.thumbnail((side, side), filter)
    elif form.resize == "crop":
        image = ImageOps.fit(image, (side, side), filter)
    elif form.resize == "pad":
        image.thumbnail((side, side), filter)
        image = ImageOps.pad(image, (side, side), filter, color=form.matte)
    elif form.resize == "stretch":
        image = image.resize((side, side), filter)
    return image


def _options(format: str, quality: int) -> dict[str, Any]:
    """So that the same pixels make the same bytes."""
    if format == "PNG":
        return {"compress_level": 6}
    if format == "WEBP":
        return {"quality": quality, "method": 4}
    return {"quality": quality, "subsampling": 0 if quality >= 90 else 2, "optimize": False, "progressive": False}


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
