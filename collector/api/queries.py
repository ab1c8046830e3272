"""What is to be collected: keywords and rows written in Python, or CSVs of them, become planned queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector import sources
from collector.errors import InputError
from collector.importers.csv_reader import STDIN
from collector.importers.queries import Key, Planner, QueryFile, clean, read_queries
from collector.model import Query
from collector.settings import Limit, Settings


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One thing to look for, as a row of a CSV says it; exported as `collector.Query`.

    What is None is taken from the run: its limit, its source, its filters. The label, which names the class folder,
    is the keyword itself then (or what the source makes of it, where a keyword is an address or a user).
    """

    keyword: str
    label: str | None = None
    limit: Limit | None = None
    source: str | None = None
    """One source, or several to be merged by rank: google+openverse."""
    filters: Mapping[str, str] = field(default_factory=dict)
    relevant: bool | None = None
    """Whether pictures of it that do not show their class are replaced by others."""


def from_rows(rows: Iterable[str | QueryRow], settings: Settings) -> QueryFile:
    """Rows as planned queries; the same ones are asked once. InputError for one that cannot be used, or for none."""
    planner = Planner(settings)
    found: dict[Key, Query] = {}
    relevant: dict[Key, bool] = {}
    notes: list[str] = []
    for row in [QueryRow(row) if isinstance(row, str) else row for row in rows]:
        query = _planned(row, planner)
        if term := planner.blocked(query.keyword):
            notes.append(f"{query.keyword}: not searched, {term!r} is on the block list (policy.blocklist)")
            continue
        key = (query.keyword, query.label, query.filters)
        found.setdefault(key, query)
        if row.relevant is not None:
            relevant.setdefault(key, row.relevant)
    if not found and not notes:
        raise InputError("no keyword was given; give at least one")
    return QueryFile(tuple(found.values()), tuple(notes), relevant=relevant)


FILES: Final = (".csv", ".tsv", ".tab", ".txt", ".xlsx")
"""Endings by which a name is a file's, and no keyword."""


def from_arguments(
    given: Sequence[str], settings: Settings, encoding: str | None = None, delimiter: str | None = None
) -> QueryFile:
    """What a command line asks for: CSVs and `-` (standard input), keywords, or both. InputError as for each of them.

    A name is a file's when there is such a file, or when it ends as one does.
    """
    files = [text for text in given if _is_file(text)]
    words = [text for text in given if not _is_file(text)]
    parts = [from_file(Path(file), settings, encoding, delimiter) for file in files]
    parts += [from_rows(words, settings)] if words else []
    if len(parts) == 1:
        return parts[0]
    found: dict[Key, Query] = {}
    for query in (query for part in parts for query in part.queries):
        found.setdefault((query.keyword, query.label, query.filters), query)
    relevant = {key: said for part in reversed(parts) for key, said in part.relevant.items()}
    return QueryFile(tuple(found.values()), tuple(note for part in parts for note in part.notes), relevant=relevant)


def _is_file(text: str) -> bool:
    with suppress(OSError, ValueError):  # too long, or with a NUL in it: no file's name
        return text == str(STDIN) or text.casefold().endswith(FILES) or Path(text).is_file()
    return False


def from_file(path: Path, settings: Settings, encoding: str | None = None, delimiter: str | None = None) -> QueryFile:
    """The rows of a CSV as planned queries. InputError says what is wrong, in which line, and what to do."""
    return read_queries(path, Planner(settings), encoding, delimiter)


def _planned(row: QueryRow, planner: Planner) -> Query:
    named = sources.split_names(row.source or "")
    try:
        pasted, names, filters = planner.searched(row.keyword, named, row.filters)
    except ValueError as error:
        raise InputError(f"{row.keyword[:200]}: {error}") from None
    if not (keyword := _text(pasted, "keyword")):
        raise InputError("a keyword is empty; write one, or leave it out")
    try:
        planner.check(keyword, names, filters)
        label = _text(row.label, "label") if row.label else planner.label(names[0], keyword)
    except ValueError as error:
        raise InputError(f"{keyword[:200]}: {error}") from None
    limit = planner.limit(names) if row.limit is None else _limit(row.limit)
    return Query(keyword, label or keyword, limit, names, filters)


def _limit(given: Limit) -> int | None:
    if given == "all":
        return None
    if given < 1:
        raise InputError(f"the limit {given} is neither a whole number of at least 1 nor all")
    return given


def clean_text(text: str, name: str) -> str:
    """A keyword or class as it is stored; `name` says which. InputError for an empty or impossible one."""
    if not (found := _text(text, name)):
        raise InputError(f"the {name} is empty; write one")
    return found


def _text(text: str, name: str) -> str:
    try:
        return clean(text)[0]
    except ValueError as error:
        raise InputError(f"the {name} {error}") from None
