"""HEIC and JPEG XL: formats whose decoder is an extra, with it and without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from collector.images import extras, pixels
from collector.images.decode import inspect
from collector.images.form import AS_IS
from collector.images.sniff import Unusable, identify
from collector.ledger import Ledger
from collector.maintenance import startup
from collector.model import Found, Hit, Query, Rejected, Search
from collector.settings import FetchSettings
from tests.support.collection import drawn
from tests.support.collection import encoded as made

pytest.importorskip("pillow_heif")
pytest.importorskip("pyjpegxl")
SETTINGS = FetchSettings()
PICTURE = drawn(3, (120, 90))
FORMATS = ("HEIF", "JXL")
BODIES = {format: made(PICTURE, format) for format in FORMATS}


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def reason(body: bytes, settings: FetchSettings = SETTINGS) -> str:
    try:
        inspect(body, settings)
    except Unusable as unusable:
        return unusable.reason
    return "good"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As if neither package were installed."""
    extras.decoder.cache_clear()
    for package in ("pillow_heif", "pyjpegxl"):
        monkeypatch.setitem(sys.modules, package, None)
    yield monkeypatch
    extras.decoder.cache_clear()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_facts_and_pixels(format: str, mode: str, tmp_path: Path) -> None:
    image = drawn(3, (120, 90), mode)
    body = made(image, format)
    facts = inspect(body, SETTINGS)
    assert (facts.format, facts.extension, facts.mode) == (format, extras.EXTRAS[format], mode)
    assert (facts.width, facts.height, facts.orientation, facts.frames) == (120, 90, 1, 1)
    assert len(facts.phash) == 16
    path = tmp_path / "x"
    path.write_bytes(body)
    apart = np.abs(np.asarray(pixels.upright(path), np.int16) - np.asarray(image.convert("RGB"), np.int16))
    assert apart.mean() < 4
    assert pixels.grey(path, 64).shape == (48, 64)


@pytest.mark.parametrize("format", FORMATS)
def test_exports_write_them_anew(format: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(made(PICTURE, format))
    written = pixels.encoded(tmp_path / "x", AS_IS, frozenset({"jpg", "png", "webp"}))
    assert (written.extension, written.width, written.height, written.kept) == ("jpg", 120, 90, False)


def test_how_a_heic_is_turned_says_its_container_and_not_its_exif(tmp_path: Path) -> None:
    body = made(PICTURE, "HEIF", exif=turned(6))
    assert b"irot" in body
    facts = inspect(body, SETTINGS)
    assert (facts.width, facts.height, facts.orientation) == (90, 120, 1)
    (tmp_path / "x").write_bytes(body)
    right = np.asarray(PICTURE.transpose(Image.Transpose.ROTATE_270), np.int16)
    assert np.abs(np.asarray(pixels.upright(tmp_path / "x"), np.int16) - right).mean() < 4
    unturned = body.replace(b"irot", b"free")
    assert inspect(unturned, SETTINGS).width == 120, "the EXIF alone turns nothing"


def test_the_exif_of_a_jpeg_xl_turns_nothing() -> None:
    facts = inspect(made(PICTURE, "JXL", exif=b"\0\0\0\0" + turned(6)[6:]), SETTINGS)
    assert (facts.width, facts.height, facts.orientation) == (120, 90, 1)


@pytest.mark.parametrize("format", FORMATS)
def test_what_they_say_about_rights(format: str) -> None:
    exif = Image.Exif()
    exif[0x013B], exif[0x8298] = "Ann Example", "me"
    block = exif.tobytes() if format == "HEIF" else b"\0\0\0\0" + exif.tobytes()[6:]
    facts = inspect(made(PICTURE, format, exif=block), SETTINGS)
    assert dict(facts.rights) == {"creator": "Ann Example", "copyright": "me"}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("verify", ["fast", "full"])
def test_cut_off(format: str, verify: str) -> None:
    body = made(PICTURE, format)
    for cut in (12, 60, len(body) // 3, len(body) // 2, len(body) - 1):
        assert reason(body[:cut], replace(SETTINGS, verify=verify)) in ("image.truncated", "image.format_denied"), cut


def test_a_cut_container_is_found_out_without_decoding() -> None:
    settings = replace(SETTINGS, verify="structure")
    for body in (made(PICTURE, "HEIF"), made(PICTURE, "JXL", exif=b"\0\0\0\0" + turned(1)[6:])):
        assert reason(body, settings) == "good"
        assert reason(body[:-5], settings) == "image.truncated"


@pytest.mark.parametrize("format", FORMATS)
def test_bounds_hold_before_anything_is_decoded(format: str) -> None:
    body = made(PICTURE, format)
    assert reason(body, replace(SETTINGS, max_pixels=10_000)) == "image.too_many_pixels"
    assert reason(body, replace(SETTINGS, min_side=100)) == "image.too_small"
    assert reason(body, replace(SETTINGS, types="jpg,png")) == "image.other_type"
    assert reason(body, replace(SETTINGS, types=extras.EXTRAS[format])) == "good"


def test_a_jpeg_xl_of_a_thousand_million_pixels_is_not_decoded() -> None:
    """Size header of a square of 2^30 (ISO/IEC 18181-1, D.2; lowest bits first), and next to nothing behind it."""
    bits = "0" + "11" + "1" * 30 + "100" + "1" + "0" * 67
    body = b"\xff\x0a" + bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    assert reason(body) == "image.too_many_pixels"


@pytest.mark.parametrize("format", FORMATS)
def test_without_the_extra_the_reason_says_what_to_install(format: str, without: pytest.MonkeyPatch) -> None:
    body = BODIES[format]
    assert identify(body) == format
    with pytest.raises(Unusable) as caught:
        inspect(body, SETTINGS)
    extra = extras.EXTRAS[format]
    assert caught.value.reason == f"image.needs_{extra}"
    assert f"[{extra}]" in caught.value.detail


def test_once_the_extra_is_there_its_pictures_are_to_do_again(tmp_path: Path, without: pytest.MonkeyPatch) -> None:
    with Ledger.open(tmp_path) as ledger:
        query = Query("cat", "cat", 10, ("google",))
        run = ledger.work.plan([query])
        [(_, opened)] = ledger.work.open_queries(run, -1, 10)
        search = Search(opened.searches[0].id, query, "google", 10)
        for number, slug in enumerate(("image.needs_heic", "image.needs_jxl", "image.unidentified")):
            hit = Hit(f"http://a.test/{number}", f"http://a.test/{number}")
            task = ledger.work.found(Found(search, number + 1, hit), opened.id)
            assert task is not None
            ledger.work.outcome(Rejected(task, slug, ""))
        assert startup.readable_now(ledger) == 0
        without.delitem(sys.modules, "pillow_heif")
        assert startup.readable_now(ledger) == 1
        assert [task.url for _, task in ledger.work.todo(opened.id, 0, None)] == ["http://a.test/0"]
        assert startup.readable_now(ledger) == 0, "once is enough"
