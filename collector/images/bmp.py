"""Kinds of BMP that browsers show and Pillow does not know, written anew as one that it knows: any colour masks, two
bits a pixel, short OS/2 headers. Rules: learn.microsoft.com, "Bitmap Header Types"."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

_RGB, _FIELDS, _ALPHA_FIELDS = 0, 3, 6
"""Ways of packing: none, and colours by masks."""
_HEAD: Final = struct.Struct("<IiiHHIIiiII")
"""BITMAPINFOHEADER."""


def standard(body: bytes, most: int) -> bytes:
    """The same picture as a common BMP. OSError when it is cut off, or of more than `most` pixels; else unchanged."""
    size, start = struct.unpack_from("<I", body, 14)[0], struct.unpack_from("<I", body, 10)[0]
    if not 16 <= size <= 124 or len(body) < 14 + size:
        return body
    _, width, height, _, bits, packing, *_ = _HEAD.unpack_from(body[14 : 14 + size].ljust(_HEAD.size, b"\0"))
    if width <= 0 or not height or width * abs(height) > most:
        return body
    if bits in (16, 32) and packing in (_FIELDS, _ALPHA_FIELDS):
        masks = struct.unpack_from("<4I", body.ljust(70, b"\0"), 54)
        alpha = masks[3] if size >= 56 or packing == _ALPHA_FIELDS else 0
        return _masked(_rows(body, start, width, height, bits), width, height, bits, (*masks[:3], alpha))
    if bits == 2 and packing == _RGB:
        rows = _rows(body, start, width, height, bits)
        values = np.stack([rows >> shift & 3 for shift in (6, 4, 2, 0)], axis=-1).reshape(len(rows), -1)[:, :width]
        return _written(values, width, height, 8, body[14 + size : start].ljust(16, b"\0")[:16], 4)
    if size < _HEAD.size and packing == _RGB:
        rows = _rows(body, start, width, height, bits)
        palette = body[14 + size : start] if bits <= 8 else b""
        return _written(rows, width, height, bits, palette, len(palette) // 4)
    return body


def _rows(body: bytes, start: int, width: int, height: int, bits: int) -> NDArray[np.uint8]:
    """The rows as they lie there, each padded to four bytes."""
    stride = (width * bits + 31) // 32 * 4
    if start + stride * abs(height) > len(body):
        raise OSError("the pixels break off")
    return np.frombuffer(body, np.uint8, stride * abs(height), start).reshape(abs(height), stride)


def _masked(rows: NDArray[np.uint8], width: int, height: int, bits: int, masks: tuple[int, int, int, int]) -> bytes:
    """32 bits a pixel in the usual order. Alpha that is nowhere set is none."""
    values = np.ascontiguousarray(rows).view("<u2" if bits == 16 else "<u4")[:, :width].astype(np.uint32)
    red, green, blue, alpha = (_band(values, mask) for mask in masks)
    if not masks[3] or not alpha.any():
        return _written(np.stack([blue, green, red], axis=-1).reshape(len(rows), -1), width, height, 24)
    pixels = np.stack([blue, green, red, alpha], axis=-1).reshape(len(rows), -1)
    usual = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    return _written(pixels, width, height, 32, usual, packing=_FIELDS)


def _band(values: NDArray[np.uint32], mask: int) -> NDArray[np.uint8]:
    if not mask:
        return np.zeros(values.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    return np.asarray(np.round((values & np.uint32(mask)) / (1 << shift) * (255 / (mask >> shift))), np.uint8)


def _written(
    pixels: NDArray[np.uint8], width: int, height: int, bits: int, behind: bytes = b"", colours: int = 0,
    packing: int = _RGB,
) -> bytes:  # fmt: skip
    """A BMP of these rows; `behind` is what follows the 40 bytes of the header: palette or masks."""
    stride = (width * bits + 31) // 32 * 4
    rows = np.zeros((len(pixels), stride), np.uint8)
    rows[:, : pixels.shape[1]] = pixels[:, :stride]
    size = 56 if packing == _FIELDS else _HEAD.size
    head = _HEAD.pack(size, width, height, 1, bits, packing, rows.size, 0, 0, colours, 0) + behind
    return struct.pack("<2sIHHI", b"BM", 14 + len(head) + rows.size, 0, 0, 14 + len(head)) + head + rows.tobytes()
