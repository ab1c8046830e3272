"""Values as SQLite and JSON can hold them, whatever a picture's bytes or an interface put into them.

The one place through which everything goes that a run enters. Pure.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, Final, TypeVar

LARGEST: Final = 2**63 - 1
"""SQLite's largest whole number."""
LONGEST: Final = 10_000
"""Characters of a text about a picture."""
ENDLESS: Final = sys.maxsize

_KEPT: Final = (bool, Enum)

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
    names, read = _fields(kind)
    cells = read(value)
    if fit(cells, longest):
        return value
    changed = {}
    for name, before in zip(names, cells, strict=True):
        after = _bounded(before, longest)
        if after is not before and after != before:
            changed[name] = after
    return replace(value, **changed) if changed else value


def fit(cells: tuple[Any, ...], longest: int) -> bool:
    """Whether plain ones are all within the bounds, told without a call for each: these are most of what a run stores.
    False when one is not, and when one is no plain one."""
    for cell in cells:
        kind = type(cell)
        if kind is str:
            if not cell.isascii() or len(cell) > longest or "\0" in cell:
                return False
        elif kind is int:
            if not 0 <= cell <= LARGEST:
                return False
        elif kind is float:
            if not math.isfinite(cell):
                return False
        elif cell and not isinstance(cell, _KEPT):
            return False
    return True


@cache
def _fields(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """(names, how to read them all) of a dataclass; none of anything else."""
    names = tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
    return names, attrgetter(*names) if len(names) > 1 else lambda value: tuple(getattr(value, name) for name in names)


def _text(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")
