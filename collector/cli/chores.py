"""Verbs for afterwards: what became of a URL, second chances, checking and mending the folder.

Flags in, rooms below do the work, `ui` prints.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from collector.cli import flags, terminal
from collector.cli.flags import out as out_flag
from collector.errors import Incomplete, InputError, UsageError
from collector.settings import Settings


@click.command()
@click.argument("what", metavar="URL|FILE")
@out_flag
def why(what: str, out: Path | None) -> None:
    """Tell all that is known of a URL or of a picture: how it was found, and what became of it."""
    from collector.ledger import Ledger
    from collector.maintenance import files

    folder = out or Settings().out
    with Ledger.read(folder) as ledger:
        rows = ledger.stats.why(what)
        if not rows:
            raise InputError(f"{what[:200]}: no URL and no picture that {folder} knows")
        for row in rows:
            trouble = files.trouble(folder, row) if row.state == "saved" else ""
            for line in terminal.story(row, ledger.dataset.same_bytes(row), trouble):
                terminal.line(line)


@click.command()
@click.option("--only", metavar="SLUG,...", default="", help="Reasons, or families of them: net, http.404, image.")
@click.option("--keyword", default="", help="Only URLs of this keyword.")
@out_flag
def retry(only: str, keyword: str, out: Path | None) -> None:
    """Put URLs that failed or were rejected back to do, as if never tried; `collector fetch` takes them up."""
    from collector import reasons
    from collector.crawl import assemble

    slugs = tuple(filter(None, (slug.strip() for slug in only.split(","))))
    for slug in slugs:
        if not reasons.known(slug):
            raise UsageError(f"--only {slug}: no such reason or family of reasons; docs/reasons.md lists them")
    folder = out or Settings().out
    with assemble.existing(folder, terminal.error) as ledger:
        back, left = ledger.maintenance.put_back(slugs, keyword)
    spare = f"; {left} belong to keywords that have their limit and are spares now" if left else ""
    terminal.line(f"{back} URLs are to do again{spare}; `collector fetch --out {folder}` takes them up")


@click.command()
@click.option("--again", is_flag=True, help="Put missing and altered pictures back to do.")
@click.option("--sizes", is_flag=True, help="Compare sizes only: quick, but a flipped byte is not seen.")
@click.option("--live", is_flag=True, help="Ask the web whether the pictures are still there; files are not looked at.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="--live: only N of them, always the same ones.")
@click.option(
    "--rate", type=click.FloatRange(0), default=2.0, show_default=True, help="--live: most a second of a host."
)
@out_flag
@flags.config
@click.option("--allow-private", is_flag=True, default=None, help="--live: loopback and private addresses too.")
def verify(again: bool, sizes: bool, live: bool, sample: int | None, rate: float, **given: Any) -> None:
    """Check every picture and the ledger itself: missing, altered, moved, unknown files. Exit 9 when some are.

    --live asks for the pictures again and says which are gone, changed or blocked now; the folder stays as it is.
    """
    settings = flags.settings_of(given)
    if live:
        _live(settings, sample or 0, rate)
        return
    from collector.crawl import assemble
    from collector.maintenance.verify import fetch_again, findings

    folder = settings.out
    with assemble.existing(folder, terminal.error) as ledger:
        found = []
        for finding in findings(ledger, folder, bytes_too=not sizes):
            found.append(finding)
            where = f"\t{finding.now}" if finding.now else ""
            terminal.line(f"{finding.kind}\t{finding.path}{where}")
        put_back = fetch_again(ledger, folder, found) if again else 0
    broken = sum(finding.kind in ("missing", "altered") for finding in found)
    if put_back:
        terminal.line(f"{put_back} URLs are to do again; `collector fetch --out {folder}` takes them up")
    elif broken:
        raise Incomplete(f"{broken} pictures are missing or altered; --again puts them back to do")
    elif not found:
        terminal.line("every picture is there as it was saved")


def _live(settings: Settings, sample: int, rate: float) -> None:
    from collector.http.page_client import PageClient
    from collector.ledger import Ledger
    from collector.maintenance.live import State, address, checked, on_the_web

    counts: Counter[State] = Counter()
    pages = PageClient(settings.fetch, terminal.error)
    with Ledger.read(settings.out) as ledger, closing(checked(on_the_web(ledger, sample), pages.visit, rate)) as found:
        for one in found:
            counts[one.state] += 1
            if one.state is not State.ALIVE:
                terminal.line(f"{one.state}\t{one.row.path}\t{address(one.row)}\t{one.detail}".rstrip())
    terminal.line(f"{counts.total():,} asked for: " + ", ".join(f"{counts[state]:,} {state}" for state in State))


@click.command()
@out_flag
def repair(out: Path | None) -> None:
    """Rebuild a damaged ledger from what can be read of it, its backup and the pictures; the old one is kept."""
    from collector.maintenance.repair import repair as mend

    folder = out or Settings().out
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    done = mend(folder)
    if done is None:
        terminal.line("the ledger is sound; nothing was changed")
        return
    rows = done.salvaged.rows
    terminal.line(f"rebuilt: {rows['query']} keywords, {rows['found']} URLs, {rows['outcome']} outcomes")
    if done.kept:
        terminal.line(f"the damaged one is kept as {done.kept}")
    if done.salvaged.refused:
        terminal.line(f"{done.salvaged.refused} rows contradicted themselves and were left out")
    if done.unknown:
        terminal.line(f"{done.unknown} pictures have lost their row; they stay, and are known again when found again")


@click.command()
@click.option("--every", type=click.FloatRange(0.01), metavar="SECONDS", help="One still every so many seconds.")
@click.option("--count", type=click.IntRange(1, 10_000), help="So many stills of each video, evenly spread.")
@out_flag
def frames(every: float | None, count: int | None, out: Path | None) -> None:
    """Take stills of the saved videos, as pictures in the same folders; PyAV is needed (collector[video])."""
    from collector.crawl import assemble
    from collector.images import video_frames
    from collector.importers.frames import take

    if (every is None) == (count is None):
        raise UsageError("frames: give either --every SECONDS or --count N")
    video_frames.require()
    folder = out or Settings().out
    videos = saved = 0
    with assemble.existing(folder, terminal.error) as ledger:
        for taken in take(ledger, folder, every or 0.0, count or 0):
            videos, saved = videos + 1, saved + taken.saved
            told = f"{taken.saved} new, {taken.known} known" + (f"; {taken.trouble}" if taken.trouble else "")
            terminal.line(f"{taken.video.path}\t{told}")
    terminal.line(f"{saved} new stills of {videos} videos")
