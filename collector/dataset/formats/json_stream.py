"""JSON documents of any size, written and read one element after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

_CHUNK: Final = 1 << 20
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_ENDS: Final = frozenset(",]}:\n\r\t ")
"""What may stand behind a value that is there whole."""
encode: Final = json.JSONEncoder(ensure_ascii=False).encode


def elements(path: Path) -> Iterator[tuple[str, Any]]:
    """("", element) of a list; of an object (name, element) of each list and (name, (key, value)) of each object in it,
    in their order. ValueError for what is no JSON."""
    with path.open(encoding="utf-8") as file:
        text = _Text(file)
        if text.next() == "[":
            yield from (("", element) for element in text.members("]"))
        else:
            for name in text.names():
                if text.next() == "[":
                    yield from ((name, element) for element in text.members("]"))
                else:
                    yield from ((name, (key, text.value())) for key in text.names())
        text.end()


class _Text:
    """What is read of a document, and where it stands."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._text, self._at = file, "", 0
        self._decode = json.JSONDecoder().raw_decode

    def _more(self) -> bool:
        chunk = self._file.read(_CHUNK)
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)

    def next(self) -> str:
        """The next sign but blanks; "" at the end."""
        while True:
            if blanks := _BLANKS.match(self._text, self._at):
                self._at = blanks.end()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self, signs: str) -> str:
        """Go past the next sign, which is one of these."""
        found = self.next()
        if not found or found not in signs:
            raise ValueError(f"{self._file.name}: {found or 'its end'} stands where {' or '.join(signs)} must")
        self._at += 1
        return found

    def end(self) -> None:
        """ValueError when something follows."""
        if found := self.next():
            raise ValueError(f"{self._file.name}: {found} stands behind its end")

    def value(self) -> Any:
        """The next value whole."""
        self.next()
        while True:
            try:
                value, end = self._decode(self._text, self._at)
                size = end - self._at
            except ValueError:
                if not self._more():
                    raise
            else:
                if self._text[end : end + 1] in _ENDS or not self._more():
                    self._at += size
                    return value

    def members(self, close: str) -> Iterator[Any]:
        """The values of what begins here, up to the sign that closes it."""
        self.skip("[{")
        if self.next() == close:
            self.skip(close)
            return
        yield self.value()
        while self.skip("," + close) != close:
            yield self.value()

    def names(self) -> Iterator[Any]:
        """Those of the object that begins here; what each stands for is to be read before the next one."""
        if self.next() != "{":
            raise ValueError(f"{self._file.name}: {self.next() or 'its end'} stands where an object must")
        for name in self.members("}"):
            self.skip(":")
            yield name
