"""What a picture's own bytes say beside its pixels: how it is turned, whose it is (EXIF, IPTC, XMP), and when and where
it was taken, without trust.

Pillow reads the blocks and defusedxml the XML, which is not read at all when it has a DOCTYPE: no entity is ever
expanded. A malformed block says nothing and is never a reason to refuse a picture.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from struct import error as StructError
from typing import Any, Final

from PIL import Image, IptcImagePlugin
from PIL.ImageFile import ImageFile

LONGEST: Final = 500
"""Characters kept of each text."""
LARGEST_XMP: Final = 1_048_576
"""Bytes of XMP that are read; honest packets are a hundredth of it."""
NAMES: Final = ("creator", "credit", "source", "copyright", "licence", "terms", "licensor", "data_mining")
"""Everything that can be said, in the order it is told in."""

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_ORIENTATION: Final = 0x0112
_TIMES, _GPS = 0x8769, 0x8825
"""Tags that lead to the directories of the camera's settings and of the place."""
_EXIF: Final = {0x013B: "creator", 0x8298: "copyright"}
_IIM: Final = {80: "creator", 110: "credit", 115: "source", 116: "copyright"}
_DC, _XMP_RIGHTS = "http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/xap/1.0/rights/"
_PHOTOSHOP, _PLUS = "http://ns.adobe.com/photoshop/1.0/", "http://ns.useplus.org/ldf/xmp/1.0/"
_TDM, _RDF = "http://www.w3.org/ns/tdmrep/", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XMP: Final = {
    f"{{{_DC}}}creator": "creator",
    f"{{{_DC}}}rights": "copyright",
    f"{{{_XMP_RIGHTS}}}WebStatement": "licence",
    f"{{{_XMP_RIGHTS}}}UsageTerms": "terms",
    f"{{{_PHOTOSHOP}}}Credit": "credit",
    f"{{{_PHOTOSHOP}}}Source": "source",
    f"{{{_PLUS}}}LicensorURL": "licensor",
    f"{{{_PLUS}}}DataMining": "data_mining",
    f"{{{_TDM}}}reservation": "data_mining",
}
"""Property -> name (IPTC Photo Metadata Standard 2023.1; PLUS LDF; W3C TDM Reservation Protocol)."""
_BROKEN: Final = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, RuntimeError, OSError,
    SyntaxError, EOFError, StructError,
)  # fmt: skip
"""What readers raise on blocks that are none."""

Iptc = Mapping[tuple[int, int], bytes | list[bytes]]
"""(record, data set) -> value or values, as Pillow gives it."""


def silence() -> None:
    """None of Pillow's warnings about odd metadata. `catch_warnings` is not thread-safe, so the filter is set for good;
    it names Pillow's modules only. Looked up each time, because a test runner swaps the list of filters."""
    if not any(kind == "ignore" and getattr(name, "pattern", "") == "PIL" for kind, _, _, name, _ in warnings.filters):
        warnings.filterwarnings("ignore", module="PIL")


# --------------------------------------------------------------------------- how it is turned


def orientation(image: ImageFile, body: bytes) -> int:
    """EXIF orientation, 1 to 8; 1 where a broken block says nothing. Orientation in XMP alone is not looked at: no
    browser does. Ask after decoding, if it is decoded: a PNG may have its EXIF behind the pixels."""
    if turned := tiff_orientation(image):
        return turned
    if "exif" not in image.info or image.format in ("HEIF", "JXL"):  # These come upright.
        if image.format != "PNG" or b"eXIf" not in body:
            return 1
        image.load()
    value = _exif(image.info.get("exif")).get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def tiff_orientation(image: ImageFile) -> int:
    """1 to 8 for a TIFF, 0 for the rest. Ask before decoding, which turns the picture and takes the tag away."""
    if (tags := _tiff_tags(image)) is None:
        return 0
    value = tags.get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _tiff_tags(image: ImageFile) -> Mapping[int, Any] | None:
    """The first directory of a TIFF; None for the rest."""
    return getattr(image, "tag_v2", None)


def stored_size(image: ImageFile) -> tuple[int, int]:
    """Width and height before rotation: Pillow tells a TIFF's after it."""
    return (image.height, image.width) if tiff_orientation(image) >= 5 else image.size


# --------------------------------------------------------------------------- when and where


def taken(image: ImageFile) -> str | None:
    """When its EXIF says it was taken, or else digitised: ISO 8601. Ask after decoding, as of the place."""
    tags = _directory(image, _TIMES)
    for moment, offset in ((0x9003, 0x9011), (0x9004, 0x9012)):
        text = f"{_word(tags.get(moment))}{_word(tags.get(offset))}"
        for shape in ("%Y:%m:%d %H:%M:%S%z", "%Y:%m:%d %H:%M:%S"):
            try:
                return datetime.strptime(text if shape.endswith("%z") else text[:19], shape).isoformat()
            except ValueError:
                continue
    return None


def place(image: ImageFile) -> tuple[float, ...]:
    """Latitude and longitude of its EXIF, in degrees to a tenth of a metre; () where it says none, or only zeros."""
    tags = _directory(image, _GPS)
    found = (_degrees(tags, 1, "NS", 90.0), _degrees(tags, 3, "EW", 180.0))
    return () if None in found or found == (0.0, 0.0) else tuple(one for one in found if one is not None)


def _directory(image: ImageFile, directory: int) -> Mapping[int, Any]:
    """The tags of a directory below the first."""
    if _tiff_tags(image) is None:
        return _exif(image.info.get("exif"), directory)
    try:
        return dict(image.getexif().get_ifd(directory))
    except _BROKEN:
        return {}


def _word(value: object) -> str:
    return value.strip("\0 ") if isinstance(value, str) else ""


def _degrees(tags: Mapping[int, Any], reference: int, ways: str, most: float) -> float | None:
    """Degrees, minutes and seconds behind the letter of their half of the globe (EXIF 2.32, 4.6.6)."""
    letter = _word(tags.get(reference)).upper()
    try:
        degrees, minutes, seconds = (float(part) for part in tags.get(reference + 1, ()))
    except _BROKEN:
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if letter not in ways or not letter or not 0 <= value <= most:
        return None
    return round(-value if letter == ways[1] else value, 6)


# --------------------------------------------------------------------------- whose it is


def rights(image: ImageFile) -> tuple[tuple[str, str], ...]:
    """What its metadata say, as `read` gives it. Ask after decoding: some formats have them behind the pixels."""
    tags = _tiff_tags(image)
    if tags is None and image.info.keys().isdisjoint(("exif", "xmp", "photoshop")):
        return ()
    try:
        iptc = IptcImagePlugin.getiptcinfo(image) or {}
    except _BROKEN:
        iptc = {}
    xmp = image.info.get("xmp")
    return read(tags or _exif(image.info.get("exif")), iptc, xmp if isinstance(xmp, bytes) else b"")


def read(
    exif: bytes | Mapping[int, Any] = b"", iptc: Iptc | None = None, xmp: bytes = b""
) -> tuple[tuple[str, str], ...]:
    """(name, text) of what is said, each name once: XMP before IPTC before EXIF, the younger before the older.

    `exif` is a TIFF structure, with or without its "Exif" mark, or its tags; `xmp` one packet.
    """
    tags = _exif(exif) if isinstance(exif, bytes) else exif
    found: dict[str, str] = {}
    for blocks in (_from_xmp(xmp), _from_iptc(iptc or {}), _from_exif(tags)):
        said: dict[str, list[str]] = {}
        for name, text in blocks:
            if (clean := _CONTROLS.sub(" ", text).strip()) and clean not in said.setdefault(name, []):
                said[name].append(clean)
        for name, texts in said.items():
            found.setdefault(name, "; ".join(texts)[:LONGEST])
    return tuple((name, found[name]) for name in NAMES if name in found)


def _exif(block: object, directory: int = 0) -> Mapping[int, Any]:
    """The tags of an EXIF block's first directory, or of one below it."""
    silence()
    exif = Image.Exif()
    if isinstance(block, bytes):
        try:
            exif.load(block)
            return dict(exif.get_ifd(directory) if directory else exif)
        except _BROKEN:
            return {}
    return {}


def _from_exif(tags: Mapping[int, Any]) -> Iterator[tuple[str, str]]:
    """Artist and Copyright; the latter may be two texts, the photographer's and the editor's."""
    for tag, name in _EXIF.items():
        value = tags.get(tag)
        if isinstance(value, str):
            value = value.encode("latin-1", "replace")  # Pillow reads every text as Latin-1.
        if isinstance(value, bytes):
            yield from ((name, _text(part)) for part in value.split(b"\0"))


def _from_iptc(info: Iptc) -> Iterator[tuple[str, str]]:
    for number, name in _IIM.items():
        values = info.get((2, number), [])
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, bytes):
                yield name, _text(value)


def _text(raw: bytes) -> str:
    """UTF-8 where it is that, else Latin-1: what writers do, whatever the standards say."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _from_xmp(packet: bytes) -> Iterator[tuple[str, str]]:
    """The properties of an XMP packet (ISO 16684-1), as attributes, elements, lists or resources."""
    if not packet or len(packet) > LARGEST_XMP:
        return
    from defusedxml.common import DefusedXmlException  # Few pictures have one.
    from defusedxml.ElementTree import ParseError, fromstring

    wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        root = fromstring(packet if wide else packet.strip(b"\0 \t\r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return
    for element in root.iter():
        yield from ((_XMP[name], value) for name, value in element.attrib.items() if name in _XMP)
        if element.tag in _XMP:
            yield from ((_XMP[element.tag], text) for text in _values(element))


def _values(element: Any) -> Iterator[str]:
    """The texts of a property; of those in several languages the first."""
    if resource := element.get(f"{_RDF}resource"):
        yield resource
    items = [item.text or "" for item in element.iter(f"{_RDF}li")] or [element.text or ""]
    said = [text for text in items if text.strip()]
    yield from said[:1] if element.find(f"{_RDF}Alt") is not None else said
