"""The door to decoders that are extras: HEIC by pillow-heif, JPEG XL by pyjpegxl. Both give pictures upright.

Why these two: docs/decisions/0024-heic-and-jpeg-xl.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from collector.errors import install
from collector.images.sniff import Unusable

if TYPE_CHECKING:  # What asks which extras are there opens no picture.
    from PIL.ImageFile import ImageFile

EXTRAS: Final = {"HEIF": "heic", "JXL": "jxl"}
"""Format -> the extra that brings its decoder."""
_PACKAGES: Final = {"HEIF": "pillow_heif", "JXL": "pyjpegxl"}
_CHANNELS: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def needed(format: str) -> str:
    """The reason of a picture whose decoder is not installed."""
    return f"image.needs_{EXTRAS[format]}"


def installed() -> frozenset[str]:
    """The formats of extras whose decoder is there."""
    return frozenset(format for format, package in _PACKAGES.items() if find_spec(package) is not None)


def reasons(formats: Iterable[str]) -> list[str]:
    """What pictures of these formats ended with while their decoder was not there."""
    return sorted(map(needed, formats))


@cache
def decoder(format: str) -> type[ImageFile]:
    """Pillow's way to open a picture of the format. Unusable(image.needs_...) that says what to install."""
    try:
        return _heif() if format == "HEIF" else _jxl()
    except ImportError:
        raise Unusable(needed(format), install(EXTRAS[format])) from None


def _heif() -> type[ImageFile]:
    """libheif turns and mirrors what the container says (`irot`, `imir`); the EXIF of a HEIC does not count
    (ISO/IEC 23008-12, 6.5.10)."""
    from pillow_heif import HeifImageFile, options

    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    options.DECODE_THREADS = 1  # A process looks at several pictures at once.
    return HeifImageFile


def _jxl() -> type[ImageFile]:
    """libjxl turns what the codestream says; the EXIF does not count (ISO/IEC 18181-2, 9.6)."""
    import pyjpegxl
    from PIL import Image
    from PIL.ImageFile import ImageFile

    pyjpegxl.set_num_threads(1)

    class JxlImageFile(ImageFile):
        """The first frame; its header says size and colours before a pixel is decoded."""

        format, format_description = "JXL", "JPEG XL"

        def _open(self) -> None:
            assert self.fp is not None
            self._bytes: bytes | None = self.fp.read()
            facts = _told(pyjpegxl.probe, self._bytes)
            if (facts.icc or b"")[16:20] == b"CMYK":
                raise OSError("JPEG XL in CMYK is not supported")
            self._size, self._mode = (facts.width, facts.height), "RGB"
            self._describe(facts)

        def _describe(self, facts: Any) -> None:
            self._mode = _CHANNELS[facts.num_color_channels + facts.has_alpha]
            self.info = {"icc_profile": facts.icc, "exif": _tiff(facts.exif), "xmp": facts.xmp}
            self.info = {name: value for name, value in self.info.items() if value}

        def load(self) -> Any:
            if self._bytes is not None:
                facts, pixels = _told(pyjpegxl.decode, self._bytes, dtype="uint8")
                if (facts.width, facts.height) != self.size:
                    raise OSError("its frame is of another size")
                self._describe(facts)
                self.im = Image.frombytes(self.mode, self.size, pixels).im
                self._bytes = None
            return Image.Image.load(self)

    return JxlImageFile


def _told(read: Any, body: bytes, **options: str) -> Any:
    """What the library says; OSError for its RuntimeError, which it raises for whatever is wrong with the bytes."""
    try:
        return read(body, **options)
    except RuntimeError as error:
        raise OSError(str(error)) from None


def _tiff(exif: bytes | None) -> bytes | None:
    """The TIFF structure of an Exif box, which begins with its distance (ISO/IEC 18181-2, 9.3)."""
    return exif[4 + int.from_bytes(exif[:4], "big") :] if exif and len(exif) > 8 else None
