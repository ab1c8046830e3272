"""Which URLs and addresses may be asked. Decides on the address a socket is about to connect to, not on names.

Checks of the URL's text come first and cost no packet; but a name says nothing about where it leads, and
two URL parsers may read one text differently, so the last word is had at connect time.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
import time
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from collector.http.deadlines import Attempt
from collector.http.transport import FetchError
from collector.urls import DOT_SEGMENT, blocked, hostname, mended, without_dot_segments

MAX_LENGTH = 8192
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
"""(host, port) -> numeric addresses in order of preference. Raises OSError."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_KEPT = r"A-Za-z0-9/%:@!$&'()*+,;=~._|\[\]\-"
"""Letters of a path that are sent as they are, as a class for patterns; a query has some more."""
_PLAIN = re.compile(rf"(https?://)([a-z0-9._-]+)(?::([0-9]{{1,5}}))?(/[{_KEPT}]*(?:\?[{_KEPT}?{{}}^`]+)?)\Z")
"""Nearly every URL: what the long way below would leave as it is, but for the host."""
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")

_NO_WEB_PORTS = frozenset(
    (1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080)
)
"""Ports from 1024 that browsers refuse too (WHATWG Fetch, "port blocking")."""

PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
)
"""What `allow_private` opens: loopback, private use, carrier-grade NAT and unique local addresses."""
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254")
)
"""Where clouds hand out credentials (AWS, GCP, Azure, Alibaba, Oracle); never open."""
METADATA_NAMES = frozenset(("metadata", "metadata.google.internal", "instance-data", "metadata.azure.internal"))
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10", "::/96", "192.88.99.0/24")
)
"""Tunnels and translations to anywhere (local NAT64, 6to4, Teredo), and what was given up."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def why_not(address: Address, allow_private: bool) -> str:
    """Why an address must not be asked, in a few words; "" when it may.

    `ipaddress.is_global` alone is not enough: it is True for NAT64, 6to4 and multicast addresses.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return why_not(address.ipv4_mapped, allow_private)
        if address in _NAT64:  # The way to every IPv4 host from IPv6-only networks: judged by where it ends.
            return why_not(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), allow_private=False)
    if address in METADATA:
        return "a cloud's metadata service"
    if any(address.version == net.version and address in net for net in PRIVATE):
        return "" if allow_private else "loopback or private; --allow-private allows it"
    if any(address.version == net.version and address in net for net in _NEVER):
        return "a tunnel or translation address"
    if address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local:
        return "not a single public host"
    return "" if address.is_global else "not a public address"


def check_url(url: str, allow_private: bool) -> str:
    """The URL as it will be asked: host in ASCII lower case, no `..` in its path, no fragment. FetchError(url.*) for
    one that will not; no I/O."""
    if len(url) > MAX_LENGTH:
        raise FetchError("url.too_long", f"{len(url):,} characters")
    if (plain := _PLAIN.match(url)) and not DOT_SEGMENT.search(plain[4]):
        scheme, name, digits, rest = plain.groups()
        return f"{scheme}{_site(name, digits, allow_private)}{rest}"
    url = mended(url)
    if _UNSAFE.search(url):
        raise FetchError("url.malformed", "a control character in the URL")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise FetchError("url.malformed", "the host cannot be parsed") from None
    if parts.scheme not in ("http", "https"):
        raise FetchError("url.scheme", f"{parts.scheme[:20] or 'no'} scheme")
    if not host or "@" in parts.netloc:
        raise FetchError("url.malformed", "user information in the URL" if host else "no host in the URL")
    port = _port(parts)
    host = _host(host, bracketed="[" in parts.netloc, allow_private=allow_private)
    try:
        path = quote(without_dot_segments(parts.path or "/"), safe="/%:@!$&'()*+,;=~-._|[]")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._|[]?{}^`")
    except UnicodeEncodeError:
        raise FetchError("url.malformed", "not valid Unicode") from None
    return urlunsplit((parts.scheme, host + port, path, query, ""))


def check_host(url: str, listed: frozenset[str]) -> None:
    """FetchError(policy.blocked_host) for a URL, as `check_url` gives it, at a host that the user has blocked."""
    if listed and (name := blocked(hostname(url), listed)):
        raise FetchError("policy.blocked_host", name)


@lru_cache(maxsize=4096)
def _site(name: str, digits: str | None, allow_private: bool) -> str:
    """Host and port in their one normal form."""
    port = _port(urlsplit(f"http://{name}:{digits}")) if digits else ""
    return _host(name, bracketed=False, allow_private=allow_private) + port


def may_be_asked(port: int) -> bool:
    """Whether a browser would speak HTTP to it; below 1024 only the web's own two are, which is stricter."""
    return port in (80, 443) or (port >= 1024 and port not in _NO_WEB_PORTS)


def _port(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        raise FetchError("url.port", "not a port number") from None
    if port is None:
        return ""
    if not may_be_asked(port):
        raise FetchError("url.port", f"port {port}")
    return f":{port}"


@lru_cache(maxsize=4096)
def _host(host: str, bracketed: bool, allow_private: bool) -> str:
    """A host name or address in its one normal form; FetchError when it is none, or plainly a private one."""
    if bracketed:
        return f"[{_allowed_literal(host.replace('%25', '%'), allow_private)}]"
    name = _ascii(host).removesuffix(".")
    if _NUMBER.match(name.rpartition(".")[2]):  # WHATWG URL: a host that ends in a number is an IPv4 address.
        try:
            packed = socket.inet_aton(name)
        except OSError:
            raise FetchError("url.malformed", "not a valid IPv4 address") from None
        return _allowed_literal(socket.inet_ntoa(packed), allow_private)
    if not _NAME.match(name):
        raise FetchError("url.malformed", "not a valid host name")
    if name in METADATA_NAMES or (not allow_private and (name == "localhost" or name.endswith(".localhost"))):
        raise FetchError("url.private_addr", name)
    return name


def _ascii(host: str) -> str:
    """Punycode of an international name. Digits in disguise are refused: tools disagree about them."""
    if host.isascii():
        return host
    folded = (unicodedata.normalize("NFKC", letter) for letter in host if not letter.isascii())
    if any(digit in text for text in folded for digit in "0123456789"):
        raise FetchError("url.malformed", "digits in disguise in the host name")
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise FetchError("url.malformed", "not a valid international host name") from None


def _allowed_literal(text: str, allow_private: bool) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise FetchError("url.malformed", "not a valid IP address") from None
    if why := why_not(address, allow_private) or ("an address with a zone" if "%" in text else ""):
        raise FetchError("url.private_addr", f"{address}: {why}")
    return str(address)


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses the operating system gives for a name."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def candidates(host: str, port: int, resolve: Resolve, allow_private: bool, attempt: Attempt, wait: float) -> list[str]:
    """The addresses of a host, all of them allowed; FetchError(net.dns | url.private_addr) otherwise.

    One forbidden address among good ones refuses them all: that mixture is made to slip through.
    """
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        addresses = _resolved(host, port, resolve, attempt, wait)
    for text in addresses:
        if why := why_not(ipaddress.ip_address(text), allow_private):
            raise FetchError("url.private_addr", f"{host} is {text}: {why}")
    return addresses


def _resolved(host: str, port: int, resolve: Resolve, attempt: Attempt, wait: float) -> list[str]:
    """Ask in a thread of its own: the system's resolver takes no time limit and cannot be interrupted."""
    box: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            box.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            box.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, name="fetch-resolve", daemon=True).start()
    ends = time.monotonic() + wait
    while True:
        try:
            answer = box.get(timeout=0.1)
            break
        except queue.Empty:
            attempt.check()
            if time.monotonic() >= ends:
                raise FetchError("net.dns", f"{host}: no answer from the resolver in {wait:.0f} s") from None
    if isinstance(answer, OSError):
        raise FetchError("net.dns", f"{host}: {answer.strerror or answer}")
    if not answer:
        raise FetchError("net.dns", f"{host}: no address")
    return answer


def connect(addresses: list[str], port: int, host: str, attempt: Attempt, timeout: float) -> socket.socket:
    """A connection to the first of the (checked, numeric) addresses that takes it. FetchError(net.connect)."""
    trouble = "no address"
    for text in addresses:
        attempt.check()
        family = socket.AF_INET6 if ":" in text else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            attempt.hold(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(max(0.01, min(timeout, attempt.left)))
            connection.connect((text, port))
            return connection
        except TimeoutError:
            trouble = f"no answer in {timeout:.1f} s"
            connection.close()
        except OSError as error:
            trouble = error.strerror or type(error).__name__
            connection.close()
    attempt.check()
    raise FetchError("net.connect", f"{f'[{host}]' if ':' in host else host}:{port}: {trouble}")
