"""The ledger keeps the map and one outcome per URL, and knows what is still to do."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.errors import LedgerError
from collector.ledger import Ledger, schema
from collector.ledger.rows import SAVED
from collector.model import (
    Duplicate,
    Failed,
    Found,
    Hit,
    Media,
    Outcome,
    Query,
    Rejected,
    Saved,
    SearchEnded,
    SearchState,
    Skipped,
    Task,
)
from collector.urls import id_key
from tests.support.values import hit, links, picture, query, search


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "images") as opened:
        yield opened


def plan_one(ledger: Ledger, wanted: Query) -> tuple[int, int, int]:
    """(run, query id, search id) of a freshly planned query."""
    run = ledger.work.plan([wanted])
    ((_, opened),) = ledger.work.open_queries(run, -1, 10)
    return run, opened.id, opened.searches[0].id


def enter(ledger: Ledger, wanted: Query, numbers: range) -> tuple[int, int, list[Task]]:
    run, query_id, search_id = plan_one(ledger, wanted)
    tasks = [ledger.work.found(Found(search(search_id, wanted), n, hit(n, wanted.keyword)), query_id) for n in numbers]
    return run, query_id, [task for task in tasks if task is not None]


def todo(ledger: Ledger, query_id: int, after: int = 0) -> list[Task]:
    return [task for _, task in ledger.work.todo(query_id, after, 10)]


def test_a_planned_query_is_open_with_its_search_pending(ledger: Ledger) -> None:
    run = ledger.work.plan([query("cat", 5), query("dog", 2, sources=("google", "bing"))])
    (_, cat), (_, dog) = ledger.work.open_queries(run, -1, 10)
    assert (cat.query.keyword, cat.query.limit, cat.saved, cat.found) == ("cat", 5, 0, 0)
    assert [(search.source, search.state) for search in dog.searches] == [
        ("google", SearchState.PENDING),
        ("bing", SearchState.PENDING),
    ]


def test_open_queries_come_in_order_and_in_windows(ledger: Ledger) -> None:
    run = ledger.work.plan([query(f"k{n}") for n in range(5)])
    first = ledger.work.open_queries(run, -1, 2)
    rest = ledger.work.open_queries(run, first[-1][0], 10)
    assert [opened.query.keyword for _, opened in first + rest] == ["k0", "k1", "k2", "k3", "k4"]


def test_the_same_url_of_a_query_is_entered_once(ledger: Ledger) -> None:
    _, query_id, tasks = enter(ledger, query(), range(1, 4))
    again = ledger.work.found(Found(search(1, query()), 9, hit(2)), query_id)
    assert len(tasks) == 3
    assert again is None
    assert ledger.work.known(query_id) == {hit(n).key for n in (1, 2, 3)}


def test_to_do_is_what_has_no_final_outcome(ledger: Ledger) -> None:
    _, query_id, tasks = enter(ledger, query(), range(1, 6))
    ledger.work.outcome(Saved(tasks[0], picture("a"), Path("cat/a.jpg")))
    ledger.work.outcome(Rejected(tasks[1], "body.html"))
    ledger.work.outcome(Failed(tasks[2], "http.503", retry=True))
    ledger.work.outcome(Failed(tasks[3], "http.404"))
    left = todo(ledger, query_id)
    assert [(task.url, task.attempt) for task in left] == [(hit(3).url, 2), (hit(5).url, 1)]
    assert todo(ledger, query_id, left[0].id) == left[1:]


def test_tries_are_counted_but_for_those_that_are_no_fault_of_the_url(ledger: Ledger) -> None:
    _, query_id, tasks = enter(ledger, query(), range(1, 5))
    third = [replace(task, attempt=3) for task in tasks]
    ledger.work.outcome(Failed(third[0], "http.503", retry=True))
    ledger.work.outcome(Failed(third[1], "net.proxy", retry=True))
    ledger.work.outcome(Skipped(third[2], "policy.limit"))
    ledger.work.outcome(Rejected(third[3], "body.html"))
    assert [row.attempts for row in ledger.dataset.rows()] == [3, 2, 2, 3]
    assert [task.attempt for task in todo(ledger, query_id)] == [4, 3]


@pytest.mark.parametrize(
    ("make", "column"),
    [
        (lambda task: Saved(task, picture("a"), Path("cat/a.jpg")), "saved"),
        (lambda task: Duplicate(task, picture("a"), Path("cat/a.jpg")), "duplicate"),
        (lambda task: Rejected(task, "body.html"), "rejected"),
        (lambda task: Failed(task, "http.404"), "failed"),
        (lambda task: Skipped(task, "policy.limit"), "skipped"),
    ],
)
def test_each_outcome_is_counted_once_and_the_sums_close(ledger: Ledger, make: object, column: str) -> None:
    run, _, tasks = enter(ledger, query(), range(1, 4))
    outcome: Outcome = make(tasks[0])  # type: ignore[operator]
    ledger.work.outcome(outcome)
    ledger.work.outcome(outcome)
    (tally,) = ledger.stats.tallies(run)
    assert getattr(tally, column) == 1
    assert tally.waiting == 2
    total = tally.saved + tally.duplicate + tally.rejected + tally.failed + tally.skipped + tally.waiting
    assert total == tally.found == 3


def test_a_later_outcome_takes_the_place_of_a_retry(ledger: Ledger) -> None:
    run, query_id, (task,) = enter(ledger, query(), range(1, 2))
    ledger.work.outcome(Failed(task, "http.503", retry=True))
    (again,) = todo(ledger, query_id)
    ledger.work.outcome(Saved(again, picture("a"), Path("cat/a.jpg")))
    (tally,) = ledger.stats.tallies(run)
    assert (tally.saved, tally.failed, tally.retry) == (1, 0, 0)
    assert todo(ledger, query_id) == []


def test_a_done_query_stays_done_until_its_limit_is_raised(ledger: Ledger) -> None:
    _, query_id, tasks = enter(ledger, query(limit=1), range(1, 4))
    ledger.work.outcome(Saved(tasks[0], picture("a"), Path("cat/a.jpg")))
    ledger.work.outcome(Skipped(tasks[1], "policy.limit"))
    ledger.work.outcome(Rejected(tasks[2], "body.html"))
    ledger.work.close_query(query_id)
    assert ledger.work.open_queries(ledger.work.plan([query(limit=1)]), -1, 10) == []
    ((_, opened),) = ledger.work.open_queries(ledger.work.plan([query(limit=2)]), -1, 10)
    assert (opened.saved, opened.query.limit) == (1, 2)
    assert [task.url for task in todo(ledger, query_id)] == [hit(2).url], "the spare is to do again"


def test_a_done_query_opens_for_a_source_it_was_never_put_to(ledger: Ledger) -> None:
    _, query_id, _ = plan_one(ledger, query())
    ledger.work.close_query(query_id)
    run = ledger.work.plan([query(sources=("google", "bing"))])
    ((_, opened),) = ledger.work.open_queries(run, -1, 10)
    assert [search.source for search in opened.searches] == ["google", "bing"]


def test_the_same_bytes_are_found_again_by_hash(ledger: Ledger) -> None:
    _, _, tasks = enter(ledger, query(label="Cats"), range(1, 3))
    assert ledger.work.already(tasks[1], picture("a"), "Cats") is None
    ledger.work.outcome(Saved(tasks[0], picture("a"), Path("Cats/a.jpg")))
    again, path = picture("a"), Path("Cats/a.jpg")
    assert ledger.work.already(tasks[1], again, "Cats") == Duplicate(tasks[1], again, path, "duplicate.same_label")
    assert ledger.work.already(tasks[1], again, "Dogs") == Duplicate(tasks[1], again, path, "duplicate.other_label")
    assert [file.path for file in ledger.dataset.rows(SAVED)] == [Path("Cats/a.jpg")]
    assert ledger.maintenance.owner_of(picture("a").sha256[:32] + ".jpg") == Path("Cats/a.jpg")


def test_folders_are_given_once_and_differ_where_file_systems_do_not(ledger: Ledger) -> None:
    names = [ledger.work.folder(label) for label in ("Cat", "cat", "../etc", "Cat")]
    assert names[0] == names[3] == "Cat"
    assert len({name.casefold() for name in names[:3]}) == 3


def test_search_states_and_seconds_reach_the_summary(ledger: Ledger) -> None:
    run, _, search_id = plan_one(ledger, query())
    ledger.work.search_started(search(search_id, query()))
    ledger.work.search_ended(SearchEnded(search(search_id, query()), SearchState.BLOCKED, "page.captcha", seconds=2.5))
    (tally,) = ledger.stats.tallies(run)
    assert tally.searches == (("google", SearchState.BLOCKED, "page.captcha"),)
    assert tally.seconds == pytest.approx(2.5)


def test_a_transaction_is_kept_whole_or_not_at_all(ledger: Ledger) -> None:
    _, query_id, search_id = plan_one(ledger, query())
    with pytest.raises(RuntimeError), ledger.transaction():
        ledger.work.found(Found(search(search_id, query()), 1, hit(1)), query_id)
        raise RuntimeError
    assert ledger.work.known(query_id) == frozenset()


def test_an_imported_map_is_wanted_whole_and_joins_what_is_known(ledger: Ledger) -> None:
    enter(ledger, query(limit=1), range(1, 3))
    new, given = ledger.intake.import_hits(
        links([("cat", hit(2).url), ("cat", hit(7).url), ("dog", hit(1, "dog").url)])
    )
    assert (new, given) == (2, 3)
    run = ledger.work.take_up_all()
    wanted = {opened.query.keyword: opened.query.limit for _, opened in ledger.work.open_queries(run, -1, 10)}
    assert wanted == {"cat": 3, "dog": 1}
    expected = [("cat", hit(n).url) for n in (1, 2, 7)] + [("dog", hit(1, "dog").url)]
    assert sorted(ledger.dataset.cells(("keyword", "url"), order="asked")) == expected


def test_it_survives_reopening(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as first:
        first.remember("practice.port", "8123")
        _, query_id, _ = enter(first, query(), range(1, 3))
    with Ledger.open(tmp_path) as second:
        assert second.note("practice.port") == "8123"
        assert len(todo(second, query_id)) == 2


def test_damage_and_newer_files_are_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "collector.db"
    file.write_bytes(b"not a database, but long enough to look at" * 100)
    before = file.read_bytes()
    with pytest.raises(LedgerError, match="damaged"):
        Ledger.open(tmp_path)
    assert file.read_bytes() == before
    file.unlink()
    Ledger.open(tmp_path).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LedgerError, match="newer version"):
        Ledger.open(tmp_path)


def test_somebody_elses_database_is_not_taken_over(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "collector.db")
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError, match="not a collector ledger"):
        Ledger.open(tmp_path)


def test_the_master_table_can_be_asked_with_plain_sql(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as opened:
        enter(opened, query(), range(1, 3))
    connection = sqlite3.connect(tmp_path / "collector.db")
    assert connection.execute("SELECT url FROM found ORDER BY rank").fetchall() == [(hit(1).url,), (hit(2).url,)]
    assert connection.execute("SELECT keyword, state FROM picture").fetchall() == [("cat", "waiting")] * 2
    connection.close()


def test_a_hundred_thousand_keywords_are_planned_quickly(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as opened:
        started = time.thread_time()
        run = opened.work.plan([query(f"keyword {n}") for n in range(100_000)])
        assert time.thread_time() - started < 20
        assert len(opened.work.open_queries(run, 99_000, 5000)) == 999


def test_the_same_plan_again_writes_nothing_and_any_other_does(ledger: Ledger) -> None:
    first = ledger.work.plan([query("cat", 5), query("dog", 2)])
    before = ledger.changes
    assert ledger.work.plan([query("cat", 5), query("dog", 2)]) == first
    assert ledger.changes == before
    assert ledger.work.plan([query("cat", 6), query("dog", 2)]) == first + 1
    assert ledger.work.plan([query("cat", 6), query("dog", 2)], widen=True) == first + 2
    ledger.intake.import_hits(links([("cat", hit(1).url)]))
    again = ledger.work.plan([query("cat", 6), query("dog", 2)], widen=True)
    assert len(ledger.work.open_queries(again, -1, 10)) == 2, "what an import took is taken back"


def test_the_set_is_every_saved_picture_with_where_it_came_from(ledger: Ledger) -> None:
    _, _, (first, second) = enter(ledger, query("cat"), range(1, 3))
    _, _, (other,) = enter(ledger, query("dog"), range(1, 2))
    ledger.work.outcome(Saved(first, picture("a"), Path("cat/a.jpg")))
    ledger.work.outcome(Saved(second, replace(picture("v"), media=Media.VIDEO, format="MP4"), Path("cat/v.mp4")))
    ledger.work.outcome(Duplicate(other, picture("a"), Path("cat/a.jpg"), "duplicate.other_label"))
    [item] = ledger.dataset.pictures()
    assert (item.label, item.path, item.url, item.rank) == ("cat", Path("cat/a.jpg"), first.url, 1)
    assert item.sha256 == picture("a").sha256
    assert item.other_labels == ("dog",)


# --------------------------------------------------------------------------- walks, and what is seen again


def walk(ledger: Ledger, of: Query, search_id: int, query_id: int, numbers: range, state: SearchState) -> None:
    for rank, number in enumerate(numbers, start=1):
        ledger.work.found(Found(search(search_id, of), rank, hit(number)), query_id)
    ledger.work.search_ended(SearchEnded(search(search_id, of), state))


def test_what_a_search_knew_at_its_last_true_end_outlives_walks_that_were_cut_short(ledger: Ledger) -> None:
    of = query(limit=None, sources=("feed",))
    run, query_id, search_id = plan_one(ledger, of)

    def known() -> tuple[bool, frozenset[str]]:
        ((_, opened),) = ledger.work.open_queries(run, -1, 10)
        return opened.searches[0].complete > 0, ledger.work.known_before(opened.searches[0])

    walk(ledger, of, search_id, query_id, range(1, 4), SearchState.FAILED)
    assert known() == (False, frozenset())
    walk(ledger, of, search_id, query_id, range(1, 6), SearchState.EXHAUSTED)
    assert known() == (True, frozenset(hit(n).key for n in range(1, 6)))
    walk(ledger, of, search_id, query_id, range(9, 0, -1), SearchState.ENOUGH)
    assert known() == (True, frozenset(hit(n).key for n in range(1, 6)))
    walk(ledger, of, search_id, query_id, range(0), SearchState.EMPTY)
    assert known() == (True, frozenset(hit(n).key for n in range(1, 6)))
    walk(ledger, of, search_id, query_id, range(9, 0, -1), SearchState.EXHAUSTED)
    assert known() == (True, frozenset(hit(n).key for n in range(1, 10)))


def test_the_same_plan_asks_feeds_again_and_writes_nothing_for_others(ledger: Ledger) -> None:
    rows = [query("ann", None, sources=("feed",)), query("bob", 1, sources=("feed",)), query("cat", 5)]
    run = ledger.work.plan(rows, feeds=["feed"])
    for _, opened in ledger.work.open_queries(run, -1, 10):
        (known,) = opened.searches
        task = ledger.work.found(Found(search(known.id, opened.query), 1, hit(1, opened.query.keyword)), opened.id)
        assert task is not None
        ledger.work.outcome(Saved(task, picture(opened.query.keyword), Path("x/y.jpg")))
        ledger.work.search_ended(SearchEnded(search(known.id, opened.query), SearchState.EXHAUSTED))
        ledger.work.close_query(opened.id)
    assert ledger.work.plan(rows) == run
    assert ledger.work.open_queries(run, -1, 10) == [], "nobody says that it is a feed"
    before = ledger.changes
    assert ledger.work.plan(rows, feeds=["other"]) == run
    assert ledger.changes == before
    assert ledger.work.plan(rows, feeds=["feed"]) == run
    ((_, opened),) = ledger.work.open_queries(run, -1, 10)
    assert (opened.query.keyword, opened.searches[0].state) == ("ann", SearchState.PENDING), "bob has his one"
    again = ledger.work.plan(rows[:2], feeds=["feed"])
    assert again == run + 1
    assert [opened.query.keyword for _, opened in ledger.work.open_queries(again, -1, 10)] == ["ann"]


def test_a_million_rows_of_other_sources_cost_nothing_to_plan_again(ledger: Ledger) -> None:
    rows = [query(f"keyword {number}") for number in range(50_000)]
    run = ledger.work.plan(rows, feeds=["feed"])
    before, started = ledger.changes, time.thread_time()
    assert ledger.work.plan(rows, feeds=["feed"]) == run
    assert ledger.changes == before
    assert time.thread_time() - started < 5


def test_what_is_still_to_do_takes_fresh_addresses_from_its_own_search(ledger: Ledger) -> None:
    of = query()
    _, query_id, search_id = plan_one(ledger, of)

    def seen(number: int, day: int, by: int = search_id) -> Found:
        signed = replace(
            hit(number), url=f"http://cdn.test/{number}?day={day}", key=id_key("web", str(number)), cookies=f"day={day}"
        )
        return Found(search(by, of), number, signed)

    tasks = [ledger.work.found(seen(number, 1), query_id) for number in (1, 2, 3)]
    assert tasks[0] is not None and tasks[1] is not None
    ledger.work.outcome(Failed(tasks[0], "http.503", retry=True))
    ledger.work.outcome(Rejected(tasks[1], "body.html"))
    again = [ledger.work.seen_again(seen(number, 2), query_id, {}) for number in (1, 2, 3)]
    fresh = [told and told[0] for told in again]
    assert [task and (task.url[-5:], task.cookies, task.attempt) for task in fresh] == [
        ("day=2", "day=2", 2),
        None,
        ("day=2", "day=2", 1),
    ]
    assert todo(ledger, query_id) == [fresh[0], fresh[2]]
    assert ledger.work.seen_again(seen(1, 2), query_id, {}) is None, "nothing changed"
    assert ledger.work.seen_again(seen(1, 3, by=99), query_id, {}) is None, "somebody else's"
    ledger.maintenance.check(thorough=True)


def test_a_search_that_ranks_a_url_better_takes_it_over(ledger: Ledger) -> None:
    of = query(sources=("google", "bing"))
    run = ledger.work.plan([of])
    ((_, opened),) = ledger.work.open_queries(run, -1, 10)
    google, bing = (known.id for known in opened.searches)
    order = {google: 0, bing: 1}
    ledger.work.found(Found(search(bing, of), 4, hit(1)), opened.id)
    better = Found(search(google, of), 4, replace(hit(1), title="as google names it"))
    worse = Found(search(google, of), 5, hit(1))
    assert ledger.work.seen_again(worse, opened.id, order) is None
    assert ledger.work.seen_again(better, opened.id, {}) is None, "they are not merged"
    told = ledger.work.seen_again(better, opened.id, order)
    assert told is not None and (told[0].search_id, told[1:]) == (google, (4, False))
    task = told[0]
    assert ledger.work.todo(opened.id, 0, None) == [(4, task)]
    assert ledger.work.reached(opened.id) == {google: 4}


def test_videos_and_files_are_counted_apart(ledger: Ledger) -> None:
    run, _, tasks = enter(ledger, query(), range(1, 5))
    for task, media, size in zip(tasks, (Media.PICTURE, Media.VIDEO, Media.FILE), (10, 200, 3000), strict=False):
        ledger.work.outcome(Saved(task, replace(picture(str(size)), media=media, bytes=size), Path(f"cat/{size}.x")))
    (tally,) = ledger.stats.tallies(run)
    assert (tally.saved, tally.pictures, tally.videos, tally.files) == (3, 1, 1, 1)
    assert (tally.bytes, tally.video_bytes, tally.file_bytes) == (3210, 200, 3000)


def test_the_view_tells_the_media_and_an_older_ledger_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        old = sqlite3.connect(tmp_path / "collector.db", isolation_level=None)
        schema.prepare(old)
        old.execute("INSERT INTO query (id, keyword, label, wanted, run, position) VALUES (1, 'cat', 'cat', 9, 1, 0)")
        old.execute("INSERT INTO search (id, query_id, source, run, state) VALUES (1, 1, 'google', 1, 'exhausted')")
        for number, media in ((1, "picture"), (2, "video"), (3, "picture")):
            old.execute(
                """INSERT INTO found (id, query_id, search_id, rank, url, url_key, found_at, media)
                   VALUES (?1, 1, 1, ?1, 'http://x/' || ?1, 'http://x/' || ?1, '', ?2)""",
                (number, media),
            )
        old.execute("INSERT INTO outcome (found_id, state, ended_at) VALUES (2, 'failed', '')")
        old.execute(
            """INSERT INTO outcome (found_id, state, ended_at, path, sha256, media)
               VALUES (3, 'saved', '', 'cat/a.mp4', 'ab', 'video')"""
        )
        old.close()
    with Ledger.open(tmp_path) as ledger:
        ((_, opened),) = ledger.work.open_queries(1, -1, 10)
        assert ledger.work.known_before(opened.searches[0]) == frozenset(), "a walk of before does not count"
    connection = sqlite3.connect(tmp_path / "collector.db")
    assert connection.execute("SELECT media FROM picture ORDER BY rank").fetchall() == [
        ("picture",),
        ("video",),
        ("video",),
    ]
    connection.close()


def test_a_thumbnail_never_takes_the_place_of_a_picture(ledger: Ledger) -> None:
    _, query_id, search_id = plan_one(ledger, query())
    full = replace(hit(1), key=id_key("web", "1"))
    small = replace(full, url="http://thumbs.test/1.jpg", is_thumbnail=True)

    def seen(one: Hit, rank: int = 1) -> Found:
        return Found(search(search_id, query()), rank, one)

    assert ledger.work.found(seen(full), query_id) is not None
    assert ledger.work.seen_again(seen(small), query_id, {}) is None
    assert [task.url for _, task in ledger.work.todo(query_id, 0, 9)] == [full.url]
    again = ledger.work.seen_again(seen(replace(full, url="http://fresh.test/1.jpg"), 9), query_id, {})
    assert again is not None and (again[0].url, again[1:]) == ("http://fresh.test/1.jpg", (1, False))


@pytest.mark.parametrize(("limit", "counts", "todo", "opened"), [(1, (0, 2), 0, 0), (2, (2, 0), 2, 1)])
def test_urls_put_back_are_spares_of_a_query_that_has_its_limit(
    ledger: Ledger, limit: int, counts: tuple[int, int], todo: int, opened: int
) -> None:
    run, query_id, (first, second, third) = enter(ledger, query(limit=limit), range(1, 4))
    ledger.work.outcome(Saved(first, picture("a"), Path("cat/a.jpg")))
    ledger.work.outcome(Failed(second, "http.404"))
    ledger.work.outcome(Rejected(third, "body.html"))
    ledger.work.close_query(query_id)
    assert ledger.maintenance.put_back() == counts
    assert len(ledger.work.todo(query_id, 0, 9)) == todo
    assert len(ledger.work.open_queries(run, -1, 9)) == opened


def test_a_file_that_moves_is_found_by_an_index(ledger: Ledger) -> None:
    db, said = ledger.keywords._db, list[str]()
    db.set_trace_callback(said.append)
    ledger.keywords.place("aa", Path("red/aa.jpg"))
    db.set_trace_callback(None)
    moves = [text for text in said if text.startswith("UPDATE")]
    plans = [step[3] for text in moves for step in db.execute(f"EXPLAIN QUERY PLAN {text}")]
    assert len(moves) == 2
    assert not [step for step in plans if step.startswith("SCAN")], plans
