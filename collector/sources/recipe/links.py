"""Where a page leads: addresses that may be followed, and what comes next in a listing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from collector.sources.recipe import select
from collector.sources.recipe.select import Document
from collector.sources.recipe.values import Follow, Next
from collector.sources.recipe.walk_state import QueuedPage
from collector.urls import hostname, resolved


def targets(
    follow: Follow, texts: list[str], document: Document, domains: tuple[str, ...], own: tuple[str, ...] = ()
) -> list[str]:
    """The addresses among the texts of a rule's links that may be followed; `own` hosts always may."""
    found = []
    for text in texts:
        url = resolved(text, document.base)
        near = hostname(url) in own or (within(url, domains) and within(url, follow.domains))
        if hostname(url) and near and follow.fits(url):
            found.append(url)
    found = list(dict.fromkeys(found))
    return found[: follow.most] if follow.most else found


def following(
    paging: Next, page: QueuedPage, document: Document, new: int, domains: tuple[str, ...], own: tuple[str, ...] = ()
) -> Iterator[tuple[int | None, str]]:
    """(value of the counted parameter, address) of the pages that come next; `new`: what no page before had."""
    if paging.link is not None:
        texts = select.texts(paging.link, document.root, document, {})
        for url in targets(paging.link, texts, document, domains, own):
            yield None, url
    elif paging.cursor is not None:
        for text in select.texts(paging.cursor, document.root, document, {})[:1]:
            yield None, _with(page.url, paging.param, text)
    elif paging.last is not None:
        here = _number(page, paging)
        last = next(iter(select.texts(paging.last, document.root, document, {})), "")
        if here == _first(page, paging) and re.fullmatch(r"[0-9]{1,9}", last):
            for number in range(here + paging.step, min(int(last), here + 100_000) + 1, paging.step):
                yield number, _with(page.url, paging.param, str(number))
    elif new:  # Nothing new is the end: past it, sites show an empty page or the last one again.
        number = _number(page, paging) + paging.step
        yield number, _with(page.url, paging.param, str(number))


def within(url: str, domains: tuple[str, ...]) -> bool:
    """Whether a URL is of one of the domains or below them; of any when there are none."""
    host = hostname(url)
    return not domains or any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _with(url: str, param: str, value: str) -> str:
    """The URL with one parameter of its query set; the others stay as they are written."""
    parts = urlsplit(url)
    kept = [piece for piece in parts.query.split("&") if piece and parse_qsl(piece, True)[0][0] != param]
    return parts._replace(query="&".join([*kept, urlencode({param: value})])).geturl()


def _number(page: QueuedPage, paging: Next) -> int:
    return page.number if page.number is not None else _first(page, paging)


def _first(page: QueuedPage, paging: Next) -> int:
    stated = parse_qs(urlsplit(page.url).query).get(paging.param, [""])[0]
    return int(stated) if re.fullmatch(r"\d{1,9}", stated) and page.number is None else paging.first
