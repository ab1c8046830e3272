"""Many pages at once: order, how far ahead, errors as values, a clean end."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator

import pytest

from collector.errors import SourceError
from collector.http.contract import Answer
from collector.http.prefetch import in_order
from collector.model import SearchState


class Site:
    """Answers when told to, and counts who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.running = self.most = 0
        self._lock = threading.Lock()

    def get(self, url: str) -> Answer:
        with self._lock:
            self.asked.append(url)
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.03 if url.endswith("0") else 0.002)
        with self._lock:
            self.running -= 1
        if "gone" in url:
            raise SourceError(SearchState.UNREACHABLE, "page.unreachable", url)
        return Answer(url, 200)


def name(answer: Answer | SourceError) -> str:
    return answer.url if isinstance(answer, Answer) else f"error {answer.detail}"


def test_answers_keep_the_order_of_their_urls_whatever_comes_first() -> None:
    site = Site()
    urls = [f"u{number}" for number in range(60)]
    assert [name(answer) for answer in in_order(site.get, urls, 4)] == urls
    assert 1 < site.most <= 4


def test_urls_are_taken_no_further_ahead_than_needed() -> None:
    site, taken = Site(), []

    def urls() -> Iterator[str]:
        for number in range(1000):
            taken.append(number)
            yield f"u{number}"

    answers = in_order(site.get, urls(), 3)
    next(answers)
    assert len(taken) <= 6
    answers.close()  # type: ignore[attr-defined]
    assert site.running == 0
    assert len(site.asked) <= 6


def test_an_error_is_a_value_in_its_place() -> None:
    got = [name(answer) for answer in in_order(Site().get, ["u1", "gone", "u2"], 2)]
    assert got == ["u1", "error gone", "u2"]


def test_what_is_no_answer_of_a_page_is_raised_and_nothing_runs_on() -> None:
    site = Site()

    def get(url: str) -> Answer:
        if url == "u3":
            raise KeyError("stop")
        return site.get(url)

    answers = in_order(get, [f"u{number}" for number in range(50)], 2)
    with pytest.raises(KeyError):
        list(answers)
    assert site.running == 0
    assert len(site.asked) < 10


def test_urls_may_depend_on_answers() -> None:
    """A feed says None while it waits; each page leads to the next two, as a walk of a site does."""
    todo, under_way = deque(["1"]), 0

    def feed() -> Iterator[str | None]:
        nonlocal under_way
        while todo or under_way:
            under_way += bool(todo)
            yield todo.popleft() if todo else None

    seen = []
    for answer in in_order(Site().get, feed(), 4):
        under_way -= 1
        seen.append(name(answer))
        if len(name(answer)) < 4:
            todo.extend([name(answer) + "1", name(answer) + "2"])
    assert sorted(seen, key=len)[0] == "1"
    assert len(seen) == 15 == len(set(seen))


def test_nothing_to_ask_is_no_answer() -> None:
    assert list(in_order(Site().get, [], 4)) == []
    assert list(in_order(Site().get, [None], 4)) == []
