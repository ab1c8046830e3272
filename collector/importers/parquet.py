"""A Parquet file -> its rows, in bounded memory and time whatever it is compressed to. Needs pyarrow, an extra."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from collector.errors import InputError, install

ROWS_AT_ONCE: Final = 1024
MOST_CELLS: Final = 20_000_000
"""Cells that any file may have; beyond, one for each of its bytes, which no list of URLs comes near."""
MOST_UNPACKED: Final = 1 << 28
"""Bytes, unpacked, that any file may have; beyond, a hundred for each of its own."""
MOST_READ: Final = 1 << 30
"""Bytes of all cells: one long text, told once and repeated for every row, is small in the file."""


def read_parquet(path: Path, raw: bytes) -> Iterator[Sequence[Any]]:
    """The names of the columns, then every row. InputError: what is wrong with the file."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        advice = f"{install('parquet')}; or save it as CSV"
        raise InputError(f"{path}: reading Parquet needs pyarrow: {advice}") from None
    try:
        file = parquet.ParquetFile(io.BytesIO(raw))
        _check_size(path, file.metadata, len(raw))
        texts = [field.name for field in file.schema_arrow if str(field.type) in ("string", "large_string")]
        yield file.schema_arrow.names
        file = parquet.ParquetFile(io.BytesIO(raw), read_dictionary=texts)
        read = 0
        for batch in file.iter_batches(ROWS_AT_ONCE):
            read += sum(map(_size, batch.columns))
            if read > MOST_READ:
                raise InputError(f"{path}: its cells have more than {MOST_READ:,} bytes; split the file")
            yield from zip(*map(_cells, batch.columns), strict=True)
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0]}") from error


def _check_size(path: Path, metadata: Any, size: int) -> None:
    """InputError for a file that says so itself that it is a bomb."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    cells = sum(group.column(place).num_values for group in groups for place in range(group.num_columns))
    unpacked = sum(group.total_byte_size for group in groups)
    if cells > max(MOST_CELLS, size) or unpacked > max(MOST_UNPACKED, 100 * size):
        raise InputError(f"{path}: {unpacked:,} bytes and {cells:,} cells in {size:,} bytes; not a list of URLs")


def _size(column: Any) -> int:
    """Bytes of all values, a text as often as it stands there."""
    from pyarrow import compute

    if not hasattr(column, "dictionary"):
        return int(column.nbytes)
    return compute.sum(compute.binary_length(column.dictionary).take(column.indices)).as_py() or 0


def _cells(column: Any) -> list[Any]:
    """The values; where few texts repeat, they are one object, however often they do."""
    if not hasattr(column, "dictionary") or len(column.dictionary) > len(column):
        return list(column.to_pylist())
    words = column.dictionary.to_pylist()
    return [None if place is None else words[place] for place in column.indices.to_pylist()]
