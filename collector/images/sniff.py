"""What came, judged by its first bytes; and data: URLs taken apart. Bytes decide, never names. No decoder here."""

from __future__ import annotations

import base64
import binascii
import errno
import os
import re
import stat
import struct
from pathlib import Path
from urllib.parse import unquote_to_bytes


class Unusable(Exception):
    """Bytes that are not a picture we accept. `reason` is a slug of `collector.reasons`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def contents(path: Path) -> bytes:
    """The bytes of a file. OSError, also for a pipe or a device, of which reading might never end."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read()


_HEAD = 1024
JPEG = b"\xff\xd8\xff"
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (JPEG, "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\xff\x0a", "JXL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JXL"),
)
_DENIED: tuple[tuple[bytes, str], ...] = (
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "BigTIFF"),
    (b"MM\x00+", "BigTIFF"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"8BPS", "PSD"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x00\x00\x02\x00\x00\x00\x00\x00", "TGA"),
    (b"\x00\x00\x02\x00", "CUR"),
    (b"icns", "ICNS"),
    (b"\xd7\xcd\xc6\x9a", "WMF"),
    (b"\x01\x00\x09\x00\x00\x03", "WMF"),
    (b"SIMPLE  =", "FITS"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"DDS ", "DDS"),
    (b"AT&TFORM", "DjVu"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "FlashPix or another OLE file"),
    (b"gimp xcf", "XCF"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"FLIF", "FLIF"),
    (b"BPG\xfb", "BPG"),
    (b"qoif", "QOI"),
    (b"\xb1\x68\xde\x3a", "DCX"),
    (b"\x1a\x45\xdf\xa3", "WebM video"),
)
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc", b"hevx", b"hevm", b"hevs"))
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_MARKUP = re.compile(rb"<(?:!doctype|!--|\?xml|[a-z][a-z0-9:-]*[\s>/])", re.IGNORECASE)
_ROOT = re.compile(rb"<(?:(?P<svg>(?:[a-z]+:)?svg)|!doctype\s+html|html|head|body|script)[\s>]", re.IGNORECASE)


def identify(body: bytes, tiff: bool = False) -> str:
    """JPEG, PNG, GIF, WEBP, BMP, AVIF, HEIF, JXL or (asked for) TIFF, by signature; whether there is a decoder for it
    is another question. Unusable for all else, with what it is."""
    if not body:
        raise Unusable("body.empty")
    for signature, name in _SIGNATURES:
        if body.startswith(signature):
            return name
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WEBP"
    if body[:2] == b"BM" and len(body) >= 18 and struct.unpack_from("<I", body, 14)[0] in _BMP_HEADERS:
        return "BMP"
    if body[4:8] == b"ftyp":
        return _iso_media(body)
    if tiff and body[:4] in (b"II*\x00", b"MM\x00*"):
        return "TIFF"
    for signature, name in _DENIED:
        if body.startswith(signature):
            raise Unusable("image.format_denied", name)
    if body[40:44] == b" EMF":
        raise Unusable("image.format_denied", "EMF")
    _refuse_markup(body[:_HEAD])
    raise Unusable("image.unidentified", f"starts with {body[:8].hex(' ')}")


def _iso_media(body: bytes) -> str:
    """AVIF by any of its brands (ISO/IEC 23000-12), HEIF by those of ISO/IEC 23008-12; the rest of that family are
    videos."""
    said = brands(body)
    if said & {b"avif", b"avis"}:
        return "AVIF"
    if said & _HEIF_BRANDS:
        return "HEIF"
    raise Unusable("image.format_denied", "a video")


def brands(body: bytes) -> set[bytes]:
    """What an ISO base media file says it is compatible with; it has begun with an `ftyp` box."""
    size = min(struct.unpack_from(">I", body)[0], 256)
    return {body[at : at + 4] for at in (8, *range(16, size, 4))}


def is_page(body: bytes, content_type: str) -> bool:
    """Whether this is a web page: markup with HTML's beginnings, or any that is sent as HTML."""
    head = _plain(body[:_HEAD])
    if not _MARKUP.match(head):
        return False
    root = _ROOT.search(head)
    named = content_type.partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")
    return named or (root is not None and not root["svg"])


def _plain(head: bytes) -> bytes:
    """The beginning of a text without byte order mark, white space and UTF-16's zeros."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:2] in (b"<\x00", b"\x00<"):
        head = head.replace(b"\x00", b"")
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x0c")


def _refuse_markup(head: bytes) -> None:
    """A web page or an SVG, in UTF-8 or UTF-16, with or without a byte order mark."""
    head = _plain(head)
    if not _MARKUP.match(head):
        return
    root = _ROOT.search(head)
    if root is not None and root["svg"]:
        raise Unusable("image.format_denied", "SVG")
    raise Unusable("body.html", "a page of markup")


# --------------------------------------------------------------------------- data: URLs

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SPACE = b" \t\r\n\x0c"


def is_data(url: str) -> bool:
    """Whether this is a data: URL, in any case."""
    return url[:5].lower() == "data:"


def decode_data(url: str, limit: int) -> bytes:
    """The bytes in a data: URL (RFC 2397, read as leniently as the WHATWG Fetch standard does).

    Unusable: data.too_big before anything is decoded, data.syntax, data.type, data.base64, body.empty.
    """
    if len(url) > limit:
        raise Unusable("data.too_big", f"{len(url):,} characters")
    head, comma, tail = url[5:].partition(",")
    if not comma:
        raise Unusable("data.syntax", "no comma")
    kind, *parameters = (part.strip().lower() for part in head.split(";"))
    _check_type(kind)
    try:
        body = unquote_to_bytes(tail.encode("utf-8"))
    except UnicodeEncodeError:
        raise Unusable("data.syntax", "not valid Unicode") from None
    if parameters and parameters[-1] == "base64":
        body = _from_base64(body)
    if not body:
        raise Unusable("body.empty", "an empty data: URL")
    return body


def _check_type(kind: str) -> None:
    """image/* and what says nothing may be looked at; the rest claims to be something else."""
    if kind.startswith("image/svg"):
        raise Unusable("image.format_denied", "SVG")
    if kind and not kind.startswith("image/") and kind not in ("application/octet-stream", "binary/octet-stream"):
        raise Unusable("data.type", kind[:60])


def _from_base64(text: bytes) -> bytes:
    """Base64 with either alphabet, with white space, without padding: all of these are found in pages."""
    text = text.translate(_URL_SAFE, _SPACE).rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise Unusable("data.base64", str(error)) from None
