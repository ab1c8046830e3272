"""What choosing the next URL costs, with many URLs at many hosts: microseconds each, in the one thread that decides.

    python bench/frontier.py            100,000 URLs at 10,000 hosts, of 1 query and of 250
    python bench/frontier.py --short    20,000 URLs at 2,000 hosts

Each URL waits, is chosen, and comes back, with the real limits of hosts and 64 downloads under way. The last line has
all of them at one host that allows eight at a time, so that 250 queries wait for it: the worst case.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collector.crawl.frontier import Frontier
from collector.crawl.query_state import QueryState
from collector.http.limits import Hosts
from collector.ledger import KnownSearch, OpenQuery
from collector.model import Attempt, Downloaded, Picture, Query, SearchState, Task
from collector.settings import FetchSettings

UNDER_WAY = 64
PICTURE = Picture("0" * 64, "JPEG", "jpg", 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds for each URL."""

    waiting: float
    chosen: float
    back: float


def measure(urls: int, hosts: int, queries: int) -> Cost:
    """All of them through a frontier, `UNDER_WAY` at a time."""
    now = 0.0
    frontier = Frontier(Hosts(FetchSettings(), lambda: now), lambda: now)
    states = [_state(number) for number in range(1, queries + 1)]
    for state in states:
        frontier.add(state)
        state.loaded([])
    began = time.process_time()
    for number in range(urls):
        state = states[number % queries]
        url = f"https://pictures{number * 7919 % hosts}.example/gallery/picture-{number}.jpg"
        state.url_found(Task(number, state.id, url), number // queries + 1)
    waiting, chosen, back = time.process_time() - began, 0.0, 0.0
    under_way: deque[Task] = deque()
    for _ in range(urls):
        began = time.process_time()
        under_way.extend(frontier.next_tasks(UNDER_WAY - len(under_way)))
        middle = time.process_time()
        task = under_way.popleft()
        now += 0.001
        frontier.ended(Downloaded(task, PICTURE, Path("part"), Attempt(200, seconds=0.1)))
        frontier.asking(task.search_id).ended(task, saved=True)
        chosen += middle - began
        back += time.process_time() - middle
    if under_way:
        raise AssertionError(f"{len(under_way)} URLs too many")
    return Cost(*(seconds / urls * 1e6 for seconds in (waiting, chosen, back)))


def _state(number: int) -> QueryState:
    search = KnownSearch(number, "google", SearchState.EXHAUSTED)
    return QueryState(OpenQuery(number, Query(f"keyword {number}", "class", None), 0, 0, (search,)), {})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a fifth of it")
    share = 5 if parser.parse_args().short else 1
    print("     URLs   hosts  queries    waits  chosen    back  in all   microseconds each")
    for urls, hosts, queries in ((100_000, 10_000, 1), (100_000, 10_000, 250), (100_000, 100_000, 1), (20_000, 1, 250)):
        urls, hosts = urls // share, max(1, hosts // share)
        cost = measure(urls, hosts, queries)
        figures = (cost.waiting, cost.chosen, cost.back, cost.waiting + cost.chosen + cost.back)
        print(f"{urls:>9,} {hosts:>7,} {queries:>8} ", *(f"{figure:>7.1f}" for figure in figures))


if __name__ == "__main__":
    main()
