"""Verbs that take in what is here: other people's collections, and stills of saved videos."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.api.collection import Collection
from collector.api.signals import StopSignals
from collector.cli import options, terminal
from collector.cli.options import Place
from collector.errors import GO_ON, Stopped, UsageError, counted, install

if TYPE_CHECKING:
    from collector.api.adding import Added
    from collector.importers.pictures import How

_NEEDS = "image.needs_"
"""What the reasons begin with that name an extra."""


@click.command("import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@options.takes("where", Place)
@click.option("--label", help="Class of the pictures in a folder, and of URLs whose row names none.")
@click.option("--link", is_flag=True, help="Hard-link pictures instead of copying them.")
@click.option("--move", is_flag=True, help="Move pictures: the original goes once its copy is safe.")
def import_(paths: tuple[Path, ...], where: Place, label: str | None, link: bool, move: bool) -> None:
    """Take in the pictures of a folder, or the URLs of a map or manifest.

    A folder: its class folders; every file is checked as a download would be, and its path is recorded.
    A file: better-bing-image-downloader's manifest.jsonl, img2dataset's Parquet, CSV or JSON, or whatever
    `collector urls --import` takes; `collector fetch` then downloads what is not there yet.
    The same command resumes where it stopped.
    """
    from collector.api.adding import add
    from collector.ledger import Interrupted

    if link and move:
        raise UsageError("--link or --move, not both")
    settings = options.settings_of(where)
    how: How = "link" if link else "move" if move else "copy"
    stop = StopSignals(terminal.error)

    def gently() -> None:
        stop.gently = True

    try:
        with stop, Collection(settings.out, terminal.error).writing(create=True) as ledger:
            for path in paths:
                stop.gently = False
                added = add(ledger, settings.out, path, label, how, settings=settings.fetch, stopping=stop.stopping,
                            taking=gently)  # fmt: skip
                terminal.outcome(f"{path}: {_told(added)}")
                if stop.came:
                    break
    except (KeyboardInterrupt, Interrupted):
        raise Stopped(f"stopped; what was taken is kept, {GO_ON}", stop.exit_code or 130) from None
    if stop.came:
        raise Stopped(f"stopped; what was taken is kept, {GO_ON}", stop.exit_code)


@click.command()
@click.option("--every", type=options.Number(0.01), metavar="SECONDS", help="Take a still every so many seconds.")
@click.option("--count", type=click.IntRange(1, 10_000), help="Take this many stills of each video, evenly spread.")
@options.out
def frames(every: float | None, count: int | None, out: Path) -> None:
    """Take stills of the saved videos, as pictures in the same folders. Needs the extra `video` (PyAV)."""
    videos = saved = 0
    for taken in Collection(out, terminal.error).frames(every=every, count=count):
        videos, saved = videos + 1, saved + taken.saved
        told = f"{taken.saved} new, {taken.known} known" + (f"; {taken.trouble}" if taken.trouble else "")
        terminal.outcome(f"{taken.video.path}\t{told}")
    terminal.outcome(f"{counted(saved, 'new still')} of {counted(videos, 'video')}")


def _told(added: Added) -> str:
    """What became of a path, in one line."""
    parts = [f"{counted(added.urls[1], 'URL')}, {added.urls[0]:,} of them new"] if added.urls is not None else []
    if added.urls is None or added.counts:
        parts.append(f"{counted(added.counts['saved'], 'picture')} saved")
        parts += [f"{added.counts[name]} {name}" for name in ("duplicate", "known before") if added.counts[name]]
    parts += [f"not taken: {_listed(added.reasons)}"] * bool(added.reasons)
    extras = sorted(slug.removeprefix(_NEEDS) for slug in added.reasons if slug.startswith(_NEEDS))
    parts += [f"to take more, {install(','.join(extras))} and import again"] * bool(extras)
    parts += [f"passed over: {_listed(added.ignored)}"] * bool(added.ignored)
    parts += ["`collector fetch` downloads what is not here yet"] * added.to_fetch
    return "; ".join(parts)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
