"""Doubles of sites other than Google: the one table of them, and what the practice web lends to each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol

from aiohttp import web

DOUBLES: Final[Mapping[str, str]] = {
    "page": "collector.practice.page",
    "gallery": "collector.practice.gallery",
    "deviantart": "collector.practice.deviantart",
    "imgur": "collector.practice.imgur",
    "openverse": "collector.practice.openverse",
    "commons": "collector.practice.commons",
    "flickr": "collector.practice.flickr",
    "bing": "collector.practice.bing",
    "duckduckgo": "collector.practice.duckduckgo",
    "naver": "collector.practice.naver",
    "recipe": "collector.practice.recipe",
    "brave": "collector.practice.keyed:Brave",
    "yandex": "collector.practice.keyed:Yandex",
    "serper": "collector.practice.keyed:Serper",
    "serpapi": "collector.practice.keyed:SerpApi",
    "searchapi": "collector.practice.keyed:SearchApi",
}
"""Name -> module, and its class where that is not `Double`; the arguments are its knobs and all have defaults.

A double named `imgur` is served under `/imgur/`; sources find it there by their setting `home`.
"""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Place:
    """What a double is told and lent."""

    origin: str
    """http://127.0.0.1:PORT"""
    home: str
    """The double's own address: the origin and its name; no slash at the end."""
    drawn: Callable[[str, int], Awaitable[bytes]]
    """(slug, number) -> the bytes of a drawn picture; see `collector.practice.pictures`."""


class Double(Protocol):
    """One site. Its state lives in the server's event loop."""

    def routes(self, place: Place) -> Iterable[tuple[str, str, Handler]]:
        """(method, path below the home, handler); the path in aiohttp's form, `/3/gallery/r/{sub}`."""


def doubles(given: Mapping[str, Double]) -> dict[str, Double]:
    """One of each, those that are given in place of the usual ones."""
    usual = {name: _usual(place) for name, place in DOUBLES.items() if name not in given}
    return {**usual, **given}


def _usual(place: str) -> Double:
    module, _, name = place.partition(":")
    made: Double = getattr(import_module(module), name or "Double")()
    return made
