"""The one way in which a picture's bytes are opened, and the facts of a picture whose every byte was looked at.

Format by signature, then exactly that decoder; size caps on the header; structure to the end; a decode of the first
frame. Pillow's `verify()` is no check: a JPEG cut at 60 % passes it. Writes nothing.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from collector.images import metadata
from collector.images.sniff import Unusable, identify
from collector.images.structure import frames
from collector.model import Picture
from collector.settings import FetchSettings

EXTENSIONS: Final = {
    "JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "AVIF": "avif", "TIFF": "tif",
}  # fmt: skip
"""Format -> extension; the whole allow-list, with the one that must be asked for (`fetch.tiff`)."""
_DECODERS: Final[dict[str, type[ImageFile]]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}
"""Named one by one instead of `Image.open`, which tries others and turns a JPEG with an MPO index into an MPO."""
HASHED: Final = 32
"""Pixels a side that a picture is decoded to at least, where it has them, for the perceptual hash."""
LARGEST: Final = 200_000_000
"""Pixels above which no saved picture is decoded: more than any setting of the fetch stage lets through."""
_CRASHES: Final = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RuntimeError, MemoryError,
    struct.error, zlib.error,
)  # fmt: skip
"""What decoders raise on bytes made to hurt them; each is a verdict on the bytes, not a bug of ours."""


@contextmanager
def open_picture(body: bytes, tiff: bool = True, most: int = LARGEST) -> Iterator[ImageFile]:
    """A picture of a format we accept, its header read and no pixel decoded.

    Unusable with an image.* or body.* reason, whatever a decoder raises here or inside the `with`.
    """
    format = identify(body, tiff)
    Image.MAX_IMAGE_PIXELS = most  # For what Pillow checks inside.
    metadata.silence()
    try:
        with _DECODERS[format](io.BytesIO(body)) as image:
            if image.width * image.height > most:
                raise Unusable("image.too_many_pixels", f"{image.width} x {image.height}")
            yield image
    except Image.DecompressionBombError as error:
        raise Unusable("image.too_many_pixels", str(error)) from None
    except (OSError, SyntaxError, EOFError) as error:
        raise Unusable("image.truncated", f"{format}: {error}") from None
    except _CRASHES as error:
        raise Unusable("image.decoder_crash", f"{format}: {type(error).__name__}: {error}") from None


@contextmanager
def open_file(path: Path) -> Iterator[tuple[ImageFile, bytes]]:
    """The picture of a file, and its bytes. Unusable when the file is gone, too."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise Unusable("file.unreadable", f"{type(error).__name__}: {error.strerror}") from None
    with open_picture(body) as image:
        yield image, body


def inspect(body: bytes, settings: FetchSettings) -> Picture:
    """The facts of a picture whose every byte was looked at. Unusable with an image.* or body.* slug. Thread-safe.

    `settings.verify`: "full" decodes every pixel; "fast" decodes a JPEG at an eighth of its size, which reads all of
    its data and leaves out most of the arithmetic, and the other formats in full; "structure" decodes nothing.
    """
    with open_picture(body, settings.tiff, max(1, settings.max_pixels)) as image:
        (width, height), mode, format = metadata.stored_size(image), image.mode, image.format or ""
        _check_size((width, height), settings)
        count = frames(body, format)
        turned = metadata.tiff_orientation(image)
        phash = "" if settings.verify == "structure" else _decode(image, reduced=settings.verify == "fast")
        return Picture(
            sha256=hashlib.sha256(body).hexdigest(),
            format=format,
            extension=EXTENSIONS[format],
            width=width,
            height=height,
            bytes=len(body),
            mode=image.mode if settings.verify == "full" else mode,
            orientation=turned or metadata.orientation(image, body),
            frames=count,
            phash=phash,
            rights=metadata.rights(image),
        )


def _decode(image: ImageFile, reduced: bool) -> str:
    """Decode the first frame and give its difference hash (dHash): 64 bits, whether a cell of a 9 x 8 grid of mean
    brightness is darker than its right neighbour."""
    if reduced and image.format == "JPEG":
        image.draft("L", (HASHED, HASHED))
    image.load()
    small: Image.Image = image
    if min(image.size) > 8 * HASHED and image.mode in ("L", "RGB"):
        small = image.reduce(min(image.size) // (2 * HASHED))
    cells = small.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for at in range(72):
        if at % 9 != 8:
            bits = bits << 1 | (cells[at] < cells[at + 1])
    return f"{bits:016x}"


def _check_size(size: tuple[int, int], settings: FetchSettings) -> None:
    width, height = size
    if width * height > settings.max_pixels or max(size) > settings.max_side:
        raise Unusable("image.too_many_pixels", f"{width} x {height}")
    if min(size) < max(1, settings.min_side):
        raise Unusable("image.too_small", f"{width} x {height}")
