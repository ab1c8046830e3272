"""What an interface with a key is like: its TOML file as a value, checked when it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal

import msgspec


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an answer goes on."""

    size: int
    """Results asked for at a time, which is the most that is given."""
    first: int = 0
    """The first page's number."""
    most: int = 1
    """Pages there are at most."""


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where in an answer what stands: names with dots between them, lists looked into."""

    results: str
    url: str
    page: str
    width: str
    height: str
    thumbnail: str
    title: str = ""
    site: str = ""
    packed: str = ""
    """The field that holds the answer proper as XML in base64; "" where the answer is JSON."""
    problem: str = ""
    """Where an answer of any status says what is wrong."""
    empty: str = ""
    """What such a problem matches when there is nothing to be found, as a regular expression."""
    quota: str = ""
    """The header that says how many requests are left, of several periods the last number."""


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One filter: where it goes, and its choices or what it must match."""

    at: str
    choices: dict[str, str] = {}
    pattern: str = ""


class Api(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One interface. `{keyword}`, `{page}`, `{size}` and the names of `secrets` are put in where they stand."""

    about: str
    home: str
    path: str
    secrets: dict[str, str]
    """Setting -> the environment variable that is taken where it is not given; all are needed."""
    rate: float
    """Requests a second."""
    price: float
    """US dollars for a request, by its price list of 2026 and its smallest plan."""
    ask: dict[str, Any]
    pages: Paging
    answer: Reading
    headers: dict[str, str] = {}
    method: Literal["GET", "JSON"] = "GET"
    """JSON is a POST of `ask` as an object."""
    filters: dict[str, Filter] = {}


def read(name: str) -> Api:
    """The interface of that name."""
    return msgspec.toml.decode(files(__package__).joinpath(f"{name}.toml").read_bytes(), type=Api)


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """A template with the values put in; a whole number by itself becomes one."""
    if isinstance(template, dict):
        return {name: filled(part, values) for name, part in template.items()}
    number = next((values[name] for name in ("page", "size") if template == f"{{{name}}}"), None)
    if number is not None:
        return int(number)
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], template)


def at(tree: Any, path: str) -> Any:
    """What stands there; None when nothing does. Of a list the first that has it."""
    for name in path.split("."):
        parts = tree if isinstance(tree, list) else [tree]
        tree = next((part[name] for part in parts if isinstance(part, dict) and name in part), None)
    return tree
