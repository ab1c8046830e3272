"""What is not to be searched for, and whom nothing is to be asked of: lists of terms and of hosts. Asks nobody.

A list keeps mistakes and house rules out. It knows no synonyms and no other spellings, and is no safety filter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from collector.errors import UsageError
from collector.http.blocklist import lines
from collector.settings import Settings

_ASCII_WORD = re.compile(r"[a-z0-9]+|[$+<=>^`|~]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts without spaces: Thai, Lao, Burmese, Khmer, kana, Chinese characters."""


class Terms:
    """Terms that no keyword may contain: as whole words, and those of several words one after the other.

    Case, forms that Unicode calls compatible (NFKC), marks that do not show and what stands between words make no
    difference. A symbol such as + is a word of its own, and so is every letter of a script without spaces.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        """ValueError for a term without a word."""
        self._starting: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for term in terms:
            if not (words := _words(term)):
                raise ValueError(f"{term[:40]!r} has neither letter, digit nor symbol")
            self._starting.setdefault(words[0], []).append((words, term))

    @classmethod
    def read(cls, path: Path) -> Terms:
        """Of a file: a term a line; # at the start of a line, or after a space, begins a comment. UsageError."""
        try:
            return cls(lines(path))
        except ValueError as error:
            raise UsageError(f"{path}: the term {error}") from None

    @classmethod
    def of(cls, settings: Settings) -> Callable[[str], str]:
        """Keyword -> the first term of the user's list that it contains; "" for none. UsageError."""
        return (cls.read(Path(settings.blocklist)) if settings.blocklist else cls(())).within

    def within(self, keyword: str) -> str:
        """The first listed term that a keyword contains; "" for none."""
        words = _words(keyword) if self._starting else ()
        for place, word in enumerate(words):
            for term, text in self._starting.get(word, ()):
                if words[place : place + len(term)] == term:
                    return text
        return ""


def _words(text: str) -> tuple[str, ...]:
    if text.isascii():
        return tuple(_ASCII_WORD.findall(text.lower()))
    return tuple(_split(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())))


def _split(text: str) -> Iterator[str]:
    """Letters, digits and their marks make words; symbols are words of their own; the rest stands between."""
    word = ""
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cf":
            continue
        alone = kind[0] == "S" or _UNSPACED.match(character) is not None
        if not alone and kind[0] in "LNM":
            word += character
            continue
        if word:
            yield word
        word = ""
        if alone:
            yield character
    if word:
        yield word
