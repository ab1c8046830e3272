"""Where a picture ends and how many frames it has, by walking its blocks. Decodes nothing, allocates nothing.

A decoder is content once it has its pixels; only the structure tells that the end is missing, or that
something was appended. Every walk is bounded by the length of the bytes and by `STEPS`.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from collector.fetch.payload import Unusable

STEPS = 200_000
"""Blocks walked before a walk is given up: far more than honest pictures have."""
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
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
