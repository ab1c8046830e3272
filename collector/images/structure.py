"""Whether a picture is there to its end, and how many frames it has, by walking its blocks. Decodes nothing.

A decoder is content once it has its pixels; only the structure tells that the end is missing. Every walk is bounded by
the length of the bytes and by `STEPS`. Also the one walker of ISO boxes, for AVIF, HEIC, JPEG XL and videos.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate

from collector.images.sniff import Unusable

STEPS = 200_000
"""Blocks walked before a walk is given up: far more than honest pictures have."""
SCANS = 500
"""Scans of a JPEG above which it is a trap: each costs a pass over the whole picture, and encoders write a dozen."""
_NO_MARKER = frozenset((0x00, 0xFF, *range(0xD0, 0xD8)))
"""What behind the byte FF means no marker: data, a fill, a restart."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
"""The last byte of any fill and the code. It begins with a plain byte, so that the search runs at memchr's speed."""
_RESTART = re.compile(rb"\xff[\xd0-\xd7]", re.DOTALL)
_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt", b"iCCP"))
_TOP_BOXES = frozenset((b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"free", b"skip", b"uuid", b"wide", b"mfra"))
_JXL_BOXES = frozenset(
    (b"JXL ", b"ftyp", b"jxll", b"jxli", b"jxlc", b"jxlp", b"jbrd", b"jumb", b"Exif", b"xml ", b"brob")
)
"""Of a JPEG XL in a container (ISO/IEC 18181-2); a bare codestream says nothing of its length."""
_EOI, _SOI, _SOS, _DRI, _TEM = 0xD9, 0xD8, 0xDA, 0xDD, 0x01
_FRAMES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB))
"""Start of frame: baseline, extended, progressive, lossless; and the last three with arithmetic coding."""
_APP0, _DHT, _DQT, _COM = 0xE0, 0xC4, 0xDB, 0xFE
_SHAPED = frozenset((_APP0, _DQT, 0xC0, 0xC1, 0xC2))
_PLAIN = _SHAPED | {_DHT, _DRI, _COM, _SOS}
"""Segments that a header without anything special has; those in `_SHAPED` only in a certain shape."""
_HIERARCHICAL = frozenset((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF))
_TELLING = frozenset((*_FRAMES, *_HIERARCHICAL, _SOS, _DRI))
"""Segments that say something about what is there."""
_PROGRESSIVE, _LOSSLESS = frozenset((0xC2, 0xCA)), frozenset((0xC3, 0xCB))


def frames(body: bytes, format: str) -> int:
    """How many frames or pages a picture of a known format has. Unusable(image.truncated) when its end is missing."""
    match format:
        case "PNG":
            return _png(body)
        case "GIF":
            return _gif(body)
        case "WEBP":
            return _webp(body)
        case "TIFF":
            return _tiff(body)
        case "JPEG":
            jpeg(body)
        case "BMP":
            if bmp_size(body) > len(body):
                raise _truncated("rows are missing")
        case "AVIF" | "HEIF":
            _boxed(body, _TOP_BOXES)
        case "JXL" if not body.startswith(b"\xff\x0a"):
            _boxed(body, _JXL_BOXES)
    return 1


def _truncated(what: str) -> Unusable:
    return Unusable("image.truncated", what)


# --------------------------------------------------------------------------- JPEG


@dataclass(slots=True)
class Jpeg:
    """What the markers of a JPEG say (ITU T.81, annex B)."""

    end: int = 0
    """Past the End Of Image marker."""
    process: int = 0
    """The code of the start of frame."""
    width: int = 0
    height: int = 0
    components: int = 0
    plain: bool = True
    """Whether its header holds nothing but what every decoder takes, and nobody has to open: one frame of 8 bits, grey
    or in three colours, without metadata, profile or stray bytes."""
    scans: int = 0
    interval: int = 0
    """Units between two restart markers; 0 without any."""
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Component -> samples across and down in one unit."""
    missing: dict[int, list[int]] = field(default_factory=dict)
    """Component -> for each of its 64 coefficients how many of its last bits have not been sent; 16 is all. One number
    for all of them where they come together, which is every process but the progressive ones."""

    @property
    def lossless(self) -> bool:
        """Whether it is the process that decoders cannot make smaller as they go."""
        return self.process in _LOSSLESS

    @property
    def common(self) -> bool:
        """Whether it is of a process that every decoder knows: baseline, extended or progressive, by Huffman codes."""
        return self.process in (0xC0, 0xC1, 0xC2)

    @property
    def progressive(self) -> bool:
        """Whether it comes in scans of finer and finer detail."""
        return self.process in _PROGRESSIVE


def jpeg(body: bytes) -> Jpeg:
    """The markers to the end. Unusable: image.truncated, when the end, a scan or restart intervals are missing;
    image.unsupported, when there are more than `SCANS`."""
    found, at, size = Jpeg(), 2, len(body)
    for _ in range(STEPS):
        if at + 1 < size and body[at] == 0xFF and body[at + 1] not in _NO_MARKER:  # Nearly always, behind a segment.
            at += 2
        elif (match := _MARKER.search(body, at)) is not None:
            at = match.end()
            found.plain = found.plain and found.scans > 0
        else:
            raise _truncated("no end marker")
        marker = body[at - 1]
        if marker == _EOI:
            found.end = at
            break
        if marker in (_SOI, _TEM):
            continue
        if at + 2 > size:
            raise _truncated("a segment breaks off")
        start, at = at + 2, at + max(2, body[at] << 8 | body[at + 1])
        if not found.scans and found.plain:
            found.plain = marker in _PLAIN and (marker not in _SHAPED or _is_plain(marker, body[start:at]))
        if marker in _TELLING:
            _note(found, marker, body[start:at], body, at)
    if not found.process:
        raise _truncated("no frame header")
    if any(map(any, found.missing.values())):
        raise _truncated("scans are missing")
    return found


def _is_plain(marker: int, segment: bytes) -> bool:
    """Whether a segment of the header is as nearly all are: JFIF with a density, tables of 8 bits, a frame as above."""
    if marker == _APP0:
        return segment.startswith(b"JFIF\0") and len(segment) >= 12
    if marker == _DQT:
        return len(segment) % 65 == 0 and max(segment[::65], default=16) < 16
    known = len(segment) >= 6 and segment[0] == 8 and segment[5] in (1, 3) and len(segment) == 6 + 3 * segment[5]
    return known and b"\0\0" not in (segment[1:3], segment[3:5])


def _note(found: Jpeg, marker: int, segment: bytes, body: bytes, at: int) -> None:
    """What one of the telling segments says; what follows it begins `at`."""
    if marker == _SOS and found.process:
        found.scans += 1
        if found.scans > SCANS:
            raise Unusable("image.unsupported", f"more than {SCANS} scans")
        _scan(found, body, segment, at)
    elif marker == _DRI and len(segment) >= 2:
        found.interval = struct.unpack_from(">H", segment)[0]
    elif marker in _HIERARCHICAL:
        raise Unusable("image.unsupported", "JPEG: a frame that is the difference to another one")
    elif marker in _FRAMES and not found.process:
        _start_of_frame(found, marker, segment)
    elif marker in _FRAMES:
        found.plain = False


def _start_of_frame(found: Jpeg, marker: int, segment: bytes) -> None:
    if len(segment) < 6:
        raise _truncated("a segment breaks off")
    found.process, found.components = marker, segment[5]
    found.height, found.width, count = struct.unpack_from(">HHB", segment, 1)
    for at in range(6, min(len(segment) - 2, 6 + 3 * count), 3):
        across, down = segment[at + 1] >> 4, segment[at + 1] & 15
        found.sampling[segment[at]] = (max(1, across), max(1, down))
        found.missing[segment[at]] = [16] * (64 if marker in _PROGRESSIVE else 1)


def _scan(found: Jpeg, body: bytes, segment: bytes, at: int) -> None:
    """Note what a scan brings, and that none of its restart intervals is missing."""
    count = segment[0] if segment else 0
    if len(segment) < 4 + 2 * count:
        raise _truncated("a segment breaks off")
    names = [name for name in segment[1 : 1 + 2 * count : 2] if name in found.missing]
    if found.process in _PROGRESSIVE:
        first, last, bits = segment[-3], min(63, segment[-2]), segment[-1] & 15
        for name in names:
            missing = found.missing[name]
            missing[first : last + 1] = [bits if bits < before else before for before in missing[first : last + 1]]
    else:
        for name in names:
            found.missing[name][0] = 0
    if found.interval and found.height and not found.lossless:
        end = _MARKER.search(body, at)
        marks = sum(1 for _ in _RESTART.finditer(body, at, end.start() if end else len(body)))
        if marks < -(-_units(found, names) // found.interval) - 1:
            raise _truncated("restart intervals are missing")


def _units(found: Jpeg, names: list[int]) -> int:
    """Minimum coded units of a scan (A.2): blocks of its only component, or groups of all of them."""
    most_across = max(across for across, _ in found.sampling.values())
    most_down = max(down for _, down in found.sampling.values())
    across, down = (1, 1) if len(names) != 1 else found.sampling[names[0]]
    if len(names) == 1:
        return -(-found.width * across // (8 * most_across)) * -(-found.height * down // (8 * most_down))
    return -(-found.width // (8 * most_across)) * -(-found.height // (8 * most_down))


# --------------------------------------------------------------------------- TIFF

_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of each field type (TIFF 6.0, section 2, and its technical note 1)."""
_OFFSETS, _COUNTS = (0x0111, 0x0144), (0x0117, 0x0145)
"""Where strips and tiles begin, and how long they are."""


def _tiff(body: bytes) -> int:
    """Pages: its directories. Offsets may lead anywhere: a directory seen before ends the chain, one or a strip beyond
    the end means that the end is missing."""
    order = "<" if body[:2] == b"II" else ">"
    if len(body) < 8:
        raise _truncated("no directory")
    at: int = struct.unpack_from(order + "I", body, 4)[0]
    seen = set[int]()
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
        _tiff_directory(body, order, at + 2, count)
        at = struct.unpack_from(order + "I", body, last)[0]
    if not seen:
        raise _truncated("no directory")
    return len(seen)


def _tiff_directory(body: bytes, order: str, at: int, count: int) -> None:
    """The values, strips and tiles of one directory are all there."""
    strips = dict[int, tuple[int, ...]]()
    for entry in range(at, at + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", body, entry)
        size = _TIFF_SIZES.get(kind, 0) * number
        where = entry + 8 if size <= 4 else struct.unpack_from(order + "I", body, entry + 8)[0]
        if where + size > len(body):
            raise _truncated("a value lies beyond the end")
        if tag in _OFFSETS + _COUNTS and kind in (3, 4):
            strips[tag] = struct.unpack_from(f"{order}{number}{'H' if kind == 3 else 'I'}", body, where)
    for offsets, counts in zip(_OFFSETS, _COUNTS, strict=True):
        for start, length in zip(strips.get(offsets, ()), strips.get(counts, ()), strict=False):
            if start + length > len(body):
                raise _truncated("a strip or tile lies beyond the end")


# --------------------------------------------------------------------------- PNG, GIF, WebP


_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))
PASSED_OVER = tuple(
    accumulate(
        (frozenset(), _TEXTS, _ANIMATION | {b"gAMA", b"cHRM", b"sRGB", b"pHYs"}, frozenset((b"tRNS",))),
        frozenset[bytes].union,
    )
)
"""Chunks of a PNG that may be too large, too short or wrong in themselves, and that browsers then pass over: what to
leave out first, and what then, too."""
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row, and their steps, of each pass of an interlaced PNG."""
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Of a pixel, by the colour type."""
_PIECE = 1 << 20
"""Bytes that are unpacked at a time, and that are looked at behind the pixels."""


def _chunks(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of its data, their end) of the chunks of a PNG up to IEND: length, name, data, checksum.
    Unusable(image.truncated) when IEND is missing."""
    at = 8
    for _ in range(STEPS):
        if at + 12 > len(body):
            break
        length, name = struct.unpack_from(">I4s", body, at)
        end = at + 8 + length
        if end + 4 > len(body):
            raise _truncated("a chunk breaks off")
        yield name, at + 8, end
        if name == b"IEND":
            return
        at = end + 4
    raise _truncated("no IEND chunk")


def _is_sound(body: bytes, start: int, end: int) -> bool:
    """Whether the checksum of a chunk is right."""
    return bool(zlib.crc32(memoryview(body)[start - 4 : end]) == struct.unpack_from(">I", body, end)[0])


def _png(body: bytes) -> int:
    """Frames: the fcTL chunks (PNG 3rd edition). The checksum of a critical chunk must be right, and data must be there
    for every pixel, because decoders other than Pillow's stop, or worse, where they are not."""
    count, data, palette, moving = 0, list[tuple[int, int]](), False, True
    for place, (name, start, end) in enumerate(_chunks(body)):
        if not name[0] & 0x20:
            if not _is_sound(body, start, end):
                raise _truncated(f"wrong checksum of a chunk {name.decode('latin-1')}")
            if name not in _CRITICAL:
                raise Unusable("image.unsupported", f"PNG: a critical chunk {name.decode('latin-1')}")
            if (name == b"IHDR") != (place == 0) or (name == b"IHDR" and end - start != 13):
                raise _truncated("its header is not where it belongs")
        elif name in _ANIMATION:
            moving = moving and _is_sound(body, start, end)
        count += name == b"fcTL"
        palette |= name == b"PLTE"
        if name == b"IDAT":
            data.append((start, end))
    if body[25] == 3 and not palette:
        raise _truncated("no palette")
    _check_pixels(body, data)
    return max(1, count) if moving else 1


def _check_pixels(body: bytes, data: list[tuple[int, int]]) -> None:
    """Unusable(image.truncated) when the IDAT chunks, unpacked, hold less than the header says."""
    missing = _unpacked_size(body)
    unpacker = zlib.decompressobj()
    try:
        for start, end in data:
            packed: bytes = body[start:end]
            while packed and not unpacker.eof and missing > -_PIECE:
                missing -= len(unpacker.decompress(packed, _PIECE))
                packed = unpacker.unconsumed_tail
    except zlib.error:
        raise _truncated("broken pixel data") from None
    if missing > 0:
        raise _truncated("pixel data are missing")


def _unpacked_size(body: bytes) -> int:
    """Bytes of all rows, each with its filter byte, by the IHDR."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", body, 16)
    bits = depth * _SAMPLES.get(colour, 1)
    total = 0
    for column, row, across, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - column) // across), -(-(height - row) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def says_its_frames(body: bytes) -> bool:
    """Whether a PNG has as many frames as it says: some decoders open none where it has not."""
    said, count = 0, 0
    for name, start, end in _chunks(body):
        count += name == b"fcTL"
        if name == b"acTL":
            said = struct.unpack_from(">I", body, start)[0] if end - start == 8 else -1
            if said < 1:
                return False
    return said in (0, count)


def without_extras(body: bytes, also: frozenset[bytes]) -> bytes:
    """A PNG without its damaged ancillary chunks, which every browser passes over, without its animation when one of
    those belongs to it, and without those that are called `also`; the very bytes when there is nothing to leave out, or
    its end is missing."""
    try:
        parts = list(_chunks(body))
    except Unusable:
        return body
    damaged = {start: name for name, start, end in parts if name[0] & 0x20 and not _is_sound(body, start, end)}
    unwanted = also | (_ANIMATION if _ANIMATION & set(damaged.values()) else frozenset())
    kept = [(start, end) for name, start, end in parts if start not in damaged and name not in unwanted]
    if len(kept) == len(parts):
        return body
    return body[:8] + b"".join(body[start - 8 : end + 4] for start, end in kept)


def bmp_size(body: bytes) -> int:
    """Bytes of a BMP whose pixels are not packed: to the end of the last row. 0 for others, and for headers of OS/2."""
    if len(body) < 54 or int.from_bytes(body[14:18], "little") < 40:
        return 0
    offset, width, height, bits, packing = (
        struct.unpack_from("<I", body, 10)[0], *struct.unpack_from("<ii2xHI", body, 18),
    )  # fmt: skip
    return 0 if packing in (1, 2) or packing > 6 else offset + (abs(width) * bits + 31) // 32 * 4 * abs(height)


def with_known_palette(body: bytes) -> bytes:
    """A BMP of no more colours than its bits can tell apart: what it says beyond that, browsers pass over."""
    if len(body) < 54 or not 40 <= int.from_bytes(body[14:18], "little") <= 124:
        return body
    bits, colours = int.from_bytes(body[28:30], "little"), int.from_bytes(body[46:50], "little")
    return body[:46] + struct.pack("<I", 1 << bits) + body[50:] if bits <= 8 and colours > 1 << bits else body


def _gif(body: bytes) -> int:
    """Frames (GIF89a). Many encoders leave the trailer out, and some write stray bytes between blocks: browsers take
    either as the end, once there is a frame."""
    if len(body) < 13:
        raise _truncated("no screen descriptor")
    at, count = 13 + _table(body[10]), 0
    for _ in range(STEPS):
        introducer = body[at] if at < len(body) else 0x3B
        if introducer == 0x2C and at + 10 <= len(body):
            at = _sub_blocks(body, at + 11 + _table(body[at + 9]))
            count += 1
        elif introducer == 0x21:
            at = _sub_blocks(body, at + 2)
        elif introducer == 0x2C:
            raise _truncated("a block breaks off")
        else:
            break
    if not count:
        raise _truncated("no frame")
    return count


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


def _webp(body: bytes) -> int:
    """The ANMF chunks inside the RIFF size; a single frame otherwise."""
    if len(body) < 12:
        raise _truncated("no RIFF header")
    end = 8 + struct.unpack_from("<I", body, 4)[0]
    if end > len(body):
        raise _truncated("shorter than its RIFF size")
    at, count = 12, 0
    for _ in range(STEPS):
        if at + 8 > end:
            break
        name, length = struct.unpack_from("<4sI", body, at)
        count += name == b"ANMF"
        at += 8 + length + (length & 1)
    return max(1, count)


# --------------------------------------------------------------------------- ISO base media


def boxes(body: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, start of its contents, end) of the boxes of a stretch (ISO/IEC 14496-12), the last one perhaps longer
    than there are bytes; ends at what is no box."""
    for _ in range(STEPS):
        if at + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", body, at)
        head = 8
        if size == 1 and at + 16 <= end:
            size, head = struct.unpack_from(">Q", body, at + 8)[0], 16
        size = size or end - at
        if size < head or not all(0x20 <= letter < 0x7F or letter == 0xA9 for letter in name):
            return
        yield name, at + head, at + size
        at += size


def _boxed(body: bytes, known: frozenset[bytes]) -> None:
    """Whole when its top-level boxes are; what follows is appended."""
    for name, _, end in boxes(body, 0, len(body)):
        if name not in known:
            return
        if end > len(body):
            raise _truncated("a box breaks off")
