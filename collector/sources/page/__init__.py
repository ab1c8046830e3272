"""Every picture of any page: over plain HTTP, and in the browser where the page needs one. This file is the story.

Must not guess what a picture shows, and must not ask for one: the fetch stage does, with all its candidates.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

from collector.errors import SourceError, UsageError, counted
from collector.http.contract import Answer, Request
from collector.model import Hit, Search, SearchState
from collector.sources.contract import Source, Value, Web
from collector.sources.page import http_page
from collector.sources.page.candidates import Candidate, Figure, Rank
from collector.sources.page.hits import Hits, Rules
from collector.sources.page.http_page import default_label, validate_keyword
from collector.urls import hostname, resolved, url_key

if TYPE_CHECKING:
    from collector.sources.page.browser_page import BrowserPage

_SETTINGS: Final[Mapping[str, Value]] = {
    "home": "",
    "browser": "auto",
    "min_side": 50,
    "icons": False,
    "videos": False,
    "data": True,
    "stylesheets": 8,
    "follow": "",
    "follow_limit": 20,
    "beside": 30.0,
    "originals": False,
}
"""home: where a keyword that is only a path is looked for; browser: auto, never or always; min_side: pictures whose
attributes claim less are left out, in pixels; icons, videos: keep them too; data: read the data in scripts;
stylesheets: how many linked sheets are read; follow: any of frames, feeds, links, one hop; follow_limit: pages that are
followed at most; beside: seconds for all sheets and followed pages together; originals: undo resizers and proxies."""
HOPS: Final = ("frames", "feeds", "links")
_ONE: Final = 10.0
"""Seconds that one sheet or followed page may take of the time for all."""
_SHEET_BYTES: Final = 4 << 20
_BYTES_BESIDE: Final = 64 << 20
"""What is read beside the page at most."""


def search(search: Search, web: Web) -> Iterator[Hit]:
    """The pictures of the page that the keyword is the address of, in the page's order."""
    follow = _checked(web.settings)
    if web.settings["browser"] == "always":
        address = http_page.addresses(search.query.keyword, str(web.settings["home"]))[0]
        yield from _in_browser(address, web, follow)
        return
    answer = http_page.fetched(search.query.keyword, web, str(web.settings["home"]))
    may_open = web.settings["browser"] == "auto"
    if http_page.is_challenge(answer):
        if not may_open:
            raise SourceError(SearchState.BLOCKED, "page.captcha", f"{hostname(answer.url)} asks for a browser")
        yield from _in_browser(answer.url, web, follow)
        return
    http_page.check(answer)
    kind = http_page.kind(answer)
    if kind == "picture":
        yield Hit(answer.url, url_key(answer.url), page=answer.url, site=hostname(answer.url), way="picture")
    elif kind == "page":
        yield from _of_page(answer, web, follow, may_open)
    elif kind == "data":
        yield from _of_data(answer, web)
    else:
        named = answer.headers.get("content-type", "something unnamed")[:60]
        raise SourceError(SearchState.LAYOUT, "page.layout", f"{hostname(answer.url)} sent no page but {named}")


def rules(settings: Mapping[str, object]) -> Rules:
    """The rules of what is kept, from the settings of this source or of `gallery`."""
    return Rules(
        int(str(settings["min_side"])), bool(settings["icons"]), bool(settings["videos"]), bool(settings["originals"])
    )


def _checked(settings: Mapping[str, object]) -> frozenset[str]:
    """The hops wanted. UsageError for a choice that does not exist."""
    follow = frozenset(filter(None, str(settings["follow"]).replace(",", " ").split()))
    if unknown := sorted(follow - set(HOPS)):
        raise UsageError(f"page.follow has {unknown[0]!r}; choices: {', '.join(HOPS)}")
    return follow


# --------------------------------------------------------------------------- over plain HTTP


def _of_page(answer: Answer, web: Web, follow: frozenset[str], may_open: bool) -> Iterator[Hit]:
    from collector.sources.page import head, markup
    from collector.sources.page.candidates import left_out, merged

    sights = markup.read(answer.text, answer.url)
    wanted = rules(web.settings)
    shown = merged(sights.figures)
    own = [one for one in shown if one.place != "css" and not left_out(one, wanted.min_side, wanted.icons)]
    if may_open and http_page.needs_browser(sights, own):
        yield from _in_browser(answer.url, web, follow)
        return
    hops = _Hops(web, answer.url, follow)
    heads = sights.heads if web.settings["data"] else [one for one in sights.heads if one.place != "data"]
    preloaded = head.header(answer.headers.get("link", ""), answer.url)
    more = [*hops.sheets(sights.sheets), *hops.frames(sights.frames), *hops.feeds(sights.feeds)]
    whole = merged([*sights.figures, *more, *heads, *preloaded])
    hits = Hits(answer.url, web.cookies, wanted)
    yield from hits.of(hops.links(whole))
    tell(web, hits, sights.blobs, sights.drawings)


def _of_data(answer: Answer, web: Web) -> Iterator[Hit]:
    """A feed, or the JSON of an interface: what it names."""
    from collector.sources.page import data, feeds

    found = feeds.read(answer.body, answer.url) or data.state(answer.text, answer.url)
    yield from Hits(answer.url, web.cookies, rules(web.settings)).of(found)


def tell(web: Web, hits: Hits, blobs: int, drawings: int = 0) -> None:
    """What was seen and is not among the hits."""
    if drawings:
        hits.left["drawings (SVG)"] += drawings
    if summary := hits.summary():
        web.notice(f"{hostname(hits.page)}: left out: {summary}")
    if blobs:
        host = hostname(hits.page)
        web.notice(f"{host}: made in the page (canvas or blob:) and without an address: {counted(blobs, 'picture')}")


class _Hops:
    """What lies one step from the page; everything is bounded, and what cannot be had is left."""

    def __init__(self, web: Web, page: str, follow: frozenset[str]) -> None:
        self._web, self._page, self._follow = web, page, follow
        self._left = int(web.settings["follow_limit"])
        self._seconds, self._bytes = float(web.settings["beside"]), _BYTES_BESIDE
        """What may still be spent on what lies beside the page."""
        self._told = False

    def sheets(self, urls: list[str]) -> list[Figure]:
        """The pictures of linked sheets, and of those that they import."""
        from collector.sources.page import css, markup

        found: list[Figure] = []
        waiting = list(dict.fromkeys(urls))
        for _ in range(int(self._web.settings["stylesheets"])):
            if not waiting:
                break
            answer = self._asked(waiting.pop(0), _SHEET_BYTES)
            if answer is None or "html" in answer.headers.get("content-type", ""):
                continue
            sheet = css.sheet(answer.text or answer.body.decode("utf-8", "replace"))
            found += markup.drawn(sheet, answer.url)
            waiting += [url for name in sheet.imports if (url := resolved(name, answer.url))]
        return found

    def frames(self, urls: list[str]) -> list[Figure]:
        """The pictures of frames of the same host."""
        from collector.sources.page import markup

        found: list[Figure] = []
        for url in dict.fromkeys(urls):
            answer = self._hop("frames", url) if hostname(url) == hostname(self._page) else None
            if answer is not None and http_page.kind(answer) == "page":
                found += markup.read(answer.text, answer.url).figures
        return found

    def feeds(self, urls: list[str]) -> list[Figure]:
        """The pictures of feeds, oEmbed answers and manifests."""
        from collector.sources.page import feeds

        found: list[Figure] = []
        for url in dict.fromkeys(urls):
            answer = self._hop("feeds", url)
            found += feeds.read(answer.body, answer.url) if answer is not None else []
        return found

    def links(self, figures: list[Figure]) -> Iterator[Figure]:
        """The figures, each that links to a page of the same host with that page's main picture before its own."""
        for one in figures:
            near = one.behind and hostname(one.behind) == hostname(self._page)
            answer = self._hop("links", one.behind) if near else None
            main = self._main(answer) if answer is not None else ()
            yield replace(one, candidates=(*main, *one.candidates)) if main else one

    def _main(self, answer: Answer) -> tuple[Candidate, ...]:
        """What a page is about: its head says so, or the picture with the largest claim does."""
        from collector.sources.page import markup
        from collector.sources.page.candidates import claim, left_out

        if http_page.kind(answer) == "picture":
            return (Candidate(answer.url, Rank.LINKED),)
        sights = markup.read(answer.text, answer.url) if http_page.kind(answer) == "page" else None
        if sights is None:
            return ()
        named = [one for one in sights.heads if one.place == "head" and not left_out(one, 50, False)]
        largest = sorted(sights.figures, key=lambda one: claim(one)[0] * claim(one)[1], reverse=True)
        large = [one for one in largest[:1] if min(claim(one)) >= 200]
        chosen = (large or named)[:1]
        return tuple(replace(c, rank=Rank.LINKED) for c in chosen[0].candidates[:2]) if chosen else ()

    def _hop(self, name: str, url: str) -> Answer | None:
        if name not in self._follow or self._left <= 0 or url == self._page:
            return None
        self._left -= 1
        return self._asked(url)

    def _asked(self, url: str, cut_at: int | None = None) -> Answer | None:
        """An answer of the second row: one that cannot be had costs its own pictures only."""
        if self._web.remaining() <= 0 or urlsplit(url).scheme not in ("http", "https") or not self._may_ask():
            return None
        began = time.monotonic()
        try:
            answer = self._web.get(Request(url, crawl=True, cut_at=cut_at, within=min(_ONE, self._seconds)))
        except SourceError:
            return None
        finally:
            self._seconds -= time.monotonic() - began
        self._bytes -= len(answer.body)
        return answer if 200 <= answer.status < 300 else None

    def _may_ask(self) -> bool:
        """Whether time and bytes are left; said once when they are not."""
        if self._seconds > 0 and self._bytes > 0:
            return True
        if not self._told:
            self._told = True
            what = "s (page.beside)" if self._seconds <= 0 else "bytes"
            most = f"{float(self._web.settings['beside']):g}" if self._seconds <= 0 else f"{_BYTES_BESIDE:,}"
            text = f"{hostname(self._page)}: style sheets and pages beside it were left out after {most} {what}"
            self._web.notice(text)
        return False


# --------------------------------------------------------------------------- in the browser


def _in_browser(address: str, web: Web, follow: frozenset[str]) -> Iterator[Hit]:
    """The pictures of the page as a browser shows it, scrolled through once."""
    from collector.sources.page.browser_page import BrowserPage

    window = BrowserPage(web.browser)
    window.open(address)
    here = window.browser.address()
    html = window.browser.html()
    if http_page.is_wall(html):
        raise SourceError(SearchState.BLOCKED, "page.captcha", f"{hostname(here)} shows a challenge in the browser too")
    yield from _seen(window, here, html, web, follow)


def _seen(window: BrowserPage, here: str, html: str, web: Web, follow: frozenset[str]) -> Iterator[Hit]:
    from collector.sources.page import markup
    from collector.sources.page.candidates import merged

    hits = Hits(here, lambda url: web.cookies(url) or window.cookies(url), rules(web.settings))
    hops = _Hops(web, here, follow)
    looked, through = window.look(), False
    while True:
        yield from hits.of(hops.links(merged(looked.figures)))
        if through or web.wanted() <= 0 or web.remaining() <= 1:
            break
        step = window.further(700, 5000)
        through = step.bottom and not step.grown
        looked = window.look()
    sights = markup.read(window.browser.html() if web.remaining() > 1 else html, here)
    heads = sights.heads if web.settings["data"] else [one for one in sights.heads if one.place != "data"]
    more = [*hops.sheets(sights.sheets), *hops.feeds(sights.feeds)]
    yield from hits.of(merged([*sights.figures, *more, *heads]))
    tell(web, hits, looked.made)


SOURCE: Final = Source(
    search=search,
    about="every picture of a web page",
    keyword="the address of a page",
    settings=_SETTINGS,
    kinds={"browser": Literal["auto", "never", "always"]},
    unlimited=True,
    needs_browser=True,
    example="https://commons.wikimedia.org/wiki/Main_Page",
    takes_addresses=True,
    validate_keyword=validate_keyword,
    default_label=default_label,
)
