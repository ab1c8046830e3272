"""Where recipes are: those that are shipped, by name, and the user's own, by path. Reads files, asks no web."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qsl

from collector.errors import InputError, alternatives
from collector.settings import read_toml
from collector.sources.recipe import schema
from collector.sources.recipe.values import Recipe

_SHIPPED = files("collector.sources.recipe").joinpath("shipped")


def names() -> tuple[str, ...]:
    """Of the shipped ones, sorted."""
    found = (entry.name for entry in _SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def text(what: str) -> tuple[str, str, str]:
    """(file as errors name it, name, text) of a shipped recipe or a file. InputError when there is none."""
    if what.endswith(".toml"):
        path = Path(what)
        return what, path.stem, read_toml(path)[1]
    if what not in names():
        raise InputError(f"no recipe {what!r}, and no path of a .toml file; {alternatives(what, names())}")
    return f"{what}.toml", what, _SHIPPED.joinpath(f"{what}.toml").read_text(encoding="utf-8")


def asked(keyword: str) -> tuple[str, Mapping[str, str]]:
    """(name or path, parameters) of `time-covers?year=1923`."""
    what, _, given = keyword.partition("?")
    return what.strip(), dict(parse_qsl(given, keep_blank_values=True))


def recipe(keyword: str) -> Recipe:
    """The recipe that a keyword means, complete. InputError says what is wrong with either."""
    what, given = asked(keyword)
    file, name, content = text(what)
    return schema.parsed(content, file, name, given)


def shown(what: str) -> Recipe:
    """A recipe to be looked at: parameters that have to be given may be missing."""
    file, name, content = text(what)
    return schema.parsed(content, file, name, complete=False)
