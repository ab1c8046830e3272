"""Hosts of which nothing is asked: the setting `fetch.block_hosts`, as names or as a file of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from collector.errors import UsageError

_COMMENT = re.compile(r"(?:^|\s)#.*")


_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z|[0-9a-f.]*:[0-9a-f:.]*\Z")


_NOWHERE = frozenset(("0.0.0.0", "127.0.0.1", "::", "::1"))
"""Where a line of a hosts file sends what it blocks."""


@lru_cache(maxsize=4)
def hosts(listed: str) -> frozenset[str]:
    """The host names of a setting: with commas between them, or `@FILE`, one a line. UsageError says what is wrong.

    Names are in ASCII lower case, as URLs are asked. A hosts file (`0.0.0.0 ads.example`) will do as well. Asked for
    with every picture, so that the answer is remembered: a file is read once.
    """
    if listed.startswith("@"):
        return frozenset(_host(line, listed[1:]) for line in lines(Path(listed[1:])))
    return frozenset(_host(name, "fetch.block_hosts") for name in listed.split(",") if name.strip())


def inlined(listed: str) -> str:
    """The same setting with the file's names in place of `@FILE`, so that it cannot change while it is used."""
    return ",".join(sorted(hosts(listed))) if listed.startswith("@") else listed


def _host(text: str, where: str) -> str:
    first, _, rest = text.strip().partition(" ")
    name = (rest if first in _NOWHERE and rest else text).strip().lower().removeprefix("*").strip("[].")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
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
