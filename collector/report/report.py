"""The report as HTML: one page that holds all it shows, and further contact sheets beside it when they are asked for.

Reads ledger and pictures; writes pages only. What the pages say stands in `templates/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from collector.dataset.filter import REASONS as FILTERED
from collector.ledger import Ledger, Row
from collector.ledger.stats import Size, Yield
from collector.reasons import meaning
from collector.report.alike import MOST, Alike
from collector.report.facts import DOMAINS, TRIED, USABLE, Facts, side_names
from collector.report.figures import Figure, Figures, Thumbnails, file_address, thumbnails
from collector.report.rendering import OWN_PICTURES, render, replace

PER_CLASS: Final = (12, 60)
"""Pictures of a class on one page: the fewest, and the most, as which a set of few classes is shown."""
ON_A_PAGE: Final = 240
"""Pictures that one page of contact sheets is meant to have."""
SHEET_BYTES: Final = 3_000_000
"""Of contact sheets on one page. With it, `GROUP_BYTES` and the bounds of the templates, a page stays below 5 MB."""
GROUP_BYTES: Final = 1_000_000
"""Of the pictures that look the same, that stand under two labels, or that are left out."""
BARS: Final = 40
"""Classes in the chart: the largest and the smallest."""
EXAMPLES: Final = 12
"""Pictures shown of those that are left out for one reason."""
OUTCOMES: Final = {
    "kept": "kept",
    "left_out": "left out of the set",
    "duplicate": "duplicate",
    "rejected": "rejected",
    "failed": "failed",
    "skipped": "skipped",
    "waiting": "still to do",
}
"""Fields of Yield, in the order in which a bar stacks them -> what they are called."""
_LEFT_OUT: Final = (*FILTERED, "set.quality", "set.unreadable")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report is written."""

    folder: Path
    """The output folder that it is about."""
    page: Path

    def numbered(self, number: int) -> Path:
        """Page 1 is the report itself, others lie in a folder of its name."""
        return self.page if number == 1 else self.page.with_suffix("") / f"{number}.html"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some pictures under a heading."""

    name: str
    figures: Sequence[Figure]
    first: int = 0
    last: int = 0
    of: int = 0


def usual_place(folder: Path) -> Path:
    """Beside the output folder, because every folder inside it is a class."""
    out = folder.absolute()
    return out.with_name(f"{out.name}-report.html")


def write(ledger: Ledger, facts: Facts, same: Alike, place: Place, pages: int = 1) -> list[Path]:
    """Write up to so many pages; those that were written. An older one is replaced whole. OSError when that fails."""
    with thumbnails() as made:
        return _written(ledger, facts, same, place, pages, made)


def _written(ledger: Ledger, facts: Facts, same: Alike, place: Place, pages: int, made: Thumbnails) -> list[Path]:
    sheets = _Sheets(ledger, facts)
    title = f"Report on {place.folder.absolute().name}"
    written: list[Path] = []
    for number in range(1, pages + 1):
        if number > 1 and not sheets.more():
            break
        page = place.numbered(number)
        front = _front(ledger, facts, same, Figures(place.folder, page, made)) if number == 1 else {}
        shown = sheets.page(Figures(place.folder, page, made))
        others = [one for one in (number - 1, number + 1 if number < pages and sheets.more() else 0) if one]
        links = [(one, file_address(place.numbered(one), page)) for one in others]
        template = "report.html" if number == 1 else "sheets.html"
        replace(page, render(template, title, OWN_PICTURES, number=number, sheets=shown, links=links, **front))
        written.append(page)
    return written


# --------------------------------------------------------------------------- the first page


def _front(ledger: Ledger, facts: Facts, same: Alike, figures: Figures) -> dict[str, object]:
    """What the first page tells above its contact sheets. The three kinds of rows share their bytes."""
    keywords = sorted(facts.keywords, key=lambda row: -row.found)
    classes = sorted(facts.classes, key=lambda size: -size.kept)
    alike = ((row[0].label, row) for row in same.rows)
    conflicts = ((" · ".join(labels), row) for labels, row in same.conflict_rows)
    lost = [loss for loss in facts.losses if loss.state == "left_out" and loss.reason in _LEFT_OUT]
    left_out = ((loss.reason, ledger.dataset.left_out(loss.reason, EXAMPLES)) for loss in lost)
    return {
        "facts": facts,
        "same": same,
        "keywords": keywords,
        "classed": any(row.label != row.name for row in keywords),
        "classes": classes,
        "ends": [(size.label, size.kept) for size in _ends(classes)],
        "further": [size for size in classes if size.further],
        "sides": [(f"{name} px", number) for name, number in zip(side_names(), facts.sides, strict=True)],
        "alike": list(_within(GROUP_BYTES // 3, alike, figures)),
        "conflicts": list(_within(2 * GROUP_BYTES // 3, conflicts, figures)),
        "left_out": list(_within(GROUP_BYTES, left_out, figures)),
        "lost": {loss.reason: loss.count for loss in lost},
        "outcomes": OUTCOMES,
        "meaning": meaning,
        "parts": _parts,
        "bounds": {"hashed": MOST, "domains": DOMAINS, "tried": TRIED, "usable": f"{USABLE:.0%}"},
    }


def _within(budget: int, rows: Iterable[tuple[str, Iterable[Row]]], figures: Figures) -> Iterator[Sheet]:
    """Sheets until the page's pictures have taken so many bytes."""
    for name, pictures in rows:
        if figures.spent > budget:
            return
        yield Sheet(name, figures.sheet(pictures))


def _ends(classes: list[Size]) -> list[Size]:
    return classes if len(classes) <= BARS else classes[: BARS // 2] + classes[-BARS // 2 :]


def _parts(one: Yield) -> list[tuple[str, int]]:
    """What became of all that was found, as the parts of a bar."""
    return [(name, int(getattr(one, name))) for name in OUTCOMES]


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

    def page(self, figures: Figures) -> list[Sheet]:
        """As many sheets as fit on one page, of each class one at most."""
        made: dict[str, Sheet] = {}
        while self._next is not None and figures.spent < SHEET_BYTES and self._next[0] not in made:
            label, kept, skip = self._next
            shown = figures.sheet(self._ledger.dataset.sample(label, self._each, skip))
            made[label] = Sheet(label, shown, skip + 1, min(kept, skip + self._each), kept)
            self._next = next(self._places, None)
        return list(made.values())

    def _walk(self) -> Iterator[tuple[str, int, int]]:
        for skip in count(0, self._each):
            row = [(label, kept, skip) for label, kept in self._sizes if kept > skip]
            if not row:
                return
            yield from row
