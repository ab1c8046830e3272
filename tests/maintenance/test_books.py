"""Books that two runs at once have spoilt, and any others: `verify` finds them, and mends them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import collector
from tests.maintenance.conftest import Shelf
from tests.support.invariants import judge
from tests.support.values import changed

SPOILT = (
    "DELETE FROM outcome WHERE state = 'saved' AND found_id = :row",
    "UPDATE outcome SET state = 'duplicate' WHERE found_id = :row AND sha256 IS NOT NULL",
    "UPDATE outcome SET state = 'duplicate', path = 'dog/x.jpg' WHERE found_id = :row AND sha256 IS NOT NULL",
    "UPDATE outcome SET path = 'cat/elsewhere.jpg' WHERE state = 'duplicate' AND found_id = :row",
    "UPDATE outcome SET state = 'duplicate', path = 'y/y', sha256 = (SELECT max(sha256) FROM outcome)"
    " WHERE found_id = :row",
    "UPDATE outcome SET state = 'duplicate', sha256 = printf('%064d', :row), path = 'cat/z.jpg' WHERE found_id = :row",
    "UPDATE query SET state = 'done'",
    "DELETE FROM unsynced",
)


def outcomes(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "collector.db")) as db:
        return dict(db.execute("SELECT state, count(*) FROM outcome GROUP BY state"))


def test_duplicates_that_count_on_each_other(shelf: Shelf) -> None:
    """As two runs leave them: the file is there, and every row says that another one has saved it."""
    changed(shelf.folder, "UPDATE outcome SET state = 'duplicate' WHERE state = 'saved'")
    mend = collector.open(shelf.folder).mend
    found = mend.verify()
    assert [one.kind for one in found.findings] == ["unbacked"] * 4
    assert {one.now for one in found.findings} == {file.relative_to(shelf.folder) for file in shelf.files()}
    assert found.broken == 4
    assert mend.verify(again=True).put_back == 0, "nothing is to be fetched again"
    assert outcomes(shelf.folder)["saved"] == 4
    assert outcomes(shelf.folder)["duplicate"] == 1
    assert mend.verify().findings == ()


def test_duplicates_of_what_is_nowhere(shelf: Shelf) -> None:
    changed(shelf.folder, "UPDATE outcome SET state = 'duplicate' WHERE state = 'saved'")
    for file in shelf.files():
        file.unlink()
    mend = collector.open(shelf.folder).mend
    assert mend.verify(again=True).put_back == 5
    assert mend.verify().findings == ()
    assert not judge(shelf.folder, settled=False).sums


@given(st.lists(st.tuples(st.sampled_from(SPOILT), st.integers(1, 9)), max_size=8), st.sets(st.integers(0, 3)))
def test_any_spoilt_book(
    tmp_path_factory: pytest.TempPathFactory, spoilt: list[tuple[str, int]], deleted: set[int]
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("books") / "images")
    files = shelf.files()
    with closing(sqlite3.connect(shelf.folder / "collector.db")) as db:
        for sql, row in spoilt:
            with db:
                db.execute(sql, {"row": row})
    for number in deleted:
        files[number].unlink()
    mend = collector.open(shelf.folder).mend
    mend.verify(again=True)
    verdict = judge(shelf.folder, settled=False, decode=False)
    assert not verdict, verdict
    assert {one.kind for one in mend.verify().findings} <= {"unknown"}
