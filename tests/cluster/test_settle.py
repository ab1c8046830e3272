"""The last pass: of the same bytes the first by rank, of a keyword as many as wanted, however the rows are dealt."""

from __future__ import annotations

import io
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from collector.cluster import settle as settling
from collector.cluster.piece import Marker, schema
from collector.cluster.settle import SET, settle, settled
from collector.cluster.store import Store

pytest.importorskip("fsspec")
pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
Rows = list[dict[str, Any]]


def row(number: int, rank: int, keyword: str, content: int, state: str = "saved", wanted: int = 2) -> dict[str, Any]:
    # Contents 0 and 1 differ, though their hashes begin alike.
    sha256 = f"{content // 2:016x}{content:048x}"
    return {"url_key": f"{number:04}", "rank": rank, "keyword": keyword, "label": keyword[:1], "wanted": wanted,
            "sha256": None if state == "failed" else sha256, "state": state}  # fmt: skip


def stored(pieces: list[Rows]) -> Store:
    store = Store(f"memory://{uuid.uuid4().hex}")
    for number, rows in enumerate(pieces):
        name, file = f"part-{number:05}-000-x", io.BytesIO()
        table = pa.table([pa.array([one.get(field.name) for one in rows], field.type) for field in schema()], schema())
        parquet.write_table(table, file)
        store.put(f"{name}.parquet", file.getvalue())
        states = Counter(one["state"] for one in rows)
        marker = Marker(name, number, len(rows), states, {}, states["saved"] + states["duplicate"])
        store.put(f"{name}.tar", b"x" * marker.tar_bytes)
        store.put(f"{name}.json", marker.dump())
    return store


def expected(rows: Rows, wanted: Mapping[tuple[str, str], int], forgotten: frozenset[str]) -> list[tuple[str, str]]:
    """The same, said in ten lines."""
    owner: dict[str, str] = {}
    had: dict[tuple[str, str], int] = {}
    found = []
    saved = [one for one in rows if one["state"] != "failed"]
    for one in sorted(saved, key=lambda one: (one["rank"], one["label"], one["keyword"], one["url_key"])):
        of, reason = (one["keyword"], one["label"]), ""
        if one["sha256"] in forgotten:
            reason = "policy.forgotten"
        elif one["sha256"] in owner:
            reason = "duplicate.same_label" if owner[one["sha256"]] == one["label"] else "duplicate.other_label"
        elif had.get(of, 0) >= wanted.get(of, one["wanted"]):
            reason = "policy.limit"
        else:
            owner[one["sha256"]], had[of] = one["label"], had.get(of, 0) + 1
        found.append((one["url_key"], reason))
    return found


ROWS = st.lists(
    st.tuples(
        st.integers(1, 9), st.sampled_from(["ant", "asp", "bee"]), st.integers(0, 9),
        st.sampled_from(["saved", "saved", "duplicate", "failed"]),
    ),
    max_size=40,
).map(lambda found: [row(number, *one) for number, one in enumerate(found)])  # fmt: skip


WANTED = st.dictionaries(st.sampled_from([("ant", "a"), ("bee", "b")]), st.integers(0, 6))
FORGOTTEN = st.sampled_from([(), (row(0, 1, "ant", 3)["sha256"],)])


@how(max_examples=60, deadline=None)
@given(ROWS, st.integers(1, 4), st.integers(1, 12), WANTED, FORGOTTEN)
def test_however_rows_are_dealt_the_same_ones_stay(
    rows: Rows, pieces: int, at_once: int, wanted: dict[tuple[str, str], int], forgotten: tuple[str, ...]
) -> None:
    store = stored([rows[number::pieces] for number in range(pieces)])
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(settling, "AT_ONCE", at_once)
        settle(store, wanted, forgotten)
    right = expected(rows, wanted, frozenset(forgotten))
    if not right:
        assert SET not in store.sizes()
        return
    table = parquet.read_table(io.BytesIO(store.read(SET))).to_pylist()
    assert [(one["url_key"], one["left_out"]) for one in table] == right
    assert all(one["kept"] == (one["left_out"] == "") for one in table)
    assert sum(settled(store).values()) == len(right)


def test_no_more_files_are_open_than_a_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "AT_ONCE", 1)
    monkeypatch.setattr(settling, "FILES", 10)
    store = stored([[row(number, number, "ant", number) for number in range(200)]])
    prefixes, bounds = settling._looked_through(store)
    assert (len(prefixes), len(bounds)) == (200, 9)
