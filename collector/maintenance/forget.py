"""Finds what is to be forgotten by URL, file, host, hash or likeness, and forgets it: ledger first, then disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from collector import urls
from collector.errors import InputError, UsageError
from collector.http.blocklist import hosts as host_names
from collector.ledger import Ledger, vectors
from collector.ledger.paths import drop_if_empty, inside
from collector.ledger.rows import PICTURES
from collector.maintenance.files import in_its_place

_HEX = frozenset("0123456789abcdef")


@dataclass(slots=True)
class Wanted:
    """All that one command asks to forget."""

    files: dict[str, Path] = field(default_factory=dict)
    """sha256 -> path of a saved file, relative to the folder."""
    urls: dict[int, None] = field(default_factory=dict)
    """Numbers of URLs of which nothing is saved."""
    hosts: list[str] = field(default_factory=list)


def named(ledger: Ledger, folder: Path, texts: Iterable[str], wanted: Wanted) -> None:
    """Add pictures and URLs by URL, path or name of a file. InputError when one is not known."""
    for text in texts:
        shas = {row.sha256 for row in ledger.stats.why(text) if row.state in ("saved", "duplicate")}
        found = ledger.maintenance.files_with(sorted(shas))
        open_urls = ledger.maintenance.urls_unsaved(text, urls.url_key(text)) if "://" in text else []
        if not found and not open_urls:
            raise InputError(f"{text[:200]}: no saved picture and no open URL that {folder} knows")
        wanted.files.update(found)
        wanted.urls.update(dict.fromkeys(open_urls))


def by_host(ledger: Ledger, names: Iterable[str], wanted: Wanted) -> None:
    """Add everything from hosts and those below them. The host is remembered though it may have brought nothing yet."""
    for text in names:
        try:
            (name,) = host_names(text)
        except (UsageError, ValueError):
            raise UsageError(f"--domain {text[:60]}: no host name; write it like example.com") from None
        wanted.hosts.append(name)
        wanted.files.update(ledger.maintenance.files_from(name))
        wanted.urls.update(dict.fromkeys(ledger.maintenance.urls_from(name)))


def by_hash(ledger: Ledger, folder: Path, texts: Iterable[str], wanted: Wanted) -> None:
    """Add pictures by the hash of their bytes, whole or from its beginning on. InputError when one is not known."""
    for text in texts:
        sha256 = text.strip().lower()
        if not 16 <= len(sha256) <= 64 or not set(sha256) <= _HEX:
            raise UsageError(f"--sha {text[:80]}: 16 to 64 hexadecimal digits")
        if not (found := ledger.maintenance.files_with([sha256])):
            raise InputError(f"{sha256}: no saved picture of {folder} has this hash")
        wanted.files.update(found)


def by_likeness(ledger: Ledger, files: Iterable[Path], distance: int, wanted: Wanted) -> None:
    """Add pictures within so many bits of a file's PDQ hash, which need not be one of the set. They must be hashed."""
    import numpy as np

    from collector.images.hashing import hash_files
    from collector.images.pdq import RELIABLE, Hashed, unpacked

    known = ledger.alike.read()
    for file in files:
        [(_, looks)] = hash_files([("", file)], 1)
        if not isinstance(looks, Hashed):
            raise InputError(f"--near {file}: cannot be read as a picture: {looks}")
        if looks.quality < RELIABLE:
            raise InputError(
                f"--near {file}: too plain to be compared (quality {looks.quality} of 100); name files instead"
            )
        gaps = np.bitwise_count(known.words ^ unpacked([looks.hash])).sum(axis=1)
        alike = known.ids[(gaps <= distance) & (known.quality >= RELIABLE)].tolist()
        wanted.files.update((row.sha256, row.file) for row in ledger.dataset.rows(replace(PICTURES, ids=alike)))


def forget(ledger: Ledger, folder: Path, wanted: Wanted, tell: Callable[[Path, int], None]) -> None:
    """Forget it all; `tell` hears of every file with the number of URLs that led to it.

    The ledger goes first: a kill between the two leaves a file that nobody knows, which `verify` names.
    """
    for path in wanted.files.values():  # All of them, before the first is deleted.
        inside(folder, path)
    for name in wanted.hosts:
        ledger.maintenance.forget_host(name)
    for sha256, path in sorted(wanted.files.items(), key=lambda row: row[1]):
        urls = ledger.maintenance.forget_picture(sha256)
        _remove(folder, path)
        tell(path, urls)
    vectors.forget(folder, wanted.files.keys())
    ledger.maintenance.forget_urls(list(wanted.urls))


def _remove(folder: Path, path: Path) -> None:
    """The file, and the folders that are empty then; a moved reject lies beside the output folder. What is in its place
    and no file is somebody else's."""
    file = inside(folder, path)
    if not in_its_place(file):
        file.unlink(missing_ok=True)
    drop_if_empty(file.parent)
    if path.parts[:1] == ("..",):
        drop_if_empty(file.parent.parent)
