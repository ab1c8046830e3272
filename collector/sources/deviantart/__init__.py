"""DeviantArt: galleries, folders, scraps, favourites, tags, searches and single works. This file is the story.

By the endpoints of the site's own pages, or by the API where a registered application is given. Takes what the
site signs and nothing else. Must not count, dedupe, wait or store: the host does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from collector.errors import SourceError, UsageError
from collector.http.user_agent import secret
from collector.model import Hit, Search
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.deviantart.keyword import ORDERS, Asked, What, label, parse, work_id
from collector.sources.deviantart.listing import Pages, Site
from collector.sources.deviantart.oauth import Api
from collector.sources.deviantart.works import Details, Work, hits

_SETTINGS: Final[Mapping[str, Value]] = {
    "home": "https://www.deviantart.com",
    "client_id": "",
    "client_secret": "",
    "cookies": "",
    "user_agent": "",
    "originals": False,
    "details": True,
    "downloads": True,
    "mature": True,
    "only_new": True,
    "since": "",
    "rate": 0.5,
    "api_rate": 3.0,
}
"""client_id, client_secret: of a registered application (or DEVIANTART_CLIENT_ID and DEVIANTART_CLIENT_SECRET): the
API is asked then; cookies: of an account (or DEVIANTART_COOKIES), sent to the site alone; user_agent: "" is the
program's own; originals: take what is behind the download button also when it is no picture; details: look at each
new work for its tags, licence, download and further pictures; downloads: spend the API's weekly downloads; mature:
ask the API for mature works too; only_new: stop where the last whole walk began; since: a work or a date at which
to stop; rate, api_rate: requests a second to the site and to the API, 0 for no limit."""

_FILTERS: Final[Mapping[str, Choices]] = {"order": ORDERS}
_ORDERED: Final = (What.TAG, What.SEARCH, What.WITHIN)

_NEWEST_FIRST: Final = frozenset((What.GALLERY, What.SCRAPS))
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]+)?")


def validate_keyword(keyword: str) -> str | None:
    """What is wrong with a keyword; None when nothing is."""
    try:
        parse(keyword)
    except ValueError as error:
        return str(error)
    return None


def default_label(keyword: str) -> str:
    """A folder per artist, tag or search."""
    return label(parse(keyword))


def search(search: Search, web: Web) -> Iterator[Hit]:
    """Hits in the order of the list. UsageError for a keyword or setting that cannot be meant."""
    try:
        asked = parse(search.query.keyword)
    except ValueError as error:
        raise UsageError(f"deviantart: {error}") from None
    settings = web.settings
    site = Site(web, settings, secret(settings, "cookies", "DEVIANTART_COOKIES"))
    originals = bool(settings["originals"])
    if asked.what is What.WORK:
        yield from hits(*site.work(asked), originals)
        return
    if asked.what is What.STASH:
        for work, details in site.stash(asked.name):
            yield from hits(work, details, originals)
        return
    order = _order(search, asked, web)
    client = (secret(settings, "client_id", "DEVIANTART_CLIENT_ID"),
              secret(settings, "client_secret", "DEVIANTART_CLIENT_SECRET"))  # fmt: skip
    api = Api(web, settings, client) if all(client) and Api.knows(asked, order) else None
    end = _end(str(settings["since"]), asked, order)
    looker = _Looker(search, site, api, bool(settings["details"]))
    for pages in api.lists(asked) if api else site.lists(asked, order):
        yield from _walk(pages, looker, end, originals, _stops(search, asked, order, settings))


# --------------------------------------------------------------------------- one list


def _walk(pages: Pages, looker: _Looker, end: End, originals: bool, known_end: frozenset[str]) -> Iterator[Hit]:
    """The hits of one list, until it ends or there is nothing new behind."""
    for works in pages:
        kept: list[Work] = []
        for work in works:
            if end.exactly(work):
                yield from looker.look(kept, originals)
                return
            if not end.behind(work):
                kept.append(work)
        yield from looker.look(kept, originals)
        pictures = [work for work in works if not work.text]
        if pictures and known_end.issuperset(work.key for work in pictures):
            return
        if end.newest_first and works and not kept:
            return


class _Looker:
    """Looks at single works where that is wanted and was not done in an earlier run."""

    def __init__(self, search: Search, site: Site, api: Api | None, wanted: bool) -> None:
        self._known, self._site, self._api, self._wanted = search.known, site, api, wanted

    def look(self, works: list[Work], originals: bool) -> Iterator[Hit]:
        """The hits of one page's works."""
        if self._api is not None:
            asked = [work for work, new in zip(works, self._new(works), strict=True) if new]
            details = dict(zip((work.id for work in asked), self._api.details(asked), strict=True))
            for work in works:
                yield from hits(work, details.get(work.id, Details()), originals)
            return
        for work, new in zip(works, self._new(works), strict=True):
            yield from hits(work, self._details(work) if new else Details(), originals)

    def _details(self, work: Work) -> Details:
        try:
            return self._site.details(work)
        except SourceError as error:
            if error.reason != "page.gone":
                raise
            return Details()  # taken down since it was listed: its pictures may still be there

    def _new(self, works: list[Work]) -> list[bool]:
        """Which to look at. The last known one before a new one too: an earlier run may have stopped inside of it."""
        known = [work.key in self._known for work in works]
        settled = [this and behind for this, behind in zip(known, [*known, False][1:], strict=True)]
        plain = [work.text or work.skip_reason is not None for work in works]
        return [self._wanted and not was and not bare for was, bare in zip(settled, plain, strict=True)]


# --------------------------------------------------------------------------- where to stop


@dataclass(frozen=True, slots=True)
class End:
    """The user's own stop point."""

    id: int = 0
    date: str = ""
    newest_first: bool = False
    """The list is in the order of time: then a work that was deleted since stops it as well, by its number."""

    def exactly(self, work: Work) -> bool:
        """Whether this is the very work to stop at, in a list of any other order."""
        return not self.newest_first and bool(self.id) and work.id == self.id

    def behind(self, work: Work) -> bool:
        """Whether the work is at the stop point or older; numbers grow with time."""
        if self.id:
            return self.newest_first and work.id <= self.id
        return bool(self.date) and bool(work.published) and work.published < self.date


def _end(since: str, asked: Asked, order: str) -> End:
    newest = asked.what in _NEWEST_FIRST or (asked.what in _ORDERED and order == "most-recent")
    if not since:
        return End()
    if _DATE.fullmatch(since):
        return End(date=since, newest_first=newest)
    if number := work_id(since):
        return End(id=number, newest_first=newest)
    raise UsageError(f"deviantart.since = {since!r}: a work's address or number, or a date such as 2024-05-18")


def _stops(search: Search, asked: Asked, order: str, settings: Mapping[str, Any]) -> frozenset[str]:
    """A whole page of these keys is the end: in lists that grow at their beginning, what the last whole walk knew."""
    grows = asked.what in (*_NEWEST_FIRST, What.FAVOURITES) or order == "most-recent"
    return search.known_before if search.complete and grows and settings["only_new"] else frozenset()


def _order(search: Search, asked: Asked, web: Web) -> str:
    """The site's name of the order, for tags and searches; "" for lists that have their artist's."""
    order = search.query.filter("order")
    if asked.order and order and order != asked.order:
        raise UsageError(f"deviantart: the address says order={asked.order}, the filter order={order}; remove one")
    if asked.what in _ORDERED:
        return {"": "most-recent", "newest": "most-recent"}.get(found := order or asked.order, found)
    if order not in ("", "newest"):
        web.notice(
            f"{search.query.keyword}: order={order} is for tags and searches; an artist's works come newest first"
        )
    return ""


SOURCE: Final = Source(
    search=search,
    about="DeviantArt: galleries of artists, tags, searches, daily deviations, single works",
    keyword="an artist, a folder, ann/gallery?q=..., favourites, tag:..., search:..., daily-deviations, home or a work",
    settings=_SETTINGS,
    filters=_FILTERS,
    incremental=True,
    unlimited=True,
    example="tag:fantasy",
    validate_keyword=validate_keyword,
    default_label=default_label,
)
