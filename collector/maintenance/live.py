"""Whether saved pictures are still on the web, and still the same bytes. Asks for them again; changes nothing."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from collector.errors import SourceError
from collector.http.contract import Answer, OpenVisit, Request, Visit
from collector.images.sniff import Unusable, identify
from collector.ledger import Ledger, Row
from collector.ledger.rows import SAVED
from collector.urls import browser_referer

ACCEPT = "image/avif,image/webp,image/*,*/*;q=0.8"
AT_ONCE = 8
"""Pictures asked for at a time, over all hosts."""
SECONDS = 120.0
"""For one picture, waiting for its host included."""
_BLOCKED = frozenset((401, 402, 403, 407, 429, 451))


class State(StrEnum):
    """How a saved picture's URL stands now."""

    ALIVE = "alive"
    """The same bytes."""
    CHANGED = "changed"
    """Another picture, or the same one in other bytes."""
    GONE = "gone"
    """404, 410, or something that is no picture."""
    BLOCKED = "blocked"
    """Refused, to be paid for, too many requests, or forbidden by robots.txt."""
    UNREACHABLE = "unreachable"
    """No answer, or one that tells nothing; it may be there tomorrow."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One picture, asked for again."""

    row: Row
    state: State
    detail: str = ""


def on_the_web(ledger: Ledger, most: int = 0) -> Iterator[Row]:
    """Saved files that came from the web, in the order of their hashes: the first so many are a sample. 0 is all."""
    came = (row for row in ledger.dataset.rows(SAVED, "hash") if row.url.startswith("http"))
    return islice(came, most or None)


def address(row: Row) -> str:
    """Where its bytes came from, which may be another URL than the one that was found."""
    return (row.attempt.via and row.attempt.final_url) or row.url


def checked(rows: Iterable[Row], open_visit: OpenVisit, rate: float) -> Generator[Checked, None, None]:
    """Ask for each, at most `rate` times a second of one host (0: no limit), and say how it stands; in their order.

    Close it, or use it up: nothing is under way afterwards.
    """
    local = threading.local()
    visits: list[Visit] = []

    def visit() -> Visit:
        if not hasattr(local, "visit"):
            local.visit = open_visit(lambda: SECONDS)
            visits.append(local.visit)
        return local.visit  # type: ignore[no-any-return]

    def one(row: Row) -> Checked:
        return _check(row, visit(), rate)

    waiting: deque[Future[Checked]] = deque()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="live") as pool:
        try:
            for row in rows:
                waiting.append(pool.submit(one, row))
                if len(waiting) >= 2 * AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            pool.shutdown(cancel_futures=True)
            for opened in visits:
                opened.close()


def _check(row: Row, visit: Visit, rate: float) -> Checked:
    headers = {"Accept": ACCEPT}
    if referer := browser_referer(row.page, address(row)):
        headers["Referer"] = referer
    try:
        answer = visit.get(Request(address(row), headers=headers, rate=rate, crawl=True))
    except SourceError as error:
        refused = error.reason in ("policy.robots", "page.rate_limited")
        return Checked(row, State.BLOCKED if refused else State.UNREACHABLE, error.detail or error.reason)
    state = _state(answer, row.sha256)
    return Checked(row, state, "" if answer.status == 200 else f"HTTP {answer.status}")


def _state(answer: Answer, sha256: str) -> State:
    if answer.status in (200, 203):
        if hashlib.sha256(answer.body).hexdigest() == sha256:
            return State.ALIVE
        try:
            identify(answer.body)
        except Unusable:
            return State.GONE
        return State.CHANGED
    if answer.status in (404, 410):
        return State.GONE
    return State.BLOCKED if answer.status in _BLOCKED else State.UNREACHABLE
