"""imgur: subreddits, tags, users, searches, albums and single pictures through its interfaces, without a browser.

This file is the story; the pieces are beside it. It never loads a picture, and looks at none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any, Final, Literal

from collector.errors import SourceError
from collector.model import Hit, Query, Search, SearchState
from collector.sources.contract import Choices, Source, Value, Web
from collector.sources.filter_table import FilterTable
from collector.sources.imgur import keyword
from collector.sources.imgur.api import HOME, SITE, Api
from collector.sources.imgur.hits import FileRules, hits
from collector.sources.imgur.keyword import WINDOWS, Asked, Kind, understand
from collector.sources.imgur.parse import File, Post
from collector.sources.pasted import ResultPage

_SETTINGS: Final[Mapping[str, Value]] = {
    "home": HOME,
    "site": "",
    "files": "",
    "client_id": "",
    "api": "v3",
    "gif": "mp4",
    "videos": True,
    "rate": 5.0,
}
"""home: the interface; site, files: the website and the host of the pictures ("": imgur.com and i.imgur.com, or below
`home` when that is another); client_id: "" takes the environment variable IMGUR_CLIENT_ID; api: v3, post or old;
gif: what is taken of an animated GIF, mp4, gif or both; videos: whether uploaded videos are taken; rate: requests a
second."""

_ASKED: Final = {
    "type": {
        "jpg": "q_type=jpg",
        "png": "q_type=png",
        "gif": "q_type=gif",
        "animated": "q_type=anigif",
        "album": "q_type=album",
    },
    "size": {
        "small": "q_size_px=small",
        "medium": "q_size_px=med",
        "big": "q_size_px=big",
        "large": "q_size_px=lrg",
        "huge": "q_size_px=huge",
    },
    "exclude": {"{words}": "q_not={words}"},
}
_ORDERS: Final = {
    "sort": {"time": "sort=time", "viral": "sort=viral", "top": "sort=top|sort=score"},
    "window": {name: f"window={name}" for name in WINDOWS},
}
_TABLE: Final = FilterTable({**_ASKED, **_ORDERS})
_FILTERS: Final[Mapping[str, Choices]] = {"exact": ("yes", "no"), **_TABLE.choices()}
"""type, size, exact and exclude hold for searches; sort and window (of `top`) for searches, subreddits and tags.
Sizes are squares of pixels: small to 500, medium to 1,000, big to 2,000, large to 5,000, huge above."""
_RESULT_PAGE: Final = ResultPage(
    place=re.compile(
        r"(?:(?:www|m)\.)?imgur\.(?:com|io)/search"
        r"(?:/(?P<sort>score|relevance|time|viral|top))?(?:/(?P<window>day|week|month|year|all))?/?",
        re.IGNORECASE,
    ),
    table=_TABLE,
    words=("q", "q_all"),
    ignored=re.compile(r"(?:qs|q_size_is_mpx|page|scrolled|utm_\w+)=.*", re.IGNORECASE),
    keyword="q/{}",
)
_OF_SEARCHES: Final = ("type", "size", "exact", "exclude")


def validate_keyword(keyword: str) -> str | None:
    """What is wrong with a keyword; None when nothing is."""
    return understand(keyword).fault or None


def default_label(text: str) -> str:
    """The class of rows that name none: the subreddit's, tag's or user's name."""
    return keyword.label(understand(text))


def search(search: Search, web: Web) -> Iterator[Hit]:
    """Hits in the order of the posts, albums opened in their place. SourceError for what cannot be had."""
    asked = _ordered(understand(search.query.keyword), search.query)
    if asked.fault:
        raise SourceError(SearchState.FAILED, "page.gone", asked.fault)
    if asked.kind is not Kind.SEARCH and any(search.query.filter(name) for name in _OF_SEARCHES):
        web.notice(f"imgur: the filters {', '.join(_OF_SEARCHES)} hold for searches; {asked.kind} has none of them")
    form = file_rules(web.settings)
    if asked.extension:
        file = File(asked.name, asked.extension, animated=asked.extension == "gif")
        yield from hits(Post(asked.name, False, (file,), 1), form)
        return
    api = Api(web)
    if asked.kind.feed:
        yield from _feed(search, asked, api, form, web)
    else:
        post = {Kind.ALBUM: api.album, Kind.GALLERY: api.gallery, Kind.PICTURE: api.picture}[asked.kind](asked.name)
        yield from hits(_named(post, asked.name), form)


def file_rules(settings: Mapping[str, Any]) -> FileRules:
    """Where pages and files lie, and which are wanted."""
    home = str(settings["home"]).rstrip("/")
    site = str(settings["site"]).rstrip("/") or (SITE if home == HOME else home)
    files = str(settings["files"]).rstrip("/") or ("https://i.imgur.com" if home == HOME else f"{home}/i")
    return FileRules(files, site, str(settings["gif"]), bool(settings["videos"]))


def _feed(search: Search, asked: Asked, api: Api, form: FileRules, web: Web) -> Iterator[Hit]:
    """Page after page, until one is empty or brings no post that was not there before: imgur repeats itself."""
    parameters = _parameters(asked, search.query)
    seen: set[str] = set()
    page = 0
    while (posts := api.page(asked, page, parameters)) is not None:
        new = list({post.id: post for post in posts if post.id not in seen}.values())
        if not new:
            return
        seen.update(post.id for post in new)
        old = bool(search.known_before) and _newest_first(asked)
        for post in _opened(new, api, web):
            for hit in hits(post, form):
                old = old and hit.key in search.known_before
                yield hit
        if old:
            return  # behind a page of those that an earlier walk had to its end lie no new ones
        page += 1


def _newest_first(asked: Asked) -> bool:
    return asked.sort == "time" or (not asked.sort and asked.kind is not Kind.TAG)


def _opened(posts: list[Post], api: Api, web: Web) -> Iterator[Post]:
    """The posts with all their files, advertisements left out; albums are asked for when their turn comes."""
    with closing(api.albums(_ahead(posts, web.wanted()))) as ahead:
        for post in posts:
            if post.advertising:
                continue
            if post.whole:
                yield post
                continue
            hash, album = next(ahead, (post.id, None))
            yield _filled(post, album if hash == post.id and album is not None else _asked(api, post.id), web)


def _ahead(posts: list[Post], wanted: int) -> Iterator[str]:
    """The albums that will be opened for sure, as far as can be told: each request is one off the quota."""
    before = 0
    for post in posts:
        if before >= wanted:
            return
        if not post.advertising:
            before += max(1, post.count)
            if not post.whole:
                yield post.id


def _asked(api: Api, hash: str) -> Post | SourceError:
    try:
        return api.album(hash)
    except SourceError as error:
        return error


def _filled(post: Post, album: Post | SourceError, web: Web) -> Post:
    """A post with its album's files. One that is gone meanwhile is what the list gave of it."""
    if isinstance(album, SourceError):
        if album.reason != "page.gone":
            raise album
        album = Post(post.id, True)
    files, count = max(album.files, post.files, key=len), max(post.count, album.count)
    if len(files) < count:
        web.notice(f"imgur: album {post.id} gave {len(files)} of {count} files")
    about = post.about if post.about.author or post.about.published else album.about
    return replace(post, files=tuple(_as_part_of(file, about) for file in files), title=post.title or album.title)


def _as_part_of(file: File, about: File) -> File:
    return replace(file, author=file.author or about.author, published=file.published or about.published)


def _named(post: Post, name: str) -> Post:
    """A post that does not say its own id (the old interface's) has the one it was asked by."""
    return replace(post, id=name) if not post.id or post.id == "album" else post


def _ordered(asked: Asked, query: Query) -> Asked:
    """The order that the keyword or else a filter asks for; a window alone means `top`."""
    if asked.kind not in (Kind.SUBREDDIT, Kind.TAG, Kind.SEARCH):
        return asked
    window = asked.window or query.filter("window")
    sort = asked.sort or query.filter("sort") or ("top" if window else "")
    return replace(asked, sort=sort, window=window if sort else "")


def _parameters(asked: Asked, query: Query) -> dict[str, str]:
    """What a search says behind its address. With any q_* imgur ignores q (its documentation), so the words move."""
    if asked.kind is not Kind.SEARCH:
        return {}
    given = {"q_exactly": asked.name} if query.filter("exact") == "yes" else {}
    given |= _TABLE.parameters(query, _ASKED)
    if not given:
        return {"q": asked.name}
    return given if "q_exactly" in given else {"q_all": asked.name, **given}


SOURCE: Final = Source(
    search=search,
    about="Imgur: subreddits, tags, users, albums, searches",
    keyword="a subreddit (r/...), tag, user, album, picture, or words",
    settings=_SETTINGS,
    kinds={"api": Literal["v3", "post", "old"], "gif": Literal["mp4", "gif", "both"]},
    filters=_FILTERS,
    result_page=_RESULT_PAGE,
    incremental=True,
    example="r/funny",
    validate_keyword=validate_keyword,
    default_label=default_label,
)
