"""A damaged ledger is seen, said in one line, kept beside, and rebuilt: nearly all of it, and nothing wrong."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from collector.errors import ForeignLedger, LedgerError
from collector.ledger import Ledger, Which, schema
from collector.ledger.rows import PICTURES
from collector.maintenance import files, verify
from collector.maintenance.repair import repair
from collector.model import Duplicate, Saved, SearchEnded, SearchState, Verdict
from collector.urls import url_key
from tests.maintenance.conftest import Shelf
from tests.support.invariants import judge, saved_urls
from tests.support.values import query, search

SAVED = 300


@pytest.fixture
def big(tmp_path: Path) -> Shelf:
    """300 pictures; the ledger and one backup of it."""
    shelf = Shelf(tmp_path / "images", SAVED)
    with Ledger.open(shelf.folder) as ledger:
        assert ledger.maintenance.backup(shelf.folder)
    return shelf


def damage(folder: Path, change: Callable[[bytearray], object]) -> None:
    file = folder / "collector.db"
    body = bytearray(file.read_bytes())
    change(body)
    file.write_bytes(body)


def flip(seed: int) -> Callable[[bytearray], None]:
    def change(body: bytearray) -> None:
        place = random.Random(seed).randrange(len(body))
        body[place] ^= 1 << random.Random(seed + 1).randrange(8)

    return change


DAMAGE: dict[str, Callable[[bytearray], object]] = {
    "S1 no bytes": lambda body: body.clear(),
    "S2 random bytes": lambda body: body.__setitem__(slice(None), random.Random(1).randbytes(len(body))),
    "S4 cut by a page": lambda body: body.__delitem__(slice(len(body) - 4096, None)),
    "a page of zeros": lambda body: body.__setitem__(slice(8192, 12288), bytes(4096)),
    "the first page of zeros": lambda body: body.__setitem__(slice(0, 4096), bytes(4096)),
    "half of it": lambda body: body.__delitem__(slice(len(body) // 2, None)),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_damage_is_seen_and_mended_from_the_backup(big: Shelf, kind: str) -> None:
    before = saved_urls(big.folder)
    damage(big.folder, DAMAGE[kind])
    bad = (big.folder / "collector.db").read_bytes()
    with pytest.raises(LedgerError, match="collector repair"), Ledger.open(big.folder) as ledger:
        ledger.maintenance.check(thorough=True)
    done = repair(big.folder)
    assert done is not None
    assert done.kept is not None
    assert done.kept.read_bytes() == bad, "the damaged one is kept as it was"
    assert saved_urls(big.folder) == before
    assert not judge(big.folder, decode=False)
    assert repair(big.folder) is None, "sound now"


@pytest.mark.parametrize("kind", ["S4 cut by a page", "a page of zeros", "half of it"])
def test_without_a_backup_what_can_be_read_is_saved(big: Shelf, kind: str) -> None:
    (big.folder / "collector.backup.db").unlink()
    before = saved_urls(big.folder)
    damage(big.folder, DAMAGE[kind])
    repair(big.folder)
    after = saved_urls(big.folder)
    assert after.items() <= before.items(), "nothing wrong"
    assert not list(judge(big.folder, settled=False, decode=False).sums)


def test_pictures_that_a_template_named_are_sound_and_are_kept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "images")
    with Ledger.open(shelf.folder) as ledger:
        files.remember_names(ledger, "{label}-{id}")
        with ledger.transaction():
            for row in list(ledger.dataset.pictures()):
                ledger.keywords.place(row.sha256, named := Path("cat", f"cat-{row.id}.jpg"))
                (shelf.folder / row.file).rename(shelf.folder / named)
        assert list(verify.findings(ledger, shelf.folder)) == []
        before = [(row.url, row.state, row.path) for row in ledger.dataset.rows() if row.path]
        assert ledger.maintenance.backup(shelf.folder)
    damage(shelf.folder, DAMAGE["S1 no bytes"])
    done = repair(shelf.folder)
    assert done is not None and done.unknown == 0
    with Ledger.open(shelf.folder) as ledger:
        assert [(row.url, row.state, row.path) for row in ledger.dataset.rows() if row.path] == before
        ledger._db.execute("UPDATE outcome SET path = 'cat/cat-7.jpg' WHERE found_id = 1")
        with pytest.raises(LedgerError, match="row 1 contradicts itself"):
            ledger.maintenance.check(thorough=True)


def test_one_flipped_bit_anywhere_costs_nothing_and_nothing_is_wrong(big: Shelf, tmp_path: Path) -> None:
    """S3. With a backup all is recovered; without one, what is lost is a page at most. 60 places."""
    before = saved_urls(big.folder)
    same = {url_key(url): path for url, path in before.items()}  # A bit makes "httP" of "http" and no other URL, and
    kept = (big.folder / "collector.db").read_bytes()
    seen = lost = 0
    for seed in range(60):
        for entry in big.folder.glob("collector.db*"):
            entry.unlink()
        (big.folder / "collector.db").write_bytes(kept)
        damage(big.folder, flip(seed))
        seen += repair(big.folder) is not None
        after = saved_urls(big.folder)
        # "jPg" of "jpg": SQLite takes either for sound, and `verify` tells the picture that is not there.
        wrong = {url: path for url, path in after.items() if same.get(url_key(url), "").lower() != path.lower()}
        lost += len(before) - len(after)
        assert wrong == {}, seed
    assert seen > 5
    assert lost / (60 * len(before)) < 0.001


def test_a_walk_that_knew_where_it_had_ended_goes_to_the_very_end_again(big: Shelf) -> None:
    """URLs may be lost from the midst of what it brought."""
    with Ledger.open(big.folder) as ledger:
        ledger.work.search_ended(SearchEnded(search(1, big.query), SearchState.EXHAUSTED))
        ((_, before),) = ledger.work.open_queries(1, -1, 10)
    damage(big.folder, DAMAGE["a page of zeros"])
    repair(big.folder)
    with Ledger.open(big.folder) as ledger:
        ((_, after),) = ledger.work.open_queries(int(ledger.note("run")), -1, 10)
    assert (before.searches[0].complete > 0, after.searches[0].complete) == (True, 0)


def test_what_happened_after_the_backup_is_saved_from_the_damaged_file(big: Shelf) -> None:
    with Ledger.open(big.folder) as ledger:
        path = big.save(ledger, big.tasks[-1])
    damage(big.folder, DAMAGE["a page of zeros"])
    repair(big.folder)
    assert saved_urls(big.folder).get(big.tasks[-1].url) == path.as_posix()


def test_what_a_later_try_brought_is_not_undone_by_the_backup(big: Shelf) -> None:
    failed, spare = big.tasks[SAVED + 1], big.tasks[SAVED + 3]
    with Ledger.open(big.folder) as ledger:
        paths = [big.save(ledger, task).as_posix() for task in (failed, spare)]
    damage(big.folder, DAMAGE["a page of zeros"])
    repair(big.folder)
    after = saved_urls(big.folder)
    assert [after.get(task.url) for task in (failed, spare)] == paths


def test_a_picture_that_came_again_under_its_other_url_stays_as_the_backup_has_it(big: Shelf) -> None:
    """Of two URLs that lead to one picture, one has saved it and the other is its duplicate; no mixture is believed."""
    first, other = big.tasks[0], big.tasks[SAVED]
    with Ledger.open(big.folder) as ledger:
        (row,) = (row for row in ledger.dataset.pictures() if row.url == first.url)
        assert ledger.maintenance.lost([row]) == 2
        ledger.work.outcome(Saved(other, big.picture(first), row.path))
        ledger.work.outcome(Duplicate(first, big.picture(first), row.path))
    zeroed(big.folder, "outcome_saved")
    repair(big.folder)
    with Ledger.open(big.folder) as ledger:
        assert [row.url for row in ledger.dataset.rows(Which(state="duplicate"))] == [other.url]


def test_spares_of_a_backup_are_to_do_when_pictures_are_missing(big: Shelf) -> None:
    big.files()[0].unlink()
    damage(big.folder, DAMAGE["S1 no bytes"])
    repair(big.folder)
    with Ledger.open(big.folder) as ledger:
        assert [row.reason for row in ledger.dataset.rows(Which(state="skipped"))] == []


def test_spares_of_a_query_that_has_its_limit_stay_spares(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "images", saved=4)
    with Ledger.open(shelf.folder) as ledger:
        for task in (shelf.tasks[5], shelf.tasks[6], shelf.tasks[8]):
            shelf.save(ledger, task)
        assert ledger.maintenance.backup(shelf.folder)
    damage(shelf.folder, DAMAGE["S1 no bytes"])
    repair(shelf.folder)
    with Ledger.open(shelf.folder) as ledger:
        (tally,) = ledger.stats.tallies()
        assert (tally.saved, tally.limit) == (7, 7)
        assert [row.reason for row in ledger.dataset.rows(Which(state="skipped"))] == ["policy.limit"]


def decide(folder: Path) -> None:
    """Fill every table that a person or a verb of the set writes; nothing is a spare, as the limit is not reached."""
    with Ledger.open(folder) as ledger:
        ledger.maintenance.put_back(["policy.limit"])
    with Ledger.open(folder) as ledger, ledger.transaction():
        shas = [row.sha256 for row in ledger.dataset.rows(PICTURES)]
        ledger.alike.remember_hashes((sha, sha, 90, sha[::-1]) for sha in shas)
        ledger.dataset.remember_scores((sha, "dark", 0.5) for sha in shas)
        ledger.splits.remember("train,val=9", [(sha256, "train") for sha256 in shas])
        ledger.alike.replace_copies((sha, shas[0], sha) for sha in shas[1:])
        ledger.dataset.replace_extra_labels((sha, "dog", "set.conflict") for sha in shas[::2])
        ledger.dataset.decide(["set.aspect"], [Verdict(sha, "cat", "set.aspect") for sha in shas[1::2]])
        for sha in shas[:9]:
            ledger.dataset.review(sha, "cat", "drop")
        ledger.splits.number_classes(["cat", "dog"])
        ledger.alike.remember_sketches((sha, bytes(1728)) for sha in shas[:5])
        ledger.alike.remember_pairs(31, False, np.array([[1, 2]]))
        ledger.keywords.set_listed("queries.csv", [query()])


def counts(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "collector.db")) as db:
        return {name: int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in schema.tables(db)}


def zeroed(folder: Path, name: str) -> None:
    """Zeros in place of the last page of a table or an index."""
    with closing(sqlite3.connect(folder / "collector.db")) as db:
        page = db.execute("SELECT max(pageno) FROM dbstat WHERE name = ?", (name,)).fetchone()[0]
    damage(folder, lambda body: body.__setitem__(slice(4096 * (page - 1), 4096 * page), bytes(4096)))


@pytest.mark.parametrize("backup", [True, False])
def test_every_table_of_the_schema_outlives_a_broken_index(big: Shelf, backup: bool) -> None:
    decide(big.folder)
    before = counts(big.folder)
    assert all(before.values()), "a table that has no row here is not looked after by this test"
    if not backup:
        (big.folder / "collector.backup.db").unlink()
    zeroed(big.folder, "outcome_saved")
    done = repair(big.folder)
    assert done is not None and done.salvaged.rows == before == counts(big.folder)


@pytest.mark.parametrize("table", ["review", "split", "pdq", "audit", "verdict", "extra_label"])
def test_a_broken_page_of_a_table_costs_that_page_at_most(big: Shelf, table: str) -> None:
    """The backup was made before anything was decided."""
    decide(big.folder)
    before = counts(big.folder)
    zeroed(big.folder, table)
    repair(big.folder)
    after = counts(big.folder)
    assert {name: rows for name, rows in after.items() if name != table} == {
        name: rows for name, rows in before.items() if name != table
    }
    assert before[table] - after[table] <= 60


def test_a_word_that_was_taken_back_does_not_come_back_from_the_backup(big: Shelf) -> None:
    decide(big.folder)
    with Ledger.open(big.folder) as ledger:
        ledger.maintenance.backup(big.folder)
        with ledger.transaction():
            for sha, label in ledger.dataset.reviews():
                ledger.dataset.review(sha, label, "")
    zeroed(big.folder, "outcome_saved")
    repair(big.folder)
    with Ledger.open(big.folder) as ledger:
        assert not ledger.dataset.reviews()
        assert {verdict.reason for verdict in ledger.dataset.verdicts()} == {"set.aspect"}


def test_a_row_whose_picture_is_gone_or_changed_is_not_believed(big: Shelf) -> None:
    gone, changed, *_ = big.files()
    gone.unlink()
    changed.write_bytes(b"edited")
    damage(big.folder, DAMAGE["S1 no bytes"])
    repair(big.folder)
    assert len(saved_urls(big.folder)) == SAVED - 2
    with Ledger.open(big.folder) as ledger:
        assert len(ledger.work.open_queries(int(ledger.note("run")), -1, 10)) == 1, "there is something to do again"


def test_a_log_that_was_deleted_or_belongs_to_another_ledger(big: Shelf, tmp_path: Path) -> None:
    """S5, S6."""
    other = Shelf(tmp_path / "other", 40, "dog")
    before = saved_urls(big.folder)
    with Ledger.open(other.folder) as ledger:
        other.save(ledger, other.tasks[-1])
        shutil.copy(other.folder / "collector.db-wal", big.folder / "collector.db-wal")
    repair(big.folder)
    after = saved_urls(big.folder)
    assert after.items() <= before.items()
    assert len(after) >= 0.999 * len(before)
    assert not list(judge(big.folder, settled=False, decode=False).sums)


def test_a_deleted_ledger_is_not_begun_anew_beside_its_backup(big: Shelf) -> None:
    (big.folder / "collector.db").unlink()
    with pytest.raises(LedgerError, match="missing, but its backup is there"):
        Ledger.open(big.folder)
    repair(big.folder)
    assert len(saved_urls(big.folder)) == SAVED


def test_a_newer_ledger_and_somebody_elses_are_left_alone(tmp_path: Path) -> None:
    """S7."""
    for number, (sql, words) in enumerate(
        [("PRAGMA user_version = 99", "newer version"), ("PRAGMA application_id = 7", "not a collector ledger")]
    ):
        shelf = Shelf(tmp_path / str(number))
        with closing(sqlite3.connect(shelf.folder / "collector.db")) as db:
            db.execute(sql)
        before = (shelf.folder / "collector.db").read_bytes()
        with pytest.raises(ForeignLedger, match=words):
            repair(shelf.folder)
        assert (shelf.folder / "collector.db").read_bytes() == before


def test_nothing_to_repair_from(tmp_path: Path) -> None:
    (tmp_path / "collector.db").write_bytes(b"\0garbage" * 1000)
    with pytest.raises(LedgerError, match="nothing in it can be read"):
        repair(tmp_path)
    assert (tmp_path / "collector.db").read_bytes() == b"\0garbage" * 1000
    with pytest.raises(LedgerError, match="no ledger and no backup"):
        repair(tmp_path / "empty")


def test_two_backups_are_kept_and_a_slow_one_is_given_up(big: Shelf) -> None:
    with Ledger.open(big.folder) as ledger:
        first = (big.folder / "collector.backup.db").read_bytes()
        big.save(ledger, big.tasks[-1])
        assert ledger.maintenance.backup(big.folder)
        assert (big.folder / "collector.backup-2.db").read_bytes() == first
        assert not ledger.maintenance.backup(big.folder, seconds=-1.0)
    assert sorted(entry.name for entry in big.folder.glob("*.db")) == [
        "collector.backup-2.db",
        "collector.backup.db",
        "collector.db",
    ]
    assert not list(big.folder.glob("*.part"))


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE review",
        "DROP VIEW picture",
        "DROP INDEX listed_query",
        "ALTER TABLE meta RENAME COLUMN value TO text",
        "CREATE TRIGGER quiet AFTER INSERT ON outcome BEGIN DELETE FROM found; END",
    ],
)
def test_what_another_program_took_out_of_the_schema_or_put_in_is_damage_every_time(big: Shelf, statement: str) -> None:
    with closing(sqlite3.connect(big.folder / "collector.db")) as db:
        db.execute(statement)
    for _ in range(2):
        with pytest.raises(LedgerError, match="collector repair"):
            Ledger.open(big.folder)
    assert repair(big.folder) is not None
    Ledger.open(big.folder).close()
    assert len(saved_urls(big.folder)) == len(big.files())
