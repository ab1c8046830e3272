"""The door to pyarrow, which is an extra; and Parquet files written the same way every time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def write(path: Path, schema: Any, rows: Iterable[dict[str, Any]], group: int = GROUP) -> int:
    """Write one file; how many rows."""
    library = pyarrow()
    count = 0
    with library.parquet.ParquetWriter(path, schema, compression="snappy") as writer:
        for batch in batches(rows, group):
            writer.write_table(library.Table.from_pylist(batch, schema=schema), row_group_size=group)
            count += len(batch)
    return count


def read(path: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of one file, group by group."""
    with pyarrow().parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=GROUP, columns=columns):
            yield from batch.to_pylist()


def batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Lists of so many."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
