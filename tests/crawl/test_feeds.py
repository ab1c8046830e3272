"""Sources whose answer grows: every run brings what is new, and no walk that was cut short hides anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from collector.ledger import Ledger
from collector.model import Found, Hit, Saved, Search, SearchEnded, SearchStarted, SearchState
from tests.crawl.test_run import Bench
from tests.support.fakes import FakeSearchers
from tests.support.values import hit, query

PAGE = 5


class Gallery(FakeSearchers):
    """Works of one maker, the newest first; stops after a whole page known at the last complete walk."""

    def __init__(self, inbox: SimpleQueue[Any], works: list[int], cut: int) -> None:
        super().__init__(inbox, lambda _: ())
        self.works, self.cut = works, cut
        self.looked_at: list[int] = []

    def submit(self, search: Search) -> None:
        self.asked.append(search)
        self._inbox.put(SearchStarted(search))
        found = 0
        for rank, work in enumerate(self._walk(search), start=1):
            if found == self.cut:
                self._inbox.put(SearchEnded(search, SearchState.UNREACHABLE, "page.unreachable", found=found))
                return
            if work.key not in search.known:
                found += 1
            self._inbox.put(Found(search, rank, work))
        self._inbox.put(SearchEnded(search, SearchState.EXHAUSTED if self.works else SearchState.EMPTY, found=found))

    def _walk(self, search: Search) -> Iterator[Hit]:
        for start in range(0, len(self.works), PAGE):
            page = [hit(work, "ann") for work in self.works[start : start + PAGE]]
            self.looked_at += self.works[start : start + PAGE]
            yield from page
            if search.complete and all(work.key in search.known_before for work in page):
                return


class Makers(Bench):
    """One maker's gallery over many runs."""

    def __init__(self, folder: Path, works: int) -> None:
        super().__init__(folder)
        self.works = list(range(works, 0, -1))
        self.feeds = ("google",)
        self.cut = 10**9

    def searchers_of(self, inbox: SimpleQueue[Any]) -> FakeSearchers:
        self.gallery = Gallery(inbox, self.works, self.cut)
        return self.gallery

    def again(self, limit: int | None = None, **stages: bool) -> int:
        """How many were saved by one more run."""
        return sum(isinstance(event, Saved) for event in self.run(query("ann", limit), **stages))


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    return Makers(tmp_path, 40)


def test_running_again_brings_only_what_is_new_and_looks_no_further(makers: Makers) -> None:
    assert makers.again() == 40
    assert not makers.gallery.asked[0].complete
    assert makers.again() == 0
    assert makers.gallery.asked[0].complete
    assert makers.gallery.looked_at == makers.works[:PAGE]
    makers.works[:0] = [43, 42, 41]
    assert makers.again() == 3
    assert makers.gallery.looked_at == makers.works[: 2 * PAGE]
    assert makers.tallies[0].saved == 43
    assert [task.url for task in makers.fetchers.asked] == [hit(work, "ann").url for work in (43, 42, 41)]


def test_a_walk_for_the_new_that_is_cut_short_hides_none_of_them(makers: Makers) -> None:
    makers.again()
    makers.works[:0] = range(90, 40, -1)
    makers.cut = 12
    assert makers.again() == 12
    makers.cut = 10**9
    assert makers.again() == 38
    assert makers.gallery.asked[0].complete, "what the first walk knew stays known"
    assert len(makers.gallery.asked[0].known_before) == 40
    assert makers.tallies[0].saved == 90
    assert makers.again() == 0
    assert makers.gallery.looked_at == makers.works[:PAGE]


def test_a_first_walk_that_is_cut_short_is_walked_to_its_end(makers: Makers) -> None:
    makers.cut = 12
    assert makers.again() == 12
    makers.cut = 10**9
    assert makers.again() == 28
    assert not makers.gallery.asked[0].complete


def test_works_that_were_deleted_stop_nothing(makers: Makers) -> None:
    makers.again()
    del makers.works[: 2 * PAGE]
    makers.works[:0] = [50]
    assert makers.again() == 1
    makers.works.clear()
    assert makers.again() == 0
    makers.works[:] = [52, 51]
    assert makers.again() == 2


def test_killed_between_found_and_saved_nothing_is_lost(makers: Makers) -> None:
    class Killed(BaseException):
        pass

    def killing(task: object) -> str:
        raise Killed

    makers.again()
    makers.works[:0] = range(60, 40, -1)
    answer, makers.answer = makers.answer, killing
    with pytest.raises(Killed):
        makers.again()
    with Ledger.open(makers.folder) as ledger:
        (tally,) = ledger.stats.tallies()
    assert (tally.saved, tally.waiting) == (40, tally.found - 40)
    makers.answer = answer
    makers.again()
    assert makers.tallies[0].saved == 60


@pytest.mark.parametrize("moment", range(1, 60, 7))
def test_stopped_at_any_event_the_next_runs_bring_the_rest(makers: Makers, moment: int) -> None:
    makers.again()
    makers.works[:0] = range(60, 40, -1)
    makers.stop_after = moment
    makers.again()
    makers.stop_after = 10**9
    makers.again()
    assert makers.tallies[0].saved == 60


def test_a_feed_that_has_its_limit_is_left_alone_until_the_limit_is_raised(makers: Makers) -> None:
    assert makers.again(10) == 10
    assert makers.again(10) == 0
    assert makers.gallery.asked == []
    assert makers.again(45) == 30
    makers.works[:0] = [41, 42]
    assert makers.again(45) == 2


def test_other_sources_are_not_asked_again(makers: Makers) -> None:
    makers.feeds = ()
    assert makers.again() == 40
    makers.works[:0] = [41]
    assert makers.again() == 0
    assert makers.gallery.asked == []
