"""Verbs that put things right: second chances, checks of pictures, ledger and machine, repair; the practice web."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing, nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.api.collection import Collection
from collector.cli import options, terminal
from collector.cli.options import Browsing, Where
from collector.errors import Incomplete, counted
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.maintenance.verify import Finding


@click.command()
@click.option(
    "--only", metavar="REASON,...", default="", help="Only these reasons, or families of reasons: net,http.404,image."
)
@click.option("--keyword", default="", help="Only this keyword: its URLs, and its searches that came to an end.")
@options.out
def retry(only: str, keyword: str, out: Path) -> None:
    """Queue URLs that failed or were rejected, as if never tried; `collector fetch` then downloads them."""
    slugs = tuple(filter(None, (slug.strip() for slug in only.split(","))))
    back, left = Collection(out, terminal.error).mend.retry(slugs, keyword)
    if not back:
        terminal.line(
            "no URL to queue again: none of the web failed or was rejected" + (" for that" if only or keyword else "")
        )
        return
    spare = f"; {left} belong to keywords that have reached their limit, and are spares now" if left else ""
    terminal.line(f"{counted(back, 'URL')} to fetch again{spare}; `collector fetch` downloads them")


@click.command()
@click.option(
    "--again",
    is_flag=True,
    help="Queue missing and altered pictures for download; mend rows that count on a picture nothing has saved.",
)
@click.option(
    "--accept", is_flag=True, help="Accept what you did by hand: deleted files are dropped, moved ones relabelled."
)
@click.option("--sizes", is_flag=True, help="Compare sizes only: quick, but a flipped byte goes unnoticed.")
@click.option("--live", is_flag=True, help="Ask the web whether the pictures are still there; leave the files alone.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="With --live: only N of them, always the same.")
@click.option("--rate", type=options.Number(0), default=2.0, show_default=True,
              help="With --live: most requests per second to one host.")  # fmt: skip
@options.takes("where", Where)
@click.option("--allow-private", is_flag=True, help="With --live: also reach loopback and private addresses.")
def verify(
    again: bool,
    accept: bool,
    sizes: bool,
    live: bool,
    sample: int | None,
    rate: float,
    where: Where,
    allow_private: bool,
) -> None:
    """Check every picture and the ledger itself: missing, altered, moved, unknown files, unbacked duplicates.

    Exit code 9 if there are any.

    --live asks for the pictures again and says which are gone, changed or blocked now; the folder stays as it is.
    """
    from collector.maintenance.hands import told

    settings = options.settings_of(where, also={"fetch.allow_private": allow_private or None})
    if live:
        _live(settings, sample or 0, rate)
        return
    out = settings.out
    done = Collection(out, terminal.error).mend.verify(bytes_too=not sizes, again=again, accept=accept, tell=_finding)
    for line in told(done.accepted):
        terminal.line(line)
    if done.put_back:
        terminal.line(f"{counted(done.put_back, 'URL')} to fetch again; `collector fetch` downloads them")
    elif done.broken:
        advice = "--again queues them for download, --accept drops deleted and relabels moved ones"
        raise Incomplete(f"{counted(done.broken, 'picture')} missing, altered or unbacked; {advice}")
    elif not done.findings and not done.accepted:
        terminal.line("every picture is there as it was saved")


def _finding(finding: Finding) -> None:
    where = f"\t{finding.now}" if finding.now else f"\t{finding.instead} is in its place" if finding.instead else ""
    terminal.line(f"{finding.kind}\t{finding.path}{where}")


def _live(settings: Settings, sample: int, rate: float) -> None:
    from collector.maintenance.live import State, address

    counts: Counter[State] = Counter()
    mend = Collection(settings.out, terminal.error).mend
    with closing(mend.verify_live(sample=sample, rate=rate, settings=settings.fetch)) as found:
        for one in found:
            counts[one.state] += 1
            if one.state is not State.ALIVE:
                terminal.line(f"{one.state}\t{one.row.path}\t{address(one.row)}\t{one.detail}".rstrip())
    terminal.line(f"{counts.total():,} asked for: " + ", ".join(f"{counts[state]:,} {state}" for state in State))


@click.command()
@options.out
def repair(out: Path) -> None:
    """Rebuild a damaged ledger from what can be read of it, its backup and the pictures; the old one is kept."""
    done = Collection(out, terminal.error).mend.repair()
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
@options.takes("where", Where)
@click.option("--practice", is_flag=True, help="Use the bundled practice web instead of real sites.")
@options.takes("browsing", Browsing)
@click.option(
    "--source", "names", multiple=True, help="With --live: source to ask; may be repeated.  [default: google]"
)
@click.option("--live", is_flag=True, help="Ask each source for one keyword, in every way it knows.")
def doctor(where: Where, practice: bool, browsing: Browsing, names: tuple[str, ...], live: bool) -> None:
    """Check browser, driver, display, disk, output folder and ledger, and say what to do.

    With --live, also check whether the sites still answer as they should: worth a minute before a long run.
    """
    from collector.api.practice import led_to, practice_site
    from collector.maintenance import doctor as doctors

    settings = options.settings_of(where, browsing, also={"source": ",".join(names) or None})
    with practice_site() if practice else nullcontext() as address:
        if address is not None:
            settings = led_to(settings, address)
        problems: list[doctors.Finding] = []
        for finding in chain(doctors.checks(settings), doctors.live(settings) if live else ()):
            terminal.line(str(finding))
            problems += [finding] * (finding.level is doctors.Level.PROBLEM)
    if problems:
        raise Incomplete(f"{counted(len(problems), 'problem')}, see above", problems[0].code)


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 takes any free one.",
)
def practice(port: int) -> None:
    """Serve the practice web on loopback until Ctrl-C, to look at it or to test scrapers on it."""
    from collector.practice.__main__ import main as serve

    sys.exit(serve(["--port", str(port)]))
