"""The state of a walk: which page is asked for next, and what was lost. Pure."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from collector.sources.recipe.values import Recipe
from collector.urls import url_key

Order = tuple[tuple[float, int], ...]
"""Where a page stands in the walk: (number of the link, number of the page of a listing) for each page that leads to
it. A listing's next page comes after all that the one before leads to."""

EXAMPLES = 3
"""Of a kind of loss."""
LONGEST = 120
"""Characters of an example."""


@dataclass(frozen=True, slots=True)
class QueuedPage:
    """A page to be asked for."""

    url: str
    kind: str
    order: Order
    depth: int = 0
    """Links followed to come here, paging not counted."""
    carried: tuple[tuple[str, str], ...] = ()
    """What the pages before said about it, as (field, value)."""
    parent: str = ""
    number: int | None = None
    """What the counted parameter is here, where there is one."""
    again: bool = False
    """Whether it was asked before and came short."""


class PageQueue:
    """Pages in the order of the site: what a page leads to comes before what comes after it, as one would read it.

    But the next page of a listing is asked for `ahead` places early, so that nobody waits for it.
    """

    def __init__(self, recipe: Recipe, ahead: int) -> None:
        self._most, self._ahead = recipe.head.max_pages, ahead
        self._heap: list[tuple[Order, int, QueuedPage]] = []
        self._seen: set[str] = set()
        self._count = 0
        self.taken = 0
        self.capped = False
        """Whether pages were left out because there are too many."""

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, page: QueuedPage, after: tuple[Order, int] | None = None) -> bool:
        """Whether it is new; a page is asked for once. `after`: (order, links) of the page that it is the next of."""
        key = f"{page.kind} {url_key(page.url)}"
        if key in self._seen and not page.again:
            return False
        self._seen.add(key)
        self._count += 1
        at = (*after[0], (max(0, after[1] - self._ahead) + 0.5, 0)) if after else page.order
        heapq.heappush(self._heap, (at, self._count, page))
        return True

    def take(self) -> QueuedPage | None:
        """The next one; None when there is none, or when the recipe's most pages were taken."""
        if not self._heap:
            return None
        if self.taken >= self._most:
            self.capped = True
            self._heap.clear()
            return None
        self.taken += 1
        return heapq.heappop(self._heap)[2]


class Losses:
    """Counts with a few examples each."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.pages = self.pictures = 0
        self._lost: Counter[str] = Counter()
        self._where: defaultdict[str, list[str]] = defaultdict(list)

    def note(self, what: str, where: str) -> None:
        """One more of a kind of loss."""
        self._lost[what] += 1
        if len(self._where[what]) < EXAMPLES:
            self._where[what].append(where if len(where) <= LONGEST else f"{where[: LONGEST - 3]}...")

    def count(self, what: str) -> int:
        """How many of a kind."""
        return self._lost[what]

    @property
    def losses(self) -> int:
        """Of all kinds."""
        return sum(self._lost.values())

    def lines(self) -> Iterator[str]:
        """One about everything, and one per kind of loss; none when nothing was lost."""
        if not self._lost:
            return
        yield f"{self._name}: {self.pages:,} pages read, {self.pictures:,} pictures; what was lost follows"
        for what, count in self._lost.most_common(12):
            more = ", ..." if count > len(self._where[what]) else ""
            yield f"{self._name}: {what}: {count:,} ({', '.join(self._where[what])}{more})"
