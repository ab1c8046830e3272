"""JMESPath with a bound: an expression that would run away ends in a SourceError.

A multi-select may double what it is given, which shows only when that is written out: how much those of an expression
may multiply is bounded before it is begun, and its steps while it runs.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Final

import jmespath
from jmespath.visitor import TreeInterpreter

from collector.errors import SourceError
from collector.model import SearchState

MOST_COPIES: Final = 10_000
MOST_STEPS: Final = 2_000_000
"""Nodes of the expression that are looked at, and values in the lists that they bring: a few seconds."""
_SELECTS: Final = ("multi_select_list", "multi_select_dict")


class _Counting(TreeInterpreter):  # type: ignore[misc]
    """Not for another search."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path, self._left = path, MOST_STEPS

    def visit(self, node: Any, *given: Any, **named: Any) -> Any:
        result = super().visit(node, *given, **named)
        self._left -= 1 + (len(result) if isinstance(result, list) else 0)
        if self._left < 0:
            raise _too_much(self._path)
        return result


def search(path: str, value: Any) -> Any:
    """As `jmespath.search`. SourceError for an expression that would run away."""
    tree = jmespath.compile(path).parsed
    if _copies(path) > MOST_COPIES:
        raise _too_much(path)
    return _Counting(path).visit(tree, value)


@lru_cache(maxsize=256)
def _copies(path: str) -> int:
    """How many times the whole of its input an expression may bring, at most."""
    return _copies_of(jmespath.compile(path).parsed)


def _copies_of(node: Any) -> int:
    """What a multi-select brings beside one another adds up; what is done to what came before multiplies."""
    each = [_copies_of(child) for child in node["children"] if isinstance(child, dict)]
    return min(max(1, sum(each) if node["type"] in _SELECTS else math.prod(each)), MOST_COPIES + 1)


def _too_much(path: str) -> SourceError:
    return SourceError(SearchState.LAYOUT, "page.layout", f"the JMESPath {path[:60]!r} is too much work for this page")
