"""Pictures that a style sheet names, and the sheets it imports. Pure; URLs stay as written, relative to the sheet.

One pass over tokens, so that no sheet, however broken, takes longer than its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRING: Final = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
_TOKEN: Final = re.compile(
    rf"(?P<url>url\(\s*(?P<inner>{_STRING}|(?:[^()\"'\\\s]|\\.)*)\s*\))|(?P<set>(?:-webkit-)?image-set\()|(?P<string>{_STRING})"
    r"|(?P<number>\d[\d.]*)(?P<unit>x|dppx|dpi)?|(?P<word>@?[-\w]+)(?P<colon>\s*:)?|(?P<mark>[;{}()])",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|(\n)|(.))", re.DOTALL)
_NONE: Final = frozenset({"filter", "backdrop-filter", "behavior", "src", "@namespace"})
"""Properties whose URLs are no pictures to look at; `src` is that of fonts."""
_ICONS: Final = frozenset({"cursor", "list-style", "list-style-image"})


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
    reading = _Reading()
    for match in _TOKEN.finditer(_COMMENT.sub(" ", text)):
        reading.take(match)
    reading.end_of_set()
    return Sheet(tuple(reading.drawn), tuple(reading.imports))


@dataclass
class _Reading:
    """Where in a sheet the reader is."""

    drawn: list[Drawn] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    name: str = ""
    """The property, or the at-rule, whose value is read."""
    depth: int = 0
    opened: int = -1
    """The depth outside of the image-set that is read; -1 when none is."""
    members: list[tuple[float, str]] = field(default_factory=list)

    def take(self, match: re.Match[str]) -> None:
        """One token."""
        if match["url"]:
            self._url(_plain(match["inner"]))
        elif match["set"]:
            self.opened = self.depth if self.opened < 0 else self.opened
            self.depth += 1
        elif match["string"]:
            if self.name == "@import" or (self.opened >= 0 and self.depth == self.opened + 1):  # deeper: type("...")
                self._url(_plain(match["string"]))
        elif match["number"]:
            if self.opened >= 0 and self.members and match["unit"]:
                self.members[-1] = (_density(match["number"], match["unit"]), self.members[-1][1])
        elif match["word"]:
            if match["word"][0] == "@" or (match["colon"] and self.depth == 0):
                self.name = match["word"].lower()
        else:
            self._mark(match["mark"])

    def _mark(self, mark: str) -> None:
        if mark == "(":
            self.depth += 1
        elif mark == ")":
            self.depth = max(0, self.depth - 1)
            if self.depth <= self.opened:
                self.end_of_set()
        else:
            self.end_of_set()
            self.name, self.depth = "", 0

    def _url(self, url: str) -> None:
        if not url or self.name in _NONE:
            return
        if self.name == "@import":
            self.imports.append(url)
            self.name = ""
        elif self.opened >= 0:
            self.members.append((1.0, url))
        else:
            self.drawn.append(Drawn((url,), self.name in _ICONS))

    def end_of_set(self) -> None:
        """The sizes of an image-set are one picture."""
        if self.members:
            ordered = sorted(self.members, key=lambda member: -member[0])
            self.drawn.append(Drawn(tuple(url for _, url in ordered), self.name in _ICONS))
        self.opened, self.members = -1, []


def _density(number: str, unit: str) -> float:
    try:
        return float(number) / (96 if unit.lower() == "dpi" else 1)
    except ValueError:
        return 1.0


def _plain(text: str) -> str:
    """A URL token without its quotes and escapes; "" for one that points into the page itself."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        text = text[1:-1]
    text = _ESCAPE.sub(_unescaped, text).strip()
    return "" if text.startswith("#") else text


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        code = int(match[1], 16)
        return chr(code) if code < 0x110000 else ""
    return match[3] or ""
