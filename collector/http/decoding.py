"""The body of a page as text, decoded as browsers do: byte order mark, header, `<meta>`. Pure; parses nothing."""

from __future__ import annotations

from w3lib.encoding import html_to_unicode

_TEXTS = frozenset(
    f"application/{name}"
    for name in ("json", "xml", "javascript", "x-javascript", "ecmascript", "xhtml+xml", "x-ndjson", "x-json", "json5")
)


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
    return html_to_unicode(content_type or None, body, auto_detect_fun=_guess)[1]


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
