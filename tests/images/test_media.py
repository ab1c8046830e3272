"""Videos known by their containers and whole to the end; files of any kind; never a web page."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from collector.images.media import extension, inspect_file, inspect_video
from collector.images.sniff import Unusable
from collector.model import Downloaded, DownloadFailed, Media
from collector.practice.video import mp4
from collector.settings import FetchSettings
from tests.support.misbehaving import Server, ok, parts, picture

STILL = picture(size=(64, 48))
MP4 = mp4([STILL] * 3, 64, 48)
SETTINGS = FetchSettings()
LARGE = struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100)
"""A box whose size takes 64 bits."""
LAST = struct.pack(">I4s", 0, b"mdat") + bytes(100)
"""A box that goes on to the end."""


def element(name: int, body: bytes, unknown: bool = False) -> bytes:
    head = name.to_bytes((name.bit_length() + 7) // 8, "big")
    size = b"\x01" + b"\xff" * 7 if unknown else struct.pack(">Q", len(body) | 1 << 56)
    return head + size + body


def webm(kind: bytes = b"webm", live: bool = False, video: bool = True, more: bytes = b"") -> bytes:
    """A container with a sound track and a picture track, and a cluster of noise."""
    size = element(0xB0, b"\x02\x80") + element(0xBA, b"\x01\xe0")
    tracks = element(0xAE, element(0x83, b"\x02"))
    tracks += element(0xAE, element(0x83, b"\x01") + element(0xE0, size)) if video else b""
    inside = element(0x1549A966, b"") + element(0x1654AE6B, tracks)
    inside += element(0x1F43B675, element(0xA3, bytes(500)), unknown=live)
    return element(0x1A45DFA3, element(0x4282, kind)) + element(0x18538067, inside, unknown=live) + more


def box(name: bytes, *inner: bytes) -> bytes:
    body = b"".join(inner)
    return struct.pack(">I", 8 + len(body)) + name + body


def track(handler: bytes, width: int, height: int, version: int = 0) -> bytes:
    tkhd = bytes([version]) + bytes(95 - 20 + (12 if version else 0)) + struct.pack(">II", width << 16, height << 16)
    hdlr = box(b"hdlr", bytes(8) + handler + bytes(13))
    samples = box(b"minf", box(b"stbl", box(b"stsz", bytes(8) + struct.pack(">I", 25))))
    return box(b"trak", box(b"tkhd", tkhd), box(b"mdia", hdlr, samples))


def iso(brand: bytes | None, *tracks: bytes, mdat: bytes = b"") -> bytes:
    kind = box(b"ftyp", brand + bytes(4) + brand) if brand else b""
    return kind + box(b"moov", box(b"mvhd", bytes(100)), *tracks) + (mdat or box(b"mdat", bytes(300)))


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        (MP4, ("MP4", "mp4", 64, 48, 3)),
        (iso(b"isom", track(b"soun", 0, 0), track(b"vide", 640, 480)), ("MP4", "mp4", 640, 480, 25)),
        (iso(b"mp42", track(b"vide", 320, 200), track(b"vide", 1920, 1080, 1)), ("MP4", "mp4", 1920, 1080, 25)),
        (iso(b"qt  ", track(b"vide", 640, 480)), ("MOV", "mov", 640, 480, 25)),
        (iso(None, track(b"vide", 640, 480)), ("MOV", "mov", 640, 480, 25)),
        (iso(b"isom", track(b"vide", 9, 9), mdat=LARGE), ("MP4", "mp4", 9, 9, 25)),
        (iso(b"isom", track(b"vide", 9, 9), mdat=LAST), ("MP4", "mp4", 9, 9, 25)),
        (webm(), ("WEBM", "webm", 640, 480, 0)),
        (webm(b"matroska"), ("WEBM", "mkv", 640, 480, 0)),
        (webm(live=True), ("WEBM", "webm", 640, 480, 0)),
    ],
)  # fmt: skip
def test_videos(body: bytes, facts: tuple[object, ...]) -> None:
    found = inspect_video(body, SETTINGS)
    assert (found.format, found.extension, found.width, found.height, found.frames) == facts
    assert (found.media, found.phash, found.bytes) == (Media.VIDEO, "", len(body))


def test_what_is_appended_is_counted() -> None:
    assert inspect_video(MP4 + b"\x00\x01PK\x03\x04 more than this", SETTINGS).format == "MP4"
    assert inspect_video(webm(more=b"\0" * 9), SETTINGS).format == "WEBM"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (MP4[:-1], "video.truncated"),
        (MP4[: len(MP4) // 2], "video.truncated"),
        (MP4[:24], "video.truncated"),
        (iso(b"isom", track(b"vide", 9, 9))[:-308], "video.truncated"),
        (box(b"ftyp", b"isom" + bytes(4)) + box(b"mdat", bytes(99)), "video.truncated"),
        (iso(b"M4A ", track(b"soun", 0, 0)), "video.unidentified"),
        (webm()[:-1], "video.truncated"),
        (webm()[:30], "video.truncated"),
        (webm(video=False), "video.unidentified"),
        (webm(b"other"), "video.unidentified"),
        (b"%PDF-1.7", "video.unidentified"),
        (b"noise" * 50, "video.unidentified"),
        (b"<!doctype html><p>no", "body.html"),
        (b"", "body.empty"),
        (STILL[:300], "image.truncated"),
    ],
)
def test_no_videos(body: bytes, reason: str) -> None:
    with pytest.raises(Unusable) as caught:
        inspect_video(body, SETTINGS)
    assert caught.value.reason == reason


@pytest.mark.parametrize("format", ["GIF", "JPEG", "WEBP", "AVIF"])
def test_a_picture_in_the_place_of_a_video_is_a_picture(format: str) -> None:
    found = inspect_video(picture(format), SETTINGS)
    assert (found.media, found.format) == (Media.PICTURE, format)
    assert found.phash


def test_broken_containers_never_raise_anything_else() -> None:
    chance = random.Random(5)
    for _ in range(1500):
        body = bytearray(chance.choice([MP4[:1200], webm(), webm(live=True), iso(b"isom", track(b"vide", 9, 9))]))
        for _ in range(chance.randrange(1, 8)):
            body[chance.randrange(len(body))] = chance.choice([0, 1, 0xFF, chance.randrange(256)])
        try:
            found = inspect_video(bytes(body[: chance.randrange(8, len(body) + 1)]), SETTINGS)
        except Unusable:
            continue
        assert found.width >= 0
        assert found.frames >= 0


@pytest.mark.parametrize(
    ("disposition", "url", "expected"),
    [
        ('attachment; filename="brushes.v2.ABR"', "https://x.example/download?id=1", "abr"),
        ("attachment; filename=work.zip; size=9", "", "zip"),
        ("attachment; filename=a.txt; filename*=UTF-8''%e2%82%ac%20rates.psd", "", "psd"),
        ('attachment; filename="../../.bashrc"', "https://x.example/w.zip", "zip"),
        ('attachment; filename="x.jp/../g"', "https://x.example/", "bin"),
        ('attachment; filename="photo.jpg.exe"', "", "exe"),
        ('attachment; filename="a.averylongone"', "https://x.example/b.tar.gz?f=c.exe", "gz"),
        ('attachment; filename="a.p h p"', "https://x.example/b.p%00f", "bin"),
        ("", "https://x.example/b%2Ezip", "zip"),
        ("inline", "https://x.example/", "bin"),
        ("filename", "http://[::1/a.zip", "bin"),
    ],
)
def test_extension(disposition: str, url: str, expected: str) -> None:
    assert extension(disposition, url) == expected


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"", "application/zip", "body.empty"),
        (b"<!DOCTYPE html><title>Log in", "application/zip", "body.html"),
        (b"\xef\xbb\xbf\n <html>", "", "body.html"),
        ("<html>".encode("utf-16"), "", "body.html"),
        (b"<div>sorry", "text/html; charset=utf-8", "body.html"),
        (b"<?xml version='1.0'?><svg xmlns='x'>", "image/svg+xml", ""),
        (b"<?xml version='1.0'?><plist>", "application/xml", ""),
        (b"PK\x03\x04" + bytes(50), "text/html", ""),
        (b"MZ" + bytes(50), "", ""),
    ],
)
def test_files_are_anything_but_pages(body: bytes, kind: str, reason: str) -> None:
    try:
        found = inspect_file(body, {"content-type": kind}, "https://x.example/a.zip")
    except Unusable as unusable:
        assert unusable.reason == reason
    else:
        assert reason == ""
        assert (found.format, found.extension, found.media, found.width) == ("FILE", "zip", Media.FILE, 0)


def test_over_the_wire(server: Server, fetch, tmp_path: Path) -> None:
    value = fetch(server.put("/v.mp4", ok(MP4, type="video/mp4")), media=Media.VIDEO, width=9000, height=9000)
    assert isinstance(value, Downloaded)
    assert (value.picture.media, value.picture.format, value.part.read_bytes()) == (Media.VIDEO, "MP4", MP4)
    assert "video/*" in server.pictures[-1].headers["accept"]
    zipped = ok(b"PK\x03\x04 1", type="application/zip", Content_Disposition='attachment; filename="b.zip"')
    value = fetch(server.put("/download", zipped), media=Media.FILE)
    assert isinstance(value, Downloaded)
    assert (value.picture.format, value.picture.extension) == ("FILE", "zip")
    assert not value.part.stat().st_mode & 0o111
    cut = fetch(server.put("/cut.mp4", ok(MP4[:-9])), media=Media.VIDEO)
    assert isinstance(cut, DownloadFailed)
    assert cut.reason == "video.truncated"
    assert len(parts(tmp_path)) == 2


def test_videos_have_their_own_bounds(server: Server, slug) -> None:
    big = mp4([STILL] * 400, 64, 48)
    url = server.put("/v.mp4", ok(big))
    chunked = server.put("/w.mp4", ok(big).replace(f"Content-Length: {len(big)}".encode(), b"Connection: close", 1))
    bounds = {"max_bytes": 10_000, "max_video_bytes": len(big)}
    for address in (url, chunked):
        assert slug(address, bounds, media=Media.VIDEO) == "arrived"
        assert slug(address, bounds) == "body.too_big"
        assert slug(address, {**bounds, "max_video_bytes": len(big) - 1}, media=Media.VIDEO) == "body.too_big"


def test_a_video_is_no_picture(server: Server, slug) -> None:
    assert slug(server.put("/v.jpg", ok(MP4))) == "image.format_denied"
