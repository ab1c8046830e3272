"""Reads values out of a TOML table and says of each wrong one where it stands. Knows no recipe."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from collector.errors import InputError

T = TypeVar("T")
_HEADER: Final = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART: Final = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a file."""

    file: str
    text: str
    """The whole file."""
    path: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)
    """Parameters that stand in its texts as {name}."""

    def at(self, *keys: str) -> Place:
        """A key below."""
        return replace(self, path=(*self.path, *keys))

    def error(self, what: str) -> InputError:
        """One line: file, line, key, what is wrong."""
        line = line_of(self.text, self.path)
        where = f"{self.file}, line {line}" if line else self.file
        return InputError(f"{where}: {'.'.join(self.path) or 'the recipe'}: {what}")

    def filled(self, text: str, quote: Callable[[str], str] = str) -> str:
        """The text with its parameters filled in."""
        if not self.given:
            return text
        names = "|".join(map(re.escape, self.given))
        return re.sub(r"\{(" + names + r")\}", lambda found: quote(self.given[found[1]]), text)


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The line, from 1, of the key of a TOML file that is nearest to a path, or of its table; 0 when there is none."""
    table: tuple[str, ...] = ()
    best, depth = 0, 0
    wanted = tuple(key for key in path if not key.isdecimal())
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            here = table = _parts(header[1])
        elif key := _KEY.match(line):
            here = (*table, *_parts(key[1]))
        else:
            continue
        if len(here) > depth and wanted[: len(here)] == here:
            best, depth = number, len(here)
    return best


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


class Table:
    """A table of the file; every key has to be asked for before `done`, or it is an unknown one."""

    def __init__(self, value: object, place: Place) -> None:
        if not isinstance(value, dict):
            raise place.error(f"expected a table, such as {{ ... }}, not {shown(value)}")
        self._value: dict[str, Any] = value
        self._known: list[str] = []
        self.place = place

    def raw(self) -> Mapping[str, Any]:
        """All of it, for tables whose keys are names; they are then nobody's unknown keys."""
        self._known += self._value
        return self._value

    def __contains__(self, key: str) -> bool:
        self._known.append(key)
        return key in self._value

    def get(self, key: str) -> Any:
        """The raw value, None when there is none."""
        self._known.append(key)
        return self._value.get(key)

    def at(self, key: str) -> Place:
        """Where a key of it stands."""
        return self.place.at(key)

    def text(self, key: str, default: str = "") -> str:
        """A text with its parameters filled in."""
        value = self._of(key, str, default, "a text in quotes")
        return self.place.filled(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        return self._of(key, bool, default, "true or false")

    def number(self, key: str, default: int, least: int | None = 0) -> int:
        """A whole number."""
        value = self._of(key, int, default, "a whole number")
        if isinstance(value, bool) or (least is not None and value < least):
            raise self.at(key).error(f"expected a whole number{'' if least is None else f' of at least {least}'}")
        return value

    def rate(self, key: str) -> float:
        """A number above or equal to 0."""
        value = self.get(key)
        if value is None:
            return 0.0
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.at(key).error(f"expected a number of at least 0, not {shown(value)}")
        return float(value)

    def choice(self, key: str, choices: Collection[str], default: str) -> str:
        """One of some texts."""
        value = self.text(key, default)
        if value not in choices:
            raise self.at(key).error(f"{shown(value)} is not possible; choices: {', '.join(choices)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        value = self.get(key)
        if value is None:
            return ()
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in listed):
            raise self.at(key).error("expected a text or a list of texts")
        return tuple(map(self.place.filled, listed))

    def pattern(self, key: str) -> re.Pattern[str] | None:
        """A regular expression; parameters in it stand for themselves."""
        value = self._of(key, str, "", "a regular expression in quotes")
        return compiled(self.place.filled(value, re.escape), self.at(key)) if value else None

    def tables(self, key: str) -> Iterator[tuple[Any, Place]]:
        """A table, or a list of them, each with its place."""
        value = self.get(key)
        if isinstance(value, list):
            for number, item in enumerate(value):
                yield item, self.at(key).at(str(number))
        elif value is not None:
            yield value, self.at(key)

    def done(self) -> None:
        """InputError for the first key that nobody asked for."""
        for key in self._value:
            if key not in self._known:
                raise self.at(key).error(f"no such key; here there are: {', '.join(dict.fromkeys(self._known))}")

    def _of(self, key: str, kind: type[T], default: T, what: str) -> T:
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise self.at(key).error(f"expected {what}, not {shown(value)}")
        return value


def compiled(text: str, place: Place) -> re.Pattern[str]:
    """The regular expression. InputError when it is none."""
    try:
        return re.compile(text)
    except re.error as error:
        raise place.error(f"{shown(text)} is not a regular expression: {error}") from None


def shown(value: object) -> str:
    """A value as an error message shows it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
