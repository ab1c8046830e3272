"""Where a picture ends and how many frames it has, by walking its blocks. Decodes nothing, allocates nothing.

A decoder is content once it has its pixels; only the structure tells that the end is missing, or that
something was appended. Every walk is bounded by the length of the bytes and by `STEPS`.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from collector.images.sniff import Unusable

STEPS = 200_000
"""Blocks walked before a walk is given up: far more than honest pictures have."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
"""The last byte of any fill and the code. It begins with a plain byte, so that the search runs at memchr's speed."""
_TOP_BOXES = frozenset((b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"free", b"skip", b"uuid", b"wide", b"mfra"))
_EOI, _SOI, _SOS, _TEM = 0xD9, 0xD8, 0xDA, 0x01


@dataclass(frozen=True, slots=True)
class Extent:
    """What the blocks say."""

    end: int
    """Bytes that belong to the picture."""
    frames: int = 1


def extent(body: bytes, format: str) -> Extent:
    """The extent of a picture of a known format. Unusable(image.truncated) when its end is missing."""
    match format:
        case "JPEG":
            return Extent(_jpeg(body))
        case "PNG":
            return _png(body)
        case "GIF":
            return _gif(body)
        case "WEBP":
            return _webp(body)
        case "AVIF":
            return Extent(_boxes(body))
        case "TIFF":
            return _tiff(body)
    return Extent(len(body))


def _truncated(what: str) -> Unusable:
    return Unusable("image.truncated", what)


def _jpeg(body: bytes) -> int:
    """Past the End Of Image marker (ITU T.81, annex B): segments by their length, scans by their markers."""
    at = 2
    for _ in range(STEPS):
        found = _MARKER.search(body, at)
        if found is None:
            raise _truncated("no end marker")
        marker, at = body[found.end() - 1], found.end()
        if marker == _EOI:
            return at
        if marker in (_SOI, _TEM):
            continue
        if at + 2 > len(body):
            raise _truncated("a segment breaks off")
        at += struct.unpack_from(">H", body, at)[0]
    return len(body)


@dataclass(frozen=True, slots=True)
class JpegFacts:
    """What the segments before the first scan say."""

    width: int
    height: int
    mode: str
    orientation: int


_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def jpeg_facts(body: bytes) -> JpegFacts:
    """Size, colours and EXIF orientation of a JPEG. Unusable(image.truncated) when there is no frame header."""
    at, orientation = 2, 1
    for _ in range(STEPS):
        found = _MARKER.search(body, at)
        if found is None or found.end() + 2 > len(body):
            break
        marker, at = body[found.end() - 1], found.end()
        if marker in (_SOI, _TEM):
            continue
        if marker in (_SOS, _EOI):
            break
        length: int = struct.unpack_from(">H", body, at)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if at + 8 > len(body):
                break
            height, width, components = struct.unpack_from(">HHB", body, at + 3)
            return JpegFacts(width, height, _MODES.get(components, "RGB"), orientation)
        if marker == 0xE1 and body[at + 2 : at + 8] == b"Exif\0\0":
            orientation = _exif_orientation(body[at + 8 : at + length])
        at += length
    raise _truncated("no frame header")


def _exif_orientation(tiff: bytes) -> int:
    """Tag 0x0112 of the first directory (TIFF 6.0); 1 when it cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    start: int = struct.unpack_from(order + "I", tiff, 4)[0]
    if start + 2 > len(tiff):
        return 1
    for n in range(struct.unpack_from(order + "H", tiff, start)[0]):
        at = start + 2 + 12 * n
        if at + 12 > len(tiff):
            break
        tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, at)
        if tag == 0x0112:
            return value if 1 <= value <= 8 else 1
    return 1


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of each field type (TIFF 6.0, section 2, and its technical note 1)."""
_OFFSETS, _COUNTS = (0x0111, 0x0144), (0x0117, 0x0145)
"""Where strips and tiles begin, and how long they are."""


def _tiff(body: bytes) -> Extent:
    """Past the last thing its directories speak of; frames are its pages. Offsets may lead anywhere: a directory
    seen before ends the chain, one or a strip beyond the end means that the end is missing."""
    order = "<" if body[:2] == b"II" else ">"
    if len(body) < 8:
        raise _truncated("no directory")
    at: int = struct.unpack_from(order + "I", body, 4)[0]
    end, seen = 8, set[int]()
    for _ in range(STEPS):
        if not at or at in seen:
            break
        seen.add(at)
        if at + 2 > len(body):
            raise _truncated("a directory lies beyond the end")
        count: int = struct.unpack_from(order + "H", body, at)[0]
        last = at + 2 + 12 * count
        if last + 4 > len(body):
            raise _truncated("a directory breaks off")
        end = max(end, last + 4, _tiff_directory(body, order, at + 2, count))
        at = struct.unpack_from(order + "I", body, last)[0]
    if not seen:
        raise _truncated("no directory")
    return Extent(end, len(seen))


def _tiff_directory(body: bytes, order: str, at: int, count: int) -> int:
    """Past the values, strips and tiles of one directory."""
    end, strips = 0, dict[int, tuple[int, ...]]()
    for entry in range(at, at + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", body, entry)
        size = _TIFF_SIZES.get(kind, 0) * number
        where = entry + 8 if size <= 4 else struct.unpack_from(order + "I", body, entry + 8)[0]
        if where + size > len(body):
            raise _truncated("a value lies beyond the end")
        end = max(end, where + size)
        if tag in _OFFSETS + _COUNTS and kind in (3, 4):
            strips[tag] = struct.unpack_from(f"{order}{number}{'H' if kind == 3 else 'I'}", body, where)
    for offsets, counts in zip(_OFFSETS, _COUNTS, strict=True):
        for start, length in zip(strips.get(offsets, ()), strips.get(counts, ()), strict=False):
            if start + length > len(body):
                raise _truncated("a strip or tile lies beyond the end")
            end = max(end, start + length)
    return end


def _png(body: bytes) -> Extent:
    """Past IEND; frames from acTL (PNG 3rd edition). Chunks: length, name, data, CRC."""
    at, frames = 8, 1
    for _ in range(STEPS):
        if at + 12 > len(body):
            raise _truncated("no IEND chunk")
        length, name = struct.unpack_from(">I4s", body, at)
        if name == b"acTL" and length >= 4 and at + 12 <= len(body):
            frames = max(1, struct.unpack_from(">I", body, at + 8)[0])
        at += 12 + length
        if name == b"IEND":
            break
    if at > len(body):
        raise _truncated("a chunk breaks off")
    return Extent(at, frames)


def _gif(body: bytes) -> Extent:
    """Past the trailer (GIF89a). Many encoders leave the trailer out: an end between blocks is an end."""
    if len(body) < 13:
        raise _truncated("no screen descriptor")
    at, frames = 13 + _table(body[10]), 0
    for _ in range(STEPS):
        introducer = body[at] if at < len(body) else 0x3B
        if introducer == 0x3B:
            break
        if introducer == 0x2C and at + 10 <= len(body):
            at += 11 + _table(body[at + 9])
            frames += 1
        elif introducer == 0x21:
            at += 2
        else:
            raise _truncated("a block breaks off or is unknown")
        at = _sub_blocks(body, at)
    if at > len(body) or not frames:
        raise _truncated("a block breaks off" if frames else "no frame")
    return Extent(min(at + 1, len(body)), frames)


def _table(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(body: bytes, at: int) -> int:
    while at < len(body):
        length = body[at]
        at += 1 + length
        if not length:
            return at
    raise _truncated("a block breaks off")


def _webp(body: bytes) -> Extent:
    """The RIFF size (padded to even), and the ANMF chunks inside; a single frame otherwise."""
    if len(body) < 12:
        raise _truncated("no RIFF header")
    end = 8 + struct.unpack_from("<I", body, 4)[0]
    if end > len(body):
        raise _truncated("shorter than its RIFF size")
    at, frames = 12, 0
    for _ in range(STEPS):
        if at + 8 > end:
            break
        name, length = struct.unpack_from("<4sI", body, at)
        frames += name == b"ANMF"
        at += 8 + length + (length & 1)
    return Extent(end, max(1, frames))


def _boxes(body: bytes) -> int:
    """Past the last whole top-level box (ISO/IEC 14496-12)."""
    at = 0
    for _ in range(STEPS):
        if at + 8 > len(body):
            break
        size, name = struct.unpack_from(">I4s", body, at)
        if name not in _TOP_BOXES:
            break  # Appended bytes.
        if size == 1 and at + 16 <= len(body):
            size = struct.unpack_from(">Q", body, at + 8)[0]
        size = size or len(body) - at
        if size < 8:
            break
        if at + size > len(body):
            raise _truncated("a box breaks off")
        at += size
    return at
