"""Pictures that a style sheet names, and the sheets it imports. Pure; URLs stay as written, relative to the sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRING: Final = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
_URL: Final = re.compile(rf"\burl\(\s*({_STRING}|(?:\\.|[^)\"'\\\s])*)\s*\)", re.IGNORECASE | re.DOTALL)
_IMPORT: Final = re.compile(
    rf"@import\s+(?:url\(\s*({_STRING}|(?:\\.|[^)\"'\\\s])*)\s*\)|({_STRING}))[^;]*;?", re.IGNORECASE
)
_FONT_FACE: Final = re.compile(r"@font-face\s*\{[^{}]*\}", re.IGNORECASE)
_NAMESPACE: Final = re.compile(r"@namespace[^;]*;", re.IGNORECASE)
_DECLARATION: Final = re.compile(
    rf"([-\w]+)\s*:\s*((?:{_STRING}|url\(\s*(?:{_STRING}|(?:\\.|[^)\"'\\])*)\s*\)|[^;{{}}\"'])*)", re.IGNORECASE
)
_SET: Final = re.compile(r"\bimage-set\(", re.IGNORECASE)
_MEMBER: Final = re.compile(
    rf"(?:url\(\s*({_STRING}|(?:\\.|[^)\"'\\\s])*)\s*\)|(?<!type\()({_STRING}))(?:\s+type\([^)]*\))?\s*([\d.]+)?(x|dppx|dpi)?",
    re.IGNORECASE,
)
_ESCAPE: Final = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\r\f]?|(\n)|(.))", re.DOTALL)
_POINTERS: Final = frozenset({"cursor", "filter", "behavior", "src", "-ms-behavior"})
"""Properties whose URLs are no pictures to look at."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture of a sheet: its URLs, the one with the highest density first."""

    urls: tuple[str, ...]
    icon: bool = False
    """A mouse pointer, or a mask or bullet that is drawn small."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet names."""

    drawn: tuple[Drawn, ...]
    imports: tuple[str, ...]


def sheet(text: str) -> Sheet:
    """Everything in a whole sheet or in a `style` attribute."""
    text = _COMMENT.sub(" ", text)
    imports = tuple(filter(None, (_plain(match[1] or match[2] or "") for match in _IMPORT.finditer(text))))
    text = _FONT_FACE.sub(" ", _NAMESPACE.sub(" ", _IMPORT.sub(" ", text)))
    drawn: list[Drawn] = []
    for match in _DECLARATION.finditer(text):
        name, value = match[1].lower(), match[2]
        if name not in _POINTERS - {"cursor"} and ("url(" in value.lower() or _SET.search(value)):
            drawn += _drawn(value, icon=name in ("cursor", "list-style", "list-style-image"))
    return Sheet(tuple(drawn), imports)


def _drawn(value: str, icon: bool) -> list[Drawn]:
    """The layers of one value; an image-set is one picture of several sizes."""
    found: list[Drawn] = []
    while opening := _SET.search(value):
        inside, rest = _bracketed(value[opening.end() :])
        members = [(_density(match[3], match[4]), _plain(match[1] or match[2])) for match in _MEMBER.finditer(inside)]
        members = sorted((member for member in members if member[1]), key=lambda member: -member[0])
        if members:
            found.append(Drawn(tuple(url for _, url in members), icon))
        value = value[: opening.start()].removesuffix("-webkit-") + rest
    urls = (_plain(match[1]) for match in _URL.finditer(value))
    return found + [Drawn((url,), icon) for url in urls if url]


def _bracketed(text: str) -> tuple[str, str]:
    """What stands before the bracket that closes, and after it."""
    depth, quote = 1, ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        else:
            depth += (letter == "(") - (letter == ")")
            if depth == 0:
                return text[:at], text[at + 1 :]
    return text, ""


def _density(number: str | None, unit: str | None) -> float:
    try:
        return float(number or 1) / (96 if (unit or "").lower() == "dpi" else 1)
    except ValueError:
        return 1.0


def _plain(text: str) -> str:
    """A URL token without its quotes and escapes; "" for one that points into the page itself."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        text = text[1:-1]
    text = _ESCAPE.sub(
        lambda match: chr(int(match[1], 16)) if match[1] and int(match[1], 16) < 0x110000 else match[3] or "", text
    )
    return "" if text.startswith("#") else text.strip()
