"""What any transport must ask of an answer's head and body: one reading only, known codings, redirects we may follow.

Pure; knows no HTTP library. Names of headers are in lower case, repeated ones joined by a comma.
"""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

from collector.http.safety import check_host, check_url
from collector.http.transport import FetchError
from collector.urls import with_host

REDIRECTS = frozenset((301, 302, 303, 307, 308))
WITH_BODY = frozenset((200, 201, 202, 203, 206, 226))
"""Answers whose body is wanted, as browsers do; of others only a small rest is read, so that the connection can be used
again. 206 only where it is a whole picture, or the part that was asked for."""
SMALL_REST = 65_536
"""Bytes of an unwanted body that are worth reading."""
_GZIP = frozenset(("gzip", "x-gzip"))
_OTHERS = frozenset(("br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "aes128gcm", "pack200-gzip"))
"""Codings of IANA's registry that we do not ask for and cannot take off."""
CODINGS = 2
"""Most that are taken off one body."""
COOKIES, COOKIE = 50, 4096
"""Most that one chain of redirects may set, and the longest (RFC 6265, 6.1)."""
_TAKEN_AWAY = re.compile(r"(?:max-age\s*=\s*(?:0|-\d{1,20})\s*(?:;|\Z)|expires\s*=[^;]{0,20}\b19\d\d\b)", re.IGNORECASE)
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\s*\Z", re.IGNORECASE)


def check_head(headers: Mapping[str, str], limit: int, status: int) -> None:
    """FetchError when two readers could take the answer apart differently (RFC 9112, 6.3), or it says it is too big."""
    transfer = headers.get("transfer-encoding", "").strip().lower()
    if transfer and (transfer != "chunked" or "content-length" in headers):
        raise FetchError("http.bad_framing", f"Transfer-Encoding {transfer} beside Content-Length or unknown")
    codings = codings_of(headers)
    if len(codings) > CODINGS or not _OTHERS.isdisjoint(codings):
        raise FetchError("http.bad_framing", f"Content-Encoding {', '.join(codings)}, which was not asked for")
    lengths = {length.strip() for length in headers.get("content-length", "").split(",")}
    if len(lengths) > 1:
        raise FetchError("http.bad_framing", "two different lengths are announced")
    announced = announced_length(headers)
    if announced is not None and announced > limit:
        raise FetchError("body.too_big", f"{announced} bytes announced", status)


def announced_length(headers: Mapping[str, str]) -> int | None:
    """Content-Length; None without a usable one. Beyond twenty digits the size no longer matters."""
    text = headers.get("content-length", "").split(",")[0].strip()
    return int(text[:20]) if text.isascii() and text.isdigit() else None


def codings_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Those of Content-Encoding, in lower case and as they were put on. What is none (`identity`, but also `UTF-8`,
    `none`, `binary` or `aws-chunked`, as servers say that mean something else) is passed over, as browsers do."""
    if "content-encoding" not in headers:
        return ()
    names = (name.strip().lower() for name in headers["content-encoding"].split(","))
    return tuple(name for name in names if name == "deflate" or name in _GZIP or name in _OTHERS)


def unpacked(body: bytes, codings: Sequence[str], limit: int, cut: bool = False) -> bytes:
    """The body without its codings. More than `limit` bytes are never unpacked: FetchError(body.too_big), or with `cut`
    the beginning, about `limit` bytes."""
    for coding in reversed(codings):
        body = _without(coding, body, limit, cut) if body else body
    return body


def _without(coding: str, body: bytes, limit: int, cut: bool) -> bytes:
    wrapper = 31 if coding in _GZIP else 15 if body[:1] == b"\x78" else -15  # "deflate" comes with and without zlib.
    unpacker = zlib.decompressobj(wrapper)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise FetchError("http.bad_framing", f"the body is not {coding}") from None
    if cut and max(len(plain), len(body)) > limit:
        return plain
    if len(plain) > limit:
        raise FetchError("body.too_big", f"more than {limit:,} bytes unpacked")
    if not unpacker.eof:
        raise FetchError("net.truncated", f"the {coding} stream breaks off")
    return plain


def part_of(headers: Mapping[str, str]) -> tuple[int, int, int | None] | None:
    """(first byte, past the last one, bytes of the whole) of Content-Range (RFC 9110, 14.4); None without one."""
    if found := _RANGE.match(headers.get("content-range", "")):
        start, last = int(found[1]), int(found[2])
        return start, last + 1, None if found[3] == "*" else int(found[3])
    return None


def validator(headers: Mapping[str, str]) -> str:
    """What tells one state of a file from another, for If-Range (RFC 9110, 13.1.5): a strong ETag, or Last-Modified; ""
    for neither, or where parts are not served."""
    if headers.get("accept-ranges", "").strip().lower() == "none":
        return ""
    tag = headers.get("etag", "").strip()
    value = tag if tag.startswith('"') else headers.get("last-modified", "").strip()
    return value if len(value) <= COOKIE and value.isascii() and value.isprintable() else ""


def keep_cookies(jar: dict[str, str], header: str) -> None:
    """Note what Set-Cookie says; attributes are passed over, but for one that takes a cookie away at once."""
    for line in header.split("\n"):
        pair, _, attributes = line.partition(";")
        name, _, value = (text.strip() for text in pair.partition("="))
        if not name or len(line) > COOKIE or not (pair.isascii() and pair.strip().isprintable()):
            continue
        if _TAKEN_AWAY.search(attributes):
            jar.pop(name, None)
        elif len(jar) < COOKIES or name in jar:
            jar[name] = value


def redirect_target(
    url: str, location: str, status: int, allow_private: bool, blocked: frozenset[str] = frozenset()
) -> str:
    """Where a redirect leads, checked. The header's bytes are UTF-8 more often than Latin-1."""
    head, mark, query = location.strip().replace("\t", "").partition("?")
    location = with_host(head.replace("\\", "/"), url) + mark + query
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    if not location:
        raise FetchError("net.redirect_blocked", "a redirect to nowhere", status)
    try:
        there = check_url(urljoin(url, location), allow_private)
    except (FetchError, ValueError) as error:
        detail = error.detail if isinstance(error, FetchError) else "not a valid address"
        raise FetchError("net.redirect_blocked", f"redirect: {detail}", status) from None
    check_host(there, blocked)
    return there
