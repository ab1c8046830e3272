"""A file of comma, semicolon or tab separated text, or a spreadsheet -> rows of cells with their physical line numbers.

Reads a file once and never writes it; what cannot be read is one InputError that names file and line.
Knows no column: what they mean is the business of whoever reads them.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from collector.errors import InputError, UsageError

Row = tuple[int, list[str]]
"""(line from 1 in which the row begins, its stripped cells)."""
Rows = Iterator[Row]

MAX_BYTES: Final = 1 << 30
STDIN: Final = Path("-")

_DELIMITERS: Final = (",", ";", "\t")
_NAMED_DELIMITERS: Final = {"\\t": "\t", "tab": "\t"}
_SNIFFED: Final = 65_536
_NOT_TEXT: Final = (
    (b"PK\x03\x04", "a zip file"),
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


_EXCELS_OWN: Final = re.compile(r"sep=([^\w\s\"]|\t)\n")
"""The line in which Excel names the delimiter."""
_COMMENT: Final = re.compile(r"#(?![\w])")
"""A hashtag may be a keyword; # before a space or a sign begins a comment."""

csv.field_size_limit(MAX_BYTES)  # The module's own is 128 KiB; data: URLs are longer.


# --------------------------------------------------------------------------- bytes


def read_bytes(path: Path) -> bytes:
    """All of a regular file of at most 1 GiB, or of standard input for "-". InputError when it cannot be read."""
    try:
        if path == STDIN:
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise InputError("standard input: more than 1 GiB; split it")
            return raw
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


def decode(path: Path, raw: bytes, encoding: str | None = None, *, choosable: bool = True) -> str:
    """The text with "\\n" as its only line end and without a byte order mark. `choosable`: whether --encoding is known.

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
        advice = f"save the file as UTF-8{_or_name_it(raw) if choosable else ''}"
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


def _or_name_it(raw: bytes) -> str:
    """With a guess for the error message; nothing is read by a guess, because a wrong one spoils keywords silently."""
    from charset_normalizer import from_bytes

    best = from_bytes(raw[:_SNIFFED]).best()
    return (
        f", or name its encoding with --encoding ({f'it may be {best.encoding}' if best else 'cp1252, gb18030, ...'})"
    )


# --------------------------------------------------------------------------- cells


def read_rows(path: Path, raw: bytes, headers: Sequence[str], encoding: str | None, delimiter: str | None) -> Rows:
    """The rows of a CSV or a spreadsheet. `headers`: lower-case names of which the first row may have one."""
    if raw.startswith(b"PK\x03\x04"):
        from collector.importers.spreadsheet import read_spreadsheet

        return read_spreadsheet(path, raw)
    text = decode(path, raw, encoding)
    if named := _EXCELS_OWN.match(text):
        text, delimiter = text[named.end() - 1 :], delimiter or named[1]
    separator = check_delimiter(delimiter) if delimiter else sniff(first_line(text), headers)
    return csv_rows(path, text, separator)


def csv_rows(path: Path, text: str, delimiter: str) -> Rows:
    """Every row, blank ones as well; comment lines are passed over. InputError for quotes that are out of order."""
    number = start = 0
    begins = True

    def lines() -> Iterator[str]:
        nonlocal number, start, begins
        for line in io.StringIO(_tight(text, delimiter)):
            number += 1
            if begins and _COMMENT.match(line):
                continue
            if begins:
                start, begins = number, False
            yield line

    reader = csv.reader(lines(), delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        begins = True
        try:
            cells = next(reader, None)
        except csv.Error:
            advice = 'close it, or write "" for a quote inside a quoted cell'
            raise InputError(f"{path}, line {start}: a quote that opens here is not closed; {advice}") from None
        if cells is None:
            return
        yield start, [cell.strip() for cell in cells]


def _tight(text: str, delimiter: str) -> str:
    """Without spaces between a closing quote and the delimiter, which the strict reader does not know.

    A closing quote is the last of an odd number; what stands behind an opening one is stripped in any case.
    """
    edge = re.escape(delimiter)
    return re.sub(rf'(?<!")((?:"")*+") ++(?=[\n{edge}]|\Z)', r"\1", text) if '" ' in text else text


def first_line(text: str) -> str:
    """The first line that says something and is no comment, at most 64 Ki characters of it; "" if none does."""
    for line in io.StringIO(text):
        if line.strip(" ,;\t\n") and not _COMMENT.match(line):
            return line[:_SNIFFED]
    return ""


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
