"""Wikimedia Commons: free pictures with licence, author and credit, by the search of its MediaWiki interface.

Facts: commons.wikimedia.org/w/api.php (query, generator=search, imageinfo), its robot policy and thumbnail sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.http.user_agent import contact, user_agent
from collector.model import Hit, Licence, Query, Search, SearchState
from collector.sources import json_helpers
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.filter_table import FilterTable, search_words
from collector.sources.json_helpers import number, plain, table, text, unknown, web_address
from collector.sources.pasted import ResultPage
from collector.urls import url_key

HOME: Final = "https://commons.wikimedia.org"
_SETTINGS: Final[Mapping[str, Value]] = {"home": HOME, "page_size": 50, "rate": 2.0, "contact": ""}
"""page_size: files a request, at most 50; rate: requests a second; contact: a mail address or page of whoever runs
this, which Wikimedia's policy asks for ("" takes COLLECTOR_CONTACT)."""

_TYPES: Final = {"photo": "filetype:bitmap", "drawing": "filetype:drawing", "any": "filetype:bitmap|drawing"}
_SIZES: Final = {
    "large": "fileres:>1999",
    "medium": "fileres:500,1999",
    "small": "fileres:<500",
    "icon": "fileres:<257",
}
_FILTERS: Final[Mapping[str, Choices]] = {
    "type": tuple(_TYPES),
    "size": tuple(_SIZES),
    "rights": ("creative-commons", "commercial", "public-domain"),
    "exact": ("yes", "no"),
    "exclude": re.compile(r"[^\"]+"),
}
"""type: photo (the usual one: pixels), drawing (SVG, taken as PNG) or any; size: side of a square of as many pixels;
rights: creative-commons and public-domain leave out the others, commercial is true of everything at Commons."""
_FACETS: Final = (("size", "large"), ("size", "medium"))
_RESULT_PAGE: Final = ResultPage(
    place=re.compile(r"commons\.(?:m\.)?wikimedia\.org/(?:w/index\.php|wiki/Special:(?:Media)?Search)", re.IGNORECASE),
    table=FilterTable({}),
    words=("search", "q"),
    ignored=re.compile(
        r"title=Special(?::|%3A)(?:Media)?Search(?:/.*)?|type=image|ns\d+=1|(?:go|fulltext|profile|uselang|searchToken)=.*",
        re.IGNORECASE,
    ),
)

STEPS: Final = (3840, 1920)
"""Widths of renditions that Wikimedia keeps ready and that are worth having; others than its steps are refused."""
_THUMBNAIL: Final = 330
"""One of the steps as well: 20, 40, 60, 120, 250, 330, 500, 960, 1280, 1920, 3840."""
_SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Types whose original is a picture for everybody; of others (TIFF, SVG, XCF) a rendition is taken."""
_KNOWN: Final = (
    "LicenseShortName|LicenseUrl|Artist|Credit|Attribution|UsageTerms|DateTimeOriginal|DateTime|ImageDescription"
    "|ObjectName|Restrictions"
)
_NAMED: Final = {"ratelimited", "maxlag", "readonly", "internal_api_error_DBQueryError"}


def search(search: Search, web: Web) -> Iterator[Hit]:
    """Hits in the order of relevance, to the end. SourceError for what is no answer of MediaWiki."""
    settings = web.settings
    home = str(settings["home"]).rstrip("/")
    if home == HOME and not contact(settings):
        web.notice("commons: set commons.contact to an address or page of yours: Wikimedia asks for it")
    headers = {"User-Agent": user_agent(settings), "Accept": "application/json"}
    asked = parameters(search.query, int(settings["page_size"]))
    rights = search.query.filter("rights")
    going_on: dict[str, str] = {}
    pages: dict[str, dict[str, Any]] = {}
    while True:
        address = f"{home}/w/api.php"
        answer = web.get(
            Request(
                address,
                params={**asked, **going_on},
                headers=headers,
                rate=float(settings["rate"]),
                throttled=throttled,
            )
        )
        said = _checked(json_helpers.data(answer, "commons"))
        _add(pages, said)
        going_on = {name: str(value) for name, value in table(said.get("continue")).items()}
        if "batchcomplete" in said or not going_on:  # else the rest of what these pages have comes next
            yield from (hit for hit in parse(pages.values()) if _free(hit, rights))
            pages.clear()
        if not going_on:
            return


def _free(hit: Hit, rights: str) -> bool:
    """Whether a file's licence is of the kind that the filter wants; Commons cannot be asked for it."""
    public = "/publicdomain/" in hit.licence.url or dict(hit.fields).get("license", "").lower().startswith("public")
    if rights == "public-domain":
        return public
    return rights != "creative-commons" or "creativecommons.org" in hit.licence.url


def parameters(query: Query, page_size: int) -> dict[str, str | int]:
    """The first request's parameters; what continues it is added to them."""
    return {
        "action": "query",
        "format": "json",
        "formatversion": 2,
        "maxlag": 5,
        "generator": "search",
        "gsrnamespace": 6,
        "gsrsearch": words(query),
        "gsrlimit": page_size,
        "prop": "imageinfo",
        "iiprop": "url|size|mime|timestamp|user|extmetadata",
        "iiurlwidth": _THUMBNAIL,
        "iiextmetadatafilter": _KNOWN,
    }


def words(query: Query) -> str:
    """What goes into the search box of Commons; operators in a keyword (`incategory:"Cats"`) are its own business."""
    chosen = _TYPES[query.filter("type") or "photo"], _SIZES.get(query.filter("size"), "")
    return " ".join(filter(None, (*chosen, search_words(query))))


def throttled(answer: Answer) -> float | None:
    """429 and 503, and answers of 200 that say the servers lag or the client is too fast (`Retry-After` tells)."""
    if answer.status in (429, 503):
        return 0.0
    if answer.status != 200 or "mediawiki-api-error" not in answer.headers:
        return None
    if answer.headers["mediawiki-api-error"] not in _NAMED:
        return None
    wait = answer.headers.get("retry-after", "")
    return float(wait) if wait.isdecimal() else 5.0


def parse(pages: Any) -> Iterator[Hit]:
    """The hits of file pages by their place in the results; pages without a file are left out."""
    for page in sorted(pages, key=lambda page: number(page, "index")):
        found = json_helpers.tables(page.get("imageinfo"))
        if found and (hit := _hit(page, found[0])) is not None:
            yield hit


def _add(pages: dict[str, dict[str, Any]], said: Mapping[str, Any]) -> None:
    """A page may come in parts, its file in a later answer than its name."""
    for page in json_helpers.tables(table(said.get("query")).get("pages")):
        pages.setdefault(text(page, "title"), {}).update(page)


def _checked(said: Any) -> Mapping[str, Any]:
    """The answer itself. SourceError when it is an error, or of another shape."""
    if error := table(table(said).get("error")):
        code = text(error, "code")
        if code in ("readapidenied", "permissiondenied", "blocked", "globalblocking-blockedtext"):
            raise SourceError(SearchState.BLOCKED, "page.denied", f"commons: {code}: {text(error, 'info')}"[:200])
        unknown("commons", f"{code}: {text(error, 'info')}")
    if not isinstance(said, dict) or not said.keys() & {"query", "batchcomplete", "continue"}:
        unknown("commons", "neither a query nor its end")
    return said


def _hit(page: Mapping[str, Any], file: Mapping[str, Any]) -> Hit | None:
    original, thumbnail = web_address(text(file, "url")), web_address(text(file, "thumburl"))
    if not original:
        return None
    width, height = number(file, "width"), number(file, "height")
    urls = renditions(thumbnail, width)
    if text(file, "mime") in _SHOWN:
        urls.insert(0, original)
    elif urls:  # claims are those of what is asked for
        rendered = next((step for step in STEPS if step < width), STEPS[-1])
        width, height = rendered, round(height * rendered / width) if width else 0
    about = {name: text(table(value), "value") for name, value in table(file.get("extmetadata")).items()}
    title = text(page, "title").partition(":")[2].rpartition(".")[0]
    return Hit(
        url=urls[0] if urls else original,
        key=url_key(original),
        id=text(page, "pageid"),
        page=web_address(text(file, "descriptionurl")),
        title=plain(about.get("ObjectName", "")) or title,
        site="commons.wikimedia.org",
        width=width,
        height=height,
        thumbnail_url=thumbnail,
        way="api",
        licence=_licence(file, about),
        fallbacks=tuple(urls[1:]),
        published=text(file, "timestamp"),
        fields=tuple((name, value) for name, value in _fields(file, about) if value),
    )


def renditions(thumbnail: str, width: int) -> list[str]:
    """The addresses of the ready-made sizes below the original's, largest first, by the address of one of them.

    `.../thumb/a/ab/Cat.tif/lossy-page1-330px-Cat.tif.jpg`: only the number changes. A drawing (SVG) and what is
    rendered at any size have all of them.
    """
    start, slash, name = thumbnail.rpartition("/")
    if "/thumb/" not in start or f"{_THUMBNAIL}px-" not in name:
        return []
    steps = [step for step in STEPS if step < width or ".svg" in name.lower()]
    return [f"{start}{slash}{name.replace(f'{_THUMBNAIL}px-', f'{step}px-', 1)}" for step in steps]


def _licence(file: Mapping[str, Any], about: Mapping[str, str]) -> Licence:
    artist, name = plain(about.get("Artist", "")), plain(about.get("LicenseShortName", ""))
    credit = plain(about.get("Attribution", "")) or ", ".join(filter(None, (artist, name, "via Wikimedia Commons")))
    return Licence(
        url=web_address(about.get("LicenseUrl", "")),
        page=web_address(text(file, "descriptionurl")),
        licensor=plain(about.get("Credit", "")),
        creators=(artist,) if artist else (),
        credit=credit,
        notice=plain(about.get("UsageTerms", "")) or name,
    )


def _fields(file: Mapping[str, Any], about: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "license", plain(about.get("LicenseShortName", ""))
    yield "taken", plain(about.get("DateTimeOriginal", ""))
    yield "uploader", text(file, "user")
    yield "mime", text(file, "mime")
    yield "bytes", text(file, "size")
    yield "restrictions", plain(about.get("Restrictions", ""))
    yield "description", plain(about.get("ImageDescription", ""))[:1000]


SOURCE: Final = Source(
    search=search,
    about="Wikimedia Commons: free pictures with their licence",
    keyword="words, with the operators of its search",
    settings=_SETTINGS,
    kinds={"page_size": Annotated[int, Meta(ge=1, le=50)]},
    filters=_FILTERS,
    result_page=_RESULT_PAGE,
    facets=_FACETS,
)
