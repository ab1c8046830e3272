"""The one table of sources, and what the rest of the program may ask about them without loading a browser.

Explicit, one line each: a source that is not named here does not exist.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final, Protocol, cast

from collector.errors import InputError, UsageError
from collector.sources.contract import Source

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
}
"""Name -> module. The module offers search, SETTINGS, FILTERS and VARIATIONS, and may offer

EXAMPLE: str, a keyword that it surely has many pictures of; WAYS: the ways to a URL that can be tried one by one;
FEED = True when its answer grows, so that every run asks it again; its search ends after a whole page of hits
in `Search.known_before`;
BROWSER = False when it never asks for `web.browser`: then more of its searches go on at once;
WHOLE = True when a row without a limit means everything it has;
fault(keyword) -> str: what is wrong with a keyword, in one line, "" when nothing is;
label(keyword) -> str: the class of rows that name none, where the keyword itself would make a poor one."""

Value = str | int | float | bool
Choices = tuple[str, ...] | re.Pattern[str]


class Module(Protocol):
    """What a source's module offers."""

    @property
    def search(self) -> Source:
        """The source itself."""

    @property
    def SETTINGS(self) -> Mapping[str, Value]:
        """Its settings with their default values, which also fix the types."""

    @property
    def FILTERS(self) -> Mapping[str, Choices]:
        """Its filters: name -> the choices, or what a value must look like."""

    @property
    def VARIATIONS(self) -> Sequence[tuple[str, str]]:
        """Filters (name, value) that each show another part of a query's results, best first."""


def load(name: str) -> Module:
    """The module of a source. UsageError that lists the choices when there is no such source."""
    module = SOURCES.get(name)
    if module is None:
        raise UsageError(f"no source {name!r}; there are: {', '.join(SOURCES)}")
    return cast(Module, sys.modules.get(module) or import_module(module))  # Asked for every row of a long CSV.


def example(name: str) -> str:
    """A keyword that the source surely has many pictures of: its EXAMPLE, if it offers one."""
    return str(getattr(load(name), "EXAMPLE", "cat"))


def ways(name: str) -> tuple[str, ...]:
    """The ways to a URL that can be tried one by one: the source's WAYS, those of `harvest` if it has that setting."""
    module = load(name)
    usual = ("rows", "batch", "hover", "click") if "harvest" in module.SETTINGS else ()
    return tuple(getattr(module, "WAYS", usual))


def feed(name: str) -> bool:
    """Whether its answer grows, so that a run asks it again although it came to an end before."""
    return bool(getattr(load(name), "FEED", False))


def whole(name: str) -> bool:
    """Whether a row without a limit means everything it has."""
    return bool(getattr(load(name), "WHOLE", False))


def browser(name: str) -> bool:
    """Whether it may ask for a browser."""
    return bool(getattr(load(name), "BROWSER", True))


def fault(name: str, keyword: str) -> str:
    """What is wrong with a keyword for this source, in one line; "" when nothing is."""
    find: Callable[[str], str] | None = getattr(load(name), "fault", None)
    return find(keyword) if find is not None else ""


def label(name: str, keyword: str) -> str:
    """The class of rows that name none: what the source makes of the keyword, else the keyword itself."""
    make: Callable[[str], str] | None = getattr(load(name), "label", None)
    return (make(keyword) if make is not None else "") or keyword


def defaults() -> dict[str, dict[str, Value]]:
    """Every source's settings with their default values. Light: loads no browser and no HTTP library."""
    return {name: dict(load(name).SETTINGS) for name in SOURCES}


def filters(name: str) -> Mapping[str, Choices]:
    """A source's filters: name -> the choices, or a pattern for the whole value."""
    return load(name).FILTERS


def all_filters() -> dict[str, Choices]:
    """The filters of all sources together; where several know one, the first one's choices."""
    found: dict[str, Choices] = {}
    for source in SOURCES:
        for name, choices in filters(source).items():
            found.setdefault(name, choices)
    return found


def check_filters(source: str, given: Mapping[str, str]) -> None:
    """InputError, listing the choices, for the first filter or value that the source does not know."""
    known = filters(source)
    for name, value in given.items():
        if name not in known:
            raise InputError(f"{source} has no filter {name!r}; it has: {', '.join(sorted(known)) or 'none'}")
        choices = known[name]
        if isinstance(choices, re.Pattern):
            if not choices.fullmatch(value):
                raise InputError(f"{name}={value!r} is not a value {source} can use; it must match {choices.pattern}")
        elif value not in choices:
            raise InputError(f"{name}={value!r} is not a choice of {source}; choices: {', '.join(choices)}")
