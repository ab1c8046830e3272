"""Stops asking a source that refuses us or cannot be reached, for the rest of the run.

Counts only; shared by all workers.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from collector.model import SearchState

IN_A_ROW = 2
"""Asking a third time would only make a block worse."""
TRIPPING = (SearchState.BLOCKED, SearchState.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a search came out."""

    state: SearchState
    reason: str = ""
    detail: str = ""


class Breaker:
    """Counts, per source, how often it ended blocked or unreachable with no result in between."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._row: dict[str, tuple[SearchState, int]] = {}

    def verdict(self, source: str) -> Ending | None:
        """How a search of this source ends without being asked; None while it may be asked."""
        with self._lock:
            state, count = self._row.get(source, (SearchState.PENDING, 0))
        if count < IN_A_ROW:
            return None
        return Ending(
            state, "search.skipped", f"{source} was {state} {IN_A_ROW} times in a row; a later run asks again"
        )

    def note(self, source: str, state: SearchState) -> bool:
        """Remember how a search came out; True when just this one stopped the source."""
        with self._lock:
            before, count = self._row.get(source, (state, 0))
            if count >= IN_A_ROW:
                return False  # stopped stays stopped, whatever searches under way still bring
            if state in TRIPPING:
                count = count + 1 if before is state else 1
                self._row[source] = (state, count)
                return count == IN_A_ROW
            if state.done:
                self._row.pop(source, None)
            return False
