"""The master map as a file: keyword -> URLs, written as JSON and read in every form people keep it in.

Executes nothing it reads and judges no URL: whether one can be fetched is found out by fetching it.
"""

from __future__ import annotations

import ast
import json
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, TextIO

from collector.errors import InputError
from collector.importers.csv_reader import Rows, csv_rows, decode, first_line, read_bytes, sniff
from collector.importers.parquet import read_parquet
from collector.importers.queries import clean
from collector.importers.spreadsheet import read_spreadsheet
from collector.ledger import disk

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One URL of a map, with what else the file says about it."""

    keyword: str
    url: str
    fields: Fields = ()
    """The other columns as (name, text), names as the file writes them; those without a value are left out."""


Records = Iterator[Record]

_KEYWORD: Final = ("keyword", "keywords", "query", "label", "class")
_URL: Final = ("url", "urls", "image_url", "link")
_TORN: Final = re.compile("[\ud800-\udfff]")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?!\\)\S", re.IGNORECASE)
_DEFAULTDICT: Final = re.compile(r"\s*defaultdict\(<class 'list'>, (\{.*\})\)\s*", re.DOTALL)


# --------------------------------------------------------------------------- writing


def write_urls(path: Path, pairs: Iterable[tuple[str, str]]) -> None:
    """Write {"keyword": ["url", ...]} in the order given; the old file stays until the new one is whole.

    The URLs of a keyword must come one after the other: ValueError when a keyword comes back later.
    Memory: the keywords, never the URLs. OSError when the file cannot be written; no part file stays.
    """
    try:
        with disk.replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
            _write(file, pairs)
    except OSError as error:
        error.filename = error.filename or str(path)  # A write knows only its number.
        raise


def _write(file: TextIO, pairs: Iterable[tuple[str, str]]) -> None:
    current: str | None = None
    seen: set[str] = set()
    file.write("{")
    for keyword, url in pairs:
        if keyword != current:
            if keyword in seen:
                raise ValueError(f"the URLs of {keyword!r} are not in one piece")
            seen.add(keyword)
            file.write(("\n" if current is None else "\n  ],\n") + f"  {_quoted(keyword)}: [\n    {_quoted(url)}")
            current = keyword
        else:
            file.write(f",\n    {_quoted(url)}")
    file.write("}\n" if current is None else "\n  ]\n}\n")


def _quoted(text: str) -> str:
    """JSON readable for people; a lone surrogate, which UTF-8 cannot hold, is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    try:
        quoted.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return quoted


# --------------------------------------------------------------------------- reading


def read_records(path: Path, keyword: str | None = None) -> Records:
    """Read somebody's saved map: what it is, is seen from its content.

    JSON {"keyword": ["url", ...]}; JSON Lines {"keyword": ..., "url": ...}; one or more printed Python
    dicts; CSV or TSV with the columns keyword and url, or two columns without a header; Parquet with these
    columns; a plain list with one URL a line. `keyword` is for files that have none; else their stem is
    taken. InputError: file, line, what to do; it may come late, so store nothing before the end.
    """
    fallback = path.stem if keyword is None else keyword
    raw = read_bytes(path)
    if raw.startswith(b"PAR1"):
        records = _parquet(path, raw, fallback)
    elif raw.startswith(b"PK\x03\x04"):
        records = _table(path, read_spreadsheet(path, raw), fallback)
    else:
        text = decode(path, raw, choosable=False)
        records = _structured(path, text, fallback) or _delimited(path, text, fallback)
    return _cleaned(path, records)


def _cleaned(path: Path, records: Iterable[Record]) -> Records:
    count = 0
    known: dict[str, str] = {}
    for record in records:
        keyword = known.get(record.keyword)
        if keyword is None:
            try:
                keyword = known[record.keyword] = clean(storable(record.keyword))[0]
            except ValueError as error:
                raise InputError(f"{path}: the keyword {error}") from None
            if not keyword:
                raise InputError(f"{path}: a keyword is empty; write one")
        if url := record.url.strip():
            yield Record(keyword, url, record.fields)
            count += 1
    if not count:
        raise InputError(f"{path}: 0 URLs; give a map of keywords to URLs, or a list of URLs")


# --------------------------------------------------------------------------- JSON, JSON Lines, Python


def _structured(path: Path, text: str, fallback: str) -> Records | None:
    """None when the text is none of these."""
    if wrapped := _DEFAULTDICT.fullmatch(text):
        text = wrapped[1]
    if not text.lstrip().startswith(("{", "[")):
        return None
    return _flat(path, _documents(path, text), fallback)


def _documents(path: Path, text: str) -> Iterator[tuple[int, object]]:
    """(line, value) of every JSON or Python value: one per line when each line is an object, else one in all."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > 1 and all(line.strip()[0] + line.strip()[-1] == "{}" for _, line in lines):
        for number, line in lines:
            yield number, _value(path, line, number)
    else:
        yield 1, _value(path, text, 1)


def _value(path: Path, text: str, line: int) -> object:
    """Of a text that begins in the given line. InputError names the line in which the better try broke off."""
    try:
        return json.loads(text, object_pairs_hook=_merged)
    except RecursionError:
        reached = 1
    except ValueError as error:
        reached = error.lineno if isinstance(error, json.JSONDecodeError) else 1
    if "'" in text:  # as every printed dict has; broken JSON must not pass as Python, which joins "a" "b"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # stray backslashes
                value: object = ast.literal_eval(text.strip())
                return value
        except (ValueError, TypeError, MemoryError, RecursionError):
            pass
        except SyntaxError as error:
            reached = max(reached, error.lineno or 1)
    what = "neither JSON nor a printed Python dict of keyword -> list of URLs"
    raise InputError(f"{path}, line {line + reached - 1}: {what}; is it cut off?") from None


def _merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which a name may come twice: its lists are joined."""
    merged: dict[str, Any] = {}
    for name, value in pairs:
        old = merged.get(name)
        merged[name] = old + value if isinstance(old, list) and isinstance(value, list) else value
    return merged


def _flat(path: Path, documents: Iterable[tuple[int, object]], fallback: str) -> Records:
    """Of values that are a map, a record of keyword and url, a URL, or a list of these."""
    for line, document in documents:
        for item in document if isinstance(document, list) else [document]:
            record = _record(item, fallback)
            if isinstance(item, str):
                yield Record(fallback, item)
            elif record:
                yield record
            elif isinstance(item, dict):
                for keyword, urls in item.items():
                    yield from _urls(path, line, str(keyword), urls)
            else:
                raise InputError(f"{path}, line {line}: {str(item)[:40]!r} stands where a keyword or URL should")


def _urls(path: Path, line: int, keyword: str, value: object) -> Records:
    for item in value if isinstance(value, list | tuple | set) else [value]:
        record = _record(item, keyword)
        if isinstance(item, str):
            yield Record(keyword, item)
        elif record:
            yield Record(keyword, record.url, record.fields)
        elif item is not None:  # old maps hold None where a thumbnail had no address
            raise InputError(f"{path}, line {line}: {str(item)[:40]!r} under {keyword[:40]!r} is not a URL")


def _record(item: object, fallback: str) -> Record | None:
    """Of a dict that has a URL among its fields."""
    if not isinstance(item, dict):
        return None
    names = {str(name).casefold(): name for name in item}
    url = next((names[name] for name in _URL if isinstance(item.get(names.get(name)), str)), None)
    keyword = next((names[name] for name in _KEYWORD if isinstance(item.get(names.get(name)), str | int | float)), None)
    if url is None:
        return None
    rest = {str(name): value for name, value in item.items() if name not in (url, keyword)}
    return Record((_text(item[keyword]) if keyword is not None else "") or fallback, item[url], _fields(rest))


def _fields(values: Mapping[str, object]) -> Fields:
    """As texts; what has no value (nothing, "", not a number) is left out."""
    texts = {name: _text(value) for name, value in values.items()}
    return tuple((name, text) for name, text in texts.items() if text)


def _text(value: object) -> str:
    if hasattr(value, "tolist"):  # numpy's, which Parquet brings
        value = value.tolist()
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>"):
        return ""
    if isinstance(value, dict | list | tuple | set):
        return storable(json.dumps(value, ensure_ascii=False, default=str)) if value else ""
    return storable(str(value).strip())


def storable(text: str) -> str:
    """A text that UTF-8 can hold: halves of a character that JSON tore apart become one, others U+FFFD."""
    if text.isascii() or not _TORN.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# --------------------------------------------------------------------------- tables and lists


def _delimited(path: Path, text: str, fallback: str) -> Records:
    first = first_line(text)
    is_table = path.suffix.lower() in (".csv", ".tsv") or "\t" in first
    if _SCHEME.match(first.strip()) and not is_table:
        return _plain(path, text, fallback)
    return _table(path, csv_rows(path, text, sniff(first, _URL)), fallback)


def _table(path: Path, rows: Rows, fallback: str) -> Records:
    """The records of rows; the first, of those that say anything, may hold the names of the columns."""
    filled: Rows = ((line, cells) for line, cells in rows if any(cells))
    line, first = next(filled, (0, []))
    if not first:
        raise InputError(f"{path}: 0 URLs, the file is empty")
    names = [cell.casefold() for cell in first]
    url, keyword = _place(names, _URL), _place(names, _KEYWORD)
    others: list[tuple[int, str]] = []
    if url is not None:
        others = [(place, name) for place, name in enumerate(first) if place not in (url, keyword) and name]
    else:
        url = next((place for place, cell in enumerate(first) if _SCHEME.match(cell)), None)
        if url is None or len(first) > 2:
            what = f"no column is called url; found {', '.join(first[:10])[:200]}"
            otherwise = ", or write one URL per line, with https://" if len(first) == 1 else ""
            advice = f"name the columns keyword and url in a first row{otherwise}"
            raise InputError(f"{path}, line {line}: {what}; {advice}")
        keyword = 1 - url if len(first) == 2 else None
        filled = chain([(line, first)], filled)
    for line, cells in filled:
        if any(cells[len(first) :]):
            what = f"{len(cells)} columns where the first row has {len(first)}; put text with commas in quotes"
            raise InputError(f"{path}, line {line}: {what}")
        cells += [""] * (len(first) - len(cells))
        label = fallback if keyword is None else cells[keyword]
        if not label or not cells[url]:
            raise InputError(f"{path}, line {line}: a row needs a keyword and a url; complete it or delete it")
        yield Record(label, cells[url], tuple((name, cells[place]) for place, name in others if cells[place]))


def _place(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _plain(path: Path, text: str, keyword: str) -> Records:
    """One URL a line; empty lines and lines that begin with # do not count."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if not _SCHEME.match(line.strip()):
            raise InputError(
                f"{path}, line {number}: {line.strip()[:40]!r} is not a URL; write one per line, with https://"
            )
        yield Record(keyword, line)


def _parquet(path: Path, raw: bytes, fallback: str) -> Records:
    rows = read_parquet(path, raw)
    names = next(rows)
    lower = [str(name).casefold() for name in names]
    url, keyword = _place(lower, _URL), _place(lower, _KEYWORD)
    if url is None:
        raise InputError(f"{path}: no column is called url; found {', '.join(lower[:20])}")
    others = [(place, str(name)) for place, name in enumerate(names) if place not in (url, keyword)]
    for row in rows:
        if isinstance(row[url], str):
            given = _text(row[keyword]) if keyword is not None else ""
            yield Record(given or fallback, row[url], _fields({name: row[place] for place, name in others}))
