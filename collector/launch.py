"""Puts a run together: lock, ledger, clean-up after an earlier death, and the workers of both stages.

The only place that knows every room below it. It decides nothing about queries or pictures and
never prints.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from collector import layout, sources, urlmap
from collector.contracts import Source
from collector.lock import FolderLock
from collector.run import Run
from collector.settings import Settings
from collector.store import Ledger

_RUNNING = "running"
_OUR_NAME = re.compile(r"([0-9a-f]{32})\.[a-z]{3,4}")


@contextmanager
def workshop(folder: Path) -> Iterator[Ledger]:
    """The folder's ledger with nobody else at work, cleaned of what a killed run left.

    Locked, StoreError and OSError say why not.
    """
    from collector.fetch.parts import sweep_parts

    with FolderLock(folder), Ledger.open(folder) as ledger:
        sweep_parts(folder)
        died = ledger.note(_RUNNING)
        if died:
            remove_orphans(ledger, folder, datetime.fromisoformat(died).timestamp())
        ledger.remember(_RUNNING, datetime.now(UTC).isoformat())
        yield ledger
        ledger.remember(_RUNNING, "")


def remove_orphans(ledger: Ledger, folder: Path, since: float) -> list[Path]:
    """Delete pictures that a killed run had named but not yet recorded; their URLs are still to do.

    Only files written since that run began, named by us, whose bytes agree with the name: anything
    else in the folder belongs to the user. Returns what was deleted, relative to the folder.
    """
    known = set(ledger.paths())
    removed: list[Path] = []
    for directory in (entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink()):
        for file in directory.iterdir():
            path = file.relative_to(folder)
            name = _OUR_NAME.fullmatch(file.name)
            if path in known or name is None or not file.is_file() or file.stat().st_mtime < since - 2:
                continue
            with file.open("rb") as stream:
                ours = file_digest(stream, "sha256").hexdigest().startswith(name[1])
            if ours:
                file.unlink()
                removed.append(path)
        if removed and not any(directory.iterdir()):
            directory.rmdir()
    return removed


def assemble(ledger: Ledger, number: int, settings: Settings, *, search: bool, fetch: bool) -> Run:
    """A run with the workers of the stages asked for; they start when work is handed to them."""
    from collector.fetch.politeness import Hosts

    inbox: SimpleQueue[Any] = SimpleQueue()
    searchers = fetchers = None
    if search:
        from collector.search.pool import SearchPool

        def load(name: str) -> tuple[Source, Mapping[str, Any]]:
            return sources.load(name).search, settings.sources[name]

        searchers = SearchPool(settings.search, inbox.put, load, settings.diagnosis)
    if fetch:
        from collector.fetch.choice import open_pool

        fetchers = open_pool(settings.fetch, settings.out, inbox.put)
    hosts = Hosts(settings.fetch, time.monotonic)
    return Run(ledger, number, settings, inbox, hosts, searchers, fetchers, variations=_variations(settings))


def _variations(settings: Settings) -> Callable[[str], Sequence[tuple[str, str]]]:
    """What each source offers to widen a query, if that is wished for."""

    def variations(source: str) -> Sequence[tuple[str, str]]:
        return sources.load(source).VARIATIONS if settings.search.widen and source in sources.SOURCES else ()

    return variations


def write_map(ledger: Ledger, folder: Path) -> Path:
    """The master map as readable JSON beside the ledger; returns its path."""
    path = folder / layout.URLS
    urlmap.write_urls(path, ledger.urls())
    return path
