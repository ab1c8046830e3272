"""Settling: what arrives too late for its query is not saved on top of the limit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from collector.crawl.job import Job
from collector.crawl.plan import Course, Stages
from collector.crawl.record import Settler
from collector.crawl.schedule import Schedule
from collector.ledger import Ledger
from collector.model import Attempt, Downloaded, Found, Saved, Skipped, Task
from collector.settings import Settings, assign
from tests.support.fakes import OpenHosts
from tests.support.values import hit, picture, query, search


def test_a_slow_download_that_comes_after_its_replacement_is_one_too_many(tmp_path: Path) -> None:
    now = [0.0]
    with Ledger.open(tmp_path) as ledger:
        run = ledger.work.plan([query("cat", 1)])
        ((_, opened),) = ledger.work.open_queries(run, -1, 10)
        (known,) = opened.searches
        job = Job(opened, 0, 0, {known.id: known}, more=False, searching=1)
        schedule = Schedule(OpenHosts(), lambda: now[0])
        schedule.add(job)
        for number in (1, 2):
            task = ledger.work.found(Found(search(known.id, query("cat", 1)), number, hit(number)), opened.id)
            assert task is not None
            job.pending.append(task)
        (slow,) = schedule.next_tasks(4)
        now[0] += 60
        (quick,) = schedule.next_tasks(4)
        settings = assign(Settings(), "out", str(tmp_path), "test")
        course = Course(ledger, run, schedule, Stages(True, True), 0.5, lambda _: ())
        settler = Settler(ledger, settings, schedule, course, OpenHosts(), None)
        events = settler.settle([arrived(tmp_path, quick), arrived(tmp_path, slow)])
        (tally,) = ledger.stats.tallies()
    assert [type(event) for event in events] == [Saved, Skipped]
    assert (tally.saved, tally.skipped, tally.found) == (1, 1, 2)
    assert len(list(tmp_path.glob("*/*.jpg"))) == 1
    assert not list(tmp_path.glob("*.part"))


def arrived(folder: Path, task: Task) -> Downloaded:
    part = folder / f".collector-{task.id}.part"
    part.write_text(task.url)
    return Downloaded(task, picture(task.url), part, Attempt(200, task.url, 0.1))


def test_what_cannot_be_had_is_skipped_as_soon_as_it_is_found_and_is_no_spare(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        run = ledger.work.plan([query("cat", 1)])
        ((_, opened),) = ledger.work.open_queries(run, -1, 10)
        (known,) = opened.searches
        job = Job(opened, 0, 0, {known.id: known}, more=False, searching=1)
        schedule = Schedule(OpenHosts(), lambda: 0.0)
        schedule.add(job)
        settings = assign(Settings(), "out", str(tmp_path), "test")
        course = Course(ledger, run, schedule, Stages(True, True), 0.5, lambda _: ())
        settler = Settler(ledger, settings, schedule, course, OpenHosts(), None)
        locked = replace(
            hit(1), skip_reason="policy.locked", fields=(("author", "ann"), ("skipped", "for subscribers"))
        )
        events = settler.settle([Found(search(known.id, query("cat", 1)), 1, locked)])
        (tally,) = ledger.stats.tallies()
        assert ledger.work.todo(opened.id, 0, 10) == []
    assert isinstance(events[1], Skipped)
    assert (events[1].reason, events[1].detail) == ("policy.locked", "for subscribers")
    assert (tally.found, tally.skipped, tally.waiting, job.found) == (1, 1, 0, 0)
    assert not schedule.next_tasks(4)
