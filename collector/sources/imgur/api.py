"""imgur's three interfaces: which address answers what, quotas, refusals. Parses nothing and builds no hits.

Addresses: api.imgur.com and its /post/v1, which the website uses; `old` are those of 2017, for archives of them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.http.user_agent import secret
from collector.model import SearchState
from collector.sources import json_helpers
from collector.sources.contract import Web
from collector.sources.imgur import parse
from collector.sources.imgur.keyword import Asked, Kind
from collector.sources.imgur.parse import Post

HOME: Final = "https://api.imgur.com"
SITE: Final = "https://imgur.com"
VARIABLE: Final = "IMGUR_CLIENT_ID"
OVER_CAPACITY: Final = 600.0
"""Seconds to wait when imgur is over capacity, or the quota used up: what long-lived clients of it wait."""
_FAILED: Final = re.compile(rb'"success"\s*:\s*false')
AT_ONCE: Final = 4
"""Albums asked for at a time."""
FEW: Final = 20
"""Credits left at which the user is told."""


class Api:
    """Asks imgur for one search."""

    def __init__(self, web: Web) -> None:
        """UsageError for an unknown `imgur.api`; SourceError page.denied when there is no client id."""
        settings = web.settings
        self._web, self._kind = web, str(settings["api"])
        self._home = str(settings["home"]).rstrip("/")
        self.real = self._home == HOME
        self._rate = float(settings["rate"])
        self._headers = self._authorized(secret(settings, "client_id", VARIABLE))
        self._told = self._paged = False

    @property
    def old(self) -> bool:
        """Whether the addresses of 2017 are asked."""
        return self._kind == "old"

    def page(self, asked: Asked, page: int, parameters: Mapping[str, str]) -> list[Post] | None:
        """The posts of one page of a feed, from 0; None when there is no such page behind the first."""
        if asked.folder:
            return self._folder(asked, page)
        answer = self._get(self._feed(asked, page), parameters)
        if page and answer.status == 404:
            return None
        return parse.posts(_told(answer, parse.SITE, f"{asked.kind} {asked.name}"), self._list_kind)

    def _folder(self, asked: Asked, page: int) -> list[Post]:
        """A page of one folder of favorites. Its number goes behind the address as clients of 2026 have it, or into the
        path as in all other lists: an empty answer to the one is believed when the other is empty, too."""
        whole = self._feed(asked, page)
        answer = self._get(whole, {"page": str(page), "sort": "newest"})
        posts = [] if answer.status == 404 else parse.posts(_told(answer, parse.SITE, "such folder"))
        if posts or (page and not self._paged):
            return posts
        other = self._get(f"{whole}/{page}")
        if answer.status == other.status == 404 and not page:
            _told(other, parse.SITE, f"folder {asked.folder} of {asked.name}")
        found = [] if other.status == 404 else parse.posts(_told(other, parse.SITE, "such folder"))
        self._paged = bool(found)
        return found

    def album(self, hash: str) -> Post:
        """An album with all its files; SourceError page.gone when there is none."""
        return self._album(hash, self._get(self._album_path(hash)))

    def albums(self, hashes: Iterable[str]) -> Generator[tuple[str, Post | SourceError], None, None]:
        """Albums in this order, a few under way at once. Hashes are taken as they are needed, some ahead."""
        asked: deque[str] = deque()

        def requests() -> Iterator[Request]:
            for hash in hashes:
                asked.append(hash)
                yield self._request(self._album_path(hash))

        came = self._web.get_all(requests(), AT_ONCE)
        try:
            for answer in came:
                hash = asked.popleft()
                try:
                    yield hash, answer if isinstance(answer, SourceError) else self._album(hash, self._seen(answer))
                except SourceError as error:
                    yield hash, error
        finally:
            if isinstance(came, Generator):  # Nothing stays under way for a search that has enough.
                came.close()

    def _album_path(self, hash: str) -> str:
        if self.old:
            return f"/ajaxalbums/getimages/{hash}/hit.json"
        return f"/post/v1/albums/{hash}?{_INCLUDE}" if self._kind == "post" else f"/3/album/{hash}"

    def _album(self, hash: str, answer: Answer) -> Post:
        found = parse.album(_told(answer, parse.SITE, f"album {hash}"), self._kind)
        if found.whole or self._kind != "v3":
            return found
        listed = parse.album(self._json(f"/3/album/{hash}/images", f"album {hash}"))
        return max(found, listed, key=lambda post: len(post.files))

    def picture(self, hash: str) -> Post:
        """One file; SourceError page.gone when there is none."""
        if self._kind == "post":
            return parse.single(self._json(f"/post/v1/media/{hash}?{_INCLUDE}", f"picture {hash}"), "post")
        if self.old:  # nothing tells about it, and the server gives its file for any extension
            return Post(hash, False, (parse.File(hash, "jpg"),), 1)
        return parse.single(self._json(f"/3/image/{hash}", f"picture {hash}"))

    def gallery(self, hash: str) -> Post:
        """An album or a file, whichever the hash is."""
        if self._kind == "post":
            post = parse.is_album(self._json(f"/post/v1/posts/{hash}", f"post {hash}"))
            return self.album(hash) if post else self.picture(hash)
        try:
            found = self.album(hash)
        except SourceError as error:
            if error.reason != "page.gone":
                raise
            return self.picture(hash)
        return self.picture(hash) if self.old and not found.files else found

    # ------------------------------------------------------------------ asking

    @property
    def _list_kind(self) -> str:
        """The website's own interface is not known to have lists: v3 gives them."""
        return "old" if self.old else "v3"

    def _feed(self, asked: Asked, page: int) -> str:
        name = quote(asked.name, safe="")
        order = "".join(f"/{part}" for part in (asked.sort, asked.window) if part)
        if self.old:
            if asked.kind is not Kind.SUBREDDIT:
                detail = f"the old addresses have no {asked.kind}; set imgur.api=v3"
                raise SourceError(SearchState.FAILED, "page.gone", detail)
            order = order.replace("/time", "/new") or "/new"
            return f"/r/{name}{order}/page/{page}/hit.json"
        return {
            Kind.SUBREDDIT: f"/3/gallery/r/{name}{order}/{page}",
            Kind.TAG: f"/3/gallery/t/{name}{order}/{page}",
            Kind.SEARCH: f"/3/gallery/search{order}/{page}",
            Kind.USER: f"/3/account/{name}/submissions/{page}",
            Kind.FAVORITES: f"/3/account/{name}/folders/{asked.folder}/favorites"
            if asked.folder
            else f"/3/account/{name}/gallery_favorites/{page}",
        }[asked.kind]

    def _json(self, path: str, what: str) -> Any:
        return _told(self._get(path), parse.SITE, what)

    @property
    def _base(self) -> str:
        return SITE if self.old and self.real else self._home

    def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> Answer:
        return self._seen(self._web.get(self._request(path, parameters or {})))

    def _request(self, path: str, parameters: Mapping[str, str] = MappingProxyType({})) -> Request:
        return Request(self._base + path, dict(parameters), self._headers, rate=self._rate, throttled=throttled)

    def _authorized(self, client_id: str) -> dict[str, str]:
        if self.old:
            return {}
        if not client_id and self.real:
            detail = f"imgur wants a client id: put yours into {VARIABLE} or imgur.client_id, or set imgur.api=old"
            raise SourceError(SearchState.BLOCKED, "page.denied", detail)
        return {"Authorization": f"Client-ID {client_id}"} if client_id else {}

    def _seen(self, answer: Answer) -> Answer:
        """The answer; the user is told once when few more will be given."""
        left = credits_left(answer)
        if left is not None and left <= FEW and not self._told:
            self._told = True
            self._web.notice(f"imgur: {left} requests are left before it asks to come back later")
        return answer


_INCLUDE: Final = "include=media,tags,account"


def _status(answer: Answer) -> int:
    """The status of an answer, or the one inside it where it says `"success": false` under 200."""
    if answer.status != 200 or not _FAILED.search(answer.body):
        return answer.status
    try:
        said = json_helpers.table(answer.json())
    except ValueError:
        return answer.status
    inside = json_helpers.number(said, "status")
    return (inside if inside >= 400 else 400) if said.get("success") is False else answer.status


def _told(answer: Answer, site: str, what: str) -> Any:
    """The JSON of a good answer, see `json_helpers.data`."""
    return json_helpers.data(replace(answer, status=_status(answer)), site, what)


def credits_left(answer: Answer) -> int | None:
    """How many requests may still be made, by user (address) or client; None when the answer does not say."""
    names = ("x-ratelimit-userremaining", "x-ratelimit-clientremaining")
    said = [int(value) for name in names if (value := answer.headers.get(name, "")).isdecimal()]
    return min(said) if said else None


def throttled(answer: Answer) -> float | None:
    """429, and what says "over capacity", ask for ten minutes unless they name a time; 503 is the host's."""
    over = b"over capacity" in answer.body[:4096].lower() and _status(answer) != 200
    if answer.status == 429 or over:
        wait = answer.headers.get("retry-after", "")
        return max(1.0, float(wait)) if wait.isdecimal() and wait != "0" else OVER_CAPACITY
    return 0.0 if answer.status == 503 else None
