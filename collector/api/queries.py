"""What is to be collected: keywords and rows written in Python, or a CSV of them, become planned queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from collector import sources
from collector.api.options import source_names
from collector.errors import InputError, UsageError
from collector.importers.blocklist import Terms
from collector.importers.csv_reader import STDIN
from collector.importers.queries import Key, QueryFile, clean, read_queries
from collector.model import Query
from collector.settings import USUAL_LIMIT, Limit, Settings


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
    blocked = block_list(settings)
    found: dict[Key, Query] = {}
    relevant: dict[Key, bool] = {}
    notes: list[str] = []
    repeated = 0
    for row in [QueryRow(row) if isinstance(row, str) else row for row in rows]:
        query = _planned(row, settings)
        if blocked is not None and (term := blocked(query.keyword)):
            notes.append(f"{query.keyword}: not searched, {term!r} is on the block list (policy.blocklist)")
            continue
        key = (query.keyword, query.label, query.filters)
        repeated += key in found
        found.setdefault(key, query)
        if row.relevant is not None:
            relevant.setdefault(key, row.relevant)
    if not found and not notes:
        raise InputError("no keyword was given; give at least one")
    return QueryFile(tuple(found.values()), 0, repeated, tuple(notes), "", len(notes), relevant=relevant)


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
    queries = [query for part in parts for query in part.queries]
    found = {(query.keyword, query.label, query.filters): query for query in reversed(queries)}
    return QueryFile(
        tuple(reversed(found.values())),
        sum(part.blank for part in parts),
        sum(part.duplicates for part in parts) + len(queries) - len(found),
        tuple(note for part in parts for note in part.notes),
        "",
        sum(part.blocked for part in parts),
        relevant={key: said for part in reversed(parts) for key, said in part.relevant.items()},
    )


def _is_file(text: str) -> bool:
    with suppress(OSError, ValueError):  # too long, or with a NUL in it: no file's name
        return text == str(STDIN) or text.casefold().endswith(FILES) or Path(text).is_file()
    return False


def from_file(path: Path, settings: Settings, encoding: str | None = None, delimiter: str | None = None) -> QueryFile:
    """The rows of a CSV as planned queries. InputError says what is wrong, in which line, and what to do."""
    return read_queries(
        path,
        limit=lambda names: usual_limit(settings, names),
        sources=source_names(settings.source),
        filters=sorted(settings.filters),
        given=_given(settings),
        check=_problem,
        fault=sources.validate_keyword,
        as_search=sources.as_search,
        label=sources.default_label,
        blocked=block_list(settings),
        encoding=encoding,
        delimiter=delimiter,
    )


def block_list(settings: Settings) -> Callable[[str], str] | None:
    """Keyword -> the term of the block list that it contains; None when there is no list."""
    return Terms.read(Path(settings.blocklist)).within if settings.blocklist else None


def usual_limit(settings: Settings, names: tuple[str, ...]) -> int | None:
    """The limit of rows without one: what the user said, else what is usual for their sources. None: everything."""
    if settings.limit is None:
        return None if all(sources.load(name).unlimited for name in names) else USUAL_LIMIT
    return None if settings.limit == "all" else settings.limit


def _planned(row: QueryRow, settings: Settings) -> Query:
    named = source_names(row.source) if row.source is not None else ()
    try:
        pasted, names, own = sources.as_search(row.keyword, named, source_names(settings.source), row.filters)
    except ValueError as error:
        raise InputError(f"{row.keyword[:200]}: {error}") from None
    keyword = _text(pasted, "keyword")
    if not keyword:
        raise InputError("a keyword is empty; write one, or leave it out")
    filters = tuple(sorted({**_given(settings), **own}.items()))
    if problem := _problem(Query(keyword, keyword, 1, names, filters)):
        raise InputError(f"{keyword[:200]}: {problem}")
    for name in names:
        if problem := sources.validate_keyword(name, keyword):
            raise InputError(f"{keyword[:200]}: {problem}")
    label = _text(row.label or sources.default_label(names[0], keyword), "label")
    return Query(keyword, label or keyword, _limit(row, settings, names), names, filters)


def _limit(row: QueryRow, settings: Settings, names: tuple[str, ...]) -> int | None:
    if row.limit is None:
        return usual_limit(settings, names)
    if row.limit == "all":
        return None
    if row.limit < 1:
        raise InputError(f"the limit {row.limit} is neither a whole number of at least 1 nor all")
    return row.limit


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


def _given(settings: Settings) -> dict[str, str]:
    """Filters of rows that set none of their own."""
    return {name: value for name, value in settings.filters.items() if value}


def _problem(query: Query) -> str | None:
    """What is wrong with a row's sources or filters, if anything."""
    for source in query.sources:
        try:
            sources.check_filters(source, dict(query.filters))
        except (UsageError, InputError) as error:
            return str(error)
    return None
