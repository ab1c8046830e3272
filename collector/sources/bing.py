"""Bing Images over plain HTTP: batches of its result page, by offset. Starts no browser and fetches no picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.http.decoding import json_of
from collector.model import Hit, Query, Search, SearchState
from collector.sources import json_helpers
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.filter_table import COLOURS, WORDS_FILTERS, FilterTable, search_words
from collector.sources.google.filters import FEWER_FACETS
from collector.sources.opaque import told
from collector.sources.pasted import ResultPage
from collector.urls import url_key

_SETTINGS: Final[Mapping[str, Value]] = {
    "home": "https://www.bing.com",
    "safe": "blur",
    "market": "",
    "user_agent": "",
    "rate": 1.0,
}
"""safe: on, blur or off; market: such as en-US, "" leaves it to Bing, which goes by the address the request comes from;
user_agent: another than `fetch.user_agent`, for when Bing shows pictures that have nothing to do with the keyword."""
_FILTERUI: Final = {
    "size": {
        "large": "imagesize-large",
        "medium": "imagesize-medium",
        "icon": "imagesize-small",
        "wallpaper": "imagesize-wallpaper",
        "over-{width}x{height}": "imagesize-custom_{width}_{height}",
    },
    "color": {
        "any": "color2-color",
        "grayscale": "color2-bw",
        "transparent": "photo-transparent",
        **{name: f"color2-FGcls_{name.upper()}" for name in COLOURS},
    },
    "type": {
        "photo": "photo-photo",
        "clipart": "photo-clipart",
        "lineart": "photo-linedrawing",
        "animated": "photo-animatedgif",
    },
    "people": {"face": "face-face", "portrait": "face-portrait"},
    "aspect": {"square": "aspect-square", "tall": "aspect-tall", "wide": "aspect-wide"},
    "time": {"day": "age-lt1440", "week": "age-lt10080", "month": "age-lt43200", "year": "age-lt525600"},
    "rights": {
        "creative-commons": "licenseType-Any",
        "commercial": "license-L2_L3_L4",
        "public-domain": "license-L1",
        "share": "license-L2_L3_L4_L5_L6_L7",
        "modification": "license-L2_L3_L5_L6",
        "commercial-modification": "license-L2_L3",
    },
}
"""Filter -> value -> its part of `qft`. Bing knows times by their length alone, and sizes of one's own as the least."""
_SAFE: Final = {"on": "strict", "blur": "moderate", "off": "off"}
_TABLE: Final = FilterTable({**_FILTERUI, "safe": {name: f"adlt={value}" for name, value in _SAFE.items()}})
_FILTERS: Final[Mapping[str, Choices]] = {**_TABLE.choices(), **WORDS_FILTERS}
_RESULT_PAGE: Final = ResultPage(
    place=re.compile(r"(?:\w+\.)?bing\.com/(?:images/(?:search|async)|search)?/?", re.IGNORECASE),
    table=_TABLE,
    lists={"qft": re.compile(r"[+\s]*filterui:")},
    names={"safesearch": "adlt={}"},
    ignored=re.compile(
        r"(?!qft=|mkt=|setmkt=|cc=|setlang=|adlt=|imgurl=|mediaurl=|insightstoken=|simid=|filters=)[^=:]*=.*",
        re.IGNORECASE | re.DOTALL,
    ),
    elsewhere={"mkt": "market", "setmkt": "market", "cc": "market"},
)
COUNT = 35
"""Pictures asked for at a time."""
FEW, PATIENCE = 4, 3
"""New pictures of a batch that are hardly any, and how many such batches in a row are the end."""
_MARKS: Final = re.compile("[\ue000\ue001]")
"""Bing puts matched words of a title between these."""
_SIDES: Final = re.compile(r"\b(\d{2,5})\s*[x×·]\s*(\d{2,5})\b")
_OURS: Final = re.compile(r"dgControl|imgpt|mimg|no_results|class=\"b_no|There are no results", re.IGNORECASE)
"""Something of the result page: what has none of it is another page."""


def search(search: Search, web: Web) -> Iterator[Hit]:
    """The pictures of a query in Bing's order. Past its end Bing repeats itself: a batch with nothing new is the end,
    and so are several in a row with hardly anything new, which would go on for ever."""
    from collector.sources.landing import completed

    first, seen, poor = 1, set[str](), 0
    while web.remaining() > 0:
        answer = web.get(
            Request(
                f"{web.settings['home']}/images/async",
                params=parameters(search.query, web.settings, first),
                headers=headers(search.query, web.settings),
                rate=float(web.settings["rate"]),
            )
        )
        batch = list(parse(answer))
        new = [hit for hit in batch if (hit.url or hit.thumbnail_url) not in seen]
        yield from completed(new, web)
        poor = poor + 1 if len(new) <= FEW < len(batch) else 0
        if not new or poor == PATIENCE:
            return
        seen.update(hit.url or hit.thumbnail_url for hit in new)
        first += len(batch)


def parameters(query: Query, settings: Mapping[str, Any], first: int) -> dict[str, str | int]:
    """What a batch is asked for with; `first` is the number of its first picture, from 1."""
    given: dict[str, str | int] = {
        "q": search_words(query),
        "first": first,
        "count": COUNT,
        "async": 1,
        "adlt": _safe(query, settings),
        "qft": "".join(f"+filterui:{value}" for value in _TABLE.texts(query, _FILTERUI)),
        "mkt": str(settings["market"]),
    }
    return {name: value for name, value in given.items() if value != ""}


def headers(query: Query, settings: Mapping[str, Any]) -> dict[str, str]:
    """The cookie by which Bing keeps the choice of safe search, and the name we go by."""
    agent = str(settings["user_agent"])
    named = {"User-Agent": agent} if agent else {}
    return {"Cookie": f"SRCHHPGUSR=ADLT={_safe(query, settings).upper()}", **named}


def _safe(query: Query, settings: Mapping[str, Any]) -> str:
    return _SAFE.get(query.filter("safe") or str(settings["safe"]), "moderate")


def parse(answer: Answer) -> Iterator[Hit]:
    """The hits of one batch: links whose attribute `m` is JSON with `murl`. SourceError for any other page."""
    from parsel import Selector

    if answer.status in (401, 403):
        raise SourceError(SearchState.BLOCKED, "page.blocked", f"Bing refuses ({answer.status})")
    page = Selector(answer.text or "<html></html>", type="html")
    cards = [(card, json_helpers.table(_json(card.root.get("m", "")))) for card in page.xpath("//a[@m]")]
    pictures = [(card, data) for card, data in cards if told(json_helpers.text(data, "murl")) or _is_lost(data)]
    if answer.status != 200 or not pictures:
        _refuse(answer, unreadable=len(cards))
    for card, data in pictures:
        sides = _SIDES.search(" ".join(card.xpath("ancestor-or-self::*[self::li or self::div][1]//text()").getall()))
        url = told(json_helpers.text(data, "murl"))
        description = json_helpers.text(data, "desc")
        yield Hit(
            url=url,
            key=url_key(url) if url else "",
            id=json_helpers.text(data, "mid", "cid"),
            page=told(json_helpers.text(data, "purl")),
            title=_MARKS.sub("", json_helpers.text(data, "t")),
            width=json_helpers.number(data, "mw") or (int(sides[1]) if sides else 0),
            height=json_helpers.number(data, "mh") or (int(sides[2]) if sides else 0),
            thumbnail_url=json_helpers.web_address(json_helpers.text(data, "turl")),
            way="api",
            fields=(("description", _MARKS.sub("", description)),) if description else (),
        )


def _is_lost(data: Mapping[str, Any]) -> bool:
    """Whether a card tells its page and a small picture, and not where the picture is."""
    return bool(told(json_helpers.text(data, "purl")) and json_helpers.web_address(json_helpers.text(data, "turl")))


def _refuse(answer: Answer, unreadable: int) -> None:
    """SourceError for what is no batch; nothing for the empty one of a query that has no results."""
    text = answer.text
    if re.search(r"class=\"captcha|id=\"captcha|/challenge/|turnstile", text, re.IGNORECASE):
        raise SourceError(SearchState.BLOCKED, "page.captcha", "Bing asks for a captcha")
    if "bnp_btn_accept" in text and not _OURS.search(text):
        raise SourceError(SearchState.BLOCKED, "page.consent", "Bing shows its consent page instead of results")
    json_helpers.check(answer, "Bing")
    if unreadable or not _OURS.search(text):
        json_helpers.unknown("Bing", f"{unreadable} links without an address, {json_helpers.kind(answer)}")


def _json(text: str) -> Any:
    try:
        return json_of(text)
    except ValueError:
        return None


SOURCE: Final = Source(
    search=search,
    about="Bing's images, without a browser",
    settings=_SETTINGS,
    kinds={"safe": Literal["on", "blur", "off"]},
    filters=_FILTERS,
    result_page=_RESULT_PAGE,
    facets=FEWER_FACETS,
)
