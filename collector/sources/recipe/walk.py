"""Walks a site as a recipe says: pages in, hits out, in the site's order, several pages under way at once.

Reads pages only. It neither waits nor tries again nor stores: the Web it is lent does.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import Hit, SearchState
from collector.sources.contract import Web
from collector.sources.recipe import hits as making
from collector.sources.recipe import links, select
from collector.sources.recipe.frontier import Frontier, Stop
from collector.sources.recipe.report import Report
from collector.sources.recipe.select import NotThis, Page
from collector.sources.recipe.values import Pick, Recipe

FAILURES: Final = 10
"""Pages in a row that may fail before the walk is given up."""
GONE: Final = (404, 410)
UNKNOWN: Final = 5
"""Pages of a kind in a row, before any was recognised, after which the site has changed."""


@dataclass(slots=True)
class _Met:
    """What a page turned out to have."""

    items: int = 0
    links: int = 0
    new: int = 0
    """Of both, those that no page before had."""
    known: bool = False
    """Whether a field, or a link of its kind, shows that the page is the right one."""

    @property
    def anything(self) -> bool:
        return bool(self.items or self.known)


class Walk:
    """One walk; `hits` is to be called once."""

    def __init__(self, recipe: Recipe, web: Web, connections: int, own_hosts: tuple[str, ...] = ()) -> None:
        """`own_hosts` may be asked whatever the recipe's domains are: the site that stands in for the real one."""
        self._recipe, self._web = recipe, web
        self._most = 1 if recipe.manners.render else connections or recipe.manners.connections
        self._domains = (*recipe.domains, *own_hosts) if recipe.domains else ()
        self._frontier = Frontier(recipe, ahead=4 * self._most)
        self.report = Report(recipe.name)
        self._under_way: deque[Stop] = deque()
        self._pictures: set[str] = set()
        self._recognised: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._failed_in_a_row = 0
        self._broken: SourceError | None = None
        """What a later walk may get that this one did not."""

    def hits(self) -> Iterator[Hit]:
        """Every picture; SourceError at the end when a part of the site was not to be had."""
        for number, url in enumerate(self._recipe.start):
            self._frontier.add(Stop(url, self._recipe.states[0], ((float(number), 0),)))
        for answer in self._answers():
            stop = self._under_way.popleft()
            yield from self._seen(stop, answer)
        if self._frontier.capped:
            self.report.note("stopped at max_pages", f"{self._recipe.max_pages:,}")
        if changed := [name for name in self._unknown if not self._recognised[name]]:
            raise SourceError(SearchState.LAYOUT, "page.layout", f"no page of the kind {changed[0]} was as expected")
        if self._broken is not None:
            raise self._broken

    # ------------------------------------------------------------------ asking

    def _feed(self) -> Iterator[Request | None]:
        while True:
            stop = self._frontier.take()
            if stop is not None:
                self._under_way.append(stop)
                yield self._request(stop.url)
            elif self._under_way:
                yield None
            else:
                return

    def _request(self, url: str) -> Request:
        manners = self._recipe.manners
        return Request(url, headers=dict(manners.headers), rate=manners.rate, crawl=manners.robots)

    def _answers(self) -> Iterator[Answer | SourceError]:
        if self._recipe.manners.render:
            return self._rendered()
        return self._web.get_all(self._feed(), self._most)

    def _rendered(self) -> Iterator[Answer | SourceError]:
        browser = self._web.browser
        for request in self._feed():
            if request is None:
                return
            try:
                plain = self._web.get(request)  # A browser tells no status, and obeys no robots.txt.
                if not 200 <= plain.status < 300:
                    yield plain
                    continue
                browser.open(request.url)
            except SourceError as error:
                yield error
                continue
            html = browser.html()
            yield Answer(browser.address(), 200, {}, html.encode(), html)

    # ------------------------------------------------------------------ looking

    def _seen(self, stop: Stop, answer: Answer | SourceError) -> Iterator[Hit]:
        if isinstance(answer, SourceError) or not 200 <= answer.status < 300:
            yield from self._failed(stop, answer)
            return
        self._failed_in_a_row = 0
        self.report.pages += 1
        try:
            page = select.page(answer.text or answer.body.decode("utf-8", "replace"), answer.url, stop.state.json)
        except NotThis:
            self._not_as_expected(stop)
            return
        if self._is_short(stop, page):
            self._frontier.add(replace(stop, again=True))
            return
        met = _Met()
        found = list(self._items(stop, page, met))
        if stop.state.items is not None:
            self._links(stop, page, page.root, None, met)
        if not met.anything:
            yield from self._nothing(stop, page)
            return
        self._recognised[stop.state.name] += 1
        yield from found
        self._turn(stop, page, met)

    def _items(self, stop: Stop, page: Page, met: _Met) -> Iterator[Hit]:
        """The hits of a page; its links per item are entered on the way."""
        state = stop.state
        scopes = select.scopes(state.items, page.root) if state.items is not None else [page.root]
        carried = dict(stop.carried)
        for scope in scopes:
            item = making.read(state, scope, page, carried)
            own = any(item.values[field.name] for field in state.fields if _looks(field.picks))
            met.known = met.known or own
            met.items += state.items is not None
            self._links(stop, page, scope, item, met)
            if state.picture is not None:
                yield from self._taken(stop, page, item, met, own)

    def _taken(self, stop: Stop, page: Page, item: making.Read, met: _Met, own: bool) -> Iterator[Hit]:
        for name in item.required:
            self.report.note(f"left out for want of {name}", page.url)
        if item.required:
            return
        if not item.pictures:
            if own and stop.state.items is None:
                self.report.note("pages without a picture", page.url)
                carried = {name: ", ".join(texts) for name, texts in item.values.items() if texts}
                yield making.lost(page.url, carried, "its page shows no picture", stop.parent)
            elif own:
                self.report.note("items without a picture", page.url)
            return
        for name in item.empty:
            self.report.note(f"pictures without {name}", page.url)
        for hit in making.hits(self._recipe, item, page, stop.parent):
            met.items += stop.state.items is None
            if hit.key in self._pictures:
                self.report.note("pictures that another page has shown already", page.url)
            else:
                self._pictures.add(hit.key)
                self.report.pictures += 1
                met.new += 1
            yield hit

    def _links(self, stop: Stop, page: Page, scope: object, item: making.Read | None, met: _Met) -> None:
        """Enter what an item of a page leads to; without an item, what the page itself leads to beside them."""
        if stop.depth >= self._recipe.max_depth:
            return
        values = item.values if item is not None else {}
        carried = tuple((name, ", ".join(texts)) for name, texts in values.items() if texts) or stop.carried
        for follow in stop.state.follow:
            if stop.state.items is not None and follow.whole_page != (item is None):
                continue
            texts = select.texts(follow.pick, scope, page, {})
            met.known = met.known or bool(texts)
            for url in links.targets(follow, texts, page, self._domains):
                met.links += 1
                place = (*stop.place, (float(met.links), 0))
                on = Stop(url, self._recipe.state(follow.to), place, stop.depth + 1, carried, page.url)
                met.new += self._frontier.add(on)

    # ------------------------------------------------------------------ turning over

    def _turn(self, stop: Stop, page: Page, met: _Met) -> None:
        """Enter the pages that come next in the same listing."""
        paging = stop.state.next
        if paging is None:
            return
        last = stop.place[-1]
        for count, (number, url) in enumerate(links.following(paging, stop, page, met.new, self._domains), start=1):
            place = (*stop.place[:-1], (last[0], last[1] + count))
            on = Stop(url, stop.state, place, stop.depth, stop.carried, page.url, number)
            self._frontier.add(on, (stop.place, met.links) if count == 1 else None)

    def _is_short(self, stop: Stop, page: Page) -> bool:
        """Whether it has less than a full page of its kind although another follows, or may: some sites falter."""
        state, paging = stop.state, stop.state.next
        if not state.full or stop.again or paging is None:
            return False
        if state.items is not None:
            count = len(select.scopes(state.items, page.root))
        else:
            count = sum(len(select.texts(follow.pick, page.root, page, {})) for follow in state.follow)
        return 0 < count < state.full and any(True for _ in links.following(paging, stop, page, 1, self._domains))

    # ------------------------------------------------------------------ losses

    def _failed(self, stop: Stop, answer: Answer | SourceError) -> Iterator[Hit]:
        error = answer if isinstance(answer, SourceError) else _refusal(answer)
        is_start = not stop.parent
        if error.reason == "page.rate_limited" or (is_start and len(self._recipe.start) == 1):
            raise error
        if error.reason == "page.gone" and stop.number is not None and stop.state.next and not stop.state.next.last:
            return  # Counted on until there is no such page.
        why = error.detail.partition(": ")[2] or error.detail
        self.report.note(f"pages that failed ({why[:60]})", stop.url)
        if error.reason in ("page.gone", "policy.robots"):
            self._failed_in_a_row = 0
        else:
            self._failed_in_a_row += 1
        if error.reason != "policy.robots" and (error.reason != "page.gone" or stop.state.leads_on):
            self._broken = _at_the_end(error)
        if self._failed_in_a_row >= FAILURES:
            raise error
        if stop.state.picture is not None and stop.state.items is None and error.reason == "page.gone":
            yield making.lost(stop.url, dict(stop.carried), why, stop.parent)

    def _nothing(self, stop: Stop, page: Page) -> Iterator[Hit]:
        state = stop.state
        if state.empty is not None and select.scopes(state.empty, page.root):
            self._recognised[state.name] += 1
            return
        if stop.number is not None or (stop.parent and state.next is not None and state.next.param):
            return  # Past the last page of a listing.
        if state.items is not None and select.is_empty_list(state.items, page.root):
            self._recognised[state.name] += 1
            return
        self._not_as_expected(stop)
        if stop.parent and state.picture is not None and state.items is None:
            yield making.lost(stop.url, dict(stop.carried), "its page is not as expected", stop.parent)

    def _not_as_expected(self, stop: Stop) -> None:
        name = stop.state.name
        self._unknown[name] += 1
        self.report.note(f"pages of the kind {name} that are not as expected", stop.url)
        if not self._recognised[name] and (not stop.parent or self._unknown[name] >= UNKNOWN):
            raise SourceError(SearchState.LAYOUT, "page.layout", f"nothing of {name} is there: {stop.url[:160]}")


def _looks(picks: tuple[Pick, ...]) -> bool:
    """Whether a field is read off the page, and so says that the page is the right one."""
    return any(pick.way in ("css", "xpath", "json") for pick in picks)


def _refusal(answer: Answer) -> SourceError:
    text = f"{urlsplit(answer.url).netloc}: HTTP {answer.status}"
    if answer.status in GONE:
        return SourceError(SearchState.FAILED, "page.gone", text)
    if answer.status == 401:
        return SourceError(SearchState.BLOCKED, "page.denied", text)
    if answer.status in (403, 429, 451):
        return SourceError(SearchState.BLOCKED, "page.blocked", text)
    return SourceError(SearchState.UNREACHABLE, "page.unreachable", text)


def _at_the_end(error: SourceError) -> SourceError:
    detail = f"some pages were not to be had; what was found is kept ({error.detail[:120]})"
    return SourceError(error.state, error.reason, detail)
