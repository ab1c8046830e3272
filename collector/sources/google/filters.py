"""From a query and the settings to the address of its result page, and back. Pure.

The filters are those of Google's Tools menu and of its advanced search, plus operators of the search box. A keyword
is quoted as a whole: nothing in it can add a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from collector.model import Query
from collector.sources.contract import Choices
from collector.sources.filter_table import COLOURS, WORDS_FILTERS, FilterTable, search_words
from collector.sources.pasted import ResultPage

_LARGER: Final = ("qsvga", "vga", "svga", "xga", *(f"{n}mp" for n in (2, 4, 6, 8, 10, 12, 15, 20, 40, 70)))
_TOOLS: Final = {
    "size": {
        "large": "isz:l",
        "medium": "isz:m",
        "icon": "isz:i",
        "{width}x{height}": "isz:ex&iszw:{width}&iszh:{height}",
        **{f"over-{name}": f"isz:lt&islt:{name}" for name in _LARGER},
    },
    "color": {
        "any": "ic:color",
        "grayscale": "ic:gray",
        "transparent": "ic:trans",
        **{name: f"ic:specific&isc:{name}" for name in COLOURS},
    },
    "type": {name: f"itp:{name}" for name in ("photo", "face", "clipart", "lineart", "animated")},
    "time": {
        "day": "qdr:d",
        "week": "qdr:w",
        "month": "qdr:m",
        "year": "qdr:y",
        "{yyyy}-{mm}-{dd}..{yyyy2}-{mm2}-{dd2}": "cdr:1&cd_min:{mm}/{dd}/{yyyy}&cd_max:{mm2}/{dd2}/{yyyy2}",
    },
    "rights": {"creative-commons": "sur:cl", "commercial": "sur:ol"},
    "aspect": {"square": "iar:s", "tall": "iar:t", "wide": "iar:w", "panorama": "iar:xw"},
    "extension": {name: f"ift:{name}" for name in ("jpg", "png", "gif", "webp", "bmp")},
}
"""Filter -> value -> its part of `tbs`. Google's Tools menu of 2026 offers large, medium, icon, colours, clipart,
lineart, animated, the times without dates, and rights; the others are of its older menus and its page of advanced
search, and may be passed over by it."""
_SAFE: Final = {"on": "active", "blur": "images", "off": "off"}
_BESIDE: Final = {
    "safe": {name: f"safe={value}" for name, value in _SAFE.items()},
    "region": {"{country}": "cr=country{country}|cr=country{country}&gl={country2}"},
    "language": {"{language}": "lr=lang_{language}"},
    "site": {"{site}": "as_sitesearch={site}"},
    "exclude": {"{words}": "as_eq={words}"},
}
"""The filters that have parameters of their own."""
_TABLE: Final = FilterTable({**_TOOLS, **_BESIDE})
FILTERS: Final[Mapping[str, Choices]] = {**_TABLE.choices(), **WORDS_FILTERS}

RESULT_PAGE: Final = ResultPage(
    place=re.compile(
        r"(?:(?:www|images|image|m|ipv4|encrypted)\.)?google\.(?:com|cat|(?:com?\.)?[a-z]{2})"
        r"/(?:search|images|imghp|webhp|images/search|search/images|advanced_image_search|m/search)?/?",
        re.IGNORECASE,
    ),
    table=_TABLE,
    words=("q", "as_q"),
    lists={"tbs": re.compile(",")},
    names={
        "imgsz": "isz:{}",
        "imgar": "iar:{}",
        "imgtype": "itp:{}",
        "imgc": "ic:{}",
        "imgcolor": "ic:specific&isc:{}",
        "as_filetype": "ift:{}",
        "as_qdr": "qdr:{}",
        **{f"imgsz={name}": f"isz:lt&islt:{name}" for name in _LARGER},
    },
    further={"as_epq": ('"{}"', " "), "as_oq": ("({})", " OR ")},
    ignored=re.compile(
        r"udm=(?:2|imgs)|tbm=isch|as_st=.*|as_qdr=all|qdr:all|hl=.*|imgsz=any|as_occt=any|safe=(?:moderate|undefined)|"
        r"(?!udm=|tbm=|tbs=|as_|img|cr=|lr=|gl=|safe=|chips=|uds=|nfpr=|filter=|uule=|near=|kgmid=|si=|ludocid=)[^=:]*=.*"
        r"|sbd:\d|li:\d",
        re.IGNORECASE | re.DOTALL,
    ),
    elsewhere={"gl": "gl"},
)
"""All that is not known to change what is found is passed over: Google adds a new mark of its own every few weeks."""

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
FEWER_FACETS: Final = tuple(facet for facet in FACETS if facet != ("time", "month"))
"""Of engines that show more for each."""


def address(query: Query, settings: Mapping[str, Any], classic: bool = False) -> str:
    """The result page's URL; `classic`: that of its older form, which leads to the same results by another door.

    Values are taken as checked by `collector.sources.check_filters`.
    """
    region = query.filter("region")
    parameters = {
        "q": search_words(query),
        "udm": "" if classic else "2",
        "tbm": "isch" if classic else "",
        "tbs": ",".join(part for text in _TABLE.texts(query, _TOOLS) for part in text.split("&")),
        "lr": f"lang_{language}" if (language := query.filter("language")) else "",
        "cr": f"country{region.upper()}" if region else "",
        "gl": region.lower() or str(settings["gl"]),
        "hl": str(settings["hl"]),
        "safe": _SAFE.get(query.filter("safe") or str(settings["safe"]), ""),
    }
    given = {name: value for name, value in parameters.items() if value}
    return f"{str(settings['home']).rstrip('/')}/search?{urlencode(given, quote_via=quote, safe='')}"
