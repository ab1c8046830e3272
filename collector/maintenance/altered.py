"""Pictures whose file was replaced since it was fetched: what is known of their bytes is forgotten, and the set leaves
them out until their own bytes are back.

Every fact about bytes (hashes, sketches, scores, flags, embeddings, proved copies) is kept by their sha256, so that
this is the only place that asks whether a file still has them. Reads files; changes none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from typing import Final

from collector.errors import MissingPictures, some
from collector.ledger import Ledger, vectors
from collector.ledger.paths import inside
from collector.ledger.rows import KEPT
from collector.maintenance.files import sha256

LOOKED: Final = "altered.looked"
"""The note of when all files were looked at last, in seconds since 1970."""


def leave_out(ledger: Ledger, folder: Path, notice: Callable[[str], None], at_most: int | None = None) -> int:
    """Look at all pictures, and at the bytes of those that may be others; `notice` is told of those found first now.
    How many of these were in the set.

    A file of the size that was fetched, and not written to since then or the last look, is believed. MissingPictures
    when more than `at_most` were in the set: nothing is changed then.
    """
    began, known = int(time.time()), ledger.dataset.altered()
    found = altered(ledger, folder)
    fresh = {name: path.as_posix() for name, path in found.items() if name not in known}
    lost = [fresh[name] for (name,) in ledger.dataset.cells(("sha256",), KEPT) if name in fresh] if fresh else []
    if at_most is not None and len(lost) > at_most:
        raise MissingPictures(
            f"nothing was exported: replaced since they were fetched: {some(lost)}; `collector verify --again` fetches"
            f" what was there, or go without them by --missing-ok {len(lost)}"
        )
    forget(ledger, folder, found.keys())
    with ledger.transaction():
        ledger.dataset.set_altered(found.keys())
        ledger.remember(LOOKED, str(began))
    if fresh:
        notice(
            f"replaced since it was fetched, so left out of the set (set.altered): {some(list(fresh.values()))};"
            " `collector verify --again` fetches what was there"
        )
    return len(lost)


def altered(ledger: Ledger, folder: Path) -> dict[str, Path]:
    """sha256 -> path of the saved pictures whose file has other bytes. Writes nothing."""
    known, looked = ledger.dataset.altered(), float(ledger.note(LOOKED) or 0)
    found: dict[str, Path] = {}
    for name, path, size, ended in ledger.dataset.entered():
        with suppress(OSError):  # What is gone or cannot be read is looked for elsewhere.
            file = os.stat(f"{folder}{os.sep}{path}")  # noqa: PTH116 - of each of a million: a Path costs more.
            since = max(looked, _time(ended) + 1)
            asked = file.st_size != size or file.st_mtime >= since or name in known
            if S_ISREG(file.st_mode) and asked and sha256(inside(folder, Path(path))) != name:
                found[name] = Path(path)
    return found


def forget(ledger: Ledger, folder: Path, sha256s: Collection[str]) -> None:
    """Drop what was found out about the bytes of these pictures: other bytes may have been looked at in their place."""
    if sha256s:
        vectors.forget(folder, sha256s)
        with ledger.transaction():
            ledger.dataset.forget_looks(sha256s)


def _time(ended: str) -> float:
    """Seconds since 1970; 0 where a row has no time."""
    try:
        return datetime.fromisoformat(ended).timestamp()
    except ValueError:
        return 0.0
