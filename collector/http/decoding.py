"""The body of an answer as text, decoded as browsers do (byte order mark, header, `<meta>`), and as JSON. Pure."""

from __future__ import annotations

import json
from typing import Any

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, to_unicode

_TEXTS = frozenset(
    f"application/{name}"
    for name in ("json", "xml", "javascript", "x-javascript", "ecmascript", "xhtml+xml", "x-ndjson", "x-json", "json5")
)

_NO_TEXTS = frozenset(
    (
        "idna",
        "punycode",
        "undefined",
        "unicode-escape",
        "raw-unicode-escape",
        "utf-7",
        "utf-32",
        "utf-32-be",
        "utf-32-le",
    )
)
"""Encodings of Python by w3lib's names that no browser knows, and that fail or take long on a page."""


def text_of(body: bytes, content_type: str) -> str:
    """The text of HTML, XML, JSON, scripts and plain text; "" for pictures and other data. Never fails.

    Without any word on the encoding it is UTF-8 where that fits, else windows-1252 (WHATWG HTML, "determining
    the character encoding"); JSON is UTF-8 whatever it says inside (RFC 8259, 8.1).
    """
    kind = content_type.partition(";")[0].strip().lower()
    if not _is_text(kind, body):
        return ""
    if "json" in kind and "charset" not in content_type.lower():
        return body.decode("utf-8-sig", "replace")
    mark, bom = read_bom(body)
    if mark is not None and bom is not None:
        return to_unicode(body[len(bom) :], mark)
    inside = html_body_declared_encoding(body)
    if inside is not None and inside.startswith("utf-16"):  # It was read as ASCII, which UTF-16 is not.
        inside = None
    for named in (http_content_type_encoding(content_type), inside):
        if named is not None and named not in _NO_TEXTS:
            try:
                return body.decode("utf-16-le" if named == "utf-16" else named, "replace")
            except (LookupError, ValueError):  # hex, base64, zip and the like are codecs of Python, and no encodings
                continue
    return body.decode(_guess(body), "replace")


def json_of(body: str | bytes) -> Any:
    """What JSON says. ValueError for what is none, nests too deeply or has numbers of thousands of digits."""
    try:
        return json.loads(body, parse_constant=lambda _name: None)  # NaN and Infinity are no JSON, and no number
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _is_text(kind: str, body: bytes) -> bool:
    if kind:
        return kind.startswith("text/") or kind in _TEXTS or (kind.endswith(("+json", "+xml")) and "svg" not in kind)
    return b"\0" not in body[:1024]


def _guess(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
