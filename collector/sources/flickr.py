"""Flickr: photographs with owner and licence through its interface. It wants a key, which is never in an address.

Facts: www.flickr.com/services/api (photos.search, photos.licenses.getInfo); 4,000 results a search at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from collector.errors import SourceError
from collector.http.contract import Request
from collector.http.user_agent import secret, user_agent
from collector.model import Hit, Licence, Query, Search, SearchState
from collector.sources import json_helpers
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.filter_table import FilterTable, search_words
from collector.sources.json_helpers import number, table, text, unknown, web_address
from collector.sources.licences import LICENSES, ONE_OR_SEVERAL, PUBLIC, RIGHTS, contradiction, fitting
from collector.sources.pasted import ResultPage
from collector.urls import id_key

HOME: Final = "https://api.flickr.com"
_SETTINGS: Final[Mapping[str, Value]] = {
    "home": HOME,
    "site": "https://www.flickr.com",
    "api_key": "",
    "page_size": 500,
    "rate": 1.0,
    "contact": "",
}
"""api_key: "" takes the environment variable FLICKR_API_KEY; page_size: at most 500; rate: requests a second
(3,600 an hour are allowed per key)."""

MOST: Final = 4000
"""Results behind which a search repeats itself."""
_LICENSES: Final = {
    "0": "",
    "1": "https://creativecommons.org/licenses/by-nc-sa/2.0/",
    "2": "https://creativecommons.org/licenses/by-nc/2.0/",
    "3": "https://creativecommons.org/licenses/by-nc-nd/2.0/",
    "4": "https://creativecommons.org/licenses/by/2.0/",
    "5": "https://creativecommons.org/licenses/by-sa/2.0/",
    "6": "https://creativecommons.org/licenses/by-nd/2.0/",
    "7": "https://www.flickr.com/commons/usage/",
    "8": "http://www.usa.gov/copyright.shtml",
    "9": "https://creativecommons.org/publicdomain/zero/1.0/",
    "10": "https://creativecommons.org/publicdomain/mark/1.0/",
    "11": "https://creativecommons.org/licenses/by/4.0/",
    "12": "https://creativecommons.org/licenses/by-sa/4.0/",
    "13": "https://creativecommons.org/licenses/by-nd/4.0/",
    "14": "https://creativecommons.org/licenses/by-nc/4.0/",
    "15": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "16": "https://creativecommons.org/licenses/by-nc-nd/4.0/",
}
"""As known in 2026; Flickr is asked for its list first."""
_PUBLIC: Final = frozenset(("7", "8"))
"""No known restrictions, works of the United States."""
_NAMES: Final = {"zero": "cc0", "mark": "pdm"}
_ASKED: Final = {
    "type": {"photo": "content_type=1", "screenshot": "content_type=2", "other": "content_type=3"},
    "sort": {
        "relevance": "sort=relevance",
        "time": "sort=date-posted-desc",
        "top": "sort=interestingness-desc",
        "taken": "sort=date-taken-desc",
    },
    "safe": {"on": "safe_search=1", "blur": "safe_search=2", "off": "safe_search=3"},
    "size": {
        "medium": "dimension_search_mode=min&width=640&height=640",
        "large": "dimension_search_mode=min&width=1024&height=1024",
        "over-{width}x{height}": "dimension_search_mode=min&width={width}&height={height}",
    },
    "aspect": {
        "square": "orientation=square",
        "tall": "orientation=portrait",
        "wide": "orientation=landscape|orientation=landscape,panorama",
        "panorama": "orientation=panorama",
    },
    "color": {
        "grayscale": "styles=blackandwhite",
        "red": "color_codes=0",
        "orange": "color_codes=2",
        "yellow": "color_codes=4",
        "green": "color_codes=5",
        "teal": "color_codes=7",
        "blue": "color_codes=8",
        "purple": "color_codes=9",
        "pink": "color_codes=a",
        "white": "color_codes=c",
        "gray": "color_codes=d",
        "black": "color_codes=e",
    },
    "time": {
        "{yyyy}-{mm}-{dd}..{yyyy2}-{mm2}-{dd2}": "min_taken_date={yyyy}-{mm}-{dd}&max_taken_date={yyyy2}-{mm2}-{dd2}",
    },
}
"""Filter -> value -> parameters, in requests and in the addresses of the site's search alike. Sizes are the least of
both sides; times are those when a photograph was taken. Size, aspect and color are of the site's own search: its
documentation for programs does not name them."""
_LICENSED: Final = {
    "license": {"{licenses}": "license={licenses}"},
    "rights": {name: f"rights={name}" for name in RIGHTS},
}
_TABLE: Final = FilterTable(_ASKED)
_FILTERS: Final[Mapping[str, Choices]] = {
    "rights": RIGHTS,
    "license": ONE_OR_SEVERAL,
    **_TABLE.choices(),
    "exclude": re.compile(r"[^\"]+"),
    "exact": ("yes", "no"),
}
_FACETS: Final = (("sort", "top"), ("sort", "time"))


def license_name(url: str) -> str:
    """`by-sa`, `cc0`, ... of a Creative Commons address; "" for any other."""
    match = re.search(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)", url)
    return _NAMES.get(match[1], match[1]) if match else ""


def _licences_of(numbers: str) -> str:
    """The filter that means the licences of an address, `4,5,9,10`; the numbers themselves where none does."""
    given = set(numbers.split(","))
    names = {license_name(_LICENSES.get(number, "")) for number in given - _PUBLIC}
    if "" in names or (given & _PUBLIC and names != set(PUBLIC)):
        return f"license={numbers}"
    rights = next((rights for rights in RIGHTS if names == set(fitting(rights, ""))), "")
    return f"rights={rights}" if rights else f"license={'|'.join(sorted(names))}"


def _day_of(name: str) -> Callable[[str], str]:
    """A date in an address, in seconds since 1970 or as it is."""

    def part(value: str) -> str:
        seconds = int(value) if value.isdecimal() and len(value) < 12 else None
        return f"{name}={value if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()}"

    return part


_RESULT_PAGE: Final = ResultPage(
    place=re.compile(r"(?:(?:www|m|secure)\.)?flickr\.com/search(?:/advanced)?/?", re.IGNORECASE),
    table=FilterTable({**_ASKED, **_LICENSED}),
    words=("text", "q"),
    names={
        "license": _licences_of,
        "min_taken_date": _day_of("min_taken_date"),
        "max_taken_date": _day_of("max_taken_date"),
        "content_types=0": "content_type=1",
        "content_types=1": "content_type=2",
        "content_types=2": "content_type=3",
    },
    ignored=re.compile(
        r"media=photos|(?:view_all|advanced|page|per_page|lang|ytcheck|new_session|w|m|s|l|ss|ct|mt|z|adv)="
        r"(?:1|0|all|rec|int|text|y|t|\d+|[a-z]{2}-[a-z]{2})?|_\w+=.*|utm_\w+=.*",
        re.IGNORECASE,
    ),
)

_SIZES: Final = ("o", "6k", "5k", "4k", "f", "3k", "k", "h", "l", "c", "z")
"""Original, 6,144, 5,120, 4,096, 4,096 (f), 3,072, 2,048, 1,600, 1,024, 800 and 640 pixels, best first; owners may keep
the larger ones back."""
_EXTRAS: Final = "license,owner_name,date_upload,date_taken,path_alias,o_dims,views,tags,media," + ",".join(
    f"url_{size}" for size in (*_SIZES, "n")
)
_ENDS: Final = {
    "100": (SearchState.BLOCKED, "page.denied"),
    "4": (SearchState.BLOCKED, "page.denied"),
    "2": (SearchState.FAILED, "page.gone"),
    "5": (SearchState.FAILED, "page.gone"),
    "10": (SearchState.UNREACHABLE, "page.unreachable"),
    "105": (SearchState.UNREACHABLE, "page.unreachable"),
    "201": (SearchState.BLOCKED, "page.rate_limited"),
}
"""Error codes: invalid key, no permission; unknown user; not currently available; what a key's used-up hour brings."""


def search(search: Search, web: Web) -> Iterator[Hit]:
    """Hits page by page, to the end or to 4,000. SourceError for what is refused or not recognised."""
    api = _Api(web)
    licenses = api.licenses()
    asked = {**parameters(search.query, licenses), "per_page": str(api.page_size)}
    if asked.get("license") == "":
        return  # no licence of Flickr's is what the filters want
    seen: set[str] = set()
    for page in range(1, MOST // api.page_size + 1):
        hits, pages = parse(api.ask("flickr.photos.search", {**asked, "page": str(page)}), api.site, licenses)
        new = [hit for hit in hits if hit.id not in seen]
        seen.update(hit.id for hit in new)
        yield from new
        if not new or page >= pages:
            return


def parameters(query: Query, licenses: Mapping[str, str]) -> dict[str, str]:
    """What is asked for, but for the page. `license` is there and empty when nothing can fit."""
    asked = {"text": search_words(query), "sort": "relevance", "media": "photos", "extras": _EXTRAS}
    asked |= _TABLE.parameters(query, _ASKED)
    if query.filter("rights") or query.filter("license"):
        asked["license"] = ",".join(number for number, url in licenses.items() if _fits(url, query))
    return asked


def _fits(url: str, query: Query) -> bool:
    """Whether a licence is one that the filters `rights` and `license` want."""
    name, wanted, rights = license_name(url), query.filter("license"), query.filter("rights")
    if name in LICENSES:
        return name in fitting(rights, wanted)
    free = bool(url)  # no known restrictions, works of the United States
    return free and not wanted and rights != "creative-commons"


def parse(answer: Any, site: str, licenses: Mapping[str, str]) -> tuple[list[Hit], int]:
    """The hits of one page, and how many pages there are. SourceError page.layout when it is none."""
    page = table(table(answer).get("photos"))
    photos = page.get("photo")
    if not isinstance(photos, list):
        unknown("flickr", "no photos")
    hits = [hit for photo in json_helpers.tables(photos) if (hit := _hit(photo, site, licenses)) is not None]
    return hits, number(page, "pages")


class _Api:
    """Asks Flickr for one search."""

    def __init__(self, web: Web) -> None:
        """SourceError page.denied when there is no key for the real one."""
        settings = web.settings
        self._web, self._home = web, str(settings["home"]).rstrip("/")
        self.site = str(settings["site"]).rstrip("/")
        self.page_size = int(settings["page_size"])
        self._rate = float(settings["rate"]) if self._home == HOME else 0.0
        self._key = secret(settings, "api_key", "FLICKR_API_KEY")
        self._headers = {"User-Agent": user_agent(settings)}
        if not self._key and self._home == HOME:
            detail = "flickr wants a key: put yours into FLICKR_API_KEY or flickr.api_key"
            raise SourceError(SearchState.BLOCKED, "page.denied", detail)

    def ask(self, method: str, more: Mapping[str, str]) -> Any:
        """The answer to a method. As a form, so that the key is in no address, and so in no log."""
        form = {"method": method, "api_key": self._key, "format": "json", "nojsoncallback": "1", **more}
        address = f"{self._home}/services/rest/"
        answer = self._web.get(Request(address, form=form, headers=self._headers, rate=self._rate))
        said = json_helpers.data(answer, "flickr")
        if table(said).get("stat") != "ok":
            self._refused(table(said))
        return said

    def licenses(self) -> dict[str, str]:
        """Number -> address of every licence that Flickr knows today."""
        listed = table(self.ask("flickr.photos.licenses.getInfo", {})).get("licenses")
        found = {
            text(one, "id"): web_address(text(one, "url")) for one in json_helpers.tables(table(listed).get("license"))
        }
        return {**_LICENSES, **{number: url for number, url in found.items() if number and url}}

    def _refused(self, said: Mapping[str, Any]) -> None:
        code, words = text(said, "code"), text(said, "message").replace(self._key or "\0", "...")[:150]
        if said.get("stat") != "fail" or code not in _ENDS:
            unknown("flickr", f"stat {text(said, 'stat')}, code {code}: {words}")
        raise SourceError(*_ENDS[code], f"flickr says {code}: {words}")


def _hit(photo: Mapping[str, Any], site: str, licenses: Mapping[str, str]) -> Hit | None:
    sizes = [size for size in _SIZES if web_address(text(photo, f"url_{size}"))]
    name, owner = text(photo, "id"), text(photo, "owner")
    if not sizes or not name:
        return None
    urls = [text(photo, f"url_{size}") for size in sizes]
    page = f"{site}/photos/{text(photo, 'pathalias') or owner}/{name}"
    license_id = text(photo, "license")
    return Hit(
        url=urls[0],
        key=id_key("flickr", name),
        id=name,
        page=page,
        title=text(photo, "title"),
        site="flickr.com",
        width=number(photo, f"width_{sizes[0]}"),
        height=number(photo, f"height_{sizes[0]}"),
        thumbnail_url=web_address(text(photo, "url_n")),
        way="api",
        licence=_licence(photo, licenses.get(license_id, ""), license_id, page),
        fallbacks=tuple(dict.fromkeys(urls[1:])),
        published=_moment(photo),
        fields=tuple((name, value) for name, value in _known(photo, license_id) if value),
    )


def _licence(photo: Mapping[str, Any], url: str, license_id: str, page: str) -> Licence:
    owner = text(photo, "ownername") or text(photo, "owner")
    notice = "All rights reserved" if license_id == "0" else ""
    return Licence(url=url, page=page, creators=(owner,) if owner else (), credit=owner, notice=notice)


def _known(photo: Mapping[str, Any], license_id: str) -> Iterator[tuple[str, str]]:
    yield "license_id", license_id
    yield "owner", text(photo, "owner")
    yield "taken", text(photo, "datetaken") if text(photo, "datetakenunknown") != "1" else ""
    yield "views", text(photo, "views")
    yield "tags", text(photo, "tags")[:1000]


def _moment(photo: Mapping[str, Any]) -> str:
    seconds = number(photo, "dateupload")
    return datetime.fromtimestamp(seconds, UTC).isoformat() if 0 < seconds < 2e10 else ""


SOURCE: Final = Source(
    search=search,
    about="Flickr, with the licence of every picture; needs a key",
    settings=_SETTINGS,
    kinds={"page_size": Annotated[int, Meta(ge=1, le=500)]},
    filters=_FILTERS,
    result_page=_RESULT_PAGE,
    contradiction=contradiction,
    facets=_FACETS,
)
