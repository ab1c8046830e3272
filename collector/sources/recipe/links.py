"""Where a page leads: addresses that may be followed, and what comes next in a listing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from collector.sources.recipe import select
from collector.sources.recipe.frontier import Stop
from collector.sources.recipe.select import Page
from collector.sources.recipe.values import Follow, Next
from collector.urls import hostname, resolved


def targets(follow: Follow, texts: list[str], page: Page, domains: tuple[str, ...]) -> list[str]:
    """The addresses among the texts of a rule's links that may be followed."""
    found = []
    for text in texts:
        url = resolved(text, page.base)
        if not hostname(url) or (follow.include and not follow.include.search(url)):
            continue
        if follow.exclude and follow.exclude.search(url):
            continue
        if _within(url, domains) and _within(url, follow.domains):
            found.append(url)
    found = list(dict.fromkeys(found))
    return found[: follow.most] if follow.most else found


def following(
    paging: Next, stop: Stop, page: Page, new: int, domains: tuple[str, ...]
) -> Iterator[tuple[int | None, str]]:
    """(value of the counted parameter, address) of the pages that come next; `new`: what no page before had."""
    if paging.link is not None:
        texts = select.texts(paging.link.pick, page.root, page, {})
        for url in targets(paging.link, texts, page, domains):
            yield None, url
    elif paging.cursor is not None:
        for text in select.texts(paging.cursor, page.root, page, {})[:1]:
            yield None, _with(stop.url, paging.param, text)
    elif paging.last is not None:
        here = _number(stop, paging)
        last = next(iter(select.texts(paging.last, page.root, page, {})), "")
        if here == _first(stop, paging) and last.isdecimal():
            for number in range(here + paging.step, min(int(last), here + 100_000) + 1, paging.step):
                yield number, _with(stop.url, paging.param, str(number))
    elif new:  # Nothing new is the end: past it, sites show an empty page or the last one again.
        number = _number(stop, paging) + paging.step
        yield number, _with(stop.url, paging.param, str(number))


def _within(url: str, domains: tuple[str, ...]) -> bool:
    host = hostname(url)
    return not domains or any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _with(url: str, param: str, value: str) -> str:
    """The URL with one parameter of its query set; the others stay as they are written."""
    parts = urlsplit(url)
    kept = [piece for piece in parts.query.split("&") if piece and parse_qsl(piece, True)[0][0] != param]
    return parts._replace(query="&".join([*kept, urlencode({param: value})])).geturl()


def _number(stop: Stop, paging: Next) -> int:
    return stop.number if stop.number is not None else _first(stop, paging)


def _first(stop: Stop, paging: Next) -> int:
    stated = parse_qs(urlsplit(stop.url).query).get(paging.param, [""])[0]
    return int(stated) if re.fullmatch(r"\d{1,9}", stated) and stop.number is None else paging.first
