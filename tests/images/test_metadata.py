"""Rights in the bytes: EXIF, IPTC and XMP read as far as they are sound, and never a reason to lose a picture."""

from __future__ import annotations

import io
import random
import struct
from typing import Any

import pytest
from PIL import Image, IptcImagePlugin

from collector.images.decode import inspect
from collector.images.metadata import LARGEST_XMP, LONGEST, NAMES, read
from collector.model import Downloaded
from collector.settings import FetchSettings
from tests.support.misbehaving import Server, ok

XMP_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"'
    ' xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    ' xmlns:tdm="http://www.w3.org/ns/tdmrep/"'
)
XMP_TAIL = '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'


def packet(elements: str = "", attributes: str = "") -> bytes:
    """An XMP packet as cameras and editors write it."""
    return f"{XMP_HEAD} {attributes}>{elements}{XMP_TAIL}".encode()


FULL = packet(
    "<dc:creator><rdf:Seq><rdf:li>Ann Åberg</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>"
    '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Ann</rdf:li><rdf:li xml:lang="de">Alle</rdf:li></rdf:Alt>'
    "</dc:rights>"
    "<xmpRights:UsageTerms><rdf:Alt><rdf:li>Ask &amp; pay</rdf:li></rdf:Alt></xmpRights:UsageTerms>"
    '<plus:Licensor><rdf:Seq><rdf:li rdf:parseType="Resource"><plus:LicensorName>L</plus:LicensorName>'
    "<plus:LicensorURL>https://buy.example/1</plus:LicensorURL></rdf:li></rdf:Seq></plus:Licensor>"
    '<plus:DataMining rdf:resource="http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"/>',
    'photoshop:Credit="Agency" photoshop:Source="Archive" xmpRights:WebStatement="https://licence.example/"',
)
FULL_SAYS = (
    ("creator", "Ann Åberg; Bob"),
    ("credit", "Agency"),
    ("source", "Archive"),
    ("copyright", "© Ann"),
    ("licence", "https://licence.example/"),
    ("terms", "Ask & pay"),
    ("licensor", "https://buy.example/1"),
    ("data_mining", "http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"),
)


def exif(artist: bytes, copyright: bytes = b"", order: str = "<") -> bytes:
    """A TIFF structure with the two tags."""
    texts = [(0x013B, artist + b"\0"), (0x8298, copyright + b"\0")]
    data_at = 10 + 12 * len(texts) + 4
    entries = data = b""
    for tag, text in texts:
        inline = len(text) <= 4
        value = text.ljust(4, b"\0") if inline else struct.pack(order + "I", data_at + len(data))
        data += b"" if inline else text
        entries += struct.pack(order + "HHI", tag, 2, len(text)) + value
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIH", 42, 8, len(texts))
    return head + entries + bytes(4) + data


def dataset(number: int, text: bytes, record: int = 2) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(text)) + text


IPTC = dataset(0, b"\0\2") + dataset(80, b"Ann") + dataset(80, b"Bob") + dataset(110, b"Agency")
IPTC += dataset(115, "Zür".encode("latin-1")) + dataset(116, b"(c) Ann") + dataset(5, b"title")


def irb(number: int, data: bytes, name: bytes = b"") -> bytes:
    label = bytes([len(name)]) + name
    label += b"\0" * (len(label) % 2)
    return b"8BIM" + struct.pack(">H", number) + label + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


RESOURCES = b"Photoshop 3.0\0" + irb(0x03EF, b"abc", b"odd") + irb(0x0404, IPTC)


def plain(format: str, **save: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, format, **save)
    return out.getvalue()


def with_segments(*segments: bytes) -> bytes:
    body = plain("JPEG")
    return body[:2] + b"".join(segments) + body[2:]


def records(block: bytes) -> dict[tuple[int, int], bytes | list[bytes]]:
    """IPTC records as Pillow hands them on."""
    with Image.open(io.BytesIO(with_segments(segment(0xED, b"Photoshop 3.0\0" + irb(0x0404, block))))) as image:
        return IptcImagePlugin.getiptcinfo(image) or {}


def rights_of(block: bytes) -> tuple[tuple[str, str], ...]:
    """What a JPEG with such IPTC records says."""
    body = with_segments(segment(0xED, b"Photoshop 3.0\0" + irb(0x0404, block)))
    return inspect(body, FetchSettings(verify="structure")).rights


def test_xmp_in_every_form() -> None:
    assert read(xmp=FULL) == FULL_SAYS
    nested = packet('<plus:Licensor><rdf:Bag><rdf:li plus:LicensorURL="https://b.example"/></rdf:Bag></plus:Licensor>')
    assert read(xmp=nested) == (("licensor", "https://b.example"),)
    assert read(xmp=packet("<photoshop:Credit> A\n B </photoshop:Credit>")) == (("credit", "A B"),)
    assert read(xmp=packet("<tdm:reservation>1</tdm:reservation>")) == (("data_mining", "1"),)
    assert read(xmp=packet("<dc:title>none of ours</dc:title>")) == ()
    assert read(xmp=FULL.decode().encode("utf-16")) == FULL_SAYS
    assert read(xmp=FULL + b"   \n\0\0\0") == FULL_SAYS


def test_iptc_and_exif() -> None:
    says = (("creator", "Ann; Bob"), ("credit", "Agency"), ("source", "Zür"), ("copyright", "(c) Ann"))
    assert read(iptc=records(IPTC)) == says
    for order in "<>":
        block = exif("Ann Å".encode(), b"photographer\0editor", order)
        assert read(exif=block) == (("creator", "Ann Å"), ("copyright", "photographer; editor"))
        assert read(exif=b"Exif\0\0" + block) == read(exif=block)
        assert read(exif=exif(b"Al", b"x", order)) == (("creator", "Al"), ("copyright", "x"))


def test_the_younger_block_speaks_first() -> None:
    said = dict(
        read(
            exif(b"Exif Ann", b"exif"),
            records(dataset(80, b"Iptc Ann") + dataset(110, b"Iptc")),
            packet(attributes='photoshop:Credit="Xmp"'),
        )
    )
    assert said == {"creator": "Iptc Ann", "credit": "Xmp", "copyright": "exif"}


def test_texts_are_cleaned_and_cut() -> None:
    said = dict(read(iptc=records(dataset(80, b"A\x1b[31m\r\nB\0" + b"x" * 900) + dataset(116, b" \n "))))
    assert said["creator"].startswith("A [31m B x")
    assert len(said["creator"]) == LONGEST
    assert "copyright" not in said
    assert dict(read(iptc=records(dataset(80, "a\u202egpj".encode()))))["creator"] == "a gpj"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>&b;</dc:creator>'
    "</x:xmpmeta>"
)


@pytest.mark.parametrize(
    "xmp",
    [
        BOMB.encode(),
        BOMB.encode("utf-16"),
        BOMB.replace('<!ENTITY a "aaaaaaaaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">').encode(),
        FULL[: len(FULL) // 2],
        b"<" * 1000,
        b"not xml",
        b"<a>" * 100_000,
        FULL.replace(b"<dc:creator>", b"<dc:creator>\xff\xfe"),
        b'<?xml version="1.0" encoding="no-such"?>' + FULL,
        packet("<dc:creator>Ann</dc:creator>" + " " * LARGEST_XMP),
    ],
)
def test_hostile_xmp_says_nothing(xmp: bytes) -> None:
    assert read(xmp=xmp) == ()


def test_broken_blocks_never_raise() -> None:
    whole = (exif(b"Ann Example", b"(c) Example"), IPTC, FULL)
    chance = random.Random(7)
    for _ in range(1500):
        which = chance.randrange(3)
        block = bytearray(whole[which])
        for _ in range(chance.randrange(1, 6)):
            block[chance.randrange(len(block))] = chance.randrange(256)
        cut = bytes(block[: chance.randrange(len(block) + 1)])
        said = rights_of(cut) if which == 1 else read(**{("exif", "iptc", "xmp")[which]: cut})
        assert {name for name, _ in said} <= set(NAMES)
        assert all(0 < len(text) <= LONGEST for _, text in said)


def test_directories_that_lead_nowhere() -> None:
    assert read(exif=b"II*\0\xff\xff\xff\xff") == ()
    assert read(exif=b"II*\0\x08\0\0\0\xff\xff") == ()
    assert read(exif=b"II") == ()
    huge = bytearray(exif(b"Ann Example"))
    struct.pack_into("<I", huge, 14, 0xFFFFFFFF)  # The length of the first text.
    assert set(dict(read(exif=bytes(huge)))) <= {"creator", "copyright"}
    assert rights_of(b"\x1c\x02\x50\xff\xff") == ()


@pytest.mark.parametrize("verify", ["full", "fast", "structure"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (plain("JPEG", xmp=FULL), FULL_SAYS),
        (plain("WEBP", xmp=FULL), FULL_SAYS),
        (plain("AVIF", xmp=FULL), FULL_SAYS),
        (plain("JPEG", exif=b"Exif\0\0" + exif(b"Ann Example")), (("creator", "Ann Example"),)),
        (plain("PNG", exif=exif(b"Ann Example")), (("creator", "Ann Example"),)),
        (plain("WEBP", exif=exif(b"Ann Example")), (("creator", "Ann Example"),)),
        (plain("TIFF", tiffinfo={315: "Ann Example", 33432: "me"}), (("creator", "Ann Example"), ("copyright", "me"))),
        (plain("TIFF", tiffinfo={700: FULL}), FULL_SAYS),
        (with_segments(segment(0xED, RESOURCES)), read(iptc=records(IPTC))),
        (with_segments(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + BOMB.encode())), ()),
        (with_segments(segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f")), ()),
        (with_segments(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\xff\xff\xff\xff")), ()),
        (plain("JPEG"), ()),
        (plain("PNG"), ()),
    ],
)  # fmt: skip
def test_in_pictures(body: bytes, says: tuple[tuple[str, str], ...], verify: str) -> None:
    assert inspect(body, FetchSettings(verify=verify, tiff=True)).rights == says


def test_png_text_block() -> None:
    from PIL.PngImagePlugin import PngInfo

    for packed in (False, True):
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", FULL.decode(), zip=packed)
        assert inspect(plain("PNG", pnginfo=info), FetchSettings()).rights == FULL_SAYS


def test_they_come_with_the_picture(server: Server, fetch) -> None:
    value = fetch(server.put("/x.jpg", ok(plain("JPEG", xmp=FULL))))
    assert isinstance(value, Downloaded)
    assert value.picture.rights == FULL_SAYS
