"""Pictures as figures with their thumbnails inside the page. Reads picture files; asks the web for nothing."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from html import escape
from pathlib import Path
from urllib.parse import quote

from collector.images.pixels import Unreadable, thumbnail
from collector.ledger.showing import Shown
from collector.report.document import link, text
from collector.urls import host

SIDE = 176
"""Pixels of the long side of a thumbnail: sharp at the size that the stylesheet gives it."""
_FOR_ADULTS = frozenset(("mature", "nsfw", "adult"))
_SAID_YES = frozenset(("yes", "true", "1"))


class Figures:
    """Makes figures for one page. `spent` counts the bytes that they take."""

    def __init__(self, folder: Path, page: Path) -> None:
        self._folder, self._page, self.spent = folder, page, 0
        self.title = f"Report on {folder.absolute().name}"

    def figure(self, one: Shown) -> str:
        """The picture with its size, where it came from, and why it is left out if it is."""
        size = f"{one.width:,} × {one.height:,}"
        name = one.title or f"{one.keyword}, {size}"
        place = link(one.page, host(one.page)) if one.page else text(host(one.url))
        out = f'<span class="out">{text(one.verdict)}</span>' if one.verdict else ""
        made = (
            f"<li><figure>{self._frame(one, name)}<figcaption><span>{size}</span><span>{place}</span>{out}"
            "</figcaption></figure></li>\n"
        )
        self.spent += len(made)
        return made

    def sheet(self, pictures: Iterable[Shown]) -> str:
        """A grid of them."""
        return f'<ul class="sheet">\n{"".join(map(self.figure, pictures))}</ul>\n'

    def _frame(self, one: Shown, name: str) -> str:
        address = escape(file_address(self._folder / one.path, self._page))
        why = not_shown(one)
        if not why:
            try:
                body, width, height = thumbnail(self._folder / one.path, SIDE)
            except Unreadable:
                why = "the file cannot be read"
            else:
                data = base64.b64encode(body).decode()
                return (
                    f'<a class="frame" href="{address}"><img src="data:image/jpeg;base64,{data}" width="{width}"'
                    f' height="{height}" alt="{text(name)}" title="{text(name)}"></a>'
                )
        return f'<a class="frame blank" href="{address}">not shown: {text(why)}</a>'


def not_shown(one: Shown) -> str:
    """Why a picture must not be shown, "" when it may: nobody should meet by surprise what was marked before."""
    if one.verdict == "set.dropped":
        return "a person dropped it"
    if any(name.lower() in _FOR_ADULTS and value.lower() in _SAID_YES for name, value in one.fields):
        return "marked as for adults"
    return "its server opted out" if one.ignored else ""


def file_address(file: Path, page: Path) -> str:
    """A file as a page names it, relative where that is possible; `#`, `?` and `%` in names are spelled out."""
    try:
        relative = os.path.relpath(file.absolute(), page.absolute().parent)
    except ValueError:  # Another drive.
        return file.absolute().as_uri()
    return quote(Path(relative).as_posix(), safe="/")
