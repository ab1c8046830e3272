"""The levels of verification: what each sees, and that they agree on the facts."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageEnhance

from collector.images.decode import inspect
from collector.images.sniff import Unusable
from collector.images.structure import jpeg
from collector.model import Picture
from collector.settings import FetchSettings
from tests.support.misbehaving import picture

LEVELS = {name: FetchSettings(verify=name) for name in ("full", "fast", "structure")}


def gradient(size: tuple[int, int] = (640, 480)) -> Image.Image:
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.paste((200, 30, 40), (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    return image


def saved(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF"])
def test_levels_agree_on_the_facts(format: str) -> None:
    body = picture(format, size=(300, 200))
    facts = {name: inspect(body, settings) for name, settings in LEVELS.items()}
    assert replace(facts["full"], phash="") == replace(facts["fast"], phash="") == facts["structure"]
    assert len(facts["fast"].phash) == len(facts["full"].phash) == 16


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_colours_and_orientation_are_told_without_decoding(mode: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    body = saved(gradient().convert(mode), exif=exif)
    for settings in LEVELS.values():
        found = inspect(body, settings)
        assert (found.mode, found.orientation, found.width, found.height) == (mode, 6, 640, 480)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 0}])
def test_levels_agree_on_kinds_of_jpeg(options: dict[str, object]) -> None:
    body = saved(gradient(), **options)
    facts = [replace(inspect(body, settings), phash="") for settings in LEVELS.values()]
    assert facts[0] == facts[1] == facts[2]


@pytest.mark.parametrize("level", LEVELS)
def test_cut_jpegs_are_seen_by_every_level(level: str) -> None:
    body = saved(gradient())
    for share in (0.1, 0.5, 0.9, 0.999):
        with pytest.raises(Unusable) as caught:
            inspect(body[: int(len(body) * share)], LEVELS[level])
        assert caught.value.reason == "image.truncated"


def test_caps_hold_without_decoding() -> None:
    with pytest.raises(Unusable) as caught:
        inspect(saved(gradient()), replace(LEVELS["structure"], max_pixels=1000))
    assert caught.value.reason == "image.too_many_pixels"


def test_the_hash_survives_what_the_web_does_to_pictures() -> None:
    original = inspect(saved(gradient(), quality=95), LEVELS["fast"]).phash
    alike = [
        saved(gradient(), quality=30),
        saved(gradient((320, 240))),
        saved(gradient(), "PNG"),
        saved(ImageEnhance.Brightness(gradient()).enhance(0.8)),
    ]
    other = inspect(picture(size=(640, 480)), LEVELS["fast"]).phash
    assert max(distance(original, inspect(body, LEVELS["fast"]).phash) for body in alike) <= 6
    assert distance(original, other) >= 12
    assert distance(original, inspect(saved(gradient(), quality=95), LEVELS["full"]).phash) <= 6


def verdict(body: bytes) -> Picture | tuple[str, str]:
    """What the markers, or Pillow where they do not say it all, make of a picture."""
    try:
        return replace(inspect(body, LEVELS["structure"]), sha256="", bytes=0)
    except Unusable as unusable:
        return unusable.reason, unusable.detail


def opened(body: bytes) -> bytes:
    """The same JPEG with an empty segment that says nothing, but is not plain: Pillow opens it."""
    return body[:2] + b"\xff\xe5\x00\x02" + body[2:]


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"comment": b"a cat"}, {"dpi": (72, 72)}, {"quality": 1}]
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_markers_tell_what_pillow_tells(mode: str, options: dict[str, object]) -> None:
    body = saved(gradient((80, 60)).convert(mode), **options)
    assert jpeg(body).plain is (mode != "CMYK") and not jpeg(opened(body)).plain
    found = verdict(body)
    assert isinstance(found, Picture)
    assert (found.mode, found.width, found.height) == (mode, 80, 60)
    assert found == verdict(opened(body))


def test_headers_that_are_damaged_are_judged_as_pillow_judges_them() -> None:
    body = saved(gradient((80, 60)), comment=b"a cat")
    start = body.index(b"\xff\xda")
    for at in range(3, start):  # What is before says that it is a JPEG.
        for value in (0x00, 0x01, 0x7F, 0xC0, 0xE1, 0xFF, body[at] ^ 0x10):
            damaged = body[:at] + bytes((value,)) + body[at + 1 :]
            assert verdict(damaged) == verdict(opened(damaged)), (at, value)
    for at in range(4, start):
        for stray in (b"\0", b"\xff", b"\xff\xff\xd8", b"\xff\xc0\0\x0b\x08\0\x09\0\x09\x01\x01\x11\0"):
            damaged = body[:at] + stray + body[at:]
            assert verdict(damaged) == verdict(opened(damaged)), (at, stray)
