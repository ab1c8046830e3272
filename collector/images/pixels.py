"""Saved pictures as pixels: upright, in sRGB, opaque, 8 bits, whatever the file. Decides nothing about them.

Everything that shows, compares or exports a picture takes it from here, so that all see the same. Unusable for a file
that is gone or has become unreadable since it was verified.
"""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile

from collector.images import metadata
from collector.images.colour import flat, in_srgb, is_blank, is_plain_profile, is_transparent
from collector.images.decode import DAMAGE, EXTENSIONS, STRIPPED, open_file
from collector.images.form import Encoded, Form, Shape
from collector.images.sniff import Unusable
from collector.images.structure import bmp_size, frames, jpeg, says_its_frames

WHITE: Final = (255, 255, 255)
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""
_TIFF_PACKING: Final = frozenset(
    ("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "jpeg", "group3", "group4")
)
"""What every build of libtiff unpacks."""
_TIFF_BITS: Final = 258
"""The tag of the bits of each sample."""
_FIRST_FRAMES: Final = 16
"""Frames that are looked through for one that is not blank."""

Pixels = NDArray[np.uint8]
PillowImage = Image.Image
"""For annotations in rooms that hand pictures on without knowing Pillow."""


def grey(path: Path, side: int) -> Pixels:
    """(height, width) of the picture's luma, upright, at most `side` pixels on its long side, on white.

    JPEGs hold their luma apart (ITU-R BT.601): only that is decoded, and at a fraction of its size where it is large.
    """
    image = _reduced(path, side, "L")
    image.thumbnail((side, side), Image.Resampling.BOX)
    return np.array(image)


def colors(path: Path, side: int) -> Pixels:
    """(height, width, 3) of the picture in RGB, upright, at most twice `side` pixels on its long side, on white."""
    image = _reduced(path, side, "RGB")
    image.thumbnail((2 * side, 2 * side), Image.Resampling.BOX)
    return np.array(image)


def _reduced(path: Path, side: int, mode: str) -> Image.Image:
    """A large JPEG at a fraction of its size, no smaller than `side`."""
    with open_file(path) as (opened, body):
        opened.draft(mode, (side, side))
        image = _shown(opened, body)
    return image if image.mode == mode and not is_transparent(image) else flat(image, WHITE).convert(mode)


def upright(path: Path) -> Image.Image:
    """The picture in full size, as a model is to see it: upright, sRGB, 8-bit RGB, transparency on white."""
    with open_file(path) as (opened, body):
        return flat(in_srgb(_shown(opened, body)), WHITE)


def pixels(path: Path) -> tuple[int, int, bytes]:
    """(width, height, RGB one row after the other) of `upright`, for a process of its own."""
    image = upright(path)
    return image.width, image.height, image.tobytes()


def small(path: Path, side: int) -> Image.Image:
    """The picture in RGB, upright, at most `side` pixels on its long side, on white; no enlarging."""
    with open_file(path) as (opened, body):
        opened.draft("RGB", (2 * side, 2 * side))
        image = flat(_shown(opened, body), WHITE)
    image.thumbnail((side, side))
    return image


def square(path: Path, shape: Shape) -> Pixels:
    """(side, side, 3) of the picture, as a network is shown it: RGB, upright, on white."""
    if shape.long:
        image = small(path, shape.long)
    else:
        with open_file(path) as (opened, body):
            opened.draft("RGB", (2 * max(shape.side, shape.short),) * 2)
            image = flat(_shown(opened, body), WHITE)
    filter = Image.Resampling(shape.filter)
    if not shape.short:
        return np.array(image.resize((shape.side, shape.side), filter, reducing_gap=3.0))
    image = ImageOps.fit(image, (shape.short, shape.short), filter)
    edge = (shape.short - shape.side) // 2
    return np.array(image.crop((edge, edge, edge + shape.side, edge + shape.side)))


def thumbnail(path: Path, side: int, quality: int) -> tuple[bytes, int, int]:
    """(JPEG, width, height) of a small picture, without metadata."""
    image = small(path, side)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue(), image.width, image.height


def encoded(path: Path, form: Form, readable: frozenset[str]) -> Encoded:
    """A picture in the form asked for.

    `readable` are the extensions that the format's loaders read. With `keep`, bytes go through untouched when they are
    readable, upright, of one frame, 8-bit RGB or grey in sRGB without transparency, and nothing is to be resized; with
    whole animations, those too; with `original`, all that every loader of their kind decodes. Otherwise: the first
    frame that shows something, EXIF rotation applied, colours brought to sRGB, transparency on the matte, 8-bit RGB, no
    metadata.
    """
    with open_file(path) as (opened, body):
        extension = EXTENSIONS[opened.format or ""]
        if form.resize == "none" and extension in readable and _goes_through(opened, body, form):
            return _result(body, extension, opened.size, kept=True)
        opened.draft(None, _enough(opened.size, form))
        image = flat(in_srgb(_shown(opened, body)), form.matte)
    image = _resized(image, form)
    format = "JPEG" if form.encoding in ("keep", "original") else form.encoding.upper()
    out = io.BytesIO()
    image.save(out, format, **_options(format, form.quality))
    return _result(out.getvalue(), EXTENSIONS[format], image.size)


def _result(body: bytes, extension: str, size: tuple[int, int], kept: bool = False) -> Encoded:
    return Encoded(body, extension, *size, hashlib.sha256(body).hexdigest(), kept)


def _shown(opened: ImageFile, body: bytes) -> Image.Image:
    """The first frame that is not of one colour alone, upright. Others of a HEIC are pictures of their own."""
    turned = metadata.tiff_orientation(opened)
    opened.load()
    turn = _TURNS.get(1 if turned else metadata.orientation(opened, body))
    moves = getattr(opened, "is_animated", False) and opened.format != "HEIF"
    shown = _with_content(opened) if moves and is_blank(opened) else opened
    return shown.transpose(turn) if turn is not None else shown


def _with_content(opened: ImageFile) -> Image.Image:
    """The first of its frames that shows something; the very first when none does, as far as they can be decoded. A
    page of another size is another picture."""
    first = opened.copy()
    for number in range(1, _FIRST_FRAMES):
        try:
            opened.seek(number)
            if opened.size != first.size:
                continue
            opened.load()
        except DAMAGE:
            break
        if not is_blank(opened):
            return opened
    return first


def _goes_through(image: ImageFile, body: bytes, form: Form) -> bool:
    """Whether the bytes are what is exported."""
    if form.encoding == "original":
        return _is_common(image, body)
    return form.encoding == "keep" and _is_plain(image, body, form.animations == "whole")


def _is_plain(image: ImageFile, body: bytes, moving: bool) -> bool:
    """Nothing that a loader could show otherwise than it is, or not at all. `moving`: all frames are to be seen."""
    if metadata.tiff_orientation(image) > 1 or metadata.orientation(image, body) > 1:
        return False
    if _has_more_frames(image):
        return moving and image.format != "TIFF" and _is_common(image, body)
    eight_bits = image.mode in ("RGB", "L") and not is_transparent(image)
    return eight_bits and _is_common(image, body) and is_plain_profile(image.info.get("icc_profile"))


def _has_more_frames(image: ImageFile) -> bool:
    """Also where the others are broken: counting the pages of a TIFF reads what each of them says."""
    try:
        return int(getattr(image, "n_frames", 1)) > 1
    except DAMAGE:
        return True


def _has_whole_bytes(image: Any) -> bool:
    """Whether no sample of a TIFF is a part of a byte: not all builds of OpenCV unpack 2 and 4 bits."""
    return all(bits % 8 == 0 for bits in image.tag_v2.get(_TIFF_BITS, (1,)))


def _is_common(image: ImageFile, body: bytes) -> bool:
    """A variant of its format that every loader reads, without the damage that Pillow forgives and others do not."""
    try:
        if image.format == "JPEG":
            return jpeg(body).common
        frames(body, image.format or "")
    except Unusable:
        return False
    if image.format == "BMP":
        return _is_common_bmp(body)
    if image.format == "TIFF":
        plain = metadata.tiff_orientation(image) == 1 and image.mode not in ("I", "F") and _has_whole_bytes(image)
        return plain and image.info.get("compression") in _TIFF_PACKING
    if image.format == "AVIF":
        return body[8:12] in (b"avif", b"avis")  # Others take none that says so only behind another kind.
    if image.format == "GIF":
        return image.size == struct.unpack_from("<HH", body, 6)  # Others open none that is larger than its screen.
    return image.format != "PNG" or (body[24] <= 8 and not _has_large_texts(image) and says_its_frames(body))


def _has_large_texts(image: ImageFile) -> bool:
    """Whether a text or a profile is larger than Pillow takes by itself, which then refuses the picture."""
    sizes = (len(value) for value in image.info.values() if isinstance(value, str | bytes))
    return STRIPPED in image.info or max(sizes, default=0) >= 1 << 20


def _is_common_bmp(body: bytes) -> bool:
    """The one kind of BMP that every loader reads: a BITMAPINFOHEADER, 24 bits, not packed, bottom row first, the rows
    right behind it and nothing behind them."""
    size, height = int.from_bytes(body[14:18], "little"), int.from_bytes(body[22:26], "little", signed=True)
    bits, packing = int.from_bytes(body[28:30], "little"), int.from_bytes(body[30:34], "little")
    known = size == 40 and height > 0 and bits == 24 and packing == 0
    return known and body[10:14] == b"\x36\0\0\0" and bmp_size(body) == len(body)


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
