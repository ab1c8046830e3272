"""Flickr: photographs with owner and licence through its interface. It wants a key, which is never in an address.

Facts: www.flickr.com/services/api (photos.search, photos.licenses.getInfo); 4,000 results a search at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from msgspec import Meta

from collector.errors import SourceError
from collector.http.contract import Request
from collector.http.user_agent import secret, user_agent
from collector.model import Hit, Licence, Query, Search, SearchState
from collector.sources import json_helpers
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.json_helpers import number, table, text, unknown, web_address
from collector.sources.licences import LICENSES, ONE_OR_SEVERAL, RIGHTS, contradiction, fitting
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
}
"""As long known; Flickr is asked for its list first, which has grown by those of version 4.0."""
_NAMES: Final = {"zero": "cc0", "mark": "pdm"}
_SORTS: Final = {"relevance": "relevance", "time": "date-posted-desc", "top": "interestingness-desc"}
_TYPES: Final = {"photo": "1", "screenshot": "2", "other": "3"}
_SAFE: Final = {"on": "1", "blur": "2", "off": "3"}
_FILTERS: Final[Mapping[str, Choices]] = {
    "rights": RIGHTS,
    "license": ONE_OR_SEVERAL,
    "type": tuple(_TYPES),
    "sort": tuple(_SORTS),
    "safe": tuple(_SAFE),
    "exclude": re.compile(r"[^\"]+"),
    "exact": ("yes", "no"),
}
_FACETS: Final = (("sort", "top"), ("sort", "time"))

_SIZES: Final = ("o", "k", "l", "c", "z")
"""Original, 2,048, 1,024, 800 and 640 pixels, best first; owners may keep the larger ones back."""
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
    keyword = '"' + query.keyword.replace('"', " ") + '"' if query.filter("exact") == "yes" else query.keyword
    without = [f"-{word.lstrip('-')}" for word in query.filter("exclude").split() if word.strip("-")]
    given = {
        "text": " ".join((keyword, *without)),
        "sort": _SORTS[query.filter("sort") or "relevance"],
        "content_type": _TYPES.get(query.filter("type"), ""),
        "safe_search": _SAFE.get(query.filter("safe"), ""),
        "media": "photos",
        "extras": _EXTRAS,
    }
    asked = {name: value for name, value in given.items() if value}
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


def license_name(url: str) -> str:
    """`by-sa`, `cc0`, ... of a Creative Commons address; "" for any other."""
    match = re.search(r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)", url)
    return _NAMES.get(match[1], match[1]) if match else ""


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
        said = json_helpers.data(answer, "flickr", method)
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
    contradiction=contradiction,
    facets=_FACETS,
)
