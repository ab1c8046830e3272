"""Writes what Scrapy's files pipeline leaves: output.json, and full/ with a file per URL. Changes no picture.

The shape is that of Scrapy's FilesPipeline (docs.scrapy.org, "Downloading and processing files and images"): `path` is
full/, the SHA-1 of the URL and its extension; `checksum` is the MD5 of the bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from collector.ledger import Row, disk
from collector.ledger.layout import Folders, folder_name
from collector.ledger.paths import inside

LIST = "output.json"
_EXTENSION = re.compile(r"\.\w{1,10}")
_STATES = {"saved": "downloaded", "duplicate": "uptodate"}


@dataclass(frozen=True, slots=True)
class ScrapyResult:
    """What was written."""

    items: int
    files: int
    """Items whose picture is there."""
    lost: int
    """Items whose picture could not be had; their `files` is empty."""


def write(
    rows: Iterable[Row], images: Path, target: Path, *, files: bool = True, copy: bool = False, name: str = ""
) -> ScrapyResult:
    """Write target/output.json and, with `files`, target/full/: hard links, or copies where these cannot be.

    `name` is a template for other names below full/, such as "{pubDate} {title}"; see `Names`. Rows that are no
    picture's, because their page showed none, are left out. OSError when it cannot be written;
    an old list is then still there.
    """
    target.mkdir(parents=True, exist_ok=True)
    with disk.replacing(target / LIST) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        return _write(file, rows, images, target if files else None, copy, Names(name))


def _write(
    file: TextIO, rows: Iterable[Row], images: Path, target: Path | None, copy: bool, names: Names
) -> ScrapyResult:
    items = files = 0
    file.write("[")
    for row in rows:
        if row.reason == "page.no_picture":
            continue
        found = _files(row, images, names)
        if found and target is not None:
            _place(inside(images, row.file), target / found[0]["path"], copy)
        file.write(("\n" if items == 0 else ",\n") + json.dumps(_item(row, found), ensure_ascii=False))
        items += 1
        files += bool(found)
    file.write("\n]\n" if items else "]\n")
    return ScrapyResult(items, files, items - files)


def _item(row: Row, files: list[dict[str, str]]) -> dict[str, Any]:
    """The four keys, then the recipe's own fields."""
    item: dict[str, Any] = {"files": files, "file_urls": [row.url], "pubDate": row.published, "title": row.title}
    return item | {name: text for name, text in row.fields if name not in item}


def _files(row: Row, images: Path, names: Names) -> list[dict[str, str]]:
    """Empty when the picture is not there."""
    if row.path is None or row.state not in _STATES:
        return []
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with inside(images, row.file).open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except FileNotFoundError:
        return []
    return [{"url": row.url, "path": names.path(row), "checksum": digest.hexdigest(), "status": _STATES[row.state]}]


class Names:
    """What files are called: full/<SHA-1 of the URL> as Scrapy does, or by a template.

    A template is filled with title, pubDate, keyword, page, number (from 1) and the item's fields; what it does not
    know is empty. The names are made safe for every system, and told apart where two are the same.
    """

    def __init__(self, template: str = "") -> None:
        self._template = template
        self._taken = Folders()
        self._number = 0

    def path(self, row: Row) -> str:
        """Of the next row's file, relative to the list."""
        self._number += 1
        extension = _extension(row.url)
        if not self._template:
            return f"full/{hashlib.sha1(row.url.encode(), usedforsecurity=False).hexdigest()}{extension}"
        known = {"title": row.title, "pubDate": row.published, "keyword": row.keyword, "page": row.page}
        known |= {"number": str(self._number), **dict(row.fields)}
        filled = re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], ""), self._template)
        name = folder_name(" ".join(filled.split()), self._taken)
        self._taken.add(name)
        return f"full/{name}{extension}"


def _extension(url: str) -> str:
    """Of the URL, with its dot, as Scrapy takes it; "" where it has none."""
    with suppress(ValueError):
        suffix = Path(urlsplit(url).path).suffix
        return suffix if _EXTENSION.fullmatch(suffix) else ""
    return ""


def _place(source: Path, there: Path, copy: bool) -> None:
    there.parent.mkdir(parents=True, exist_ok=True)
    there.unlink(missing_ok=True)
    if not copy:
        with suppress(OSError):  # Another disk, or one without hard links.
            os.link(source, there)
            return
    shutil.copyfile(source, there)
