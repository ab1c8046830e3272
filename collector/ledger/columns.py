"""Which column holds which field of a value: one list, by which values are written and read back.

A field is kept in the column of its name unless the list says otherwise, so that a new fact is a field and a column.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path
from sys import intern
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from collector.model import Attempt, Hit, Licence, Picture

Value = TypeVar("Value")


class Columns(Generic[Value]):
    """The columns of a frozen value. `names` has them in the order in which `load` takes their cells."""

    def __init__(
        self,
        kind: type[Value],
        named: Mapping[str, str] | None = None,
        parts: Mapping[str, Columns[Any]] | None = None,
        without: Iterable[str] = (),
        shared: Iterable[str] = (),
    ) -> None:
        """`named`: field -> column; `parts`: fields that are values with columns of their own; `without`: fields that
        are not kept; `shared`: texts that many rows have in common, which are held once."""
        hints, named, parts = get_type_hints(kind), named or {}, parts or {}
        kept = [field.name for field in fields(kind) if field.name not in without]  # type: ignore[arg-type]
        self._kind = kind
        self._plain = [(name, named.get(name, name), _decoder(hints[name], name in shared)) for name in kept
                       if name not in parts]  # fmt: skip
        self._parts = [(name, part, lru_cache(maxsize=4096)(part.load)) for name, part in parts.items()]
        self.names: tuple[str, ...] = (
            *(column for _, column, _ in self._plain),
            *(column for _, part, _ in self._parts for column in part.names),
        )

    def store(self, value: Value) -> dict[str, object]:
        """Column -> cell; what is None is left to the column's default."""
        cells = {column: _encoded(getattr(value, name)) for name, column, _ in self._plain}
        for name, part, _ in self._parts:
            cells.update(part.store(getattr(value, name)))
        return {column: cell for column, cell in cells.items() if cell is not None}

    def load(self, *cells: Any) -> Value:
        """The value of a row."""
        values = {name: decode(cell) for (name, _, decode), cell in zip(self._plain, cells, strict=False)}
        place = len(self._plain)
        for name, part, load in self._parts:
            values[name] = load(*cells[place : place + len(part.names)])
            place += len(part.names)
        return self._kind(**values)


def _encoded(value: object) -> object:
    if isinstance(value, tuple):
        return json_list(value)
    if isinstance(value, Enum):
        return value.value
    return value.as_posix() if isinstance(value, Path) else value


def json_list(values: Sequence[object]) -> str:
    """As JSON; an empty one is nothing at all."""
    return json.dumps(values, ensure_ascii=False) if values else ""


def _decoder(hint: Any, shared: bool) -> Callable[[Any], Any]:
    """From a cell to a field of this type; a cell that is NULL is the type's own nothing."""
    if isinstance(hint, UnionType):
        [kind] = [kind for kind in get_args(hint) if kind is not NoneType]
        return partial(_optional, kind)
    if get_origin(hint) is tuple:
        return _tuple
    if hint is str:
        return _shared if shared else _text
    if issubclass(hint, Enum):
        return hint  # type: ignore[no-any-return]
    return partial(_number, hint)


def _optional(kind: type, cell: Any) -> Any:
    return kind(cell) if cell else None


def _tuple(cell: str | None) -> tuple[Any, ...]:
    return tuple(tuple(one) if isinstance(one, list) else one for one in json.loads(cell)) if cell else ()


def _text(cell: str | None) -> str:
    return cell or ""


def _shared(cell: str | None) -> str:
    return intern(cell or "")


def _number(kind: type, cell: float | None) -> Any:
    return kind(cell or 0)


LICENCE = Columns(Licence, {"url": "licence_url", "page": "licence_page"})
HIT = Columns(Hit, {"key": "url_key", "id": "source_id"}, {"licence": LICENCE}, without=("skip_reason",))
"""Of `found`."""
ATTEMPT = Columns(Attempt, {"status": "http_status", "overrides": "ignored"})
PICTURE = Columns(Picture, without=("extension",))
"""Of `outcome`, both of them; the extension is that of the path."""
