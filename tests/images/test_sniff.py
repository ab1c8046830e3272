"""Signatures, markup, and data: URLs of every form (hostile inputs D1-D13, and the denied formats of I)."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.images.decode import open_file
from collector.images.sniff import Unusable, contents, decode_data, identify
from collector.model import Downloaded, DownloadFailed
from tests.support.misbehaving import parts, picture

JPEG, PNG = picture(), picture("PNG")
WEBP, GIF, BMP, AVIF = (picture(name) for name in ("WEBP", "GIF", "BMP", "AVIF"))
B64 = base64.b64encode(JPEG).decode()

GOOD = {
    "D1 jpeg": ("data:image/jpeg;base64," + B64, "jpg"),
    "D1 webp": ("data:image/webp;base64," + base64.b64encode(WEBP).decode(), "webp"),
    "D1 avif": ("data:image/avif;base64," + base64.b64encode(AVIF).decode(), "avif"),
    "D1 gif": ("DATA:image/gif;BASE64," + base64.b64encode(GIF).decode(), "gif"),
    "D2 percent": ("data:image/png," + quote_from_bytes(PNG), "png"),
    "D3 no padding": ("data:image/jpeg;base64," + B64.rstrip("="), "jpg"),
    "D4 url-safe": ("data:image/jpeg;base64," + base64.urlsafe_b64encode(JPEG).decode(), "jpg"),
    "D5 white space": ("data:image/jpeg;base64,\n" + re.sub("(.{60})", "\\1\r\n ", B64), "jpg"),
    "percent-coded base64": (
        "data:image/jpeg;base64," + B64.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        "jpg",
    ),
    "D9 says png, is jpeg": ("data:image/png;base64," + B64, "jpg"),
    "no type": ("data:;base64," + B64, "jpg"),
    "octet-stream": ("data:application/octet-stream;base64," + B64, "jpg"),
    "parameters": ("data:image/jpeg;charset=utf-8;name=a.exe; base64," + B64, "jpg"),
}

BAD = {
    "D6 illegal letters": ("data:image/jpeg;base64,!!!!" + B64, "data.base64"),
    "D6 one letter over": ("data:image/jpeg;base64,AAAAA", "data.base64"),
    "D7 empty": ("data:image/png;base64,", "body.empty"),
    "D8 html": ("data:text/html,<script>alert(1)</script>", "data.type"),
    "text by default": ("data:,hello", "data.type"),
    "html by default": ("data:,<html><body>", "data.type"),
    "json": ("data:application/json,{}", "data.type"),
    "D10 50 MB": ("data:image/png;base64," + "A" * 50_000_000, "data.too_big"),
    "D11 svg": ("data:image/svg+xml,<svg onload=alert(1)>", "image.format_denied"),
    "svg as png": (
        "data:image/png," + quote_from_bytes(b"<?xml version='1.0'?><svg xmlns='x'/>"),
        "image.format_denied",
    ),
    "no comma": ("data:image/png;base64", "data.syntax"),
    "nothing": ("data:", "data.syntax"),
    "lone surrogate": ("data:image/png,\ud800", "image.unidentified"),
    "cut": ("data:image/jpeg;base64," + base64.b64encode(JPEG[:500]).decode(), "image.truncated"),
}


@pytest.mark.parametrize("name", GOOD)
def test_data_url(name: str, fetch) -> None:
    url, extension = GOOD[name]
    value = fetch(url)
    assert isinstance(value, Downloaded), value
    assert value.picture.extension == extension
    assert value.part.stat().st_size == value.picture.bytes
    assert (value.attempt.status, value.attempt.final_url) == (None, None)


@pytest.mark.parametrize("name", BAD)
def test_bad_data_url(name: str, fetch, tmp_path: Path) -> None:
    url, slug = BAD[name]
    value = fetch(url)
    assert isinstance(value, DownloadFailed)
    assert value.reason == slug
    assert len(value.detail) <= 200
    assert url[30:60] not in value.detail or not url[30:60]  # D13: the payload is in no message.
    assert parts(tmp_path) == []


@given(st.text(max_size=200))
def test_any_data_url_is_bytes_or_unusable(text: str) -> None:
    try:
        assert decode_data("data:" + text, 1000)
    except Unusable as unusable:
        assert unusable.reason.startswith(("data.", "body.empty", "image.format_denied"))


@given(st.binary(max_size=200))
def test_any_bytes_are_identified_or_unusable(body: bytes) -> None:
    try:
        assert identify(body)
    except Unusable as unusable:
        assert unusable.reason in ("body.empty", "body.html", "image.unidentified", "image.format_denied")


@pytest.mark.parametrize(
    ("body", "format"), [(JPEG, "JPEG"), (PNG, "PNG"), (WEBP, "WEBP"), (GIF, "GIF"), (BMP, "BMP"), (AVIF, "AVIF")]
)
def test_identified(body: bytes, format: str) -> None:
    assert identify(body) == format


REFUSED = {
    b"": "body.empty",
    b"\xff": "image.unidentified",
    b"BM not a bitmap at all": "image.unidentified",
    b"PK\x03\x04 a zip": "image.unidentified",
    b"MZ an executable": "image.unidentified",
    b'{"error": "no"}': "image.unidentified",
    b"%!PS-Adobe-3.0 EPSF-3.0\n(x) show": "image.format_denied",
    b"%PDF-1.7": "image.format_denied",
    b"8BPS\x00\x01": "image.format_denied",
    b"II*\x00\x08\x00": "image.format_denied",
    b"\x00\x00\x01\x00\x01\x00": "image.format_denied",
    b"SIMPLE  =                    T": "image.format_denied",
    b"\xd7\xcd\xc6\x9a\x00": "image.format_denied",
    b"\x01\x00\x00\x00" + b"\0" * 36 + b" EMF": "image.format_denied",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "image.format_denied",
    b"icns\x00\x00": "image.format_denied",
    b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom": "image.format_denied",
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>": "image.format_denied",
    b"\xef\xbb\xbf <?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN'><svg >": "image.format_denied",
    b"<!-- comment --><svg:svg >": "image.format_denied",
    b"<!DOCTYPE html><html><svg ></svg>": "body.html",
    b"\r\n\t<HTML><head>": "body.html",
    b"\xff\xfe" + "<html><body>".encode("utf-16-le"): "body.html",
    "<!doctype html>".encode("utf-16-be"): "body.html",
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>": "body.html",
    b"<3 this is no markup": "image.unidentified",
}


@pytest.mark.parametrize("body", REFUSED)
def test_refused(body: bytes) -> None:
    with pytest.raises(Unusable) as caught:
        identify(body)
    assert caught.value.reason == REFUSED[body]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
def test_what_is_no_file_is_never_read(tmp_path: Path) -> None:
    """A pipe that nobody writes to, a device without end, a folder, a pipe behind a link: told at once."""
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "link.jpg").symlink_to("pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "whole.jpg").write_bytes(JPEG)
    for path in (tmp_path / "pipe.jpg", tmp_path / "link.jpg", tmp_path / "folder.jpg", Path("/dev/zero")):
        with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
            contents(path)
        with pytest.raises(Unusable, match=r"file\.unreadable"), open_file(path):
            pass
    assert contents(tmp_path / "whole.jpg") == JPEG
