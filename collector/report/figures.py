"""Pictures with their thumbnails inside the page. Reads picture files; asks the web for nothing."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from urllib.parse import quote

from collector.images.processes import FileTrouble, Workers
from collector.ledger import Row
from collector.ledger.paths import inside
from collector.report.rendering import plain

SIDE = 176
"""Pixels of the long side of a thumbnail: sharp at the size that the stylesheet gives it."""
QUALITY = 62
"""Of a thumbnail's JPEG."""
_MARKUP = 350
"""Bytes of a figure's own tags."""
_FOR_ADULTS = frozenset(("mature", "nsfw", "adult"))
_SAID_YES = frozenset(("yes", "true", "1"))


Thumbnail = tuple[bytes, int, int]
"""A JPEG, its width and height."""
Thumbnails = Workers[Thumbnail]


def thumbnails() -> Thumbnails:
    """The processes that make them, for a `with`: one is started for a few pictures."""
    from collector.images.pixels import thumbnail

    return Workers(thumbnail, SIDE, QUALITY)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as a page shows it."""

    of: Row
    file: str
    """Address of the file, relative to the page."""
    name: str
    hidden: str
    """Why it is not shown; "" when it is."""
    thumbnail: str = ""
    """A JPEG in Base64."""
    width: int = 0
    height: int = 0

    @property
    def weight(self) -> int:
        """About how many bytes of the page it takes."""
        words = 2 * len(escape(self.name)) + len(self.of.page)
        return _MARKUP + len(self.file) + len(self.thumbnail) + words


class Figures:
    """Makes figures for one page. `spent` counts the bytes that they take."""

    def __init__(self, folder: Path, page: Path, thumbnails: Thumbnails) -> None:
        self._folder, self._page, self._thumbnails, self.spent = folder, page, thumbnails, 0

    def sheet(self, pictures: Iterable[Row]) -> list[Figure]:
        """A grid of them."""
        rows = list(pictures)
        files = ((None, inside(self._folder, one.file)) for one in rows if not not_shown(one))
        made_small = self._thumbnails.map(files)
        made = [
            self._hidden(one, why) if (why := not_shown(one)) else self._figure(one, next(made_small)[1])
            for one in rows
        ]
        self.spent += sum(figure.weight for figure in made)
        return made

    def _figure(self, one: Row, made: Thumbnail | FileTrouble) -> Figure:
        if isinstance(made, FileTrouble):
            return self._hidden(one, "the file cannot be read")
        body, width, height = made
        return replace(self._hidden(one, ""), thumbnail=base64.b64encode(body).decode(), width=width, height=height)

    def _hidden(self, one: Row, why: str) -> Figure:
        name = plain(one.title or f"{one.keyword}, {one.width:,} × {one.height:,}")
        return Figure(one, file_address(inside(self._folder, one.file), self._page), name, why)


def not_shown(one: Row) -> str:
    """Why a picture must not be shown, "" when it may: nobody should meet by surprise what was marked before."""
    if one.left_out == "set.dropped":
        return "a person dropped it"
    if any(name.lower() in _FOR_ADULTS and value.lower() in _SAID_YES for name, value in one.fields):
        return "marked as for adults"
    return "its server opted out" if one.attempt.overrides else ""


def file_address(file: Path, page: Path) -> str:
    """A file as a page names it, relative where that is possible; `#`, `?` and `%` in names are spelled out."""
    try:
        relative = os.path.relpath(file.absolute(), page.absolute().parent)
    except ValueError:  # Another drive.
        return file.absolute().as_uri()
    return quote(Path(relative).as_posix(), safe="/")
