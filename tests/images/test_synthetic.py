"""Marks that a machine made a picture: in XMP and C2PA of each format, cut into pieces, packed, hurt, and not there."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from collector.images.synthetic import COMPOSITE, TRAINED, mark, marked
from tests.support.collection import drawn, encoded

SOURCE = b"http://cv.iptc.org/newscodes/digitalsourcetype/"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    b' Iptc4xmpExt:DigitalSourceType="%s"/></rdf:RDF></x:xmpmeta>'
)


def xmp(kind: str) -> bytes:
    return XMP % (SOURCE + kind.encode())


def manifest(kind: str) -> bytes:
    """What matters of a C2PA store: a CBOR text in an assertion of actions, behind a thumbnail."""
    uri = SOURCE + kind.encode()
    assertion = b"\x71digitalSourceType\x78" + bytes([len(uri)]) + uri
    return b"\0" * 70_000 + assertion


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    plain = encoded(drawn(1))
    added = b"".join(b"\xff" + bytes([kind]) + struct.pack(">H", len(body) + 2) + body for kind, body in segments)
    return plain[:2] + added + plain[2:]


def app11(box: bytes, size: int) -> list[tuple[int, bytes]]:
    """A JUMBF box in segments of so many bytes (ISO 19566-5, annex D)."""
    head = struct.pack(">I4s", len(box) + 8, b"jumb")
    pieces = [box[start : start + size] for start in range(0, len(box), size)]
    return [(0xEB, b"JP\0\x01" + struct.pack(">I", number) + head + piece) for number, piece in enumerate(pieces, 1)]


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    plain = encoded(drawn(1), "PNG")
    added = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return plain[:33] + added + plain[33:]


def webp(kind: bytes, body: bytes) -> bytes:
    plain = encoded(drawn(1), "WEBP")
    whole = plain + kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def itxt(packed: bool) -> tuple[bytes, bytes]:
    text = zlib.compress(xmp(TRAINED)) if packed else xmp(TRAINED)
    return b"iTXt", b"XML:com.adobe.xmp\0" + (b"\x01" if packed else b"\0") + b"\0\0\0" + text


MARKED = {
    "JPEG, XMP": jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(TRAINED))),
    "JPEG, extended XMP": jpeg(
        *((0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + part)
          for part in (xmp(TRAINED)[:250], xmp(TRAINED)[250:]))
    ),
    "JPEG, C2PA": jpeg(*app11(manifest(TRAINED), 60_000)),
    "JPEG, C2PA cut within the word": jpeg(*app11(manifest(TRAINED), 70_050 // 2)),
    "PNG, XMP": png(itxt(False)),
    "PNG, packed XMP": png(itxt(True)),
    "PNG, C2PA": png((b"caBX", manifest(TRAINED))),
    "WebP, XMP": webp(b"XMP ", xmp(TRAINED)),
    "WebP, C2PA": webp(b"C2PA", manifest(TRAINED)),
    "C2PA's own word": png((b"caBX", b"http://c2pa.org/digitalsourcetype/trainedAlgorithmicData")),
}  # fmt: skip


@pytest.mark.parametrize("name", MARKED)
def test_a_mark_is_found(name: str) -> None:
    assert mark(MARKED[name]) == TRAINED
    Image.open(io.BytesIO(MARKED[name])).load()


def test_a_part_made_by_a_machine_is_told_apart() -> None:
    assert mark(png((b"caBX", manifest(COMPOSITE)))) == COMPOSITE
    assert mark(png((b"caBX", manifest(COMPOSITE) + manifest(TRAINED)))) == TRAINED


@pytest.mark.parametrize("kind", ["digitalCapture", "algorithmicMedia", "trainedAlgorithmicMediaNot", "composite"])
def test_other_source_types_say_nothing(kind: str) -> None:
    assert mark(png((b"caBX", manifest(kind)))) is None


def test_words_elsewhere_say_nothing() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("prompt", (SOURCE + TRAINED.encode()).decode())
    out = io.BytesIO()
    drawn(1).save(out, "PNG", pnginfo=texts)
    assert mark(out.getvalue()) is None
    behind = encoded(drawn(1)) + xmp(TRAINED)
    assert mark(behind) is None, "behind the pixels"


@pytest.mark.parametrize("name", MARKED)
def test_broken_bytes_break_nothing(name: str) -> None:
    body = MARKED[name]
    for end in [*range(64), *range(64, len(body), 997)]:
        assert mark(body[:end]) in (None, TRAINED)
    assert mark(b"") is None


def test_a_bomb_is_unpacked_in_part() -> None:
    bomb = zlib.compress(b"\0" * (64 << 20), 9)
    assert mark(png((b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + bomb))) is None


def test_a_file_that_is_gone_says_nothing(tmp_path: Path) -> None:
    assert marked(tmp_path / "gone.jpg") is None
