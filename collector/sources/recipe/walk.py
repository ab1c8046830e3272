"""Walks a site as a recipe says: pages in, hits out, in the site's order, several pages under way at once.

Reads pages only. It neither waits nor tries again nor stores: the Web it is lent does.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from collector.errors import SourceError
from collector.http.contract import Answer, Request
from collector.model import Hit, SearchState
from collector.sources.contract import Web
from collector.sources.recipe import hits as making
from collector.sources.recipe import links, select
from collector.sources.recipe.select import Document, NotThis
from collector.sources.recipe.values import PageKind, Recipe
from collector.sources.recipe.walk_state import Losses, PageQueue, QueuedPage
from collector.urls import hostname, origin

FAILURES: Final = 10
"""Pages in a row that may fail before the walk is given up."""
GONE: Final = (404, 410)
FOR_ALL: Final = frozenset(("accept", "accept-language", "user-agent"))
"""Headers, in lower case, that any host may see."""
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

    def __init__(
        self, recipe: Recipe, web: Web, headers: Mapping[str, str], connections: int, own_hosts: tuple[str, ...] = ()
    ) -> None:
        """`headers` are sent to the recipe's own origins alone. `own_hosts` may be asked whatever the recipe's domains
        are: the site that stands in for the real one."""
        self._recipe, self._web, self._headers = recipe, web, headers
        self._origins = frozenset(map(origin, recipe.start))
        self._most = 1 if recipe.head.render else connections or recipe.head.connections
        self._near = recipe.head.domains, own_hosts
        self._queue = PageQueue(recipe, ahead=4 * self._most)
        self.losses = Losses(recipe.name)
        self._under_way: deque[QueuedPage] = deque()
        self._pictures: set[str] = set()
        self._recognised: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._failed_in_a_row = 0
        self._broken: SourceError | None = None
        """What a later walk may get that this one did not."""

    def hits(self) -> Iterator[Hit]:
        """Every picture; SourceError at the end when a part of the site was not to be had."""
        for number, url in enumerate(self._recipe.start):
            self._queue.add(QueuedPage(url, self._recipe.first, ((float(number), 0),)))
        for answer in self._answers():
            page = self._under_way.popleft()
            yield from self._seen(page, answer)
        if self._queue.capped:
            self.losses.note("stopped at max_pages", f"{self._recipe.head.max_pages:,}")
        if changed := [name for name in self._unknown if not self._recognised[name]]:
            raise SourceError(SearchState.LAYOUT, "page.layout", f"no page of the kind {changed[0]} was as expected")
        if self._broken is not None:
            raise self._broken

    # ------------------------------------------------------------------ asking

    def _feed(self) -> Iterator[Request | None]:
        while True:
            page = self._queue.take()
            if page is not None:
                self._under_way.append(page)
                yield self._request(page.url)
            elif self._under_way:
                yield None
            else:
                return

    def _request(self, url: str) -> Request:
        """A page's request. Links may lead anywhere, and what a recipe is let in by is not for every host."""
        head = self._recipe.head
        listed = hostname(url) in head.hosts and (url.startswith("https:") or self._recipe.start[0].startswith("http:"))
        own = listed or origin(url) in self._origins
        headers = {name: text for name, text in self._headers.items() if own or name.lower() in FOR_ALL}
        return Request(url, headers=headers, rate=head.rate, crawl=head.robots and not head.api)

    def _kind(self, page: QueuedPage) -> PageKind:
        return self._recipe.kinds[page.kind]

    def _answers(self) -> Iterator[Answer | SourceError]:
        if self._recipe.head.render:
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

    def _seen(self, page: QueuedPage, answer: Answer | SourceError) -> Iterator[Hit]:
        if isinstance(answer, SourceError) or not 200 <= answer.status < 300:
            yield from self._failed(page, answer)
            return
        self._failed_in_a_row = 0
        self.losses.pages += 1
        try:
            text = answer.text or answer.body.decode("utf-8", "replace")
            document = select.document(text, answer.url, self._kind(page).json)
        except NotThis:
            self._not_as_expected(page)
            return
        if self._is_short(page, document):
            self._queue.add(replace(page, again=True))
            return
        met = _Met()
        found = list(self._items(page, document, met))
        if self._kind(page).items is not None:
            self._links(page, document, document.root, None, met)
        if not met.anything:
            yield from self._nothing(page, document)
            return
        self._recognised[page.kind] += 1
        yield from found
        self._turn(page, document, met)

    def _items(self, page: QueuedPage, document: Document, met: _Met) -> Iterator[Hit]:
        """The hits of a page; its links per item are entered on the way."""
        kind = self._kind(page)
        scopes = select.scopes(kind.items, document.root) if kind.items is not None else [document.root]
        carried = dict(page.carried)
        for scope in scopes:
            item = making.read(kind, scope, document, carried)
            own = any(item.values[name] for name, field in kind.fields.items() if field.reads_page)
            met.known = met.known or own
            met.items += kind.items is not None
            self._links(page, document, scope, item, met)
            if kind.picture is not None:
                yield from self._taken(page, document, item, met, own)

    def _taken(self, page: QueuedPage, document: Document, item: making.Item, met: _Met, own: bool) -> Iterator[Hit]:
        for name in item.required:
            self.losses.note(f"left out because {name} is missing", document.url)
        if item.required:
            return
        if not item.pictures:
            if own and self._kind(page).items is None:
                self.losses.note("pages without a picture", document.url)
                carried = {name: ", ".join(texts) for name, texts in item.values.items() if texts}
                yield making.lost(document.url, carried, "its page shows no picture", page.parent)
            elif own:
                self.losses.note("items without a picture", document.url)
            return
        for name in item.empty:
            self.losses.note(f"pictures without {name}", document.url)
        for hit in making.hits(self._recipe, item, document, page.parent):
            met.items += self._kind(page).items is None
            if hit.key in self._pictures:
                self.losses.note("pictures that another page has shown already", document.url)
            else:
                self._pictures.add(hit.key)
                self.losses.pictures += 1
                met.new += 1
            yield hit

    def _links(self, page: QueuedPage, document: Document, scope: object, item: making.Item | None, met: _Met) -> None:
        """Enter what an item of a page leads to; without an item, what the page itself leads to beside them."""
        if page.depth >= self._recipe.head.max_depth:
            return
        values = item.values if item is not None else {}
        carried = tuple((name, ", ".join(texts)) for name, texts in values.items() if texts) or page.carried
        for follow in self._kind(page).follow:
            if self._kind(page).items is not None and follow.whole_page != (item is None):
                continue
            texts = select.texts(follow, scope, document, {})
            met.known = met.known or bool(texts)
            for url in links.targets(follow, texts, document, *self._near):
                met.links += 1
                place = (*page.order, (float(met.links), 0))
                on = QueuedPage(url, follow.to, place, page.depth + 1, carried, document.url)
                met.new += self._queue.add(on)

    # ------------------------------------------------------------------ turning over

    def _turn(self, page: QueuedPage, document: Document, met: _Met) -> None:
        """Enter the pages that come next in the same listing."""
        paging = self._kind(page).next
        if paging is None:
            return
        last = page.order[-1]
        for count, (number, url) in enumerate(links.following(paging, page, document, met.new, *self._near), start=1):
            place = (*page.order[:-1], (last[0], last[1] + count))
            on = QueuedPage(url, page.kind, place, page.depth, page.carried, document.url, number)
            self._queue.add(on, (page.order, met.links) if count == 1 else None)

    def _is_short(self, page: QueuedPage, document: Document) -> bool:
        """Whether it has less than a full page of its kind although another follows, or may: some sites falter."""
        kind, paging = self._kind(page), self._kind(page).next
        if not kind.full or page.again or paging is None:
            return False
        if kind.items is not None:
            count = len(select.scopes(kind.items, document.root))
        else:
            count = sum(len(select.texts(follow, document.root, document, {})) for follow in kind.follow)
        return 0 < count < kind.full and any(True for _ in links.following(paging, page, document, 1, *self._near))

    # ------------------------------------------------------------------ losses

    def _failed(self, page: QueuedPage, answer: Answer | SourceError) -> Iterator[Hit]:
        error = answer if isinstance(answer, SourceError) else _refusal(answer)
        is_start = not page.parent
        if error.reason == "page.rate_limited" or (is_start and len(self._recipe.start) == 1):
            raise error
        kind = self._kind(page)
        if error.reason == "page.gone" and page.number is not None and kind.next is not None and not kind.next.last:
            return  # Counted on until there is no such page.
        why = error.detail.partition(": ")[2] or error.detail
        self.losses.note(f"pages that failed ({why[:60]})", page.url)
        if error.reason in ("page.gone", "policy.robots"):
            self._failed_in_a_row = 0
        else:
            self._failed_in_a_row += 1
        if error.reason != "policy.robots" and (error.reason != "page.gone" or kind.leads_on):
            self._broken = _at_the_end(error)
        if self._failed_in_a_row >= FAILURES:
            raise error
        if kind.picture is not None and kind.items is None and error.reason == "page.gone":
            yield making.lost(page.url, dict(page.carried), why, page.parent)

    def _nothing(self, page: QueuedPage, document: Document) -> Iterator[Hit]:
        kind = self._kind(page)
        if kind.empty is not None and select.scopes(kind.empty, document.root):
            self._recognised[page.kind] += 1
            return
        if page.number is not None or (page.parent and kind.next is not None and kind.next.param):
            return  # Past the last page of a listing.
        if kind.items is not None and select.is_empty_list(kind.items, document.root):
            self._recognised[page.kind] += 1
            return
        self._not_as_expected(page)
        if page.parent and kind.picture is not None and kind.items is None:
            yield making.lost(page.url, dict(page.carried), "its page is not as expected", page.parent)

    def _not_as_expected(self, page: QueuedPage) -> None:
        name = page.kind
        self._unknown[name] += 1
        self.losses.note(f"pages of the kind {name} that are not as expected", page.url)
        if not self._recognised[name] and (not page.parent or self._unknown[name] >= UNKNOWN):
            raise SourceError(SearchState.LAYOUT, "page.layout", f"nothing of {name} is there: {page.url[:160]}")


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
    detail = f"some pages could not be fetched; what was found is kept ({error.detail[:120]})"
    return SourceError(error.state, error.reason, detail)
