"""Whatever became of a picture's bytes, they are refused with a reason, or are a picture for every later step, too."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from collector.images import metadata, pixels
from collector.images.decode import inspect
from collector.images.extras import EXTRAS
from collector.images.form import Form, Shape
from collector.images.media import extension, inspect_video
from collector.images.sniff import Unusable, decode_data
from collector.images.video import examine, is_video
from collector.reasons import REASONS as ALL
from collector.settings import FetchSettings
from tests.support.collection import drawn
from tests.support.collection import encoded as made
from tests.support.misbehaving import picture

REASONS = {reason.slug for reason in ALL}
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF", "TIFF", "HEIF", "JXL")
WHOLE = {name: made(drawn(1, (64, 48)), name) if name in EXTRAS else picture(name) for name in FORMATS}
SETTINGS = FetchSettings(tiff=True, min_side=1)
SQUARE = Shape(32, (0, 0, 0), (1, 1, 1))
FORMS = (Form(), Form("fit", 24), Form(encoding="original"), Form(animations="whole"))
WOUNDS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(("flip", "cut", "put", "zero")), st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=6,
)


def wounded(body: bytes, wounds: list[tuple[float, str, bytes]]) -> bytes:
    """Bytes changed, taken away and put in; the front, where structure is, oftener than the rest."""
    for place, kind, bytes_ in wounds:
        at = int(place**3 * len(body))
        if kind == "cut":
            body = body[:at] + body[at + len(bytes_) :]
        elif kind == "put":
            body = body[:at] + bytes_ + body[at:]
        else:
            put = bytes_ if kind == "flip" else bytes(len(bytes_))
            body = body[:at] + put + body[at + len(put) :]
    return body


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("verify", ["fast", "full", "structure"])
@given(wounds=WOUNDS)
def test_any_picture(tmp_path_factory: pytest.TempPathFactory, name: str, verify: Any, wounds: list[Any]) -> None:
    body = wounded(WHOLE[name], wounds)
    try:
        facts = inspect(body, FetchSettings(tiff=True, min_side=1, verify=verify))
    except Unusable as unusable:
        assert unusable.reason in REASONS
        return
    assert min(facts.width, facts.height, facts.frames) >= 1
    if verify == "structure":
        return
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(body)
    image = pixels.upright(path)
    assert image.mode == "RGB"
    pixels.grey(path, 64)
    pixels.thumbnail(path, 32, 80)
    pixels.square(path, SQUARE)
    for form in FORMS:
        made = pixels.encoded(path, form, frozenset({"jpg", "png", "gif", "webp", "bmp", "tif"}))
        assert not made.kept or made.body == body
        with Image.open(io.BytesIO(made.body)) as again:
            again.load()


@given(st.binary(), st.binary(), st.dictionaries(st.tuples(st.just(2), st.integers(0, 255)), st.binary()))
def test_any_metadata(exif: bytes, xmp: bytes, iptc: Mapping[tuple[int, int], bytes]) -> None:
    for block in (exif, b"Exif\0\0MM\0*\0\0\0\x08" + exif):
        for packet in (
            xmp,
            b"<x xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:creator>" + xmp + b"</dc:creator></x>",
        ):
            assert all(name and text for name, text in metadata.read(block, iptc, packet))


BOXES = st.lists(
    st.tuples(st.sampled_from((b"ftyp", b"moov", b"trak", b"tkhd", b"mdia", b"hdlr", b"stsd", b"mdat", b"mvhd")),
              st.binary(max_size=120), st.integers(-4, 4))
)  # fmt: skip


@given(BOXES, st.binary())
def test_any_video(boxes: list[tuple[bytes, bytes, int]], more: bytes) -> None:
    body = b"\0\0\0\x14ftypisom\0\0\0\0mp42"
    for name, inner, off in boxes:
        body += (8 + len(inner) + off).to_bytes(4, "big", signed=True) + name + inner
    for film in (body + more, b"\x1a\x45\xdf\xa3" + more, more):
        for look in (lambda film=film: examine(film), lambda film=film: inspect_video(film, SETTINGS)):
            try:
                look()
            except Unusable as unusable:
                assert unusable.reason in REASONS
        is_video(film)


@given(st.text(), st.text())
def test_any_name(disposition: str, url: str) -> None:
    for header in (disposition, f'attachment; filename="{disposition}"', f"filename*=UTF-8''{disposition}"):
        assert Path(f"a.{extension(header, url)}").name


@given(st.text().map("data:".__add__) | st.text().map("data:image/png;base64,".__add__))
def test_any_data_url(url: str) -> None:
    try:
        assert decode_data(url, 1000)
    except Unusable as unusable:
        assert unusable.reason in REASONS
