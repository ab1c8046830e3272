"""What a show has seen so far, in numbers. Prints nothing; the ledger, not this, has the truth."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from collector.errors import counted
from collector.model import (
    Duplicate,
    Event,
    Failed,
    Found,
    Noticed,
    Query,
    Rejected,
    Saved,
    SearchEnded,
    SearchStarted,
    Skipped,
)

Clock = Callable[[], float]
"""Seconds; only differences count."""

WINDOW: Final = 10.0
"""Seconds over which a rate is measured."""


class Counts:
    """Totals of one run, and the pace of the last ten seconds."""

    def __init__(self, keywords: int, wanted: int | None, clock: Clock, searched: int = 0, saved: int = 0) -> None:
        self.keywords = keywords
        self.wanted = wanted
        self.searched = float(searched)
        """Keywords; one of whose two sources has answered counts half."""
        self.urls = 0
        self.saved = saved
        self.bytes = 0
        """Of the pictures saved by this run."""
        self.duplicate = self.rejected = self.failed = self.later = self.skipped = 0
        self.searching: dict[int, str] = {}
        """Keywords under search, longest under way first."""
        self._ended: set[int] = set()
        """Searches that have ended once."""
        self._clock = clock
        self._recent: deque[tuple[float, int]] = deque()
        self._started = clock()

    def take(self, event: Event) -> None:
        """Count one event."""
        match event:
            case Found():
                self.urls += 1
            case SearchStarted(search):
                self.searching[search.id] = search.query.keyword
            case SearchEnded(search):
                self.searching.pop(search.id, None)
                if search.id not in self._ended:  # One that is searched on ends again.
                    self._ended.add(search.id)
                    self.searched += 1 / max(1, len(search.query.sources))
            case Saved():
                self.saved += 1
                self.bytes += event.picture.bytes
                self._recent.append((self._clock(), event.picture.bytes))
            case Duplicate():
                self.duplicate += 1
            case Rejected():
                self.rejected += 1
            case Failed(retry=True):
                self.later += 1
            case Failed():
                self.failed += 1
            case Skipped():
                self.skipped += 1
            case _:
                pass

    def rates(self) -> tuple[float, float]:
        """(pictures, megabytes) a second, lately."""
        now = self._clock()
        while self._recent and self._recent[0][0] < now - WINDOW:
            self._recent.popleft()
        seconds = max(1.0, min(WINDOW, now - self._started))
        return len(self._recent) / seconds, sum(size for _, size in tuple(self._recent)) / seconds / 1e6

    def searches_text(self) -> str:
        """Such as `3/12 keywords, 1,204 URLs`."""
        done = int(min(self.searched, self.keywords or self.searched) + 1e-6)
        total = f"/{self.keywords:,}" if self.keywords else ""
        return f"{done:,}{total} keywords, {counted(self.urls, 'URL')}"

    def pictures_text(self) -> str:
        """Such as `118/240 saved, 12.3/s, 4.1 MB/s`."""
        total = f"/{self.wanted:,}" if self.wanted else ""
        pace, volume = self.rates()
        return f"{self.saved:,}{total} saved, {pace:.1f}/s, {volume:.1f} MB/s"

    def time_text(self) -> str:
        """Such as `38.4 MB, 0:31, 0:10 left`: what came, how long it took, how long it may take at the present pace."""
        parts = [f"{self.bytes / 1e6:,.1f} MB", clock_text(self._clock() - self._started)]
        pace = self.rates()[0]
        if self.wanted and pace and self.wanted > self.saved:
            parts.append(f"{clock_text((self.wanted - self.saved) / pace)} left")
        return ", ".join(parts)

    def others_text(self) -> str:
        """Such as `5 duplicate, 3 rejected`; only what there is."""
        parts = {
            "duplicate": self.duplicate,
            "rejected": self.rejected,
            "failed": self.failed,
            "to retry": self.later,
            "not needed": self.skipped,
        }
        return ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)


def clock_text(seconds: float) -> str:
    """Such as `0:31` or `2:05:09`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass(slots=True)
class _Pictures:
    """How one keyword's pictures stand in this run."""

    keyword: str
    limit: int | None
    sources: int
    """Searches of it that have not ended."""
    searches: list[int] = field(default_factory=list)
    found: int = 0
    saved: int = 0
    others: int = 0

    def over(self) -> bool:
        """True when it has all it wants, or everything that was found has an outcome."""
        enough = self.limit is not None and self.saved >= self.limit
        return enough or (self.sources <= 0 and self.saved + self.others >= self.found)


class Finishing:
    """Notices when a keyword has its pictures. Forgets it then, so that a million keywords fit."""

    def __init__(self) -> None:
        self._of_query: dict[Query, _Pictures] = {}
        self._of_search: dict[int, tuple[Query, _Pictures]] = {}

    def take(self, event: Event) -> str:
        """The line for the keyword that this event finishes, else ""."""
        match event:
            case SearchStarted(search):
                query = search.query
                new = _Pictures(query.keyword, query.limit, len(query.sources))
                pictures = self._of_query.setdefault(query, new)
                pictures.searches.append(search.id)
                self._of_search[search.id] = (query, pictures)
                return ""
            case SearchEnded(search) | Found(search):
                number = search.id
            case Noticed():
                return ""
            case _:
                number = event.task.search_id
        query_pictures = self._of_search.get(number)
        return self._counted(event, *query_pictures) if query_pictures else ""

    def _counted(self, event: Event, query: Query, pictures: _Pictures) -> str:
        match event:
            case Found():
                pictures.found += 1
                return ""
            case SearchEnded():
                pictures.sources -= 1
            case Saved():
                pictures.saved += 1
            case _:
                pictures.others += 1
        if not pictures.over():
            return ""
        del self._of_query[query]
        for number in pictures.searches:
            del self._of_search[number]
        if pictures.limit is None:
            return f'"{pictures.keyword}" is done: {pictures.saved:,} saved'
        return f'"{pictures.keyword}" has {pictures.saved:,} of {pictures.limit:,} pictures'
