"""A key in a recipe's file, and what is said of a wrong value there: one line with file, line and key."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import msgspec

from collector.errors import InputError
from collector.settings import line_of

T = TypeVar("T")
_PATH: Final = re.compile(r"(.*?) - at `\$([^`]*)`", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`")


@dataclass(frozen=True, slots=True)
class Location:
    """Where in a file a value stands."""

    file: str
    text: str
    """The whole file."""
    path: tuple[str, ...] = ()

    def at(self, *keys: str) -> Location:
        """A key below."""
        return replace(self, path=(*self.path, *keys))

    def error(self, what: str) -> InputError:
        """One line: file, line, key, what is wrong."""
        line = line_of(self.text, self.path)
        where = f"{self.file}, line {line}" if line else self.file
        return InputError(f"{where}: {'.'.join(self.path) or 'the recipe'}: {what}")

    def table(self, value: object) -> dict[str, Any]:
        """A copy of a table. InputError when the value is none."""
        if not isinstance(value, dict):
            raise self.error(f"expected a table, such as {{ ... }}, not {type(value).__name__}")
        return dict(value)

    def converted(self, value: object, kind: type[T], *also: str) -> T:
        """The value as another type. InputError says which of its keys is wrong, or which there are: its and `also`."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            parts = _PATH.fullmatch(str(error))
            what, below = (parts[1], parts[2]) if parts else (str(error), "")
            here = self.at(*re.findall(r"\w+", below))
            if unknown := _UNKNOWN.fullmatch(what):
                known = ", ".join((*(field.name for field in msgspec.structs.fields(kind)), *also))  # type: ignore[arg-type]
                raise here.at(unknown[1]).error(f"no such key; here there are: {known}") from None
            raise here.error(what) from None
