"""Whether a picture's own bytes say that a machine made it: IPTC's digital source type in XMP or C2PA. Needs no model.

IPTC Photo Metadata Standard 2023.1, Digital Source Type NewsCodes; C2PA 2.1, "Embedding manifests" (JPEG: APP11, PNG:
caBX, WebP: a chunk "C2PA"). Signatures are not checked: this is what a file claims, as its licence is. A file whose
metadata were taken away says nothing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from collector.images.sniff import contents

TRAINED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
"""Made by a model as a whole, or in part."""
MOST: Final = 16 << 20
"""Bytes of metadata that are looked through: manifests with thumbnails have one or two million."""
_SEGMENTS: Final = 10_000
_SAYS: Final = re.compile(
    rb"(?:cv\.iptc\.org/newscodes|c2pa\.org)/digitalsourcetype/"
    rb"(trainedAlgorithmicMedia|compositeWithTrainedAlgorithmicMedia|trainedAlgorithmicData)(?![A-Za-z])",
    re.IGNORECASE,
)
_XMP: Final = (b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0")
_EXTENDED: Final = 75
"""Bytes before the text of an extended XMP segment: its name, a digest, a length and an offset."""
_JUMBF: Final = 16
"""Bytes before the content of each APP11 segment: its kind, two numbers, and the head of the box, repeated in each."""


def marked(path: Path) -> str | None:
    """`mark` of a file; None when it cannot be read, too."""
    try:
        return mark(contents(path))
    except OSError:
        return None


def mark(body: bytes) -> str | None:
    """TRAINED or COMPOSITE as the bytes of a picture say, the former before the latter; None when they do not."""
    left, found = MOST, set[str]()
    for block in _blocks(body):
        found.update(match[1].decode().casefold() for match in _SAYS.finditer(block[:left]))
        left -= len(block)
        if left <= 0:
            break
    if found - {COMPOSITE.casefold()}:
        return TRAINED
    return COMPOSITE if found else None


def _blocks(body: bytes) -> Iterator[bytes]:
    """The metadata of a picture; of formats that are not walked all its bytes."""
    if body.startswith(b"\xff\xd8"):
        yield from _jpeg(body)
    elif body.startswith(b"\x89PNG\r\n\x1a\n"):
        yield from _png(body)
    elif body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        yield from _webp(body)
    else:
        yield body


def _jpeg(body: bytes) -> Iterator[bytes]:
    """Segments up to the pixels; what was cut into several is put together again."""
    at, extended, boxes = 2, bytearray(), bytearray()
    for _ in range(_SEGMENTS):
        if at + 4 > len(body) or body[at] != 0xFF or body[at + 1] in (0xD9, 0xDA):
            break
        if body[at + 1] == 0xFF:  # A fill byte.
            at += 1
            continue
        kind, size = body[at + 1], body[at + 2] << 8 | body[at + 3]
        content = body[at + 4 : at + 2 + size]
        at += 2 + max(2, size)
        if kind == 0xE1 and content.startswith(_XMP[0]):
            yield content
        elif kind == 0xE1 and content.startswith(_XMP[1]):
            extended += content[_EXTENDED:]
        elif kind == 0xEB and content.startswith(b"JP"):
            boxes += content[_JUMBF:]
    yield bytes(extended)
    yield bytes(boxes)


def _png(body: bytes) -> Iterator[bytes]:
    at = 8
    for _ in range(_SEGMENTS):
        size, kind = int.from_bytes(body[at : at + 4], "big"), body[at + 4 : at + 8]
        if len(kind) < 4 or kind == b"IEND":
            return
        if kind == b"caBX":
            yield body[at + 8 : at + 8 + size]
        elif kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0", at + 8):
            yield _text(body[at + 8 : at + 8 + size])
        at += 12 + size


def _text(chunk: bytes) -> bytes:
    """Of an iTXt chunk, unpacked if it is packed."""
    _, _, rest = chunk.partition(b"\0")
    if rest[:1] != b"\x01":
        return rest
    packed = rest[2:].split(b"\0", 2)[-1]
    try:
        return zlib.decompressobj().decompress(packed, MOST)
    except zlib.error:
        return b""


def _webp(body: bytes) -> Iterator[bytes]:
    at = 12
    for _ in range(_SEGMENTS):
        kind, size = body[at : at + 4], int.from_bytes(body[at + 4 : at + 8], "little")
        if len(kind) < 4:
            return
        if kind in (b"C2PA", b"XMP "):
            yield body[at + 8 : at + 8 + size]
        at += 8 + size + (size & 1)
