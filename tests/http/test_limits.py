"""The book of hosts, with a clock of its own."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest

from collector.http.limits import Hosts
from collector.model import Attempt, DownloadFailed, Task
from collector.settings import FetchSettings
from collector.urls import host_of

TASK = Task(1, 1, "https://a.example/x.jpg")


class Book:
    """Hosts with a clock that a test turns."""

    def __init__(self, **settings: object) -> None:
        self.now = 1000.0
        self.urls = 0
        self.same = 0
        """The number of the one URL that is asked again and again; 0 when each is another."""
        self.hosts = Hosts(FetchSettings(**settings), lambda: self.now, random.Random(7))  # type: ignore[arg-type]

    def room(self, host: str = "a") -> int:
        """Downloads that may start at once."""
        count = 0
        while self.hosts.free(host) and count < 100:
            self.hosts.started(host)
            count += 1
        for _ in range(count):
            self.hosts._active -= 1
            self.hosts._hosts[host].active -= 1
        return count

    def run(self, reason: str = "", host: str = "a", retry_after: float | None = None, seconds: float = 0.0) -> None:
        """One download from start to end."""
        self.hosts.started(host)
        self.now += seconds
        self.end(reason, host, retry_after, seconds)

    def end(self, reason: str = "", host: str = "a", retry_after: float | None = None, seconds: float = 0.0) -> None:
        self.urls += 1
        task = replace(TASK, id=self.same or self.urls)
        missed = (
            DownloadFailed(task, reason, attempt=Attempt(seconds=seconds), retry_after=retry_after) if reason else None
        )
        self.hosts.ended(host, missed, seconds)


def test_so_many_per_host_and_no_more() -> None:
    book = Book(per_host=3)
    assert book.room("a") == 3
    assert book.room("b") == 3
    book.hosts.started("a")
    assert book.room("a") == 2


def test_a_delay_keeps_downloads_at_one_host_apart() -> None:
    book = Book(delay=5.0)
    assert (book.room("a"), book.room("b"), book.room("a")) == (1, 1, 0)
    assert book.hosts.next_free("a") == book.now + 5.0
    assert not book.hosts.hopeless("a")
    book.now += 5.0
    assert book.room("a") == 1


def test_data_urls_ask_nobody() -> None:
    book = Book(per_host=1)
    for _ in range(5):
        assert book.hosts.free("")
        book.hosts.started("")
    book.end("data.syntax", host="")
    assert host_of("data:image/png,x") == host_of("file:///x") == host_of("http://[::1") == ""
    assert host_of("HTTPS://A.example:8443/x") == "a.example:8443"


def test_overload_halves_once_for_all_under_way_and_success_raises_again() -> None:
    book = Book(per_host=8)
    for _ in range(8):
        book.hosts.started("a")
    book.now += 5
    for _ in range(4):
        book.end("net.read_timeout", seconds=5)
    for _ in range(4):
        book.end(seconds=5)
    assert book.room() == 4, "what began before proves nothing"
    book.run("net.too_slow", seconds=1)
    assert book.room() == 2
    for _ in range(200):
        book.run()
    assert book.room() == 8


def test_back_quickly_to_just_below_where_it_was_too_much_and_slowly_beyond() -> None:
    book = Book(per_host=8)
    book.run("http.429", retry_after=1.0)
    book.now += 1
    rooms = []
    for _ in range(20):
        rooms.append(book.room())
        book.run()
    assert rooms == [4, 5, 6, *[7] * 14, 8, 8, 8]
    for limit in (8, 4):
        assert book.room() == limit
        book.run("net.too_slow", seconds=0.5)
        book.now += 0.01
    book.run()
    assert book.room() == 3, "four were too many"
    book.run()
    assert book.room() == 3


def test_never_below_one() -> None:
    book = Book(per_host=2)
    for _ in range(3):
        book.run("net.deadline", seconds=1)
    assert book.room() == 1


@pytest.mark.parametrize(("reason", "wish", "pause"), [
    ("http.429", 3.0, 3.0), ("http.503", 40.0, 40.0), ("http.429", None, 1.0), ("http.503", None, 1.0),
    ("http.429", 0.0, 1.0),
])  # fmt: skip
def test_pause_after_429_and_503(reason: str, wish: float | None, pause: float) -> None:
    book = Book()
    book.run(reason, retry_after=wish)
    assert book.room() == 0
    assert book.hosts.next_free("a") == pytest.approx(book.now + pause)
    assert book.room("b") == 8
    book.now += pause - 0.01
    assert book.room() == 0
    book.now += 0.02
    assert book.room() == 4


def test_pauses_double_up_to_the_cap() -> None:
    book = Book(backoff_max=60.0)
    book.same = 7  # One URL says nothing of its host to the breaker.
    pauses = []
    for _ in range(8):
        book.run("http.429")
        pauses.append(book.hosts.next_free("a") - book.now)
        book.now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_five_minutes_of_429_cost_few_requests() -> None:
    book = Book()
    asked = 0
    end = book.now + 300
    while book.now < end:
        if book.hosts.free("a"):
            book.run("http.429")
            asked += 1
        book.now += 0.25
    assert asked <= 10


@pytest.mark.parametrize("reason", ["net.connect", "net.read_timeout", "net.reset", "http.500", "http.403", "http.429"])
def test_breaker_opens_after_five_in_a_row_and_doubles(reason: str) -> None:
    book = Book(backoff_max=0.0)
    for _ in range(4):
        book.run(reason)
    assert book.room() > 0
    book.run(reason)
    assert book.room() == 0
    for seconds in (15, 30, 60):
        assert book.hosts.next_free("a") == pytest.approx(book.now + seconds)
        book.now += seconds
        assert book.room() == 1, "one probe"
        book.run(reason)
        assert book.room() == 0
    for _ in range(10):
        book.now = book.hosts.next_free("a")
        book.run(reason)
    assert book.hosts.next_free("a") - book.now == 1800
    book.now += 1800
    book.run()
    assert book.room() >= 1
    book.run()
    assert book.hosts.free("a")


Limiter = Callable[[float], bool]


def in_any(seconds: float, most: int) -> Limiter:
    """So many requests in any stretch of so many seconds."""
    let_in: deque[float] = deque()

    def permits(now: float) -> bool:
        while let_in and let_in[0] <= now - seconds:
            let_in.popleft()
        if len(let_in) < most:
            let_in.append(now)
            return True
        return False

    return permits


def bucket(rate: float, burst: int) -> Limiter:
    """A token bucket, as nginx and most gateways have it."""
    state = [float(burst), 0.0]

    def permits(now: float) -> bool:
        state[0], state[1] = min(burst, state[0] + (now - state[1]) * rate), now
        if state[0] >= 1:
            state[0] -= 1
            return True
        return False

    return permits


def gather(count: int, permits: Limiter, latency: float, retry_after: float | None = None) -> tuple[int, int, float]:
    """(pictures that came, requests, seconds) of a host with a limiter that says 429; three tries for each picture."""
    book, chance = Book(), random.Random(1)
    began = book.now
    waiting = [(book.now, number, 1) for number in range(count)]
    running: list[tuple[float, float, int, int, bool]] = []
    came = asked = 0
    while waiting or running:
        while waiting and waiting[0][0] <= book.now and book.hosts.free("a"):
            _, number, attempt = heapq.heappop(waiting)
            book.hosts.started("a")
            asked += 1
            ends = book.now + latency * chance.uniform(0.5, 1.5)
            heapq.heappush(running, (ends, book.now, number, attempt, permits(book.now)))
        moments = [one[0] for one in running[:1]] + [max(one[0], book.hosts.next_free("a")) for one in waiting[:1]]
        book.now = max(min(moments), book.now + 0.001)
        while running and running[0][0] <= book.now:
            _, start, number, attempt, good = heapq.heappop(running)
            came += good
            book.end("" if good else "http.429", retry_after=retry_after, seconds=book.now - start)
            if not good and attempt < 3:
                heapq.heappush(waiting, (book.now + book.hosts.backoff(attempt), number, attempt + 1))
    return came, asked, book.now - began


@pytest.mark.parametrize("latency", [0.01, 0.3])
@pytest.mark.parametrize(("permits", "most"), [(lambda: in_any(1.0, 5), 20), (lambda: bucket(5.0, 5), 20),
                                               (lambda: bucket(5.0, 1), 30)])  # fmt: skip
def test_the_rate_of_a_host_is_learned(permits: Callable[[], Limiter], most: float, latency: float) -> None:
    came, asked, seconds = gather(60, permits(), latency)
    assert came == 60
    assert asked <= 72
    assert 11 <= seconds <= most, "twelve seconds are the least at five a second"


@pytest.mark.parametrize("retry_after", [None, 30.0])
def test_a_limit_over_a_longer_time_is_borne(retry_after: float | None) -> None:
    came, asked, seconds = gather(200, in_any(60.0, 60), 0.05, retry_after)
    assert came == 200
    assert asked <= 260
    assert 180 <= seconds <= 280


def test_one_429_that_means_little_costs_little() -> None:
    book = Book()
    for _ in range(10):
        book.run(seconds=0.01)
    book.hosts.started("a")
    for _ in range(10):
        book.run(seconds=0.01)
    book.end("http.429", retry_after=1.0, seconds=0.2)
    began, book.now = book.now, book.hosts.next_free("a")
    for _ in range(60):
        book.now = max(book.now, book.hosts.next_free("a"))
        book.run()
    assert book.now - began < 2.5


def test_one_bad_url_does_not_close_its_host() -> None:
    book = Book()
    book.same = 7
    for _ in range(20):
        book.run("net.reset")
    assert book.room() == 8
    book.same = 0
    for _ in range(4):
        book.run("net.reset")
    assert book.room() == 0


def test_two_probes_before_a_host_is_left_to_a_later_run() -> None:
    book = Book()
    for _ in range(5):
        book.run("net.connect")
    for _ in range(2):
        assert not book.hosts.hopeless("a")
        book.now = book.hosts.next_free("a")
        book.run("net.connect")
    assert book.hosts.hopeless("a")


def test_answers_of_any_kind_keep_the_breaker_closed() -> None:
    book = Book()
    for _ in range(10):
        for reason in ("http.403", "net.reset", "http.500", "net.connect", "http.404"):
            book.run(reason)
    assert book.room() == 8


def test_late_failures_do_not_open_it_further() -> None:
    book = Book()
    for _ in range(8):
        book.hosts.started("a")
    for _ in range(8):
        book.end("http.500")
    assert book.hosts.next_free("a") == book.now + 15


def test_bugs_of_ours_and_refused_urls_prove_nothing() -> None:
    book = Book()
    for _ in range(4):
        book.run("http.500")
    book.run("url.private_addr")
    book.run("policy.thumbnail")
    book.run("http.500")
    assert book.room() == 0


def test_network_down_needs_many_failures_at_many_hosts() -> None:
    book = Book()
    for n in range(40):
        book.run("net.connect", host=f"h{n % 4}")
    assert not book.hosts.network_down
    book = Book()
    for n in range(19):
        book.run("net.dns", host=f"h{n}")
    assert not book.hosts.network_down
    book.run("net.connect", host="h19")
    assert book.hosts.network_down


def test_network_down_probes_and_forgives() -> None:
    book = Book()
    for n in range(20):
        book.run("net.dns", host=f"h{n % 4}")
    book.run("net.dns", host="last")
    assert book.hosts.network_down
    assert not book.hosts.free("new")
    assert book.hosts.next_free("new") == book.now + 30
    book.now += 30
    assert book.hosts.free("new")
    book.hosts.started("new")
    assert not book.hosts.free("other"), "one probe at a time"
    book.end("net.connect", host="new")
    assert not book.hosts.free("new")
    book.now += 30
    book.run("http.404", host="new")
    assert not book.hosts.network_down
    assert [book.room(f"h{n}") for n in range(4)] == [8] * 4


def test_one_answer_in_between_starts_the_count_anew() -> None:
    book = Book()
    for n in range(60):
        book.run("net.dns" if n % 15 else "http.404", host=f"h{n}")
    assert not book.hosts.network_down


def test_backoff_is_full_jitter() -> None:
    book = Book(backoff_max=60.0)
    for attempt, most in ((1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (900, 60)):
        waits = [book.hosts.backoff(attempt) for _ in range(300)]
        assert all(0 <= wait <= most for wait in waits)
        assert max(waits) > most * 0.9
        assert min(waits) < most * 0.1


def test_the_book_stays_small() -> None:
    book = Book()
    for n in range(10_000):
        book.run("" if n % 2 else "http.404", host=f"h{n}")
    assert len(book.hosts._hosts) == 0
