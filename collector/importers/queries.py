"""`queries.csv` -> `Query` values; what cannot be read is one InputError that names file and line.

Reads the file once and never writes it. Knows no source: which sources and filters exist is an argument.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from collector.errors import InputError
from collector.importers.csv_reader import Table, check_delimiter, decode, first_line, read_bytes, sniff, split, table
from collector.model import Query

Check = Callable[[Query], str | None]
"""What is wrong with a query's sources and filters, or None; asked once for each different set of them."""
UsualLimit = Callable[[tuple[str, ...]], int | None]
"""Sources -> the limit of a row that has none, None for all; asked once for each different set of them."""
Fault = Callable[[str, str], str | None]
"""(source, keyword) -> what is wrong with the keyword, or None; asked for every row."""
DefaultLabel = Callable[[str, str], str]
"""(source, keyword) -> the class of a row that names none; asked for every such row."""

FILTERS: Final = ("size", "color", "type", "time", "rights", "safe", "region", "language", "site", "exact", "exclude")
"""The filters that columns may be named after unless the caller knows better."""
MAX_LENGTH: Final = 512
"""Characters of a keyword or label."""
NAMED: Final = 10
"""Blocked rows that are named one by one; beyond, they are counted."""

_COLUMNS: Final = ("keyword", "limit", "label", "source")
_ALIASES: Final = {"keywords": "keyword", "query": "keyword", "sources": "source", "colour": "color"}
_KEYWORD: Final = ("keyword", "keywords", "query")
_BREAK: Final = re.compile(r" *[\t-\r\x1c-\x1f\x85\u2028\u2029]+ *")
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


def read_queries(
    path: Path,
    *,
    limit: int | UsualLimit | None,
    sources: tuple[str, ...],
    filters: Collection[str] = FILTERS,
    given: Mapping[str, str] | None = None,
    check: Check | None = None,
    fault: Fault | None = None,
    label: DefaultLabel | None = None,
    blocked: Callable[[str], str] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> QueryFile:
    """Read a CSV: one keyword a row without a header, or columns named in a header.

    `limit`, `sources` and the filters `given` hold for rows that do not set their own; a limit may be `all`.
    `fault` says what is wrong with a keyword, "" when nothing is; `label` names the class of rows that name none,
    which else is the keyword; `blocked` names the term for which a keyword is left out, "" when it is not. Two rows
    are duplicates when keyword, label and filters are the same but for spacing and Unicode form; the first one's
    limit counts, and the sources of both. InputError: what is wrong, in which line, what to do. UsageError: no such
    encoding.
    """
    raw = read_bytes(path)
    sha256 = hashlib.sha256(raw).hexdigest()
    text = decode(path, raw, encoding)
    del raw
    first, line = first_line(text)
    if not first:
        raise InputError(f"{path}: 0 keywords, the file is empty; write one keyword a row")
    separator = check_delimiter(delimiter) if delimiter else sniff(first, _KEYWORD)
    header = _header(path, first, line, separator, filters)
    records = table(path, text, separator, len(header.names))
    rows = _Rows(records, header, limit, sources, given or {}, _Asked(check, fault, label, blocked))
    for record, cells in records.records():
        if record >= header.line:
            rows.add(record, cells)
    return rows.done(sha256)


# --------------------------------------------------------------------------- columns


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str, ...]
    """One per column; "" where a column has no name and has to stay empty."""
    line: int
    """Where it stands, from 1; 0 when there is none."""


def _header(path: Path, first: str, line: int, delimiter: str, filters: Collection[str]) -> _Header:
    """What the columns mean. InputError for a name nobody knows, and for several columns without names."""
    cells = split(first, delimiter)
    names = tuple(_ALIASES.get(cell.casefold(), cell.casefold()) for cell in cells)
    known = (*_COLUMNS, *filters)
    where = f"{path}, line {line}"
    if "keyword" not in names:
        if sum(map(bool, cells)) > 1:
            advice = 'name them in a first row such as "keyword,limit", or put a keyword with a comma in quotes'
            raise InputError(f"{where}: {len(cells)} columns without a header ({_listed(cells)}); {advice}")
        return _Header(tuple("keyword" if cell else "" for cell in cells), 0)
    unknown = [cell for cell, name in zip(cells, names, strict=True) if name and name not in known]
    if unknown:
        found = f"unknown column {_listed(unknown)}; found {_listed(cells)}"
        raise InputError(f"{where}: {found}; possible are {', '.join(known)}")
    twice = [name for name in known if names.count(name) > 1]
    if twice:
        raise InputError(f"{where}: the column {_listed(twice)} is there twice; keep one")
    return _Header(names, line)


# --------------------------------------------------------------------------- cells -> queries


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who knows the sources; see `read_queries`."""

    check: Check | None
    fault: Fault | None
    label: DefaultLabel | None
    blocked: Callable[[str], str] | None
    """Who knows the block list."""


class _Rows:
    """Turns cells into queries, and remembers what it has seen."""

    def __init__(
        self,
        table: Table,
        header: _Header,
        limit: int | UsualLimit | None,
        sources: tuple[str, ...],
        given: Mapping[str, str],
        asked: _Asked,
    ) -> None:
        names = header.names
        self._table = table
        self._limit = limit
        self._sources = sources
        self._given = given
        self._asked = asked
        self._limits: dict[tuple[str, ...], int | None] = {}
        self._places = {name: place for place, name in enumerate(names) if name}
        self._unnamed = [place for place, name in enumerate(names) if not name]
        self._filters = sorted(name for name in self._places if name not in _COLUMNS)
        self._queries: list[Query] = []
        self._seen: dict[object, int] = {}
        self._notes: dict[str, tuple[int, int]] = {}
        self._approved: set[object] = set()
        self._blank = self._duplicates = self._blocked = 0
        self._blocked_notes: list[str] = []

    def add(self, record: int, cells: tuple[str, ...]) -> None:
        """One record."""
        if not any(cell and not cell.isspace() for cell in cells):
            self._blank += 1
            return
        for place in self._unnamed:
            if cells[place].strip():
                raise self._table.error(record, f"{_shown(cells[place])} stands in a column without a name; name it")
        keyword = self._text(record, "keyword", cells)
        if not keyword:
            raise self._table.error(record, "no keyword in this row; write one, or delete the row")
        sources, filters = self._row_sources(record, cells), self._row_filters(record, cells)
        self._approve(record, keyword, sources, filters)
        if self._asked.blocked is not None and (term := self._asked.blocked(keyword)):
            self._leave_out(record, keyword, term)
            return
        limit = self._limit_of(record, cells, sources)
        label = self._text(record, "label", cells) or self._label(record, sources[0], keyword)
        self._keep(record, Query(keyword, label, limit, sources, filters))

    def done(self, sha256: str) -> QueryFile:
        """Everything. InputError when there was not one keyword."""
        if not self._queries and not self._blocked:
            raise InputError(f"{self._table.path}: 0 keywords below the header; write one keyword a row")
        notes = [f"{text}: {count:,}, first in line {line}" for text, (count, line) in self._notes.items()]
        notes += self._blocked_notes
        if self._blocked > NAMED:
            notes.append(f"rows not searched because of the block list (policy.blocklist): {self._blocked:,} in all")
        return QueryFile(tuple(self._queries), self._blank, self._duplicates, tuple(notes), sha256, self._blocked)

    def _leave_out(self, record: int, keyword: str, term: str) -> None:
        """A row that is not to be searched; the first of them are named."""
        self._blocked += 1
        if self._blocked <= NAMED:
            why = f"not searched: {_shown(term)} is on the block list (policy.blocklist)"
            self._blocked_notes.append(f"line {self._table.line(record)}, {_shown(keyword)}: {why}")

    def _keep(self, record: int, query: Query) -> None:
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
            self._note(record, "rows that repeat an earlier one with another limit, which does not count")
        if new := tuple(source for source in query.sources if source not in first.sources):
            self._queries[place] = replace(first, sources=first.sources + new)

    def _text(self, record: int, name: str, cells: tuple[str, ...]) -> str:
        """A cell, NFC and stripped; "" when it is empty or there is no such column."""
        place = self._places.get(name)
        if place is None:
            return ""
        try:
            text, broken = clean(cells[place])
        except ValueError as error:
            raise self._table.error(record, f"the {name} {error}") from None
        if broken:
            self._note(record, f"{name}s with a line break or tab inside, which became a space")
        return text

    def _limit_of(self, record: int, cells: tuple[str, ...], sources: tuple[str, ...]) -> int | None:
        """The row's own, else the usual one; None for all."""
        text = self._text(record, "limit", cells)
        if not text:
            return self._usual(sources)
        if text.casefold() == "all":
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
            raise self._table.error(record, f"the limit {_shown(text)} is neither a whole number of at least 1 nor all")
        return int(text)

    def _usual(self, sources: tuple[str, ...]) -> int | None:
        """The limit of rows without one."""
        if not callable(self._limit):
            return self._limit
        if sources not in self._limits:
            self._limits[sources] = self._limit(sources)
        return self._limits[sources]

    def _label(self, record: int, source: str, keyword: str) -> str:
        """The class of a row that names none."""
        if self._asked.label is None:
            return keyword
        try:
            return clean(self._asked.label(source, keyword))[0] or keyword
        except ValueError as error:
            raise self._table.error(record, f"the label that {source} makes of it {error}; give one") from None

    def _row_filters(self, record: int, cells: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        own = {name: value for name in self._filters if (value := self._text(record, name, cells))}
        return tuple(sorted({**self._given, **own}.items()))

    def _row_sources(self, record: int, cells: tuple[str, ...]) -> tuple[str, ...]:
        names = re.split(r"[|+,;\s]+", self._text(record, "source", cells).casefold())
        return tuple(dict.fromkeys(filter(None, names))) or self._sources

    def _approve(
        self, record: int, keyword: str, sources: tuple[str, ...], filters: tuple[tuple[str, str], ...]
    ) -> None:
        """InputError when the sources cannot use the filters or the keyword."""
        asked, choice = self._asked, (sources, filters)
        if asked.check is not None and choice not in self._approved:
            if problem := asked.check(Query(keyword, keyword, 1, sources, filters)):
                raise self._table.error(record, problem)
            self._approved.add(choice)
        if asked.fault is not None:
            for source in sources:
                if problem := asked.fault(source, keyword):
                    raise self._table.error(record, problem)

    def _note(self, record: int, text: str) -> None:
        count, line = self._notes.get(text, (0, self._table.line(record)))
        self._notes[text] = (count + 1, line)


def clean(text: str) -> tuple[str, bool]:
    """(the text stripped and NFC-normalised, whether a line break or tab inside became a space).

    ValueError, to be put behind "the keyword": too long, control characters, or nothing that shows.
    """
    text, broken = text.strip(), 0
    if text and not (text.isascii() and text.isprintable()):
        if bad := _UNUSABLE.search(text):
            raise ValueError(f"{_shown(text)} contains the character U+{ord(bad[0]):04X}; remove it")
        if all(unicodedata.category(character) in _INVISIBLE for character in text):
            raise ValueError(f"{_shown(text)} shows nothing; write something visible")
        text, broken = _BREAK.subn(" ", text)
        text = unicodedata.normalize("NFC", text)
    if len(text) > MAX_LENGTH:
        raise ValueError(f"{_shown(text)} has {len(text):,} characters; at most {MAX_LENGTH} are possible")
    return text, broken > 0


def _spaced(text: str) -> str:
    """The text with every run of spaces as one; the very same object when there is nothing to do."""
    return " ".join(text.split()) if "  " in text or not text.isascii() else text


def _shown(text: str) -> str:
    """A cell as an error message shows it: short, in quotes."""
    text = " ".join(text[:200].split())
    return f'"{text[:40]}..."' if len(text) > 43 else f'"{text}"'


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(_shown(cell) for cell in cells[:20]) + (", ..." if len(cells) > 20 else "")
