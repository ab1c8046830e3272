"""What a video is and whether it is whole, by walking its boxes or elements. Decodes nothing, plays nothing.

ISO base media files (ISO/IEC 14496-12: MP4, QuickTime) and EBML (RFC 8794: WebM, Matroska). Every walk is bounded by
the length of the bytes and by `STEPS`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from collector.images.sniff import Unusable, brands
from collector.images.structure import STEPS, boxes

_EBML = b"\x1a\x45\xdf\xa3"
_STILLS = frozenset((b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"))
"""Brands of pictures in the same container."""
_CLASSIC = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))
"""First boxes of a QuickTime file from before `ftyp`."""
_HEAD, _SEGMENT, _TRACKS, _ENTRY, _VIDEO = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_DOC_TYPE, _PIXEL_WIDTH, _PIXEL_HEIGHT = 0x4282, 0xB0, 0xBA
_UNKNOWN = -1
"""Size of an element that lasts until something else begins."""


@dataclass(frozen=True, slots=True)
class Footage:
    """What the container says."""

    format: str
    """MP4, MOV or WEBM; the last for Matroska too."""
    extension: str
    width: int
    height: int
    """Pixels of the largest video track, before any rotation; 0 is unknown."""
    frames: int
    """Samples of that track; 0 is unknown."""


def is_video(body: bytes) -> bool:
    """Whether the first bytes are those of a video container."""
    if body[4:8] == b"ftyp":
        return not brands(body) & _STILLS
    return body.startswith(_EBML) or (body[4:8] in _CLASSIC and body[:1] in (b"\0", b"\x01"))


def examine(body: bytes) -> Footage:
    """The facts of a video. Unusable: video.unidentified, or video.truncated when its end is missing."""
    return _matroska(body) if body.startswith(_EBML) else _iso(body)


def _truncated(what: str) -> Unusable:
    return Unusable("video.truncated", what)


# --------------------------------------------------------------------------- ISO base media

Boxes = Iterator[tuple[bytes, int, int]]
"""(type, start of its contents, end)."""


def _inside(body: bytes, start: int, end: int, *path: bytes) -> Boxes:
    """The boxes of the last name, below those of the names before it."""
    for name, inner, stop in boxes(body, start, end):
        if name == path[0] and stop <= end:
            if len(path) == 1:
                yield name, inner, stop
            else:
                yield from _inside(body, inner, stop, *path[1:])


def _iso(body: bytes) -> Footage:
    """Whole when its boxes are, and index (moov) and data (mdat) are among them."""
    movie, data = (0, 0), False
    for name, start, stop in boxes(body, 0, len(body)):
        if stop > len(body):
            raise _truncated(f"the {name.decode('latin-1')} box breaks off")
        movie = (start, stop) if name == b"moov" else movie
        data |= name == b"mdat"
    if movie == (0, 0) or not data:
        raise _truncated("no moov box" if data else "no mdat box")
    tracks = [_track(body, start, stop) for _, start, stop in _inside(body, *movie, b"trak")]
    seen = [track for track in tracks if track is not None]
    if not seen:
        raise Unusable("video.unidentified", "no video track")
    width, height, frames = max(seen, key=lambda track: track[0] * track[1])
    quicktime = body[8:12] == b"qt  " if body[4:8] == b"ftyp" else True
    format = "MOV" if quicktime else "MP4"
    return Footage(format, format.lower(), width, height, frames)


def _track(body: bytes, start: int, end: int) -> tuple[int, int, int] | None:
    """(width, height, samples) of a video track; None for sound and the rest."""
    handlers = (body[at + 8 : at + 12] for _, at, _ in _inside(body, start, end, b"mdia", b"hdlr"))
    if next(handlers, b"") != b"vide":
        return None
    width = height = frames = 0
    for _, at, stop in _inside(body, start, end, b"tkhd"):
        if stop - at >= 84:  # Version 0; 96 in version 1. The last two fields are 16.16 fixed-point numbers.
            width, height = (side >> 16 for side in struct.unpack_from(">II", body, stop - 8))
    for _, at, stop in _inside(body, start, end, b"mdia", b"minf", b"stbl", b"stsz"):
        if stop - at >= 12:
            frames = struct.unpack_from(">I", body, at + 8)[0]
    return width, height, frames


# --------------------------------------------------------------------------- EBML


def _number(body: bytes, at: int, keep_marker: bool) -> tuple[int, int]:
    """(value, bytes taken) of a variable-size integer (RFC 8794, 4); (_UNKNOWN, ...) when all its bits are set.

    IndexError behind the end of the bytes; ValueError for one of more than eight bytes.
    """
    length = 9 - body[at].bit_length()
    if length > 8:
        raise ValueError("not an EBML number")
    raw = body[at : at + length]
    if len(raw) < length:
        raise IndexError
    value = int.from_bytes(raw, "big")
    if keep_marker:
        return value, length
    most = (1 << 7 * length) - 1
    value &= most
    return (_UNKNOWN if value == most else value), length


def _elements(body: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(ID, start of the contents, end or _UNKNOWN) of a stretch; the end may lie beyond it. Ends at what is none."""
    for _ in range(STEPS):
        if at >= end:
            return
        try:
            name, taken = _number(body, at, keep_marker=True)
            size, more = _number(body, at + taken, keep_marker=False)
        except (IndexError, ValueError):
            return
        start = at + taken + more
        yield name, start, _UNKNOWN if size == _UNKNOWN else start + size
        if size == _UNKNOWN:
            return
        at = start + size


def _matroska(body: bytes) -> Footage:
    """Whole when its segment is; a live recording has none of known size, and then nothing can be said."""
    kind, segment = b"", None
    for name, start, stop in _elements(body, 0, len(body)):
        if name == _HEAD:
            kind = _text(body, start, stop)
        elif name == _SEGMENT:
            segment = start, stop
            break
    if kind not in (b"webm", b"matroska"):
        raise Unusable("video.unidentified", "EBML of another kind")
    if segment is None:
        raise _truncated("no segment")
    start, stop = segment
    if stop > len(body):
        raise _truncated("the segment breaks off")
    end = len(body) if stop == _UNKNOWN else stop
    sides = _sides(body, start, end)
    if not sides:
        raise Unusable("video.unidentified", "no video track")
    width, height = max(sides, key=lambda pair: pair[0] * pair[1])
    return Footage("WEBM", "webm" if kind == b"webm" else "mkv", width, height, 0)


def _text(body: bytes, start: int, stop: int) -> bytes:
    for name, at, end in _elements(body, start, min(stop, len(body))):
        if name == _DOC_TYPE:
            return body[at:end].rstrip(b"\0")
    return b""


def _sides(body: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """(width, height) of each video track of a segment."""
    sides: list[tuple[int, int]] = []
    for name, at, stop in _elements(body, start, end):
        if stop > end:
            raise _truncated("an element breaks off")
        if name == _TRACKS:
            for video, last in _children(body, at, stop, _ENTRY, _VIDEO):
                facts = {item: body[low : min(high, low + 8)] for item, low, high in _elements(body, video, last)}
                width, height = (int.from_bytes(facts.get(item, b""), "big") for item in (_PIXEL_WIDTH, _PIXEL_HEIGHT))
                sides.append((width, height))
    return sides


def _children(body: bytes, at: int, end: int, *path: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the elements of the last name, below those of the names before it."""
    for name, start, stop in _elements(body, at, end):
        if name == path[0] and start <= stop <= end:
            if len(path) == 1:
                yield start, stop
            else:
                yield from _children(body, start, stop, *path[1:])
