"""Literals and strings of scripts: what browsers would make of them, and no more time than their length."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sources.javascript import literal, strings, unescaped

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


@given(st.dictionaries(st.text(), values), st.text())
def test_json_is_javascript(value: dict[str, Any], behind: str) -> None:
    text = json.dumps(value)
    assert literal(text + behind) == value
    assert literal("x = " + text, 4) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a: 1, 'b': \"x\", c_$: `y`, 4: [1,,2,],}", {"a": 1, "b": "x", "c_$": "y", "4": [1, 2]}),
        ("{/* {a:1} */ a: [true, null, undefined, -1.5e3] // }\n}", {"a": [True, None, None, -1500.0]}),
        (r"""{"a": 'it\'s "x" é\x41\u{1F600}\/\
'}""", {"a": "it's \"x\" éA😀/"}),
        ("{a: {b: {}}, c: []} + 1", {"a": {"b": {}}, "c": []}),
    ],
)  # fmt: skip
def test_what_browsers_make_of_it(text: str, value: Any) -> None:
    assert literal(text) == value


@pytest.mark.parametrize("text", ["", "1", "{", "{a: f()}", "{a: b}", "[1}", '{"a": "', "]", "{a: ${x}}", "[" * 5000])
def test_what_is_no_literal(text: str) -> None:
    with pytest.raises(ValueError):
        literal(text)


def test_strings_in_their_order() -> None:
    script = """f("http://a/1.jpg", 'b"c', `d`); // it isn't
    x = 'it\\'s'; y = "\\""; z = /[']/; w = "last";"""
    assert list(strings(script)) == ["http://a/1.jpg", 'b"c', "d", "it\\'s", '\\"', "last"]
    assert unescaped(r"http:\u002F\u002fa\x2Fb\/c\n") == "http://a/b/c\n"


HOSTILE: list[Callable[[int], str]] = [
    lambda n: 'var a="' + '"\\' * n,
    lambda n: "'" + "\\'" * n,
    lambda n: "\"'`" * n,
    lambda n: "'\n" * n,
    lambda n: "`" * n,
    lambda n: "{a:" * n,
    lambda n: "/*" * n,
    lambda n: '{"a' + '\\"' * n,
    lambda n: "{a" + " " * n,
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_no_script_costs_more_than_its_length(number: int) -> None:
    def seconds(size: int) -> float:
        text = HOSTILE[number](size)
        began = time.thread_time()
        list(strings(text))
        with contextlib.suppress(ValueError):
            literal(text)
        return time.thread_time() - began

    assert seconds(200_000) < 6 * max(seconds(50_000), 0.05)
