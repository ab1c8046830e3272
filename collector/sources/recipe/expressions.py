"""Regular expressions of recipes, by RE2: the time they take grows with the text alone, whatever they say.

The one door to re2 (docs/decisions/0017).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

Expression = Any
"""A compiled expression of RE2: `search`, `sub`, `groups`, `groupindex`, as those of `re`."""

_QUIET = re2.Options()
_QUIET.log_errors = False


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Expression:
    """The expression. ValueError says what is wrong with it; RE2 has no look-around and no back-references."""
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        why = error.args[0]
        text = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        raise ValueError(f"{pattern!r} is not a regular expression: {text}") from None


def literal(text: str) -> str:
    """A text as an expression that stands for itself."""
    return str(re2.escape(text))


def found(pattern: str, text: str) -> bool:
    """Whether an expression finds something in a text."""
    return compiled(pattern).search(text) is not None
