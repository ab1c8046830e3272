"""Bytes become a Picture or an Unusable: the only module of this room that knows Pillow. Writes nothing.

Format by signature, then exactly that decoder, size caps on the header, structure to the end, and a full
decode of the first frame. Pillow's `verify()` is no check: a JPEG cut at 60 % passes it.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib

from PIL import AvifImagePlugin, BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from collector.fetch.payload import Unusable, identify
from collector.fetch.structure import extent
from collector.model import Picture
from collector.settings import FetchSettings

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "AVIF": "avif"}
"""Format -> extension; the whole allow-list."""
_DECODERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}
"""Named one by one instead of `Image.open`, which tries others and turns a JPEG with an MPO index into an MPO."""
_ORIENTATION = 0x0112
_CRASHES = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
"""What decoders raise on bytes made to hurt them; each is a verdict on the bytes, not a bug of ours."""


def inspect(body: bytes, settings: FetchSettings) -> Picture:
    """The facts of a picture whose every byte was looked at. Unusable with an image.* or body.* slug. Thread-safe."""
    format = identify(body)
    _prepare(settings)
    try:
        with _DECODERS[format](io.BytesIO(body)) as image:
            _check_size(image.size, settings)
            end = extent(body, format)
            image.load()
            return Picture(
                sha256=hashlib.sha256(body).hexdigest(),
                format=format,
                extension=EXTENSIONS[format],
                width=image.width,
                height=image.height,
                bytes=len(body),
                mode=image.mode,
                orientation=_orientation(image),
                frames=end.frames,
                trailing_bytes=len(body) - end.end,
            )
    except Image.DecompressionBombError as error:
        raise Unusable("image.too_many_pixels", str(error)) from None
    except (OSError, SyntaxError, EOFError) as error:
        raise Unusable("image.truncated", f"{format}: {error}") from None
    except _CRASHES as error:
        raise Unusable("image.decoder_crash", f"{format}: {type(error).__name__}: {error}") from None


def _check_size(size: tuple[int, int], settings: FetchSettings) -> None:
    width, height = size
    if width * height > settings.max_pixels or max(size) > settings.max_side:
        raise Unusable("image.too_many_pixels", f"{width} x {height}")
    if min(size) < max(1, settings.min_side):
        raise Unusable("image.too_small", f"{width} x {height}")


def _orientation(image: ImageFile) -> int:
    """EXIF orientation, 1 to 8; a broken EXIF block says nothing, and the pixels are whole all the same."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (*_CRASHES, OSError, SyntaxError, EOFError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _prepare(settings: FetchSettings) -> None:
    """Pillow's own pixel limit, for what it checks inside; and none of its warnings about odd metadata.

    `catch_warnings` is not thread-safe, so the filter is set for good; it names Pillow's modules only.
    Looked up each time, because a test runner swaps the list of filters.
    """
    Image.MAX_IMAGE_PIXELS = settings.max_pixels
    if not any(kind == "ignore" and getattr(name, "pattern", "") == "PIL" for kind, _, _, name, _ in warnings.filters):
        warnings.filterwarnings("ignore", module="PIL")
