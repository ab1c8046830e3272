"""One process per output folder: an advisory lock that the system drops when its owner dies.

The folder itself is locked as well, so that a lock file that is deleted lets nobody in. The file also says who holds
it, for the message to the second one; the text is never trusted.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO

from collector.errors import FolderLocked
from collector.ledger import disk

FILE_NAME = ".collector.lock"
_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
"""What a lock that somebody else has is told as; all else is the file system's trouble."""


class FolderLock:
    """Held from `__enter__` to `__exit__`; FolderLocked when somebody else has it."""

    def __init__(self, folder: Path, flag: str = "--out") -> None:
        """`flag` is the one that names the folder, for the message."""
        self._flag = flag
        self._path = folder / FILE_NAME
        self._held = ExitStack()

    def __enter__(self) -> FolderLock:
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            if not _acquire_folder(folder, held):
                raise self._locked()
            try:
                file = held.enter_context(self._path.open("a+", encoding="utf-8"))
            except io.UnsupportedOperation:  # A pipe, or a device.
                raise OSError(errno.ESPIPE, "it is not a plain file", str(self._path)) from None
            try:
                _acquire(file)
            except OSError as error:
                if error.errno in _HELD:
                    raise self._locked() from None
                raise OSError(error.errno, error.strerror, str(self._path)) from None
            file.truncate(0)
            file.write(f" {os.getpid()} {disk.boot_id()}\n")
            file.flush()
            self._held = held.pop_all()
        return self

    def _locked(self) -> FolderLocked:
        return FolderLocked(
            f"{self._path.parent}: another collector works in this folder (process {_owner(self._path)});"
            f" wait for it, stop it, or give another {self._flag}"
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()  # Closing drops the lock; the file stays, so that nobody locks a dead name.


def _owner(path: Path) -> str:
    """The process named in the file; one that is gone, or from before the machine started, names nobody."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            file.seek(1)  # The first byte is the locked one; Windows would refuse to read it.
            text = file.read(200)
    except OSError:
        return "unknown"
    pid, _, boot = text.strip().partition(" ")
    return pid if pid and boot == disk.boot_id() else "unknown"


if sys.platform == "win32":
    import msvcrt

    def _acquire(file: IO[str]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _acquire_folder(_folder: Path, _held: ExitStack) -> bool:
        """Windows deletes no file that is open: the lock file is enough."""
        return True
else:
    import fcntl

    def _acquire(file: IO[str]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _acquire_folder(folder: Path, held: ExitStack) -> bool:
        """Lock the folder itself until `held` is closed; False when somebody has it.

        True as well where a folder cannot be locked (NFS): there the lock file alone counts.
        """
        number = os.open(folder, os.O_RDONLY)
        held.callback(os.close, number)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True
