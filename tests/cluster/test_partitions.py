"""The laws of dealing URLs out: a host in one partition, the same one for ever, sizes bounded."""

from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from collector.cluster.partitions import Job, Plan, distinct, piece_name
from collector.model import Hit
from collector.urls import host_of


def job(host: int | str, number: int, keyword: str = "cat") -> Job:
    url = f"http://h{host}.example/{number}.jpg"
    return Job(keyword, keyword, "google", number, 100, Hit(url, url))


JOBS = st.lists(st.builds(job, st.integers(0, 30), st.integers(0, 200)), max_size=300).map(distinct)


@given(JOBS, st.integers(1, 50), st.integers(1, 8))
def test_every_job_is_in_one_partition_and_every_host_keeps_its_connections(
    jobs: list[Job], size: int, per_host: int
) -> None:
    plan = Plan.of(jobs, size, per_host)
    partitions = plan.partitions(jobs)
    assert Counter(one.identity for part in partitions for one in part.jobs) == Counter(one.identity for one in jobs)
    places: dict[str, list[int]] = defaultdict(list)
    for part in partitions:
        for host in {host_of(one.hit.url) for one in part.jobs}:
            places[host].append(part.connections(per_host))
    assert all(sum(found) <= per_host for found in places.values()), "all its partitions together"
    assert all(len(found) == 1 for host, found in places.items() if host not in plan.split)
    assert [len(one.jobs) for one in partitions] == sorted((len(one.jobs) for one in partitions), reverse=True)


@given(JOBS, JOBS, st.integers(1, 50))
def test_what_comes_later_moves_nothing(jobs: list[Job], more: list[Job], size: int) -> None:
    plan = Plan.of(jobs, size, 8)
    before = {one.identity: part.number for part in plan.partitions(jobs) for one in part.jobs}
    after = {one.identity: part.number for part in plan.partitions(distinct([*jobs, *more])) for one in part.jobs}
    assert before.items() <= after.items()


def test_a_large_host_is_split_into_no_more_parts_than_it_bears_connections() -> None:
    jobs = [job("large", number) for number in range(1000)] + [job("small", number) for number in range(10)]
    plan = Plan.of(jobs, 100, 4)
    assert dict(plan.split) == {"hlarge.example": 4}
    parts = plan.partitions(jobs)
    assert sorted(len(one.jobs) > 200 for one in parts) == [False, True, True, True, True]
    assert {one.connections(8) for one in parts if len(one.jobs) > 200} == {2}


def test_a_class_needs_a_url_once_and_two_classes_need_it_twice() -> None:
    cat, again, dog = job(1, 1), job(1, 1), job(1, 1, "dog")
    assert distinct([cat, again, dog]) == [cat, dog]


def test_a_piece_of_the_same_jobs_has_the_same_name() -> None:
    one, two = job(1, 1), job(1, 2)
    assert piece_name(7, 0, [one, two]) == piece_name(7, 0, [two, one])
    assert piece_name(7, 0, [one]) != piece_name(7, 0, [two])
    assert piece_name(7, 0, [one]).startswith("part-00007-000-")


def test_a_picture_in_its_own_address_asks_no_host() -> None:
    inline = Job("cat", "cat", "google", 1, 1, Hit("data:image/gif;base64,R0lGODlhAQABAAAAACw=", "data:1"))
    assert [len(part.jobs) for part in Plan.of([inline], 10, 8).partitions([inline])] == [1]
