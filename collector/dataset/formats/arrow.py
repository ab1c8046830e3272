"""The door to pyarrow, which is an extra; and Parquet files written the same way every time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from collector.errors import missing

GROUP: Final = 100
"""Rows of one group: small, because readers load whole groups and a row may hold a picture."""


def pyarrow() -> Any:
    """The library. UsageError that says how to get it."""
    try:
        import pyarrow as library
        import pyarrow.parquet
    except ImportError:
        raise missing("pyarrow", "this format", "parquet") from None
    return library


def write(path: Path, schema: Any, rows: Iterable[Iterable[object]], group: int = GROUP) -> None:
    """Write one file; a row has its cells in the order of the schema."""
    library = pyarrow()
    source = iter(rows)
    with library.parquet.ParquetWriter(path, schema, compression="snappy") as writer:
        while batch := list(islice(source, group)):
            columns = map(library.array, zip(*batch, strict=True), schema.types)
            writer.write_table(library.Table.from_arrays(list(columns), schema=schema), row_group_size=group)


def read(path: Path, columns: list[str], size: int = GROUP) -> Iterator[tuple[Any, ...]]:
    """The cells of one file in these columns, row after row; so many are held at a time."""
    with pyarrow().parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=size, columns=columns):
            yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
