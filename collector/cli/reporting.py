"""The verb `report`: what came of it all, as a table, as JSON, or as a page. Flags in, rooms below do the work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli import terminal
from collector.cli.flags import out as out_flag
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.ledger.stats import Yield
    from collector.report.facts import Facts

FULL = 40
"""Rows up to which all are printed; else the largest so many."""
_HEAD = ("found", "fetched", "decoded", "unique", "kept", "MB", "seconds")


@click.command()
@out_flag
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where the page goes.  [default: <out>-report.html]")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="As JSON; a page is then written only where --html says.")
@click.option("--pages", type=click.IntRange(1, 10_000), default=1, show_default=True,
              help="Pages of contact sheets; others lie beside the first, as <page>/2.html ....")  # fmt: skip
def report(out: Path | None, page: Path | None, as_json: bool, pages: int) -> None:
    """Tell what came of everything found, by keyword, domain, class and reason; write a page with pictures.

    Changes nothing in the folder, and may be asked while a run goes on.
    """
    from collector.ledger import Ledger
    from collector.report import facts as counting
    from collector.report.alike import alike
    from collector.report.report import Place, usual_place, write

    folder = out or Settings().out
    with Ledger.read(folder) as ledger:
        facts = counting.gather(ledger)
        if as_json:
            terminal.line(json.dumps(counting.as_json(facts), ensure_ascii=False))
        else:
            _tables(facts)
        if as_json and page is None:
            return
        written = write(ledger, facts, alike(ledger), Place(folder, page or usual_place(folder)), pages)
    if not as_json:
        more = f" and {len(written) - 1:,} more in {written[0].with_suffix('')}" if len(written) > 1 else ""
        terminal.line("")
        terminal.line(f"page with pictures: {written[0]}{more}")


def _tables(facts: Facts) -> None:
    shown = facts.keywords if len(facts.keywords) <= FULL else sorted(facts.keywords, key=lambda row: -row.found)[:FULL]
    terminal.grid(("keyword", *_HEAD), [*map(_row, shown), ("all", *_row(facts.total)[1:])])
    if len(facts.keywords) > len(shown):
        terminal.line(f"... and {len(facts.keywords) - len(shown):,} keywords more (--json has all)")
    total, even = facts.total, facts.balance
    terminal.line("")
    terminal.line(
        f"{total.found:,} found = {total.kept:,} kept + {total.left_out:,} left out + {total.duplicate:,} duplicates"
        f" + {total.rejected:,} no picture + {total.failed:,} failed + {total.skipped:,} skipped"
        f" + {total.waiting:,} to do"
    )
    if even.classes:
        ratio = f"largest/smallest {even.ratio:g}" if even.ratio else f"{even.empty:,} empty"
        terminal.line(
            f"{even.classes:,} classes: {even.smallest:,} to {even.largest:,} pictures, median {even.median:g},"
            f" {ratio}, Gini {even.gini:.2f}"
        )
    if facts.losses:
        terminal.line("")
        rows = [(loss.reason or loss.state, loss.count, _megabytes(loss.bytes), f"{loss.seconds:,.1f}")
                for loss in facts.losses[:15]]  # fmt: skip
        terminal.grid(("lost because", "URLs", "MB", "seconds"), rows)
    if facts.domains.count:
        terminal.line("")
        terminal.line(f"{facts.domains.count:,} hosts; the largest:")
        terminal.grid(("host", *_HEAD), map(_row, facts.domains.largest[:10]))
    if facts.block:
        terminal.line("")
        terminal.line(f"hosts that brought next to nothing: {', '.join(facts.block[:20])}")


def _row(one: Yield) -> tuple[object, ...]:
    return (one.name, one.found, one.fetched, one.decoded, one.unique, one.kept, _megabytes(one.bytes),
            f"{one.seconds:,.1f}")  # fmt: skip


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"
