"""The verb `forget`: pictures, URLs and hosts that are not wanted any more, now or ever."""

from __future__ import annotations

from pathlib import Path

import click

from collector.cli import terminal
from collector.cli.flags import out as out_flag
from collector.errors import UsageError
from collector.settings import Settings


@click.command()
@click.argument("what", nargs=-1, metavar="[URL|FILE]...")
@click.option("--url", "urls", multiple=True, metavar="URL", help="A URL, saved or still to do.")
@click.option("--domain", "domains", multiple=True, metavar="HOST",
              help="All from a host, those below it, and pages there; nothing comes from there again.")  # fmt: skip
@click.option("--sha", "shas", multiple=True, metavar="HEX", help="Bytes by their sha256, or its first 16 digits.")
@click.option("--near", "files", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="All that looks like this picture, which need not be one of the set.")  # fmt: skip
@click.option("--distance", type=click.IntRange(0, 31), default=31, show_default=True,
              help="Bits of 256 in which hashes may differ for --near.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only list what would be forgotten.")
@out_flag
def forget(what: tuple[str, ...], urls: tuple[str, ...], domains: tuple[str, ...], shas: tuple[str, ...],
           files: tuple[Path, ...], distance: int, dry_run: bool, out: Path | None) -> None:  # fmt: skip
    """Delete pictures and never fetch them again, from these URLs or any other. Several ways to name them may be mixed.

    Nothing is deleted when one of them is not known.
    """
    from collector.crawl import assemble
    from collector.dataset import service
    from collector.maintenance import forget as work

    if not (what or urls or domains or shas or files):
        raise UsageError("forget: name a URL or a file, or give --domain, --sha or --near")
    folder = out or Settings().out
    wanted = work.Wanted()
    with assemble.existing(folder, terminal.error) as ledger:
        work.named(ledger, folder, (*what, *urls), wanted)
        work.by_hash(ledger, folder, shas, wanted)
        work.by_host(ledger, domains, wanted)
        if files:
            service.hash_set(ledger, folder)
            work.by_likeness(ledger, files, distance, wanted)
        if dry_run:
            for path in sorted(wanted.files.values()):
                terminal.line(str(path))
            terminal.line(f"{len(wanted.files):,} pictures and {len(wanted.urls):,} open URLs would be forgotten")
            return
        work.forget(ledger, folder, wanted, _told)
    if not wanted.files and not wanted.urls:
        terminal.line("no picture and no URL is of that kind")
    if wanted.urls:
        terminal.line(f"{len(wanted.urls):,} URLs that were not saved are never fetched")
    for name in wanted.hosts:
        terminal.line(f"nothing is fetched from {name} again")


def _told(path: Path, urls: int) -> None:
    terminal.line(f"{path} is deleted, and {urls} URLs that lead to it are never fetched again")
