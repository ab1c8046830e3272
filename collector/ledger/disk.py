"""The disk under the output folder: its kind, whether bytes have reached it, what room is left. And the boot id.

Knows no ledger and no picture.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.ledger.layout import PART_PREFIX, PART_SUFFIX


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


NETWORK = frozenset(
    (
        *("nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "9p", "afs", "ceph"),
        *("lustre", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.davfs", "fuse.s3fs"),
        *("fuse.ceph", "beegfs"),
    )
)
"""File systems of another machine, as the system names them."""


def network(folder: Path, mounts: Iterable[tuple[str, str]] | None = None) -> str:
    """The kind of network file system a folder is on, "" for a local one or where that cannot be told.

    `mounts`: (mount point, file system) pairs; None asks the system. There SQLite's write-ahead log must not be
    used, because the machines share no memory (https://www.sqlite.org/wal.html).
    """
    place = folder.absolute().resolve()
    if mounts is None:
        import psutil

        try:
            mounts = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
        except OSError:
            return ""
    above = [(len(point), kind.lower()) for point, kind in mounts if place.is_relative_to(point)]
    _, kind = max(reversed(above), key=lambda entry: entry[0], default=(0, ""))  # the last one hides earlier ones
    return kind if kind in NETWORK else ""


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
            fsync(folder / path)
        for entry in existing if sys.platform != "win32" else ():
            fsync(entry)
        return
    for entry in {entry.stat().st_dev: entry for entry in existing}.values():
        handle = os.open(entry, os.O_RDONLY)
        try:
            _SYNCFS(handle)
        finally:
            os.close(handle)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what is to stand at a path: it gets there in one rename, when it is whole and on the disk itself;
    what stood there stays until then. No part file stays."""
    part = path.with_name(f"{PART_PREFIX}{path.name}{PART_SUFFIX}")
    try:
        yield part
        fsync(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def fsync(path: Path) -> None:
    """Return when the file is on the disk itself; one that is missing does not count."""
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
