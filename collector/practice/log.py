"""What was asked of the practice web: the log that tests hold against what a client claims to have done."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, and how it was answered."""

    method: str
    path: str
    """Path and query as sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    started: float
    """Seconds of the monotonic clock when the request had been read."""
    status: int = 0
    """0 while unanswered, and for answers that were no HTTP."""
    ended: float = 0.0
    """When the answer was complete or given up; 0.0 while it is not."""
    trouble: str = ""
    """The trouble of the picture asked for."""

    @property
    def bare_path(self) -> str:
        """The path without its query."""
        return self.path.split("?", 1)[0]


class Log:
    """A list of requests that one thread writes and others read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def begun(self, request: Request) -> int:
        """Take a request in and give its place."""
        with self._lock:
            self._requests.append(request)
            return len(self._requests) - 1

    def note(self, place: int, trouble: str) -> None:
        """Write down the trouble of the picture asked for."""
        with self._lock:
            self._requests[place] = replace(self._requests[place], trouble=trouble)

    def done(self, place: int, status: int, ended: float) -> None:
        """Write down how it was answered."""
        with self._lock:
            self._requests[place] = replace(self._requests[place], status=status, ended=ended)

    def snapshot(self) -> list[Request]:
        """All requests so far, in the order they came."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Forget finished requests. Only sensible while nothing is under way."""
        with self._lock:
            self._requests.clear()
