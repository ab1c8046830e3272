"""ATTRIBUTION.csv: whose each picture is, as far as sources and files say. Unknown stays unknown."""

from __future__ import annotations

import csv
from functools import lru_cache
from operator import itemgetter
from typing import Final
from urllib.parse import urlsplit

from collector.dataset.samples import Sample
from collector.ledger.candidates import Item

ATTRIBUTION: Final = "ATTRIBUTION.csv"
UNKNOWN: Final = "unknown"
_FORMULA: Final = frozenset("=+-@\t\r")
_FIRST: Final = itemgetter(slice(1))
_COLUMNS: Final = (
    "id", "label", "title", "creator", "licence", "licence_url", "licence_page", "credit", "notice", "source_page",
    "url", "source", "published", "collected",
)  # fmt: skip


class _Text:
    """A file for csv that keeps nothing: its rows are what `writerow` returns."""

    def write(self, text: str) -> str:
        return text


_WRITER: Final = csv.writer(_Text(), lineterminator="\n")


def head() -> str:
    """The row of the columns' names. One for each picture follows, by id."""
    return str(_WRITER.writerow(_COLUMNS))


def row(sample: Sample) -> str:
    """The row of a picture."""
    cells = attribution(sample)
    text = ",".join(cells)
    quoted = '"' in text or "\n" in text or "\r" in text or "\0" in text
    if quoted or not _FORMULA.isdisjoint(map(_FIRST, cells)):
        return str(_WRITER.writerow(map(no_formula, cells)))
    if text.count(",") >= len(cells):
        text = ",".join([f'"{cell}"' if "," in cell else cell for cell in cells])
    return f"{text}\n"  # As csv writes it, at a third of the cost.


def attribution(sample: Sample) -> tuple[str, ...]:
    """The cells of one picture; what the source and the bytes do not say is "unknown", never "free"."""
    item, rights = sample.item, dict(sample.item.rights)
    return (
        sample.key,
        item.label,
        item.title or UNKNOWN,
        "; ".join(item.creators) or rights.get("creator", "") or UNKNOWN,
        licence_name(item),
        item.licence_url or rights.get("licence", "") or UNKNOWN,
        item.licence_page or rights.get("licensor", "") or UNKNOWN,
        item.credit or rights.get("credit", "") or UNKNOWN,
        item.notice or rights.get("copyright", "") or UNKNOWN,
        item.page or UNKNOWN,
        item.url if not item.url.startswith("data:") else "data:",
        item.source,
        item.published or UNKNOWN,
        item.ended_at,
    )


def licence_name(item: Item) -> str:
    """What `short_name` makes of the licence that the source, or else the bytes, name."""
    return short_name(item.licence_url or dict(item.rights).get("licence", ""))


@lru_cache(maxsize=4096)
def short_name(url: str) -> str:
    """A Creative Commons licence by its short name (`CC BY-SA 4.0`), another one by its host, else "unknown"."""
    try:
        parts = urlsplit(url)
    except ValueError:  # Whatever a page wrote there.
        return UNKNOWN
    steps = [step for step in parts.path.split("/") if step]
    if (parts.hostname or "").removeprefix("www.") == "creativecommons.org" and len(steps) > 1:
        if steps[0] == "publicdomain":
            return {"zero": "CC0 1.0", "mark": "Public Domain Mark"}.get(steps[1], "Public Domain")
        return " ".join(["CC", steps[1].upper(), *steps[2:3]])
    return f"see {parts.hostname}" if parts.hostname else UNKNOWN


def no_formula(cell: str, further: str = "") -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    if "\x00" in cell:
        cell = cell.replace("\x00", "")
    return f"'{cell}" if cell[:1] in _FORMULA or (further and cell.startswith(further)) else cell
