"""What holds over all partitions: the same bytes once, and the limit of each keyword. Over the tables alone.

Partitions know nothing of each other: a picture that lies at two hosts is saved by both, and a keyword's URLs beyond
its limit are fetched too. `set.parquet` names the pictures of the set, in the order asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from collector.cluster.piece import markers
from collector.cluster.store import Store
from collector.dataset.formats import arrow

SET: Final = "set.parquet"


def settle(store: Store, forgotten: Callable[[str], bool] = lambda _: False) -> None:
    """Write the table of all saved pictures, each with `kept` and, where it is not, the reason in `left_out`.

    Of the same bytes the first by rank is kept, and of a keyword as many as wanted.
    """
    library = arrow.pyarrow()
    tables = []
    for marker in markers(store, store.sizes()):
        if marker.tar_bytes:
            with store.open(f"{marker.piece}.parquet") as file:
                tables.append(library.parquet.read_table(file, filters=[("state", "=", "saved")]))
    if not tables:
        return
    table = library.concat_tables(tables)
    order = [("rank", "ascending"), ("label", "ascending"), ("keyword", "ascending"), ("url_key", "ascending")]
    table = table.sort_by(order)
    reasons = _reasons(table, forgotten)
    table = table.append_column("kept", library.array(reasons == ""))
    table = table.append_column("left_out", library.array(reasons.tolist(), library.string()))
    with tempfile.TemporaryDirectory() as folder:
        library.parquet.write_table(table, f"{folder}/{SET}")
        store.put_file(SET, f"{folder}/{SET}")


def settled(store: Store) -> dict[str, int]:
    """Reason -> saved pictures, as `settle` left them; "" are those kept."""
    with store.open(SET) as file:
        column = arrow.pyarrow().parquet.read_table(file, columns=["left_out"])["left_out"]
    return {one["values"]: one["counts"] for one in column.value_counts().to_pylist()}


def _reasons(table: Any, forgotten: Callable[[str], bool]) -> np.ndarray[Any, np.dtype[np.str_]]:
    """Why each row is left out, "" for those that stay; rows in the order of who comes first."""
    hashes = table["sha256"].to_pylist()
    labels = table["label"].to_pylist()
    reasons = np.full(len(hashes), "", dtype="<U24")
    owner: dict[str, str] = {}
    left: dict[tuple[str, str], int] = {}
    columns = zip(hashes, labels, table["keyword"].to_pylist(), table["wanted"].to_pylist(), strict=True)
    for place, (sha256, label, keyword, wanted) in enumerate(columns):
        if forgotten(sha256):
            reasons[place] = "policy.forgotten"
        elif sha256 in owner:
            reasons[place] = "duplicate.same_label" if owner[sha256] == label else "duplicate.other_label"
        elif left.setdefault((keyword, label), wanted) <= 0:
            reasons[place] = "policy.limit"
        else:
            owner[sha256] = label
            left[keyword, label] -= 1
    return reasons
