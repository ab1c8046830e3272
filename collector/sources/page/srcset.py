"""The `srcset` attribute, read by the rule of the HTML standard: commas and blanks may stand inside of URLs. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 262_144
"""Characters that are read; more are no sizes of a picture."""
_SPACE: Final = " \t\n\f\r"
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class ImageCandidate:
    """One picture of a srcset, as the author describes it; 0 is not said."""

    url: str
    width: int = 0
    """Pixels of the file (`800w`)."""
    height: int = 0
    density: float = 0.0
    """Device pixels for each CSS pixel (`2x`)."""


def choices(text: str) -> list[ImageCandidate]:
    """The pictures of a srcset in its order; one with a broken descriptor is left out, as browsers do.

    https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute
    """
    found: list[ImageCandidate] = []
    at, end = 0, min(len(text), LONGEST)
    while True:
        while at < end and text[at] in _SPACE + ",":
            at += 1
        if at >= end:
            return found
        start = at
        while at < end and text[at] not in _SPACE:
            at += 1
        url = text[start:at]
        words: list[str] = []
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            words, at = _descriptors(text, at)
        choice = _choice(url, words)
        if choice is not None:
            found.append(choice)


def _descriptors(text: str, at: int) -> tuple[list[str], int]:
    """The words up to the next comma outside of brackets, and where to go on."""
    words: list[str] = []
    word, depth = "", 0
    while at < len(text):
        letter = text[at]
        at += 1
        if depth == 0 and letter == ",":
            break
        if depth == 0 and letter in _SPACE:
            if word:
                words.append(word)
            word = ""
            continue
        depth += (letter == "(") - (letter == ")" and depth > 0)
        word += letter
    if word:
        words.append(word)
    return words, at


def _choice(url: str, words: list[str]) -> ImageCandidate | None:
    width = height = 0
    density = 0.0
    for word in words:
        number, unit = word[:-1], word[-1]
        if unit in "wh" and number.isascii() and number.isdigit() and len(number) < 7 and int(number) > 0:
            width, height = (int(number), height) if unit == "w" else (width, int(number))
        elif unit == "x" and _NUMBER.fullmatch(number) and float(number) >= 0:
            density = float(number)
        else:
            return None
    return ImageCandidate(url, width, height, density) if url else None
