"""The `/imgres?imgurl=...` address that Google writes into a card's link on hover or click. Pure.

Parsed as a query string: the order of its parameters has changed several times.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from collector.sources.opaque import NOTHING, Address, read


@dataclass(frozen=True, slots=True)
class Target:
    """What a result address says about its picture; sizes in pixels, 0 and "" are unknown."""

    full: Address
    page: Address = NOTHING
    id: str = ""
    """`tbnid`, which is the card's `data-docid`; the address's own `docid` is the page's id."""
    width: int = 0
    height: int = 0


def parse(address: str, home: str) -> Target | None:
    """The target of a result address, whole or relative, on a page of `home`; None for any other address."""
    try:
        parts = urlsplit(address.strip())
        fields = parse_qs(parts.query, max_num_fields=200)
    except ValueError:
        return None
    full = read(_first(fields, "imgurl"), home)
    if not parts.path.endswith("/imgres") or full == NOTHING:
        return None
    return Target(
        full=full,
        page=read(_first(fields, "imgrefurl"), home),
        id=_first(fields, "tbnid").removesuffix(":"),
        width=_number(_first(fields, "w")),
        height=_number(_first(fields, "h")),
    )


def _first(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
