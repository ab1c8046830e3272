"""One small function per verb: flags in, rooms below do the work, `ui` prints."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Any

import click

from collector import __version__
from collector.cli import auditing, chores, flags, forgetting, importing, pages, recipes, reporting, sets, terminal
from collector.cli.endings import GO_ON, counted
from collector.cli.signals import Stop
from collector.cli.site import led_to, practice_site
from collector.cli.work import work
from collector.errors import Incomplete, Stopped
from collector.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="collector")
def cli() -> None:
    """From a CSV of keywords to a clean, documented folder of pictures.

    Stop at any moment (Ctrl-C) and run the same command again: it goes on where it was.
    """


@cli.command()
@flags.queries
@flags.reading
@flags.common
@flags.blocklist
@flags.search
@flags.fetch
def run(queries: Path, **given: Any) -> None:
    """Search for every keyword of QUERIES and fetch the pictures, both at once.

    QUERIES is a CSV: one keyword a row, or a header with keyword and any of limit, label, source and
    search filters.
    """
    work(given, queries, search=True, fetch=True)


@cli.command()
@flags.queries
@flags.reading
@flags.common
@flags.blocklist
@flags.search
def search(queries: Path, **given: Any) -> None:
    """Only search: fill the map of keywords and URLs, fetch nothing yet."""
    work(given, queries, search=True, fetch=False)


@cli.command()
@flags.common
@flags.blocklist
@flags.fetch
def fetch(**given: Any) -> None:
    """Only fetch: download whatever the map still has to do."""
    work(given, None, search=False, fetch=True)


@cli.command()
@flags.out
@click.option("--json", "as_json", is_flag=True, help="As lines of JSON, the totals last.")
def status(out: Path | None, as_json: bool) -> None:
    """Show how every keyword in the output folder stands, while a run goes on too."""
    from collector.ledger import Ledger

    folder = out or Settings().out
    with Ledger.read(folder) as ledger:
        if as_json:
            terminal.tally_lines(ledger.stats.tallies())
        terminal.summary(ledger.stats.digest(), 0.0, folder, left_out=ledger.stats.count_left_out(), events=as_json)


@cli.command()
@flags.out
@click.option("--import", "file", type=click.Path(path_type=Path), help="Enter the URLs of FILE into the map.")
def urls(out: Path | None, file: Path | None) -> None:
    """Print the map as `keyword<TAB>url` lines, or enter somebody's saved map.

    --import takes the urls.json of another folder, an old keyword_urls.txt, a CSV or Parquet table
    of keyword and url, or a plain list of URLs. `collector fetch` then downloads them. (`collector import`
    takes pictures that lie beside a manifest, too, and folders of pictures.)
    """
    from collector.crawl import assemble
    from collector.importers import manifests
    from collector.ledger import Interrupted, Ledger

    folder = out or Settings().out
    if file is None:
        with Ledger.read(folder) as ledger:
            for keyword, url in ledger.dataset.cells(("keyword", "url"), order="asked"):
                terminal.line(f"{keyword}\t{url}")
        return
    stop = Stop()
    try:
        with stop:
            entries = list(manifests.entries(file))
            with assemble.workshop(folder, terminal.error) as ledger:
                with ledger.interruptible(lambda: stop.asked):
                    new, given = ledger.work.import_hits((entry.label, entry.hit) for entry in entries)
                assemble.write_map(ledger, folder)
    except (KeyboardInterrupt, Interrupted):
        raise Stopped(f"stopped; {file} was not entered, {GO_ON}", stop.code) from None
    terminal.line(f"{given} URLs read from {file}, {new} of them new; `collector fetch --out {folder}` downloads them")


cli.add_command(pages.page)
for _verb in (sets.dedupe, sets.junk, sets.split, sets.review, sets.export, sets.diff):
    cli.add_command(_verb)
cli.add_command(importing.import_)
cli.add_command(reporting.report)
cli.add_command(auditing.audit)
cli.add_command(forgetting.forget)
for _chore in (chores.why, chores.retry, chores.verify, chores.repair, chores.frames, recipes.recipe):
    cli.add_command(_chore)


@cli.command()
@flags.out
@flags.config
@flags.practice
@flags.browser
@click.option("--source", "source_names", multiple=True, help="Sources that --live asks.  [default: google]")
@click.option("--live", is_flag=True, help="Ask each source for one keyword, by every way to a picture it knows.")
def doctor(live: bool, practice: bool, **given: Any) -> None:
    """Check browser, driver, display, disk, output folder and ledger, and say what to do.

    With --live also whether the sites still answer as they should: worth a minute before a night's run.
    """
    from collector.maintenance import doctor as doctors

    settings = flags.settings_of(given)
    with practice_site(0) if practice else nullcontext() as address:
        if address is not None:
            settings = led_to(settings, address)
        problems: list[doctors.Finding] = []
        for finding in chain(doctors.checks(settings), doctors.live(settings) if live else ()):
            terminal.line(str(finding))
            problems += [finding] * (finding.level is doctors.Level.PROBLEM)
    if problems:
        raise Incomplete(f"{counted(len(problems), 'problem', 's')}, see above", problems[0].code)


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free port.")
def practice(port: int) -> None:
    """Serve the practice web on loopback until Ctrl-C, to look at or to test scrapers on."""
    from collector.practice.__main__ import main as serve

    sys.exit(serve(["--port", str(port)]))
