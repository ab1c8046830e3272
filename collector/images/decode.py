"""Bytes become a Picture or an Unusable: the only module of this room that knows Pillow. Writes nothing.

Format by signature, then exactly that decoder, size caps on the header, structure to the end, and a decode of the
first frame. Pillow's `verify()` is no check: a JPEG cut at 60 % passes it.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib

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
from collector.images.structure import extent, jpeg_facts
from collector.model import Picture
from collector.settings import FetchSettings

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "AVIF": "avif", "TIFF": "tif"}
"""Format -> extension; the whole allow-list, with the one that must be asked for (`fetch.tiff`)."""
_DECODERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}
"""Named one by one instead of `Image.open`, which tries others and turns a JPEG with an MPO index into an MPO."""
_ORIENTATION = 0x0112
_IPTC, _XMP = 0x83BB, 0x02BC
HASHED = 32
"""Pixels a side that a picture is decoded to at least, where it has them, for the perceptual hash."""
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
    """The facts of a picture whose every byte was looked at. Unusable with an image.* or body.* slug. Thread-safe.

    `settings.verify`: "full" decodes every pixel; "fast" decodes a JPEG at an eighth of its size, which reads all of
    its data and leaves out most of the arithmetic, and the other formats in full; "structure" decodes nothing.
    """
    format = identify(body, settings.tiff)
    if format == "JPEG" and settings.verify == "structure":
        return _from_structure(body, settings)
    _prepare(settings)
    try:
        with _DECODERS[format](io.BytesIO(body)) as image:
            (width, height), mode = _stored_size(image), image.mode
            _check_size((width, height), settings)
            end = extent(body, format)
            turned = _tiff_orientation(image)
            phash = "" if settings.verify == "structure" else _decode(image, reduced=settings.verify == "fast")
            orientation = turned or _orientation(image, loaded=bool(phash))
            return Picture(
                sha256=hashlib.sha256(body).hexdigest(),
                format=format,
                extension=EXTENSIONS[format],
                width=width,
                height=height,
                bytes=len(body),
                mode=image.mode if settings.verify == "full" else mode,
                orientation=orientation,
                frames=end.frames,
                trailing_bytes=len(body) - end.end,
                phash=phash,
                rights=_rights(image, body),
            )
    except Image.DecompressionBombError as error:
        raise Unusable("image.too_many_pixels", str(error)) from None
    except (OSError, SyntaxError, EOFError) as error:
        raise Unusable("image.truncated", f"{format}: {error}") from None
    except _CRASHES as error:
        raise Unusable("image.decoder_crash", f"{format}: {type(error).__name__}: {error}") from None


def _from_structure(body: bytes, settings: FetchSettings) -> Picture:
    """The facts of a JPEG from its segments alone."""
    facts = jpeg_facts(body)
    _check_size((facts.width, facts.height), settings)
    end = extent(body, "JPEG").end
    return Picture(
        sha256=hashlib.sha256(body).hexdigest(),
        format="JPEG",
        extension="jpg",
        width=facts.width,
        height=facts.height,
        bytes=len(body),
        mode=facts.mode,
        orientation=facts.orientation,
        trailing_bytes=len(body) - end,
        rights=metadata.read(*blocks) if any(blocks := metadata.jpeg_blocks(body)) else (),
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


def _stored_size(image: ImageFile) -> tuple[int, int]:
    """Width and height before rotation: Pillow turns a TIFF by its orientation already."""
    return (image.height, image.width) if _tiff_orientation(image) >= 5 else image.size


def _tiff_orientation(image: ImageFile) -> int:
    """1 to 8 for a TIFF, 0 for the rest. To be asked before decoding, which takes the tag away."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    value = image.tag_v2.get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _rights(image: ImageFile, body: bytes) -> tuple[tuple[str, str], ...]:
    """What is said in its metadata. To be asked after decoding, as some formats have it behind the pixels."""
    info = image.info
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tags = image.tag_v2
        return metadata.read(_exif_of(tags), _bytes(tags.get(_IPTC)), _bytes(tags.get(_XMP)))
    if "exif" not in info and "xmp" not in info and "photoshop" not in info:
        return ()
    if image.format == "JPEG":  # Pillow leaves out the IPTC records behind a resource it cannot read.
        return metadata.read(*metadata.jpeg_blocks(body))
    return metadata.read(_bytes(info.get("exif")), xmp=_bytes(info.get("xmp")))


def _exif_of(tags: TiffImagePlugin.ImageFileDirectory_v2) -> bytes:
    """The two texts of a TIFF's first directory, as a directory of their own."""
    texts = [(tag, str(tags[tag]).encode() + b"\0") for tag in (0x013B, 0x8298) if tag in tags]
    head, where = struct.pack("<2sHIH", b"II", 42, 8, len(texts)), 10 + 12 * len(texts)
    entries = data = b""
    for tag, text in texts:
        text = text.ljust(5, b"\0")  # Shorter ones would lie in the entry itself.
        entries += struct.pack("<HHII", tag, 2, len(text), where + len(data))
        data += text
    return head + entries + data


def _bytes(value: object) -> bytes:
    """Metadata as bytes; Pillow gives a TIFF's as tuples of numbers where their type says so."""
    if isinstance(value, tuple) and all(isinstance(item, int) and 0 <= item < 256 for item in value):
        return bytes(value)
    return value if isinstance(value, bytes) else b""


def _check_size(size: tuple[int, int], settings: FetchSettings) -> None:
    width, height = size
    if width * height > settings.max_pixels or max(size) > settings.max_side:
        raise Unusable("image.too_many_pixels", f"{width} x {height}")
    if min(size) < max(1, settings.min_side):
        raise Unusable("image.too_small", f"{width} x {height}")


def _orientation(image: ImageFile, loaded: bool) -> int:
    """EXIF orientation, 1 to 8; a broken EXIF block says nothing, and the pixels are whole all the same.

    To be asked after decoding: Pillow decodes a PNG here to get at its last chunks, and the error would be lost.
    """
    if "exif" not in image.info and (image.format == "JPEG" or not loaded):
        return 1
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
