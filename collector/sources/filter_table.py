"""Filters and what a site calls their values: one table, written into requests and read out of pasted addresses. Pure.

`{"size": {"large": "isz:l", "{width}x{height}": "isz:ex&iszw:{width}&iszh:{height}"}}`: a value and the parts of an
address that it is there, with `&` between them. Both may hold the same fields. Behind a `|` stand other spellings,
which are read only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from collector.model import Query

COLOURS: Final = (
    "black",
    "blue",
    "brown",
    "gray",
    "green",
    "orange",
    "pink",
    "purple",
    "red",
    "teal",
    "white",
    "yellow",
)
WORDS_FILTERS: Final = {"exact": ("yes", "no"), "site": ("{site}",), "exclude": ("{words}",)}
"""The filters that `search_words` puts into the search box."""
_LICENSE: Final = r"(?:by(?:-sa|-nc|-nd|-nc-sa|-nc-nd)?|cc0|pdm)"
_SIDE: Final = r"[1-9]\d{0,4}"
_FIELDS: Final = {
    "width": _SIDE,
    "height": _SIDE,
    "yyyy": r"[12]\d{3}",
    "mm": r"0?[1-9]|1[0-2]",
    "dd": r"0?[1-9]|[12]\d|3[01]",
    "country": r"[A-Za-z]{2}",
    "language": r"[A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?",
    "site": r"[^\s/:\"]+\.[^\s/:\"]+(?:/[^\s\"]*)?",
    "words": r"[^\"]+",
    "licenses": rf"{_LICENSE}(?:[|,; ]+{_LICENSE})*",
    "providers": r"[\w-]+(?:[|,; ]+[\w-]+)*",
}
"""What a field may hold. A digit behind its name tells a second one apart: `{yyyy}..{yyyy2}`."""
_SUCH_AS: Final = {
    "country": "DE",
    "language": "en or pt-BR",
    "site": "example.org",
    "words": "logo drawing",
    "licenses": "by-sa, or cc0|pdm",
    "providers": "met, or flickr|met",
}
_FIELD: Final = re.compile(r"\{([a-z]+)(\d?)\}")

Table = Mapping[str, Mapping[str, str]]


class FilterTable:
    """The filters of a site, in both directions."""

    def __init__(self, table: Table) -> None:
        self._table = table
        rules = [
            (text.split("&"), name, value)
            for name, choices in table.items()
            for value, texts in choices.items()
            for text in texts.split("|")
        ]
        self._rules = sorted(rules, key=lambda rule: -len(rule[0]))

    def choices(self) -> dict[str, tuple[str, ...]]:
        """Filter -> its values, some with fields in them."""
        return {name: tuple(values) for name, values in self._table.items()}

    def text(self, name: str, value: str) -> str:
        """What the site calls a value of a filter; "" for none, and for one that is not in the table."""
        choices = self._table.get(name, {})
        if value in choices:
            return choices[value].partition("|")[0]
        found = ((texts.partition("|")[0], _expression(form).fullmatch(value)) for form, texts in choices.items())
        return next((text.format(**match.groupdict()) for text, match in found if match), "")

    def texts(self, query: Query, names: Iterable[str]) -> list[str]:
        """What the site calls a query's values of these filters."""
        return [text for name in names if (text := self.text(name, query.filter(name)))]

    def parameters(self, query: Query, names: Iterable[str]) -> dict[str, str]:
        """The same as parameters of a request."""
        return dict(part.split("=", 1) for text in self.texts(query, names) for part in text.split("&"))

    def read(self, parts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
        """(filters, the parts that are none) of the parts of an address; a filter that is there twice stays a part."""
        left, filters = list(dict.fromkeys(parts)), dict[str, str]()
        for wanted, name, value in self._rules:
            matches = [match for text in wanted if (match := _first(text, left))]
            if len(matches) < len(wanted) or name in filters:
                continue
            held = {field: text for match in matches for field, text in match.groupdict().items()}
            filters[name] = value.format(**{field: _two_digits(field, text) for field, text in held.items()})
            left = [part for part in left if part not in {match.string for match in matches}]
        return filters, left


def search_words(query: Query) -> str:
    """What goes into a search box: the keyword, quoted as a whole where that is asked for, and operators."""
    text = query.keyword.strip()
    if query.filter("exact") == "yes":
        text = '"' + text.replace('"', " ") + '"'
    parts = [text, *(f"-{word.lstrip('-')}" for word in query.filter("exclude").split() if word.strip("-"))]
    if query.filter("site"):
        parts.append(f"site:{query.filter('site')}")
    return " ".join(parts)


def fits(choices: tuple[str, ...] | re.Pattern[str], value: str) -> bool:
    """Whether a value is one of the choices, with the fields of a choice filled in, or matches the pattern."""
    if isinstance(choices, re.Pattern):
        return bool(choices.fullmatch(value))
    return value in choices or any("{" in choice and _expression(choice).fullmatch(value) for choice in choices)


def shown(choices: tuple[str, ...] | re.Pattern[str], between: str = ", ") -> str:
    """The choices as a person reads them: `large, WIDTHxHEIGHT`, `COUNTRY (such as DE)`; a pattern as it is."""
    if isinstance(choices, re.Pattern):
        return f"what matches {choices.pattern}"
    return between.join(map(_shown, choices))


def _shown(choice: str) -> str:
    example = _SUCH_AS.get(choice.strip("{}"), "")
    plain = _FIELD.sub(lambda match: match[1].upper(), choice)
    return f"{plain} (such as {example})" if example else plain


def _first(text: str, parts: list[str]) -> re.Match[str] | None:
    return next((match for part in parts if (match := _expression(text).fullmatch(part))), None)


@cache
def _expression(template: str) -> re.Pattern[str]:
    plain, *rest = _FIELD.split(template)
    pieces = [f"(?P<{name}{digit}>{_FIELDS[name]}){re.escape(tail)}"
              for name, digit, tail in zip(rest[::3], rest[1::3], rest[2::3], strict=True)]  # fmt: skip
    return re.compile(re.escape(plain) + "".join(pieces), re.IGNORECASE)


def _two_digits(field: str, text: str) -> str:
    return text.zfill(2) if field[:2] in ("mm", "dd") else text
