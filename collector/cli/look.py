"""Verbs that only look: how things stand, why a URL ended as it did, the map, the report."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import click

from collector.api.cluster import accounts, check_store
from collector.api.collection import Collection
from collector.api.signals import StopSignals
from collector.cli import options, terminal
from collector.cli.options import Serving
from collector.errors import GO_ON, Stopped, counted

OPEN_TO_OTHERS = (
    "others in your network can reach this studio: who has the key may judge pictures and start runs, and what is sent"
    " is not encrypted"
)


@click.command()
@options.out
@options.json_flag
@click.option("--store", metavar="URL", help="Show the state of an object store that `collector fetch --store` fills.")
def status(out: Path, as_json: bool, store: str | None) -> None:
    """Show the state of every keyword in the output folder, even during a run."""
    if store is not None:
        kept = accounts(store)
        terminal.store_accounts(kept, store, as_json=as_json)
        check_store(kept, store)
        return
    collection = Collection(out)
    if as_json:
        terminal.tally_lines(collection.keywords())
    terminal.summary(collection.status(), 0.0, out, left_out=collection.left_out(), events=as_json)


@click.command()
@click.argument("what", metavar="URL|FILE")
@options.out
def why(what: str, out: Path) -> None:
    """Show everything that is known about a URL or a picture: how it was found, and what became of it."""
    for story in Collection(out).why(what):
        for line in terminal.story(story.row, story.same_bytes, story.trouble, story.made):
            terminal.line(line)


@click.command()
@options.out
@click.option("--import", "file", type=options.A_PATH, help="Add the URLs of a file to the map.")
def urls(out: Path, file: Path | None) -> None:
    """Print the map as `keyword<TAB>url` lines, or add a saved map.

    --import takes the urls.json of another folder, an old keyword_urls.txt, a CSV or Parquet table
    of keyword and url, or a plain list of URLs. `collector fetch` then downloads them. (`collector import`
    also takes folders of pictures, and pictures that lie beside a manifest.)
    """
    if file is None:
        for keyword, url in Collection(out).urls():
            terminal.line(f"{keyword}\t{url}")
        return
    new, given = _entered(out, file)
    terminal.line(f"{counted(given, 'URL')} read from {file}, {new:,} of them new; `collector fetch` downloads them")


def _entered(out: Path, file: Path) -> tuple[int, int]:
    """(new, all) URLs of a saved map that are in the ledger now."""
    from collector.api.adding import add_urls
    from collector.ledger import Interrupted

    stop = StopSignals(terminal.error)
    try:
        with stop:
            return add_urls(Collection(out, terminal.error), file, lambda: stop.came)
    except (KeyboardInterrupt, Interrupted):
        raise Stopped(f"stopped; {file} was not entered, {GO_ON}", stop.exit_code or 130) from None


@click.command()
@options.out
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where to write the page.  [default: <out>-report.html]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON; then a page is written only with --html.")
@click.option("--pages", type=click.IntRange(1, 10_000), default=1, show_default=True,
              help="Pages of contact sheets; the second and later ones go to <page>/2.html and so on.")  # fmt: skip
def report(out: Path, page: Path | None, as_json: bool, pages: int) -> None:
    """Show what became of everything found, by keyword, domain, class and reason, and write a page with pictures.

    Changes nothing in the folder, and works during a run.
    """
    from collector.report.facts import as_json as plain

    collection = Collection(out)
    facts = collection.facts()
    if as_json:
        terminal.facts(plain(facts))
        if page is not None:
            collection.report(page, pages=pages, facts=facts)
        return
    terminal.report(facts)
    written = collection.report(page, pages=pages, facts=facts)
    terminal.line("")
    terminal.line(f"page with pictures: {written[0]}{_more(written)}")


@click.command()
@options.takes("serving", Serving)
@click.option("--no-open", is_flag=True, help="Print the address, and open no browser.")
def studio(serving: Serving, no_open: bool) -> None:
    """Look at the pictures, judge them, collect more and export, in your browser.

    A local web app for you alone: it listens on 127.0.0.1, and the address that is printed holds its key. Every
    decision is saved at once, even during a run. Ctrl-C ends it.
    """
    settings = options.settings_of(serving)
    opened = Collection(settings.out).studio(
        serving.port, host=serving.host, token=serving.token, settings=settings, flags=serving.passed_on()
    )
    with opened as served:
        if served.open_to_others:
            terminal.error(OPEN_TO_OTHERS)
        terminal.line(served.url)
        if not no_open:
            click.launch(served.url)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            served.wait()


def _more(written: list[Path]) -> str:
    return f" and {len(written) - 1:,} more in {written[0].with_suffix('')}" if len(written) > 1 else ""
