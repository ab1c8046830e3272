"""Names of files that a user describes, such as `{label}-{rank:04}-{id}`. Pure; touches no file.

Every name ends with the ledger's number of its URL, so that no two pictures ever get one, whatever the template was.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from string import Formatter
from typing import Final

from collector.errors import UsageError, alternatives
from collector.ledger.candidates import Item
from collector.ledger.layout import readable
from collector.ledger.rows import Row

NUMBERS: Final = ("rank", "id")
TEXTS: Final = ("label", "keyword", "source", "title", "site", "hash")
STEM_BYTES: Final = 80
"""Longest name without its extension, in UTF-8; texts in it are cut for that, numbers never."""
TEXT_BYTES: Final = 40
"""Of one text in it, where the template does not say."""
APART: Final = "-_ +=,~@"
"""What may stand before the number."""
_NUMBER_SPEC: Final = re.compile(r"(?:0?[1-9]|0?1[0-2])?d?")
_TEXT_SPEC: Final = re.compile(r"(?:\.([1-9][0-9]?))?")
_FORBIDDEN: Final = frozenset('<>:"/\\|?*.')


@dataclass(frozen=True, slots=True)
class Named:
    """What a name may tell of a picture."""

    id: int
    """The ledger's number of its URL."""
    rank: int
    label: str
    keyword: str
    source: str
    title: str
    site: str
    hash: str
    """Of its bytes, SHA-256."""

    @classmethod
    def of(cls, row: Row | Item, sha256: str) -> Named:
        """What the ledger knows of a URL, and the hash of what it brought."""
        return cls(row.id, row.rank, row.label, row.keyword, row.source, row.title, row.site, sha256)


@dataclass(frozen=True, slots=True)
class Names:
    """A template, taken apart: (literal text, field or None, how it is written)."""

    template: str
    parts: tuple[tuple[str, str | None, str], ...]

    @classmethod
    def parse(cls, template: str) -> Names:
        """UsageError, one line that says what to write, for what is no template."""
        try:
            parts = tuple((text, name, spec or "") for text, name, spec, _ in Formatter().parse(template))
        except ValueError:
            raise _wrong(template, "the braces do not fit together") from None
        for text, name, spec in parts:
            if wrong := [letter for letter in text if letter in _FORBIDDEN or not letter.isprintable()]:
                raise _wrong(template, f"no {wrong[0]!r} in it; folders and extension are not its business")
            if name is not None and name not in (*NUMBERS, *TEXTS):
                raise _wrong(template, f"no field {{{name}}}; {alternatives(name, (*TEXTS, *NUMBERS))}")
            if name is not None and not (_NUMBER_SPEC if name in NUMBERS else _TEXT_SPEC).fullmatch(spec):
                example = f"{{{name}:04}}" if name in NUMBERS else f"{{{name}:.20}}"
                raise _wrong(template, f"{{{name}:{spec}}} cannot be written; {example} can")
        before, last, _ = parts[-1] if parts else ("", None, "")
        alone = len(parts) == 1 and not before
        stands_apart = last == "id" and (alone or before[-1:] in set(APART))
        if not stands_apart or len("".join(text for text, _, _ in parts)) > STEM_BYTES // 2:
            raise _wrong(template, "end it with -{id}, so that no two pictures ever get one name")
        return cls(template, parts)

    def stem(self, named: Named) -> str:
        """The name without its extension: the same for the same facts, safe on Linux, macOS and Windows."""
        written = [(text, name, self._written(named, name, spec)) for text, name, spec in self.parts]
        fixed = sum(len(_bytes(text)) + (len(value) if name in NUMBERS else 0) for text, name, value in written)
        room = max(0, STEM_BYTES - fixed)
        stem = ""
        for text, name, value in written:
            if name not in NUMBERS:
                value = _bytes(value)[:room].decode("utf-8", "ignore").rstrip(" ._-~")
                room -= len(_bytes(value))
            stem += text + value
        while stem and (stem[0] in APART + "." or unicodedata.category(stem[0]).startswith("M")):
            stem = stem[1:]
        return unicodedata.normalize("NFC", stem)

    @staticmethod
    def _written(named: Named, name: str | None, spec: str) -> str:
        if name is None:
            return ""
        value = getattr(named, name)
        if name in NUMBERS:
            return format(value, spec)
        most = _TEXT_SPEC.fullmatch(spec)
        length = int(most[1]) if most and most[1] else 32 if name == "hash" else None
        text = unicodedata.normalize("NFC", "".join(map(readable, value)).replace(".", "_"))
        return text[:length] if length else _bytes(text)[:TEXT_BYTES].decode("utf-8", "ignore")


def number_of(name: str) -> int | None:
    """The number that a file's name ends with; None for any other name."""
    stem = name.rpartition(".")[0]
    start = stem.rstrip("0123456789")
    digits = stem[len(start) :]
    return int(digits) if 0 < len(digits) <= 18 and (not start or start[-1] in APART) else None


def fits(name: str, sha256: str, number: int | None) -> bool:
    """Whether the file of a saved picture may be called so: after its bytes, or by a template after the number of its
    URL; None: of any."""
    if name.startswith(f"{sha256[:32]}."):
        return True
    told = number_of(name)
    return told is not None and number in (None, told)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _wrong(template: str, why: str) -> UsageError:
    return UsageError(f"--names {template}: {why}; such as {{label}}-{{rank:04}}-{{id}}")
