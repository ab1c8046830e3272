"""Values as SQLite and JSON can hold them, whatever a picture's bytes or an interface put into them.

The one place through which everything goes that a run enters. Pure.
"""

from __future__ import annotations

import math
import sys
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, Final, TypeVar

LARGEST: Final = 2**63 - 1
"""SQLite's largest whole number."""
LONGEST: Final = 10_000
"""Characters of a text about a picture."""
ENDLESS: Final = sys.maxsize

Value = TypeVar("Value")


def bounded(value: Value, longest: int = LONGEST) -> Value:
    """The value, and all that is in it: texts of valid Unicode without NUL and at most so long (ENDLESS: of any
    length), whole numbers of 0 to LARGEST, others that are finite."""
    return _bounded(value, longest)  # type: ignore[no-any-return]


def _bounded(value: Any, longest: int) -> Any:
    """Nearly all are within the bounds already and are given back as they are."""
    kind: Any = type(value)
    if kind is str:
        return value if value.isascii() and len(value) <= longest and "\0" not in value else _text(value[:longest])
    if kind is int:
        return value if 0 <= value <= LARGEST else min(max(value, 0), LARGEST)
    if kind is float:
        return value if math.isfinite(value) else 0.0
    if kind is tuple:
        return tuple([_bounded(one, longest) for one in value]) if value else value
    changed = {}
    for name in _fields(kind):
        before = getattr(value, name)
        after = _bounded(before, longest)
        if after is not before and after != before:
            changed[name] = after
    return replace(value, **changed) if changed else value


@cache
def _fields(kind: type) -> tuple[str, ...]:
    """Of a dataclass; none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _text(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")
