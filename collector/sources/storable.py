"""Hits as the ledger, JSON and folders can hold them, whatever a page or an interface put into them. Pure.

The one place through which every hit goes: texts are valid Unicode of bounded length, numbers in range, addresses
can be taken apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from collector.model import Hit, Licence
from collector.urls import url_key

LONGEST_URL: Final = 8192
"""Of an http(s) address; browsers and servers take less."""
LONGEST_DATA: Final = 33_554_432
"""Of a data: URL; `fetch.max_data_url` decides what is taken of them."""
LONGEST_TEXT: Final = 10_000
LONGEST_NAME: Final = 500
"""Of ids, names of fields, dates and the like."""
MOST_FIELDS: Final = 200
MOST_FALLBACKS: Final = 50
LARGEST_SIDE: Final = 1_000_000
"""Pixels; more is no claim but a mistake, and unknown."""
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))


def storable(hit: Hit) -> Hit | None:
    """The hit with everything in bounds; None when its own address is no http(s) or data: URL that can be asked for."""
    url = address(hit.url)
    if not url:
        return None
    return replace(
        hit,
        url=url,
        key=(text(hit.key, LONGEST_URL) if url == hit.url else "") or url_key(url),
        id=text(hit.id, LONGEST_NAME),
        page=address(hit.page),
        title=text(hit.title),
        site=text(hit.site, LONGEST_NAME),
        width=side(hit.width),
        height=side(hit.height),
        thumbnail_url=address(hit.thumbnail_url),
        kind=text(hit.kind, LONGEST_NAME),
        way=text(hit.way, LONGEST_NAME),
        licence=_licence(hit.licence),
        fallbacks=tuple(filter(None, map(address, hit.fallbacks[:MOST_FALLBACKS]))),
        cookies=text(hit.cookies, LONGEST_URL).replace("\r", "").replace("\n", ""),
        published=text(hit.published, LONGEST_NAME),
        fields=tuple((text(name, LONGEST_NAME), text(value)) for name, value in hit.fields[:MOST_FIELDS]),
    )


def text(value: Any, most: int = LONGEST_TEXT) -> str:
    """A text that UTF-8 can hold, without control characters: halves of a character that JSON tore apart become one,
    those that stay alone U+FFFD. Numbers as digits; "" for everything else."""
    if isinstance(value, int | float):
        value = repr(value) if not isinstance(value, int) or value.bit_length() < 1024 else ""
    if not isinstance(value, str):
        return ""
    cut = value[:most]
    whole = cut if cut.isascii() else cut.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.translate(_CONTROLS)


def side(value: Any) -> int:
    """Pixels; 0 for what is no whole number in range."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_SIDE else 0


def address(value: Any) -> str:
    """An http(s) or data: URL that can be taken apart; "" for anything else."""
    if not isinstance(value, str):
        return ""
    if value[:5].lower() == "data:":
        return text(value, LONGEST_DATA) if len(value) <= LONGEST_DATA else ""
    if len(value) > LONGEST_URL:
        return ""
    url = text(value).strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:  # a broken IPv6 host, a port of letters
        return ""
    return url if usable else ""


def _licence(licence: Licence) -> Licence:
    return Licence(
        url=text(licence.url, LONGEST_URL),
        page=text(licence.page, LONGEST_URL),
        licensor=text(licence.licensor),
        creators=tuple(map(text, licence.creators[:MOST_FALLBACKS])),
        credit=text(licence.credit),
        notice=text(licence.notice),
    )
