"""What a picture's own bytes say about rights: EXIF, IPTC IIM and XMP blocks, read without trust.

Pure. A malformed block says nothing and is never a reason to refuse a picture; XML with a DOCTYPE is not read, so
that no entity is ever expanded.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

LONGEST = 500
"""Characters kept of each text."""
LARGEST_XMP = 1_048_576
"""Bytes of XMP that are read; honest packets are a hundredth of it."""
NAMES = ("creator", "credit", "source", "copyright", "licence", "terms", "licensor", "data_mining")
"""Everything that can be said, in the order it is told in."""

_CONTROLS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_EXIF = {0x013B: "creator", 0x8298: "copyright"}
_IIM = {80: "creator", 110: "credit", 115: "source", 116: "copyright"}
_DC, _XMP_RIGHTS = "http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/xap/1.0/rights/"
_PHOTOSHOP, _PLUS = "http://ns.adobe.com/photoshop/1.0/", "http://ns.useplus.org/ldf/xmp/1.0/"
_TDM, _RDF = "http://www.w3.org/ns/tdmrep/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMP = {
    f"{_DC} creator": "creator",
    f"{_DC} rights": "copyright",
    f"{_XMP_RIGHTS} WebStatement": "licence",
    f"{_XMP_RIGHTS} UsageTerms": "terms",
    f"{_PHOTOSHOP} Credit": "credit",
    f"{_PHOTOSHOP} Source": "source",
    f"{_PLUS} LicensorURL": "licensor",
    f"{_PLUS} DataMining": "data_mining",
    f"{_TDM} reservation": "data_mining",
}
"""Property -> name (IPTC Photo Metadata Standard 2023.1; PLUS LDF; W3C TDM Reservation Protocol)."""


def read(exif: bytes = b"", iptc: bytes = b"", xmp: bytes = b"") -> tuple[tuple[str, str], ...]:
    """(name, text) of what is said, each name once: XMP before IPTC before EXIF, the younger before the older.

    `exif` is a TIFF structure, with or without its "Exif" mark; `iptc` the records themselves; `xmp` one packet.
    """
    found: dict[str, str] = {}
    for blocks in (_from_xmp(xmp), _from_iptc(iptc), _from_exif(exif)):
        said: dict[str, list[str]] = {}
        for name, text in blocks:
            if (clean := _CONTROLS.sub(" ", text).strip()) and clean not in said.setdefault(name, []):
                said[name].append(clean)
        for name, texts in said.items():
            found.setdefault(name, "; ".join(texts)[:LONGEST])
    return tuple((name, found[name]) for name in NAMES if name in found)


def _text(raw: bytes) -> str:
    """UTF-8 where it is that, else Latin-1: what writers do, whatever the standards say."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _from_exif(block: bytes) -> Iterator[tuple[str, str]]:
    """Artist and Copyright of the first directory (TIFF 6.0). NUL parts photographer and editor (Exif 2.32, 4.6.5)."""
    tiff = block.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return
    start: int = struct.unpack_from(order + "I", tiff, 4)[0]
    if start + 2 > len(tiff):
        return
    for n in range(struct.unpack_from(order + "H", tiff, start)[0]):
        at = start + 2 + 12 * n
        if at + 12 > len(tiff):
            return
        tag, kind, count, where = struct.unpack_from(order + "HHII", tiff, at)
        if tag in _EXIF and kind == 2:
            begin = at + 8 if count <= 4 else where
            for part in tiff[begin : begin + min(count, 4 * LONGEST)].split(b"\0"):
                yield _EXIF[tag], _text(part)


def _from_iptc(block: bytes) -> Iterator[tuple[str, str]]:
    """Datasets of record 2 (IPTC-NAA Information Interchange Model 4.2): 0x1C, record, number, length, bytes."""
    at = 0
    while at + 5 <= len(block) and block[at] == 0x1C:
        record, number, length = struct.unpack_from(">BBH", block, at + 1)
        if length & 0x8000:  # Longer than 32,767 bytes: none of ours is.
            return
        raw = block[at + 5 : at + 5 + length]
        if record == 2 and number in _IIM and len(raw) == length:
            yield _IIM[number], _text(raw)
        at += 5 + length


class _NotRead(Exception):
    """A document type, or deeper than any honest packet."""


def _from_xmp(packet: bytes) -> Iterator[tuple[str, str]]:
    """The properties of an XMP packet (ISO 16684-1), as attributes, elements, lists or resources."""
    if not packet or len(packet) > LARGEST_XMP:
        return
    from xml.parsers import expat

    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    try:
        wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
        parser.Parse(packet if wide else packet.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, _NotRead, ValueError, LookupError):
        return
    yield from reader.found


class _Reader:
    """Takes properties down as a parser meets them. Of texts in several languages, the first one counts."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._depth = 0
        self._name = ""
        """The property we are in, of those that are wanted."""
        self._from = 0
        """Its depth."""
        self._alternatives = self._closed = False
        self._text: list[str] = []

    def doctype(self, *_: object) -> None:
        raise _NotRead

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 100:
            raise _NotRead
        for name, value in attributes.items():
            if name in _XMP:
                self.found.append((_XMP[name], value))
        self._text.clear()
        if tag in _XMP and not self._name:
            self._name, self._from = _XMP[tag], self._depth
            self._alternatives = self._closed = False
            if resource := attributes.get(f"{_RDF} resource"):
                self.found.append((self._name, resource))
        elif self._name:
            self._alternatives |= tag == f"{_RDF} Alt"

    def data(self, text: str) -> None:
        if self._name:
            self._text.append(text)

    def end(self, _: str) -> None:
        if self._name:
            text = "".join(self._text).strip()
            self._text.clear()
            if text and not self._closed:
                self.found.append((self._name, text))
                self._closed = self._alternatives
            if self._depth == self._from:
                self._name = ""
        self._depth -= 1


# --------------------------------------------------------------------------- where the blocks lie in a JPEG


def jpeg_blocks(body: bytes) -> tuple[bytes, bytes, bytes]:
    """(exif, iptc, xmp) of a JPEG's segments before its first scan; empty where there is none. Never fails."""
    exif = iptc = xmp = resources = b""
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF:
        marker = body[at + 1]
        if marker in (0xDA, 0xD9):
            break
        if marker == 0xFF:
            at += 1
            continue
        length: int = struct.unpack_from(">H", body, at + 2)[0]
        if marker == 0xE1 and not exif and body[at + 4 : at + 10] == b"Exif\0\0":
            exif = body[at + 10 : at + 2 + length]
        elif marker == 0xE1 and not xmp and body[at + 4 : at + 33] == b"http://ns.adobe.com/xap/1.0/\0":
            xmp = body[at + 33 : at + 2 + length]
        elif marker == 0xED and body[at + 4 : at + 18] == b"Photoshop 3.0\0":
            resources += body[at + 18 : at + 2 + length]
        at += 2 + max(2, length)
    return exif, photoshop_iptc(resources) if resources else iptc, xmp


def photoshop_iptc(resources: bytes) -> bytes:
    """The IPTC records (0x0404) among Photoshop's image resources: "8BIM", number, padded name, length, bytes."""
    at = 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        number: int = struct.unpack_from(">H", resources, at + 4)[0]
        start = at + 6 + (resources[at + 6] + 2) // 2 * 2
        if start + 4 > len(resources):
            break
        length: int = struct.unpack_from(">I", resources, start)[0]
        if number == 0x0404:
            return resources[start + 4 : start + 4 + length]
        at = start + 4 + length + (length & 1)
    return b""
