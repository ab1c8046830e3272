"""JSON documents of any size, written and read one element after the other."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Final

_CHUNK: Final = 1 << 20
_BETWEEN: Final = re.compile(r"[\s,:]*")
_ENDS: Final = frozenset(",]}:\n\r\t ")
"""What may stand behind a value that is there whole."""
encode: Final = json.JSONEncoder(ensure_ascii=False).encode


class Elements:
    """Elements of a list, or pairs of an object, that wait on the disk for their place in a document. Use it in a
    `with`: its file, which has no name, is gone afterwards."""

    def __init__(self, folder: Path) -> None:
        """`folder`: on the disk that has room for it."""
        self._file = TemporaryFile("w+", encoding="utf-8", newline="", dir=folder)  # noqa: SIM115 - see __exit__
        self.count = 0

    def __enter__(self) -> Elements:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, text: str) -> None:
        """One more, as JSON."""
        self._file.write(f", {text}" if self.count else text)
        self.count += 1

    def copy_to(self, file: IO[str]) -> None:
        """All of them, as they stand between the brackets."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, file)


def elements(path: Path) -> Iterator[tuple[str, Any]]:
    """("", element) of a list; of an object (name, element) of each list and (name, (key, value)) of each object in it,
    in their order. ValueError for what is no JSON."""
    with path.open(encoding="utf-8") as file:
        text = _Text(file)
        if text.next() == "[":
            yield from (("", element) for element in text.members("]"))
            return
        for name in text.members("}"):
            if text.next() == "[":
                yield from ((name, element) for element in text.members("]"))
            elif text.next() == "{":
                yield from ((name, (key, text.value())) for key in text.members("}"))
            else:
                raise ValueError(f"{path.name}: {name} is neither a list nor an object")


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
        """The next sign but blanks, commas and colons."""
        while True:
            if between := _BETWEEN.match(self._text, self._at):
                self._at = between.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise ValueError(f"{self._file.name} ends too early")

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
        self._at += 1
        while self.next() != close:
            yield self.value()
        self._at += 1
