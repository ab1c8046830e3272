"""The disk under the output folder: whether bytes have reached it, what room is left. And the boot id.

Knows no ledger and no picture.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path


def boot_id() -> str:
    """A text that changes whenever the machine starts; "" where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def room(folder: Path) -> int:
    """Bytes that we may still write below the folder. OSError when it is gone."""
    if hasattr(os, "statvfs"):
        state = os.statvfs(folder)
        return 0 if state.f_files and state.f_favail == 0 else state.f_bavail * state.f_frsize
    return shutil.disk_usage(folder).free


def flush(folder: Path, paths: Iterable[Path]) -> None:
    """Return when the files (relative to the folder) and their names are on the disk itself. Missing ones do not count.

    Linux: one syncfs(2) per file system, which since 5.8 also reports what could not be written
    (https://man7.org/linux/man-pages/man2/sync.2.html); elsewhere fsync of each file and folder.
    """
    paths = list(paths)
    folders = {folder, *((folder / path).parent for path in paths)}
    existing = [entry for entry in folders if entry.is_dir()]
    if _SYNCFS is None:
        for path in paths:
            _fsync(folder / path)
        for entry in existing if sys.platform != "win32" else ():
            _fsync(entry)
        return
    for entry in {entry.stat().st_dev: entry for entry in existing}.values():
        handle = os.open(entry, os.O_RDONLY)
        try:
            _SYNCFS(handle)
        finally:
            os.close(handle)


def _fsync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _find_syncfs() -> Callable[[int], None] | None:
    if sys.platform != "linux":
        return None
    try:
        function = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None

    def syncfs(handle: int) -> None:
        if function(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return syncfs


_SYNCFS = _find_syncfs()
