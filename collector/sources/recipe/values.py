"""What a recipe says, as frozen values with the keys of the file; see docs/recipes.md. Reads and asks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from collector.model import Media
from collector.sources.recipe.expressions import compiled, found
from collector.sources.recipe.transforms import Step

KNOWN: Final = (
    *("title", "published", "id", "page", "site", "thumbnail", "width", "height"),
    *("licence", "licence_page", "licensor", "creator", "credit"),
)
"""Fields that have a place of their own in the ledger; others stand under `fields`."""
WAYS: Final = ("css", "xpath", "json", "literal", "template", "url")
Number = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class Pick(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where in a page something stands, and how it is made into texts."""

    css: str | None = None
    xpath: str | None = None
    json: str | None = None
    """A JMESPath: into the page, or into the JSON that elements of `css` or `xpath` hold."""
    literal: str | None = None
    template: str | None = None
    url: Literal[True] | None = None
    contains: str = ""
    matches: str | None = None
    attr: tuple[str, ...] = ()
    """The first that an element has is taken; none of them: `take`."""
    take: Literal["text", "own-text", "html"] = "text"
    all: bool = False
    at: int = 0
    """Which of several, unless `all`; negative counts from the end."""
    then: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        ways = [way for way in WAYS if getattr(self, way) is not None]
        if len(ways) != 1 and not (len(ways) == 2 and "json" in ways and ways[0] in ("css", "xpath")):
            here = f"are {' and '.join(ways)}" if ways else "is none"
            raise ValueError(f"write one of {', '.join(WAYS)}; here {here}")
        for way in ("css", "xpath", "json", "template"):
            if getattr(self, way) == "":
                raise ValueError(f"{way} is empty")
        _check_expressions(self.matches)

    @property
    def way(self) -> str:
        """How it is found: one of WAYS."""
        return next(way for way in WAYS if getattr(self, way) is not None)

    @property
    def path(self) -> str:
        """The selector, JMESPath, text or template."""
        return str(getattr(self, self.way))

    @property
    def inner(self) -> str | None:
        """The JMESPath into the JSON that selected elements hold."""
        return self.json if self.way in ("css", "xpath") else None


class Follow(Pick, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Links that lead to further pages."""

    to: str
    """The kind of page they lead to."""
    most: Number = 0
    """Links taken per page or item; 0 is all."""
    include: str | None = None
    exclude: str | None = None
    domains: tuple[str, ...] = ()
    """Hosts, with what is below them; empty is any."""
    whole_page: bool = False
    """Whether the links of the page are meant where it has items."""

    def __post_init__(self) -> None:
        Pick.__post_init__(self)
        _check_expressions(self.include, self.exclude)

    def fits(self, url: str) -> bool:
        """Whether its expressions let an address pass."""
        return (self.include is None or found(self.include, url)) and not (self.exclude and found(self.exclude, url))


class Field(Struct, frozen=True):
    """A value of an item: the first pick that brings something, else the default."""

    picks: tuple[Pick, ...]
    default: str = ""
    required: bool = False
    """Whether an item without it is left out, and counted as lost."""

    @property
    def reads_page(self) -> bool:
        """Whether it is read off the page, and so says that the page is the right one."""
        return any(pick.way in ("css", "xpath", "json") for pick in self.picks)


class Next(Struct, frozen=True, forbid_unknown_fields=True):
    """How a page leads to the next of its kind: by a link, a counted parameter, or a cursor."""

    link: Follow | None = None
    param: str = ""
    first: int = 1
    """What the parameter is on a page whose URL does not say."""
    step: Count = 1
    last: Pick | None = None
    """The last value of the parameter, where the page tells it."""
    cursor: Pick | None = None

    @property
    def picks(self) -> tuple[Pick, ...]:
        """What is read off the page for it."""
        return tuple(pick for pick in (self.link, self.cursor, self.last) if pick is not None)


class PageKind(Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of page."""

    items: Pick | None = None
    """One item per element; without it the page is the item."""
    picture: Field | None = None
    """Its picks are URLs of the same picture, best first."""
    fields: dict[str, Field] = {}
    follow: tuple[Follow, ...] = ()
    next: Next | None = None
    empty: Pick | None = None
    """What a page shows that truly has nothing."""
    full: Number = 0
    """How many items and links a page has that is not the last; a shorter one is asked for once more."""

    @property
    def json(self) -> bool:
        """Whether its pages are JSON."""
        picks = [*(() if self.items is None else (self.items,)), *self.follow]
        picks += [pick for field in self.all_fields.values() for pick in field.picks]
        return {pick.way for pick in picks} - {"literal", "template", "url"} == {"json"}

    @property
    def all_fields(self) -> Mapping[str, Field]:
        """The picture's too, first."""
        return ({"picture": self.picture} if self.picture is not None else {}) | self.fields

    @property
    def leads_on(self) -> bool:
        """Whether losing such a page loses further pages."""
        return bool(self.follow) or self.next is not None


class Head(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands at the top of the file."""

    version: Literal[1]
    start: Annotated[tuple[str, ...], Meta(min_length=1)]
    page: dict[str, Any]
    about: str = ""
    params: dict[str, str | Literal[True]] = {}
    connections: Annotated[int, Meta(ge=1, le=64)] = 8
    rate: Annotated[float, Meta(ge=0, le=1000)] = 0.0
    """Most requests a second; 0 is no limit but the connections."""
    headers: dict[str, str] = {}
    """Values may hold ${NAME} of the environment."""
    cookies: dict[str, str] = {}
    user_agent: str = ""
    hosts: tuple[str, ...] = ()
    """Hosts that may see headers and cookies, beside those of the start addresses."""
    api: bool = False
    robots: bool = True
    render: bool = False
    """Whether pages are loaded in the browser."""
    domains: tuple[str, ...] = ()
    max_pages: Count = 20_000
    max_depth: Count = 10
    """Links followed one after the other, paging not counted."""
    min_side: Number = 0
    """Pictures whose page claims a smaller side are left out."""
    referer: Literal["page", "parent", "none"] = "page"
    media: Media = Media.PICTURE


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe with its parameters filled in."""

    name: str
    head: Head
    start: tuple[str, ...]
    """Every start address."""
    kinds: Mapping[str, PageKind]
    """The first is that of the start pages."""

    @property
    def first(self) -> str:
        """The kind of the start pages."""
        return next(iter(self.kinds))


def _check_expressions(*patterns: str | None) -> None:
    for pattern in patterns:
        if pattern is not None:
            compiled(pattern)
