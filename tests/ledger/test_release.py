"""A ledger that the first released version left behind, half-way through a run, is taken up with all that is in it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from collector.ledger import Ledger, schema

DUMP = Path(__file__).with_name("release-1.sql")
"""What `run`, `dedupe`, `review`, `split`, `audit` and a killed `run` of the release wrote, cut down to 28 URLs."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "collector.db")) as db:
        db.executescript(DUMP.read_text(encoding="utf-8"))
    return tmp_path


def rows_of(folder: Path) -> dict[str, list[dict[str, object]]]:
    """Table -> its rows."""
    with closing(sqlite3.connect(folder / "collector.db")) as db:
        db.row_factory = sqlite3.Row
        names = schema.tables(db)
        return {name: [dict(row) for row in db.execute(f"SELECT * FROM {name}")] for name in names}


def test_every_row_of_every_table_outlives_the_migrations(folder: Path) -> None:
    before = rows_of(folder)
    assert len(before) == 13 and all(before.values())
    Ledger.open(folder).close()
    after = rows_of(folder)
    for table, rows in before.items():
        assert len(after[table]) == len(rows)
        for old, new in zip(rows, after[table], strict=True):
            assert {name: new[name] for name in old if name != "trailing_bytes"} == {
                name: value for name, value in old.items() if name != "trailing_bytes"
            }
    with closing(sqlite3.connect(folder / "collector.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)


def test_everything_is_seen_through_the_ledger(folder: Path) -> None:
    with Ledger.open(folder) as ledger:
        states = Counter(row.state for row in ledger.dataset.rows())
        assert states == {
            "saved": 13,
            "skipped": 4,
            "rejected": 3,
            "duplicate": 2,
            "failed": 2,
            "retry": 2,
            "waiting": 2,
        }
        total = ledger.stats.digest().total
        assert (total.found, total.saved, total.rejected, total.failed, total.waiting) == (28, 13, 3, 4, 2)
        assert {query[:2] for query in ledger.dataset.queries()} >= {
            ("golden retriever", "dog"),
            ("red panda", "red panda"),
        }
        assert sorted(ledger.dataset.reviews().values()) == ["drop", "keep"]
        assert Counter(ledger.dataset.splits("train=0.8,val=0.2").values()) == {"train": 6, "val": 2}
        assert Counter(verdict.reason for verdict in ledger.dataset.verdicts()) == {"set.quality": 7, "set.dropped": 1}
        assert len(ledger.dataset.looks()) == 9
        assert set(ledger.dataset.extra_labels().values()) == {("dog",)}
        assert [issue for issue, _, _ in ledger.stats.audited()][:2] == ["blurry", "dark"]
        assert [len(ledger.maintenance.unsynced()[1]), ledger.note("running")[:4]] == [4, "2026"]
        ledger.maintenance.check(thorough=True)


def test_the_half_done_run_goes_on_with_what_was_never_tried(folder: Path) -> None:
    with Ledger.open(folder) as ledger:
        opened = [query for _, query in ledger.work.open_queries(int(ledger.note("run")), -1, 10)]
        todo = {task.id for query in opened for _, task in ledger.work.todo(query.id, 0, 100)}
        waiting = {row.id for row in ledger.dataset.rows() if row.state == "waiting"}
    assert [query.query.keyword for query in opened] == ["lighthouse", "bicycle"]
    assert todo == waiting and len(todo) == 2
