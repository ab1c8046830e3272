"""Other people's pictures and lists enter a collection: folders, manifests, maps of URLs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import InputError
from collector.ledger import Ledger
from collector.ledger.layout import LEDGER
from collector.settings import FetchSettings

if TYPE_CHECKING:
    from collector.api.collection import Collection
    from collector.importers.entry import Entry, Ignored
    from collector.importers.pictures import How


@dataclass(frozen=True, slots=True)
class Added:
    """What became of what was taken in."""

    urls: tuple[int, int] | None
    """(new, all) URLs of a manifest or map; None of a folder."""
    counts: Counter[str]
    """Pictures: saved, duplicate, `known before`, rejected, failed."""
    reasons: Counter[str]
    """Reason -> pictures that were not taken."""
    ignored: Counter[str]
    """Kind of file -> how many were passed over."""

    @property
    def to_fetch(self) -> bool:
        """Whether there are URLs whose pictures are not here yet."""
        return self.urls is not None and self.urls[1] > sum(self.counts.values())


def add(
    ledger: Ledger,
    folder: Path,
    path: Path,
    label: str | None = None,
    how: How = "copy",
    *,
    settings: FetchSettings | None = None,
    stopping: Callable[[], bool] = lambda: False,
    taking: Callable[[], None] = lambda: None,
) -> Added:
    """Take in a folder of pictures, or a manifest and the pictures beside it. InputError when it cannot be read.

    Folders of practice pictures are refused.
    `stopping` is looked at between groups of files; `taking` is told when files are about to be taken.
    """
    from collector.crawl import assemble
    from collector.importers import folders, manifests

    _refuse_practice(path, ledger.practice)
    into = _Into(ledger, folder, how, settings or FetchSettings(), stopping, taking)
    if path.is_dir():
        into.take(into.sifted(folders.entries(path, label, folder)))
        urls = None
    else:
        entries = list(manifests.entries(path, label))
        with ledger.interruptible(stopping):
            urls = ledger.intake.import_hits((entry.label, entry.hit) for entry in entries)
        into.take(entries)
    assemble.write_map(ledger, folder)
    return Added(urls, into.counts, into.reasons, into.ignored)


def _refuse_practice(path: Path, practice: bool) -> None:
    """InputError for drawings of the practice web, where pictures of the world are collected."""
    for place in (path, path.parent):
        if not practice and (place / LEDGER).is_file():
            with Ledger.inspect(place) as other:
                if other.practice:
                    raise InputError(f"{path}: drawings of the practice web, which are not pictures to collect")


def add_urls(collection: Collection, file: Path, stopping: Callable[[], bool] = lambda: False) -> tuple[int, int]:
    """Enter the URLs of a saved map into the ledger; (new, all). InputError when the file cannot be read."""
    from collector.crawl import assemble
    from collector.importers import manifests

    entries = list(manifests.entries(file))
    with collection.writing(create=True) as ledger:
        with ledger.interruptible(stopping):
            counts = ledger.intake.import_hits((entry.label, entry.hit) for entry in entries)
        assemble.write_map(ledger, collection.folder)
    return counts


class _Into:
    """Takes entries into one ledger, and counts."""

    def __init__(
        self,
        ledger: Ledger,
        folder: Path,
        how: How,
        settings: FetchSettings,
        stopping: Callable[[], bool],
        taking: Callable[[], None],
    ) -> None:
        self._ledger, self._folder, self._how, self._settings = ledger, folder, how, settings
        self._stopping, self._taking = stopping, taking
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()

    def take(self, entries: Iterable[Entry]) -> None:
        from collector.crawl.disk_guard import DiskGuard
        from collector.importers.pictures import Intake, Known
        from collector.maintenance.checkpoint import Checkpoints
        from collector.model import Duplicate, Saved

        watch = DiskGuard(self._folder, self._settings.keep_free, time.monotonic)
        tick = Checkpoints(self._ledger, self._folder).tick
        intake = Intake(self._ledger, self._folder, self._settings, self._how, tick)
        self._taking()
        with closing(intake.take(entries, self._stopping)) as outcomes:
            for outcome in outcomes:
                kind = "known before" if isinstance(outcome, Known) else type(outcome).__name__.lower()
                self.counts[kind] += 1
                if not isinstance(outcome, Known | Saved | Duplicate):
                    self.reasons[outcome.reason] += 1
                if (trouble := watch.trouble()) is not None:
                    raise trouble

    def sifted(self, entries: Iterable[Entry | Ignored]) -> Iterator[Entry]:
        from collector.importers.entry import Ignored

        for entry in entries:
            if isinstance(entry, Ignored):
                self.ignored[entry.why] += 1
            else:
                yield entry
