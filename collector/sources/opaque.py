"""What an address on a search engine's page leads to: a true address, a token that only the engine can resolve, or
nothing. Pure.

Since August 2026 Google writes `/goto?url=CAES...` in place of addresses, and `/url?url=CAES...` beside it; the token
is base64 of a reference, not of the address. What wraps a true address (`/url?q=`, `/imgres?imgurl=`) is unwrapped.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urljoin, urlsplit

_GOOGLE: Final = re.compile(r"(?:.+\.)?google(?:\.com?)?\.[a-z]{2,3}")
_COPY_HOST: Final = re.compile(r"(?:.+\.)?gstatic\.com|images\d*-[a-z-]+-opensocial\.googleusercontent\.com")
_COPY_PATH: Final = re.compile(r"/(?:img)?proxy/|/gadgets/proxy")
_THUMBNAIL: Final = re.compile(r"(?:^|&)q=tbn(?::|%3a)", re.IGNORECASE)
_WRAPPERS: Final = {"/goto": ("url",), "/url": ("url", "q"), "/imgres": ("imgurl",)}
"""Path at Google -> parameters that hold the address or its token, the surest first."""
_NO_TOKEN: Final = ("/imgres",)
_NOWHERE: Final = ("/search", "/aclk", "/sorry/index")
"""Paths that are neither a picture nor a page about one."""
_NESTED: Final = 5
_ABSOLUTE: Final = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is, as far as the page tells. Neither field is set when it does not."""

    url: str | None = None
    """http(s), not of the engine's own copies."""
    token: str | None = None
    """Path and query at the engine that lead there, such as `/goto?url=CAES...`: never an address by itself."""


NOTHING: Final = Address()


def read(text: str, home: str = "") -> Address:
    """The address that `text`, an attribute or a field on a page of `home`, stands for."""
    for _ in range(_NESTED):
        text = text.strip()
        parts = _split(text, home)
        if parts is None or _is_copy(parts):
            return NOTHING
        path = unquote(parts.path).rstrip("/")
        if not _at_engine(parts, home) or path not in (*_WRAPPERS, *_NOWHERE):
            return Address(text if _ABSOLUTE.match(text) else parts.geturl().strip())
        held = _held(parts, _WRAPPERS.get(path, ()))
        if held is None:
            return NOTHING
        if not _is_web(held):
            return NOTHING if path in _NO_TOKEN else Address(token=f"{parts.path}?{parts.query}")
        text = held
    return NOTHING


def is_opaque(url: str) -> bool:
    """Whether a whole URL is a token of Google's, wherever it was found: nothing to be asked for."""
    return read(url).token is not None


def told(text: str) -> str:
    """The true address that a field of any engine's answer holds; "" when it holds none, or a token for one."""
    return read(text).url or ""


def is_thumbnail(url: str) -> bool:
    """Whether an address is that of a small copy, whoever serves it."""
    return _THUMBNAIL.search(url.partition("?")[2]) is not None


def digest(token: str) -> str:
    """A name for a token that tells nothing of it: SHA-256 of what it holds, in hex."""
    parts = urlsplit(token)
    return hashlib.sha256((_held(parts, ("url", "q")) or token).encode("utf-8", "surrogatepass")).hexdigest()


def _split(text: str, home: str) -> SplitResult | None:
    """A web address, whole, taken apart; None for every other scheme and for what no parser takes."""
    try:
        whole = f"https:{text}" if text.startswith("//") and not home else text
        parts = urlsplit(urljoin(f"{home.rstrip('/')}/", text) if home else whole)
        return parts if parts.scheme in ("http", "https") and parts.hostname and text else None
    except ValueError:
        return None


def _at_engine(parts: SplitResult, home: str) -> bool:
    host = (parts.hostname or "").rstrip(".")
    return bool(_GOOGLE.fullmatch(host)) or (bool(home) and parts.netloc == urlsplit(home).netloc)


def _is_copy(parts: SplitResult) -> bool:
    """Small or passing copies that Google makes; what people store at Google (blogger, documents) is none."""
    host = (parts.hostname or "").rstrip(".")
    proxied = host.endswith(".googleusercontent.com") and _COPY_PATH.match(parts.path) is not None
    thumbnail = _GOOGLE.fullmatch(host) is not None and _THUMBNAIL.search(parts.query) is not None
    return proxied or thumbnail or _COPY_HOST.fullmatch(host) is not None


def _held(parts: SplitResult, names: tuple[str, ...]) -> str | None:
    """The first of these parameters that is there, unescaped."""
    try:
        fields = parse_qs(parts.query, max_num_fields=200)
    except ValueError:
        return None
    held = next((fields[name][0].strip() for name in names if fields.get(name, [""])[0].strip()), None)
    return unquote(held) if held is not None and re.match(r"https?%3a", held, re.IGNORECASE) else held


def _is_web(text: str) -> bool:
    return re.match(r"(?:https?:)?//", text, re.IGNORECASE) is not None
