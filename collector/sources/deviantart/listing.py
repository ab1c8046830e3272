"""The site's own lists, as its pages ask for them today: a token from any page, then JSON by offset or cursor.

Reads lists and single works; builds no address of a picture and decides nothing about what is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import SearchState
from collector.sources import json_helpers
from collector.sources.contract import Web
from collector.sources.deviantart import page_state
from collector.sources.deviantart.keyword import Asked, What
from collector.sources.deviantart.works import Details, Work, details_of, of_site

HOME: Final = "https://www.deviantart.com"
WINDOW: Final = 10_000
"""Entries of one list that the site lets anybody reach, however many there are."""
PAGE: Final = 60
"""The most entries of one answer."""
_VERSION: Final = "20230710"
_TOKEN: Final = re.compile(r"""window\.__CSRF_TOKEN__\s*=\s*(['"])(.+?)\1""")
_BLOCK: Final = 300.0
"""Seconds after which the site's front (CloudFront) answers again; three minutes were seen to be too short."""
_THRESHOLDS: Final = ("user_api_threshold", "application_api_threshold")

Pages = Iterator[list[Work]]


def throttled(answer: Answer) -> float | None:
    """Seconds that an answer asks everybody to wait. The site sends no Retry-After: 0 lets the host double its own."""
    if answer.status == 403 and "Request blocked" in answer.text:
        return _BLOCK
    if answer.status in (429, 503) or any(name in answer.text[:500] for name in _THRESHOLDS):
        return 0.0
    return None


class Site:
    """Lists and works over the endpoints that the site's own pages use. One search's; not thread-safe."""

    def __init__(self, web: Web, settings: Mapping[str, Any], cookies: str) -> None:
        """`cookies`: those of an account, sent to the site alone; "" for a guest."""
        self._web, self._cookies = web, cookies
        self._home, self._rate = str(settings["home"]).rstrip("/"), float(settings["rate"])
        self._agent = str(settings["user_agent"])
        self._token = ""

    # ------------------------------------------------------------------ what can be listed

    def lists(self, asked: Asked, order: str) -> Iterator[Pages]:
        """The lists that make up what is asked for, one after the other.

        One, but for a gallery or favourites that reach beyond the window: then every folder's follows.
        """
        if asked.what in (What.TAG, What.SEARCH):
            yield self._found(asked, order)
            return
        if asked.what is What.HOME:
            yield self._browsed("dabrowse/networkbar/rfy/deviations", {}, "", by_number=True)
            return
        if asked.what is What.DAILY:
            yield self._daily(asked)
            return
        if asked.what is What.WITHIN:
            within = {"username": asked.name, "type": "gallery", "q": asked.words}
            # The endpoint knows two orders alone.
            named: dict[str, str | int] = {**within, "order": order if order == "most-recent" else "popular"}
            yield self._contents(named, asked, endpoint="search")
            return
        kind = "collection" if asked.what in (What.FAVOURITES, What.COLLECTION) else "gallery"
        part: dict[str, str | int] = {"username": asked.name, "type": kind}
        if asked.id:
            yield self._contents({**part, "folderid": asked.id}, asked)
            return
        whole = "scraps_folder" if asked.what is What.SCRAPS else "all_folder"
        reached = _Reached()
        yield self._contents({**part, whole: "true"}, asked, reached)
        if reached.window and whole == "all_folder":
            self._web.notice(f"{asked.name} has more than {WINDOW:,} works: the rest is looked for folder by folder")
            for folder in self._folders(part, asked):
                yield self._contents({**part, "folderid": folder}, asked)

    def work(self, asked: Asked) -> tuple[Work, Details]:
        """A single work. SourceError page.gone when there is none."""
        answer = self._page(f"deviation/{asked.id}")
        below = urlsplit(answer.url).path.removeprefix(urlsplit(self._home).path)  # /ann/art/Tower-900000001
        return self._single(asked.id, asked.name or below.strip("/").partition("/")[0])

    def stash(self, name: str) -> Iterator[tuple[Work, Details]]:
        """What lies in the stash under a name: one work, or everything in a folder."""
        asked, waiting = set[str](), [name]
        while waiting:
            name = waiting.pop(0)
            asked.add(name)
            old = name.startswith("2") and self._home == HOME  # folders of older days are known to sta.sh alone
            answer = self._get(f"https://sta.sh/{name}" if old else f"{self._home}/stash/{name}", None)
            _check(answer, self._home)
            names = {name, urlsplit(answer.url).path.rpartition("/")[2]}
            found = [pair for pair in page_state.works(answer.text) if pair[0].page.rpartition("/")[2] in names]
            yield from found
            further = [] if found else [one for one in page_state.stashed(answer.text) if one not in names | asked]
            if not found and not further:
                raise _unknown("a page of the stash with nothing in it that is known")
            waiting += further if len(asked) == 1 else []

    def details(self, work: Work) -> Details:
        """What the lists do not say of a work."""
        return self._single(work.id, work.author)[1]

    # ------------------------------------------------------------------ lists

    def _contents(
        self, what: dict[str, str | int], asked: Asked, reached: _Reached | None = None, endpoint: str = "contents"
    ) -> Pages:
        offset = 0
        while offset < WINDOW:
            params = {**what, "offset": offset, "limit": PAGE}
            got = self._json(f"dashared/gallection/{endpoint}", params, asked.name)
            yield _works(got, "results")
            further = got.get("nextOffset")
            # A page is short where works are hidden from guests: only `hasMore` tells the end.
            offset = further if isinstance(further, int) and further > offset else offset + PAGE
            if not got.get("hasMore") and offset < WINDOW:
                return
        if reached is not None:
            reached.window = True
        else:
            self._web.notice(f"only the first {WINDOW:,} works of folder {what.get('folderid', '')} can be reached")

    def _folders(self, what: dict[str, str | int], asked: Asked) -> Iterator[int]:
        offset = 0
        while offset < WINDOW:
            got = self._json("dashared/gallection/folders", {**what, "offset": offset, "limit": 50}, asked.name)
            for folder in _entries(got, "results"):
                for one in (folder, *json_helpers.tables(folder.get("subfolders"))):
                    if isinstance(one.get("folderId"), int):
                        yield one["folderId"]
            further = got.get("nextOffset")
            if not got.get("hasMore") or not isinstance(further, int) or further <= offset:
                return
            offset = further

    def _found(self, asked: Asked, order: str) -> Pages:
        words = f"#{asked.name}" if asked.what is What.TAG else asked.name
        page = f"tag/{quote(asked.name, safe='')}" if asked.what is What.TAG else f"search?q={quote(words)}"
        yield from self._browsed("dabrowse/search/deviations", {"q": words, "order": order}, page)

    def _browsed(self, endpoint: str, params: Mapping[str, str | int], page: str, by_number: bool = False) -> Pages:
        """A list by cursor; `by_number`: by the page's number where it gives no cursor."""
        turn: dict[str, str | int] = {}
        number, seen = 0, set[str]()
        while number < WINDOW:
            got = self._json(endpoint, {**params, **turn}, page)
            yield (works := _works(got, "deviations"))
            number, cursor = number + 1, str(got.get("nextCursor") or "")
            further = bool(got.get("hasMore", bool(cursor)))
            if not further or not works or cursor in seen or not (cursor or by_number):
                return
            seen.update([cursor] if cursor else [])
            turn = {"cursor": cursor} if cursor else {"page": number}

    def _daily(self, asked: Asked) -> Pages:
        """Today's, as their page shows them; the site tells other days to applications alone."""
        if asked.name:
            detail = "the daily deviations of a past day are given to a registered application: deviantart.client_id"
            raise SourceError(SearchState.BLOCKED, "page.denied", detail)
        page = self._page("daily-deviations").text
        works = [work for work, _ in page_state.works(page)]
        works = works or [self._single(id, name)[0] for id, name in page_state.linked(page)]
        if not works:
            raise _unknown("a page of daily deviations without works")
        yield works

    def _single(self, id: int, name: str) -> tuple[Work, Details]:
        params: dict[str, str | int] = {"deviationid": id, "username": name, "type": "art", "include_session": "false"}
        got = self._json("dadeviation/init", params, f"deviation/{id}")
        work = of_site(got)
        if work is None:
            raise _unknown("a work without a number")
        one = got.get("deviation", got)
        return work, details_of(one)

    # ------------------------------------------------------------------ asking

    def _json(self, endpoint: str, params: Mapping[str, str | int], page: str) -> Mapping[str, Any]:
        """An endpoint's answer. A token that has gone stale, which is answered with 400 or 200, is renewed once."""
        for fresh in (False, True):
            if fresh or not self._token:
                self._page(page)
            sent = {**params, "csrf_token": self._token, "da_minor_version": _VERSION}
            answer = self._get(f"{self._home}/_puppy/{endpoint}", sent)
            if not _is_stale(answer):
                break
        _check(answer, self._home)
        try:
            got = answer.json()
        except ValueError:
            raise _unknown(f"{endpoint} answered with something that is not JSON") from None
        if not isinstance(got, Mapping) or got.get("error"):
            raise _unknown(f"{endpoint} answered: {json_helpers.complaint(answer)}")
        return got

    def _page(self, path: str) -> Answer:
        """Any page of the site, for the token in it that goes with this search's cookies."""
        answer = self._get(f"{self._home}/{path}", None)
        _check(answer, self._home)
        match = _TOKEN.search(answer.text)
        if match is None:
            if len(answer.text.strip()) < 20:
                advice = "the site gives browsers alone its pages; see deviantart.user_agent"
                raise SourceError(SearchState.BLOCKED, "page.denied", advice)
            raise _unknown("a page without __CSRF_TOKEN__")
        self._token = match[2]
        return answer

    def _get(self, url: str, params: Mapping[str, str | int] | None) -> Answer:
        headers = {"User-Agent": self._agent} if self._agent else {}
        if self._cookies:
            headers["Cookie"] = "; ".join(filter(None, (self._cookies, self._web.cookies(url))))
        return self._web.get(
            Request(url, params=params or {}, headers=headers, rate=self._rate, throttled=throttled, crawl=True)
        )


def _is_stale(answer: Answer) -> bool:
    """Whether the token was refused: 400, or an error about it under a status that says that all is well."""
    if answer.status != 200 or '"error"' not in answer.text[:1000]:
        return answer.status == 400
    try:
        return json_helpers.table(answer.json()).get("error") == "invalid_request"
    except ValueError:
        return False


class _Reached:
    """Whether a list went on behind the window; known once it was walked."""

    window = False


def _works(got: Mapping[str, Any], name: str) -> list[Work]:
    entries = _entries(got, name)
    works = [work for entry in entries if (work := of_site(entry)) is not None]
    if entries and not works:
        raise _unknown(f"entries without deviationId in {name}")
    return works


def _entries(got: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    entries = got.get(name)
    if not isinstance(entries, list):
        raise _unknown(f"an answer without {name}")
    return json_helpers.tables(entries)


def _check(answer: Answer, home: str) -> None:
    """SourceError for refusals and for what is not there."""
    json_helpers.check(answer, "DeviantArt", "such artist, folder or work")
    parts = urlsplit(answer.url)
    if "/users/login" in parts.path or parts.path.endswith("/join"):
        raise SourceError(SearchState.BLOCKED, "page.denied", "DeviantArt shows this to members only")
    if parts.netloc != urlsplit(home).netloc and not (parts.hostname or "").endswith("deviantart.com"):
        advice = f"the site sent us to {parts.hostname}; see deviantart.user_agent"
        raise SourceError(SearchState.BLOCKED, "page.denied", advice)


def _unknown(what: str) -> SourceError:
    return SourceError(SearchState.LAYOUT, "page.layout", f"DeviantArt: {what}")
