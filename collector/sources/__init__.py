"""The one table of sources, and what concerns all of them. Loads no browser and no HTTP library.

Explicit, one line each. Other packages add theirs by an entry point of the group `collector.sources`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

from collector.errors import InputError, UsageError, alternatives
from collector.sources import pasted
from collector.sources.contract import Choices, Source, Value
from collector.sources.filter_table import fits, shown

SOURCES: Final[Mapping[str, str]] = {
    "google": "collector.sources.google",
    "page": "collector.sources.page",
    "gallery": "collector.sources.gallery",
    "deviantart": "collector.sources.deviantart",
    "imgur": "collector.sources.imgur",
    "openverse": "collector.sources.openverse",
    "commons": "collector.sources.commons",
    "flickr": "collector.sources.flickr",
    "bing": "collector.sources.bing",
    "duckduckgo": "collector.sources.duckduckgo",
    "naver": "collector.sources.naver",
    "recipe": "collector.sources.recipe",
    "brave": "collector.sources.keyed:BRAVE",
    "yandex": "collector.sources.keyed:YANDEX",
    "serper": "collector.sources.keyed:SERPER",
    "serpapi": "collector.sources.keyed:SERPAPI",
    "searchapi": "collector.sources.keyed:SEARCHAPI",
}
"""Name -> module, and its attribute where that is not `SOURCE`."""
GROUP: Final = "collector.sources"
"""Entry points by which other packages add sources: `album = "album_source:SOURCE"`. Ours cannot be replaced."""


@cache
def outsiders() -> Mapping[str, str]:
    """Name -> `module:attribute` of the sources that installed packages add."""
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=GROUP)}


def split_names(text: str) -> tuple[str, ...]:
    """`google+openverse` as its parts; a comma, a bar, a semicolon or a space separates them as well."""
    return tuple(dict.fromkeys(filter(None, re.split(r"[|+,;\s]+", text.casefold()))))


def names() -> tuple[str, ...]:
    """All sources, those of other packages last."""
    return (*SOURCES, *(name for name in outsiders() if name not in SOURCES))


def load(name: str) -> Source:
    """A source by its name. UsageError that lists the choices when there is none, or says why it cannot be loaded."""
    if name in SOURCES:
        module, _, attribute = SOURCES[name].partition(":")
        loaded = sys.modules.get(module) or import_module(module)  # asked for every row of a long CSV
        source: object = getattr(loaded, attribute or "SOURCE")
    elif name in outsiders():
        source = _outsider(name, outsiders()[name])
    else:
        raise UsageError(f"no source {name!r}; {alternatives(name, names())}")
    if not isinstance(source, Source):
        raise UsageError(f"source {name!r}: {outsiders()[name]} is not a collector.sources.contract.Source")
    return source


def check(name: str) -> None:
    """UsageError when there is no such source, or when another package's cannot be loaded."""
    if name not in SOURCES:
        load(name)


def validate_keyword(name: str, keyword: str) -> str | None:
    """What is wrong with a keyword for this source, in one line; None when nothing is."""
    return load(name).validate_keyword(keyword)


def as_search(
    keyword: str, named: tuple[str, ...], usual: tuple[str, ...], filters: Mapping[str, str]
) -> tuple[str, tuple[str, ...], dict[str, str]]:
    """(keyword, sources, filters) of a row; the address of a result page becomes the search that it shows.

    `named` are the row's own sources, which its address must not contradict, `usual` those of rows that name none:
    the address names one, and it counts when it is none of them. ValueError with one line for an address that cannot
    be used so.
    """
    asked = named or usual
    if not pasted.looks_like_address(keyword) or any(load(name).takes_addresses for name in asked if name in _known()):
        return keyword, asked, dict(filters)
    found = pasted.read(keyword, _result_pages())
    if found is None:
        return keyword, asked, dict(filters)
    if named and found.source not in named:
        raise ValueError(
            f"an address of {found.source}, in a row with the source {'+'.join(named)}; change one of them"
        )
    for name, value in found.filters.items():
        if filters.get(name, value) != value:
            raise ValueError(f"the address says {name}={value}, the row {name}={filters[name]}; remove one")
    return found.keyword, asked if found.source in asked else (found.source,), {**filters, **found.filters}


@cache
def _known() -> frozenset[str]:
    return frozenset(names())


@cache
def _result_pages() -> Mapping[str, pasted.ResultPage]:
    return {name: page for name in SOURCES if (page := load(name).result_page) is not None}


def default_label(name: str, keyword: str) -> str:
    """The class of rows that name none: what the source makes of the keyword, else the keyword itself."""
    return load(name).default_label(keyword) or keyword


def defaults() -> dict[str, dict[str, Value]]:
    """Every source's settings with their default values."""
    return {name: dict(load(name).settings) for name in names()}


def kinds() -> dict[str, Mapping[str, Any]]:
    """Every source's types of those settings that are not any value of their default's type."""
    return {name: load(name).kinds for name in names()}


def all_filters() -> dict[str, Choices]:
    """The filters of all sources together; where several know one, the first one's choices."""
    found: dict[str, Choices] = {}
    for source in names():
        for name, choices in load(source).filters.items():
            found.setdefault(name, choices)
    return found


def check_filters(source: str, given: Mapping[str, str]) -> None:
    """InputError, listing the choices, for the first filter or value that the source does not know, and for filters
    that contradict each other."""
    loaded = load(source)
    known = loaded.filters
    for name, value in given.items():
        if name not in known:
            raise InputError(f"{source} has no filter {name!r}; it has: {', '.join(sorted(known)) or 'none'}")
        if not fits(known[name], value):
            raise InputError(f"{name}={value!r} is not a choice of {source}; choices: {shown(known[name])}")
    if problem := loaded.contradiction(given):
        raise InputError(f"{source}: {problem}")


def _outsider(name: str, value: str) -> object:
    from importlib.metadata import EntryPoint

    try:
        return EntryPoint(name, value, GROUP).load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"source {name!r}: {value} cannot be loaded ({error}); repair or uninstall its package"
        ) from error
