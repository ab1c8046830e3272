"""Several sources of one keyword: the first of each, then the second of each, however fast they answer."""

from __future__ import annotations

from itertools import count

from collector.crawl.rank_merge import AGAIN, PATIENCE, RankMerge
from collector.model import Task

A, B = 1, 2


class Line:
    """A merge of two searches and what it lets go; `now` is its clock."""

    def __init__(self, reached: dict[int, int] | None = None) -> None:
        self.now = 0.0
        self.busy: set[str] = set()
        self.numbers = count(1)
        self.merge = RankMerge((A, B), reached or {})

    def begin(self, *searches: int) -> None:
        for search in searches or (A, B):
            self.merge.asked(search)
            self.merge.news(search, self.now)

    def find(self, search: int, rank: int, host: str = "one") -> int:
        number = next(self.numbers)
        self.merge.news(search, self.now, rank)
        self.merge.add(Task(number, search, f"http://{host}/{'ab'[search - 1]}{rank}"), rank)
        return number

    def gone(self) -> list[str]:
        """What may go now, in order."""
        names = []
        while (first := self.merge.first(self.now)) is not None:
            host, task = first
            if host in self.busy:
                self.merge.close(host)
            else:
                assert self.merge.take(host) == task
                names.append(task.url.rpartition("/")[2])
        return names


def test_ranks_are_interleaved_whichever_source_is_faster() -> None:
    line = Line()
    line.begin()
    for rank in (1, 2, 3):
        line.find(B, rank)
    assert line.gone() == [], "the first of the other source may come still"
    line.find(A, 1)
    assert line.gone() == ["a1", "b1"]
    line.find(A, 2)
    line.merge.ended(A)
    assert line.gone() == ["a2", "b2", "b3"]
    assert len(line.merge) == 0


def test_a_search_that_has_not_begun_is_waited_for_and_a_silent_one_is_not_for_long() -> None:
    line = Line()
    line.merge.asked(A)
    line.begin(B)
    line.find(B, 1)
    line.now += 10 * PATIENCE
    assert line.gone() == [], "it has not had its turn"
    line.merge.news(A, line.now)
    line.now += PATIENCE - 0.1
    assert line.gone() == []
    line.now += 0.1
    assert line.gone() == ["b1"]
    line.find(A, 1)
    line.find(B, 2)
    assert line.gone() == ["a1"], "it is back and waited for again"


def test_what_was_reached_before_is_not_waited_for() -> None:
    line = Line(reached={A: 5})
    line.begin()
    for rank in (4, 5, 6):
        line.find(B, rank)
    assert line.gone() == ["b4", "b5"]


def test_nothing_is_held_when_nobody_searches() -> None:
    line = Line()
    for rank in (2, 1):
        line.merge.add(Task(rank, A, f"http://one/a{rank}"), rank)
        line.merge.add(Task(rank + 10, B, f"http://one/b{rank}"), rank)
    assert line.gone() == ["a1", "b1", "a2", "b2"]


def test_a_busy_host_holds_up_only_its_own() -> None:
    line = Line()
    line.begin()
    line.find(A, 1, "busy")
    line.find(B, 1, "free")
    line.find(A, 2, "busy")
    line.find(B, 2, "free")
    line.busy.add("busy")
    assert line.gone() == ["b1", "b2"]
    line.busy.clear()
    line.merge.open("busy")
    assert line.gone() == ["a1", "a2"]


def test_a_url_that_another_source_ranks_better_moves_and_goes_once() -> None:
    line = Line()
    line.begin()
    number = line.find(A, 3)
    line.find(A, 2)
    line.merge.news(B, 0.0, 1)
    line.merge.add(Task(number, B, "http://other/moved"), 1)
    line.merge.ended(A)
    line.merge.ended(B)
    assert len(line.merge) == 2
    assert line.gone() == ["moved", "a2"]


def test_all_of_a_host_can_be_taken_out() -> None:
    line = Line()
    line.find(A, 1, "gone")
    line.find(A, 2, "here")
    assert [task.url for task in line.merge.drain("gone")] == ["http://gone/a1"]
    assert [task.url for task in line.merge.drain()] == ["http://here/a2"]
    assert (len(line.merge), line.gone()) == (0, [])


def test_what_is_tried_again_comes_first_whatever_its_source_says_of_it_since() -> None:
    line = Line()
    line.find(A, 1)
    late = Task(99, A, "http://one/a9")
    line.merge.add(late, AGAIN)
    line.merge.add(late, 9)
    assert line.gone() == ["a9", "a1"]
