"""Whatever a hit holds, the ledger can hold what goes in; what cannot be asked for is no hit."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import astuple, fields
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.model import Hit, Licence
from collector.sources.storable import LARGEST_SIDE, LONGEST_DATA, LONGEST_URL, address, side, storable, text

anything = st.one_of(st.text(), st.characters(), st.integers(), st.floats(), st.none(), st.booleans())
numbers = st.one_of(st.integers(), st.just(2**63), st.just(10**5000), st.just(-1), st.floats(), st.none())


@st.composite
def hits(draw: Any) -> Hit:
    """A hit with anything at all in its fields, as JavaScript's strings and other people's JSON are."""
    texts = {field.name: draw(anything) for field in fields(Hit) if field.type == "str"}
    texts["url"] = draw(st.sampled_from(("https://a.test/x", "http://[::1", "data:image/png,x"))) + draw(st.text())
    return Hit(
        **texts,
        width=draw(numbers),
        height=draw(numbers),
        licence=Licence(draw(anything), creators=tuple(draw(st.lists(anything)))),
        fallbacks=tuple(draw(st.lists(anything))),
        fields=tuple(draw(st.lists(st.tuples(anything, anything)))),
    )


@example(Hit("https://a.test/x", "\x08"))
@given(hits())
def test_every_hit_can_be_stored_and_stays_as_it_is_then(hit: Hit) -> None:
    kept = storable(hit)
    if kept is None:
        return
    with sqlite3.connect(":memory:") as db:
        for value in astuple(kept):
            db.execute("SELECT ?", (json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else value,))
    json.dumps(astuple(kept), ensure_ascii=False).encode("utf-8")
    assert storable(kept) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("cat \ud83d", "cat \ufffd"),
        ("cat \ud83d\ude00", "cat 😀"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("a\nb\tc", "a\nb\tc"),
        (7, "7"),
        (10**5000, ""),
        (None, ""),
        (["x"], ""),
        ("x" * 20_000, "x" * 10_000),
    ],
    ids=map(str, range(9)),
)
def test_texts(given: Any, kept: str) -> None:
    assert text(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [(0, 0), (800, 800), (LARGEST_SIDE, LARGEST_SIDE), (2**63, 0), (-1, 0), (True, 0), (800.0, 0), (None, 0)],
)
def test_sides(given: Any, kept: int) -> None:
    assert side(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ftp://a.test/x",
        "javascript:alert(1)",
        "http://[::1/x",
        "http://[zz]/x",
        "http://a.test:port/x",
        "http://a.test:99999/x",
        "http:///x",
        "https://a.test/" + "x" * LONGEST_URL,
        "data:image/png," + "x" * LONGEST_DATA,
        None,
        7,
    ],
    ids=map(str, range(12)),
)
def test_what_is_no_address_is_no_hit(given: Any) -> None:
    assert address(given) == ""
    assert storable(Hit(given, "key")) is None


def test_a_key_goes_with_its_address() -> None:
    assert storable(Hit("https://a.test/x", "id:site:1")).key == "id:site:1"  # type: ignore[union-attr]
    mended = storable(Hit("https://a.test/\ud83d", "https://a.test/\ud83d"))
    assert mended is not None
    assert mended.url == "https://a.test/\ufffd"
    assert mended.key == "https://a.test/%EF%BF%BD"
