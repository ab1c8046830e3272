"""One open query while it is worked on: what waits, what is under way, what is still missing. Decides nothing."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from collector.crawl.merge import Merge
from collector.ledger import KnownSearch, OpenQuery
from collector.model import Task

PATIENCE = 5.0
"""Seconds after which a download no longer counts on: another URL is tried in its place."""


@dataclass(slots=True, eq=False)
class Job:
    """One open query while it is worked on."""

    query: OpenQuery
    saved: int
    found: int
    searches: dict[int, KnownSearch]
    """By number, with their state as it is now."""
    pending: deque[Task] = field(default_factory=deque)
    loaded: int = 0
    """The last URL (its number) that was taken from the ledger."""
    more: bool = True
    """Whether the ledger may have more URLs of it to do."""
    flying: dict[int, tuple[float, Task]] = field(default_factory=dict)
    """Downloads under way: number of the URL -> (when it was started, task)."""
    delayed: int = 0
    searching: int = 0
    left_over: bool = False
    """Something of it stays for a later run."""
    varied: set[str] = field(default_factory=set)
    """Variations that were tried, as source and filter."""
    merge: Merge | None = None
    """Where URLs wait when several sources are asked; `pending` then holds only those that are tried again."""
    fresh: dict[int, Task] = field(default_factory=dict)
    """Number of a URL -> what its source says of it since it was taken from the ledger."""

    @property
    def asked(self) -> list[KnownSearch]:
        """The searches that the present run asks for, as they stand now."""
        return [search for search in self.searches.values() if search.asked]

    @property
    def short(self) -> float:
        """Pictures still missing; of everything, there are always some."""
        limit = self.query.query.limit
        return math.inf if limit is None else max(0, limit - self.saved)

    @property
    def waiting(self) -> bool:
        """Whether URLs in memory wait for their turn."""
        return bool(self.pending) or bool(self.merge)

    def drained(self) -> list[Task]:
        """All URLs in memory that wait; they wait no longer."""
        tasks = [*self.pending, *(self.merge.drain() if self.merge is not None else ())]
        self.pending.clear()
        return tasks

    def hopeful(self, now: float) -> int:
        """Downloads under way that do not take suspiciously long yet. They lie in the order they were started in."""
        late = 0
        for started, _ in self.flying.values():
            if now - started < PATIENCE:
                break
            late += 1
        return len(self.flying) - late


@dataclass(frozen=True, slots=True)
class PlannedSearch:
    """A search that waits for a browser; what the ledger knows by then is not settled yet."""

    job: Job
    search: KnownSearch
    extra: int | None
    """How many URLs it should add; None: all there are."""
