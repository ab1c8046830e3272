"""Verbs that bring pictures from the web: search, download, pages; and the sources they ask."""

from __future__ import annotations

import gc
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from collector.api import queries
from collector.api.cluster import PARTITION, check_store, fetch_to
from collector.api.collect import Crawl, Progress, Standing
from collector.cli import options, terminal
from collector.cli.options import Blocking, Browsing, Common, Fetching, PageOut, Reading, Replacing, Searching
from collector.errors import Incomplete, InputError, UsageError, counted, some
from collector.importers.queries import QueryFile
from collector.model import Digest
from collector.settings import Settings

USUAL = Path("queries.csv")
"""What is read when nothing is given."""
TELL_EVERY = 5.0
"""Seconds between two lines on how far a fetch to a store is."""
EMPTY_SHOWN = 20
"""Keywords that are named at most."""

if TYPE_CHECKING:
    from collector.api.pages import Test


@click.command(cls=options.Sections)
@options.queries
@options.takes("reading", Reading)
@options.takes("common", Common)
@options.takes("blocking", Blocking)
@options.takes("searching", Replacing)
@options.takes("fetching", Fetching)
@options.embed
@options.dry_run
@click.option("--estimate", is_flag=True, help="Show what the sources with a key would cost, and request nothing.")
@options.old_filter_flags
def run(
    asked: tuple[str, ...],
    reading: Reading,
    common: Common,
    blocking: Blocking,
    searching: Replacing,
    fetching: Fetching,
    embed: bool,
    dry_run: bool,
    estimate: bool,
) -> None:
    """Search for keywords and download the pictures, both at once.

    KEYWORDs are searched for as they stand. QUERIES is a CSV: one keyword per row, or a header with `keyword` and any
    of limit, label, source, relevant (yes or no) and search filters; `-` reads standard input. Without either,
    queries.csv is read.
    """
    settings = options.settings_of(common, blocking, searching, fetching)
    rows = _read(asked, settings, reading)
    if dry_run or estimate:
        _tell_plan(rows, settings, costs_alone=not dry_run)
        return
    crawl = Crawl(settings, rows, practice=common.practice, keep_removed=searching.keep_removed,
                  refresh=searching.refresh, relevant=searching.relevant, embed=embed,
                  notice=terminal.error)  # fmt: skip
    _work(crawl, common)


@click.command(cls=options.Sections)
@options.queries
@options.takes("reading", Reading)
@options.takes("common", Common)
@options.takes("blocking", Blocking)
@options.takes("searching", Searching)
@options.dry_run
@options.old_filter_flags
@options.old_filter("aspect")
def search(
    asked: tuple[str, ...], reading: Reading, common: Common, blocking: Blocking, searching: Searching, dry_run: bool
) -> None:
    """Search only: fill the map of keywords and URLs, and download nothing yet."""
    settings = options.settings_of(common, blocking, searching)
    rows = _read(asked, settings, reading)
    if dry_run:
        _tell_plan(rows, settings)
        return
    crawl = Crawl(settings, rows, fetch=False, practice=common.practice, keep_removed=searching.keep_removed,
                  refresh=searching.refresh, notice=terminal.error)  # fmt: skip
    _work(crawl, common)


@click.command(cls=options.Sections)
@options.takes("common", Common)
@options.takes("blocking", Blocking)
@options.takes("fetching", Fetching)
@options.embed
@click.option("--store", metavar="URL", help="Put the pictures into an object store: s3://, gs:// or file:///...")
@click.option("--central", is_flag=True, help="Have a cluster download for this folder: one ledger, every rule kept.")
@click.option("--on", metavar="ENGINE",
              help="With --store or --central: local, ray, or ray://HEAD:PORT.  [default: local]")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 10_000), metavar="N",
              help="With --central: workers, each with fetch.threads downloads.  [default: one per core]")  # fmt: skip
@click.option("--partition-size", type=click.IntRange(1), default=None, metavar="N",
              help="With --store: URLs per piece of work.  [default: 20000]")  # fmt: skip
@click.option("--again", is_flag=True, help="With --store: try again what failed for the time being.")
def fetch(
    common: Common,
    blocking: Blocking,
    fetching: Fetching,
    embed: bool,
    store: str | None,
    central: bool,
    on: str | None,
    workers: int | None,
    partition_size: int | None,
    again: bool,
) -> None:
    """Download only: every URL of the map that still has to be fetched.

    With --store the pictures and the fate of every URL go to an object store, a tar and a table for each group of
    hosts, on this machine or on a Ray cluster, and the folder is only read. The same command goes on, and fetches
    nothing twice. A keyword's limit and copies at two hosts are settled when all is fetched: set.parquet says which
    pictures stay. `collector status --store URL` shows its state; docs/scale.md says more.

    With --central the folder's own ledger decides as ever (limits, ranks, copies, each host's connections), and the
    pictures come into the folder; only downloading and looking at them is done by workers on the cluster. For up to
    some ten million URLs.
    """
    settings = options.settings_of(common, blocking, fetching)
    if central and store is not None:
        raise UsageError("--central brings the pictures into the folder, --store into a store: one of the two")
    if workers is not None and not central:
        raise UsageError("--workers needs --central")
    if store is not None:
        if embed:
            raise UsageError("--embed keeps what pictures show beside the ledger, and not in a store: leave it out")
        _to_store(settings, common, store, on or "local", partition_size or PARTITION, again)
        return
    if partition_size is not None or again:
        raise UsageError("--partition-size and --again need --store: give the store the pictures go to")
    if on is not None and not central:
        raise UsageError("--on needs --store, where the pictures go, or --central, which brings them into the folder")
    _work(Crawl(settings, None, search=False, on=(on or "local") if central else None, workers=workers,
                practice=common.practice, embed=embed, notice=terminal.error), common)  # fmt: skip


def _to_store(settings: Settings, common: Common, store: str, on: str, size: int, again: bool) -> None:
    told = time.monotonic()

    def tell(done: int, whole: int) -> None:
        nonlocal told
        if not common.quiet and (done == whole or time.monotonic() - told > TELL_EVERY):
            told = time.monotonic()
            terminal.error(f"{done:,} of {whole:,} partitions done")

    accounts = fetch_to(settings, store, on=on, partition_size=size, again=again, practice=common.practice,
                        notice=terminal.error, tell=tell)  # fmt: skip
    terminal.store_accounts(accounts, store)
    check_store(accounts, store)


@click.command(cls=options.Sections)
@click.argument("addresses", nargs=-1, required=True, metavar="URL...")
@options.takes("common", PageOut)
@options.takes("browsing", Browsing)
@options.takes("fetching", Fetching)
@click.option("--gallery", is_flag=True, help="Open the pages in a browser, scroll, and press buttons that show more.")
@click.option("--limit", type=click.IntRange(1), help="Pictures per page.  [default: all]")
@click.option(
    "--test",
    type=click.Choice(["each", "host", "none"]),
    default="each",
    show_default=True,
    help="Which pictures are tested for being shown on another site: each, some of each host, or none.",
)
@click.option("--open", "show", is_flag=True, help="Open the HTML file in your browser.")
@click.option("--print", "only_print", is_flag=True, help="Only print the URLs of the pictures; download nothing.")
def page(
    addresses: tuple[str, ...],
    common: PageOut,
    browsing: Browsing,
    fetching: Fetching,
    gallery: bool,
    limit: int | None,
    test: Test,
    show: bool,
    only_print: bool,
) -> None:
    """Download every picture of web pages, and write an HTML file that shows them.

    It shows each picture from its own host where that lets other pages show it, from the local copy where it does
    not, and says which of them need a Referer, a cookie and so on. Pictures and ledger go to pages/HOST, the file
    beside it.
    """
    from collector.api.pages import page_crawl, usual_folder

    settings = options.settings_of(replace(common, out=common.out or usual_folder(addresses)), browsing, fetching)
    crawl = page_crawl(addresses, settings, limit=limit or "all", gallery=gallery, fetch=not only_print,
                       practice=common.practice, notice=terminal.error)  # fmt: skip
    left: Incomplete | None = None
    try:
        _work(crawl.crawl, common, sys.stderr if only_print else sys.stdout)
    except Incomplete as ending:
        left = ending
    if only_print:
        for url in crawl.urls():
            terminal.line(url)
    else:
        path = crawl.write(test)
        terminal.outcome(str(path))
        if show:
            import webbrowser

            webbrowser.open(path.resolve().as_uri())
    if left is not None:
        raise left


@click.command()
@click.argument("name", required=False)
def sources(name: str | None) -> None:
    """List the sources, or show what one of them takes as a keyword, its filters and its settings."""
    from collector.api.catalog import described, listed

    rows = listed() if name is None else described(name)
    width = max(len(heading) for heading, _ in rows)
    for heading, text in rows:
        terminal.line(f"{heading:<{width}}  {text}")


# --------------------------------------------------------------------------- inside


def _read(asked: tuple[str, ...], settings: Settings, reading: Reading) -> QueryFile:
    if not asked and not USUAL.exists():
        raise InputError(
            f'{USUAL}: no such file; give keywords, as in `collector run "tabby cat" "red fox"`, or a file of them'
        )
    return queries.from_arguments(asked or (str(USUAL),), settings, reading.encoding, reading.delimiter)


def _tell_plan(asked: QueryFile, settings: Settings, *, costs_alone: bool = False) -> None:
    """What the run would ask for, and what it would cost, a line for each source."""
    from collector.api.catalog import estimated
    from collector.api.forecast import forecast

    for note in asked.notes:
        terminal.error(note)
    for line in () if costs_alone else forecast(asked.queries, settings):
        terminal.line(line)
    costs = estimated(asked.queries, settings.search.spares)
    for name, keywords, requests, dollars in costs:
        price = f"about ${dollars:,.2f}" if dollars >= 0.005 else "less than a cent"
        terminal.line(f"{name}: {counted(keywords, 'keyword')}, up to {counted(requests, 'request')}, {price}")
    if not costs:
        terminal.line("no source that costs money would be asked")


def _work(crawl: Crawl, common: Common, stream: TextIO | None = None) -> None:
    """Work off a run, show it, sum it up, and end with the right code."""
    if common.quiet and common.verbose:
        raise UsageError("--quiet or --verbose, not both")
    gc.freeze()  # What was loaded stays: it need not be looked through again and again.
    with ExitStack() as files:
        events = files.enter_context(common.events_to.open("w", encoding="utf-8")) if common.events_to else None
        log = files.enter_context(common.log.open("a", encoding="utf-8")) if common.log else None
        summary = crawl.run(lambda standing: _shows(standing, common, events, log))
        if (told := events or ((stream or sys.stdout) if common.events else None)) is not None:
            terminal.tally_lines(crawl.tallies(), told)
            terminal.summary(summary.digest, summary.seconds, crawl.settings.out, left_out=summary.left_out,
                             events=True, stream=told)  # fmt: skip
    quiet = common.quiet or (common.events and not common.events_to)
    if not quiet:
        terminal.summary(summary.digest, summary.seconds, crawl.settings.out, left_out=summary.left_out, stream=stream)
        if summary.empty:
            terminal.outcome(f"came back empty: {some(summary.empty, EMPTY_SHOWN)}")
    if not summary.stopped and not crawl.settings.search.widen and not common.quiet:
        offer_widening(summary.digest)
    summary.check()


def _shows(standing: Standing, common: Common, events: TextIO | None, log: TextIO | None) -> Progress:
    """Everything that shows a run: what the terminal gets, the events and the log."""
    if common.events and events is None:
        shows: list[Progress] = [terminal.JsonLines(sys.stdout)]
    elif common.quiet:
        shows = [terminal.Nothing()]
    else:
        usual = terminal.choose(standing, sys.stderr)
        shows = [terminal.Verbose(usual) if common.verbose else usual]
    shows += [terminal.JsonLines(events)] if events is not None else []
    shows += [terminal.LogFile(log)] if log is not None else []
    return shows[0] if len(shows) == 1 else terminal.Together(shows)


def offer_widening(digest: Digest) -> None:
    """Say that some keywords have too few results, and what can be done about it."""
    if digest.exhausted:
        few = counted(digest.exhausted, "keyword")
        terminal.error(f"{few} exhausted below the limit; --widen also searches variations of them")
