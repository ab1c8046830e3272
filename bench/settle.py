"""The last pass over a store's tables (limits and copies over all partitions) at a size that no fetch here reaches.

    python bench/settle.py                     1,000,000 rows
    python bench/settle.py --rows 10000000

Tables of 20,000 invented rows, of 10,000 keywords, one in twenty a copy of another; no tars. Time, CPU and memory are
those of a process that does nothing else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from collector.cluster.partitions import SIZE
from collector.cluster.piece import Marker, schema
from collector.cluster.settle import settle, settled
from collector.cluster.store import Store

KEYWORDS = 10_000
COPIES = 0.05
WANTED = 800
"""Of about a thousand that each keyword has at ten million rows."""


def table(random: np.random.Generator, first: int, rows: int) -> Any:
    """The rows of one piece."""
    keyword = random.integers(0, KEYWORDS, rows)
    same = random.random(rows) < COPIES
    number = np.where(same, random.integers(0, max(1, first), rows), np.arange(first, first + rows))
    columns: dict[str, Any] = {
        "keyword": [f"keyword number {one}" for one in keyword],
        "label": [f"class {one}" for one in keyword // 10],
        "source": ["google"] * rows,
        "url": [f"https://host-{one % 5000}.example.com/pictures/2026/11/{one:032x}.jpg" for one in number],
        "url_key": [f"host-{one % 5000}.example.com/pictures/2026/11/{one:032x}.jpg?{first}" for one in number],
        "page": [f"https://www.host-{one % 5000}.example.com/articles/{one}" for one in number],
        "title": [f"What a picture with the number {one} shows" for one in number],
        "sha256": [f"{one * 0x9E3779B97F4A7C15 % 2**64:016x}".ljust(64, "0") for one in number.tolist()],
        "state": ["saved"] * rows,
        "rank": random.integers(1, 1000, rows),
        "wanted": np.full(rows, WANTED),
        "bytes": np.full(rows, 109_000),
    }
    return pa.table([pa.array(columns.get(field.name, [None] * rows), field.type) for field in schema()], schema())


def filled(folder: Path, rows: int) -> Store:
    """A store as fetches leave it, but for the pictures."""
    store, random = Store(f"file://{folder}"), np.random.default_rng(1)
    for number, first in enumerate(range(0, rows, SIZE)):
        count = min(SIZE, rows - first)
        pq.write_table(table(random, first, count), folder / f"part-{number:05}-000-x.parquet")
        marker = Marker(f"part-{number:05}-000-x", number, count, {"saved": count}, {}, 1)
        store.put(f"{marker.piece}.tar", b"x")
        store.put(f"{marker.piece}.json", marker.dump())
    return store


def measured(url: str) -> tuple[float, float, float]:
    """Wall and CPU seconds, and most MB."""
    began = time.perf_counter()
    settle(Store(url), {})
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder), chosen.rows)
        with multiprocessing.get_context("spawn").Pool(1) as alone:
            wall, cpu, most = alone.apply(measured, (store.url,))
        size = store.sizes()["set.parquet"] / 1e6
        print(
            f"{chosen.rows:,} rows: {wall:.1f} s, {cpu:.1f} s CPU, {most:,.0f} MB at most; set.parquet {size:,.0f} MB"
        )
        print({reason or "kept": rows for reason, rows in sorted(settled(store).items())})


if __name__ == "__main__":
    main()
