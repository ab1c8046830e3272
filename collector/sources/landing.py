"""The way to a picture when an engine tells only its page and a small copy: the page is read, and of its pictures the
one is taken that looks like the copy. Needs nothing more of the engine, and serves every one.

Names and claimed sizes decide which pictures are looked at first; the look alone decides which one is it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final
from urllib.parse import unquote

from collector.errors import SourceError
from collector.http.contract import Answer, Pages, Request
from collector.images.likeness import SAME, Sight, likeness, sight
from collector.images.sniff import Unusable, decode_data, is_data
from collector.model import Hit
from collector.sources.page import http_page, markup
from collector.sources.page.candidates import Figure, claim, left_out, merged
from collector.urls import url_key

RATE: Final = 4.0
"""Pages a second at one host."""
LOOKED_AT: Final = 24
"""Pictures of one page that are looked at, most likely ones first."""
_AT_A_TIME: Final = 4
_PAGE_SECONDS: Final = 20.0
"""For one page, all tries together, and for one of its pictures."""
_AS_GOOD: Final = 0.03
"""Likeness by which editions of one picture may differ."""
_LEAST_SIDE: Final = 50
_LONGEST_COPY: Final = 4_000_000
_ACCEPT: Final = {"Accept": "image/avif,image/webp,image/*;q=0.9,*/*;q=0.5"}


@dataclass(frozen=True, slots=True)
class Lost:
    """A picture whose address the engine does not tell."""

    id: str
    page: str
    """The page that shows it: a true address."""
    copy: bytes
    """Its small copy."""
    title: str = ""
    width: int = 0
    height: int = 0
    """Pixels of the original as the engine claims them; 0 is unknown."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """The picture on its page."""

    id: str
    url: str
    width: int
    height: int
    likeness: float


def completed(hits: Iterable[Hit], web: Pages) -> Iterator[Hit]:
    """Hits of any engine in their order; one without an address (`url` is "") gets that of the picture on its page that
    looks like its thumbnail, and is left out when there is none."""
    listed = list(hits)
    lost = [
        Lost(str(at), hit.page, small_copy(hit.thumbnail_url, web), hit.title, hit.width, hit.height)
        for at, hit in enumerate(listed)
        if not hit.url
    ]
    found = {one.id: one for one in recover(lost, web)} if lost else {}
    for at, hit in enumerate(listed):
        if hit.url:
            yield hit
        elif one := found.get(str(at)):
            yield replace(hit, url=one.url, key=url_key(one.url), way="page", width=one.width, height=one.height)


def recover(lost: Sequence[Lost], web: Pages) -> Iterator[Recovered]:
    """What is found of the lost, in their order. A page or picture that cannot be had costs itself only."""
    pages = web.get_all(
        [Request(one.page, rate=RATE, crawl=True, within=_PAGE_SECONDS) for one in lost], most=_AT_A_TIME
    )
    for one, answer in zip(lost, pages, strict=False):
        if isinstance(answer, SourceError) or not 200 <= answer.status < 300:
            continue
        copy = _sight(one.copy)
        if copy is not None and (found := _on_page(one, copy, answer, web)):
            yield found


def small_copy(address: str, web: Pages) -> bytes:
    """The bytes behind the address of a small copy, which may be a data: URL; b"" when they cannot be had."""
    try:
        if is_data(address):
            return decode_data(address, _LONGEST_COPY)
        answer = web.get(Request(address, headers=_ACCEPT, within=_PAGE_SECONDS))
    except (SourceError, Unusable):
        return b""
    return answer.body if answer.status == 200 else b""


def _on_page(one: Lost, copy: Sight, answer: Answer, web: Pages) -> Recovered | None:
    """The best of the page's pictures that look like the copy."""
    if http_page.kind(answer) == "picture":
        return _chosen(one, copy, [(answer.url, answer)])
    if http_page.kind(answer) != "page":
        return None
    sights = markup.read(answer.text, answer.url)
    figures = [
        figure for figure in merged([*sights.figures, *sights.heads]) if not left_out(figure, _LEAST_SIDE, icons=False)
    ]
    figures.sort(key=lambda figure: _promise(figure, one), reverse=True)
    urls = list(islice((figure.candidates[0].url for figure in figures), LOOKED_AT))
    answers = web.get_all(
        [Request(url, headers=_ACCEPT, crawl=True, within=_PAGE_SECONDS) for url in urls], most=_AT_A_TIME
    )
    return _chosen(one, copy, zip(urls, answers, strict=False))


def _chosen(one: Lost, copy: Sight, pictures: Iterable[tuple[str, Answer | SourceError]]) -> Recovered | None:
    """The largest of those that fit nearly as well as the best one. Looks no further than a perfect one."""
    fitting: list[Recovered] = []
    for url, answer in pictures:
        seen = None if isinstance(answer, SourceError) or answer.status != 200 else _sight(answer.body)
        score = likeness(copy, seen) if seen is not None else 0.0
        if seen is None or not score:
            continue
        fitting.append(Recovered(one.id, url, seen.width, seen.height, score))
        if score >= SAME and (seen.width, seen.height) == (one.width, one.height):
            break
    if not fitting:
        return None
    best = max(found.likeness for found in fitting)
    same = [found for found in fitting if found.likeness >= best - _AS_GOOD]
    return max(same, key=lambda found: ((found.width, found.height) == (one.width, one.height), found.width))


def _sight(body: bytes) -> Sight | None:
    try:
        return sight(body)
    except Unusable:
        return None


def _promise(figure: Figure, one: Lost) -> tuple[int, float]:
    """How likely a figure is the picture, by what is known without asking: its claimed size, then its words."""
    width, height = claim(figure)
    fits = one.width > 0 and width > 0 and abs(width / max(height, 1) - one.width / max(one.height, 1)) < 0.05
    exact = (width, height) == (one.width, one.height)
    words = _words(one.title)
    told = _words(f"{unquote(figure.candidates[0].url)} {figure.title}")
    return 2 * exact + fits, len(words & told) / max(len(words), 1)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"\w+", text.casefold()) if len(word) > 2)
