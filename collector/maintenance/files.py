"""Pictures on disk against what the ledger says of them. Reads files; changes none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Final

from collector.ledger import Ledger, Row
from collector.ledger.layout import FILE_NAME
from collector.ledger.names import Named, Names, number_of
from collector.ledger.paths import LinkOut, inside
from collector.ledger.rows import Which

ALTERED: Final = ".altered"
"""Put behind the name of what is in the place of a picture, before its URL is fetched again."""
NAMES: Final = "names"
"""The note of the templates by which files were ever called, one a line."""

_KINDS: Final = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def sha256(file: Path) -> str:
    """The hash of a file's bytes. OSError when it cannot be read."""
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def trouble(folder: Path, saved: Row, bytes_too: bool = True) -> str:
    """ "" when the file is there as recorded, else `missing` or `altered`, as is what is no file at all. Its size is
    looked at first."""
    try:
        file = inside(folder, saved.file)
    except LinkOut:
        if not itself(folder, saved.file).is_symlink():
            raise
        return "altered"
    return file_trouble(file, saved.bytes, saved.sha256 if bytes_too else "")


def itself(folder: Path, path: Path) -> Path:
    """Where a row's file stands, a link at its very place not followed. LedgerError as `inside` of its folder."""
    return inside(folder, path.parent) / path.name


def file_trouble(file: Path, size: int | None, sha: str) -> str:
    """The same of any file; without `sha` one of the right size is believed, and without a size any is right."""
    try:
        if not file.is_file():
            return "altered" if os.path.lexists(file) else "missing"
        if (size is not None and file.stat().st_size != size) or (sha and sha256(file) != sha):
            return "altered"
    except FileNotFoundError:
        return "missing"
    return ""


def in_its_place(file: Path) -> str:
    """What is there instead of a file: "a folder", "a pipe"; "" for a file, or nothing."""
    if file.is_file() or not os.path.lexists(file):
        return ""
    mode = file.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "a link to no file"
    return next((what for fits, what in _KINDS if fits(mode)), "a device")


def set_aside(file: Path) -> None:
    """Give what is in the place of a picture a name that nothing has."""
    name, number = file.with_name(file.name + ALTERED), 1
    while os.path.lexists(name):
        number += 1
        name = file.with_name(f"{file.name}{ALTERED}-{number}")
    file.rename(name)


def class_folders(folder: Path, since: float = 0.0) -> list[Path]:
    """The folders in which something was made, renamed or deleted since then."""
    folders = (entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())
    return sorted(entry for entry in folders if entry.stat().st_mtime >= since)


def pictures(ledger: Ledger, folder: Path, since: float = 0.0) -> Iterator[Path]:
    """Files below class folders with a name of ours, from folders and files changed since then (seconds since 1970)."""
    templates = [Names.parse(text) for text in ledger.note(NAMES).splitlines()]
    for directory in class_folders(folder, since):
        for file in directory.iterdir():
            if file.is_symlink() or not file.is_file() or file.stat().st_mtime < since:
                continue
            if FILE_NAME.fullmatch(file.name) or _by_template(ledger, file, templates):
                yield file


def remember_names(ledger: Ledger, template: str) -> None:
    """Files may be called so from now on, and are known by it."""
    before = ledger.note(NAMES).splitlines()
    if template not in before:
        ledger.remember(NAMES, "\n".join((*before, template)))


def _by_template(ledger: Ledger, file: Path, templates: Sequence[Names]) -> bool:
    """Whether a template would call the picture of the URL so whose number the name ends with."""
    number = number_of(file.name) if templates else None
    row = next(ledger.dataset.rows(Which(id=number)), None) if number is not None else None
    if row is None or row.path is not None:
        return row is not None and row.path is not None and row.path.name == file.name
    named = Named.of(row, sha256(file))
    return any(template.stem(named) == file.stem for template in templates)


def made_here(file: Path) -> bool:
    """Whether a file with a name of ours is what we gave it for: the hash of what is inside, or by a template."""
    return not FILE_NAME.fullmatch(file.name) or sha256(file).startswith(file.name.partition(".")[0])


def torn(file: Path) -> bool:
    """Whether it ends in zeros, or nowhere: space that was given to it and never written."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        stream.seek(max(0, size - 512))
        return not any(stream.read())
