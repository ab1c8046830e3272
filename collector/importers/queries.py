"""`queries.csv` -> `Query` values; what cannot be read is one InputError that names file and line.

Reads the file once and never writes it. Knows no source: which sources and filters exist is an argument.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from collector.errors import InputError
from collector.importers.csv_reader import STDIN, read_bytes, read_rows
from collector.model import Query

Key = tuple[str, str, tuple[tuple[str, str], ...]]
"""Keyword, label and filters: what a query is known by."""
Check = Callable[[Query], str | None]
"""What is wrong with a query's sources and filters, or None; asked once for each different set of them."""
UsualLimit = Callable[[tuple[str, ...]], int | None]
"""Sources -> the limit of a row that has none, None for all; asked once for each different set of them."""
Fault = Callable[[str, str], str | None]
"""(source, keyword) -> what is wrong with the keyword, or None; asked for every row."""
AsSearch = Callable[
    [str, tuple[str, ...], tuple[str, ...], Mapping[str, str]], tuple[str, tuple[str, ...], dict[str, str]]
]
"""(keyword, the row's sources, those of rows that name none, its filters) -> keyword, sources and filters, where the
keyword is the address of a result page; ValueError for one that cannot be used. Asked for every row."""
DefaultLabel = Callable[[str, str], str]
"""(source, keyword) -> the class of a row that names none; asked for every such row."""

FILTERS: Final = ("size", "color", "type", "time", "rights", "safe", "region", "language", "site", "exact", "exclude")
"""The filters that columns may be named after unless the caller knows better."""
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
    """What a file of queries says."""

    queries: Sequence[Query]
    """In the file's order; empty only when all that it asks for is blocked."""
    blank: int
    """Rows without anything in them."""
    duplicates: int
    """Rows that ask again for what an earlier one asks for."""
    notes: tuple[str, ...]
    """Lines the user should read: what was changed on the way in."""
    sha256: str
    """64 hex digits of the file's bytes."""
    blocked: int = 0
    """Rows that are left out because of a term in their keyword."""
    file: str = ""
    """The file's absolute path; "" when it was none."""
    passed_over: frozenset[str] = frozenset()
    """Keywords of the rows that are left out."""
    relevant: Mapping[Key, bool] = field(default_factory=dict)
    """Of rows that say so: whether pictures that do not show their class are to be replaced by others."""


def read_queries(
    path: Path,
    *,
    limit: int | UsualLimit | None,
    sources: tuple[str, ...],
    filters: Collection[str] = FILTERS,
    given: Mapping[str, str] | None = None,
    check: Check | None = None,
    fault: Fault | None = None,
    as_search: AsSearch | None = None,
    label: DefaultLabel | None = None,
    blocked: Callable[[str], str] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> QueryFile:
    """Read a CSV: one keyword a row without a header, or columns named in a header.

    `limit`, `sources` and the filters `given` hold for rows that do not set their own; a limit may be `all`.
    `fault` says what is wrong with a keyword, None when nothing is; `as_search` reads pasted addresses; `label` names
    the class of rows that name none, which else is the keyword; `blocked` names the term for which a keyword is left
    out, "" when it is not. Two rows are duplicates when keyword, label and filters are the same but for spacing and
    Unicode form; the first one's limit counts, and the sources of both. InputError: what is wrong, in which line, what
    to do. UsageError: no such encoding.
    """
    raw = read_bytes(path)
    sha256 = hashlib.sha256(raw).hexdigest()
    rows = read_rows(path, raw, _KEYWORD, encoding, delimiter)
    del raw
    made: _Queries | None = None
    blank = 0
    for line, cells in rows:
        if not any(cells):
            blank += 1
        elif made is None:
            header = _header(path, cells, line, filters)
            made = _Queries(path, header, limit, sources, given or {}, _Asked(check, fault, as_search, label, blocked))
            if not header.heads:
                made.add(line, cells)
        else:
            made.add(line, cells)
    if made is None:
        raise InputError(f"{path}: no keywords, it is empty; write one keyword per row")
    return made.done(sha256, blank)


# --------------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str | None, ...]
    """What each column means; "" where it has no name and has to stay empty, None where it is not used."""
    heads: bool
    """Whether the first row holds the names, and no keyword."""
    notes: tuple[tuple[str, int], ...] = ()
    """(what the user should read, line)."""


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
    notes = [(f"columns that mean nothing here and are not used: {_listed(list(unknown))}", line)] if unknown else []
    if len(cells) == 1 and cells[0].casefold() != "keyword":
        notes.append((f"the first row, {_shown(cells[0])}, is taken as a heading", line))
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who knows the sources; see `read_queries`."""

    check: Check | None
    fault: Fault | None
    as_search: AsSearch | None
    label: DefaultLabel | None
    blocked: Callable[[str], str] | None
    """Who knows the block list."""


class _Queries:
    """Turns rows into queries, and remembers what it has seen."""

    def __init__(
        self,
        path: Path,
        header: _Header,
        limit: int | UsualLimit | None,
        sources: tuple[str, ...],
        given: Mapping[str, str],
        asked: _Asked,
    ) -> None:
        self._path, self._columns = path, len(header.names)
        self._sources, self._given, self._asked = sources, given, asked
        self._usual = cache(lambda names: limit(names) if callable(limit) else limit)
        self._problem = cache(self._checked)
        self._places = {name: place for place, name in enumerate(header.names) if name}
        self._unnamed = [place for place, name in enumerate(header.names) if name == ""]
        self._filters = sorted(name for name in self._places if name not in _COLUMNS)
        self._queries: list[Query] = []
        self._seen: dict[object, int] = {}
        self._first_notes = [text for text, _ in header.notes]
        self._notes: dict[str, tuple[int, int]] = {}
        self._duplicates = self._blocked = 0
        self._blocked_notes: list[str] = []
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

    def done(self, sha256: str, blank: int) -> QueryFile:
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
        return QueryFile(
            tuple(self._queries), blank, self._duplicates, tuple(notes), sha256, self._blocked, file,
            frozenset(self._passed_over), self._relevant,
        )  # fmt: skip

    def _add(self, line: int, cells: list[str]) -> None:
        """ValueError: what is wrong."""
        if any(cells[self._columns :]):
            what = f"{len(cells)} columns where the first row has {self._columns}"
            raise ValueError(f"{what}; put text that contains the delimiter in quotes")
        cells += [""] * (self._columns - len(cells))
        for place in self._unnamed:
            if cells[place] and not (place == 0 and cells[place].isdecimal()):  # pandas writes its index there.
                raise ValueError(f"{_shown(cells[place])} stands in a column without a name; name it")
        keyword, sources, filters = self._searched(line, cells)
        if not keyword:
            raise ValueError("no keyword in this row; write one, or delete the row")
        self._approve(keyword, sources, filters)
        if self._asked.blocked is not None and (term := self._asked.blocked(keyword)):
            self._leave_out(line, keyword, term)
            return
        given = self._text(line, "limit", cells)
        limit = _number(given) if given else self._usual(sources)
        label = self._text(line, "label", cells) or self._label(sources[0], keyword)
        query = Query(keyword, label, limit, sources, filters)
        if said := self._text(line, "relevant", cells):
            self._relevant.setdefault((keyword, label, filters), _yes(said))
        self._keep(line, query)

    def _searched(self, line: int, cells: list[str]) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]:
        """(keyword, sources, filters) of a row."""
        named, own = self._row_sources(line, cells), self._row_filters(line, cells)
        sources, place = named or self._sources, self._places["keyword"]
        if self._asked.as_search is not None:
            cells[place], sources, own = self._asked.as_search(cells[place].strip(), named, self._sources, own)
        return self._text(line, "keyword", cells), sources, tuple(sorted({**self._given, **own}.items()))

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
        self._duplicates += 1
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

    def _label(self, source: str, keyword: str) -> str:
        """The class of a row that names none."""
        if self._asked.label is None:
            return keyword
        try:
            return clean(self._asked.label(source, keyword))[0] or keyword
        except ValueError as error:
            raise ValueError(f"the label that {source} makes of it {error}; give one") from None

    def _row_filters(self, line: int, cells: list[str]) -> dict[str, str]:
        return {name: value for name in self._filters if (value := self._text(line, name, cells))}

    def _row_sources(self, line: int, cells: list[str]) -> tuple[str, ...]:
        names = re.split(r"[|+,;\s]+", self._text(line, "source", cells).casefold())
        return tuple(dict.fromkeys(filter(None, names)))

    def _approve(self, keyword: str, sources: tuple[str, ...], filters: tuple[tuple[str, str], ...]) -> None:
        """ValueError when the sources cannot use the filters or the keyword."""
        if problem := self._problem(sources, filters):
            raise ValueError(problem)
        if (fault := self._asked.fault) is None:
            return
        for source in sources:
            if problem := fault(source, keyword):
                raise ValueError(problem)

    def _checked(self, sources: tuple[str, ...], filters: tuple[tuple[str, str], ...]) -> str | None:
        return self._asked.check(Query("any", "any", 1, sources, filters)) if self._asked.check else None

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
