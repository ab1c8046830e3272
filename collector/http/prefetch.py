"""Asks for many pages at once and hands the answers over in the order of the requests. Knows no HTTP."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from collector.errors import SourceError
from collector.http.contract import Answer

T = TypeVar("T")
AHEAD = 2
"""Answers kept or under way per one that may be under way: a slow one holds up the order, not the others."""


def in_order(get: Callable[[T], Answer], requests: Iterable[T | None], most: int) -> Iterator[Answer | SourceError]:
    """See `Pages.get_all`; `get` is called from up to `most` threads. All of them have ended when this has."""
    coming, ended = iter(requests), False
    waiting: deque[Future[Answer]] = deque()
    over = threading.Event()

    def ask(request: T) -> Answer:
        if over.is_set():
            raise InterruptedError  # Taken from the queue while it was being cleared; nobody looks at it.
        return get(request)

    pool = ThreadPoolExecutor(most, thread_name_prefix="pages")
    try:
        while True:
            while not ended and len(waiting) < most * AHEAD:
                try:
                    request = next(coming)
                except StopIteration:
                    ended = True
                    break
                if request is None:
                    break
                waiting.append(pool.submit(ask, request))
            if not waiting:
                return
            first = waiting.popleft()
            try:
                yield first.result()
            except SourceError as error:
                yield error
    finally:
        over.set()
        pool.shutdown(wait=True, cancel_futures=True)
