"""Others in the place of pictures that are off topic: what a run with `relevant` asks for when it is at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from collector.importers.queries import QueryFile
from collector.ledger import Ledger
from collector.model import Query
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.images.hub_layout import Layout

CONFIDENCE: Final = 0.8
"""How sure it must be that a picture is off topic: less than elsewhere, since another comes in its place."""
_TOLD: Final = 10
"""Keywords that are named one by one."""


class Replacing:
    """Raises the limit of keywords by the pictures of them that are off topic, until nothing new comes.

    `usual`: whether keywords are meant that do not say so themselves.
    """

    def __init__(self, settings: Settings, asked: QueryFile, usual: bool, notice: Callable[[str], None]) -> None:
        """InputError when the settings name a model that is not there, UsageError for one that knows no words."""
        from collector.images.embed import embedder  # With numpy, which other runs have no use for.

        self._model, self._words = embedder(), _words(settings)
        self._settings, self._asked, self._notice = settings, asked, notice
        self._meant = frozenset((query.keyword, query.label) for query in asked.queries
                                if asked.relevant.get((query.keyword, query.label, query.filters), usual))  # fmt: skip
        self._before: tuple[tuple[Query, ...], int] | None = None
        """What was asked for last, and how many pictures there were."""

    def plan(self, ledger: Ledger, run: int) -> int | None:
        """Judge what was collected; the number of the run that is to follow, None when there is nothing to follow."""
        left_out = self._judged(ledger)
        rows = tuple(_raised(query, left_out.get((query.keyword, query.label, query.filters), 0))
                     for query in self._asked.queries)  # fmt: skip
        _, _, _, saved = ledger.stats.progress(run)
        before, self._before = self._before, (rows, saved)
        if rows in (tuple(self._asked.queries), before and before[0]) or (before and before[1] == saved):
            self._tell_dry(ledger, run)
            return None
        count = sum(left_out.values())
        self._notice(f"off topic and left out (set.off_topic): {count:,}; others are searched for in their place")
        return ledger.work.plan(rows, self._settings.search.widen)

    def _judged(self, ledger: Ledger) -> dict[tuple[str, str, tuple[tuple[str, str], ...]], int]:
        from collector.dataset import topic
        from collector.maintenance import altered

        altered.leave_out(ledger, self._settings.out, self._notice)
        # What was left out stays so: others were searched for in its place.
        asked = topic.Asked(CONFIDENCE, drop=True, only=self._meant, settled=True)
        topic.judge_set(ledger, self._settings.out, self._model, asked, self._words)
        left_out = ledger.dataset.left_out_by_query(topic.REASON)
        return {key: count for key, count in left_out.items() if key[:2] in self._meant}

    def _tell_dry(self, ledger: Ledger, run: int) -> None:
        dry = [tally for tally in ledger.stats.tallies(run)
               if tally.short and (tally.keyword, tally.label) in self._meant]  # fmt: skip
        for tally in dry[:_TOLD]:
            self._notice(f"{tally.keyword}: no more pictures are found; {tally.short:,} that show it are missing")
        if len(dry) > _TOLD:
            self._notice(f"and {len(dry) - _TOLD:,} more keywords for which no more pictures are found")


def _words(settings: Settings) -> Layout | None:
    """The model that is asked about keywords; None where the settings name none."""
    from collector.dataset.wording import tower_of
    from collector.images.known_models import asked

    found = asked(settings.look.model, settings.look.models)
    if found is not None:
        tower_of(found)
    return found


def _raised(query: Query, more: int) -> Query:
    return query if query.limit is None else replace(query, limit=query.limit + more)
