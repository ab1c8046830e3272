"""What a recipe says, as frozen values; see docs/recipes.md for the words of the file. Reads and asks nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from collector.model import Media

Way = Literal["css", "xpath", "json", "literal", "template", "url"]
MOST_PAGES = 20_000
DEEPEST = 10
Take = Literal["text", "own-text", "html"]


@dataclass(frozen=True, slots=True)
class Step:
    """One transform of a pick; `name` is a key of `steps.STEPS`."""

    name: str
    arguments: tuple[str | int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Pick:
    """Where in a page something stands, and how it is made into texts."""

    way: Way
    path: str = ""
    """The selector, JMESPath, text or template."""
    inner: str = ""
    """A JMESPath into the JSON that the selected elements hold; only for css and xpath."""
    contains: str = ""
    matches: re.Pattern[str] | None = None
    attributes: tuple[str, ...] = ()
    """The first that an element has is taken; none of them: `take`."""
    take: Take = "text"
    all: bool = False
    at: int = 0
    """Which of several, unless `all`; negative counts from the end."""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A named value of an item: the first pick that brings something, else the default."""

    name: str
    picks: tuple[Pick, ...]
    default: str = ""
    required: bool = False
    """Whether an item without it is left out, and counted as lost."""


@dataclass(frozen=True, slots=True)
class Follow:
    """Links that lead to further pages."""

    pick: Pick
    to: str
    """The state of the pages they lead to."""
    most: int = 0
    """Links taken per page or item; 0 is all."""
    include: re.Pattern[str] | None = None
    exclude: re.Pattern[str] | None = None
    domains: tuple[str, ...] = ()
    """Hosts, with what is below them; empty is any."""
    whole_page: bool = False
    """Whether the links of the page are meant where it has items."""


@dataclass(frozen=True, slots=True)
class Next:
    """How a page leads to the next of its kind: by a link, a counted parameter, or a cursor."""

    link: Follow | None = None
    param: str = ""
    first: int = 1
    """What the parameter is on a page whose URL does not say."""
    step: int = 1
    last: Pick | None = None
    """The last value of the parameter, where the page tells it."""
    cursor: Pick | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A kind of page."""

    name: str
    items: Pick | None = None
    """One item per element; without it the page is the item."""
    picture: Field | None = None
    """Its picks are URLs of the same picture, best first."""
    fields: tuple[Field, ...] = ()
    follow: tuple[Follow, ...] = ()
    next: Next | None = None
    empty: Pick | None = None
    """What a page shows that truly has nothing."""
    full: int = 0
    """How many items and links a page has that is not the last; a shorter one is asked for once more."""

    @property
    def json(self) -> bool:
        """Whether its pages are JSON."""
        picks = [self.items] if self.items is not None else []
        picks += [pick for field in self.all_fields for pick in field.picks]
        picks += [follow.pick for follow in self.follow]
        ways = {pick.way for pick in picks} - {"literal", "template", "url"}
        return ways == {"json"}

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The picture's too."""
        return (*((self.picture,) if self.picture is not None else ()), *self.fields)

    @property
    def leads_on(self) -> bool:
        """Whether losing such a page loses further pages."""
        return bool(self.follow) or self.next is not None


@dataclass(frozen=True, slots=True)
class Manners:
    """How the site is asked."""

    connections: int = 8
    rate: float = 0.0
    """Most requests a second; 0 is no limit but the connections."""
    headers: tuple[tuple[str, str], ...] = ()
    """Values may hold ${NAME} of the environment."""
    robots: bool = True
    render: bool = False
    """Whether pages are loaded in the browser."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe with its parameters filled in."""

    name: str
    about: str
    start: tuple[str, ...]
    states: tuple[State, ...]
    """The first is that of the start pages."""
    params: tuple[tuple[str, str | None], ...] = ()
    """Name and default value; None where the user has to give one."""
    manners: Manners = Manners()
    domains: tuple[str, ...] = ()
    max_pages: int = MOST_PAGES
    max_depth: int = DEEPEST
    """Links followed one after the other, paging not counted."""
    min_side: int = 0
    """Pictures whose page claims a smaller side are left out."""
    referer: Literal["page", "parent", "none"] = "page"
    media: Media = Media.PICTURE

    def state(self, name: str) -> State:
        """By its name, which the schema has checked."""
        return next(state for state in self.states if state.name == name)
