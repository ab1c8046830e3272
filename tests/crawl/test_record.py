"""Recording: every URL ends once, and what comes too late for its query is not saved on top of the limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.crawl.frontier import Frontier
from collector.crawl.plan import Stages
from collector.crawl.queries import Queries
from collector.crawl.query_state import PATIENCE
from collector.crawl.record import OutputFolder, Recorder
from collector.errors import LedgerError
from collector.ledger import Ledger
from collector.maintenance import files, startup
from collector.model import (
    Attempt,
    Downloaded,
    DownloadFailed,
    Event,
    Failed,
    Found,
    Hit,
    Message,
    Noticed,
    Saved,
    SearchEnded,
    SearchState,
    Skipped,
    Task,
)
from collector.settings import FetchSettings
from tests.support.fakes import OpenHosts
from tests.support.values import hit, picture, query, search


class Desk:
    """One query in hand, its search under way, and who records what happens to it."""

    def __init__(
        self,
        folder: Path,
        ledger: Ledger,
        limit: int = 1,
        names: str = "",
        doubtful: tuple[str, ...] = (),
    ) -> None:
        self.folder, self.ledger, self.now = folder, ledger, 0.0
        self.asked = query("cat", limit)
        run = ledger.work.plan([self.asked])
        ((_, opened),) = ledger.work.open_queries(run, -1, 10)
        (known,) = opened.searches
        self.id = opened.id
        self.search = search(known.id, self.asked)
        hosts = OpenHosts()
        self.frontier = Frontier(hosts, lambda: self.now)
        queries = Queries(ledger, run, self.frontier, Stages(True, True), 0.5, lambda _: ())
        self.recorder = Recorder(ledger, FetchSettings(names=names), self.frontier, queries, hosts,
                                 OutputFolder(folder), doubtful=doubtful.__contains__)  # fmt: skip
        queries.take_up(opened)

    def found(self, *hits: Hit) -> list[Event]:
        return self.recorder.record([Found(self.search, rank, one) for rank, one in enumerate(hits, start=1)])

    def ended(self, state: SearchState = SearchState.EXHAUSTED) -> list[Event]:
        return self.recorder.record([SearchEnded(self.search, state)])

    def record(self, *messages: Message) -> list[Event]:
        return self.recorder.record(messages)

    def next(self) -> list[Task]:
        return self.frontier.next_tasks(4)

    def arrived(self, task: Task) -> Downloaded:
        part = self.folder / f".collector-{task.id}.part"
        part.write_text(task.url)
        return Downloaded(task, picture(task.url), part, Attempt(200, task.url, 0.1))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Ledger.open(tmp_path) as ledger:
        yield Desk(tmp_path, ledger)


def test_a_slow_download_that_comes_after_its_replacement_is_one_too_many(desk: Desk) -> None:
    desk.found(hit(1), hit(2))
    (slow,) = desk.next()
    desk.now += PATIENCE
    (quick,) = desk.next()
    events = desk.record(desk.arrived(quick), desk.arrived(slow))
    (tally,) = desk.ledger.stats.tallies()
    assert [type(event) for event in events] == [Saved, Skipped]
    assert (tally.saved, tally.skipped, tally.found) == (1, 1, 2)
    assert len(list(desk.folder.glob("*/*.jpg"))) == 1
    assert not list(desk.folder.glob("*.part"))


@pytest.mark.parametrize("late", ["downloaded", "failed"])
def test_what_comes_after_its_query_was_closed_is_let_go_of(desk: Desk, late: str) -> None:
    desk.found(hit(1), hit(2), hit(3))
    desk.ended()
    (slow,) = desk.next()
    desk.now += PATIENCE
    (quick,) = desk.next()
    events = desk.record(desk.arrived(quick))
    assert [type(event) for event in events] == [Saved, Skipped, Skipped], "the slow one and the third"
    assert len(desk.frontier) == 0
    came = desk.arrived(slow) if late == "downloaded" else DownloadFailed(slow, "http.404")
    assert desk.record(came) == []
    (tally,) = desk.ledger.stats.tallies()
    assert (tally.saved, tally.skipped, tally.failed, tally.found) == (1, 2, 0, 3)
    assert not list(desk.folder.glob("*.part"))


def test_what_waits_for_another_try_when_the_limit_is_met_is_left_to_a_later_run(desk: Desk) -> None:
    desk.found(hit(1), hit(2))
    (first,) = desk.next()
    assert desk.record(DownloadFailed(first, "http.503", "busy", retry_after=30.0)) == []
    (second,) = desk.next()
    events = desk.record(desk.arrived(second))
    assert isinstance(events[0], Saved)
    assert events[1:] == [Failed(first, "http.503", "busy", retry=True)]


def test_a_query_at_its_limit_is_not_opened_by_another_source(desk: Desk) -> None:
    desk.found(hit(1))
    desk.ended()
    (task,) = desk.next()
    desk.record(desk.arrived(task))
    for limit, opened in ((1, 0), (2, 1)):
        run = desk.ledger.work.plan([replace(desk.asked, sources=("google", "openverse"), limit=limit)])
        assert len(desk.ledger.work.open_queries(run, -1, 10)) == opened


def test_a_url_that_an_earlier_run_is_to_try_again_is_no_spare_until_this_run_tried_it(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger)
        desk.found(hit(1), hit(2))
        desk.ended(SearchState.ENOUGH)
        first = desk.next()[0]
        ledger.work.outcome(Failed(first, "http.503", retry=True))
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger)
        desk.record(SearchEnded(desk.search, SearchState.ENOUGH)) if desk.frontier.next_search(lambda _: True) else None
        (again,) = desk.next()
        assert (again.id, again.attempt) == (first.id, 2)
        desk.now += PATIENCE
        (other,) = desk.next()
        desk.record(desk.arrived(other))
        (tally,) = ledger.stats.tallies()
    assert (tally.saved, tally.skipped, tally.retry) == (1, 1, 0), "tried by this run, it was too slow"


def test_a_url_of_an_earlier_run_that_this_run_did_not_come_to_stays_to_do(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger, limit=2)
        desk.found(hit(1), hit(2), hit(3))
        desk.ended(SearchState.ENOUGH)
        one, two = desk.next()
        desk.record(desk.arrived(one))
        ledger.work.outcome(Failed(replace(two, id=3), "http.503", retry=True))
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger, limit=2)
        (second,) = desk.next()
        assert second.id == 2
        desk.record(desk.arrived(second))
        (tally,) = ledger.stats.tallies()
        assert [task.id for _, task in ledger.work.todo(desk.id, 0, 10)] == [3]
    assert (tally.saved, tally.skipped, tally.failed) == (2, 0, 1)


def test_an_empty_answer_is_asked_for_once_more_in_a_run_and_believed_by_the_next(tmp_path: Path) -> None:
    def states(desk: Desk, times: int) -> list[tuple[SearchState, str, bool]]:
        told = []
        for _ in range(times):
            planned = desk.frontier.next_search(lambda _: True)
            assert planned is not None
            ended = desk.ended(SearchState.EMPTY)[0]
            assert isinstance(ended, SearchEnded)
            told.append((ended.state, ended.reason, planned.search.doubted))
        assert desk.frontier.next_search(lambda _: True) is None
        return told

    pending = SearchState.PENDING, "search.unconfirmed"
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger, doubtful=("google",))
        assert states(desk, 2) == [(*pending, False), (*pending, True)]
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger, doubtful=("google",))
        assert states(desk, 1) == [(SearchState.EMPTY, "", False)]


def test_what_cannot_be_had_is_skipped_as_soon_as_it_is_found_and_is_no_spare(desk: Desk) -> None:
    fields = (("author", "ann"), ("skipped", "for subscribers"))
    events = desk.found(replace(hit(1), skip_reason="policy.locked", fields=fields))
    (tally,) = desk.ledger.stats.tallies()
    assert isinstance(events[1], Skipped)
    assert (events[1].reason, events[1].detail) == ("policy.locked", "for subscribers")
    assert (tally.found, tally.skipped, tally.waiting) == (1, 1, 0)
    assert (state := desk.frontier.asking(desk.search.id)) and state.found == 0
    assert desk.ledger.work.todo(desk.id, 0, 10) == []
    assert not desk.next()


class Shelf:
    """Somebody else's way to keep pictures."""

    def __init__(self) -> None:
        self.placed: list[Path] = []
        self.let_go: list[Path] = []

    def place(self, part: Path, name: Path) -> None:
        self.placed.append(name)

    def discard(self, part: Path) -> None:
        self.let_go.append(part)


def test_where_pictures_go_is_handed_in(desk: Desk) -> None:
    files = Shelf()
    desk.recorder._files = files
    desk.found(hit(1), hit(2))
    (slow,) = desk.next()
    desk.now += PATIENCE
    (quick,) = desk.next()
    desk.record(desk.arrived(quick), late := desk.arrived(slow))
    assert [str(name.parent) for name in files.placed] == ["cat"]
    assert files.let_go == [late.part]


def test_a_class_folder_that_becomes_a_link_in_mid_run_is_not_followed(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "images", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    files = OutputFolder(folder)
    for number in (1, 2):
        (folder / f"{number}.part").write_text("x")
    files.place(folder / "1.part", Path("cat/1.jpg"))
    (folder / "cat").rename(folder / "moved")
    (folder / "cat").symlink_to(elsewhere)
    with pytest.raises(LedgerError, match="a link on the way leads out of"):
        files.place(folder / "2.part", Path("cat/2.jpg"))
    assert list(elsewhere.iterdir()) == []
    assert (folder / "2.part").exists()


def test_an_error_nobody_foresaw_about_a_hit_costs_its_query_the_rest_of_the_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(desk.ledger.work, "found", lambda *_: 1 / 0)
        (told,) = desk.found(hit(1))
    assert isinstance(told, Noticed)
    assert told.text == '"cat" is left for the next run: internal.error, ZeroDivisionError: division by zero'
    assert desk.found(hit(2)) == []
    (ended,) = desk.ended()
    assert isinstance(ended, SearchEnded)
    assert (ended.state, ended.reason) == (SearchState.FAILED, "internal.error")
    assert (len(desk.frontier), desk.recorder.trouble, desk.next()) == (0, None, [])


def test_an_error_nobody_foresaw_while_a_picture_is_recorded_ends_that_picture(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.found(hit(1), hit(2))
    (first,) = desk.next()
    with monkeypatch.context() as broken:
        broken.setattr(desk.ledger.work, "folder", lambda _: 1 / 0)
        (event,) = desk.record(desk.arrived(first))
    assert event == Failed(first, "internal.error", "ZeroDivisionError: division by zero")
    assert capsys.readouterr() == ("", "")
    assert not list(desk.folder.glob("*.part"))
    (second,) = desk.next()
    assert isinstance(desk.record(desk.arrived(second))[0], Saved)
    assert desk.recorder.trouble is None


def test_a_template_names_the_files_and_the_ledger_knows_them_by_it(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger, limit=2, names="{label}-{rank:04}-{id}")
        files.remember_names(ledger, "{label}-{rank:04}-{id}")
        desk.found(hit(1), hit(2))
        events = [event for task in desk.next() for event in desk.record(desk.arrived(task))]
        paths = [event.path for event in events if isinstance(event, Saved)]
        assert paths == [Path("cat/cat-0001-1.jpg"), Path("cat/cat-0002-2.jpg")]
        assert [row.path for row in ledger.dataset.pictures()] == paths
        assert [row.id for row in ledger.stats.why("cat-0002-2.jpg")] == [2]
        assert ledger.maintenance.owner_of("cat-0002-2.jpg") == paths[1]
        assert sorted(files.pictures(ledger, tmp_path)) == [tmp_path / path for path in paths]


def test_a_named_file_whose_row_a_killed_run_did_not_write_goes_and_what_is_the_users_stays(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        desk = Desk(tmp_path, ledger, names="{label}-{rank:04}-{id}")
        files.remember_names(ledger, "{label}-{rank:04}-{id}")
        desk.found(hit(1), hit(2))
        (tmp_path / "cat").mkdir()
        for name in ("cat-0002-2.jpg", "cat-0001-2.jpg", "holiday-1.jpg", "cat-0009-9.jpg"):
            (tmp_path / "cat" / name).write_bytes(b"bytes of it")
        assert startup.remove_orphans(ledger, tmp_path, 0.0) == 1
        assert not (tmp_path / "cat/cat-0002-2.jpg").exists() and len(list(tmp_path.glob("cat/*"))) == 3
