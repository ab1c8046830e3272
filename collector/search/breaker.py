"""Stops asking a source that refuses us or cannot be reached, for the rest of the run.

Counts only; shared by all workers.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from collector.model import Search, SearchState

IN_A_ROW = 2
"""Asking a third time would only make a block worse."""
TRIPPING = (SearchState.BLOCKED, SearchState.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a search came out."""

    state: SearchState
    reason: str = ""
    detail: str = ""
    trace: str | None = None
    """Where in the program an error came up that nobody foresaw."""


def source_key(search: Search) -> str:
    """Whom a search asks: its source, or one site of it where the keyword is a page's address or names a recipe."""
    keyword = search.query.keyword
    if search.source == "recipe":
        return f"recipe {keyword.partition('?')[0]}"
    if not keyword.startswith(("http://", "https://")):
        return search.source
    try:
        return f"{search.source} at {urlsplit(keyword).netloc.rpartition('@')[2]}"
    except ValueError:  # An address that nobody can ask.
        return search.source


class Breaker:
    """Counts, per source key, how often it ended blocked or unreachable with no result in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._row: dict[str, tuple[SearchState, int]] = {}

    def verdict(self, key: str) -> Ending | None:
        """How a search of this key ends without being asked; None while it may be asked."""
        with self._lock:
            state, count = self._row.get(key, (SearchState.PENDING, 0))
        if count < IN_A_ROW:
            return None
        return Ending(state, "search.skipped", f"{key} was {state} {IN_A_ROW} times in a row; a later run asks again")

    def note(self, key: str, ending: Ending) -> bool:
        """Remember how a search came out; True when just this one stopped the source.

        What a rule forbids (robots.txt) says nothing about the next search.
        """
        state = ending.state
        if ending.reason.startswith("policy."):
            return False
        with self._lock:
            before, count = self._row.get(key, (state, 0))
            if count >= IN_A_ROW:
                return False  # stopped stays stopped, whatever searches under way still bring
            if state in TRIPPING:
                count = count + 1 if before is state else 1
                self._row[key] = (state, count)
                return count == IN_A_ROW
            if state.done:
                self._row.pop(key, None)
            return False
