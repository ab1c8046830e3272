"""Values as SQLite and JSON can hold them, whatever a picture's bytes or an interface put into them.

The one place through which everything goes that a run enters. Pure.
"""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar

LARGEST: Final = 2**63 - 1
"""SQLite's largest whole number."""
LONGEST: Final = 10_000
"""Characters of a text about a picture."""

Value = TypeVar("Value")


def bounded(value: Value, longest: int | None = LONGEST) -> Value:
    """The value, and all that is in it: texts of valid Unicode without NUL and at most so long (None: of any length),
    whole numbers of 0 to LARGEST, others that are finite."""
    return _bounded(value, longest)  # type: ignore[no-any-return]


def _bounded(value: Any, longest: int | None) -> Any:
    kind = type(value)
    if kind is str:
        return _text(value[:longest])
    if kind is int:
        return min(max(value, 0), LARGEST)
    if kind is float:
        return value if math.isfinite(value) else 0.0
    if kind is tuple:
        return tuple(_bounded(one, longest) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return _replaced(value, longest)
    return value


def _replaced(value: Any, longest: int | None) -> Any:
    changed = {}
    for field in fields(value):
        before = getattr(value, field.name)
        after = _bounded(before, longest)
        if after is not before and after != before:
            changed[field.name] = after
    return replace(value, **changed) if changed else value


def _text(text: str) -> str:
    if text.isascii():
        return text.replace("\0", "")
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")
