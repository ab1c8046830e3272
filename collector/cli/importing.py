"""The verb `import`: other people's collections enter the ledger. Flags in, `intake` does the work, `ui` prints."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.cli import flags, terminal
from collector.cli.endings import GO_ON, counted
from collector.cli.signals import Stop
from collector.errors import Stopped, UsageError
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.importers.entry import Entry, Ignored
    from collector.importers.pictures import How
    from collector.ledger import Ledger


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@flags.out
@flags.config
@click.option("--label", help="Class of every picture of a folder, and of URLs whose row names none.")
@click.option("--link", is_flag=True, help="Hard-link pictures instead of copying them.")
@click.option("--move", is_flag=True, help="Move them: the original goes once the picture is safely here.")
def import_(paths: tuple[Path, ...], label: str | None, link: bool, move: bool, **given: Any) -> None:
    """Take in pictures of a folder, or the URLs of somebody's map or manifest.

    A folder: its class folders, every file looked at as a download would be and entered with its path.
    A file: better-bing-image-downloader's manifest.jsonl, img2dataset's Parquet, CSV or JSON, or whatever
    `collector urls --import` takes; `collector fetch` then downloads what is not there yet.
    The same command again goes on where it stopped.
    """
    from collector.crawl import assemble
    from collector.ledger import Interrupted

    if link and move:
        raise UsageError("--link or --move, not both")
    settings = flags.settings_of(given)
    how: How = "link" if link else "move" if move else "copy"
    stop = Stop()
    try:
        with stop, assemble.workshop(settings.out, terminal.error, lambda: stop.asked) as ledger:
            for path in paths:
                taking = Taking(ledger, settings, how, stop)
                taking.folder(path, label) if path.is_dir() else taking.file(path, label)
                assemble.write_map(ledger, settings.out)
                terminal.line(f"{path}: {taking.told()}")
                if stop.asked:
                    break
    except (KeyboardInterrupt, Interrupted):
        raise Stopped(f"stopped; what was taken is kept, {GO_ON}", stop.code) from None
    if stop.asked:
        raise Stopped(f"stopped; what was taken is kept, {GO_ON}", stop.code)


class Taking:
    """One path being taken in, and what is counted meanwhile."""

    def __init__(self, ledger: Ledger, settings: Settings, how: How, stop: Stop) -> None:
        self._ledger, self._settings, self._how, self._stop = ledger, settings, how, stop
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._urls: tuple[int, int] | None = None

    def folder(self, path: Path, label: str | None) -> None:
        """A folder of pictures."""
        from collector.importers import folders

        self._pictures(self._sifted(folders.entries(path, label, self._settings.out)))

    def file(self, path: Path, label: str | None) -> None:
        """A manifest or map: its URLs, and pictures that lie beside it."""
        from collector.importers import manifests

        entries = list(manifests.entries(path, label))
        with self._ledger.interruptible(lambda: self._stop.asked):
            self._urls = self._ledger.work.import_hits((entry.label, entry.hit) for entry in entries)
        self._pictures(entries)

    def told(self) -> str:
        """What became of it, in one line."""
        parts = [f"{self._urls[1]} URLs, {self._urls[0]} of them new"] if self._urls is not None else []
        if self._urls is None or self._counts:
            parts.append(f"{counted(self._counts['saved'], 'picture', 's')} saved")
            parts += [f"{self._counts[name]} {name}" for name in ("duplicate", "known before") if self._counts[name]]
        if self._reasons:
            parts.append("not taken: " + _listed(self._reasons))
        if self._ignored:
            parts.append("passed over: " + _listed(self._ignored))
        if self._urls is not None and self._urls[1] > sum(self._counts.values()):
            parts.append(f"`collector fetch --out {self._settings.out}` downloads what is not here yet")
        return "; ".join(parts)

    def _pictures(self, entries: Iterable[Entry]) -> None:
        from collector.crawl.disk_guard import DiskGuard
        from collector.importers.pictures import Intake, Known
        from collector.maintenance.checkpoint import Checkpoints
        from collector.model import Duplicate, Saved

        settings = self._settings
        watch = DiskGuard(settings.out, settings.fetch.keep_free, time.monotonic)
        intake = Intake(
            self._ledger, settings.out, settings.fetch, self._how, Checkpoints(self._ledger, settings.out).tick
        )
        self._stop.gently = True
        with closing(intake.take(entries, self._stop.look)) as outcomes:
            for outcome in outcomes:
                kind = "known before" if isinstance(outcome, Known) else type(outcome).__name__.lower()
                self._counts[kind] += 1
                if not isinstance(outcome, Known | Saved | Duplicate):
                    self._reasons[outcome.reason] += 1
                if (trouble := watch.trouble()) is not None:
                    raise trouble
        self._stop.gently = False

    def _sifted(self, entries: Iterable[Entry | Ignored]) -> Iterator[Entry]:
        from collector.importers.entry import Ignored

        for entry in entries:
            if isinstance(entry, Ignored):
                self._ignored[entry.why] += 1
            else:
                yield entry


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
