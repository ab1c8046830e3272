"""A recipe's file -> a Recipe; what is wrong is one InputError with file, line and key. Asks no web, runs nothing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from collector.errors import InputError
from collector.model import Media
from collector.sources.recipe import selectors, start_urls
from collector.sources.recipe.toml_table import Place, Table, shown
from collector.sources.recipe.values import (
    DEEPEST,
    MOST_PAGES,
    Follow,
    Manners,
    Next,
    Pick,
    Recipe,
    State,
)

VERSION: Final = 1
KNOWN: Final = (
    *("title", "published", "id", "page", "site", "thumbnail", "width", "height"),
    *("licence", "licence_page", "licensor", "creator", "credit"),
)
"""Fields that have a place of their own in the ledger; others stand under `fields`."""


def parsed(text: str, file: str, name: str, given: Mapping[str, str] | None = None, *, complete: bool = True) -> Recipe:
    """The recipe with its parameters filled in: those `given`, else their defaults.

    InputError for anything that is wrong, for a parameter that it does not have, and, if `complete`, for one that has
    no default and is not given.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file}: not valid TOML: {error}") from None
    top = Table(data, Place(file, text))
    if top.number("version", 0) != VERSION:
        raise top.at("version").error(f"write version = {VERSION}, the one that this program knows")
    params = _params(top)
    values = _filled(params, given or {}, name, complete)
    place = Place(file, text, given=values)
    top = Table(data, place)
    top.get("version")
    top.get("params")
    recipe = _recipe(top, name, params, values)
    top.done()
    return recipe


def _params(top: Table) -> tuple[tuple[str, str | None], ...]:
    table = Table(top.get("params") or {}, top.at("params"))
    found: list[tuple[str, str | None]] = []
    for name, value in table.raw().items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise table.at(name).error("a name is of small letters, digits and _")
        if value is not True and not isinstance(value, str):
            raise table.at(name).error("expected its default as a text, or true when the user has to give it")
        found.append((name, None if value is True else value))
    return tuple(found)


def _filled(
    params: tuple[tuple[str, str | None], ...], given: Mapping[str, str], name: str, complete: bool
) -> dict[str, str]:
    known = dict(params)
    for key in given:
        if key not in known:
            raise InputError(f"{name} has no parameter {key!r}; it has: {', '.join(known) or 'none'}")
    missing = [key for key, default in params if default is None and not given.get(key)]
    if missing and complete:
        raise InputError(f"{name} needs {missing[0]}; write {name}?{missing[0]}=...")
    return {key: given.get(key) or default or "" for key, default in params}


def _recipe(top: Table, name: str, params: tuple[tuple[str, str | None], ...], values: Mapping[str, str]) -> Recipe:
    pages = Table(top.get("page"), top.at("page")).raw()
    if not pages:
        raise top.at("page").error("there is no kind of page; write one under [page.NAME]")
    states = tuple(_state(Table(table, top.at("page").at(key)), key, tuple(pages)) for key, table in pages.items())
    _check_templates(states, top.at("page"))
    recipe = Recipe(
        name=name,
        about=top.text("about"),
        start=_start(top, values),
        states=states,
        params=params,
        manners=_manners(top),
        domains=top.texts("domains"),
        max_pages=top.number("max_pages", MOST_PAGES, 1),
        max_depth=top.number("max_depth", DEEPEST, 1),
        min_side=top.number("min_side", 0),
        referer=cast(Literal["page", "parent", "none"], top.choice("referer", ("page", "parent", "none"), "page")),
        media=Media(top.choice("media", [media.value for media in Media], "picture")),
    )
    if not any(state.picture for state in states):
        raise top.at("page").error("no kind of page has a picture; write picture = ... where it stands")
    return recipe


def _start(top: Table, values: Mapping[str, str]) -> tuple[str, ...]:
    value = top.get("start")
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(item, str) and item for item in listed):
        raise top.at("start").error("expected a URL or a list of URLs")
    try:
        return tuple(url for item in listed for url in start_urls.expanded(item, values))
    except ValueError as error:
        raise top.at("start").error(str(error)) from None


def _manners(top: Table) -> Manners:
    headers = Table(top.get("headers") or {}, top.at("headers"))
    named = {key: headers.text(key) for key in headers.raw()}
    if agent := top.text("user_agent"):
        named["User-Agent"] = agent
    cookies = Table(top.get("cookies") or {}, top.at("cookies"))
    if cookies.raw():
        named["Cookie"] = "; ".join(f"{key}={cookies.text(key)}" for key in cookies.raw())
    api, robots = top.flag("api"), top.flag("robots", True)
    return Manners(
        connections=top.number("connections", 8, 1),
        rate=top.rate("rate"),
        headers=tuple(named.items()),
        robots=robots and not api,
        render=top.flag("render"),
    )


# --------------------------------------------------------------------------- kinds of pages


def _state(table: Table, name: str, states: tuple[str, ...]) -> State:
    extra = Table(table.get("fields") or {}, table.at("fields"))
    given = [(key, table.get(key), table.at(key)) for key in KNOWN if key in table]
    given += [(key, value, extra.at(key)) for key, value in extra.raw().items()]
    state = State(
        name=name,
        items=_one(table, "items"),
        picture=selectors.field("picture", table.get("picture"), table.at("picture")) if "picture" in table else None,
        fields=tuple(selectors.field(*each) for each in given),
        follow=tuple(_follow(value, place, states) for value, place in table.tables("follow")),
        next=_next(table.get("next"), table.at("next"), name) if "next" in table else None,
        empty=_one(table, "empty"),
        full=table.number("full", 0),
    )
    table.done()
    if state.picture is None and not state.leads_on:
        raise table.place.error("it has neither a picture nor links to follow")
    return state


def _check_templates(states: tuple[State, ...], place: Place) -> None:
    """A template is of fields that some kind of page has, and never of itself."""
    names = {field.name for state in states for field in state.fields}
    for state in states:
        for field in state.all_fields:
            texts = [pick.path for pick in field.picks if pick.way == "template"]
            for name in (name for text in texts for name in re.findall(r"\{(\w+)\}", text)):
                if name == field.name or name not in names:
                    at = place.at(state.name, field.name)
                    raise at.error(f"{{{name}}} is no other field; there are: {', '.join(sorted(names))}")


def _one(table: Table, key: str) -> Pick | None:
    return selectors.pick(table.get(key), table.at(key)) if key in table else None


# --------------------------------------------------------------------------- ways on


def _follow(value: object, place: Place, states: tuple[str, ...], to: str = "") -> Follow:
    table = Table(value, place)
    pick = _with_link(selectors.pick_of(table))
    follow = Follow(
        pick=pick,
        to=to or table.text("to"),
        most=table.number("most", 1 if to else 0),
        include=table.pattern("include"),
        exclude=table.pattern("exclude"),
        domains=table.texts("domains"),
        whole_page=table.flag("whole_page", bool(to)),
    )
    table.done()
    if follow.to not in states:
        raise place.at("to").error(f"{shown(follow.to)} is no kind of page here; there are: {', '.join(states)}")
    return follow


def _with_link(pick: Pick) -> Pick:
    """Links are taken from href, and all of them, unless the recipe says otherwise."""
    from dataclasses import replace

    link = pick.way in ("css", "xpath") and not pick.attributes and not pick.inner and "::" not in pick.path
    return replace(pick, all=True, attributes=("href",) if link else pick.attributes)


def _next(value: object, place: Place, name: str) -> Next:
    if isinstance(value, str):
        value = (
            dict(zip(("css", "attr"), found.groups(), strict=True))
            if (found := selectors.SHORT.fullmatch(value))
            else {"css": value}
        )
    table = Table(value, place)
    param = table.text("param")
    if not param:
        return Next(link=_follow(_without(value, "param"), place, (name,), name))
    paging = Next(
        param=param,
        first=table.number("first", 1),
        step=table.number("step", 1, 1),
        last=_one(table, "last"),
        cursor=_one(table, "cursor"),
    )
    table.done()
    return paging


def _without(value: object, key: str) -> Any:
    return {name: item for name, item in value.items() if name != key} if isinstance(value, dict) else value
