"""The open queries of a run: taken up from the ledger, moved on as the plan says, closed. Inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from collector.crawl.frontier import Frontier
from collector.crawl.plan import Stages, Step, extra, is_asked_first, next_step, urls_missing
from collector.crawl.query_state import QueryState
from collector.ledger import Ledger, OpenQuery
from collector.model import DownloadFailed, Event, Failed, Outcome, Rejected, Saved, SearchState, Skipped
from collector.reasons import Fate, fate

SLOW = "still under way when the limit was met"

Facets = Callable[[str], Sequence[tuple[str, str]]]
"""Source -> the filters (name, value) by which its exhausted queries are widened; empty when that is not wished for."""


class Queries:
    """Carries out the plan of each query whenever something has happened to it."""

    def __init__(
        self, ledger: Ledger, number: int, frontier: Frontier, stages: Stages, spares: float, facets: Facets
    ) -> None:
        """`number` of the run; `spares`: extra URLs searched per wanted picture."""
        self._ledger, self._number, self._frontier = ledger, number, frontier
        self.stages, self._spares, self._facets = stages, spares, facets

    def take_up(self, opened: OpenQuery) -> list[Event]:
        """A query in hand: its sources are asked for what they have not given yet."""
        state = QueryState(opened, self._ledger.work.reached(opened.id))
        self._frontier.add(state)
        standing = state.standing()
        missing = urls_missing(standing, self._spares)
        for search in state.asked:
            if is_asked_first(search.state, standing, self.stages, missing):
                self._frontier.plan_search(state, search, extra(missing))
        return self.advance(state)

    def advance(self, state: QueryState) -> list[Event]:
        """Do what comes next for a query, until it has to wait or is through; what is to be shown of it."""
        while True:
            standing = state.standing()
            facets = not standing.waiting and any(self._next_facet(state, source) for source in self._exhausted(state))
            match next_step(standing, self.stages, facets):
                case Step.WAIT:
                    return []
                case Step.LOAD:
                    state.loaded(self._ledger.work.todo(state.id, state.loaded_to, state.chunk))
                    self._frontier.touched(state)
                case Step.FINISH:
                    return self._finish(state)
                case Step.SEARCH:
                    for search in state.asked:
                        if search.state is SearchState.ENOUGH:
                            self._frontier.plan_search(state, search, extra(2 * state.short))
                case Step.WIDEN:
                    for source in self._exhausted(state):
                        self._widen(state, source)
                case Step.CLOSE:
                    self._ledger.work.close_query(state.id)
                    self._frontier.drop(state)
                    return []
                case Step.LEAVE:
                    self._frontier.drop(state)
                    return []

    def record(self, state: QueryState, outcome: Outcome) -> Outcome:
        """Store the one outcome of a URL."""
        self._ledger.work.outcome(outcome)
        state.ended(outcome.task, isinstance(outcome, Saved))
        return outcome

    def _finish(self, state: QueryState) -> list[Event]:
        """The limit is met: what was not tried is skipped, what waits for another try is left at that."""
        events: list[Event] = [self.record(state, ending(failed, later=True)) for failed in state.given_up()]
        if not state.searching:
            events += [self.record(state, Skipped(task, "policy.limit", SLOW)) for task in state.under_way]
        while True:
            spares = [task for task in state.drained() if task.attempt == 1 or state.tries(task)]
            events += [self.record(state, Skipped(task, "policy.limit")) for task in spares]
            if not state.more:
                break
            state.loaded(self._ledger.work.todo(state.id, state.loaded_to, state.chunk))
        if not state.searching:
            self._ledger.work.close_query(state.id)
            self._frontier.drop(state)
        return events

    # ----------------------------------------------------------------- facets

    def _exhausted(self, state: QueryState) -> list[str]:
        """Sources that have no more of the query as it was asked."""
        return [one.source for one in state.asked if one.state is SearchState.EXHAUSTED and not one.variant]

    def _next_facet(self, state: QueryState, source: str) -> tuple[str, str, str] | None:
        return state.next_facet(source, self._facets(source))

    def _widen(self, state: QueryState, source: str) -> None:
        """Ask for the next facet that nobody has searched to its end."""
        while (facet := self._next_facet(state, source)) is not None:
            state.facet_tried(facet)
            search = self._ledger.work.add_search(state.id, source, f"{facet[1]}={facet[2]}", self._number)
            if not search.state.done:
                self._frontier.plan_search(state, search, extra(2 * state.short))
                return


def ending(failed: DownloadFailed, later: bool) -> Rejected | Failed | Skipped:
    """The outcome of a URL that is not tried again now; `later`: another run may."""
    task, reason, detail = failed.task, failed.reason, failed.detail
    if fate(reason) is Fate.SKIPPED:
        return Skipped(task, reason, detail)
    if not later and reason.partition(".")[0] in ("body", "data", "image", "video"):
        return Rejected(task, reason, detail, failed.attempt)
    return Failed(task, reason, detail, failed.attempt, retry=later)
