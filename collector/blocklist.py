"""What is not to be searched for, and whom nothing is to be asked of: lists of terms and of hosts. Asks nobody.

A list keeps mistakes and house rules out. It knows no synonyms and no other spellings, and is no safety filter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from collector.contracts import UsageError

_ASCII_WORD = re.compile(r"[a-z0-9]+|[$+<=>^`|~]")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts without spaces: Thai, Lao, Burmese, Khmer, kana, Chinese characters."""
_COMMENT = re.compile(r"(?:^|\s)#.*")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z|[0-9a-f.]*:[0-9a-f:.]*\Z")
_NOWHERE = frozenset(("0.0.0.0", "127.0.0.1", "::", "::1"))
"""Where a line of a hosts file sends what it blocks."""


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
            return cls(_lines(path))
        except ValueError as error:
            raise UsageError(f"{path}: the term {error}") from None

    def within(self, keyword: str) -> str:
        """The first listed term that a keyword contains; "" for none."""
        words = _words(keyword)
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


@lru_cache(maxsize=4)
def hosts(listed: str) -> frozenset[str]:
    """The host names of a setting: with commas between them, or `@FILE`, one a line. UsageError says what is wrong.

    Names are in ASCII lower case, as URLs are asked. A hosts file (`0.0.0.0 ads.example`) will do as well. Asked for
    with every picture, so that the answer is remembered: a file is read once.
    """
    if listed.startswith("@"):
        return frozenset(_host(line, listed[1:]) for line in _lines(Path(listed[1:])))
    return frozenset(_host(name, "fetch.block_hosts") for name in listed.split(",") if name.strip())


def inlined(listed: str) -> str:
    """The same setting with the file's names in place of `@FILE`, so that it cannot change while it is used."""
    return ",".join(sorted(hosts(listed))) if listed.startswith("@") else listed


def blocked(host: str, listed: frozenset[str]) -> str:
    """The listed name that a host is, or is below; "" for none."""
    while host:
        if host in listed:
            return host
        host = host.partition(".")[2]
    return ""


def _host(text: str, where: str) -> str:
    first, _, rest = text.strip().partition(" ")
    name = (rest if first in _NOWHERE and rest else text).strip().lower().removeprefix("*").strip("[].")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            name = ""
    if not _NAME.match(name):
        raise UsageError(f"{where}: {text.strip()[:60]!r} is no host name; write it like example.com")
    return name


def _lines(path: Path) -> Iterator[str]:
    """What stands in a file but for comments and empty lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: the block list cannot be read: {why}") from None
    for line in text.splitlines():
        if said := _COMMENT.sub("", line, count=1).strip():
            yield said
