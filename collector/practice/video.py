"""Writes small, whole MP4 files out of JPEG frames, so that doubles serve real videos. No encoder, no HTTP.

ISO/IEC 14496-12 (boxes), 14496-14 (`mp4v` with an `esds`); object type 0x6C is JPEG, which every player knows.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SCALE = 1000
"""Ticks a second."""


def mp4(frames: Sequence[bytes], width: int, height: int, each: int = 200) -> bytes:
    """A video of JPEG frames of these pixels, each shown for `each` milliseconds."""
    kind = _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2mp41")
    # The place of the frames is known once the index is made; its length does not depend on the number in it.
    head = len(kind) + len(_moov(frames, width, height, each, 0)) + 8
    return kind + _moov(frames, width, height, each, head) + _box(b"mdat", b"".join(frames))


def _moov(frames: Sequence[bytes], width: int, height: int, each: int, start: int) -> bytes:
    length = each * len(frames)
    mvhd = _full(
        b"mvhd", 0, struct.pack(">4I", 0, 0, _SCALE, length) + struct.pack(">IH10x", 0x10000, 0x100) + _MATRIX
        + bytes(24) + struct.pack(">I", 2)
    )  # fmt: skip
    tkhd = _full(
        b"tkhd", 7, struct.pack(">5I", 0, 0, 1, 0, length) + bytes(8) + struct.pack(">4H", 0, 0, 0, 0) + _MATRIX
        + struct.pack(">2I", width << 16, height << 16)
    )  # fmt: skip
    mdhd = _full(b"mdhd", 0, struct.pack(">4I2H", 0, 0, _SCALE, length, 0x55C4, 0))
    hdlr = _full(b"hdlr", 0, struct.pack(">I4s12x", 0, b"vide") + b"practice\0")
    links = _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1) + _full(b"url ", 1, b"")))
    minf = _box(b"minf", _full(b"vmhd", 1, bytes(8)) + links + _table(frames, width, height, each, start))
    return _box(b"moov", mvhd + _box(b"trak", tkhd + _box(b"mdia", mdhd + hdlr + minf)))


def _table(frames: Sequence[bytes], width: int, height: int, each: int, start: int) -> bytes:
    """stbl: what the samples are, how long, how large, and where."""
    count = len(frames)
    decoder = _descriptor(4, struct.pack(">BB3sII", 0x6C, 0x11, bytes(3), 0, 0))
    esds = _full(b"esds", 0, _descriptor(3, struct.pack(">HB", 1, 0) + decoder + _descriptor(6, b"\x02")))
    entry = _box(
        b"mp4v", bytes(6) + struct.pack(">H16x2H2I4xH", 1, width, height, 0x480000, 0x480000, 1) + bytes(32)
        + struct.pack(">Hh", 24, -1) + esds
    )  # fmt: skip
    return _box(
        b"stbl",
        _full(b"stsd", 0, struct.pack(">I", 1) + entry)
        + _full(b"stts", 0, struct.pack(">3I", 1, count, each))
        + _full(b"stsc", 0, struct.pack(">4I", 1, 1, count, 1))
        + _full(b"stsz", 0, struct.pack(">2I", 0, count) + struct.pack(f">{count}I", *map(len, frames)))
        + _full(b"stco", 0, struct.pack(">2I", 1, start)),
    )


def _descriptor(tag: int, body: bytes) -> bytes:
    return struct.pack(">BB", tag, len(body)) + body


def _full(name: bytes, flags: int, body: bytes) -> bytes:
    return _box(name, struct.pack(">I", flags) + body)


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body
