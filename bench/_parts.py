"""Where the CPU of a picture goes: one worker in this process, with a clock at the doors of its loop."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import get_ident
from typing import Any

LOOP = ("checks", "part files", "asking and receiving", "the rest of the loop")
"""The parts of a worker. Large pictures are checked, and written, in its threads: all of that is `checks`."""
GROUP = 16
"""Tasks handed in at a time."""


class Clock:
    """CPU seconds of this thread by part; what runs inside of another part counts for the inner one."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._inner, self._thread = [0.0], get_ident()

    def measured(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time noted."""

        def call(*given: Any) -> Any:
            if get_ident() != self._thread:
                return function(*given)
            self._inner.append(0.0)
            started = time.thread_time()
            try:
                return function(*given)
            finally:
                took = time.thread_time() - started
                self.spent[part] += took - self._inner.pop()
                self._inner[-1] += took

        return call


def worker(urls: list[str], folder: Path) -> Counter[str]:
    """CPU seconds of each part of a worker that fetches all URLs, as many at a time as one of two has."""
    from collector.fetch.heartbeat import Heartbeat
    from collector.fetch.messages import ORDERS, Given, Result, line
    from collector.fetch.worker import Worker
    from collector.model import Task
    from collector.settings import FetchSettings

    tasks = [Given(number, Task(number, 1, url)) for number, url in enumerate(urls, 1)]
    orders = iter([line(tasks[at : at + GROUP]) for at in range(0, len(tasks), GROUP)])
    settings = FetchSettings(allow_private=True)
    clock, done = Clock(), 0

    def deliver(results: list[Result]) -> None:
        nonlocal done
        line(results)
        before, done = done, done + len(results)
        for _ in range(done // GROUP - before // GROUP):
            loop.submit(ORDERS.decode(next(orders, line([]))))
        if done == len(tasks):
            loop.close()

    with closing(Heartbeat()) as heartbeat:
        loop: Any = Worker(settings, folder, "parts", deliver, heartbeat, settings.threads // 2, threads=2)
        doors = ((loop, "_look"), (loop, "_written"), (loop._transfers, "turn"), (loop, "run"))
        for part, (owner, name) in zip(LOOP, doors, strict=True):
            setattr(owner, name, clock.measured(part, getattr(owner, name)))
        for _ in range(-(-settings.threads // 2 // GROUP) + 1):
            loop.submit(ORDERS.decode(next(orders, line([]))))
        whole, own = time.process_time(), time.thread_time()
        loop.run()
        threads = (time.process_time() - whole) - (time.thread_time() - own)
    clock.spent["checks"] += threads
    return clock.spent
