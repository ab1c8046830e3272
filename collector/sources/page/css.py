"""Pictures that a style sheet names, and the sheets it imports. Pure; URLs stay as written, relative to the sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import tinycss2

LONGEST: Final = 500_000
"""Characters of a sheet that are read."""
DEEPEST: Final = 20
"""Rules and functions in one another that are looked into."""
_HINTS: Final = ("url", "image-set", "@import", "\\")
_NONE: Final = frozenset({"filter", "backdrop-filter", "behavior", "src", "@namespace"})
"""Properties whose URLs are no pictures to look at; `src` is that of fonts."""
_ICONS: Final = frozenset({"cursor", "list-style", "list-style-image"})
_SETS: Final = frozenset({"image-set", "-webkit-image-set"})
_BROKEN: Final = frozenset("(\"' \n")
"""What stands in no address without quotes: one that has it was never closed."""
_DENSITIES: Final = {"x": 1.0, "dppx": 1.0, "dpi": 96.0}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture of a sheet: its URLs, the one with the highest density first."""

    urls: tuple[str, ...]
    icon: bool = False
    """A mouse pointer or a bullet."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet names."""

    drawn: tuple[Drawn, ...]
    imports: tuple[str, ...]


def sheet(text: str) -> Sheet:
    """Everything in a whole sheet or in a `style` attribute."""
    reading, low = _Reading(), text[:LONGEST].lower()
    if any(hint in low for hint in _HINTS):
        reading.rules(tinycss2.parse_component_value_list(text[:LONGEST], skip_comments=True), 0)
    return Sheet(tuple(reading.drawn), tuple(reading.imports))


@dataclass
class _Reading:
    """What was found so far."""

    drawn: list[Drawn] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)

    def rules(self, tokens: Iterable[Any], depth: int) -> None:
        """The tokens of a sheet or block: `name: value;`, at-rules, and blocks in it."""
        name = word = ""
        for token in tokens:
            match token.type:
                case "at-keyword":
                    name = f"@{token.lower_value}"
                case "ident":
                    word = token.lower_value
                case "literal" if token.value == ":":
                    name = word
                case "literal" if token.value == ";":
                    name = word = ""
                case "{} block":
                    if depth < DEEPEST:
                        self.rules(token.content, depth + 1)
                    name = word = ""
                case _:
                    before = len(self.imports)
                    self.value(token, name, depth)
                    name = "" if len(self.imports) > before else name

    def value(self, token: Any, name: str, depth: int) -> None:
        """One token of a value."""
        url = _url(token) or (token.value if token.type == "string" and name == "@import" else "")
        if url.startswith("#") or name in _NONE or depth > DEEPEST:
            return
        if url and name == "@import":
            self.imports.append(url)
        elif url:
            self.drawn.append(Drawn((url,), name in _ICONS))
        elif token.type == "function" and token.lower_name in _SETS:
            if urls := _set(token.arguments):
                self.drawn.append(Drawn(urls, name in _ICONS))
        elif token.type in ("function", "() block"):
            for inner in token.arguments if token.type == "function" else token.content:
                self.value(inner, name, depth + 1)


def _url(token: Any) -> str:
    """The address of `url(x)` and `url("x")`; "" for any other token."""
    if token.type == "url":
        return "" if set(token.value) & _BROKEN else str(token.value).strip()
    if token.type == "function" and token.lower_name == "url":
        return next((str(inner.value).strip() for inner in token.arguments if inner.type == "string"), "")
    return ""


def _set(arguments: Sequence[Any]) -> tuple[str, ...]:
    """The sizes of an image-set, which are one picture, densest first."""
    members: list[tuple[float, str]] = []
    for token in arguments:
        url = _url(token) or (str(token.value) if token.type == "string" else "")
        if url:
            members.append((1.0, url))
        elif members and token.type == "dimension" and (unit := _DENSITIES.get(token.lower_unit)):
            members[-1] = (token.value / unit, members[-1][1])
    return tuple(url for _, url in sorted(members, key=lambda member: -member[0]) if not url.startswith("#"))
