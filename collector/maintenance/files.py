"""Pictures on disk against what the ledger says of them. Reads files; changes none."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path

from collector.ledger import Row
from collector.ledger.layout import FILE_NAME
from collector.ledger.paths import inside


def sha256(file: Path) -> str:
    """The hash of a file's bytes. OSError when it cannot be read."""
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def trouble(folder: Path, saved: Row, bytes_too: bool = True) -> str:
    """ "" when the file is there as recorded, else `missing` or `altered`. Its size is looked at first."""
    return file_trouble(inside(folder, saved.file), saved.bytes, saved.sha256 if bytes_too else "")


def file_trouble(file: Path, size: int, sha: str) -> str:
    """The same of any file; without `sha` one of the right size is believed."""
    try:
        if not file.is_file():
            return "missing"
        if file.stat().st_size != size or (sha and sha256(file) != sha):
            return "altered"
    except FileNotFoundError:
        return "missing"
    return ""


def class_folders(folder: Path, since: float = 0.0) -> list[Path]:
    """The folders in which something was made, renamed or deleted since then."""
    folders = (entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
    return sorted(entry for entry in folders if entry.stat().st_mtime >= since)


def pictures(folder: Path, since: float = 0.0) -> Iterator[Path]:
    """Files below class folders with a name of ours, from folders and files changed since then (seconds since 1970)."""
    for directory in class_folders(folder, since):
        for file in directory.iterdir():
            ours = FILE_NAME.fullmatch(file.name) and not file.is_symlink() and file.is_file()
            if ours and file.stat().st_mtime >= since:
                yield file


def named_after_bytes(file: Path) -> bool:
    """Whether the name is the hash of what is inside: then we made it, whole."""
    return sha256(file).startswith(file.name.partition(".")[0])


def torn(file: Path) -> bool:
    """Whether it ends in zeros, or nowhere: space that was given to it and never written."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(max(0, size - 512))
        return not any(stream.read())
