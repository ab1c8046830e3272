"""The laws of dealing URLs out: a host in one partition, the same one for ever, sizes bounded."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.cluster import partitions as dealing
from collector.cluster.partitions import Dealt, Job, Partition, Plan, piece_name
from collector.model import Hit
from collector.urls import host_of


def job(host: int | str, number: int, keyword: str = "cat") -> Job:
    url = f"http://h{host}.example/{number}.jpg"
    return Job(keyword, keyword, "google", number, 100, Hit(url, url))


def planned(jobs: list[Job], size: int, per_host: int) -> Plan:
    return Plan.of(Counter(host_of(one.hit.url) for one in jobs), size, per_host)


def partitions(plan: Plan, jobs: list[Job]) -> list[Partition]:
    with TemporaryDirectory() as folder:
        dealt = Dealt(plan, jobs, Path(folder))
        found = list(dealt)
        assert {part.number: len(part.jobs) for part in found} == dealt.given
        assert dealt.repeated == len(jobs) - sum(dealt.given.values())
    return found


JOBS = st.lists(st.builds(job, st.integers(0, 30), st.integers(0, 200)), max_size=300)


@given(JOBS, st.integers(1, 50), st.integers(1, 8))
def test_every_job_is_in_one_partition_and_every_host_keeps_its_connections(
    jobs: list[Job], size: int, per_host: int
) -> None:
    plan = planned(jobs, size, per_host)
    found = partitions(plan, jobs)
    assert Counter(one.identity for part in found for one in part.jobs) == Counter({one.identity for one in jobs})
    places: dict[str, list[int]] = defaultdict(list)
    for part in found:
        for host in {host_of(one.hit.url) for one in part.jobs}:
            places[host].append(part.connections(per_host))
    assert all(sum(each) <= per_host for each in places.values()), "all its partitions together"
    assert all(len(each) == 1 for host, each in places.items() if host not in plan.split)
    assert [len(one.jobs) for one in found] == sorted((len(one.jobs) for one in found), reverse=True)


@given(JOBS, JOBS, st.integers(1, 50))
def test_what_comes_later_moves_nothing(jobs: list[Job], more: list[Job], size: int) -> None:
    plan = planned(jobs, size, 8)
    before = {one.identity: part.number for part in partitions(plan, jobs) for one in part.jobs}
    after = {one.identity: part.number for part in partitions(plan, [*jobs, *more]) for one in part.jobs}
    assert before.items() <= after.items()


def test_a_large_host_is_split_into_no_more_parts_than_it_bears_connections() -> None:
    jobs = [job("large", number) for number in range(1000)] + [job("small", number) for number in range(10)]
    plan = planned(jobs, 100, 4)
    assert dict(plan.split) == {"hlarge.example": 4}
    parts = partitions(plan, jobs)
    assert sorted(len(one.jobs) > 200 for one in parts) == [False, True, True, True, True]
    assert {one.connections(8) for one in parts if len(one.jobs) > 200} == {2}


def test_a_class_needs_a_url_once_and_two_classes_need_it_twice() -> None:
    cat, again, dog = job(1, 1), job(1, 1), job(1, 1, "dog")
    [part] = partitions(planned([cat, again, dog], 10, 8), [cat, again, dog])
    assert part.jobs == (cat, dog)


def test_memory_holds_no_more_than_some_of_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dealing, "AT_ONCE", 7)
    jobs = [job(host, number) for number in range(20) for host in range(5)]
    found = partitions(planned(jobs, 30, 1), jobs)
    assert len(found) > 1
    for part in found:
        assert list(part.jobs) == [one for one in jobs if one in part.jobs], "in the order in which they came"


def test_a_piece_of_the_same_jobs_has_the_same_name() -> None:
    one, two = job(1, 1), job(1, 2)
    assert piece_name(7, 0, [one, two]) == piece_name(7, 0, [two, one])
    assert piece_name(7, 0, [one]) != piece_name(7, 0, [two])
    assert piece_name(7, 0, [one]).startswith("part-00007-000-")


def test_a_picture_in_its_own_address_asks_no_host() -> None:
    inline = Job("cat", "cat", "google", 1, 1, Hit("data:image/gif;base64,R0lGODlhAQABAAAAACw=", "data:1"))
    assert [len(part.jobs) for part in partitions(planned([inline], 10, 8), [inline])] == [1]
