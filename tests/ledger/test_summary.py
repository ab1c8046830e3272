"""The summary: what SQL adds up is what adding up row by row brings, and no list of keywords is ever made."""

from __future__ import annotations

import random
import re
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from collector.errors import LedgerError
from collector.ledger import Ledger
from collector.ledger.db import plain_words
from collector.model import Query
from tests.support.collection import Collection, drawn
from tests.support.values import digest_of

STATES = ["enough", "exhausted", "empty", "pending", "blocked", "layout", "unreachable", "failed"]
OUTCOMES = ["saved", "duplicate", "rejected", "failed", "skipped", "retry"]
REASONS = {"duplicate": "duplicate.same_label", "rejected": "body.html", "skipped": "policy.limit", "retry": "net.dns"}


def made(folder: Path, keywords: int, seed: int, plain: float = 0.0) -> int:
    """A ledger in which everything occurs; `plain` is the share of keywords that have all they want. Its newest run."""
    dice = random.Random(seed)
    with Ledger.open(folder) as ledger:
        old = [Query(f"old {n}", f"old {n}", 3, ("google", "bing")) for n in range(keywords // 3)]
        ledger.work.plan(old)
        new = [Query(f"new {n}", "new", dice.choice((1, 2, 9, None))) for n in range(keywords)]
        run = ledger.work.plan([*old[::2], *new])
    with closing(sqlite3.connect(folder / "collector.db")) as db, db:
        searches = db.execute("SELECT id, query_id FROM search").fetchall()
        done = {query for _, query in searches if dice.random() < plain}
        db.executemany(
            "UPDATE search SET state = ?, seconds = ?, reason = ? WHERE id = ?",
            [
                ("enough" if query in done else dice.choice(STATES), dice.randrange(9) / 4, "", number)
                for number, query in searches
            ],
        )
        db.execute("UPDATE query SET state = 'done' WHERE id % 3 = 0")
        found = 0
        for search, query in searches:
            for rank in range(9 if query in done else dice.randrange(7)):
                found += 1
                key = f"{query} {search} {rank}"
                db.execute(
                    """INSERT INTO found (id, query_id, search_id, rank, url, url_key, found_at)
                       VALUES (?, ?, ?, ?, ?, ?, '2026')""",
                    (found, query, search, rank, f"http://x.test/{key}", key),
                )
                state = "saved" if query in done else dice.choice([*OUTCOMES, ""])
                if not state:
                    continue
                reason = "" if state == "saved" else REASONS.get(state, f"http.{dice.choice((404, 403, 410))}")
                db.execute(
                    """INSERT INTO outcome (found_id, state, reason, path, sha256, attempts, bytes, seconds, media,
                       ended_at) VALUES (?, ?, ?, '', ?, 1, ?, ?, ?, '2026')""",
                    (found, state, reason, f"{found:064x}", dice.randrange(9999), dice.randrange(9) / 4,
                     dice.choice(("picture", "picture", "video", "file"))),
                )  # fmt: skip
        db.execute("UPDATE query SET wanted = 9 WHERE id IN (SELECT value FROM json_each(?))", (str(sorted(done)),))
    return run


@pytest.mark.parametrize(("keywords", "plain"), [(0, 0.0), (1, 0.0), (20, 0.5), (41, 1.0), (60, 0.95), (700, 0.1)])
def test_sql_adds_up_as_one_would_by_hand(tmp_path: Path, keywords: int, plain: float) -> None:
    run = made(tmp_path / "images", keywords, seed=keywords, plain=plain)
    with Ledger.read(tmp_path / "images") as ledger:
        for number in (run, run - 1, None):
            tallies = list(ledger.stats.tallies(number))
            assert ledger.stats.digest(number) == digest_of(tallies)
        assert [tally.keyword for tally in ledger.stats.tallies(run)][-keywords:][:1] == ["new 0"][:keywords]


def test_a_row_has_all_that_belongs_to_it(tmp_path: Path) -> None:
    made(tmp_path / "images", 30, seed=5)
    with Ledger.read(tmp_path / "images") as ledger:
        tallies = list(ledger.stats.tallies())
    assert {len(tally.searches) for tally in tallies} == {1, 2}
    for tally in tallies:
        ended = tally.saved + tally.duplicate + tally.rejected + tally.failed + tally.skipped
        assert ended + tally.waiting == tally.found
        assert sum(count for _, count in tally.reasons) == ended - tally.saved
        assert [count for _, count in tally.reasons] == sorted((count for _, count in tally.reasons), reverse=True)


def test_no_list_of_keywords_is_made(tmp_path: Path) -> None:
    made(tmp_path / "images", 6_000, seed=1)
    with Ledger.read(tmp_path / "images") as ledger:
        tracemalloc.start()
        assert ledger.stats.digest().keywords == 8_000
        assert sum(1 for _ in ledger.stats.tallies()) == 8_000
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 3_000_000


@pytest.mark.parametrize(
    "column", ["query.wanted", "search.seconds", "outcome.seconds", "outcome.bytes", "outcome.width"]
)
@pytest.mark.parametrize("value", [-15, 1 << 62, -(1 << 62)])
def test_numbers_of_a_foreign_ledger_are_none_below_nothing_or_damage(column: str, value: int, tmp_path: Path) -> None:
    with Collection(tmp_path) as collection:
        for number in range(3):
            collection.add("cat", drawn(number))
        table, name = column.split(".")
        collection.ledger._db.execute(f"UPDATE {table} SET {name} = ?", (value,))
    with Ledger.read(tmp_path) as ledger:
        try:
            with plain_words():
                shown = [*ledger.stats.tallies(), ledger.stats.digest(), *ledger.stats.keyword_yields(),
                         *ledger.stats.domain_yields(5).largest, *ledger.dataset.rows()]  # fmt: skip
                shown += ledger.stats.losses() + ledger.stats.formats() + ledger.stats.sides()
        except LedgerError as error:
            assert value == 1 << 62 and "integer overflow" in str(error)
            return
    assert not re.search(r"(?<![\w-])-\d", str(shown))
