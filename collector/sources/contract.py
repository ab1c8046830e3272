"""What a source is, and what it is lent for one search."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from collector.browser.contract import Browser
from collector.http.contract import Pages
from collector.model import Hit, Search
from collector.sources.pasted import ResultPage, words_alone


class Web(Pages, Protocol):
    """What the host lends to a source for one search: browser, pages, settings, and a way to speak."""

    @property
    def browser(self) -> Browser:
        """This worker's browser, started when first asked for."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The source's own settings, complete and checked (see `Source.settings`)."""

    def notice(self, text: str) -> None:
        """One line the user should read."""

    def recall(self, name: str) -> str | None:
        """What a search remembered under this name, in this run or an earlier one."""

    def remember(self, name: str, text: str) -> None:
        """Keep a text for later searches, so that what was asked once is not asked again."""

    def remaining(self) -> float:
        """Seconds left for this search; <= 0 means stop now."""

    def wanted(self) -> int:
        """How many more new URLs the host would take; a source may stop early or ignore it."""


Value = str | int | float | bool
Choices = tuple[str, ...] | re.Pattern[str]
"""The values of a filter, some perhaps with fields in them (see `filter_table`), or what a whole value must match."""

SearchFunction = Callable[[Search, Web], Iterator[Hit]]
"""Yields hits lazily in the source's own order and returns at a true end.

Never counts, dedupes across pages, sleeps for politeness, prints or swallows errors: the host does.
An answer that is not recognised is a SourceError, never an empty one; returning without a single hit
says "the source truly has no results".
"""


@dataclass(frozen=True, slots=True)
class Price:
    """What asking costs, by the price list of the source's smallest plan."""

    request: float
    """US dollars."""
    results: int
    """Results that one request brings at most."""

    def of(self, wanted: int) -> float:
        """US dollars for so many results of one keyword."""
        return self.request * -(-wanted // self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source: its search, and what the rest of the program may know of it without asking the site."""

    search: SearchFunction
    about: str = ""
    """What it is, in one line."""
    keyword: str = "words"
    """What a keyword is there."""
    settings: Mapping[str, Value]
    """Its settings with their default values, which also fix the types. `home`, the site's address, is among them."""
    kinds: Mapping[str, Any] = field(default_factory=dict)
    """Setting -> the type of its values for msgspec, where not every value of its default's type will do:
    `Literal["auto", "never"]`, `Annotated[int, Meta(ge=1, le=500)]`."""
    filters: Mapping[str, Choices] = field(default_factory=dict)
    """Filter -> its values."""
    result_page: ResultPage | None = None
    """How the addresses of its result pages are read, as people paste them."""
    contradiction: Callable[[Mapping[str, str]], str | None] = lambda _: None
    """What is wrong with filters that nothing can fit together, in one line; None when nothing is."""
    facets: tuple[tuple[str, str], ...] = ()
    """Filters (name, value) that each show another part of a query's results, best first."""
    strategies: tuple[str, ...] = ()
    """The values of the setting `harvest`, each a way to a picture's address that can be tried alone."""
    incremental: bool = False
    """Whether its answer grows, so that every run asks again what was answered to the end before; its search ends
    after a whole page of hits that are all in `Search.known_before`."""
    unlimited: bool = False
    """Whether a row without a limit means everything it has."""
    needs_browser: bool = False
    """Whether it may ask for `Web.browser`. More searches go on at once at those that never do."""
    price: Price | None = None
    """What a request costs; None where asking is free."""
    example: str = "cat"
    """A keyword of which it surely has many pictures."""
    validate_keyword: Callable[[str], str | None] = words_alone
    """What is wrong with a keyword, in one line; None when nothing is."""
    takes_addresses: bool = False
    """Whether a keyword is the address of any page: a result page is a page like any other then, and no search."""
    default_label: Callable[[str], str] = lambda keyword: keyword
    """The class of rows that name none, where the keyword itself would make a poor one."""

    @property
    def is_engine(self) -> bool:
        """Whether it searches, instead of reading one place: an engine's "nothing found" is false now and then."""
        return not self.incremental and not self.unlimited
