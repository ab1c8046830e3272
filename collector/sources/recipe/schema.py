"""A recipe's file -> a Recipe; what is wrong is one InputError with file, line and key. Asks no web, runs nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import msgspec

from collector.errors import InputError
from collector.settings import line_of, parsed_toml
from collector.sources.recipe import start_urls
from collector.sources.recipe.expressions import literal
from collector.sources.recipe.transforms import PLAIN, Step
from collector.sources.recipe.values import KNOWN, Field, Follow, Head, Next, PageKind, Pick, Recipe

_SHORT: Final = re.compile(r"(.*\S)\s*@([\w:-]+)")
_EXPRESSIONS: Final = frozenset(("include", "exclude", "matches", "regex"))
"""Keys whose texts are regular expressions: parameters in them stand for themselves."""
_LISTS: Final = ("attr", "domains", "hosts", "start", "date")
"""Keys of a text or a list of texts."""
_PATH: Final = re.compile(r"(.*?) - at `\$([^`]*)`", re.DOTALL)
_UNKNOWN: Final = re.compile(r"Object contains unknown field `([^`]*)`")
T = TypeVar("T")
P = TypeVar("P", bound=Pick)


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


def parsed(text: str, file: str, name: str, given: Mapping[str, str] | None = None, *, complete: bool = True) -> Recipe:
    """The recipe with its parameters filled in: those `given`, else their defaults.

    InputError for anything that is wrong, for a parameter that it does not have, and, if `complete`, for one that has
    no default and is not given.
    """
    data, top = parsed_toml(text, file), Location(file, text)
    if data.get("version") != 1:
        raise top.at("version").error("write version = 1, the one that this program knows")
    values = _values(top, data, given or {}, name, complete)
    filled = {key: value if key in ("params", "start") else _filled(value, values) for key, value in data.items()}
    head = top.converted(_listed(filled), Head)
    pages = top.at("page")
    kinds = {key: _kind(pages.at(key), table, head.page) for key, table in head.page.items()}
    if not any(kind.picture for kind in kinds.values()):
        raise pages.error("no kind of page has a picture; write picture = ... where it stands")
    _check_templates(kinds, pages)
    try:
        start = tuple(url for item in head.start for url in start_urls.expanded(item, values))
    except ValueError as error:
        raise top.at("start").error(str(error)) from None
    return Recipe(name, head, start, kinds)


# --------------------------------------------------------------------------- parameters


def _values(
    top: Location, data: Mapping[str, Any], given: Mapping[str, str], name: str, complete: bool
) -> dict[str, str]:
    """Parameter -> its value, "" where it has none."""
    params = top.at("params").table(data.get("params", {}))
    for key, default in params.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
            raise top.at("params", key).error("a name is of small letters, digits and _")
        if default is not True and not isinstance(default, str):
            raise top.at("params", key).error("expected its default as a text, or true when the user has to give it")
    for key in given:
        if key not in params:
            raise InputError(f"{name} has no parameter {key!r}; it has: {', '.join(params) or 'none'}")
    missing = [key for key, default in params.items() if default is True and not given.get(key)]
    if missing and complete:
        raise InputError(f"{name} needs {missing[0]}; write {name}?{missing[0]}=...")
    return {key: given.get(key) or ("" if default is True else default) for key, default in params.items()}


def _filled(value: Any, values: Mapping[str, str], key: str = "") -> Any:
    """A value of the file with its parameters filled in, wherever they stand in it."""
    if isinstance(value, dict):
        return {name: _filled(item, values, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values, key) for item in value]
    if not isinstance(value, str) or not values:
        return value
    names = "|".join(map(re.escape, values))
    quote = literal if key in _EXPRESSIONS else str
    return re.sub(r"\{(" + names + r")\}", lambda found: quote(values[found[1]]), value)


# --------------------------------------------------------------------------- short forms -> tables


def _listed(table: dict[str, Any]) -> dict[str, Any]:
    """The table with a text alone in a list, where a list of texts is possible too."""
    return {key: [value] if key in _LISTS and isinstance(value, str) else value for key, value in table.items()}


def _tables(at: Location, value: object) -> list[tuple[Location, object]]:
    """One value or a list of them, each with its place."""
    if isinstance(value, list):
        return [(at.at(str(number)), item) for number, item in enumerate(value)]
    return [(at, value)]


def _shaped(at: Location, value: object) -> dict[str, Any]:
    """A selector as a table: `h1 a@href` is short for one."""
    if isinstance(value, str):
        short = _SHORT.fullmatch(value)
        return {"css": short[1], "attr": [short[2]]} if short else {"css": value}
    table = _listed(at.table(value))
    steps = _tables(at.at("then"), table.get("then", []))
    return table | {"then": tuple(_step(*step) for step in steps)}


def _step(at: Location, value: object) -> Step:
    if isinstance(value, str):
        if value not in PLAIN and value != "urljoin":
            raise at.error(f"no transform {value!r} without an argument; there are: {', '.join(PLAIN)}, urljoin")
        return Step(plain=value)
    table = _listed(at.table(value))
    for name in table:
        if name in PLAIN or name == "urljoin":
            raise at.error(f'{name} takes no argument; write "{name}"')
    return at.converted(table, Step)


def _checked(at: Location, pick: P) -> P:
    """The pick; InputError for a selector that is none."""
    from collector.sources.recipe.select import fault

    for key in ("css", "xpath", "json"):
        path = getattr(pick, key)
        if path is not None and (wrong := fault(key, path)):
            raise at.at(key).error(f"{path[:60]!r}: {wrong}")
    return pick


def _pick(at: Location, value: object) -> Pick:
    return _checked(at, at.converted(_shaped(at, value), Pick))


def _field(at: Location, value: object) -> Field:
    picks, default, required = [], "", False
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        here = at.at(str(number))
        if isinstance(item, dict):
            default, required = item.get("default", default), item.get("required", required)
            item = {key: each for key, each in item.items() if key not in ("default", "required")}
        picks.append(_pick(here, item))
    if not picks:
        raise at.error("expected a selector or a list of them")
    return at.converted({"picks": picks, "default": default, "required": required}, Field)


def _follow(at: Location, value: object, kinds: Collection[str], **usual: Any) -> Follow:
    """Links: taken from href, and all of them, unless the recipe says otherwise."""
    table = usual | _shaped(at, value) | {"all": True}
    path = str(table.get("css") or table.get("xpath") or "")
    if path and "attr" not in table and "json" not in table and "::" not in path:
        table["attr"] = ["href"]
    if str(table.get("to")) not in kinds:
        raise at.at("to").error(f"{table.get('to')!r} is no kind of page here; there are: {', '.join(kinds)}")
    return _checked(at, at.converted(table, Follow))


def _next(at: Location, value: object, name: str) -> Next:
    if not isinstance(value, dict) or not value.get("param"):
        return Next(link=_follow(at, value, (name,), to=name, most=1, whole_page=True))
    table = dict(value)
    for key in ("last", "cursor"):
        if key in table:
            table[key] = _pick(at.at(key), table[key])
    return at.converted(table, Next)


def _kind(at: Location, value: object, kinds: Mapping[str, Any]) -> PageKind:
    table = at.table(value)
    fields = {key: _field(at.at(key), table.pop(key)) for key in KNOWN if key in table}
    extra = at.at("fields").table(table.get("fields", {}))
    table["fields"] = fields | {key: _field(at.at("fields", key), item) for key, item in extra.items()}
    for key, shape in (("items", _pick), ("empty", _pick), ("picture", _field)):
        if key in table:
            table[key] = shape(at.at(key), table[key])
    if "follow" in table:
        table["follow"] = tuple(_follow(*each, kinds) for each in _tables(at.at("follow"), table["follow"]))
    if "next" in table:
        table["next"] = _next(at.at("next"), table["next"], at.path[-1])
    kind = at.converted(table, PageKind, *KNOWN)
    if kind.picture is None and not kind.leads_on:
        raise at.error("it has neither a picture nor links to follow")
    return kind


def _check_templates(kinds: Mapping[str, PageKind], at: Location) -> None:
    """A template is of fields that some kind of page has, and never of itself."""
    names = {name for kind in kinds.values() for name in kind.fields}
    for key, kind in kinds.items():
        for field_name, field in kind.all_fields.items():
            for name in (name for pick in field.picks for name in re.findall(r"\{(\w+)\}", pick.template or "")):
                if name == field_name or name not in names:
                    known = ", ".join(sorted(names))
                    raise at.at(key, field_name).error(f"{{{name}}} is no other field; there are: {known}")
