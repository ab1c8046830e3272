"""The first sheet of an Excel file (.xlsx) -> rows of cells as text. Needs openpyxl, an extra."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from collector.errors import InputError, install

_UNPACKED: Final = 1 << 28
"""Bytes of all parts of the file: a sheet of a million rows has some 100 MB."""


def read_spreadsheet(path: Path, raw: bytes) -> Iterator[tuple[int, list[str]]]:
    """(row from 1, cells). Formulas are their last results, whole numbers have no `.0`. InputError."""
    try:
        import openpyxl
    except ImportError:
        raise InputError(f"{path}: reading Excel files needs openpyxl: {install('excel')}; or save it as CSV") from None
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
        if unpacked > _UNPACKED:
            raise InputError(f"{path}: {unpacked:,} bytes when unpacked, more than {_UNPACKED:,}; save it as CSV")
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), start=1):
            yield number, [_text(cell) for cell in cells]
    except InputError:
        raise
    except Exception as error:  # A broken file raises whatever its parser meets.
        raise InputError(
            f"{path}: not a readable spreadsheet ({type(error).__name__}); save it as CSV (UTF-8)"
        ) from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
