"""Which column holds which field of a value: one list, by which values are written and read back.

A field is kept in the column of its name unless the list says otherwise, so that a new fact is a field and a column.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from sys import intern
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from collector.ledger.bounds import ENDLESS, LONGEST, bounded, fit
from collector.ledger.paths import stored_path
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
        longest: int = LONGEST,
    ) -> None:
        """`named`: field -> column; `parts`: fields that are values with columns of their own; `without`: fields that
        are not kept; `shared`: texts that many rows have in common, which are held once; `longest`: characters
        of a text that are stored."""
        hints, named, parts = get_type_hints(kind), named or {}, parts or {}
        self._kind = kind
        self._fields = [field.name for field in fields(kind) if field.name not in without]  # type: ignore[arg-type]
        plain: list[str] = []
        stored: list[str] = []
        self._parts: list[tuple[str, Columns[Any], int, Callable[..., Any]]] = []
        self._nothing: list[Any] = []
        self._decoders: list[tuple[int, Callable[[Any], Any]]] = []
        self._encoders: list[tuple[str, Callable[[Any], object]]] = []
        self._optional: list[str] = []
        columns: list[str] = []
        for name in self._fields:
            if name in parts:
                self._parts.append((name, parts[name], len(columns), lru_cache(maxsize=4096)(parts[name].load)))
                columns += parts[name].names
                self._nothing += [None] * len(parts[name].names)
                continue
            plain.append(name)
            stored.append(named.get(name, name))
            nothing, decode = _decoder(hints[name], name in shared)
            if decode is not None:
                self._decoders.append((len(columns), decode))
            columns.append(named.get(name, name))
            if isinstance(hints[name], UnionType):
                self._optional.append(columns[-1])
            elif encode := _encoder(hints[name]):
                self._encoders.append((columns[-1], encode))
            self._nothing.append(nothing)
        self._stored, self._read = stored, attrgetter(*plain)
        self._longest = longest
        self.names: tuple[str, ...] = tuple(columns)
        self._whole = not without

    def store(self, value: Value) -> dict[str, object]:
        """Column -> cell, all within the bounds; what is None is left to the column's default."""
        plain = self._read(value)
        if not fit(plain, self._longest):
            plain = self._read(bounded(value, self._longest))
        cells: dict[str, object] = dict(zip(self._stored, plain, strict=True))
        for column, encode in self._encoders:
            cells[column] = encode(cells[column])
        for column in self._optional:
            if cells[column] is None:
                del cells[column]
        for name, part, _, _ in self._parts:
            cells.update(part.store(getattr(value, name)))
        return cells

    def load(self, *cells: Any, **unkept: object) -> Value:
        """The value of a row; `unkept`: fields that have no column."""
        values = [nothing if cell is None else cell for cell, nothing in zip(cells, self._nothing, strict=True)]
        for place, decode in self._decoders:
            values[place] = decode(values[place])
        for _, part, place, load in reversed(self._parts):
            values[place : place + len(part.names)] = [load(*values[place : place + len(part.names)])]
        if self._whole:
            return self._kind(*values)
        return self._kind(**dict(zip(self._fields, values, strict=True)), **unkept)


def _encoder(hint: Any) -> Callable[[Any], object] | None:
    """How a field of this type becomes a cell; None: it is one already."""
    if get_origin(hint) is tuple:
        return json_list
    return attrgetter("value") if issubclass(hint, Enum) else None


def json_list(values: Sequence[object]) -> str:
    """As JSON; an empty one is nothing at all."""
    return json.dumps(values, ensure_ascii=False) if values else ""


def _decoder(hint: Any, shared: bool) -> tuple[Any, Callable[[Any], Any] | None]:
    """(what NULL stands for, how a cell becomes a field of this type); None: it is one already."""
    if isinstance(hint, UnionType):
        [kind] = [kind for kind in get_args(hint) if kind is not NoneType]
        decode = stored_path if kind is Path else kind
        return None, lambda cell: decode(cell) if cell else None
    if get_origin(hint) is tuple:
        return "", json_tuple
    if hint is str:
        return "", intern if shared else None
    if issubclass(hint, Enum):
        return "", hint
    return hint(), hint if hint is bool else None


@lru_cache(maxsize=4096)
def json_tuple(cell: str) -> tuple[Any, ...]:
    """What `json_list` made JSON of."""
    return tuple(tuple(one) if isinstance(one, list) else one for one in json.loads(cell)) if cell else ()


LICENCE = Columns(Licence, {"url": "licence_url", "page": "licence_page"}, longest=ENDLESS)
HIT = Columns(
    Hit, {"key": "url_key", "id": "source_id"}, {"licence": LICENCE}, without=("skip_reason",), longest=ENDLESS
)
"""Of `found`."""
ATTEMPT = Columns(Attempt, {"status": "http_status", "overrides": "ignored"})
PICTURE = Columns(Picture, without=("extension",))
"""Of `outcome`, both of them; the extension is that of the path."""
