"""One process per output folder: an advisory lock that the system drops when its owner dies.

The file also says who holds it, for the message to the second one; the text is never trusted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from collector.errors import FolderLocked
from collector.ledger import disk

FILE_NAME = ".collector.lock"


class FolderLock:
    """Held from `__enter__` to `__exit__`; FolderLocked when somebody else has it."""

    def __init__(self, folder: Path, flag: str = "--out") -> None:
        """`flag` is the one that names the folder, for the message."""
        self._flag = flag
        self._path = folder / FILE_NAME
        self._file: IO[str] | None = None

    def __enter__(self) -> FolderLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            _acquire(file)
        except OSError:
            file.seek(1)  # The first byte is the locked one; Windows would refuse to read it.
            owner = _owner(file.read(200))
            file.close()
            raise FolderLocked(
                f"{self._path.parent}: another collector works in this folder (process {owner});"
                f" wait for it, stop it, or give another {self._flag}"
            ) from None
        file.truncate(0)
        file.write(f" {os.getpid()} {disk.boot_id()}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()  # Closing drops the lock; the file stays, so that nobody locks a dead name.
            self._file = None


def _owner(text: str) -> str:
    """The process named in the file; a text from before the machine started names nobody."""
    pid, _, boot = text.strip().partition(" ")
    return pid if pid and boot == disk.boot_id() else "unknown"


if sys.platform == "win32":
    import msvcrt

    def _acquire(file: IO[str]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _acquire(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
