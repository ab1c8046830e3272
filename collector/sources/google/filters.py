"""From a query and the settings to the address of its result page. Pure.

The filters are those that Google's own Tools menu offers, plus operators of the search box. A keyword
is quoted as a whole: nothing in it can add a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from collector.model import Query
from collector.sources.contract import Choices

_SIZE: Final = {"large": "isz:l", "medium": "isz:m", "icon": "isz:i"}
COLOURS: Final = (
    "black",
    "blue",
    "brown",
    "gray",
    "green",
    "orange",
    "pink",
    "purple",
    "red",
    "teal",
    "white",
    "yellow",
)
_COLOUR: Final = {
    "grayscale": "ic:gray",
    "transparent": "ic:trans",
    **{name: f"ic:specific,isc:{name}" for name in COLOURS},
}
_TYPE: Final = {"clipart": "itp:clipart", "lineart": "itp:lineart", "animated": "itp:animated"}
_TIME: Final = {"day": "qdr:d", "week": "qdr:w", "month": "qdr:m", "year": "qdr:y"}
_RIGHTS: Final = {"creative-commons": "sur:cl", "commercial": "sur:ol"}
_TABLES: Final = {"size": _SIZE, "color": _COLOUR, "type": _TYPE, "time": _TIME, "rights": _RIGHTS}
_SAFE: Final = {"on": "active", "blur": "images", "off": "off"}

FILTERS: Final[Mapping[str, Choices]] = {
    **{name: tuple(table) for name, table in _TABLES.items()},
    "safe": tuple(_SAFE),
    "region": re.compile(r"[A-Za-z]{2}"),
    "language": re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2,4})?"),
    "site": re.compile(r"[^\s/:\"]+\.[^\s/:\"]+(/[^\s\"]*)?"),
    "exact": ("yes", "no"),
    "exclude": re.compile(r"[^\"]+"),
}
"""Filter -> its choices, or what its value looks like (a country of two letters, a language tag such as
en or pt-BR, a site such as example.org, words separated by blanks)."""

FACETS: Final = (
    ("size", "large"),
    ("time", "year"),
    ("time", "month"),
    ("size", "medium"),
    *(("color", name) for name in COLOURS),
    ("color", "grayscale"),
)
"""Facets of the same query, each with results of its own: how people get past the few hundred that one search shows.
None that changes what is shown (drawings, icons, cut-outs)."""


def address(query: Query, settings: Mapping[str, Any], classic: bool = False) -> str:
    """The result page's URL; `classic`: that of its older form, which leads to the same results by another door.

    Values are taken as checked by `collector.sources.check_filters`.
    """
    parameters = {
        "q": words(query),
        "udm": "" if classic else "2",
        "tbm": "isch" if classic else "",
        "tbs": ",".join(table[query.filter(name)] for name, table in _TABLES.items() if query.filter(name)),
        "lr": _language(query.filter("language")),
        "cr": _country(query.filter("region")),
        "gl": query.filter("region").lower() or str(settings["gl"]),
        "hl": str(settings["hl"]),
        "safe": _SAFE.get(query.filter("safe") or str(settings["safe"]), ""),
    }
    given = {name: value for name, value in parameters.items() if value}
    return f"{str(settings['home']).rstrip('/')}/search?{urlencode(given, quote_via=quote, safe='')}"


def words(query: Query) -> str:
    """What goes into the search box."""
    text = query.keyword.strip()
    if query.filter("exact") == "yes":
        text = '"' + text.replace('"', " ") + '"'
    parts = [text, *(f"-{word.lstrip('-')}" for word in query.filter("exclude").split() if word.strip("-"))]
    if query.filter("site"):
        parts.append(f"site:{query.filter('site')}")
    return " ".join(parts)


def _language(tag: str) -> str:
    return f"lang_{tag}" if tag else ""


def _country(code: str) -> str:
    return f"country{code.upper()}" if code else ""
