"""Openverse: openly licensed pictures of many collections, each with licence, creator and a ready attribution.

Facts: api.openverse.org/v1, docs.openverse.org. Keeps to its terms: no more pages than it gives, no more haste.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta

from collector.errors import SourceError
from collector.http.contract import Request
from collector.http.user_agent import secret, user_agent
from collector.model import Hit, Licence, Query, Search, SearchState
from collector.sources import json_helpers
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.filter_table import FilterTable
from collector.sources.json_helpers import number, table, text, unknown, web_address
from collector.sources.licences import ONE_OR_SEVERAL, contradiction, fitting
from collector.sources.pasted import ResultPage
from collector.urls import url_key

HOME: Final = "https://api.openverse.org"
_SETTINGS: Final[Mapping[str, Value]] = {
    "home": HOME,
    "page_size": 20,
    "pages": 20,
    "rate": 0.33,
    "client_rate": 1.6,
    "contact": "",
    "client_id": "",
    "client_secret": "",
}
"""page_size: at most 20 without a registered client; pages: how deep, Openverse's own bound is 20; rate, client_rate:
requests a second at the real one, without a registered client (20 a minute and 200 a day) and with one (100 and
10,000); contact: who runs this; client_id, client_secret: "" takes OPENVERSE_CLIENT_ID and OPENVERSE_CLIENT_SECRET,
if any."""

_ASKED: Final = {
    "rights": {
        "creative-commons": "license_type=all-cc|license_type=all",
        "commercial": "license_type=commercial",
        "modification": "license_type=modification",
        "commercial-modification": "license_type=commercial,modification|license_type=modification,commercial",
    },
    "size": {**{name: f"size={name}" for name in ("large", "medium", "small")}, "icon": "size=small"},
    "aspect": {name: f"aspect_ratio={name}" for name in ("square", "tall", "wide")},
    "type": {
        "photo": "category=photograph",
        "illustration": "category=illustration",
        "artwork": "category=digitized_artwork",
    },
    "extension": {name: f"extension={name}" for name in ("jpg", "png", "gif", "webp")},
    "safe": {"on": "", "off": "mature=true"},
}
_TABLE: Final = FilterTable(
    {**_ASKED, "license": {"{licenses}": "license={licenses}"}, "provider": {"{providers}": "source={providers}"}}
)
_FILTERS: Final[Mapping[str, Choices]] = {
    **_TABLE.choices(),
    "rights": (*_ASKED["rights"], "public-domain"),
    "license": ONE_OR_SEVERAL,
}
_RESULT_PAGE: Final = ResultPage(
    place=re.compile(
        r"(?:(?:www|api|search)\.)?(?:openverse\.(?:org|engineering)|wordpress\.org/openverse|creativecommons\.org)"
        r"/(?:search(?:/image)?|v1/images)/?",
        re.IGNORECASE,
    ),
    table=_TABLE,
    names={"categories": "category={}", "includeSensitiveResults": "mature={}"},
    ignored=re.compile(r"(?:page|page_size|format|referrer|utm_\w+)=.*|mature=false", re.IGNORECASE),
)
"""license: see `licences.ONE_OR_SEVERAL`; provider: collections such as flickr, wikimedia, met (its `source`)."""
_FACETS: Final = (("size", "large"), ("size", "medium"), ("aspect", "tall"))

_SEPARATORS: Final = re.compile(r"[|,; ]+")


def search(search: Search, web: Web) -> Iterator[Hit]:
    """Hits page by page, to the last page or the deepest that is given. SourceError for what is no result page."""
    settings = web.settings
    home = str(settings["home"]).rstrip("/")
    headers = {"User-Agent": user_agent(settings), "Accept": "application/json"}
    authorization = _authorization(web, home, headers)
    rate = float(settings["client_rate" if authorization else "rate"]) if home == HOME else 0.0
    headers |= authorization
    asked = parameters(search.query)
    if asked.get("license") == "":
        return  # no licence is what the filters want
    for page in range(1, int(settings["pages"]) + 1):
        deeper = {**asked, "page": page, "page_size": int(settings["page_size"])}
        answer = web.get(Request(f"{home}/v1/images/", params=deeper, headers=headers, rate=rate))
        if page > 1 and answer.status in (400, 401, 403, 404):
            web.notice(f"openverse gives no more than {page - 1} pages here: {json_helpers.complaint(answer)}")
            return
        found, pages = parse(json_helpers.data(answer, "openverse"))
        _check_providers(found, str(asked.get("source", "")))
        yield from found
        if page >= pages:
            return


def parameters(query: Query) -> dict[str, str | int]:
    """What is asked for, but for the page. `license` is there and empty when none can fit."""
    rights, license = query.filter("rights"), query.filter("license")
    named = bool(license) or rights == "public-domain"
    asked: dict[str, str | int] = {"q": query.keyword}
    asked |= _TABLE.parameters(query, (name for name in _ASKED if not (named and name == "rights")))
    if provider := query.filter("provider"):
        asked["source"] = ",".join(_SEPARATORS.split(provider))
    if named:
        asked["license"] = ",".join(fitting(rights, license))
    return asked


def parse(answer: Any) -> tuple[list[Hit], int]:
    """The hits of one page in its order, and how many pages there are. SourceError page.layout when it is none."""
    page = table(answer)
    results = page.get("results")
    if not isinstance(results, list) or not isinstance(page.get("page_count"), int):
        unknown("openverse", "no results and page_count")
    hits = [hit for result in json_helpers.tables(results) if (hit := _hit(result)) is not None]
    if results and not hits:
        unknown("openverse", "results without addresses")
    return hits, number(page, "page_count")


def _check_providers(found: list[Hit], asked: str) -> None:
    """SourceError when pictures of others came: the interface passes over names that it does not know."""
    named = set(asked.casefold().split(",")) if asked else set()
    strangers = sorted({hit.site for hit in found if hit.site.casefold() not in named})
    if named and strangers:
        unknown("openverse", f"asked for provider {asked}, it brought {', '.join(strangers)[:60]}: an unknown name?")


def _hit(result: Mapping[str, Any]) -> Hit | None:
    url = web_address(text(result, "url"))
    if not url:
        return None
    return Hit(
        url=url,
        key=url_key(url),
        id=text(result, "id"),
        page=web_address(text(result, "foreign_landing_url")),
        title=text(result, "title"),
        site=text(result, "source", "provider"),
        width=number(result, "width"),
        height=number(result, "height"),
        thumbnail_url=web_address(text(result, "thumbnail")),
        way="api",
        licence=_licence(result),
        fields=tuple((name, value) for name, value in _known(result) if value),
    )


def _licence(result: Mapping[str, Any]) -> Licence:
    creator = text(result, "creator")
    return Licence(
        url=web_address(text(result, "license_url")),
        page=web_address(text(result, "foreign_landing_url")),
        creators=(creator,) if creator else (),
        credit=text(result, "attribution"),
    )


def _known(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "license", " ".join(filter(None, (text(result, "license"), text(result, "license_version"))))
    yield "creator_url", web_address(text(result, "creator_url"))
    yield "provider", text(result, "provider")
    yield "category", text(result, "category")
    yield "filetype", text(result, "filetype")
    yield "bytes", text(result, "filesize")
    yield "mature", "yes" if result.get("mature") is True else ""
    yield (
        "tags",
        ", ".join(name for tag in json_helpers.tables(result.get("tags")) if (name := text(tag, "name")))[:1000],
    )


def _authorization(web: Web, home: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The header of a registered client; nothing for those who have none."""
    name = secret(web.settings, "client_id", "OPENVERSE_CLIENT_ID")
    word = secret(web.settings, "client_secret", "OPENVERSE_CLIENT_SECRET")
    if not name or not word:
        return {}
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": word}
    answer = web.get(Request(f"{home}/v1/auth_tokens/token/", form=form, headers=headers))
    if answer.status in (400, 401, 403):
        raise SourceError(
            SearchState.BLOCKED, "page.denied", "openverse does not know this client_id and client_secret"
        )
    token = text(table(json_helpers.data(answer, "openverse")), "access_token")
    if not token:
        unknown("openverse", "a token answer without a token")
    return {"Authorization": f"Bearer {token}"}


SOURCE: Final = Source(
    search=search,
    about="Openverse: openly licensed pictures of many collections",
    settings=_SETTINGS,
    kinds={"page_size": Annotated[int, Meta(ge=1, le=500)], "pages": Annotated[int, Meta(ge=1, le=1000)]},
    filters=_FILTERS,
    result_page=_RESULT_PAGE,
    contradiction=contradiction,
    facets=_FACETS,
)
