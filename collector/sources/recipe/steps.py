"""The transforms a recipe may name: one table of small functions from texts to texts. Nothing is ever evaluated."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urljoin

from collector.sources.recipe import dates
from collector.sources.recipe.toml_table import Place, compiled, shown
from collector.sources.recipe.values import Step

Arguments = tuple[Any, ...]
Work = Callable[[list[str], Arguments, str], list[str]]
"""(texts, arguments, URL that relative ones are relative to) -> texts; an empty text counts as nothing."""
Reads = Callable[[object, Mapping[str, object], Place], Arguments]
"""(what stands behind the name, the other keys beside it, place) -> arguments. InputError."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A transform: what it does, how its arguments are read, and which keys may stand beside its name."""

    work: Work
    reads: Reads | None = None
    """None: it is written as its bare name."""
    beside: tuple[str, ...] = ()


def _each(function: Callable[[str], str]) -> Work:
    return lambda texts, _arguments, _base: [function(text) for text in texts]


def _regex(texts: list[str], arguments: Arguments, _base: str) -> list[str]:
    pattern, group = arguments
    found = (re.search(pattern, text) for text in texts)
    return [match[group] or "" for match in found if match is not None]


def _rewrite(texts: list[str], arguments: Arguments, _base: str) -> list[str]:
    return [re.sub(arguments[0], arguments[1], text) for text in texts]


def _number(text: str) -> str:
    found = re.search(r"[-−]?\d[\d,.\s'’]*", text)
    if not found:
        return ""
    digits = re.sub(r"\D", "", re.sub(r"[.,]\d{1,2}\s*$", "", found[0]))
    return f"{'-' if found[0][0] in '-−' else ''}{int(digits)}"


def _largest(text: str) -> str:
    """The candidate of a srcset with the largest descriptor (HTML, "srcset attributes")."""
    best, size = "", -1.0
    for url, number in re.findall(r"(\S*[^,\s])(?:\s+([\d.]+)[wx])?\s*(?:,|$)", text):
        value = float(number) if re.fullmatch(r"\d+(\.\d+)?", number) else 1.0
        if value > size:
            best, size = url, value
    return best


def _text(value: object, _beside: Mapping[str, object], place: Place) -> Arguments:
    if not isinstance(value, str):
        raise place.error(f"expected a text, not {shown(value)}")
    return (place.filled(value),)


def _pattern(value: object, beside: Mapping[str, object], place: Place) -> Arguments:
    (text,) = _text(value, {}, place)
    pattern = compiled(text, place)
    group = beside.get("group", 1 if pattern.groups else 0)
    known = group in pattern.groupindex if isinstance(group, str) else group in range(pattern.groups + 1)
    if isinstance(group, bool) or not isinstance(group, int | str) or not known:
        raise place.error(f"group {shown(group)}: the expression has {pattern.groups} groups")
    return (text, group)


def _pair(value: object, _beside: Mapping[str, object], place: Place) -> Arguments:
    if not (isinstance(value, list) and len(value) == 2 and all(isinstance(item, str) for item in value)):
        raise place.error('expected ["what", "by what"]')
    return tuple(map(place.filled, value))


def _pattern_pair(value: object, beside: Mapping[str, object], place: Place) -> Arguments:
    pair = _pair(value, beside, place)
    try:
        re.sub(pair[0], pair[1], "")
    except (re.error, IndexError) as error:
        raise place.error(f"{shown(pair)}: {error}") from None
    return pair


def _bounds(value: object, _beside: Mapping[str, object], place: Place) -> Arguments:
    numbers = value if isinstance(value, list) else [value]
    if not 1 <= len(numbers) <= 2 or not all(isinstance(item, int) and not isinstance(item, bool) for item in numbers):
        raise place.error("expected [from, to] as Python counts them, or [from]")
    return (numbers[0], numbers[1] if len(numbers) == 2 else None)


def _formats(value: object, beside: Mapping[str, object], place: Place) -> Arguments:
    formats: list[Any] = value if isinstance(value, list) else [value]
    if not formats or not all(isinstance(item, str) for item in formats):
        raise place.error('expected a format or several, such as ["%b %d %Y", "%Y-%m-%d"]')
    for item in formats:
        if wrong := dates.problem(item):
            raise place.error(f"{shown(item)}: {wrong}")
    to = beside.get("to", "")
    if not isinstance(to, str):
        raise place.error('to: expected a format, such as "%d.%m.%Y"')
    return (to, *formats)


def _date(texts: list[str], arguments: Arguments, _base: str) -> list[str]:
    values = [dates.parsed(text, arguments[1:]) for text in texts]
    return [dates.written(value, arguments[0]) if arguments[0] and value else value for value in values]


STEPS: Final[Mapping[str, Kind]] = {
    "strip": Kind(_each(str.strip)),
    "squeeze": Kind(_each(lambda text: " ".join(text.split()))),
    "lower": Kind(_each(str.lower)),
    "upper": Kind(_each(str.upper)),
    "int": Kind(_each(_number)),
    "unescape": Kind(_each(html.unescape)),
    "unquote": Kind(_each(unquote)),
    "urljoin": Kind(lambda texts, _, base: [urljoin(base, text) for text in texts]),
    "srcset": Kind(_each(_largest)),
    "regex": Kind(_regex, _pattern, ("group",)),
    "replace": Kind(lambda texts, pair, _: [text.replace(*pair) for text in texts], _pair),
    "rewrite": Kind(_rewrite, _pattern_pair),
    "slice": Kind(lambda texts, bounds, _: [text[slice(*bounds)] for text in texts], _bounds),
    "split": Kind(lambda texts, mark, _: [part for text in texts for part in text.split(mark[0])], _text),
    "join": Kind(lambda texts, mark, _: [mark[0].join(texts)] if texts else [], _text),
    "template": Kind(lambda texts, form, _: [form[0].replace("{value}", text) for text in texts], _text),
    "date": Kind(_date, _formats, ("to",)),
}
"""Name -> what it does. `int` leaves decimals out and joins thousands; `regex` keeps the group of what fits."""


def read(value: object, place: Place) -> Step:
    """A transform as it stands in a recipe: a name, or a table of the name and its argument. InputError."""
    if isinstance(value, str):
        kind = STEPS.get(value)
        if kind is None or kind.reads is not None:
            known = ", ".join(name for name, kind in STEPS.items() if kind.reads is None)
            raise place.error(f"no transform {shown(value)} without an argument; there are: {known}")
        return Step(value)
    named = [name for name in value if name in STEPS] if isinstance(value, dict) else []
    if not isinstance(value, dict) or len(named) != 1:
        known = ", ".join(name for name, kind in STEPS.items() if kind.reads is not None)
        raise place.error(f"{shown(value)} is no transform; with an argument there are: {known}")
    kind = STEPS[named[0]]
    if kind.reads is None:
        raise place.error(f'{named[0]} takes no argument; write "{named[0]}"')
    beside = {name: item for name, item in value.items() if name != named[0]}
    for name in beside:
        if name not in kind.beside:
            raise place.error(f"{named[0]} knows no {name!r}; it may have: {', '.join(kind.beside) or 'nothing more'}")
    return Step(named[0], kind.reads(value[named[0]], beside, place))


def applied(texts: list[str], steps: tuple[Step, ...], base: str) -> list[str]:
    """The texts after every step, empty ones left out."""
    for step in steps:
        texts = [text for text in STEPS[step.name].work(texts, step.arguments, base) if text]
    return [text for text in texts if text]
