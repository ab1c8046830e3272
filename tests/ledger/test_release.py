"""A ledger that the first released version left behind, half-way through a run, is taken up with all that is in it."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from collector.ledger import Ledger, schema
from collector.ledger.rows import SAVED
from tests.crawl.test_takeover import Table
from tests.support.collection import drawn, encoded
from tests.support.command import Desk
from tests.support.invariants import judge
from tests.support.values import hit, query

DUMP = Path(__file__).with_name("release-1.sql")
"""What `run`, `dedupe`, `review`, `split`, `audit` and a killed `run` of the release wrote, cut down to 28 URLs."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "collector.db")) as db:
        db.executescript(DUMP.read_text(encoding="utf-8"))
    return tmp_path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The same with pictures: drawn ones, whose hashes stand in the place of those of the release's."""
    desk, dump = Desk(tmp_path / "desk", workers=False), DUMP.read_text(encoding="utf-8")
    desk.images.mkdir()
    with closing(sqlite3.connect(desk.images / "collector.db")) as db, db:
        db.executescript(dump)
        saved = db.execute(
            "SELECT found_id, sha256, path, format, width, height FROM outcome WHERE state = 'saved'"
        ).fetchall()
        for number, old, path, form, width, height in saved:
            body = encoded(drawn(number, (width, height)), form)
            sha, file = sha256(body).hexdigest(), desk.images / path
            file = file.with_name(f"{sha[:32]}{file.suffix}")
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(body)
            for table in ("audit", "extra_label", "outcome", "pdq", "review", "split", "verdict"):
                db.execute(f"UPDATE {table} SET sha256 = ? WHERE sha256 = ?", (sha, old))
            path = file.relative_to(desk.images).as_posix()
            db.execute("UPDATE outcome SET path = ?, bytes = ? WHERE sha256 = ?", (path, len(body), sha))
    assert not judge(desk.images)
    return desk


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
        assert Counter(ledger.splits.given("train=0.8,val=0.2").values()) == {"train": 6, "val": 2}
        assert Counter(verdict.reason for verdict in ledger.dataset.verdicts()) == {"set.quality": 7, "set.dropped": 1}
        assert len(ledger.alike.read()) == 9
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


ENDED = ("saved", "duplicate", "rejected", "failed")


def test_nothing_is_fetched_again_by_the_half_done_run_and_by_the_one_before(desk: Desk) -> None:
    table = Table(desk.folder)
    with Ledger.open(desk.images) as ledger:
        ended = {row.url for row in ledger.dataset.rows() if row.state in ENDED}
        before = {row.id: row.path for row in ledger.dataset.rows(SAVED)}
        waiting = [row.url for row in ledger.dataset.rows() if row.state == "waiting"]
    table.shows = {"lighthouse": [], "bicycle": [hit(number, "bicycle") for number in (1, 2)]}
    half = query("lighthouse", 60), query("bicycle", 60)
    table.run(*half)
    assert sorted(table.fetched) == sorted([*waiting, *(one.url for one in table.shows["bicycle"])])
    table.shows |= {"golden retriever": [], "red panda": []}
    table.run(*half, query("golden retriever", 8), query("golden retriever", 8, "dog"), query("red panda", 8))
    assert table.fetched and not ended & set(table.fetched), "what was to be tried again, and the spares of it"
    with Ledger.open(desk.images) as ledger:
        assert before.items() <= {row.id: row.path for row in ledger.dataset.rows(SAVED)}.items()
    assert table.set()["bicycle"] == 2


def test_its_classes_follow_the_file(desk: Desk) -> None:
    table = Table(desk.folder)
    table.shows = {"lighthouse": [], "bicycle": []}
    table.run(query("lighthouse", 60, "tower"), query("bicycle", 60))
    with Ledger.open(desk.images) as ledger:
        labels = Counter(row.label for row in ledger.dataset.rows(SAVED))
        verdicts = {verdict.label for verdict in ledger.dataset.verdicts()}
    assert labels["tower"] == 8 and "lighthouse" not in labels and "tower" in verdicts and "lighthouse" not in verdicts
    assert table.set()["tower"] == 6


VERBS: dict[str, str] = {
    "status": "13 of 144 pictures saved",
    "why http://127.0.0.1:28146/pictures/red-panda-424363/0.jpg": "outcome   saved",
    "urls": "red-panda-424363",
    "report --json": '"red panda"',
    "verify": "every picture is there",
    "dedupe --apply": "8 files moved",
    "dedupe --undo": "8 files moved back",
    "filter": "nothing to leave out",
    "review undo {file}": "",
    "review drop {file}": "",
    "purity --sample 0": "red panda",
    "keyword move bicycle bike": "0 pictures",
    "split train=0.8,val=0.2": "groups of pictures that stay together",
    "export imagefolder classes --split none": "",
    "urls --import map.csv": "1",
    "retry": "7 URLs to fetch again",
    "keyword drop lighthouse": "6 pictures left out",
    "forget --domain 127.0.0.1": "13",
    "repair": "the ledger is sound",
}
"""Command -> what it says. Those that need an extra are where they are tested."""


def test_every_verb_opens_it(desk: Desk) -> None:
    desk.write("map.csv", "keyword,url\ncat,http://pictures.test/1.jpg\n")
    with Ledger.read(desk.images) as ledger:
        file = next(row.file.name for row in ledger.dataset.rows(SAVED))
    for verb, said in VERBS.items():
        ended = desk.run(*(word.format(file=file) for word in re.findall(r"(?:red panda|\S)+", verb)))
        assert (ended.code, said in ended.out) == (0, True), f"{verb}\n{ended}"
