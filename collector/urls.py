"""All that is done to URLs: keys, hosts, origins, made absolute, Referers; proxies. Pure functions."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

KEY_LENGTH: Final = 8192
"""Keys of longer URLs are hashes."""
ID_KEY: Final = "id:"
"""Keys that begin so name a picture by its source's own number, where its URL changes with every look."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_TO_ESCAPE: Final = re.compile(r"[^!-~]|[\"<>`{}|^\\]")
DOT_SEGMENT: Final = re.compile(r"/(?:\.|%2e){1,2}(?=[/?#]|\Z)", re.IGNORECASE)
"""A segment of a path that stands for this folder or the one above."""
_DATA_KEY: Final = re.compile(r"data:sha256:[0-9a-f]{64}")


_BASE64_ALTPHABET: Final = bytes.maketrans(b"-_", b"+/")
_WHITESPACE: Final = b" \t\r\n\f"


def url_key(url: str) -> str:
    """What two spellings of one URL have in common; the ledger keeps one row per key.

    Syntax-based normalisation of RFC 3986 section 6.2.2 for http and https: case of scheme and host,
    percent-encoding, dot segments, default port, empty path; plus punycode, and without the fragment.
    The order of the query stays. A data: URL's key is the hash of its bytes. Never raises: what cannot
    be parsed is its own key.
    """
    text = url.strip()
    if text[:5].lower() == "data:":
        return _data_key(text)
    try:
        return _bounded(_web_key(text) or text)
    except ValueError:
        return _bounded(text)


def id_key(source: str, id: str) -> str:
    """The key of a picture whose URL is signed anew with every look: `id:deviantart:900000001`."""
    return _bounded(f"{ID_KEY}{source}:{id}")


def _web_key(text: str) -> str:
    """The normal form of an http(s) URL, "" for any other scheme; ValueError when it cannot be parsed."""
    if "\\" in text:  # browsers read it as "/", RFC 3986 as an error: leave it alone
        return ""
    parts = urlsplit(text)
    default_port = _DEFAULT_PORTS.get(parts.scheme)
    if default_port is None or not parts.hostname:
        return ""
    userinfo, at, _ = parts.netloc.rpartition("@")
    port = "" if parts.port in (None, default_port) else f":{parts.port}"
    query = f"?{_normal_escapes(parts.query)}" if parts.query else ""
    path = without_dot_segments(_normal_escapes(parts.path) or "/")
    return f"{parts.scheme}://{_normal_escapes(userinfo)}{at}{_host(parts.hostname)}{port}{path}{query}"


def _host(name: str) -> str:
    """Lower case and punycode; brackets around an IPv6 address. ValueError when no such name can exist."""
    if ":" in name:
        return f"[{name}]"
    if name.isascii():
        return name
    import idna

    return idna.encode(name, uts46=True).decode("ascii")


def _normal_escapes(text: str) -> str:
    """Unreserved characters bare, everything else that needs it as upper-case %XX."""

    def respell(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else f"%{match[1].upper()}"

    return _TO_ESCAPE.sub(_escaped, _ESCAPE.sub(respell, text))


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))


def without_dot_segments(path: str) -> str:
    """RFC 3986 section 5.2.4: what browsers and curl do before they ask. `%2e` is a dot there (WHATWG URL, 4.5)."""
    if not DOT_SEGMENT.search(path):
        return path
    kept: list[str] = []
    dots = 0
    for segment in path.split("/")[1:]:
        dots = len(segment.lower().replace("%2e", ".")) if DOT_SEGMENT.fullmatch(f"/{segment}") else 0
        if dots == 2:
            del kept[-1:]
        elif not dots:
            kept.append(segment)
    return "/" + "/".join([*kept, ""] if dots else kept)


def _data_key(text: str) -> str:
    if _DATA_KEY.fullmatch(text):
        return text
    head, comma, payload = text.partition(",")
    raw = (payload if comma else text).encode("utf-8", "surrogatepass")
    content = unquote_to_bytes(raw)
    if head.rstrip().lower().endswith("base64"):
        packed = content.translate(_BASE64_ALTPHABET, _WHITESPACE).rstrip(b"=")
        try:
            content = base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
        except binascii.Error:
            content = raw
    return f"data:sha256:{hashlib.sha256(content).hexdigest()}"


def _bounded(key: str) -> str:
    """The key itself unless it is too long for an index or cannot be stored as UTF-8."""
    raw = key.encode("utf-8", "surrogatepass")
    if len(key) <= KEY_LENGTH and not any("\ud800" <= character <= "\udfff" for character in key):
        return key
    return f"text:sha256:{hashlib.sha256(raw).hexdigest()}"


_HOST: Final = re.compile(r"https?:[/\\]*(\[[^\]/?#\\]*\][^/?#\\]*|[^/?#\\\[\]]*)", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#\\]*@)?(?:\[([^\]/?#]*)\]|([^:/?#\\\[\]]*))", re.IGNORECASE)


def hostname(url: str) -> str:
    """The host's name or address in lower case, without user, port and brackets; "" for none. Never raises."""
    found = _NAME.match(url)
    return (found[1] or found[2] or "").lower() if found is not None else ""


def host_of(url: str) -> str:
    """The key of a URL's host for limits: name and port in lower case; "" for what asks nobody, such as data: URLs."""
    found = _HOST.match(url)
    return found[1].lower() if found is not None else ""


_DROPPED: Final = str.maketrans("", "", "\t\n\r")
_AROUND: Final = "".join(map(chr, range(33)))
_TIDY: Final = re.compile(r"https?://[^/\\\s][^\\\s]*|data:", re.IGNORECASE)
_SLASHES: Final = re.compile(r"(https?):[/\\]*", re.IGNORECASE)


def mended(url: str) -> str:
    """An http(s) URL as browsers read one that was written carelessly (WHATWG URL, 4.4); any other text as it is.

    Blanks around it and line breaks and tabs inside are dropped, behind the scheme may be any number of slashes of
    either kind, and before the query `\\` is `/`.
    """
    tidy = _TIDY.match(url)
    if tidy is not None and (tidy.end() == len(url) or tidy.end() == 5):
        return url
    text = url.strip(_AROUND).translate(_DROPPED)
    start = _SLASHES.match(text)
    if start is None:
        return url
    rest = text[start.end() :]
    at = min((at for at in (rest.find("?"), rest.find("#")) if at >= 0), default=len(rest))
    path = rest[:at].replace("\\", "/")
    return f"{start[1].lower()}://{path}{rest[at:]}"


def resolved(url: str, base: str) -> str:
    """The absolute http(s) URL without its fragment, or the whole data: URL of a picture; "" for everything else.

    As browsers do (WHATWG URL): blanks around and line breaks inside are dropped, `\\` is `/`, two slashes or more lead
    to a host, what may not stand in a URL is percent-encoded as UTF-8.
    """
    text = url.strip(" \t\n\r\f\0")
    if text[:5].lower() == "data:":
        return text if text[5:11].lower() == "image/" else ""
    text = text.translate(_DROPPED)
    if not text or text.startswith("#") or len(text) > KEY_LENGTH:
        return ""
    head, mark, tail = text.partition("?")
    try:
        whole = urlsplit(urljoin(base, with_host(head.replace("\\", "/"), base) + mark + tail))
        if whole.scheme not in ("http", "https") or not whole.hostname:
            return ""
    except ValueError:
        return ""
    rest = _TO_ESCAPE.sub(_escaped, urlunsplit(("", "", whole.path or "/", whole.query, "")))
    return f"{whole.scheme}://{whole.netloc}{rest}"


def with_host(head: str, base: str) -> str:
    """A URL up to its query with two slashes before its host, where it has one (WHATWG URL, 4.4)."""
    if head.startswith("//"):
        return f"//{head.lstrip('/')}"
    start = _SLASHES.match(head)
    if start is None or (start.end() - start.end(1) < 3 and base.lower().startswith(f"{start[1].lower()}:")):
        return head
    return f"{start[1]}://{head[start.end() :]}"


_PLAIN_URL: Final = re.compile(
    r"(https?://[a-z0-9.-]+(?::(?!80[/?#]|443[/?#])(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?)[/?#]"
)
"""Nearly every URL; the rest is taken apart properly."""


def origin(url: str) -> str:
    """scheme://host[:port] of an http(s) URL in ASCII, default port left out; "" for anything else."""
    if plain := _PLAIN_URL.match(url):
        return plain[1]
    try:
        parts = urlsplit(url)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    default = port is None or port == (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host}" if default else f"{parts.scheme}://{host}:{port}"


def browser_referer(page: str, url: str) -> str:
    """What a browser tells `url` about `page` (W3C Referrer Policy, strict-origin-when-cross-origin)."""
    here, there = origin(page), origin(url)
    if not here or not there or (here.startswith("https:") and there.startswith("http:")):
        return ""
    return whole_page(page) if here == there else here + "/"


def whole_page(page: str) -> str:
    """The page's URL as a header may carry it: no user information, no fragment, ASCII; "" when it is none."""
    if not (start := origin(page)) or not page.isascii() or any(letter <= " " for letter in page):
        return start and start + "/"
    parts = urlsplit(page)
    return start + urlunsplit(("", "", parts.path or "/", parts.query, ""))


def referer_after_redirect(referer: str, url: str, there: str) -> str:
    """The Referer for the next hop: kept at the same host, else cut down as a browser would."""
    return referer if origin(url) == origin(there) else browser_referer(referer, there)


def blocked(host: str, listed: frozenset[str]) -> str:
    """The listed name that a host is, or is below; "" for none."""
    while host:
        if host in listed:
            return host
        host = host.partition(".")[2]
    return ""


# --------------------------------------------------------------------------- proxies

_PROXY_PORTS: Final = {"http": 80, "socks5": 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where requests go in the place of their hosts. Its text never shows name and password."""

    kind: str
    """http or socks5."""
    host: str
    port: int
    login: tuple[str, str] | None = field(default=None, repr=False)
    """Name and password."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The one rule for browsers, pages and pictures: which proxy for http and for https, and for which hosts none."""

    http: Proxy | None = None
    https: Proxy | None = None
    bypass: tuple[str, ...] = ()
    """Names (with all below them), addresses and networks of NO_PROXY; `*` is every host."""

    @classmethod
    def of(cls, given: str, environment: Mapping[str, str]) -> Proxies:
        """What was given, "" is what the environment says, "none" none at all. ValueError, without a password."""
        if given.strip().casefold() == "none":
            return cls()

        def said(*names: str) -> str:
            return next(filter(None, (environment.get(name, "").strip() for name in names)), "")

        usual = said("all_proxy", "ALL_PROXY")
        http = given or said("http_proxy", "HTTP_PROXY") or usual
        https = given or said("https_proxy", "HTTPS_PROXY") or usual
        bypass = tuple(filter(None, re.split(r"[,\s]+", said("no_proxy", "NO_PROXY").casefold())))
        return cls(_proxy(http), _proxy(https), bypass)

    def via(self, url: str) -> Proxy | None:
        """The proxy for a URL; None for loopback, which browsers ask directly as well."""
        if self.http is None and self.https is None:
            return None
        scheme, host = url[:6].casefold(), hostname(url).casefold().strip("[]")
        proxy = self.https if scheme == "https:" else self.http
        return None if proxy is None or self._asked_directly(host) else proxy

    def _asked_directly(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            address = None
        if host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback):
            return True
        return any(_bypasses(entry, host, address) for entry in self.bypass)


def _bypasses(entry: str, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if entry == "*":
        return True
    if address is not None:
        with suppress(ValueError):
            return address in ipaddress.ip_network(entry.strip("[]"), strict=False)
    name = entry.partition(":")[0].removeprefix("*").removeprefix(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _proxy(text: str) -> Proxy | None:
    if not (text := text.strip()):
        return None
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        kind, host, port = (
            parts.scheme.replace("socks5h", "socks5"),
            _host(parts.hostname or "").strip("[]"),
            parts.port,
        )
    except ValueError:
        kind, host, port = "", "", None
    if kind not in _PROXY_PORTS or not host or parts.path.strip("/"):
        shown = f" {text}" if "@" not in text else ""
        raise ValueError(
            f"not a proxy{shown}: write http://HOST:PORT or socks5://HOST:PORT, with NAME:PASSWORD@ if need be"
        )
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Proxy(kind, host, port or _PROXY_PORTS[kind], login)
