"""Part files: pictures on disk that wait for their name. Never names a picture and never looks at its bytes."""

from __future__ import annotations

import os
from pathlib import Path

from collector.images.child import write_all

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_PART = ".collector-{}.part"


def part_path(folder: Path, key: str) -> Path:
    """Where a part file lies: in the output folder itself, so that renaming never crosses a file system."""
    return Path(part_name(folder, key))


def part_name(folder: Path, key: str) -> str:
    """The same as text, for what is done for every picture: pathlib costs as much as opening the file."""
    return f"{folder}{os.sep}{_PART.format(key)}"


def write_part(folder: Path, key: str, body: bytes) -> Path:
    """A new part file with the bytes; see `write_new`."""
    part = part_name(folder, key)
    write_new(part, body)
    return Path(part)


def write_new(part: str, body: bytes) -> None:
    """A new file with the bytes; none is left behind when writing fails. OSError when the disk is at fault."""
    handle = os.open(part, _NEW, 0o666)
    try:
        try:
            write_all(handle, body)
        finally:
            os.close(handle)  # It too may be where a disk says that it is full.
    except OSError as error:
        Path(part).unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, part) from error  # Writing alone does not say where.


def sweep_parts(folder: Path) -> int:
    """Delete the part files that a killed run left; how many. Only for the one who holds the folder's lock."""
    parts = list(folder.glob(_PART.format("*")))
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)
