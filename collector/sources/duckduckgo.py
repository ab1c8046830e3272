"""DuckDuckGo's images over plain HTTP: a token from its page, then JSON. Starts no browser and fetches no picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import Hit, Query, Search, SearchState
from collector.sources import json_helpers
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.filter_table import COLOURS, WORDS_FILTERS, FilterTable, search_words
from collector.sources.google.filters import FEWER_FACETS
from collector.sources.opaque import told
from collector.sources.pasted import ResultPage, words_alone
from collector.urls import url_key

_SETTINGS: Final[Mapping[str, Value]] = {
    "home": "https://duckduckgo.com",
    "safe": "blur",
    "region": "wt-wt",
    "rate": 1.0,
}
"""safe: on, blur or off; region: such as us-en or de-de, wt-wt is everywhere."""
_LISTED: Final = {
    "time": {name: f"time:{name.capitalize()}" for name in ("day", "week", "month", "year")},
    "size": {"large": "size:Large", "medium": "size:Medium", "icon": "size:Small", "wallpaper": "size:Wallpaper"},
    "color": {
        "any": "color:color",
        "grayscale": "color:Monochrome",
        "transparent": "type:transparent",
        **{name: f"color:{name.capitalize()}" for name in COLOURS},
    },
    "type": {
        "photo": "type:photo",
        "clipart": "type:clipart",
        "lineart": "type:line",
        "animated": "type:gif",
    },
    "aspect": {name: f"layout:{name.capitalize()}" for name in ("square", "tall", "wide")},
    "rights": {
        "creative-commons": "license:Share|license:Any",
        "commercial": "license:ShareCommercially",
        "public-domain": "license:Public",
        "modification": "license:Modify",
        "commercial-modification": "license:ModifyCommercially",
    },
}
"""Filter -> value -> its part of the parameter `f`, which is `iaf` in the addresses of its page."""
_SAFE: Final = {"on": 1, "blur": 1, "off": -1}
_TABLE: Final = FilterTable({**_LISTED, "safe": {"on": "kp=1", "blur": "kp=-1", "off": "kp=-2"}})
_FILTERS: Final[Mapping[str, Choices]] = {**_TABLE.choices(), **WORDS_FILTERS}
_RESULT_PAGE: Final = ResultPage(
    place=re.compile(r"(?:(?:\w+\.)?duckduckgo\.com|ddg\.gg)/(?:html|lite|i\.js)?/?", re.IGNORECASE),
    table=_TABLE,
    lists={"iaf": re.compile(","), "f": re.compile(",")},
    ignored=re.compile(
        r"(?:ia|iax|iar)=(?:images|web|about)|(?!iaf=|f=|kl=|kp=|ia=|iax=|iar=|df=)[^=:]*=.*|\w+:",
        re.IGNORECASE | re.DOTALL,
    ),
    elsewhere={"kl": "region"},
)
PAGE = 100
"""Results of one answer."""
LONGEST = 499
_CHALLENGE: Final = re.compile(r"anomaly-modal|/anomaly\.js|id=[\"']challenge-form")
"""Its page for those whom it takes for a program."""
_TOKEN: Final = re.compile(r"""\bvqd["']?\s*[=:]\s*["']?(\d[\d-]{5,})""")
"""It stands in scripts and links, and is bound to the words searched for and to the User-Agent."""


def validate_keyword(keyword: str) -> str | None:
    """What is wrong with a keyword: DuckDuckGo takes less than 500 characters."""
    too_long = f"{len(keyword)} characters; DuckDuckGo takes {LONGEST}" if len(keyword) > LONGEST else None
    return words_alone(keyword) or too_long


def search(search: Search, web: Web) -> Iterator[Hit]:
    """The pictures of a query in DuckDuckGo's order."""
    from collector.sources.landing import completed

    query, home, rate = search.query, str(web.settings["home"]).rstrip("/"), float(web.settings["rate"])
    shown = {"q": search_words(query), "iar": "images", "iax": "images", "ia": "images"}
    page = web.get(Request(f"{home}/", params=shown, rate=rate, throttled=throttled))
    asked = parameters(query, web.settings, token(page))
    offset, seen = 0, set[str]()
    while web.remaining() > 0:
        answer = web.get(
            Request(
                f"{home}/i.js",
                params={**asked, "s": offset},
                headers={"Referer": f"{home}/", "Accept": "application/json, text/javascript, */*; q=0.01"},
                rate=rate,
                throttled=throttled,
            )
        )
        hits, following = parse(answer)
        new = [hit for hit in hits if (hit.url or hit.thumbnail_url) not in seen]
        yield from completed(new, web)
        if not new or not following:
            return
        seen.update(hit.url or hit.thumbnail_url for hit in new)
        offset = max(following, offset + 1)


def throttled(answer: Answer) -> float | None:
    """DuckDuckGo says "slow down" with 202 and 403 as well."""
    return 0.0 if answer.status in (202, 403, 429, 503) and not _CHALLENGE.search(answer.text) else None


def _refuse_challenge(answer: Answer) -> None:
    if _CHALLENGE.search(answer.text):
        raise SourceError(SearchState.BLOCKED, "page.captcha", "DuckDuckGo asks a person to pick pictures")


def token(page: Answer) -> str:
    """What every answer has to be asked for with. SourceError(page.layout) for a page without it."""
    _refuse_challenge(page)
    json_helpers.check(page, "DuckDuckGo")
    found = _TOKEN.search(page.text)
    if found is None:
        json_helpers.unknown("DuckDuckGo", "a page without a token")
    return found[1]


def parameters(query: Query, settings: Mapping[str, Any], vqd: str) -> dict[str, str | int]:
    """What every answer is asked for with, its offset excepted."""
    return {
        "o": "json",
        "q": search_words(query),
        "l": str(settings["region"]),
        "vqd": vqd,
        "p": _SAFE.get(query.filter("safe") or str(settings["safe"]), 1),
        "f": ",".join(_TABLE.texts(query, _LISTED)),
    }


def parse(answer: Answer) -> tuple[list[Hit], int]:
    """(hits, offset of the next answer; 0 at the end) of one answer. SourceError(page.layout) for anything else."""
    _refuse_challenge(answer)
    data = json_helpers.table(json_helpers.data(answer, "DuckDuckGo"))
    if not isinstance(data.get("results"), list):
        json_helpers.unknown("DuckDuckGo", "JSON without results")
    rows = json_helpers.tables(data["results"])
    hits = [hit for row in rows if (hit := _hit(row)) is not None]
    if rows and not hits:
        json_helpers.unknown("DuckDuckGo", "results without a picture's address")
    following = parse_qs(urlsplit(json_helpers.text(data, "next")).query)
    offset = following.get("s", ["0"])[0]
    return hits, int(offset) if offset.isdecimal() else 0


def _hit(row: Mapping[str, Any]) -> Hit | None:
    url, page = told(json_helpers.text(row, "image")), told(json_helpers.text(row, "url"))
    if not url and not (page and json_helpers.web_address(json_helpers.text(row, "thumbnail"))):
        return None
    return Hit(
        url=url,
        key=url_key(url) if url else "",
        page=page,
        title=json_helpers.plain(json_helpers.text(row, "title")),
        width=json_helpers.number(row, "width"),
        height=json_helpers.number(row, "height"),
        thumbnail_url=json_helpers.web_address(json_helpers.text(row, "thumbnail")),
        way="api",
        fields=tuple((name, value) for name in ("source",) if (value := json_helpers.text(row, name))),
    )


SOURCE: Final = Source(
    search=search,
    about="DuckDuckGo's images, without a browser",
    keyword="words, at most 499 characters",
    settings=_SETTINGS,
    kinds={"safe": Literal["on", "blur", "off"]},
    filters=_FILTERS,
    result_page=_RESULT_PAGE,
    facets=FEWER_FACETS,
    validate_keyword=validate_keyword,
)
