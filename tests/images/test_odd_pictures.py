"""Pictures that are odd and real: what is saved, and with which pixels everything after that sees them."""

from __future__ import annotations

import io
import struct
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin

from collector.images.decode import inspect
from collector.images.form import AS_IS, Form
from collector.images.pixels import encoded, grey, thumbnail, upright
from collector.images.sniff import Unusable
from collector.settings import FetchSettings
from tests.support.collection import drawn
from tests.support.collection import encoded as made

LOADERS = frozenset({"jpg", "png", "bmp", "tif", "webp"})
PICTURE = drawn(5, (160, 120))


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.save(out, format, **options)
    return out.getvalue()


def reason(body: bytes, verify: str = "fast") -> str:
    try:
        inspect(body, FetchSettings(verify=verify, tiff=True))
    except Unusable as unusable:
        return unusable.reason
    return "good"


def put(folder: Path, body: bytes) -> Path:
    path = folder / "x"
    path.write_bytes(body)
    return path


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chunks(body: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        found.append((body[at + 4 : at + 8], body[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def png(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts)


def colour_at(path: Path, place: tuple[int, int], form: Form = AS_IS) -> tuple[int, ...]:
    with Image.open(io.BytesIO(encoded(path, form, LOADERS).body)) as image:
        return tuple(image.convert("RGB").getpixel(place))  # type: ignore[arg-type]


def near(one: tuple[int, ...], other: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


# --------------------------------------------------------------------------- what other decoders stop at


@pytest.mark.parametrize("name", [b"IHDR", b"PLTE", b"IDAT", b"IEND"])
@pytest.mark.parametrize("verify", ["full", "fast", "structure"])
def test_a_wrong_checksum_of_a_critical_chunk_is_damage(name: bytes, verify: str) -> None:
    body = saved(PICTURE.quantize(64), "PNG")
    at = body.index(name) + 4 + struct.unpack(">I", body[body.index(name) - 4 : body.index(name)])[0]
    assert reason(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :], verify) == "image.truncated"
    assert reason(body, verify) == "good"


def test_one_that_was_saved_before_is_written_anew(tmp_path: Path) -> None:
    body = saved(PICTURE, "PNG")
    at = body.index(b"IDAT") + 4 + struct.unpack(">I", body[body.index(b"IDAT") - 4 : body.index(b"IDAT")])[0]
    made = encoded(put(tmp_path, body[:at] + b"\0\0\0\0" + body[at + 4 :]), AS_IS, LOADERS)
    assert made.extension == "jpg" and reason(made.body, "full") == "good"


WHOLE = chunks(saved(PICTURE, "PNG"))
HEAD, PIXELS, END = WHOLE[:1], WHOLE[1:-1], WHOLE[-1:]
ROWS = zlib.decompress(b"".join(data for _, data in PIXELS))
INDEXED = struct.pack(">IIBBBBB", 160, 120, 8, 3, 0, 0, 0)


def idat(rows: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"IDAT", zlib.compress(rows))]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (png(HEAD + idat(ROWS[: len(ROWS) // 2]) + END), "image.truncated"),
        (png(HEAD + idat(ROWS[:-1]) + END), "image.truncated"),
        (png(HEAD + END), "image.truncated"),
        (png(HEAD + HEAD + PIXELS + END), "image.truncated"),
        (png([*HEAD, (b"ABCD", b"xx"), *PIXELS, *END]), "image.unsupported"),
        (png([(b"IHDR", INDEXED), *idat(bytes(161 * 120)), *END]), "image.truncated"),
        (png(HEAD + idat(ROWS + bytes(200)) + END), "good"),
        (png([*HEAD, (b"abCd", b"xx"), *PIXELS, *END]), "good"),
    ],
    ids=["half", "a byte", "all", "two headers", "critical", "no palette", "too many", "ancillary"],
)
@pytest.mark.parametrize("verify", ["full", "fast", "structure"])
def test_pngs_that_pillow_forgives_and_other_decoders_die_of(body: bytes, told: str, verify: str) -> None:
    """The first one ended torchvision's process with a signal."""
    assert reason(body, verify) == told


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 8), (33, 17)])
@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("interlaced", [0, 1])
def test_how_many_bytes_the_rows_of_a_png_have(size: tuple[int, int], depth: int, interlaced: int) -> None:
    """As libpng counts them: what Adam7's passes have is counted here pixel by pixel."""
    order = ("16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777")
    width, height = size
    total = 0
    for number in "1234567" if interlaced else "0":
        lines = [
            sum(order[y % 8][x % 8] == number or not interlaced for x in range(width)) for y in range(height)
        ]  # fmt: skip
        total += sum(1 + (line * depth + 7) // 8 for line in lines if line)
    header = struct.pack(">IIBBBBB", *size, depth, 0, 0, 0, interlaced)
    for missing, told in ((0, "good"), (1, "image.truncated")):
        body = png([(b"IHDR", header), *idat(bytes(total - missing)), *END])
        assert reason(body, "structure") == told


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt", b"iTXt", b"gAMA", b"acTL", b"tRNS", b"eXIf", b"iCCP"])
@pytest.mark.parametrize("behind", [False, True])
def test_a_damaged_chunk_that_browsers_pass_over_is_passed_over(name: bytes, behind: bool, tmp_path: Path) -> None:
    """And its picture is written anew for loaders that do not."""
    broken = chunk(name, b"x\0\0abc")[:-1] + b"\0"
    parts = [chunk(*one) for one in WHOLE]
    place = len(parts) - 1 if behind else 1
    body = b"\x89PNG\r\n\x1a\n" + b"".join((*parts[:place], broken, *parts[place:]))
    for verify in ("full", "fast", "structure"):
        assert reason(body, verify) == "good"
    written = encoded(put(tmp_path, body), AS_IS, LOADERS)
    assert reason(written.body, "full") == "good"
    assert np.abs(np.asarray(upright(tmp_path / "x"), np.int16) - np.asarray(PICTURE, np.int16)).max() == 0


@pytest.mark.parametrize(("said", "kept"), [(0, False), (1, False), (2_000_000_000, False)])
def test_an_apng_that_miscounts_its_frames_is_written_anew(said: int, kept: bool, tmp_path: Path) -> None:
    put(tmp_path, png([*HEAD, (b"acTL", struct.pack(">II", said, 0)), *PIXELS, *END]))
    for form in (AS_IS, Form(animations="whole"), Form(encoding="original")):
        assert encoded(tmp_path / "x", form, LOADERS).kept is kept


def bmp(bits: int, packing: int = 0, header: int = 40, height: int = 8) -> bytes:
    """A grey BMP of 8 x 8."""
    rows = bytes([120] * 8 * bits) if packing != 1 else bytes([8, 120, 0, 0] * 8 + [0, 1])
    palette = bytes(v for n in range(256) for v in (n, n, n, 0)) if bits == 8 else b""
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F) if packing == 3 else b""
    head = struct.pack("<IiiHHIIiiII", header, 8, height, 1, bits, packing, len(rows), 0, 0, 0, 0)
    head += bytes(header - 40)
    start = 14 + len(head) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + masks + palette + rows


@pytest.mark.parametrize(
    ("body", "extension"),
    [(bmp(24), "bmp"), (bmp(8), "jpg"), (bmp(16), "jpg"), (bmp(16, 3), "jpg"), (bmp(8, 1), "jpg"), (bmp(32), "jpg"),
     (bmp(24, height=-8), "jpg"), (bmp(24, header=108), "jpg"), (bmp(24) + b"more", "jpg"),
     (bmp(24)[:10] + b"\x38" + bmp(24)[11:] + b"xx", "jpg")],
)  # fmt: skip
def test_only_bmps_that_every_loader_reads_go_through(body: bytes, extension: str, tmp_path: Path) -> None:
    assert reason(body) == "good"
    assert encoded(put(tmp_path, body), AS_IS, LOADERS).extension == extension


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_a_bmp_without_its_last_row_is_truncated_without_decoding_it(bits: int) -> None:
    assert reason(bmp(bits), "structure") == "good"
    assert reason(bmp(bits)[:-3], "structure") == "image.truncated"


def test_an_apng_whose_animation_is_damaged_is_its_first_picture(tmp_path: Path) -> None:
    others = [drawn(6, PICTURE.size), drawn(7, PICTURE.size)]
    body = saved(PICTURE, "PNG", save_all=True, append_images=others, duration=40)
    assert inspect(body, FetchSettings()).frames == 3
    for name in (b"acTL", b"fcTL", b"fdAT"):
        at = body.index(name) + 4 + struct.unpack(">I", body[body.index(name) - 4 : body.index(name)])[0]
        damaged = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        assert inspect(damaged, FetchSettings()).frames == 1
        assert not encoded(put(tmp_path, damaged), Form(animations="whole"), LOADERS).kept
        assert np.array_equal(np.asarray(upright(tmp_path / "x")), np.asarray(PICTURE))


@pytest.mark.parametrize(("compression", "kept"), [("tiff_lzw", True), ("lzma", False), ("zstd", False)])
def test_tiffs_that_only_some_builds_unpack_are_written_anew(compression: str, kept: bool, tmp_path: Path) -> None:
    try:
        body = saved(PICTURE, "TIFF", compression=compression)
    except OSError:
        pytest.skip("this Pillow does not pack it")
    assert encoded(put(tmp_path, body), AS_IS, LOADERS).kept is kept


def test_a_second_page_of_another_size_is_another_picture(tmp_path: Path) -> None:
    blank = Image.new("RGB", (64, 48), "white")
    put(tmp_path, saved(blank, "TIFF", save_all=True, append_images=[drawn(1, (20, 20))]))
    assert upright(tmp_path / "x").size == (64, 48)


def test_what_no_decoder_knows_is_told_so() -> None:
    body = saved(PICTURE, "JPEG")
    frame = body.index(b"\xff\xc0")
    assert reason(body[: frame + 4] + b"\x0c" + body[frame + 5 :]) == "image.unsupported", "12 bits"
    assert reason(body[: frame + 1] + b"\xc5" + body[frame + 2 :]) == "image.unsupported", "hierarchical"
    assert reason(saved(PICTURE.convert("LAB"), "TIFF")) == "image.unsupported"


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
def test_data_that_break_off_inside_a_whole_box_are_damage(format: str) -> None:
    if format == "HEIF":
        pytest.importorskip("pillow_heif")
    body = made(PICTURE, format)
    start = body.index(b"mdat")
    size = (len(body) - start + 4) // 2
    assert reason(body[: start - 4] + struct.pack(">I", size) + body[start : start - 4 + size]) == "image.truncated"


@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
def test_a_blank_first_frame_before_broken_ones_is_what_there_is(format: str, tmp_path: Path) -> None:
    blank = Image.new("RGB", PICTURE.size, "white")
    body = bytearray(saved(blank, format, save_all=True, append_images=[PICTURE, drawn(7, PICTURE.size)], duration=40))
    if format == "PNG":
        body = bytearray(png([part for part in chunks(bytes(body)) if part[0] != b"fdAT"]))
    else:
        body[len(body) // 2 : len(body) // 2 + 200] = bytes(200)
    if reason(bytes(body)) == "good":
        assert upright(put(tmp_path, bytes(body))).size == PICTURE.size


@pytest.mark.parametrize("blank_first", [True, False])
def test_a_second_frame_as_large_as_a_bomb_spoils_no_first_one(blank_first: bool, tmp_path: Path) -> None:
    first = Image.new("RGB", (64, 48), "white") if blank_first else drawn(3, (64, 48))
    body = bytearray(saved(first, "GIF", save_all=True, append_images=[drawn(7, (64, 48))], duration=40))
    second = body.rindex(b",\0\0\0\0")
    body[second : second + 9] = struct.pack("<c4H", b",", 0, 0, 60_000, 60_000)
    assert reason(bytes(body)) == "good"
    path = put(tmp_path, bytes(body))
    assert upright(path).size == grey(path, 64).shape[::-1] == (64, 48)
    assert encoded(path, AS_IS, LOADERS).body


@pytest.mark.parametrize("colours", [257, 300, 0x12341234])
def test_a_bmp_that_says_more_colours_than_it_can_have_has_those_it_can(colours: int, tmp_path: Path) -> None:
    palette = b"".join(bytes((n, 40, 220, 0)) for n in range(256)) + bytes(4 * 44)
    head = struct.pack("<IiiHHIIiiII", 40, 16, 4, 1, 8, 0, 64, 0, 0, colours, 0) + palette
    body = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 14 + len(head)) + head + bytes([120]) * 64
    assert colour_at(put(tmp_path, body), (5, 2), Form(encoding="png")) == (220, 40, 120)
    assert reason(body[:-9]) == "image.truncated"


@pytest.mark.parametrize("name", [b"cHRM", b"gAMA", b"sRGB", b"pHYs", b"acTL", b"tRNS", b"iCCP", b"zTXt", b"iTXt"])
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 7, bytes(40)])
def test_chunks_that_say_nothing_of_the_pixels_cost_no_picture(name: bytes, data: bytes, tmp_path: Path) -> None:
    parts = chunks(saved(PICTURE, "PNG"))
    body = png([parts[0], (name, data), *parts[1:]])
    assert reason(body) == "good"
    assert np.array_equal(upright(put(tmp_path, body)), PICTURE) or name == b"tRNS"


def test_a_palette_stays_transparent_beside_a_broken_chunk(tmp_path: Path) -> None:
    seen = Image.new("P", (64, 48), 0)
    seen.putpalette([255, 0, 255, 10, 20, 30])
    seen.paste(1, (0, 0, 32, 48))
    parts = chunks(saved(seen, "PNG", transparency=0))
    body = png([parts[0], (b"cHRM", b""), *parts[1:]])
    assert colour_at(put(tmp_path, body), (50, 20), Form(encoding="png")) == (255, 255, 255)


@pytest.mark.parametrize("name", [b"IHDR", b"gAMA", b"pHYs"])
def test_a_png_that_breaks_off_in_a_header_is_truncated(name: bytes) -> None:
    parts = chunks(saved(PICTURE, "PNG"))
    short = [(b"IHDR", parts[0][1][:5])] if name == b"IHDR" else [parts[0], (name, b"")]
    assert reason(png([*short, *parts[1:]])[:-20]) == "image.truncated"


def test_a_tiff_with_a_broken_second_page_is_exported(tmp_path: Path) -> None:
    body = bytearray(saved(PICTURE, "TIFF", save_all=True, append_images=[PICTURE]))
    second = body.rindex(struct.pack("<HHIHH", 0x0106, 3, 1, 2, 0))  # That its pixels are RGB.
    body[second + 8] = 77
    if reason(bytes(body)) == "good":
        assert upright(put(tmp_path, bytes(body))).size == PICTURE.size
        assert not encoded(tmp_path / "x", AS_IS, LOADERS).kept


@pytest.mark.parametrize(("bits", "kept"), [(8, True), (4, False), (2, False)])
def test_a_tiff_of_less_than_bytes_is_written_anew(bits: int, kept: bool, tmp_path: Path) -> None:
    rows = bytes(range(64)) * 64 if bits == 8 else bytes([0x1B] * (64 * 64 * bits // 8))
    entries = ((256, 64), (257, 64), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1), (278, 64), (279, len(rows)))
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    body = b"II*\0" + struct.pack("<I", 8 + len(rows)) + rows + struct.pack("<H", len(entries)) + directory + bytes(4)
    assert reason(body) == "good"
    assert encoded(put(tmp_path, body), AS_IS, LOADERS).kept is kept


def test_an_avif_that_says_so_only_behind_another_kind_is_written_anew(tmp_path: Path) -> None:
    body = saved(PICTURE, "AVIF")
    assert encoded(put(tmp_path, body), AS_IS, frozenset({"avif", "jpg"})).kept
    other = body.replace(b"avif", b"xxxx", 1)
    assert body[8:12] == b"avif" and reason(other) == "good"
    assert not encoded(put(tmp_path, other), AS_IS, frozenset({"avif", "jpg"})).kept


def test_runs_of_a_bmp_that_break_off_are_missing_data() -> None:
    head = struct.pack("<IiiHHIIiiII", 40, 16, 4, 1, 8, 1, 4, 0, 0, 256, 0) + bytes(1024)
    body = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 14 + len(head)) + head + bytes((16, 1, 0, 0))
    assert reason(body) == "image.truncated"


R565, R444, RGB888 = (0xF800, 0x7E0, 0x1F), (0xF00, 0xF0, 0xF), (0xFF0000, 0xFF00, 0xFF)


def odd_bmp(bits: int, header: int, packing: int, masks: tuple[int, ...], colour: tuple[int, ...]) -> bytes:
    """16 x 4 pixels of one colour; the masks say where its parts lie."""
    shifts = [(mask & -mask).bit_length() - 1 for mask in masks]
    value = sum(
        round(part * (mask >> shift) / 255) << shift for part, mask, shift in zip(colour, masks, shifts, strict=True)
    )
    rows = value.to_bytes(bits // 8, "little") * 64
    head = struct.pack("<IiiHHIIiiII", header, 16, 4, 1, bits, packing, len(rows), 0, 0, 0, 0)
    head += struct.pack(f"<{len(masks)}I", *masks).ljust(max(0, header - 40), b"\0")
    return struct.pack("<2sIHHI", b"BM", 14 + len(head) + len(rows), 0, 0, 14 + len(head)) + head + rows


@pytest.mark.parametrize(
    ("bits", "header", "packing", "masks"),
    [(16, 40, 3, R565), (16, 40, 3, R444), (16, 56, 3, (*R444, 0xF000)), (16, 40, 3, (0x1F, 0x7E0, 0xF800)),
     (32, 40, 3, RGB888), (32, 40, 3, RGB888[::-1]), (32, 40, 3, (0x3FF00000, 0xFFC00, 0x3FF)),
     (32, 52, 3, RGB888[::-1]), (32, 108, 3, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
     (32, 40, 6, (*RGB888, 0xFF000000)), (32, 124, 3, (0xFF000000, 0xFF0000, 0xFF00, 0xFF))],
)  # fmt: skip
def test_bmps_with_any_masks(bits: int, header: int, packing: int, masks: tuple[int, ...], tmp_path: Path) -> None:
    colour = (220, 120, 40, 255)[: len(masks)]
    body = odd_bmp(bits, header, packing, masks, colour)
    assert reason(body) == "good"
    assert near(colour_at(put(tmp_path, body), (5, 2), Form(encoding="png")), colour[:3], 12)
    assert reason(body[:-9]) == "image.truncated"


def test_bmps_of_two_bits_and_short_headers(tmp_path: Path) -> None:
    palette = bytes((0, 0, 0, 0, 40, 40, 220, 0, 40, 220, 40, 0, 255, 255, 255, 0))
    rows = bytes([0b00011011] * 4) * 4
    head = struct.pack("<IiiHHIIiiII", 40, 16, 4, 1, 2, 0, len(rows), 0, 0, 4, 0) + palette
    two = struct.pack("<2sIHHI", b"BM", 14 + len(head) + len(rows), 0, 0, 14 + len(head)) + head + rows
    head = struct.pack("<IiiHH", 16, 16, 4, 1, 24)
    short = struct.pack("<2sIHHI", b"BM", 0, 0, 0, 14 + len(head)) + head + bytes((40, 120, 220)) * 64
    path = put(tmp_path, two)
    colours = [colour_at(path, (x, 1), Form(encoding="png")) for x in range(4)]
    assert colours == [(0, 0, 0), (220, 40, 40), (40, 220, 40), (255, 255, 255)]
    assert colour_at(put(tmp_path, short), (9, 2), Form(encoding="png")) == (220, 120, 40)
    assert reason(short[:-9]) == "image.truncated"


def test_what_no_decoder_knows_is_told_as_that() -> None:
    assert reason(bmp(24, 7)) == "image.unsupported"
    assert reason(bmp(5)) == "image.unsupported"


# --------------------------------------------------------------------------- JPEGs with missing data


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}, {"subsampling": 0}])
@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_missing_data_before_a_proper_end_are_seen(options: dict[str, object], share: float) -> None:
    body = saved(drawn(8, (640, 480)), "JPEG", quality=85, **options)
    assert [reason(body, verify) for verify in ("full", "fast")] == ["good", "good"]
    cut = body[: int(len(body) * share)].rstrip(b"\xff") + b"\xff\xd9"
    assert reason(cut, "full") == "image.truncated"
    if not options.get("progressive") or share < 0.9:  # In the last scan, of finest detail, only `full` sees it.
        assert reason(cut, "fast") == "image.truncated"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("size", [(333, 211), (97, 77)])
def test_the_last_few_units_are_missed_too(mode: str, size: tuple[int, int]) -> None:
    body = saved(drawn(8, size).convert(mode), "JPEG", quality=95, subsampling=2)
    cut = body[:-400].rstrip(b"\xff") + b"\xff\xd9"
    assert [reason(cut, verify) for verify in ("full", "fast")] == ["image.truncated"] * 2


@pytest.mark.parametrize("verify", ["full", "fast"])
def test_a_jpeg_is_decoded_once_unless_data_may_be_missing(verify: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bool] = []
    load = JpegImagePlugin.JpegImageFile.load_prepare
    monkeypatch.setattr(
        JpegImagePlugin.JpegImageFile, "load_prepare", lambda image: decoded.append(True) or load(image)
    )
    ends_light, ends_grey = Image.new("RGB", (64, 64), (250, 250, 250)), Image.new("RGB", (64, 64), (128, 128, 128))
    for image, times in ((ends_light, 1), (ends_grey, 2)):
        decoded.clear()
        assert (reason(saved(image, "JPEG"), verify), len(decoded)) == ("good", times)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
def test_grey_pictures_are_not_taken_for_cut_ones(mode: str, options: dict[str, object]) -> None:
    grey_one = Image.new("RGB", (200, 150), (128, 128, 128)).convert(mode)
    half = PICTURE.resize((200, 150)).convert(mode)
    half.paste(grey_one.crop((0, 0, 200, 90)), (0, 60))
    for image in (grey_one, half, Image.new(mode, (1, 1))):
        body = saved(image, "JPEG", **options)
        assert [reason(body, verify) for verify in ("full", "fast", "structure")] == ["good"] * 3


def test_bytes_between_data_and_end_are_no_damage() -> None:
    body = saved(PICTURE, "JPEG")
    assert reason(body[:-2] + bytes(range(1, 200)) + body[-2:], "full") == "good"


# --------------------------------------------------------------------------- EXIF, XMP


@pytest.mark.parametrize("format", ["PNG", "WEBP", "JPEG", "AVIF"])
def test_a_broken_exif_block_is_passed_over_by_all(format: str, tmp_path: Path) -> None:
    broken = b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01garbage" * 3
    body = saved(PICTURE, format, exif=broken)
    assert inspect(body, FetchSettings()).orientation == 1
    path = put(tmp_path, body)
    assert upright(path).size == PICTURE.size and grey(path, 512).shape == (120, 160)
    assert thumbnail(path, 64, 80)[1:] == (64, 48) and encoded(path, AS_IS, LOADERS).width == 160


def test_orientation_in_xmp_alone_turns_nothing_as_in_browsers(tmp_path: Path) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>'
    body = saved(PICTURE, "JPEG", xmp=xmp)
    assert inspect(body, FetchSettings()).orientation == 1
    made = encoded(put(tmp_path, body), Form("fit", 80), LOADERS)
    assert (made.width, made.height) == (80, 60) and grey(tmp_path / "x", 512).shape == (120, 160)
    assert encoded(tmp_path / "x", AS_IS, LOADERS).body == body


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_the_same_for_all(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    shape = (160, 120) if orientation < 5 else (120, 160)
    for format in ("JPEG", "PNG", "WEBP", "TIFF"):
        path = put(tmp_path, saved(PICTURE, format, exif=exif))
        assert grey(path, 512).shape == shape[::-1], format
        made = encoded(path, AS_IS, LOADERS)
        assert (made.width, made.height) == shape == upright(path).size, format


# --------------------------------------------------------------------------- transparency


def transparent(kind: str) -> bytes:
    """A picture whose left half is to be seen, dark, and whose right half is not, in one way or another."""
    alpha = Image.new("L", (40, 20), 0)
    alpha.paste(255, (0, 0, 20, 20))
    dark = Image.new("L", (40, 20), 200)
    dark.paste(50, (0, 0, 20, 20))
    match kind:
        case "rgba" | "webp" | "tiff" | "avif":
            image = dark.convert("RGB")
            image.putalpha(alpha)
            options = {"lossless": True} if kind == "webp" else {"quality": 100} if kind == "avif" else {}
            return saved(image, "PNG" if kind == "rgba" else kind.upper(), **options)
        case "la":
            dark.putalpha(alpha)
            return saved(dark, "PNG")
        case "palette" | "gif":
            image = dark.convert("P")
            return saved(image, "PNG" if kind == "palette" else "GIF", transparency=image.getpixel((30, 5)))
        case "grey key":
            return saved(dark, "PNG", transparency=200)
        case "rgb key":
            return saved(dark.convert("RGB"), "PNG", transparency=(200, 200, 200))
        case "16-bit key":
            return saved(Image.fromarray(np.asarray(dark).astype(np.uint16) * 257), "PNG", transparency=200 * 257)
        case "16-bit rgb key":
            return deep_rgb(dark, 200)
        case "2-bit key" | "4-bit key" | "1-bit key":
            return shallow(int(kind[0]))
    raise AssertionError(kind)


def deep_rgb(dark: Image.Image, key: int) -> bytes:
    values = np.repeat(np.asarray(dark).astype(">u2")[:, :, None] * 257, 3, axis=2)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 40, 20, 16, 2, 0, 0, 0)
    keys = struct.pack(">HHH", *[key * 257] * 3)
    return png([(b"IHDR", header), (b"tRNS", keys), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")])


def shallow(bits: int) -> bytes:
    """A grey PNG of few bits: black is to be seen, the brightest grey is the key."""
    per, top = 8 // bits, (1 << bits) - 1
    values = [0] * 20 + [top] * 20
    row = bytes(
        sum(value << (8 - bits * (n + 1)) for n, value in enumerate(values[at : at + per])) for at in range(0, 40, per)
    )
    return png([(b"IHDR", struct.pack(">IIBBBBB", 40, 20, bits, 0, 0, 0, 0)), (b"tRNS", struct.pack(">H", top)),
                (b"IDAT", zlib.compress((b"\0" + row) * 20)), (b"IEND", b"")])  # fmt: skip


KINDS = ["rgba", "webp", "tiff", "avif", "la", "palette", "gif", "grey key", "rgb key", "16-bit key", "16-bit rgb key",
         "1-bit key", "2-bit key", "4-bit key"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_of_being_transparent_is_laid_on_the_matte(kind: str, tmp_path: Path) -> None:
    path = put(tmp_path, transparent(kind))
    assert near(colour_at(path, (32, 10), Form(encoding="png", matte=(255, 0, 255))), (255, 0, 255)), "not to be seen"
    seen = colour_at(path, (8, 10), Form(encoding="png", matte=(255, 0, 255)))
    assert max(seen) < 60 and max(seen) - min(seen) < 12, "to be seen"
    assert grey(path, 512)[10, 32] > 245 and grey(path, 512)[10, 8] < 60
    assert near(colour_at(path, (32, 10)), (255, 255, 255)), "never as it is: loaders would show the key"


def test_white_on_transparent_does_not_turn_out_blank(tmp_path: Path) -> None:
    mark = Image.new("RGBA", (60, 40), (255, 255, 255, 0))
    mark.paste((255, 255, 255, 255), (10, 10, 30, 30))
    path = put(tmp_path, saved(mark, "PNG"))
    assert near(colour_at(path, (20, 20)), (255, 255, 255)) and near(colour_at(path, (50, 35)), (0, 0, 0))
    assert np.ptp(grey(path, 512)) > 200


# --------------------------------------------------------------------------- colours and depth


def swapped() -> bytes:
    """A profile in which red and green have changed places, by the name of sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(profile[n : n + 4]): n for n in range(132, 132 + 12 * struct.unpack_from(">I", profile, 128)[0], 12)}
    for one, other in ((b"rXYZ", b"gXYZ"),):
        first, second = bytes(profile[at[one] + 4 : at[one] + 12]), bytes(profile[at[other] + 4 : at[other] + 12])
        profile[at[one] + 4 : at[one] + 12], profile[at[other] + 4 : at[other] + 12] = second, first
    profile[80:84] = b"sRGB"  # Its creator.
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
def test_a_profile_counts_by_what_it_does_and_not_by_its_name(mode: str, tmp_path: Path) -> None:
    red = Image.new("RGB", (40, 30), (220, 40, 40))
    red.paste((40, 40, 220), (0, 0, 20, 30))
    image = red.quantize(4) if mode == "P" else red.convert(mode)
    path = put(tmp_path, saved(image, "PNG", icc_profile=swapped()))
    assert near(colour_at(path, (30, 15)), (40, 220, 40), 16) and near(colour_at(path, (10, 15)), (40, 40, 220), 16)
    assert near(tuple(upright(path).getpixel((30, 15))), (40, 220, 40), 16)  # type: ignore[arg-type]


def test_srgb_by_whatever_name_goes_through(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in (profile, profile.replace(b"s\0R\0G\0B", b"m\0i\0n\0e")):
        body = saved(PICTURE, "JPEG", icc_profile=name)
        assert encoded(put(tmp_path, body), AS_IS, LOADERS).body == body


def gamma_grey() -> bytes:
    """A grey profile of gamma 1.0: what it calls 55 is as bright as sRGB's 128."""
    tags = [(b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">iii", 0xF6D6, 0x10000, 0xD32D)),
            (b"kTRC", b"curv\0\0\0\0" + struct.pack(">IHxx", 1, 256))]  # fmt: skip
    table, data, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, body in tags:
        table += name + struct.pack(">II", at + len(data), len(body))
        data += body
    size = at + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02100000, b"mntr", b"GRAY", b"XYZ ") + b"\0" * 12 + b"acsp"
    head = head.ljust(68, b"\0") + struct.pack(">iii", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + table + data


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_profiles_with_and_without_alpha(mode: str, tmp_path: Path) -> None:
    image = Image.new("L", (40, 30), 55)
    image.paste(0, (0, 0, 10, 30))
    path = put(tmp_path, saved(image.convert(mode), "PNG", icc_profile=gamma_grey()))
    assert near(colour_at(path, (30, 15)), (128, 128, 128), 6)


@pytest.mark.parametrize(("top", "expected"), [(4095, 255), (1023, 255), (65_535, 255)])
def test_twelve_bits_in_sixteen_are_not_black(top: int, expected: int, tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, top, 64).astype(np.uint16), (48, 1))
    for format in ("PNG", "TIFF"):
        path = put(tmp_path, saved(Image.fromarray(ramp), format))
        assert near(colour_at(path, (63, 20)), (expected,) * 3, 4) and grey(path, 512)[20, 63] > 250


# --------------------------------------------------------------------------- frames, stray bytes, large texts


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("blank", [(255, 255, 255), (0, 0, 0)])
def test_the_first_frame_that_shows_something(format: str, blank: tuple[int, int, int], tmp_path: Path) -> None:
    first = Image.new("RGB", PICTURE.size, blank)
    body = saved(first, format, save_all=True, append_images=[first.copy(), PICTURE], duration=40)
    path = put(tmp_path, body)
    assert np.ptp(grey(path, 512)) > 100 and np.ptp(np.asarray(upright(path))) > 100
    assert np.ptp(np.asarray(Image.open(io.BytesIO(encoded(path, AS_IS, LOADERS).body)))) > 100
    all_blank = put(tmp_path, saved(first, format, save_all=True, append_images=[first.copy()], duration=40))
    assert upright(all_blank).getpixel((3, 3)) == pytest.approx(blank, abs=3)


def test_avif_sequences_and_apngs_count_the_frames_they_have() -> None:
    frames = [drawn(n, (64, 48)) for n in range(3)]
    body = saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=40)
    assert inspect(body, FetchSettings()).frames == 3
    parts = chunks(saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=40))
    claims = [(name, struct.pack(">II", 2_000_000_000, 0) if name == b"acTL" else data) for name, data in parts]
    assert inspect(png(claims), FetchSettings()).frames == 3


@pytest.mark.parametrize("stray", [b"\0", b"\0\0\0", b"junk", b"\xff\xd8\xff"])
def test_gifs_with_stray_bytes_between_blocks_are_whole(stray: bytes, tmp_path: Path) -> None:
    body = saved(PICTURE.quantize(32), "GIF")
    for odd in (body[:-1] + stray + b";", body[:-1] + stray):
        assert reason(odd, "full") == "good"
        assert grey(put(tmp_path, odd), 512).shape == (120, 160)
    assert reason(body[: len(body) // 2] + b";", "full") == "image.truncated"


@pytest.mark.parametrize("size", [3 << 20, 40 << 20])
@pytest.mark.parametrize("kind", ["text", "compressed", "international", "profile"])
def test_large_texts_and_profiles_cost_no_picture(kind: str, size: int, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    options: dict[str, object] = {"pnginfo": info}
    if kind == "profile":
        options["icc_profile"] = b"x" * size
    elif kind == "international":
        info.add_itxt("Comment", "x" * size, zip=True)
    else:
        info.add_text("Comment", "x" * size, zip=kind == "compressed")
    body = saved(PICTURE, "PNG", **options)
    assert reason(body, "full") == "good"
    made = encoded(put(tmp_path, body), AS_IS, LOADERS)
    limits = PngImagePlugin.MAX_TEXT_CHUNK
    PngImagePlugin.MAX_TEXT_CHUNK = 1 << 20  # As loaders have it.
    try:
        with Image.open(io.BytesIO(made.body)) as image:
            image.load()
    finally:
        PngImagePlugin.MAX_TEXT_CHUNK = limits
    assert made.width == 160


def test_jpegs_with_more_behind_the_first_picture_go_through(tmp_path: Path) -> None:
    body = saved(PICTURE, "MPO", save_all=True, append_images=[PICTURE.resize((80, 60))])
    assert encoded(put(tmp_path, body), AS_IS, LOADERS).body == body
    assert inspect(body, FetchSettings()).format == "JPEG"


# --------------------------------------------------------------------------- traps


def test_a_jpeg_of_thousands_of_scans_is_not_decoded(tmp_path: Path) -> None:
    body = saved(drawn(3, (800, 600)), "JPEG", progressive=True)
    last = body.rindex(b"\xff\xda")
    trap = body[:-2] + body[last:-2][:40] * 20_000 + b"\xff\xd9"
    path = put(tmp_path, trap)
    started = time.process_time()
    assert [reason(trap, verify) for verify in ("full", "fast", "structure")] == ["image.unsupported"] * 3
    for call in (lambda: grey(path, 512), lambda: encoded(path, AS_IS, LOADERS), lambda: thumbnail(path, 64, 80),
                 lambda: upright(path)):  # fmt: skip
        with pytest.raises(Unusable, match=r"image\.unsupported: more than 500 scans"):
            call()
    assert time.process_time() - started < 5
