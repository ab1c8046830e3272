"""Any site that a declarative recipe describes: a TOML file instead of code; docs/recipes.md.

This file is the story; the pieces are beside it. Nothing of a recipe is ever evaluated.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from collector.errors import InputError, SourceError
from collector.model import Hit, Search, SearchState
from collector.sources.contract import Source, Value, Web
from collector.urls import hostname

if TYPE_CHECKING:
    from collector.sources.recipe.values import Head

_SETTINGS: Final[Mapping[str, Value]] = {"home": "", "connections": 0}
"""home: takes the place of scheme and host of every start address, for a copy of the site ("": as the recipe says);
connections: pages asked for at once (0: as the recipe says, which is 8 unless it says otherwise)."""


def validate_keyword(keyword: str) -> str | None:
    """What is wrong with a keyword, or with the recipe that it names; None when nothing is."""
    from collector.sources.recipe import catalog

    try:
        catalog.recipe(keyword)
    except InputError as error:
        return str(error)
    return None


def default_label(keyword: str) -> str:
    """The recipe's name and the values of its parameters."""
    from collector.sources.recipe import catalog

    what, given = catalog.asked(keyword)
    name = what.replace("\\", "/").rpartition("/")[2].removesuffix(".toml")
    return " ".join([name, *filter(None, given.values())])


def search(search: Search, web: Web) -> Iterator[Hit]:
    """Every picture of the site that the keyword's recipe describes, in the site's order.

    The keyword is the name of a shipped recipe or the path of a .toml, with parameters: `time-covers?year=1923`.
    """
    from collector.sources.recipe import catalog
    from collector.sources.recipe.walk import Walk

    try:
        recipe = catalog.recipe(search.query.keyword)
    except InputError as error:  # The file has changed since the queries were read.
        raise SourceError(SearchState.FAILED, "page.gone", str(error)) from None
    headers = {name: _from_environment(text) for name, text in _headers(recipe.head).items()}
    home = str(web.settings["home"]).rstrip("/")
    if home:
        recipe = replace(recipe, start=tuple(_at(home, url) for url in recipe.start))
    hosts = (hostname(home), "localhost") if home else ()
    walk = Walk(recipe, web, headers, int(web.settings["connections"]), hosts)
    try:
        yield from walk.hits()
    finally:
        for line in walk.losses.lines():
            web.notice(line)


def _headers(head: Head) -> dict[str, str]:
    agent = {"User-Agent": head.user_agent} if head.user_agent else {}
    cookies = "; ".join(f"{name}={text}" for name, text in head.cookies.items())
    return head.headers | agent | ({"Cookie": cookies} if cookies else {})


def _at(home: str, url: str) -> str:
    """The same path and query at another scheme and host, and below its path."""
    parts = urlsplit(url)
    return f"{home}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


def _from_environment(text: str) -> str:
    """${NAME} filled in. SourceError when it is not set; what it holds is never shown."""

    def value(found: re.Match[str]) -> str:
        known = os.environ.get(found[1], "")
        if not known:
            raise SourceError(SearchState.BLOCKED, "page.denied", f"set the environment variable {found[1]}")
        return known

    return re.sub(r"\$\{(\w+)\}", value, text)


SOURCE: Final = Source(
    search=search,
    about="a site described by a TOML file",
    keyword="a recipe that comes with the program, or the path of one, with parameters",
    settings=_SETTINGS,
    unlimited=True,
    needs_browser=True,
    example="time-covers",
    validate_keyword=validate_keyword,
    default_label=default_label,
)
