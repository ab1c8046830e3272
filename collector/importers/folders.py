"""A folder of pictures, laid out as class folders -> entries. Looks at names and descriptions, never at pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from collector.errors import InputError
from collector.http.decoding import json_of
from collector.importers.entry import Entry, Ignored
from collector.importers.queries import clean
from collector.model import Hit
from collector.urls import url_key

SPLITS: Final = frozenset(("train", "training", "val", "valid", "validation", "dev", "test", "testing"))
"""When all folders at the top are called so, the classes are below them."""
DESCRIPTIONS: Final = frozenset(
    f".{name}"
    for name in (
        *("txt", "caption", "json", "jsonl", "xml", "csv", "tsv", "yaml", "yml", "md", "html", "parquet"),
        *("log", "db", "sqlite", "ini", "toml", "tar", "zip", "npy"),
    )
)
"""Files that stand beside pictures and are none."""
_LONGEST = 65_536
"""Bytes of a description that are read."""


def entries(root: Path, label: str | None = None, without: Path | None = None) -> Iterator[Entry | Ignored]:
    """Every file below `root`, sorted; its class is the first folder below the root, `label` if that is given.

    Pictures directly in the root have its name as class. Below train, val, test and the like the next folder is the
    class, and the split is kept as a field. `without`: a folder that is not entered. Links to folders are not followed.
    The URL is file://, with the whole path. InputError when the root cannot be read or a name is no possible class.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder")
    split = _by_split(root)
    for here, folders, files in os.walk(root, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not _hidden(name) and not _same(Path(here, name), without))
        for name in sorted(files):
            file = Path(here, name)
            if why := _ignored(file):
                yield Ignored(file, why)
            else:
                yield _entry(file, file.relative_to(root).parts[:-1], root, label, split)


def _entry(file: Path, folders: tuple[str, ...], root: Path, label: str | None, split: bool) -> Entry:
    below = folders[1:] if split else folders
    fields = (("split", folders[0]),) if split and folders else ()
    name = label or (below[0] if below else folders[0] if folders else root.resolve().name)
    try:
        name = clean(name)[0]
    except ValueError as error:
        raise InputError(f"{file.parent}: the class {error}") from None
    url = file.resolve().as_uri()
    title, more = _description(file)
    hit = Hit(url=url, key=url_key(url), title=title, way="import", fields=(*fields, *more))
    return Entry(name or "pictures", hit, file)


def _description(file: Path) -> tuple[str, tuple[tuple[str, str], ...]]:
    """(caption, other fields) of the .txt and .json beside a picture, as img2dataset and caption tools leave them."""
    caption = _read(file.with_suffix(".txt")) or _read(file.with_suffix(".caption"))
    try:
        data = json_of(_read(file.with_suffix(".json")) or "{}")
    except ValueError:
        data = {}
    values = data if isinstance(data, dict) else {}
    fields = {
        str(name): value for name, value in values.items() if isinstance(value, str | int | float) and value != ""
    }
    caption = caption or str(fields.get("caption", ""))
    return " ".join(caption.split()), tuple((name, str(value)) for name, value in fields.items() if name != "caption")


def _read(file: Path) -> str:
    """The beginning of a text beside a picture; "" when there is none."""
    try:
        with file.open("rb") as stream:
            return stream.read(_LONGEST).decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _by_split(root: Path) -> bool:
    names = [entry.name for entry in root.iterdir() if entry.is_dir() and not _hidden(entry.name)]
    return bool(names) and all(name.casefold() in SPLITS for name in names)


def _ignored(file: Path) -> str:
    if _hidden(file.name):
        return "hidden"
    if file.suffix.lower() in DESCRIPTIONS:
        return "description"
    return "" if file.is_file() else "not a file"


def _hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name.casefold() in ("thumbs.db", "desktop.ini")


def _same(folder: Path, other: Path | None) -> bool:
    return other is not None and other.exists() and folder.samefile(other)


def _unreadable(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from None
