"""A keyword with several sources: what is kept is the first of each, then the second of each, without doubles."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from collector.crawl import rank_merge
from collector.model import DownloadFailed, Found, Hit, Search, SearchEnded, SearchStarted, SearchState
from tests.crawl.test_run import Bench
from tests.support.fakes import FakeSearchers
from tests.support.values import hit, query

BOTH = ("google", "bing")


class TwoSpeeds(FakeSearchers):
    """google answers at once; what bing says waits in `later` until the test lets it in."""

    def __init__(self, inbox: SimpleQueue[Any], bench: TwoSites) -> None:
        super().__init__(inbox, lambda _: ())
        self.bench = bench

    def room(self, source: str) -> bool:
        return True

    def submit(self, search: Search) -> None:
        self.asked.append(search)
        self._inbox.put(SearchStarted(search))
        hits = self.bench.sites[search.source]
        ended = SearchEnded(search, SearchState.EXHAUSTED, found=len(hits))
        messages = [*(Found(search, rank, one) for rank, one in enumerate(hits, start=1)), ended]
        if search.source == self.bench.slow:
            self.bench.later = messages
        else:
            for message in messages:
                self._inbox.put(message)


class TwoSites(Bench):
    """What each site has, in its order; the slow one's messages come one a round, from round `start` on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.sites: dict[str, list[Hit]] = {
            "google": [hit(number, "a") for number in range(1, 9)],
            "bing": [hit(number, "b") for number in range(1, 9)],
        }
        self.slow, self.start, self.now = "bing", 5, 0.0
        self.later: list[Any] = []
        self.rounds = 0
        self.clock = lambda: self.now
        self.each_round = self.let_in

    def searchers_of(self, inbox: SimpleQueue[Any]) -> FakeSearchers:
        self.inbox = inbox
        return TwoSpeeds(inbox, self)

    def let_in(self) -> None:
        self.rounds += 1
        if self.later and self.rounds > self.start:
            self.inbox.put(self.later.pop(0))

    def kept(self) -> list[str]:
        """Keyword part and number of the URLs that were fetched, in order, such as a1."""
        return ["".join(task.url.removesuffix(".jpg").split("/")[-2:]) for task in self.fetchers.asked]

    def sources_of(self) -> dict[str, str]:
        """URL -> the source whose row it is."""
        with closing(sqlite3.connect(self.folder / "collector.db")) as ledger:
            return dict(ledger.execute("SELECT url, source FROM picture").fetchall())


@pytest.fixture
def sites(tmp_path: Path) -> TwoSites:
    return TwoSites(tmp_path)


@pytest.mark.parametrize("slow", BOTH)
def test_the_ranks_are_interleaved_though_one_is_slower(sites: TwoSites, slow: str) -> None:
    sites.slow = slow
    sites.run(query("cat", 5, sources=BOTH))
    assert sites.kept() == ["a1", "b1", "a2", "b2", "a3"]
    assert sites.tallies[0].saved == 5


def test_what_is_dead_gives_way_to_the_next_in_order(sites: TwoSites) -> None:
    sites.answer = lambda task: DownloadFailed(task, "http.404") if "/a/" in task.url else task.url
    sites.run(query("cat", 3, sources=BOTH))
    assert sites.kept() == ["a1", "b1", "a2", "b2", "a3", "b3"]


def test_a_url_of_both_is_fetched_once_and_belongs_to_who_ranked_it_first(sites: TwoSites) -> None:
    sites.sites["google"][4] = sites.sites["bing"][0]  # a5 is b1
    sites.sites["bing"][5] = sites.sites["google"][1]  # b6 is a2
    sites.run(query("cat", 16, sources=BOTH))
    assert len(sites.fetchers.asked) == len(set(sites.kept())) == 14
    assert sites.kept()[:4] == ["a1", "b1", "a2", "b2"]
    owners = sites.sources_of()
    assert owners[hit(1, "b").url] == "bing", "google ranked it fifth"
    assert owners[hit(2, "a").url] == "google"


def test_a_silent_source_is_waited_for_no_longer_than_patience(sites: TwoSites) -> None:
    sites.start = 40

    def time_goes_by() -> None:
        sites.let_in()
        sites.now += rank_merge.PATIENCE / 10

    sites.each_round = time_goes_by
    sites.run(query("cat", 3, sources=BOTH))
    assert sites.kept() == ["a1", "a2", "a3"]


def test_the_order_holds_in_the_next_run_too(sites: TwoSites) -> None:
    sites.run(query("cat", 6, sources=BOTH), fetch=False)
    sites.run(query("cat", 6, sources=BOTH))
    assert sites.searchers.asked == []
    assert sites.kept() == ["a1", "b1", "a2", "b2", "a3", "b3"]


def test_a_source_that_is_refused_holds_nobody_up(sites: TwoSites) -> None:
    class Refused(TwoSpeeds):
        def submit(self, search: Search) -> None:
            if search.source == "google":
                self._inbox.put(SearchStarted(search))
                self._inbox.put(SearchEnded(search, SearchState.BLOCKED, "page.captcha"))
            else:
                super().submit(search)

    sites.slow = ""
    sites.searchers_of = lambda inbox: Refused(inbox, sites)  # type: ignore[method-assign]
    sites.run(query("cat", 3, sources=BOTH))
    assert sites.kept() == ["b1", "b2", "b3"]
