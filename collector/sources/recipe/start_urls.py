"""The addresses a recipe begins at: parameters and ranges filled in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final
from urllib.parse import quote, urlsplit

MOST: Final = 100_000
"""Start addresses of one recipe."""
_SPREAD: Final = re.compile(r"\[(\d+)-(\d+)(?::(\d+))?\]|\[([^\[\]]*,[^\[\]]*)\]")
_PIECE: Final = re.compile(r"\{(\w+)\}")


def expanded(text: str, values: Mapping[str, str]) -> Iterator[str]:
    """Every address that a start means. ValueError says what is wrong with it.

    `[1-44]`, `[001-100]`, `[0-90:10]` and `[a,b,c]` stand for each of theirs, in the text and in what a parameter is
    given as. A parameter at the very beginning is an address of its own and stays as it is; elsewhere it is quoted.
    """
    whole = _PIECE.match(text)
    head = ""
    if whole and whole[1] in values:
        head, text = values[whole[1]], text[whole.end() :]
        if head and "://" not in head:
            head = f"https://{head}"
        head = head.rstrip("/") if text.startswith("/") else head
    named = set(_PIECE.findall(text))
    if unknown := named - set(values):
        raise ValueError(f"{{{min(unknown)}}} is not a parameter; name it under [params]")
    spreads = {name: _spread(values[name]) for name in named}
    count = 0
    for choice in product(*spreads.values()):
        filled = dict(zip(spreads, choice, strict=True))
        one = _PIECE.sub(lambda found, now=filled: quote(now[found[1]], safe=""), text)  # type: ignore[misc]
        for url in map("".join, product(*_pieces(one))):
            count += 1
            if count > MOST:
                raise ValueError(f"more than {MOST:,} addresses")
            yield _checked(head + url, bool(whole))


def _checked(url: str, given: bool) -> str:
    """As it is. A recipe that is only shown may lack the parameter at its beginning."""
    if urlsplit(url).scheme not in ("http", "https") and not (given and not url.startswith("http")):
        raise ValueError(f"{url[:60]!r} is not an address; begin it with https://")
    return url


def _pieces(text: str) -> Iterator[list[str]]:
    end = 0
    for found in _SPREAD.finditer(text):
        yield [text[end : found.start()]]
        yield _of(found)
        end = found.end()
    yield [text[end:]]


def _spread(value: str) -> list[str]:
    found = _SPREAD.fullmatch(value)
    return _of(found) if found else [value]


def _of(found: re.Match[str]) -> list[str]:
    if found[4] is not None:
        return [part.strip() for part in found[4].split(",")]
    first, last, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if step < 1 or last < first or (last - first) // step >= MOST:
        raise ValueError(f"{found[0]} is not a range of at most {MOST:,}")
    width = len(found[1]) if found[1].startswith("0") else 0
    return [str(number).zfill(width) for number in range(first, last + 1, step)]
