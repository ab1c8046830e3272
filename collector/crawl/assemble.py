"""Opens a collection (lock, ledger, clean-up after an earlier death) and builds a run with the workers of both stages.

The only place that knows every room below it. It decides nothing about queries or pictures and
never prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from collector import sources
from collector.browser.contract import Viewer
from collector.crawl.run import Run
from collector.http.blocklist import hosts
from collector.importers import url_list
from collector.ledger import Ledger, disk, layout
from collector.ledger.ledger import recall
from collector.ledger.lock import FolderLock
from collector.maintenance import startup
from collector.maintenance.checkpoint import Checkpoints
from collector.maintenance.files import remember_names
from collector.model import Emit, Message, Noticed
from collector.settings import Settings
from collector.sources.contract import Source

if TYPE_CHECKING:
    from collector.fetch.browser_fallback import Fetchers
    from collector.fetch.process import Start

CHANGED = "changed"
"""The note of how many rows have changed since the last backup."""
BACKUP_SHARE = 200
"""A backup is made when at least one row in so many has changed: its price stays below that of the changes."""


@contextmanager
def open_collection(
    folder: Path, notice: Callable[[str], None] = lambda _: None, hurried: Callable[[], bool] = lambda: False
) -> Iterator[Ledger]:
    """The folder's ledger with nobody else at work, cleaned of what a killed run left; `notice` is told of losses.

    At a good end everything is on disk and a backup is made, unless `hurried`: then the next run does it.
    FolderLocked, LedgerError and OSError say why not.
    """
    from collector.fetch.parts import sweep_parts

    with FolderLock(folder), Ledger.open(folder) as ledger:
        sweep_parts(folder)
        if kind := disk.network(folder):
            notice(
                f"{folder} is on a network file system ({kind}): slower, and its locks are only as good as the server's"
            )
        mended = startup.after_unclean_stop(ledger, folder)
        if mended.lost:
            notice(f"the machine stopped during an earlier run: {mended.lost} pictures were lost and are fetched again")
        if again := startup.readable_now(ledger):
            notice(f"pictures tried again, now that their extra is installed: {again:,}")
        startup.begin(ledger)
        before = ledger.changes
        try:
            yield ledger
        finally:
            with suppress(OSError):  # Where the disk is away, its own trouble tells more.
                sweep_parts(folder)
        changed = int(ledger.note(CHANGED) or 0) + ledger.changes - before
        if not hurried():
            Checkpoints(ledger, folder).close()
            if changed * BACKUP_SHARE >= ledger.maintenance.size or not (folder / layout.BACKUP).exists():
                changed = 0 if _back_up(ledger, folder, notice) else changed
        ledger.remember(CHANGED, str(changed) if changed else "")
        startup.end(ledger)


def open_existing(folder: Path, notice: Callable[[str], None]) -> AbstractContextManager[Ledger]:
    """As `open_collection`, for a folder that has a ledger already; LedgerError when it has none."""
    Ledger.read(folder).close()
    return open_collection(folder, notice)


def _back_up(ledger: Ledger, folder: Path, notice: Callable[[str], None]) -> bool:
    """Whether there is one now; not having one is no reason to fail."""
    try:
        if ledger.maintenance.backup(folder):
            return True
        notice("the ledger is too large to be backed up at the end of every run; copy it now and then")
    except OSError as error:
        notice(f"no backup of the ledger: {error.strerror or error}")
    return False


def build_run(
    ledger: Ledger, number: int, settings: Settings, *, search: bool, fetch: bool, start: Start | None = None
) -> Run:
    """A run with the workers of the stages asked for; they start when work is handed to them.

    `start` starts a worker of the second stage; None: a process of this machine.
    """
    from collector.http.limits import Hosts

    if settings.fetch.names:
        remember_names(ledger, settings.fetch.names)
    results: SimpleQueue[Message] = SimpleQueue()
    searchers = None
    fetchers: Fetchers | None = None
    if search:
        from collector.http.page_client import PageClient
        from collector.search.pool import SearchPool

        def load(name: str) -> tuple[Source, Mapping[str, Any]]:
            table = settings.sources[name]
            if settings.fetch.thumbnails == "fallback" and "thumbnails" in table:
                table = {**table, "thumbnails": True}
            return sources.load(name), table

        pages = PageClient(settings.fetch, lambda text: results.put(Noticed(text)))

        searchers = SearchPool(
            settings.search,
            results.put,
            load,
            settings.diagnosis,
            pages.visit,
            recall=partial(recall, settings.out),
            allow_private=settings.fetch.allow_private,
        )
    if fetch:
        from collector.fetch.pool import ProcessPool

        blocked = hosts(settings.fetch.block_hosts) | ledger.maintenance.forgotten_hosts()
        pool = partial(ProcessPool, settings.fetch, settings.out, blocked=blocked, start=start)
        fetchers = _with_browser(settings, results.put, pool) if settings.fetch.browser else pool(results.put)
    limits = Hosts(settings.fetch, time.monotonic)
    checkpoints = Checkpoints(ledger, settings.out)
    return Run(
        ledger,
        number,
        settings,
        results,
        limits,
        searchers,
        fetchers,
        checkpoints,
        facets=_facets(settings),
        doubtful=lambda name: name in sources.names() and sources.load(name).is_engine,
    )


def _with_browser(settings: Settings, emit: Emit, pool: Callable[[Emit], Fetchers]) -> Fetchers:
    """The fetch workers, with a browser behind them for what hosts refuse; it starts when it is first needed."""
    from collector.fetch.browser_fallback import RescuePool

    def viewer() -> Viewer:
        from collector.search.image_viewer import PageViewer

        return PageViewer(settings.search, emit, settings.fetch.allow_private)

    return RescuePool(settings.fetch, settings.out, emit, pool, viewer)


def _facets(settings: Settings) -> Callable[[str], Sequence[tuple[str, str]]]:
    """What each source offers to widen a query, if that is wished for."""

    def facets(source: str) -> Sequence[tuple[str, str]]:
        return sources.load(source).facets if settings.search.widen and source in sources.names() else ()

    return facets


def write_map(ledger: Ledger, folder: Path) -> Path:
    """The master map as readable JSON beside the ledger; returns its path."""
    path = folder / layout.URLS
    with closing(
        ledger.dataset.cells(("keyword", "url"), order="asked")
    ) as pairs:  # A disk that fills up leaves it half read.
        url_list.write_urls(path, pairs)
    return path
