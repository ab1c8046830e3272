"""What can be asked for on the studio's pages, as a command line. What is asked for is checked before it is kept."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from collector.api import options, queries
from collector.api.queries import QueryRow
from collector.dataset import formats
from collector.dataset.exporting import Order
from collector.dataset.samples import Choice
from collector.errors import InputError
from collector.images.form import Form
from collector.ledger import disk
from collector.ledger.layout import folder_name
from collector.settings import Settings

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
KEYWORDS: Final = "keywords.csv"
"""The list of what was asked for on the page; it grows, and `collector run` takes it, too."""
_LONGEST: Final = 100_000
"""Keywords of one request."""


class Run(msgspec.Struct, tag_field="kind", tag="run", forbid_unknown_fields=True):
    """Keywords, or a CSV, or a list that was given before."""

    keywords: list[str] = []
    label: str = ""
    limit: int | None = None
    sources: list[str] = []
    filters: dict[str, str] = {}
    relevant: bool = False
    name: str = ""
    csv: str = ""
    again: str = ""
    """A list that was given before."""


class Page(msgspec.Struct, tag_field="kind", tag="page", forbid_unknown_fields=True):
    """All pictures of a page."""

    address: str
    label: str = ""
    gallery: bool = False


class Dedupe(msgspec.Struct, tag_field="kind", tag="dedupe", forbid_unknown_fields=True):
    """Look for pictures that look the same."""


class Export(msgspec.Struct, tag_field="kind", tag="export", forbid_unknown_fields=True):
    """The set in a format."""

    format: str
    dest: str
    split: str = ""
    resize: Literal["none", "fit", "crop", "pad", "stretch"] = "none"
    side: Count = 0
    encoding: Literal["keep", "jpeg", "png", "webp"] = "keep"
    min_side: Count = 0
    max_per_class: Count = 0
    reviewed: bool = False
    skip_small: bool = False


Wanted = Run | Page | Dedupe | Export


class Lists:
    """The files of keywords that were given on the page, in a folder of their own beside the output folder."""

    def __init__(self, place: Path, out: Path) -> None:
        self._place, self._out = place, out

    def names(self) -> list[str]:
        """What there is, sorted."""
        return sorted(file.name for file in self._place.glob("*.csv"))

    def path(self, name: str) -> Path:
        """InputError for one that is not there."""
        if name not in self.names():
            raise InputError(f"{name[:200]}: no such list")
        return self._place / name

    def keep(self, name: str, text: str) -> Path:
        """A file that was dropped in, under a name like its own, if a run can read it. InputError tells why not."""
        stem = folder_name(Path(name).stem or "list", ())
        return self._replaced(self._place / (f"{stem}.csv" if f"{stem}.csv" != KEYWORDS else f"{stem}-2.csv"), text)

    def add(self, rows: list[QueryRow]) -> Path:
        """Rows at the end of the list of what was typed; one that is there already is not repeated. InputError."""
        queries.from_rows(rows, self._settings())
        file = self._place / KEYWORDS
        known = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))) if file.is_file() else []
        if known and "keyword" not in known[0]:
            raise InputError(f"{file}: its first row does not name `keyword`; correct the file, or move it away")
        fresh = [_cells(row) for row in rows]
        whole = {tuple(sorted((name, value) for name, value in row.items() if value)): row for row in known + fresh}
        names = list(dict.fromkeys(name for row in whole.values() for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(whole.values())
        return self._replaced(file, text.getvalue())

    def _replaced(self, file: Path, text: str) -> Path:
        self._place.mkdir(exist_ok=True)
        with disk.replacing(file) as part:
            part.write_text(text, encoding="utf-8")
            try:
                queries.from_file(part, self._settings())
            except InputError as error:
                raise InputError(str(error).replace(str(part), file.name)) from None
        return file

    def _settings(self) -> Settings:
        return options.made(self._out)


def _cells(row: QueryRow) -> dict[str, str]:
    cells = {"keyword": row.keyword, "label": row.label or "", "source": row.source or "",
             "limit": "" if row.limit is None else str(row.limit)}  # fmt: skip
    return {**cells, **row.filters}


def arguments(wanted: Wanted, out: Path, lists: Lists, practice: bool) -> list[str]:
    """The command line of what is wanted. InputError and UsageError say what cannot be done."""
    folder = ["--out", os.fspath(out)]
    web = ["--practice"] if practice else []
    match wanted:
        case Run():
            relevant = ["--relevant"] if wanted.relevant else []
            return ["run", *folder, *web, *relevant, os.fspath(_list(wanted, lists))]
        case Page():
            source = "gallery" if wanted.gallery else "page"
            file = lists.add([QueryRow(wanted.address.strip(), wanted.label or None, "all", source)])
            return ["run", *folder, *web, os.fspath(file)]
        case Dedupe():
            return ["dedupe", *folder]
        case Export():
            return ["export", *folder, *_options(wanted), "--", wanted.format, os.fspath(order(wanted).dest)]


def _list(wanted: Run, lists: Lists) -> Path:
    if wanted.again:
        return lists.path(wanted.again)
    if wanted.csv:
        return lists.keep(wanted.name, wanted.csv)
    if len(wanted.keywords) > _LONGEST:
        raise InputError(f"at most {_LONGEST:,} keywords at once: give a CSV")
    source = "+".join(wanted.sources) or None
    rows = [QueryRow(one, wanted.label or None, wanted.limit, source, wanted.filters) for one in wanted.keywords]
    return lists.add(rows)


def _options(wanted: Export) -> list[str]:
    given: Mapping[str, str | int] = {
        "--split": wanted.split.strip(), "--resize": wanted.resize, "--side": wanted.side, "--as": wanted.encoding,
        "--min-side": wanted.min_side, "--max-per-class": wanted.max_per_class,
    }  # fmt: skip
    usual = {"--resize": "none", "--as": "keep"}
    flags = [("--reviewed", wanted.reviewed), ("--skip-small", wanted.skip_small)]
    pairs = [f"{name}={value}" for name, value in given.items() if value and usual.get(name) != value]
    return pairs + [name for name, given in flags if given]


def order(wanted: Export) -> Order:
    """As the set's service takes it. InputError and UsageError for what is not possible."""
    from collector.api.collection import scheme_of

    formats.load(wanted.format)
    if not wanted.dest.strip() or not wanted.dest.isprintable():
        raise InputError("write the folder that the export goes to")
    split = wanted.split.strip()
    choice = Choice((), wanted.min_side, wanted.max_per_class, wanted.reviewed, wanted.skip_small)
    scheme = scheme_of(split) if split and split != "none" else None
    return Order(wanted.format, Path(wanted.dest.strip()).expanduser(), Form(), choice, scheme, split == "none")
