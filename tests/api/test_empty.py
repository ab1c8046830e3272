"""An empty answer of an engine is believed only when it was given again: later in the run, and by the next one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

import collector
from collector.model import SearchEnded, SearchState
from collector.practice import Knobs, PracticeWeb
from collector.practice.bing import Double
from collector.practice.doubles import Handler, Place
from collector.reasons import UNCONFIRMED


class Flapping(Double):
    """Says that there is nothing, so many times for every keyword, and then shows what there is."""

    def __init__(self, times: int) -> None:
        super().__init__(total=30)
        self.times = times
        self.keywords: list[str] = []

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        def doubting(usual: Handler) -> Handler:
            async def answer(request: web.Request) -> web.StreamResponse:
                self.keywords.append(request.query.get("q", ""))
                self.state = "empty" if self.keywords.count(self.keywords[-1]) <= self.times else "results"
                return await usual(request)

            return answer

        return [(method, path, doubting(handler)) for method, path, handler in super().routes(place)]


def run(folder: Path, web: PracticeWeb, *keywords: str) -> tuple[list[SearchEnded], collector.Summary]:
    """How the searches of one run ended."""
    crawl = collector.collect(list(keywords), folder, limit=2, source="bing", practice=web)
    ended = [event for event in crawl if isinstance(event, SearchEnded)]
    return ended, crawl.wait()


def test_a_false_empty_costs_nothing_but_a_second_question(tmp_path: Path) -> None:
    double = Flapping(times=1)
    with PracticeWeb(Knobs.calm(), doubles={"bing": double}) as web:
        ended, summary = run(tmp_path / "images", web, "cat", "dog")
    for keyword in ("cat", "dog"):
        own = [(one.state, one.reason) for one in ended if one.search.query.keyword == keyword]
        assert own == [(SearchState.PENDING, UNCONFIRMED), (SearchState.ENOUGH, "")]
    assert {*double.keywords[:2]} == {*double.keywords[2:4]} == {"cat", "dog"}, "behind what waited already"
    assert summary.digest.total.saved == 4
    assert summary.empty == ()


def test_three_witnesses_in_two_runs_and_retry_opens_it_again(tmp_path: Path) -> None:
    folder, double = tmp_path / "images", Flapping(times=3)
    with PracticeWeb(Knobs.calm(), doubles={"bing": double}) as web:
        ended, summary = run(folder, web, "cat")
        assert [one.state for one in ended] == [SearchState.PENDING] * 2
        assert summary.empty == ("cat",)
        ended, summary = run(folder, web, "cat")
        assert [one.state for one in ended] == [SearchState.EMPTY], "the next run is the third witness"
        assert summary.empty == ("cat",)
        assert run(folder, web, "cat")[0] == [], "done"
        collector.open(folder).mend.retry(keyword="cat")
        ended, summary = run(folder, web, "cat")
    assert [one.state for one in ended] == [SearchState.ENOUGH]
    assert summary.digest.total.saved == 2
