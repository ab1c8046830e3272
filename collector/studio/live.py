"""How a folder stands, for pages that ask every second: looked up beside a run, a tenth of the time at most."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from collector import reasons
from collector.api.collection import Collection
from collector.model import Tally

NEWEST: Final = 24
LOSSES: Final = 15


class Live:
    """Used by one thread."""

    def __init__(self, folder: Path) -> None:
        self._collection = Collection(folder)
        self._known: dict[str, Any] = {}
        self._again = 0.0

    def state(self) -> dict[str, Any]:
        """Sums, keywords, newest pictures and losses; those of a moment ago where the ledger is large."""
        began = time.monotonic()
        if began >= self._again:
            self._known = self._looked_up()
            ended = time.monotonic()
            self._again = ended + 9 * (ended - began)
        return self._known

    def _looked_up(self) -> dict[str, Any]:
        with self._collection.reading() as ledger:
            digest = ledger.stats.digest()
            losses = [
                {"reason": one.reason, "count": one.count, "meaning": reasons.meaning(one.reason) or one.state,
                 "example": ledger.stats.example(one.reason)}
                for one in ledger.stats.losses()[:LOSSES]
            ]  # fmt: skip
            return {
                "total": _row(digest.total),
                "keywords": [_row(tally) for tally in digest.shown],
                "losses": losses,
                "newest": ledger.stats.newest(NEWEST),
            }


def _row(tally: Tally) -> dict[str, Any]:
    return {
        "keyword": tally.keyword, "label": tally.label, "found": tally.found, "saved": tally.saved,
        "wanted": tally.limit, "waiting": tally.waiting + tally.retry,
        "lost": tally.rejected + tally.failed - tally.retry + tally.skipped + tally.duplicate,
        "state": ", ".join(f"{source} {state}" for source, state, _ in tally.searches),
    }  # fmt: skip
