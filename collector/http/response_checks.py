"""What any transport must ask of an answer's head and body: one reading only, one coding, a redirect we may follow.

Pure; knows no HTTP library. Names of headers are in lower case, repeated ones joined by a comma.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Mapping
from urllib.parse import urljoin

from collector.http.safety import check_host, check_url
from collector.http.transport import FetchError

REDIRECTS = frozenset((301, 302, 303, 307, 308))
WITH_BODY = frozenset((200, 203))
"""Answers whose body is wanted; of others only a small rest is read, so that the connection can be used again."""
SMALL_REST = 65_536
"""Bytes of an unwanted body that are worth reading."""
_GZIP = frozenset(("gzip", "x-gzip"))


def check_head(headers: Mapping[str, str], limit: int, status: int) -> None:
    """FetchError when two readers could take the answer apart differently (RFC 9112, 6.3), or it says it is too big."""
    transfer = headers.get("transfer-encoding", "").strip().lower()
    if transfer and (transfer != "chunked" or "content-length" in headers):
        raise FetchError("http.bad_framing", f"Transfer-Encoding {transfer} beside Content-Length or unknown")
    coding = coding_of(headers)
    if coding not in ("", "identity", "deflate", *_GZIP):
        raise FetchError("http.bad_framing", f"Content-Encoding {coding}, which was not asked for")
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


def coding_of(headers: Mapping[str, str]) -> str:
    """Content-Encoding in lower case."""
    return headers.get("content-encoding", "").strip().lower()


def unpacked(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its one gzip or deflate coding; never more than `limit` bytes are unpacked."""
    if not body or coding in ("", "identity"):
        return body
    wrapper = 31 if coding in _GZIP else 15 if body[:1] == b"\x78" else -15  # "deflate" comes with and without zlib.
    unpacker = zlib.decompressobj(wrapper)
    try:
        plain = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise FetchError("http.bad_framing", f"the body is not {coding}") from None
    if len(plain) > limit:
        raise FetchError("body.too_big", f"more than {limit:,} bytes unpacked")
    if not unpacker.eof:
        raise FetchError("net.truncated", f"the {coding} stream breaks off")
    return plain


def redirect_target(url: str, location: str, status: int, allow_private: bool, blocked_hosts: str = "") -> str:
    """Where a redirect leads, checked. The header's bytes are UTF-8 more often than Latin-1."""
    location = location.strip()
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    if not location:
        raise FetchError("net.redirect_blocked", "a redirect to nowhere", status)
    try:
        there = check_url(urljoin(url, location), allow_private)
    except (FetchError, ValueError) as error:
        detail = error.detail if isinstance(error, FetchError) else "not a valid address"
        raise FetchError("net.redirect_blocked", f"redirect: {detail}", status) from None
    check_host(there, blocked_hosts)
    return there
