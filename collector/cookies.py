"""Cookies of the user's own, from a file in the Netscape format (`cookies.txt`), and which of them a URL is sent.

Their values are in no message, no ledger and no event; only those who send them look at them.
Format: curl.se/docs/http-cookies.html; which URL a cookie is for: RFC 6265, 5.1.3, 5.1.4 and 5.4.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from collector.errors import UsageError

LARGEST = 4_194_304
"""Bytes of a file that are read."""
_HTTP_ONLY = "#HttpOnly_"
_EXPECTED = "domain, TRUE or FALSE, path, TRUE or FALSE, expiry, name and value, with tabs between them"

_LAST = 253_402_300_799
"""The end of the year 9999."""
_UNSENDABLE = "it holds a letter that no header may carry; delete the line"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One line of the file."""

    domain: str
    """In lower case, without a leading dot."""
    subdomains: bool
    """Whether hosts below the domain are sent it, too."""
    path: str
    secure: bool
    """Whether https alone may carry it."""
    expires: int
    """Seconds since 1970; 0 for never."""
    http_only: bool
    name: str
    value: str = field(repr=False)

    def fits(self, host: str, path: str, secure: bool) -> bool:
        """Whether a request is sent it."""
        here = host == self.domain or (self.subdomains and host.endswith(f".{self.domain}"))
        below = path == self.path or path.startswith(self.path.rstrip("/") + "/")
        return here and below and (secure or not self.secure)


@dataclass(frozen=True, slots=True)
class Cookies:
    """All of a file, by their domains."""

    by_domain: dict[str, tuple[Cookie, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, path: str, now: float | None = None) -> Self:
        """Those of a file that have not expired; none for "". UsageError, which tells no value, for what is no
        such file, or holds nothing that is still of use."""
        if not path:
            return cls()
        try:
            with Path(path).expanduser().open("rb") as file:
                text = file.read(LARGEST + 1).decode("utf-8-sig")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UsageError(f"--cookies {path}: cannot be read: {why}") from None
        if len(text) > LARGEST:
            raise UsageError(f"--cookies {path}: larger than {LARGEST:,} bytes")
        moment = time.time() if now is None else now
        found = list(_cookies(path, text))
        if not (fresh := [one for one in found if not one.expires or one.expires > moment]):
            raise UsageError(f"--cookies {path}: {'every cookie in it has expired' if found else 'no cookie in it'}")
        by_domain: dict[str, tuple[Cookie, ...]] = {}
        for one in fresh:
            by_domain[one.domain] = (*by_domain.get(one.domain, ()), one)
        return cls(by_domain)

    def __iter__(self) -> Iterator[Cookie]:
        return (one for listed in self.by_domain.values() for one in listed)

    def __bool__(self) -> bool:
        return bool(self.by_domain)

    def of(self, url: str) -> dict[str, str]:
        """Name -> value of those that a URL is sent; of two with a name the one for the longer path."""
        if not self.by_domain:
            return {}
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").rstrip(".")
        except ValueError:
            return {}
        known = [one for domain in _upwards(host) for one in self.by_domain.get(domain, ())]
        fitting = [one for one in known if one.fits(host, parts.path or "/", parts.scheme == "https")]
        return {one.name: one.value for one in sorted(fitting, key=lambda one: len(one.path))}

    def beside(self, url: str, header: str) -> str:
        """The Cookie header for a URL that is sent those of `header` as well, whose word counts."""
        if not (ours := self.of(url)):
            return header
        return written(ours | pairs(header))

    def without(self, url: str, header: str) -> str:
        """A Cookie header for a URL with nothing in it that the file has a name for."""
        if not header or not (ours := self.of(url)):
            return header
        return written({name: value for name, value in pairs(header).items() if name not in ours})


def pairs(header: str) -> dict[str, str]:
    """Name -> value of a Cookie header."""
    return dict(pair.strip().partition("=")[::2] for pair in header.split(";") if pair.strip())


def written(pairs: dict[str, str]) -> str:
    """Name -> value as a Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in pairs.items())


def _upwards(host: str) -> Iterator[str]:
    while host:
        yield host
        host = host.partition(".")[2]


def _cookies(path: str, text: str) -> Iterator[Cookie]:
    for number, line in enumerate(text.splitlines(), start=1):
        http_only = line.startswith(_HTTP_ONLY)
        if not line.strip() or (line.startswith("#") and not http_only):
            continue
        cells = line.removeprefix(_HTTP_ONLY).rstrip("\r\n").split("\t")
        if (cookie := _cookie(cells, http_only)) is None:
            wrong = f"expected {_EXPECTED}" if all(map(_is_sound, cells)) else _UNSENDABLE
            raise UsageError(f"--cookies {path}, line {number}: {wrong}")
        yield cookie


def _is_sound(text: str) -> bool:
    """Whether a Cookie header may hold it, and nothing is smuggled in."""
    return text.isascii() and text.isprintable() and ";" not in text


def _cookie(cells: list[str], http_only: bool) -> Cookie | None:
    """None for what is no cookie, or could smuggle a header in."""
    if len(cells) == 6:  # An empty value, whose tab an editor took away.
        cells = [*cells, ""]
    if len(cells) != 7:
        return None
    domain, subdomains, path, secure, expires, name, value = cells
    domain = domain.strip().lower()
    sound = all(map(_is_sound, (domain, name, value)))
    flags = {subdomains.upper(), secure.upper()} <= {"TRUE", "FALSE"}
    lasts = expires.strip().removeprefix("-").partition(".")[0]
    if not (sound and flags and domain.strip(".") and name and path.startswith("/") and lasts.isdecimal()):
        return None
    bare = domain.strip(".")
    below = subdomains.upper() == "TRUE" and "." in bare  # Nobody owns all of .com.
    ends = 0 if expires.strip().startswith("-") else min(int(lasts[:20]), _LAST)
    return Cookie(bare, below, path, secure.upper() == "TRUE", ends, http_only, name, value)
