"""Whatever the fields of a hit or an outcome hold, the ledger takes it, and gives back something of its kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.ledger import Ledger
from collector.ledger.bounds import ENDLESS, LARGEST, LONGEST, bounded
from collector.model import Attempt, Duplicate, Failed, Found, Hit, Licence, Picture, Rejected, Saved, Skipped, Task
from tests.support.values import query, search

texts = st.one_of(st.text(), st.text(st.characters(categories=("Cs", "Cc", "So"))), st.just("x" * 20_000))
numbers = st.one_of(st.integers(), st.sampled_from((2**63, -1, 10**400)))
reals = st.floats()
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
several = st.lists(texts, max_size=3).map(tuple)
hits = st.builds(
    Hit, texts, texts, id=texts, page=texts, title=texts, site=texts, width=numbers, height=numbers, kind=texts,
    thumbnail_url=texts, way=texts, fallbacks=several, cookies=texts, published=texts, fields=pairs,
    licence=st.builds(Licence, texts, texts, texts, several, texts, texts),
)  # fmt: skip
attempts = st.builds(Attempt, numbers, texts, reals, texts, texts, numbers)
pictures = st.builds(
    Picture, sha256=texts, format=texts, extension=texts, width=numbers, height=numbers, bytes=numbers, mode=texts,
    orientation=numbers, frames=numbers, phash=texts, rights=pairs,
)  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with Ledger.open(tmp_path_factory.mktemp("any")) as opened:
        opened.work.plan([query("cat", 10)])
        yield opened


def tasks(ledger: Ledger, hit: Hit) -> list[Task]:
    ((_, opened),) = ledger.work.open_queries(1, -1, 10)
    event = Found(search(opened.searches[0].id, opened.query), 1, hit)
    with ledger.transaction():
        task = ledger.work.found(event, opened.id)
        ledger.work.seen_again(event, opened.id, {})
    return [] if task is None else [task]


@given(hits)
def test_any_hit_is_entered_and_read_back(ledger: Ledger, hit: Hit) -> None:
    for task in tasks(ledger, hit):
        json.dumps([task.url, task.fallbacks, task.cookies], ensure_ascii=False).encode()
    for row in ledger.dataset.rows():
        assert 0 <= row.width <= LARGEST


@given(st.data())
def test_any_outcome_is_stored_and_read_back(ledger: Ledger, data: Any) -> None:
    task = Task(ledger_task(ledger), 1, "http://a.test/x")
    attempt, picture, words = data.draw(attempts), data.draw(pictures), (data.draw(texts), data.draw(texts))
    path = Path("cat", "a.jpg")
    outcomes = (
        Duplicate(task, picture, path, words[0], attempt),
        Rejected(task, *words, attempt),
        Failed(task, *words, attempt),
        Skipped(task, *words),
        Saved(task, picture, path, attempt),
    )
    for outcome in outcomes:
        with ledger.transaction():
            ledger.work.outcome(outcome)
        (row,) = (row for row in ledger.dataset.rows() if row.id == task.id)
        assert row.state == type(outcome).__name__.lower()
        assert len(row.detail) <= LONGEST


def ledger_task(ledger: Ledger) -> int:
    for task in tasks(ledger, Hit("http://a.test/x", "http://a.test/x")):
        return task.id
    return next(row.id for row in ledger.dataset.rows() if row.url == "http://a.test/x")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cat \ud83d", "cat \ufffd"),
        ("\ud83d\ude00", "😀"),
        ("a\0b", "ab"),
        ("x" * 20_000, "x" * LONGEST),
        (2**63, LARGEST),
        (-1, 0),
        (True, True),
        (None, None),
        (float("nan"), 0.0),
        (float("inf"), 0.0),
        (1.5, 1.5),
        ((("a\0", 2**70),), (("a", LARGEST),)),
        (Attempt(2**63, "\udc00"), Attempt(LARGEST, "\ufffd")),
    ],
    ids=map(str, range(13)),
)
def test_bounds(given: Any, kept: Any) -> None:
    assert bounded(given) == kept


def test_a_value_that_is_in_bounds_stays_the_very_same() -> None:
    hit = Hit("http://a.test/😀", "key", fields=(("a", "b"),))
    assert bounded(hit) is hit
    assert bounded(Hit("data:," + "x" * 20_000, "key"), ENDLESS).url == "data:," + "x" * 20_000


def test_what_is_imported_is_bounded_as_hits_are(tmp_path: Path) -> None:
    strange = Hit("https://a.test/1.jpg", "k", title="half \ud83d\0", width=2**70)
    with Ledger.open(tmp_path) as ledger:
        assert ledger.intake.import_hits([("half \ud83d", strange)]) == (1, 1)
        [(keyword, title)] = [(row.keyword, row.title) for row in ledger.dataset.rows()]
    assert (keyword, title) == ("half \ufffd", "half \ufffd")
