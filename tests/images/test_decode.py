"""Picture payloads, good and hostile (inputs I1-I28): what is accepted, and with which facts."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from typing import Any

import psutil
import pytest
from PIL import Image

from collector.images.decode import inspect
from collector.images.sniff import Unusable
from collector.settings import FetchSettings
from tests.support.misbehaving import picture

SETTINGS = FetchSettings()
FORMATS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "AVIF": "avif"}


def reason(body: bytes, settings: FetchSettings = SETTINGS) -> str:
    try:
        inspect(body, settings)
    except Unusable as unusable:
        return unusable.reason
    return "good"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *more: bytes, rows: bytes | None = None) -> bytes:
    """A one-bit PNG with extra chunks before the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = zlib.compress(b"\0" * (height * (1 + (width + 7) // 8)), 9) if rows is None else rows
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


# --------------------------------------------------------------------------- accepted


@pytest.mark.parametrize("format", FORMATS)
def test_facts(format: str) -> None:
    body = picture(format, (70, 50))
    facts = inspect(body, SETTINGS)
    assert (facts.format, facts.extension) == (format, FORMATS[format])
    assert (facts.width, facts.height, facts.bytes) == (70, 50, len(body))
    assert (facts.orientation, facts.frames) == (1, 1)


@pytest.mark.parametrize(
    ("format", "mode", "found"),
    [("JPEG", "CMYK", "CMYK"), ("JPEG", "L", "L"), ("PNG", "P", "P"), ("PNG", "LA", "LA"), ("PNG", "RGBA", "RGBA"),
     ("WEBP", "RGBA", "RGBA"), ("GIF", "P", "P"), ("BMP", "1", "1")],
)  # fmt: skip
def test_modes_are_kept(format: str, mode: str, found: str) -> None:
    assert inspect(saved(Image.new(mode, (20, 10)), format), SETTINGS).mode == found


def test_sixteen_bits() -> None:
    assert inspect(saved(Image.new("I;16", (20, 10)), "PNG"), SETTINGS).mode == "I;16"


def test_progressive_jpeg_with_restarts() -> None:
    body = picture(size=(200, 150), progressive=True, restart_marker_blocks=1)
    assert inspect(body, SETTINGS).width == 200


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_exif_orientation_is_told_and_pixels_are_as_stored(format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    facts = inspect(saved(Image.new("RGB", (64, 32), "red"), format, exif=exif), SETTINGS)
    assert (facts.orientation, facts.width, facts.height) == (6, 64, 32)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_animations_count_their_frames_and_decode_the_first(format: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    body = saved(frames[0], format, save_all=True, append_images=frames[1:], duration=50)
    assert inspect(body, SETTINGS).frames == 3


@pytest.mark.parametrize("format", [name for name in FORMATS if name not in ("BMP",)])
def test_appended_bytes_belong_to_the_file(format: str) -> None:
    body = picture(format)
    appended = b"PK\x03\x04" + b"z" * 96
    facts = inspect(body + appended, SETTINGS)
    assert facts.bytes == len(body) + 100


def test_gif_without_trailer_is_whole() -> None:
    body = picture("GIF")
    assert body.endswith(b";")
    assert reason(body[:-1]) == "good"
    assert reason(body[:-2]) == "image.truncated"


def test_jpeg_with_pictures_inside_its_metadata_and_behind_it() -> None:
    inner = picture(size=(16, 16))
    body = picture()
    segment = b"\xff\xe1" + struct.pack(">H", len(inner) + 2) + inner
    size = inspect(body, SETTINGS).width
    assert inspect(body[:2] + segment + body[2:], SETTINGS).width == size
    assert inspect(body + inner, SETTINGS).width == size


def test_multi_picture_jpeg_is_a_jpeg() -> None:
    body = saved(Image.new("RGB", (40, 30)), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 30))])
    facts = inspect(body, SETTINGS)
    assert (facts.format, facts.frames) == ("JPEG", 1)


def test_scripts_in_comments_are_just_bytes() -> None:
    assert reason(picture(comment=b"<script>alert(1)</script>")) == "good"


# --------------------------------------------------------------------------- broken


@pytest.mark.parametrize("format", FORMATS)
def test_cut_anywhere_is_truncated(format: str) -> None:
    body = picture(format, (120, 90))
    shares = [0.02, 0.1, 0.3, 0.5, 0.6, 0.8, 0.95, 0.99]
    cuts = {int(len(body) * share) for share in shares} | {len(body) - 2}
    if format != "GIF":
        cuts.add(len(body) - 1)
    for cut in cuts:
        assert reason(body[:cut]) in ("image.truncated", "image.unidentified", "image.format_denied"), cut
    assert reason(body[: int(len(body) * 0.6)]) == "image.truncated"


@pytest.mark.parametrize(
    "body",
    [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBP", b"\xff\xd8\xff" + b"\0" * 99,
     b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf"],
)  # fmt: skip
def test_header_only(body: bytes) -> None:
    assert reason(body) in ("image.truncated", "image.decoder_crash")


def test_corrupt_inside() -> None:
    body = bytearray(picture("PNG", (100, 100)))
    body[len(body) // 2] ^= 0xFF
    assert reason(bytes(body)) == "image.truncated"


def test_script_that_looks_like_a_gif() -> None:
    assert reason(b"GIF89a=1;alert()//" + b" " * 50).startswith("image.")


# --------------------------------------------------------------------------- too much


def grown(call: object) -> int:
    """Bytes that the process grew by."""
    process = psutil.Process()
    before = process.memory_info().rss
    call()  # type: ignore[operator]
    return process.memory_info().rss - before


@pytest.mark.parametrize("side", [7_100, 13_300, 19_999, 65_500])
def test_too_many_pixels_are_not_decoded(side: int) -> None:
    body = png(side, side, rows=zlib.compress(b"\0" * 1000))

    def check() -> None:
        assert reason(body) == "image.too_many_pixels"

    assert grown(check) < 20_000_000


def test_side_limit() -> None:
    assert reason(png(1, 20_001)) == "image.too_many_pixels"
    assert reason(png(1, 20_000)) == "good"


@pytest.mark.parametrize("format", ["JPEG", "GIF", "WEBP", "BMP", "AVIF"])
def test_pixel_limit_holds_for_every_format(format: str) -> None:
    assert reason(picture(format, (80, 60)), FetchSettings(max_pixels=80 * 60 - 1)) == "image.too_many_pixels"
    assert reason(picture(format, (80, 60)), FetchSettings(max_pixels=80 * 60)) == "good"


def test_webp_canvas_is_checked_before_it_is_made() -> None:
    body = bytearray(saved(Image.new("RGBA", (32, 32)), "WEBP", lossless=True, exif=b"Exif\0\0MM\0*"))
    at = body.index(b"VP8X") + 12
    body[at : at + 6] = (16_382).to_bytes(3, "little") * 2

    def check() -> None:
        assert reason(bytes(body)) in ("image.too_many_pixels", "image.truncated")

    assert grown(check) < 50_000_000


def test_smallest_side() -> None:
    assert reason(picture(size=(1, 1)), FetchSettings(min_side=2)) == "image.too_small"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_aspect": 2.0, "types": "JPG, png"}, None),
        ({"max_aspect": 1.9}, "image.aspect"),
        ({"types": "png,.webp"}, "image.other_type"),
    ],
)
def test_only_what_was_asked_for_is_taken(settings: dict[str, Any], expected: str | None) -> None:
    for size in ((200, 100), (100, 200)):
        body = picture(size=size)
        if expected is None:
            assert inspect(body, FetchSettings(**settings)).format == "JPEG"
        else:
            assert reason(body, FetchSettings(**settings)) == expected
    assert reason(picture(size=(1, 1))) == "good"


def test_text_chunk_bombs() -> None:
    bomb = zlib.compress(b"\0" * (200 << 20), 9)
    for name, head in ((b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")):
        body = png(8, 8, chunk(name, head + bomb))

        def check(body: bytes = body) -> None:
            assert reason(body) in ("image.decoder_crash", "image.truncated", "good")

        assert grown(check) < 50_000_000


def test_exif_that_lies_about_its_size() -> None:
    entry = struct.pack(">HHII", 0x0112, 3, 0xFFFFFFFF, 8)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + b"\xff\xff\xff\xff"
    assert inspect(saved(Image.new("RGB", (8, 8)), "JPEG", exif=exif), SETTINGS).orientation == 1


def test_ten_thousand_frames() -> None:
    body = picture("GIF", (4, 4))
    start = 13 + (3 << ((body[10] & 7) + 1))
    many = body[:start] + body[start:-1] * 10_000 + b";"
    assert inspect(many, SETTINGS).frames == 10_000


def test_a_million_tiny_blocks_end_soon() -> None:
    body = picture("GIF", (4, 4))
    assert reason(body[:-1] + b"\x21\xfe\x01a\x00" * 1_000_000 + b";") == "good"


def test_no_warnings_leave(recwarn: pytest.WarningsRecorder) -> None:
    odd = [
        png(8, 8, chunk(b"acTL", b"\0" * 8)),
        saved(Image.new("RGB", (8, 8)), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\xffbroken"),
        png(8_000, 7_000, rows=b""),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for body in odd:
            reason(body)
    warnings.simplefilter("always")
    for body in odd:
        reason(body)
    assert not [str(warning.message) for warning in recwarn]


def test_threads_agree() -> None:
    bodies = [picture(format, (200, 150), seed=n) for n, format in enumerate(FORMATS)]
    expected = [inspect(body, SETTINGS) for body in bodies]
    wrong: list[object] = []

    def check() -> None:
        for _ in range(10):
            found = [inspect(body, SETTINGS) for body in bodies]
            if found != expected:
                wrong.append(found)

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_every_flipped_byte_is_a_picture_or_a_reason() -> None:
    for format in FORMATS:
        body = picture(format, (24, 24))
        for at in range(0, len(body), max(1, len(body) // 150)):
            broken = bytearray(body)
            broken[at] ^= 0x5A
            assert reason(bytes(broken)) == "good" or reason(bytes(broken)).partition(".")[0] in ("image", "body")
