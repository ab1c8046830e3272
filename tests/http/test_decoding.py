"""Bodies as text and as JSON, whatever they say of themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.http.contract import Answer
from collector.http.decoding import json_of, text_of


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "text/html", "é"),
        ("é".encode("cp1252"), "text/html", "é"),
        ("é".encode("cp1252"), "text/html; charset=iso-8859-1", "é"),
        ("é猫".encode("gb18030"), "text/html; charset=gb2312", "é猫"),
        ("猫".encode("shift_jis"), "text/html; charset=Shift_JIS", "猫"),
        ("가".encode("euc_kr"), "text/html; charset=euc-kr", "가"),
        (b'<meta charset="koi8-r">' + "я".encode("koi8-r"), "text/html", '<meta charset="koi8-r">я'),
        ("é".encode("utf-16"), "text/html", "é"),
        (b"\xef\xbb\xbf\xc3\xa9", "text/html; charset=latin1", "é"),
        (b'{"a": "\xc3\xa9"}', "application/json", '{"a": "é"}'),
        (b"\xff\xd8\xff", "image/jpeg", ""),
    ],
)
def test_text_by_mark_header_and_meta(body: bytes, content_type: str, text: str) -> None:
    assert text_of(body, content_type) == text


CODECS = ["idna", "hex", "undefined", "base64", "zip", "bz2", "rot13", "uu", "quopri", "punycode", "utf-7", "mbcs", "x"]


@pytest.mark.parametrize("name", [*CODECS, "unicode_escape", "raw-unicode-escape", "replacement", "\ud83d", "utf-8\0"])
def test_what_is_no_encoding_of_text_says_nothing(name: str) -> None:
    body = "é +AGE- \\u0041 xn--a".encode()
    assert text_of(body, f"text/html; charset={name}") == "é +AGE- \\u0041 xn--a"
    meta = f"<meta charset={name}>".encode("utf-8", "replace")
    assert text_of(meta + body, "text/html").endswith("é +AGE- \\u0041 xn--a")


@given(st.binary(), st.text())
def test_text_never_fails(body: bytes, content_type: str) -> None:
    text_of(body, content_type)
    text_of(body, f"text/html; charset={content_type}")
    text_of(f"<meta charset='{content_type}'>".encode("utf-8", "replace") + body, "text/html")


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"", b"{", b"\xff\xfe", b"nul"],
)
def test_json_that_cannot_be_read_is_one_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        json_of(body)
    with pytest.raises(ValueError):
        Answer("https://a.test/", 200, body=body).json()


def test_numbers_that_are_none_are_nothing() -> None:
    assert json_of('[NaN, Infinity, -Infinity, 1e999, "\\ud83d"]') == [None, None, None, float("inf"), "\ud83d"]
