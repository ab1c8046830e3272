"""What holds over all partitions: the same bytes once, and the limit of each keyword. Over the tables alone.

Partitions know nothing of each other: a picture that lies at two hosts is saved by both, and a keyword's URLs beyond
its limit are fetched too; inside of one, the first to come has the bytes, whatever its rank. `set.parquet` names the
pictures of the set, in the order asked. Rows are dealt by their ranks to files on disk and decided file by file, so
that memory does not grow with them, but for 8 bytes each.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from collector.cluster.piece import HAVE_BYTES, markers, schema
from collector.cluster.store import Store
from collector.dataset.formats import arrow

SET: Final = "set.parquet"
AT_ONCE: Final = 100_000
"""Rows in memory, where not more are of one rank."""
FILES: Final = 400
"""At most so many are open; beyond, they hold more rows each."""
ORDER: Final = [(name, "ascending") for name in ("rank", "label", "keyword", "url_key")]
Numbers = np.ndarray[Any, np.dtype[np.integer[Any]]]


def settle(store: Store, wanted: Mapping[tuple[str, str], int], forgotten: Collection[str] = ()) -> None:
    """Write the table of all URLs that brought a picture, with `kept` and, where it is not, the reason in `left_out`.

    Of the same bytes the first by rank is kept, and of a keyword as many as `wanted` says of (keyword, label), or as
    were wanted when it was fetched. Pictures with a hash that is `forgotten` are left out.
    """
    library = arrow.pyarrow()
    prefixes, bounds = _looked_through(store)
    if not len(prefixes):
        return
    chooser = _Chooser(_repeated(prefixes), wanted, forgotten)
    del prefixes
    whole = schema().append(library.field("kept", library.bool_())).append(library.field("left_out", library.string()))
    with tempfile.TemporaryDirectory(prefix="collector-settle-") as folder:
        dealt = _dealt(store, bounds, Path(folder))
        with library.parquet.ParquetWriter(f"{folder}/{SET}", whole) as writer:
            for file in dealt:
                with library.ipc.open_stream(file) as stream:
                    table = stream.read_all().sort_by(ORDER)
                file.unlink()
                reasons = chooser.reasons(table)
                table = table.append_column("kept", library.array([not reason for reason in reasons]))
                writer.write_table(table.append_column("left_out", library.array(reasons, library.string())))
        store.put_file(SET, f"{folder}/{SET}")


def settled(store: Store) -> dict[str, int]:
    """Reason -> URLs that brought a picture, as `settle` left them; "" are those kept."""
    with store.open(SET) as file:
        column = arrow.pyarrow().parquet.read_table(file, columns=["left_out"])["left_out"]
    return {one["values"]: one["counts"] for one in column.value_counts().to_pylist()}


def _with_bytes(store: Store, columns: list[str] | None = None) -> Iterator[Any]:
    """The rows of each piece whose bytes are there."""
    library = arrow.pyarrow()
    sizes = store.sizes()
    for marker in markers(store, sizes):
        if marker.tar_bytes and marker.stands(sizes):
            with store.open(f"{marker.piece}.parquet") as file:
                yield library.parquet.read_table(file, columns=columns, filters=[("state", "in", HAVE_BYTES)])


def _looked_through(store: Store) -> tuple[Numbers, list[int]]:
    """The beginnings of all hashes, and the first rank of each file but the first, so that all hold about as many."""
    saved = sum(marker.states.get(state, 0) for marker in markers(store, store.sizes()) for state in HAVE_BYTES)
    prefixes, ranks, filled = np.empty(saved, np.uint64), Counter[int](), 0
    for table in _with_bytes(store, ["rank", "sha256"]):
        prefixes[filled : filled + len(table)] = _prefixes(table["sha256"])
        ranks.update(dict(zip(*map(np.ndarray.tolist, np.unique(table["rank"], return_counts=True)), strict=True)))
        filled += len(table)
    each, bounds, held = max(AT_ONCE, -(-saved // FILES)), list[int](), 0
    for rank, rows in sorted(ranks.items()):
        if held and held + rows > each:
            bounds.append(rank)
            held = 0
        held += rows
    return prefixes[:filled], bounds


def _prefixes(column: Any) -> Numbers:
    """The first 8 bytes of each hash: two that differ share them once in some billion pictures."""
    compute = arrow.pyarrow().compute
    digits = np.array(compute.utf8_slice_codeunits(column, 0, 16).to_pylist(), dtype="S16")
    found: Numbers = np.frombuffer(bytes.fromhex(digits.tobytes().decode()), dtype=">u8").astype(np.uint64)
    return found


def _repeated(prefixes: Numbers) -> Numbers:
    """Those that come more than once, in order."""
    prefixes.sort()
    found: Numbers = np.unique(prefixes[1:][prefixes[1:] == prefixes[:-1]])
    return found


def _dealt(store: Store, bounds: list[int], folder: Path) -> list[Path]:
    """The rows in files by their ranks, in order."""
    library = arrow.pyarrow()
    files = [folder / str(number) for number in range(len(bounds) + 1)]
    options = library.ipc.IpcWriteOptions(compression="lz4")
    with ExitStack() as stack:
        writers = [stack.enter_context(library.ipc.new_stream(file, schema(), options=options)) for file in files]
        for table in _with_bytes(store):
            places = np.searchsorted(bounds, table["rank"].to_numpy(), side="right")
            order = np.argsort(places, kind="stable")
            table, places = table.take(order), places[order]
            cuts = np.flatnonzero(np.diff(places, prepend=-1, append=len(files)))
            for begin, end in pairwise(cuts):
                writers[places[begin]].write_table(table.slice(begin, end - begin))
    return files


class _Chooser:
    """Why each row is left out, "" for those that stay; rows come in the order of who goes first."""

    def __init__(self, repeated: Numbers, wanted: Mapping[tuple[str, str], int], forgotten: Collection[str]) -> None:
        self._repeated, self._wanted, self._forgotten = repeated, wanted, forgotten
        self._owner: dict[str, str] = {}
        """Hash -> label of the row that has it, of those that come more than once."""
        self._left: dict[tuple[str, str], int] = {}

    def reasons(self, table: Any) -> list[str]:
        """Of the next rows."""
        hashes = table["sha256"].to_pylist()
        prefixes = _prefixes(table["sha256"])
        places = np.minimum(np.searchsorted(self._repeated, prefixes), max(0, len(self._repeated) - 1))
        repeated = (self._repeated[places] == prefixes).tolist() if len(self._repeated) else [False] * len(hashes)
        labels, keywords, wanted = (table[name].to_pylist() for name in ("label", "keyword", "wanted"))
        return list(map(self._reason, hashes, repeated, labels, keywords, wanted))

    def _reason(self, sha256: str, repeated: bool, label: str, keyword: str, wanted: int) -> str:
        if sha256 in self._forgotten:
            return "policy.forgotten"
        if repeated and (owner := self._owner.get(sha256)) is not None:
            return "duplicate.same_label" if owner == label else "duplicate.other_label"
        of = keyword, label
        left = self._left.get(of)
        if left is None:
            left = self._wanted.get(of, wanted)
        if left <= 0:
            return "policy.limit"
        self._left[of] = left - 1
        if repeated:
            self._owner[sha256] = label
        return ""
