"""Values for the tests, in the domain's words: `query("cat")`, `hit(3)`, `picture("a")`."""

from __future__ import annotations

import heapq
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from collector.model import Digest, Hit, Picture, Query, Search, SearchState, Tally
from collector.urls import url_key


def query(keyword: str = "cat", limit: int = 3, label: str = "", sources: tuple[str, ...] = ("google",)) -> Query:
    return Query(keyword, label or keyword, limit, sources)


def hit(number: int, keyword: str = "cat") -> Hit:
    url = f"http://pictures.test/{keyword}/{number}.jpg"
    return Hit(url, url_key(url), id=f"id{number}", page=f"http://page.test/{keyword}/{number}", way="rows")


def links(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Hit]]:
    """(keyword, URL) as an import takes them."""
    return ((keyword, Hit(url, url_key(url))) for keyword, url in pairs)


def changed(folder: Path, sql: str, *values: object) -> None:
    """A ledger changed behind its back, as an old version or a crash would have left it."""
    with closing(sqlite3.connect(folder / "collector.db")) as db, db:
        db.execute(sql, values)


def picture(text: str) -> Picture:
    return Picture(sha256(text.encode()).hexdigest(), "JPEG", "jpg", 640, 480, len(text))


def search(number: int, of: Query, wanted: int = 10) -> Search:
    return Search(number, of, of.sources[0], wanted)


SUMMED = ("found", "saved", "duplicate", "rejected", "failed", "skipped", "retry", "waiting", "bytes", "videos",
          "files", "video_bytes", "file_bytes", "seconds")  # fmt: skip


def digest_of(tallies: Sequence[Tally]) -> Digest:
    """What the ledger should make of these rows, by adding them up one by one."""
    reasons: Counter[str] = Counter()
    for tally in tallies:
        reasons.update(dict(tally.reasons))
    sums = {name: sum(getattr(tally, name) for tally in tallies) for name in SUMMED}
    title = "1 keyword" if len(tallies) == 1 else f"{len(tallies):,} keywords"
    limits = [tally.limit for tally in tallies if tally.limit is not None]
    limit = sum(limits) if len(limits) == len(tallies) else None
    ordered = tuple(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))
    few = len(tallies) <= 40
    again = [tally for tally in tallies if tally.waiting + tally.retry]
    return Digest(
        len(tallies),
        Tally(title, "", limit, reasons=ordered, **sums),
        tuple(tallies) if few else tuple(heapq.nlargest(20, filter(_misses, tallies), key=_missing)),
        tuple(sorted(Counter(state for tally in tallies for _, state, _ in tally.searches).items())),
        sum(
            tally.short > 0 and {state for _, state, _ in tally.searches} == {SearchState.EXHAUSTED}
            for tally in tallies
        ),
        sum(tally.short > 0 for tally in again),
        sum(tally.limit is None for tally in again),
    )


def _misses(tally: Tally) -> bool:
    return _missing(tally)[0] > 0 or any(not state.done for _, state, _ in tally.searches)


def _missing(tally: Tally) -> tuple[int, int]:
    return (tally.waiting + tally.retry if tally.limit is None else tally.short), tally.failed
