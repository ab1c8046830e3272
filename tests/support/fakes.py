"""Stand-ins for the workers and the hosts: they answer at once, in the calling thread, as told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from collector.model import (
    Attempt,
    Downloaded,
    DownloadFailed,
    Found,
    Hit,
    Query,
    Search,
    SearchEnded,
    SearchStarted,
    SearchState,
    Task,
    WorkerError,
)
from tests.support.values import picture

Answer = Callable[[Task], DownloadFailed | str | Exception]
"""What fetching brings: the text of a picture's bytes, a DownloadFailed, or a bug."""


class FakeSearchers:
    """Has `hits` for each query and gives as many as a search wants."""

    def __init__(self, inbox: SimpleQueue[Any], hits: Callable[[Query], Iterable[Hit]]) -> None:
        self._inbox, self._hits = inbox, hits
        self.asked: list[Search] = []
        self.ending: Callable[[Search], SearchEnded | None] = lambda search: None
        self.closed = False

    def room(self, source: str) -> bool:
        return self._inbox.empty()

    def submit(self, search: Search) -> None:
        self.asked.append(search)
        self._inbox.put(SearchStarted(search))
        special = self.ending(search)
        if special is not None:
            self._inbox.put(special)
            return
        known, state, seen = set(search.known), SearchState.EMPTY, 0
        for seen, found in enumerate(self._hits(search.query), start=1):
            state = SearchState.EXHAUSTED
            known.add(found.key)
            self._inbox.put(Found(search, seen, found))
            if search.wanted is not None and len(known) >= search.wanted:
                state = SearchState.ENOUGH
                break
        self._inbox.put(SearchEnded(search, state, found=seen, seconds=0.1))

    def close(self, now: bool = False) -> None:
        self.closed = True


class FakeFetchers:
    """Fetches by asking `answer`; parts are real files in `folder`."""

    capacity = 4
    in_flight = 0

    def __init__(self, inbox: SimpleQueue[Any], folder: Path, answer: Answer) -> None:
        self._inbox, self._folder, self._answer = inbox, folder, answer
        self.asked: list[Task] = []
        self.closed = False

    def submit(self, *tasks: Task) -> None:
        for task in tasks:
            self._fetch(task)

    def _fetch(self, task: Task) -> None:
        self.asked.append(task)
        brought = self._answer(task)
        if isinstance(brought, str):
            part = self._folder / f".collector-{len(self.asked)}.part"
            part.write_text(brought)
            self._inbox.put(Downloaded(task, picture(brought), part, Attempt(200, task.url, 0.1)))
        else:
            self._inbox.put(WorkerError(brought) if isinstance(brought, Exception) else brought)

    def close(self, now: bool = False) -> None:
        self.closed = True


class OpenHosts:
    """Every host may be asked at any time; waiting takes no time."""

    network_down = False

    def __init__(self) -> None:
        self.running: list[str] = []

    def free(self, host: str) -> bool:
        return True

    def next_free(self, host: str) -> float:
        return 0.0

    def hopeless(self, host: str) -> bool:
        return False

    def started(self, host: str) -> None:
        self.running.append(host)

    def ended(self, host: str, missed: DownloadFailed | None, seconds: float = 0.0) -> None:
        self.running.remove(host)

    def backoff(self, attempt: int) -> float:
        return 0.0
