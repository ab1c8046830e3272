"""What a source is, and what it is lent for one search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from collector.browser.contract import Browser
from collector.http.contract import Pages
from collector.model import Hit, Search


class Web(Pages, Protocol):
    """What the host lends to a source for one search: browser, pages, settings, and a way to speak."""

    @property
    def browser(self) -> Browser:
        """This worker's browser, started when first asked for."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The source's own settings, complete and checked (see its SETTINGS)."""

    def notice(self, text: str) -> None:
        """One line the user should read."""

    def remaining(self) -> float:
        """Seconds left for this search; <= 0 means stop now."""

    def wanted(self) -> int:
        """How many more new URLs the host would take; a source may stop early or ignore it."""


Source = Callable[[Search, Web], Iterator[Hit]]
"""Yields hits lazily in the source's own order and returns at a true end.

Never counts, dedupes across pages, sleeps for politeness, prints or swallows errors: the host does.
An answer that is not recognised is a SourceError, never an empty one; returning without a single hit
says "the source truly has no results".
"""
