"""A file of comma, semicolon or tab separated text -> records with their physical line numbers.

Reads a file once and never writes it; what cannot be read is one InputError that names file and line.
Knows no column: what they mean is the business of whoever reads them.
"""

from __future__ import annotations

import codecs
import csv
import re
import stat
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.errors import InputError, UsageError

MAX_BYTES: Final = 1 << 30

_DELIMITERS: Final = (",", ";", "\t")
_NAMED_DELIMITERS: Final = {"\\t": "\t", "tab": "\t"}
_CHUNK: Final = 50_000
_SNIFFED: Final = 65_536
_NOT_TEXT: Final = (
    (b"PK\x03\x04", "a spreadsheet or another zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip file"),
    (b"SQLite format 3\0", "a database"),
    (b"PAR1", "a Parquet file"),
)
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


# --------------------------------------------------------------------------- bytes


def read_bytes(path: Path) -> bytes:
    """All of a regular file of at most 1 GiB. InputError for anything else, and when it cannot be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise InputError(f"{path}: this is {kind}; give a file")
        if status.st_size > MAX_BYTES:
            raise InputError(f"{path}: {status.st_size:,} bytes, more than 1 GiB; split the file")
        with path.open("rb") as file:
            return file.read(status.st_size)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: cannot be read: {reason}") from error


def decode(path: Path, raw: bytes, encoding: str | None = None) -> str:
    """The text with "\\n" as its only line end and without a byte order mark.

    InputError names what the file is when it is not text, or the first byte that does not fit the encoding.
    """
    for magic, kind in _NOT_TEXT:
        if raw.startswith(magic):
            raise InputError(f"{path}: this is {kind}, not text; save it as CSV (UTF-8)")
    name = encoding or _guess_encoding(raw)
    try:
        text = str(raw, name)
    except LookupError as error:
        raise UsageError(f"no encoding is called {name!r}; try utf-8, cp1252, gb18030 or utf-16") from error
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = len(re.findall(rb"\r\n|\r|\n", raw[:start])) + 1
        advice = "save the file as UTF-8, or name its encoding (cp1252, gb18030, ...)"
        raise InputError(f"{path}, line {line}: byte {start} is not {name.upper()}; {advice}") from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _guess_encoding(raw: bytes) -> str:
    """By the byte order mark; without one UTF-8, or UTF-16 when the first character can be nothing else."""
    for mark, name in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return name
    if len(raw) >= 2 and len(raw) % 2 == 0 and (raw[0] == 0) != (raw[1] == 0):
        return "utf-16-be" if raw[0] == 0 else "utf-16-le"
    return "utf-8"


# --------------------------------------------------------------------------- cells


def first_line(text: str) -> tuple[str, int]:
    """The first line that says something, at most 64 Ki characters of it, and its number from 1; "" if none does."""
    found = re.search(r"^.*[^\s,;].*$", text, re.MULTILINE)
    return (found[0][:_SNIFFED], text.count("\n", 0, found.start()) + 1) if found else ("", 0)


def split(line: str, delimiter: str) -> list[str]:
    """The stripped cells of one line."""
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]


def check_delimiter(given: str) -> str:
    """One character. UsageError for what cannot separate cells."""
    delimiter = _NAMED_DELIMITERS.get(given, given)
    if len(delimiter) != 1 or delimiter in '"\n\r ':
        raise UsageError(f"the delimiter must be one character such as , or ; or tab, not {given!r}")
    return delimiter


def sniff(line: str, headers: Sequence[str]) -> str:
    """The delimiter that finds one of the lower-case `headers` in a first line, else the first that cuts it."""
    splits = {delimiter: split(line, delimiter) for delimiter in _DELIMITERS}
    cutting = [delimiter for delimiter, cells in splits.items() if len(cells) > 1]
    fitting = [each for each in cutting if any(cell.casefold() in headers for cell in splits[each])]
    return (fitting or cutting or [","])[0]


@dataclass(frozen=True, slots=True)
class Table:
    """A text whose quotes are in order; pandas cuts it into records."""

    path: Path
    text: str
    delimiter: str
    columns: int
    breaks: tuple[int, ...]
    """The record number of every line break inside quotes, ascending."""

    def error(self, record: int, what: str) -> InputError:
        """What is wrong with a record."""
        return InputError(f"{self.path}, line {self.line(record)}: {what}")

    def line(self, record: int) -> int:
        """The physical line, from 1, in which a record begins."""
        return record + 1 + bisect_left(self.breaks, record)

    def records(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """(number from 0, cells) of every record, blank ones too; always `columns` cells.

        InputError for a record with more cells; missing ones are "".
        """
        import io

        import pandas as pd

        chunks = pd.read_csv(
            io.StringIO(self.text),
            sep=self.delimiter,
            header=None,
            names=range(self.columns),
            dtype=str,
            na_filter=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            chunksize=_CHUNK,
        )
        record = 0
        try:
            for chunk in chunks:
                for cells in zip(*(chunk[place].tolist() for place in chunk.columns), strict=True):
                    yield record, cells
                    record += 1
        except pd.errors.ParserError as error:
            raise self._ragged(error) from error

    def _ragged(self, error: Exception) -> InputError:
        """pandas counts records; the user counts lines."""
        found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if not found:
            return InputError(f"{self.path}: not a CSV file: {str(error).strip()}")
        what = f"{found[3]} columns where the first row has {found[1]}"
        return self.error(int(found[2]) - 1, f'{what}; put text that contains "{self.delimiter}" in quotes')


def table(path: Path, text: str, delimiter: str, columns: int) -> Table:
    """Check the quotes of a text. InputError names the line in which a quote opens that nobody closes."""
    return Table(path, text, delimiter, columns, _inner_breaks(path, text, delimiter))


def _inner_breaks(path: Path, text: str, delimiter: str) -> tuple[int, ...]:
    """A lenient reader makes one keyword of all that follows a quote nobody closed.

    So a quoted cell has to end before a delimiter or a line end. Quotes inside an unquoted cell (6" nail)
    are just characters.
    """
    if '"' not in text:
        return ()
    edge = re.escape(delimiter)
    quoted = re.compile(rf'(?:^|[\n{edge}]) *(?P<cell>"(?:[^"]|"")*+)(?P<close>" *(?=[\n{edge}]|\Z))?')
    breaks: list[int] = []
    counted = line = 0
    for cell in quoted.finditer(text):
        start, end = cell.span("cell")
        line += text.count("\n", counted, start)
        counted = end
        if cell["close"] is None:
            advice = 'close it, or write "" for a quote inside a quoted cell'
            raise InputError(f"{path}, line {line + 1}: the quote that opens here is not closed; {advice}")
        inner = text.count("\n", start, end)
        breaks += [line - len(breaks)] * inner
        line += inner
    return tuple(breaks)
