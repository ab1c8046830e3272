"""Hosts of which nothing is asked: the setting `fetch.block_hosts`, as names or as a file of them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from collector.errors import UsageError

_COMMENT = re.compile(r"(?:^|\s)#.*")

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z|[0-9a-f.]*:[0-9a-f:.]*\Z")


def hosts(listed: str) -> frozenset[str]:
    """The host names of a setting: with commas between them, or `@FILE`, one a line. UsageError says what is wrong.

    Names are in ASCII lower case, as URLs are asked. A hosts file (`0.0.0.0 ads.example`) will do as well.
    """
    if listed.startswith("@"):
        return frozenset(name for line in lines(Path(listed[1:])) for name in _of_line(line, listed[1:]))
    return _named(listed)


def inlined(listed: str) -> str:
    """The same setting with the file's names in place of `@FILE`, so that it cannot change while it is used. UsageError
    as `hosts`."""
    found = hosts(listed)
    return ",".join(sorted(found)) if listed.startswith("@") else listed


@lru_cache(maxsize=4)
def _named(listed: str) -> frozenset[str]:
    return frozenset(_host(name, "fetch.block_hosts") for name in listed.split(",") if name.strip())


def _of_line(line: str, where: str) -> list[str]:
    """The one name of a line, or those that a hosts file has behind an address: the ones without a dot are local."""
    first, *names = line.split()
    try:
        ipaddress.ip_address(first)
    except ValueError:
        names = []
    return [_host(name, where) for name in names if "." in name] if names else [_host(line, where)]


def _host(text: str, where: str) -> str:
    name = text.strip().lower().removeprefix("*").strip("[].")
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            name = ""
    if not _NAME.match(name):
        raise UsageError(f"{where}: {text.strip()[:60]!r} is not a host name; write it like example.com")
    return name


def lines(path: Path) -> Iterator[str]:
    """What stands in a file but for comments and empty lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: the block list cannot be read: {why}") from None
    for line in text.splitlines():
        if said := _COMMENT.sub("", line, count=1).strip():
            yield said
