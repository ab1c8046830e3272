"""Fields and picks as they are written in a recipe -> values. Knows no kinds of pages."""

from __future__ import annotations

import re
from typing import Final, cast, get_args

from collector.sources.recipe import steps
from collector.sources.recipe.toml_table import Place, Table, shown
from collector.sources.recipe.values import Field, Pick, Take, Way

_WAYS: Final = ("css", "xpath", "json", "literal", "template", "url")
SHORT: Final = re.compile(r"(.*\S)\s*@([\w:-]+)")
_PICK_KEYS: Final = "css, xpath, json, literal, template or url"


def field(name: str, value: object, place: Place) -> Field:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise place.error("expected a selector or a list of them")
    picks, default, required = [], "", False
    for number, item in enumerate(listed):
        at = place.at(str(number))
        if isinstance(item, dict):
            extra = Table({key: item[key] for key in ("default", "required") if key in item}, at)
            default, required = extra.text("default") or default, extra.flag("required") or required
            item = {key: each for key, each in item.items() if key not in ("default", "required")}
        picks.append(pick(item, at))
    return Field(name, tuple(picks), default, required)


def pick(value: object, place: Place) -> Pick:
    if isinstance(value, str):
        short = SHORT.fullmatch(value)
        value = {"css": short[1], "attr": short[2]} if short else {"css": value}
    table = Table(value, place)
    found = pick_of(table)
    table.done()
    return found


def pick_of(table: Table) -> Pick:
    """The pick of a table that may have other keys too."""
    way, path = _way(table)
    inner = table.text("json") if way in ("css", "xpath") else ""
    take = table.choice("take", get_args(Take), "text")
    steps_given = table.get("then")
    listed = steps_given if isinstance(steps_given, list) else [] if steps_given is None else [steps_given]
    found = Pick(
        way=way,
        path=path,
        inner=inner,
        contains=table.text("contains"),
        matches=table.pattern("matches"),
        attributes=table.texts("attr"),
        take=cast(Take, take),
        all=table.flag("all"),
        at=table.number("at", 0, None),
        steps=tuple(steps.read(step, table.at("then").at(str(number))) for number, step in enumerate(listed)),
    )
    _check_selectors(found, table.place)
    return found


def _way(table: Table) -> tuple[Way, str]:
    found = [way for way in _WAYS if way in table]
    if "json" in found and len(found) == 2 and found[0] in ("css", "xpath"):
        found = found[:1]
    if len(found) != 1:
        raise table.place.error(
            f"write one of {_PICK_KEYS}; here {'are ' + ' and '.join(found) if found else 'is none'}"
        )
    way = cast(Way, found[0])
    if way == "url":
        if table.get("url") is not True:
            raise table.at("url").error("expected true: the address of the page")
        return way, ""
    path = table.text(way)
    if not path and way != "literal":
        raise table.at(way).error("it is empty")
    return way, path


def _check_selectors(pick: Pick, place: Place) -> None:
    from collector.sources.recipe.select import fault

    for key, path in ((pick.way, pick.path), ("json", pick.inner)):
        if key in ("css", "xpath", "json") and path and (wrong := fault(key, path)):
            raise place.at(key).error(f"{shown(path)}: {wrong}")
