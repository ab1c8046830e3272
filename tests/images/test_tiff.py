"""TIFF on request: the exact decoder, every cap, and directories that may lead anywhere."""

from __future__ import annotations

import io
import random
import struct
from typing import Any

import pytest
from PIL import Image

from collector.images.decode import inspect
from collector.images.sniff import Unusable
from collector.images.structure import frames
from collector.model import Picture
from collector.settings import FetchSettings
from tests.support.misbehaving import Server, ok, picture

TIFF = picture("TIFF", (64, 48))
LEVELS = pytest.mark.parametrize("verify", ["full", "fast", "structure"])


def look(body: bytes, **settings: Any) -> Picture:
    return inspect(body, FetchSettings(**{"tiff": True, **settings}))


def reason(body: bytes, **settings: Any) -> str:
    with pytest.raises(Unusable) as caught:
        look(body, **settings)
    return caught.value.reason


def plain(order: str = "<", size: tuple[int, int] = (20, 10), orientation: int = 1, strip: int | None = None) -> bytes:
    """A grey TIFF written by hand, its one strip right behind the header."""
    width, height = size
    data = bytes(n % 256 for n in range(width * height))
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (274, orientation), (277, 1),
            (278, height), (279, len(data) if strip is None else strip)]  # fmt: skip
    entries = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(data))
    return head + data + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def with_next(body: bytes, where: int) -> bytes:
    """The last directory of `plain` leads on."""
    return body[:-4] + struct.pack("<I", where)


@LEVELS
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_kinds(mode: str, compression: str | None, verify: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (64, 48)).save(out, "TIFF", compression=compression)
    found = look(out.getvalue(), verify=verify)
    assert (found.format, found.extension, found.width, found.height) == ("TIFF", "tif", 64, 48)
    assert found.frames == 1
    assert bool(found.phash) == (verify != "structure")


@LEVELS
def test_size_is_as_stored(verify: str) -> None:
    for order in "<>":
        for orientation in range(1, 9):
            found = look(plain(order, orientation=orientation), verify=verify)
            assert (found.width, found.height, found.orientation) == (20, 10, orientation)


def test_pages_and_appended_bytes() -> None:
    out = io.BytesIO()
    pages = [Image.new("RGB", (30, 20), color) for color in ("red", "blue", "green")]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    assert look(out.getvalue()).frames == 3
    assert look(TIFF + b"PK\x03\x04").frames == 1


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.99])
@LEVELS
def test_cut_off(cut: float, verify: str) -> None:
    body = picture("TIFF", (200, 100), compression="tiff_lzw")
    assert reason(body[: int(len(body) * cut)], verify=verify) in ("image.truncated", "image.decoder_crash")


@LEVELS
def test_loops_end_and_offsets_are_checked(verify: str) -> None:
    body = plain()
    at = struct.unpack_from("<I", body, 4)[0]
    assert look(with_next(body, at), verify=verify).frames == 1
    assert reason(with_next(body, 0xFFFFFFF0), verify=verify) == "image.truncated"
    assert reason(plain(strip=10**9), verify=verify) == "image.truncated"


def test_a_directory_may_not_reach_beyond_the_end() -> None:
    for body in (b"II*\0", b"II*\0\0\0\0\0", b"II*\0\x08\0\0\0\xff\xff", b"MM\0*\xff\xff\xff\xff"):
        with pytest.raises(Unusable):
            frames(body, "TIFF")


def test_caps() -> None:
    assert reason(plain(size=(200, 10)), max_side=100) == "image.too_many_pixels"
    assert reason(plain(size=(200, 10)), max_pixels=1000) == "image.too_many_pixels"
    assert reason(plain(size=(200, 10)), min_side=11) == "image.too_small"


def test_damage_is_a_verdict() -> None:
    chance = random.Random(11)
    bodies = [plain(), plain(">"), picture("TIFF", (40, 30), compression="tiff_lzw")]
    for _ in range(400):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            look(bytes(body))
        except Unusable as unusable:
            assert unusable.reason.startswith("image.")


@pytest.mark.parametrize("mark", [b"II+\0", b"MM\0+"])
def test_only_on_request_and_never_big(mark: bytes, server: Server, slug) -> None:
    assert reason(TIFF, tiff=False) == "image.format_denied"
    assert reason(mark + TIFF[4:]) == "image.format_denied"
    url = server.put("/x.tif", ok(TIFF, type="image/tiff"))
    assert slug(url) == "image.format_denied"
    assert slug(url, {"tiff": True}) == "arrived"
