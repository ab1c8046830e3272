"""The one way in which a picture's bytes are opened, and the facts of a picture whose every byte was looked at.

Format by signature, then exactly that decoder; size caps on the header; structure to the end; a decode of the first
frame. Pillow's `verify()` is no check: a JPEG cut at 60 % passes it. Writes nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from operator import lt, mul
from pathlib import Path
from typing import Any, Final

from PIL import Image, JpegImagePlugin
from PIL.ImageFile import ImageFile

from collector.images import extras, metadata
from collector.images.sniff import JPEG, Unusable, contents, identify
from collector.images.structure import PASSED_OVER, Jpeg, frames, jpeg, with_known_palette, without_extras
from collector.model import Picture
from collector.settings import FetchSettings, wanted_formats

EXTENSIONS: Final = {
    "JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "AVIF": "avif", "TIFF": "tif",
    "HEIF": "heic", "JXL": "jxl",
}  # fmt: skip
"""Format -> extension; the whole allow-list, with the one that must be asked for (`fetch.tiff`) and those whose decoder
is an extra."""
_DECODERS: Final = {
    "JPEG": "Jpeg", "PNG": "Png", "GIF": "Gif", "WEBP": "WebP", "BMP": "Bmp", "AVIF": "Avif", "TIFF": "Tiff",
}  # fmt: skip
"""Format -> what Pillow's decoder is called, for those that come with it."""
HASHED: Final = 32
"""Pixels a side that a picture is decoded to at least, where it has them, for the perceptual hash."""
LARGEST: Final = 200_000_000
"""Pixels above which no saved picture is decoded: more than any setting of the fetch stage lets through."""
_CRASHES: Final = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RuntimeError, MemoryError,
    struct.error, zlib.error,
)  # fmt: skip
"""What decoders raise on bytes made to hurt them; each is a verdict on the bytes, not a bug of ours."""
DAMAGE: Final = (OSError, SyntaxError, EOFError, NotImplementedError, Image.DecompressionBombError, *_CRASHES)
"""All that they raise on bytes that cannot be decoded."""
_CUT: Final = re.compile("not enough image data|truncated", re.IGNORECASE)
"""How decoders say that something is missing, by whatever exception."""
_UNSUPPORTED: Final = re.compile(
    r"unsupported|not supported|cannot handle|unknown (?!chunk)|not available|not implemented|no decoder", re.IGNORECASE
)
"""How decoders say that they do not know a kind, which no second download will change."""
_TEXT: Final = 16 << 20
"""Bytes of a text or a colour profile in a PNG, unpacked: there are printers' profiles above Pillow's one megabyte."""
STRIPPED: Final = "collector:stripped"
"""In `info` of a PNG that was opened without some of its chunks, because they are larger still, or damaged."""
_DIGITS: Final = bytes.maketrans(b"\0\1", b"01")
_ROWS: Final = 256
"""Of two pictures that are compared at a time."""
_BRIGHTNESS: Final = (0.299, 0.587, 0.114)
"""Shares of red, green and blue (ITU-R BT.601, as in JFIF)."""
_FILLER: Final = bytes(range(1, 255)) * 2
"""Put before the end of a JPEG: read as pixels where some are missing, and passed over where none are."""


@contextmanager
def open_picture(body: bytes, tiff: bool = True, most: int = LARGEST) -> Iterator[ImageFile]:
    """A picture of a format we accept, its header read and no pixel decoded.

    Unusable with an image.* or body.* reason, whatever a decoder raises here or inside the `with`.
    """
    format = identify(body, tiff)
    Image.MAX_IMAGE_PIXELS = most  # For what Pillow checks inside.
    metadata.silence()
    try:
        with _opened(body, format, most) as image:
            if image.width * image.height > most:
                raise Unusable("image.too_many_pixels", f"{image.width} x {image.height}{_allowed(most)}")
            yield image
    except Image.DecompressionBombError as error:
        raise Unusable("image.too_many_pixels", f"{error}{_allowed(most)}") from None
    except (OSError, SyntaxError, EOFError, NotImplementedError) as error:
        reason = "image.unsupported" if _UNSUPPORTED.search(str(error)) else "image.truncated"
        raise Unusable(reason, f"{format}: {error}") from None
    except _CRASHES as error:
        raise Unusable(_told_by(error, format), f"{format}: {type(error).__name__}: {error}") from None


def _told_by(error: Exception, format: str) -> str:
    """The reason of what a decoder raised that is no error of reading: some say so that they know no better."""
    if _UNSUPPORTED.search(str(error)):
        return "image.unsupported"
    damaged = format in ("AVIF", "HEIF") and isinstance(error, RuntimeError | ValueError)
    return "image.truncated" if damaged or _CUT.search(str(error)) else "image.decoder_crash"


def _opened(body: bytes, format: str, most: int) -> ImageFile:
    """By the decoder of that format; a PNG without what Pillow does not take of that which says nothing of its pixels,
    a BMP that it does not know as one that it knows."""
    decoder = _decoder(format) if format in _DECODERS else extras.decoder(format)
    if format == "BMP":
        body = with_known_palette(body)
        try:
            return decoder(io.BytesIO(body))
        except OSError:
            from collector.images.bmp import standard  # With numpy, which downloads have no other use for.

            return decoder(io.BytesIO(standard(body, most)))
    return _opened_png(body, decoder) if format == "PNG" else decoder(io.BytesIO(body))


def _opened_png(body: bytes, decoder: type[ImageFile]) -> ImageFile:
    """Its transparent colour in the depth of the pixels."""
    for unwanted in PASSED_OVER:
        plain = without_extras(body, unwanted)
        try:
            image = decoder(io.BytesIO(plain))
            break
        except (ValueError, SyntaxError):
            if unwanted is PASSED_OVER[-1]:
                raise
    if plain is not body:
        image.info[STRIPPED] = True
    key = image.info.get("transparency")
    if isinstance(key, int) and image.mode in ("1", "L"):  # Given in the file's own depth, unlike the pixels.
        image.info["transparency"] = min(255, key * {1: 255, 2: 85, 4: 17}.get(body[24], 1))
    elif isinstance(key, tuple) and body[24] == 16:
        image.info["transparency"] = tuple(value >> 8 for value in key)
    return image


@cache
def _decoder(format: str) -> type[ImageFile]:
    """Named one by one instead of `Image.open`, which tries others and turns a JPEG with an MPO index into an MPO; and
    loaded when the first picture of the format comes."""
    name = _DECODERS[format]
    plugin: Any = import_module(f"PIL.{name}ImagePlugin")
    if format == "PNG":
        plugin.MAX_TEXT_CHUNK = _TEXT
    return getattr(plugin, f"{name}ImageFile")  # type: ignore[no-any-return]


@contextmanager
def open_file(path: Path) -> Iterator[tuple[ImageFile, bytes]]:
    """The picture of a file, and its bytes. Unusable when the file is gone, too."""
    try:
        body = contents(path)
    except OSError as error:
        raise Unusable("file.unreadable", str(error.strerror or error)) from None
    if body.startswith(JPEG):
        _refuse_traps(body)
    with open_picture(body) as image:
        yield image, body


def _refuse_traps(body: bytes) -> None:
    """Not decoded at all, wherever a saved file is opened: a JPEG of thousands of scans takes minutes."""
    try:
        jpeg(body)
    except Unusable as unusable:
        if unusable.reason == "image.unsupported":
            raise


def inspect_file(path: Path, settings: FetchSettings) -> Picture:
    """`inspect` of a file, for a process of its own."""
    return inspect(contents(path), settings)


def inspect(body: bytes, settings: FetchSettings) -> Picture:
    """The facts of a picture whose every byte was looked at. Unusable with an image.* or body.* slug. Thread-safe.

    `settings.verify`: "full" decodes every pixel; "fast" decodes a JPEG at an eighth of its size, which reads all of
    its data and leaves out most of the arithmetic, and the other formats in full; "structure" decodes nothing.
    """
    if settings.verify == "structure" and (picture := _of_markers(body, settings)) is not None:
        return picture
    with open_picture(body, settings.tiff, max(1, settings.max_pixels)) as image:
        (width, height), mode, format = metadata.stored_size(image), image.mode, image.format or ""
        _check_wanted((width, height), format, settings)
        marks = jpeg(body) if format == "JPEG" else None
        count = 1 if marks else frames(body, format)
        turned = metadata.tiff_orientation(image)
        phash = "" if settings.verify == "structure" else _decode(image, body, marks, settings.verify == "fast")
        if format == "HEIF":
            width, height = image.size  # Its container may say otherwise.
        return Picture(
            sha256=hashlib.sha256(body).hexdigest(),
            format=format,
            extension=EXTENSIONS[format],
            width=width,
            height=height,
            bytes=len(body),
            mode=image.mode if settings.verify == "full" else mode,
            orientation=turned or metadata.orientation(image, body),
            frames=getattr(image, "n_frames", 1) if format in ("AVIF", "HEIF") else count,
            phash=phash,
            rights=metadata.rights(image),
            taken=metadata.taken(image) if settings.exif else None,
            place=metadata.place(image) if settings.exif else (),
        )


def _of_markers(body: bytes, settings: FetchSettings) -> Picture | None:
    """The facts of a JPEG that is whole and plain: its markers say all there is. None for one that is to be opened."""
    if not body.startswith(JPEG):
        return None
    try:
        marks = jpeg(body)
    except Unusable:
        return None
    if not marks.plain:
        return None
    _check_wanted((marks.width, marks.height), "JPEG", settings)
    digest, mode = hashlib.sha256(body).hexdigest(), "L" if marks.components == 1 else "RGB"
    return Picture(digest, "JPEG", EXTENSIONS["JPEG"], marks.width, marks.height, len(body), mode)


def _decode(image: ImageFile, body: bytes, marks: Jpeg | None, reduced: bool) -> str:
    """Decode the first frame and give its difference hash (dHash): 64 bits, whether a cell of a 9 x 8 grid of mean
    brightness is darker than its right neighbour."""
    if marks is not None and reduced and not marks.lossless:
        image.draft("L", (HASHED, HASHED))
    image.load()
    if marks is not None and not marks.lossless and _may_lack_data(image, marks, reduced):
        _check_complete(image, body, marks, reduced)
    small: Image.Image = image
    if min(image.size) > 8 * HASHED and image.mode in ("L", "RGB"):
        small = image.reduce(min(image.size) // (2 * HASHED))
    grey = small if small.mode == "L" else small.convert("L")
    cells = grey.resize((9, 8), Image.Resampling.BOX).tobytes()
    darker = bytes(map(lt, cells, cells[1:])).translate(_DIGITS)
    return f"{int(b''.join(darker[row : row + 8] for row in range(0, 72, 9)), 2):016x}"


def _may_lack_data(image: Image.Image, marks: Jpeg, reduced: bool) -> bool:
    """Whether the last pixel is what a JPEG decoder puts where data are missing: the middle of the brightness. Where a
    picture comes in several scans, the last of them may be missing without a trace, but for what only `full` decodes.
    """
    if marks.scans > 1 and not reduced:
        return True
    value = image.getpixel((image.width - 1, image.height - 1))
    bands = value if isinstance(value, tuple) else (value or 0,)
    if image.mode == "RGB":  # Its colours may be those of its neighbours.
        bands = (sum(map(mul, _BRIGHTNESS, bands)),)
    least = 127 if image.mode == "CMYK" else 127.4  # Pillow inverts some.
    return all(least <= band <= 128.6 for band in bands)


def _check_complete(image: ImageFile, body: bytes, marks: Jpeg, reduced: bool) -> None:
    """Unusable(image.truncated) for a JPEG whose data end too early, though its end marker is there.

    libjpeg only warns of that, and Pillow hands no warnings on. So more data are put before the end, and it is decoded
    in the same way once more: they change the picture when, and only when, some were missing.
    """
    longer = b"".join((body[: marks.end - 2], _FILLER, body[marks.end - 2 :]))
    with JpegImagePlugin.JpegImageFile(io.BytesIO(longer)) as other:
        if reduced:
            other.draft("L", (HASHED, HASHED))
        other.load()
        for top in range(0, image.height, _ROWS):  # Piece by piece: the largest fill hundreds of megabytes.
            rows = (0, top, image.width, min(top + _ROWS, image.height))
            if image.crop(rows).tobytes() != other.crop(rows).tobytes():
                raise Unusable("image.truncated", "data are missing before its end marker")


def _allowed(most: int) -> str:
    """The setting that refuses a picture, where it is one."""
    return "" if most == LARGEST else f"; fetch.max_pixels allows {most:,}"


def _check_wanted(size: tuple[int, int], format: str, settings: FetchSettings) -> None:
    """Unusable for a picture of another size, shape or format than is wanted."""
    width, height = size
    if width * height > settings.max_pixels:
        raise Unusable("image.too_many_pixels", f"{width} x {height}{_allowed(settings.max_pixels)}")
    if max(size) > settings.max_side:
        raise Unusable("image.too_many_pixels", f"{width} x {height}; fetch.max_side allows {settings.max_side:,}")
    if min(size) < max(1, settings.min_side):
        raise Unusable("image.too_small", f"{width} x {height}")
    if settings.max_aspect and max(size) > settings.max_aspect * min(size):
        raise Unusable("image.aspect", f"{width} x {height}")
    if settings.types and format not in wanted_formats(settings.types):
        raise Unusable("image.other_type", format)
