"""Reads practice pages the way the facts say they can be read; knows nothing of how they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any


class Elements(HTMLParser):
    """Every element of a page with its attributes and the open elements around it."""

    VOID = frozenset({"img", "input", "meta", "br", "hr", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], list[dict[str, str]]]] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.found.append((tag, given, [around for _, around in self._open]))
        if tag not in self.VOID:
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def having(self, *names: str) -> list[dict[str, str]]:
        """The attributes of all elements that have all these attributes."""
        return [given for _, given, _ in self.found if all(name in given for name in names)]

    def within(self, element_id: str, *names: str) -> list[dict[str, str]]:
        """The same, only inside the element with that id."""
        return [
            given
            for _, given, around in self.found
            if all(name in given for name in names) and any(one.get("id") == element_id for one in around)
        ]


def merged_maps(html: str) -> tuple[int, dict[str, Any]]:
    """How many `var m=` a page has, and all their entries."""
    entries: dict[str, Any] = {}
    starts = [found.end() for found in re.finditer(r"var m=", html)]
    for start in starts:
        entries.update(json.JSONDecoder().raw_decode(html, start)[0])
    return len(starts), entries


def rows(value: Any) -> Iterator[list[Any]]:
    """All data rows anywhere in a value."""
    if isinstance(value, list):
        if len(value) > 9 and value[0] == 0 and isinstance(value[1], str) and isinstance(value[9], dict):
            yield value
        for part in value:
            yield from rows(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from rows(part)
