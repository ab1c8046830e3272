"""Rows, of `queries.csv` or written in Python, become `Query` values by one planner.

What cannot be read in a file is one InputError that names file and line; a file is read once and never written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from collector import sources
from collector.errors import InputError, UsageError
from collector.importers.blocklist import Terms
from collector.importers.csv_reader import STDIN, read_bytes, read_rows
from collector.model import Query
from collector.settings import USUAL_LIMIT, Settings

Filters = tuple[tuple[str, str], ...]
Key = tuple[str, str, Filters]
"""Keyword, label and filters: what a query is known by."""
MAX_LENGTH: Final = 512
"""Characters of a keyword or label."""
_SHRINKS: Final = 4
"""More characters than NFC ever makes one of. What is longer than that is refused unseen: the time of normalising grows
as the square of the combining marks in a row."""
NAMED: Final = 10
"""Blocked rows that are named one by one; beyond, they are counted."""

SHOWN: Final = 10
"""Bad rows that one message names; beyond, they are counted."""

_COLUMNS: Final = ("keyword", "limit", "label", "source", "relevant")
_ALIASES: Final = {
    **dict.fromkeys(("keywords", "query", "queries", "search", "search term"), "keyword"),
    "sources": "source",
    "colour": "color",
    "licence": "license",
}
_OTHERWISE: Final = ("name", "class", "label")
"""Headings of the keywords where no column is called keyword, the likeliest first."""
_LIKE: Final = 0.75
"""How much an unknown heading may look like a known one before it counts as misspelt (difflib's ratio)."""
_YES, _NO = ("yes", "true", "1", "x"), ("no", "false", "0")
_WHOLE: Final = re.compile(r"0*([1-9][0-9]{0,8})(\.0*)?", re.ASCII)
"""A limit; pandas writes 200 as 200.0 where other rows have none."""
_KEYWORD: Final = ("keyword", *(name for name, meant in _ALIASES.items() if meant == "keyword"), *_OTHERWISE)
_BREAK: Final = re.compile(r"(?<! ) *[\t-\r\x1c-\x1f\x85\u2028\u2029]+ *")
_INVISIBLE: Final = frozenset({"Cf", "Mn", "Zs", "Zl", "Zp"})
_UNUSABLE: Final = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class QueryFile:
    """What rows ask for."""

    queries: Sequence[Query]
    """In their order; empty only when all that they ask for is blocked."""
    notes: tuple[str, ...] = ()
    """Lines the user should read: what was changed on the way in."""
    file: str = ""
    """The file's absolute path; "" when it was none."""
    passed_over: frozenset[str] = frozenset()
    """Keywords of the rows of a file that are left out because of a term in them."""
    relevant: Mapping[Key, bool] = field(default_factory=dict)
    """Of rows that say so: whether pictures that do not show their class are to be replaced by others."""


class Planner:
    """What rows mean: by the settings where they say nothing themselves, and by what the sources know."""

    def __init__(self, settings: Settings) -> None:
        """UsageError when the block list cannot be read."""
        self.filters: Collection[str] = sorted(settings.filters)
        """Those that there are."""
        self.blocked = Terms.of(settings)
        self._usual = settings.limit
        self._sources = sources.split_names(settings.source)
        self._given = {name: value for name, value in settings.filters.items() if value}
        self._problem = cache(_problem)
        self.limit = cache(self._limit)

    def searched(
        self, keyword: str, named: tuple[str, ...], filters: Mapping[str, str]
    ) -> tuple[str, tuple[str, ...], Filters]:
        """(keyword, sources, filters) of a row; the address of a result page is the search that it shows. ValueError
        for one that cannot be used."""
        found, names, own = sources.as_search(keyword, named, self._sources, filters)
        return found, names, tuple(sorted({**self._given, **own}.items()))

    def check(self, keyword: str, names: tuple[str, ...], filters: Filters) -> None:
        """ValueError when the sources cannot use the filters or the keyword."""
        faults = (sources.validate_keyword(name, keyword) for name in names)
        if problem := self._problem(names, filters) or next(filter(None, faults), None):
            raise ValueError(problem)

    def label(self, source: str, keyword: str) -> str:
        """The class of a row that names none. ValueError for one that is none."""
        try:
            return clean(sources.default_label(source, keyword))[0] or keyword
        except ValueError as error:
            raise ValueError(f"the label that {source} makes of it {error}; give one") from None

    def _limit(self, names: tuple[str, ...]) -> int | None:
        """Of a row without one: what the user said, else what is usual for its sources. None: everything."""
        if self._usual is None:
            return None if all(sources.load(name).unlimited for name in names) else USUAL_LIMIT
        return None if self._usual == "all" else self._usual


def _problem(names: tuple[str, ...], filters: Filters) -> str | None:
    """What is wrong with a row's sources or filters, if anything."""
    for name in names:
        try:
            sources.check_filters(name, dict(filters))
        except (UsageError, InputError) as error:
            return str(error)
    return None


def read_queries(path: Path, planner: Planner, encoding: str | None = None, delimiter: str | None = None) -> QueryFile:
    """Read a CSV: one keyword a row without a header, or columns named in a header.

    Two rows are duplicates when keyword, label and filters are the same but for spacing and Unicode form; the first
    one's limit counts, and the sources of both. InputError: what is wrong, in which line, what to do. UsageError: no
    such encoding.
    """
    made: _Queries | None = None
    for line, cells in read_rows(path, read_bytes(path), _KEYWORD, encoding, delimiter):
        if not any(cells):
            continue
        if made is None:
            header = _header(path, cells, line, planner.filters)
            made = _Queries(path, header, planner)
            if header.heads:
                continue
        made.add(line, cells)
    if made is None:
        raise InputError(f"{path}: no keywords, it is empty; write one keyword per row")
    return made.done()


# --------------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str | None, ...]
    """What each column means; "" where it has no name and has to stay empty, None where it is not used."""
    heads: bool
    """Whether the first row holds the names, and no keyword."""
    notes: tuple[str, ...] = ()
    """What the user should read."""


def _header(path: Path, cells: list[str], line: int, filters: Collection[str]) -> _Header:
    """What the columns mean. InputError for misspelt names, and for several columns without names."""
    names = _meant(cells)
    known = (*_COLUMNS, *filters)
    where = f"{path}, line {line}"
    if "keyword" not in names:
        if sum(map(bool, cells)) > 1:
            advice = 'name them in a first row such as "keyword,limit", or put a keyword with a comma in quotes'
            raise InputError(f"{where}: {len(cells)} columns without a header ({_listed(cells)}); {advice}")
        return _Header(tuple("keyword" if cell else "" for cell in cells), False)
    unknown = {cell: name for cell, name in zip(cells, names, strict=True) if name and name not in known}
    if misspelt := [cell for cell, name in unknown.items() if get_close_matches(name, (*known, *_ALIASES), 1, _LIKE)]:
        found = f"unknown column {_listed(misspelt)}; found {_listed(cells)}"
        raise InputError(f"{where}: {found}; possible are {', '.join(known)}")
    if twice := [name for name in known if names.count(name) > 1]:
        raise InputError(f"{where}: the column {_listed(twice)} is there twice; keep one")
    notes = [f"columns that mean nothing here and are not used: {_listed(list(unknown))}"] if unknown else []
    if len(cells) == 1 and cells[0].casefold() != "keyword":
        notes.append(f"the first row, {_shown(cells[0])}, is taken as a heading")
    return _Header(tuple(None if name in unknown.values() else name for name in names), True, tuple(notes))


def _meant(cells: list[str]) -> list[str]:
    """The names of the columns in our words; `class` is the label, or the keyword where there is no other."""
    names = [_ALIASES.get(cell.casefold(), cell.casefold()) for cell in cells]
    if "keyword" not in names:
        keyword = next((name for name in _OTHERWISE if name in names), None)
        names = ["keyword" if name == keyword else name for name in names]
    if "keyword" in names and "label" not in names:
        names = ["label" if name == "class" else name for name in names]
    return names


# --------------------------------------------------------------------------- cells -> queries


class _Queries:
    """Turns rows into queries, and remembers what it has seen."""

    def __init__(self, path: Path, header: _Header, planner: Planner) -> None:
        self._path, self._planner, self._columns = path, planner, len(header.names)
        self._places = {name: place for place, name in enumerate(header.names) if name}
        self._unnamed = [place for place, name in enumerate(header.names) if name == ""]
        self._filters = sorted(name for name in self._places if name not in _COLUMNS)
        self._queries: list[Query] = []
        self._seen: dict[object, int] = {}
        self._first_notes = header.notes
        self._notes: dict[str, tuple[int, int]] = {}
        self._blocked_notes: list[str] = []
        self._blocked = 0
        self._passed_over: set[str] = set()
        self._relevant: dict[Key, bool] = {}
        self._bad: list[tuple[int, str]] = []
        self._bad_rows = 0

    def add(self, line: int, cells: list[str]) -> None:
        """One row; what is wrong with it is kept for `done`."""
        try:
            self._add(line, cells)
        except ValueError as error:
            self._bad_rows += 1
            if self._bad_rows <= SHOWN:
                self._bad.append((line, str(error)))

    def done(self) -> QueryFile:
        """Everything. InputError with all bad rows, or when there was not one keyword."""
        if self._bad_rows == 1:
            raise InputError(f"{self._path}, line {self._bad[0][0]}: {self._bad[0][1]}")
        if self._bad:
            named = "; ".join(f"line {line}: {what}" for line, what in self._bad)
            more = f"; and {self._bad_rows - SHOWN:,} more" if self._bad_rows > SHOWN else ""
            raise InputError(f"{self._path}: {self._bad_rows:,} rows cannot be used: {named}{more}")
        if not self._queries and not self._blocked:
            raise InputError(f"{self._path}: no keywords below the header; write one keyword per row")
        notes = [*self._first_notes]
        notes += [f"{text}: {count:,}, first in line {line}" for text, (count, line) in self._notes.items()]
        notes += self._blocked_notes
        if self._blocked > NAMED:
            notes.append(f"rows not searched because of the block list (policy.blocklist): {self._blocked:,} in all")
        file = "" if self._path == STDIN else str(self._path.absolute())
        return QueryFile(tuple(self._queries), tuple(notes), file, frozenset(self._passed_over), self._relevant)

    def _add(self, line: int, cells: list[str]) -> None:
        """ValueError: what is wrong."""
        if any(cells[self._columns :]):
            what = f"{len(cells)} columns where the first row has {self._columns}"
            raise ValueError(f"{what}; put text that contains the delimiter in quotes")
        cells += [""] * (self._columns - len(cells))
        for place in self._unnamed:
            if cells[place] and not (place == 0 and cells[place].isdecimal()):  # pandas writes its index there.
                raise ValueError(f"{_shown(cells[place])} stands in a column without a name; name it")
        own = {name: value for name in self._filters if (value := self._text(line, name, cells))}
        named, place = sources.split_names(self._text(line, "source", cells)), self._places["keyword"]
        cells[place], names, filters = self._planner.searched(cells[place].strip(), named, own)
        if not (keyword := self._text(line, "keyword", cells)):
            raise ValueError("no keyword in this row; write one, or delete the row")
        self._planner.check(keyword, names, filters)
        if term := self._planner.blocked(keyword):
            self._leave_out(line, keyword, term)
            return
        given = self._text(line, "limit", cells)
        limit = _number(given) if given else self._planner.limit(names)
        label = self._text(line, "label", cells) or self._planner.label(names[0], keyword)
        query = Query(keyword, label, limit, names, filters)
        if said := self._text(line, "relevant", cells):
            self._relevant.setdefault((keyword, label, filters), _yes(said))
        self._keep(line, query)

    def _leave_out(self, line: int, keyword: str, term: str) -> None:
        """A row that is not to be searched; the first of them are named."""
        self._blocked += 1
        self._passed_over.add(keyword)
        if self._blocked <= NAMED:
            why = f"not searched: {_shown(term)} is on the block list (policy.blocklist)"
            self._blocked_notes.append(f"line {line}, {_shown(keyword)}: {why}")

    def _keep(self, line: int, query: Query) -> None:
        spaced = _spaced(query.keyword)
        plain = query.label == query.keyword and not query.filters
        key: object = spaced if plain else (spaced, _spaced(query.label), query.filters)
        place = self._seen.setdefault(key, len(self._queries))
        if place == len(self._queries):
            self._queries.append(query)
            return
        first = self._queries[place]
        if first.limit != query.limit:
            self._note(line, "rows that repeat an earlier one with another limit, which does not count")
        if new := tuple(source for source in query.sources if source not in first.sources):
            self._queries[place] = replace(first, sources=first.sources + new)

    def _text(self, line: int, name: str, cells: list[str]) -> str:
        """A cell, NFC and stripped; "" when it is empty or there is no such column."""
        place = self._places.get(name)
        if place is None:
            return ""
        try:
            text, broken = clean(cells[place])
        except ValueError as error:
            raise ValueError(f"the {name} {error}") from None
        if broken:
            self._note(line, f"{name}s with a line break or tab inside, which became a space")
        return text

    def _note(self, line: int, text: str) -> None:
        count, first = self._notes.get(text, (0, line))
        self._notes[text] = (count + 1, first)


def _number(text: str) -> int | None:
    """A limit; None for all. ValueError."""
    if text.casefold() == "all":
        return None
    if not (found := _WHOLE.fullmatch(text)):
        raise ValueError(f"the limit {_shown(text)} is neither a whole number of at least 1 nor all")
    return int(found[1])


def _yes(text: str) -> bool:
    """What a cell says that is yes or no. ValueError."""
    if text.casefold() not in _YES + _NO:
        raise ValueError(f"relevant is {_shown(text)}, which is neither yes nor no")
    return text.casefold() in _YES


def clean(text: str) -> tuple[str, bool]:
    """(the text stripped and NFC-normalised, whether a line break or tab inside became a space).

    ValueError, to be put behind "the keyword": too long, control characters, or nothing that shows.
    """
    text, broken = text.strip(), 0
    if len(text) > _SHRINKS * MAX_LENGTH:
        raise _too_long(text)
    if text and not (text.isascii() and text.isprintable()):
        if bad := _UNUSABLE.search(text):
            raise ValueError(f"{_shown(text)} contains the character U+{ord(bad[0]):04X}; remove it")
        if all(unicodedata.category(character) in _INVISIBLE for character in text):
            raise ValueError(f"{_shown(text)} shows nothing; write something visible")
        text, broken = _BREAK.subn(" ", text)
        text = unicodedata.normalize("NFC", text)
    if len(text) > MAX_LENGTH:
        raise _too_long(text)
    return text, broken > 0


def _too_long(text: str) -> ValueError:
    return ValueError(f"{_shown(text)} has {len(text):,} characters; at most {MAX_LENGTH} are possible")


def _spaced(text: str) -> str:
    """The text with every run of spaces as one; the very same object when there is nothing to do."""
    return " ".join(text.split()) if "  " in text or not text.isascii() else text


def _shown(text: str) -> str:
    """A cell as an error message shows it: short, in quotes."""
    text = " ".join(text[:200].split())
    return f'"{text[:40]}..."' if len(text) > 43 else f'"{text}"'


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(_shown(cell) for cell in cells[:20]) + (", ..." if len(cells) > 20 else "")
