"""The report as HTML: one page that holds all it shows, and further contact sheets beside it when they are asked for.

Reads ledger and pictures; writes pages only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import count
from pathlib import Path
from typing import Final

from collector.ledger import Ledger
from collector.report.alike import Alike
from collector.report.document import document, text
from collector.report.facts import Facts
from collector.report.sections import front
from collector.report.sheets import Figures, file_address

PER_CLASS: Final = (12, 60)
"""Pictures of a class on one page: the fewest, and the most, as which a set of few classes is shown."""
ON_A_PAGE: Final = 240
"""Pictures that one page of contact sheets is meant to have."""
SHEET_BYTES: Final = 3_000_000
"""Of contact sheets on one page. With it and the bounds of `sections`, a page stays below 5 MB at any size of set."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report is written."""

    folder: Path
    """The output folder that it is about."""
    page: Path

    def numbered(self, number: int) -> Path:
        """Page 1 is the report itself, others lie in a folder of its name."""
        return self.page if number == 1 else self.page.with_suffix("") / f"{number}.html"


def usual_place(folder: Path) -> Path:
    """Beside the output folder, because every folder inside it is a class."""
    out = folder.absolute()
    return out.with_name(f"{out.name}-report.html")


def write(ledger: Ledger, facts: Facts, same: Alike, place: Place, pages: int = 1) -> list[Path]:
    """Write up to so many pages; those that were written. An older one is replaced whole. OSError when that fails."""
    sheets = _Sheets(ledger, facts)
    written: list[Path] = []
    for number in range(1, pages + 1):
        page = place.numbered(number)
        figures = Figures(place.folder, page)
        if number == 1:
            parts = front(ledger, facts, same, figures)
        elif sheets.more():
            parts = [f"<header><h1>{text(_title(place))}: page {number}</h1></header>\n<main>\n"]
        else:
            break
        figures.spent = 0
        parts.append("".join(sheets.page(figures)))
        links = [one for one in (number - 1, number + 1 if number < pages and sheets.more() else 0) if one]
        parts.append(_footer(place, page, links))
        _put(page, document(_title(place), parts))
        written.append(page)
    return written


# --------------------------------------------------------------------------- contact sheets


class _Sheets:
    """Some pictures of every class, then the next ones of those that have more: one sheet after the other."""

    def __init__(self, ledger: Ledger, facts: Facts) -> None:
        self._ledger = ledger
        self._sizes = [(size.label, size.kept) for size in facts.classes if size.kept]
        fewest, most = PER_CLASS
        self._each = min(most, max(fewest, ON_A_PAGE // max(1, len(self._sizes))))
        self._places = self._walk()
        self._next = next(self._places, None)

    def more(self) -> bool:
        """Whether there is another sheet."""
        return self._next is not None

    def page(self, figures: Figures) -> Iterator[str]:
        """As many sheets as fit on one page, of each class one at most."""
        if not self._sizes:
            yield '<p class="soft">No picture is in the set.</p>\n'
        shown: set[str] = set()
        while self._next is not None and figures.spent < SHEET_BYTES and self._next[0] not in shown:
            label, kept, skip = self._next
            shown.add(label)
            last = min(kept, skip + self._each)
            yield f'<h3>{text(label)} <span class="soft">{skip + 1:,} to {last:,} of {kept:,}</span></h3>\n'
            yield figures.sheet(self._ledger.sheet(label, self._each, skip))
            self._next = next(self._places, None)

    def _walk(self) -> Iterator[tuple[str, int, int]]:
        for skip in count(0, self._each):
            row = [(label, kept, skip) for label, kept in self._sizes if kept > skip]
            if not row:
                return
            yield from row


# --------------------------------------------------------------------------- small things


def _title(place: Place) -> str:
    return f"Report on {place.folder.absolute().name}"


def _footer(place: Place, page: Path, numbers: list[int]) -> str:
    links = "".join(
        f'<li><a href="{escape(file_address(place.numbered(number), page))}">page {number}</a></li>'
        for number in numbers
    )
    nav = f'<nav aria-label="Pages"><ul>{links}</ul></nav>\n' if links else ""
    made = "Made by collector from its ledger; this page asks the web for nothing."
    return f"</main>\n<footer>{nav}<p>{made}</p></footer>\n"


def _put(page: Path, made: str) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    part = page.with_name(f".{page.name}.part")
    try:
        part.write_text(made, encoding="utf-8")
        part.replace(page)
    finally:
        part.unlink(missing_ok=True)
