"""Addresses that people paste where words are meant: a result page is the search that it shows. Pure.

What looks like an address is never searched for as words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from collector.sources.filter_table import FilterTable

_BARE: Final = (
    "com|org|net|edu|gov|mil|int|info|biz|io|dev|app|art|gallery|photo|photos|pics|blog|shop|store|online|site|website|"
    "xyz|me|tv|cc|co|ai|ly|gg|test|example|onion|xn--[a-z0-9-]+|рф|中国|"
    "ac|at|au|be|bg|br|ca|ch|cl|cn|cz|de|dk|ee|es|eu|fi|fr|gr|hk|hr|hu|id|ie|il|in|ir|is|it|jp|kr|lt|lu|lv|mx|my|nl|no|"
    "nz|ph|pl|pt|ro|ru|se|sg|si|sk|th|tr|tw|ua|uk|us|vn|za"
)
"""Ends of names that alone make a word with a dot in it a host: `node.js` and `St.Petersburg` are words."""
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_PORT: Final = r"(?::\d{1,5})"
_ADDRESS: Final = re.compile(
    rf"""(?: [a-z][a-z0-9+.-]{{0,20}}://.* | //[^/\s].* | file:.+ | (?:blob|view-source|javascript|about):\S+
      | data:(?:,|[a-z]+/).* | www\.\S+
      | (?:[^\s/@]{{1,60}}@)? (?:{_LABEL}\.){{1,9}} (?:[^\W\d_]{{2,}}|xn--[a-z0-9-]+) \.? {_PORT}? [/?\#] \S*
      | (?:{_LABEL}\.){{0,9}} {_LABEL}[\w-]\. (?:{_BARE}) \.? {_PORT}?
      | \d{{1,3}}(?:\.\d{{1,3}}){{3}} {_PORT}? (?:[/?\#]\S*)?
      | (?:{_LABEL}\.){{1,9}} {_LABEL} \.? {_PORT} (?:[/?\#]\S*)?
      | localhost \.? {_PORT}? [/?\#] \S*
      | \[[0-9a-f:.%]{{2,60}}\] {_PORT}? (?:[/?\#]\S*)? )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_WORDS: Final = ("q", "p", "query", "text", "search_query", "as_q", "search")
"""Parameters in which result addresses carry the words."""
_SITES: Final = re.compile(
    r"(?:https?:)?(?://)?(?:[\w-]+\.)*(?:(?P<imgur>imgur\.(?:com|io))|(?P<deviantart>deviantart\.com|fav\.me|sta\.sh))(?![\w.-])",
    re.IGNORECASE,
)
"""Sites whose addresses a source of ours understands whatever they show."""
_GOOGLE: Final = re.compile(r"(?:[\w-]+\.)*google\.(?:com|cat|(?:com?\.)?[a-z]{2})", re.IGNORECASE)
_UNWRAPPED: Final = 3
"""Addresses inside addresses that are looked into."""
_SHOWN: Final = 3
"""Parts that a message names."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """A search, as an address says it."""

    source: str
    keyword: str
    filters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """What the addresses of a source's result pages look like, and how they are read."""

    place: re.Pattern[str]
    """Host and path as one text; what its named groups match is a part as a parameter of that name is."""
    table: FilterTable
    words: tuple[str, ...] = ("q",)
    lists: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """Parameter that holds several parts -> what stands between them."""
    names: Mapping[str, str | Callable[[str], str]] = field(default_factory=dict)
    """Parameter, or `name=value`, -> its parts in the table, `imgsz` -> `isz:{}`; others are parts as they are."""
    further: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Parameter with further words -> how the search box has them, and what it has between them."""
    ignored: re.Pattern[str]
    """Parts, as `name=value`, that do not change what is found. All others are read, or refused by name."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Parameter -> the setting of the source that it is."""
    keyword: str = "{}"
    """How the source is asked for words."""

    def read(self, source: str, place: re.Match[str], parameters: list[tuple[str, str]]) -> Pasted:
        """The search. ValueError with one line: no words, or parts that cannot be used."""
        given = [(name, value.strip()) for name, value in parameters if value.strip()]
        words = " ".join(filter(None, self._words(given)))
        if not words:
            raise ValueError(f"an address of {source} without words ({self.words[0]}=)")
        own = [(name, value) for name, value in place.groupdict().items() if value]
        filters, left = self.table.read(part for pair in [*own, *given] for part in self._parts(*pair))
        if left:
            raise ValueError(_unused(source, left, self.elsewhere, words))
        return Pasted(source, self.keyword.format(words), filters)

    def _words(self, given: list[tuple[str, str]]) -> Iterator[str]:
        known = dict(given)
        yield next((known[name] for name in self.words if name in known), "")
        for name, (form, between) in self.further.items():
            if name in known:
                yield form.format(between.join(known[name].split()))

    def _parts(self, name: str, value: str) -> Iterator[str]:
        if name in self.words or name in self.further:
            return
        if name in self.lists:
            parts = self.lists[name].split(value)
        else:
            form = self.names.get(f"{name}={value}", self.names.get(name, f"{name}={{}}"))
            parts = (form(value) if callable(form) else form.format(value)).split("&")
        yield from (part for part in parts if part and not self.ignored.fullmatch(part))


def looks_like_address(text: str) -> bool:
    """Whether this is an address, or a host, and no words."""
    return bool(_ADDRESS.fullmatch(text.strip()))


def read(text: str, pages: Mapping[str, ResultPage]) -> Pasted | None:
    """The search that an address of one of these result pages shows; None for everything else.

    ValueError with one line for one that cannot be used as it is.
    """
    parts = _split(text) if looks_like_address(text) else None
    for _ in range(_UNWRAPPED):
        if parts is None or not (inner := _wrapped(parts)):
            break
        parts = _split(inner)
    if parts is None:
        return None
    host = (parts.hostname or "").removesuffix(".")
    for source, page in pages.items():
        if place := page.place.fullmatch(host + (parts.path or "/")):
            return page.read(source, place, _parameters(parts, page.words))
    return None


def words_alone(keyword: str) -> str | None:
    """What is wrong with an address where words are searched for; names the words that it carries."""
    if not looks_like_address(keyword):
        return None
    if site := _SITES.match(keyword):
        return f"an address of {site.lastgroup}, not words; give it to --source {site.lastgroup}"
    parts = _split(keyword)
    given = dict(parse_qsl(parts.query)) if parts else {}
    if words := next((given[name].strip() for name in _WORDS if given.get(name, "").strip()), ""):
        return f'an address, not words; write the words themselves, "{words[:200]}", and filters as columns or --filter'
    if any(mark in keyword for mark in "/?#:"):
        return "an address, not words; --source page takes every picture of a page, gallery scrolls it"
    return (
        f'an address, not words; --source page takes its pictures, and in quotes, "\\"{keyword[:100]}\\"", it is words'
    )


def _split(text: str) -> SplitResult | None:
    """An address with or without a scheme; None for one that names no host."""
    text = text.strip()
    try:
        parts = urlsplit(
            text if re.match(r"[a-z][a-z0-9+.-]*://", text, re.IGNORECASE) else f"https://{text.lstrip('/')}"
        )
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


def _wrapped(parts: SplitResult) -> str:
    """The address that one of Google's pages in between leads to: consent, log in, captcha."""
    if not _GOOGLE.fullmatch(parts.hostname or ""):
        return ""
    return next((value for name, value in parse_qsl(parts.query) if name == "continue"), "")


def _parameters(parts: SplitResult, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Of the query, and of the fragment where older pages keep it."""
    found = parse_qsl(parts.query)
    return found if any(name in words for name, _ in found) else [*found, *parse_qsl(parts.fragment)]


def _unused(source: str, left: list[str], elsewhere: Mapping[str, str], words: str) -> str:
    named = ", ".join(part[:60] for part in left[:_SHOWN]) + (", ..." if len(left) > _SHOWN else "")
    settings = [f"{source}.{elsewhere[name]}" for part in left if (name := part.partition("=")[0]) in elsewhere]
    advice = f"set {settings[0]} and remove it" if settings else f'remove it, or write the words, "{words[:100]}"'
    return f"an address of {source} with a part that cannot be used: {named}; {advice}"
