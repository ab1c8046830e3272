"""Manifests and maps of other tools -> entries. Reads them and what lies beside them; fetches nothing.

better-bing-image-downloader: `manifest.jsonl`, one object per try (its docs/manifest.schema.json), and the older
`_manifest.json` of file names and URLs. img2dataset: Parquet, CSV or JSON with url, caption, key, status (its README).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from collector.importers import url_list
from collector.importers.entry import Entry
from collector.importers.url_list import Record
from collector.model import Hit
from collector.urls import url_key

_TITLE: Final = ("caption", "title", "alt", "text")
_PAGE: Final = ("source_page", "page", "referer", "foreign_landing_url", "source_url")
_PUBLISHED: Final = ("published", "date")
_WIDTH: Final = ("original_width", "width")
_HEIGHT: Final = ("original_height", "height")
_NAMES_OF_FILES: Final = "_manifest.json"
_STATISTICS: Final = "_stats.json"
"""img2dataset's, one a shard: no URLs in them."""


def entries(path: Path, label: str | None = None) -> Iterator[Entry]:
    """The URLs of a file, each with its class: that of its row, else `label`, else the file's or folder's name.

    A file that the manifest names and that lies beside it is taken as the picture, if its MD5 is the one that the
    manifest gives. InputError as for `url_list.read_records`.
    """
    if path.name.endswith(_STATISTICS):
        return
    old = path.name == _NAMES_OF_FILES
    folder = path.resolve().parent
    for record in url_list.read_records(path, label or (folder.name if path.stem == "manifest" else None)):
        if old:  # {"Image_1.jpg": URL}: what stands in a keyword's place is a file's name.
            record = Record(label or folder.name, record.url, (("file", record.keyword),))
        yield Entry(record.keyword, hit(record), _beside(folder, dict(record.fields)))


def hit(record: Record) -> Hit:
    """A record as a hit: caption, page and size in their places, the rest in `fields` as the file names it."""
    url, values = url_list.storable(record.url), dict(record.fields)
    names = {name.casefold(): name for name in values}
    title, page, published, width, height = (
        next((names[name] for name in wanted if name in names), "")
        for wanted in (_TITLE, _PAGE, _PUBLISHED, _WIDTH, _HEIGHT)
    )
    taken = {name for name in (title, page, published) if name}
    return Hit(
        url=url,
        key=url_key(url),
        page=values.get(page, ""),
        title=" ".join(values.get(title, "").split()),
        width=_side(values.get(width, "")),
        height=_side(values.get(height, "")),
        published=values.get(published, ""),
        way="import",
        fields=tuple((name, value) for name, value in record.fields if name not in taken),
    )


def _side(text: str) -> int:
    """Pixels; Parquet brings whole numbers as 640.0 where others are missing."""
    whole = text.removesuffix(".0")
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) < 7 else 0


def _beside(folder: Path, values: Mapping[str, str]) -> Path | None:
    """The file that a manifest names, looked for beside it only: a manifest must not reach into other folders."""
    name = values.get("file", "").replace("\\", "/").rpartition("/")[2]
    if not name or name.startswith("."):
        return None
    file = folder / name
    if not file.is_file() or file.is_symlink():
        return None
    checksum = values.get("md5", "").lower()
    if checksum:
        with file.open("rb") as stream:
            if hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() != checksum:
                return None
    return file
