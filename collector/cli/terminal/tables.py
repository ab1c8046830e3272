"""Tables for people: rows of values in aligned columns, numbers to the right; those of the report and of a store."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Final

from collector.cli.terminal.text import line, outcome
from collector.errors import counted, printable

if TYPE_CHECKING:
    from collector.cluster.accounts import Accounts
    from collector.ledger.stats import Yield
    from collector.report.facts import Facts

_LEAST: Final = 12
"""Columns that words keep on a narrow terminal."""
FULL: Final = 40
"""Rows up to which all are printed; else the largest so many."""
_SHOWN: Final = 10
"""Reasons, and lines about what is missing, that a store's accounts name."""
_HEAD: Final = ("found", "fetched", "decoded", "unique", "kept", "MB", "seconds")


def grid(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print on standard output. What comes from outside is made printable, and on a terminal cut so that the columns
    stay in line; only the last one, where it is of words, may be longer than the line."""
    from rich.cells import cell_len

    texts = [[printable(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row] for row in rows]
    numeric = [all(isinstance(cell, int) for cell in column) for column in zip(*rows, strict=True)] if texts else []
    widths = [max(cell_len(row[place]) for row in [list(head), *texts]) for place in range(len(head))]
    if sys.stdout.isatty():
        words = [place for place in range(len(head) - 1) if not (numeric and numeric[place])]
        widths = _narrowed(widths, words, [cell_len(cell) for cell in head], get_terminal_size().columns)
        texts = [[_cut(cell, width) for cell, width in zip(row[:-1], widths, strict=False)] + row[-1:] for row in texts]
    for row in [list(head), *texts]:
        cells = []
        for place, text in enumerate(row):
            gap = " " * (widths[place] - cell_len(text))
            cells.append(gap + text if numeric and numeric[place] else text + gap)
        line("  ".join(cells).rstrip())


def _narrowed(widths: list[int], words: list[int], least: list[int], columns: int) -> list[int]:
    """Columns of words at these places made narrower, the widest first, until all fit; none less than its heading."""
    narrowed = list(widths)
    while sum(narrowed) + 2 * (len(narrowed) - 1) > columns:
        place = max(words, key=lambda place: narrowed[place] - least[place], default=None)
        if place is None or narrowed[place] <= max(least[place], _LEAST):
            break
        narrowed[place] -= 1
    return narrowed


def _cut(text: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    sign = "…" if (sys.stdout.encoding or "").lower().startswith("utf") else "..."
    return text if cell_len(text) <= width else set_cell_size(text, width - len(sign)) + sign


def report(facts: Facts) -> None:
    """Print what came of everything found: by keyword, in sums, by reason and by host."""
    shown = facts.keywords if len(facts.keywords) <= FULL else sorted(facts.keywords, key=lambda row: -row.found)[:FULL]
    grid(("keyword", *_HEAD), [*map(_row, shown), ("all", *_row(facts.total)[1:])])
    if len(facts.keywords) > len(shown):
        line(f"... and {len(facts.keywords) - len(shown):,} keywords more (--json has all)")
    total, even = facts.total, facts.balance
    line("")
    line(
        f"{total.found:,} found = {total.kept:,} kept + {total.left_out:,} left out + {total.duplicate:,} duplicates"
        f" + {total.rejected:,} no picture + {total.failed:,} failed + {total.skipped:,} skipped"
        f" + {total.waiting:,} to do"
    )
    if even.classes:
        ratio = f"largest/smallest {even.ratio:g}" if even.ratio else f"{even.empty:,} empty"
        line(
            f"{counted(even.classes, 'class', 'es')}: {even.smallest:,} to {even.largest:,} pictures,"
            f" median {even.median:g}, {ratio}, Gini {even.gini:.2f}"
        )
    if facts.losses:
        line("")
        rows = [(loss.reason or loss.state, loss.count, _megabytes(loss.bytes), f"{loss.seconds:,.1f}")
                for loss in facts.losses[:15]]  # fmt: skip
        grid(("lost because", "URLs", "MB", "seconds"), rows)
    if facts.domains.count:
        line("")
        line(f"{counted(facts.domains.count, 'host')}; the largest:")
        grid(("host", *_HEAD), map(_row, facts.domains.largest[:10]))
    if facts.block:
        line("")
        line(f"hosts that brought next to nothing: {', '.join(facts.block[:20])}")


def _row(one: Yield) -> tuple[object, ...]:
    return (one.name, one.found, one.fetched, one.decoded, one.unique, one.kept, _megabytes(one.bytes),
            f"{one.seconds:,.1f}")  # fmt: skip


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def store_accounts(accounts: Accounts, url: str, *, as_json: bool = False) -> None:
    """Print the accounts of a store on standard output."""
    if as_json:
        outcome(json.dumps({"event": "store", **asdict(accounts), "closes": accounts.closes}))
        return
    outcome(f"{url}: {counted(accounts.given, 'URL')} in {counted(accounts.pieces, 'piece')}")
    for state, count in accounts.states.items():
        outcome(f"  {state:10}{count:>12,}")
    for reason, count in list(accounts.reasons.items())[:_SHOWN]:
        outcome(f"    {reason:28}{count:>12,}")
    if accounts.set:
        left = sum(accounts.set.values()) - accounts.set.get("", 0)
        outcome(f"  {accounts.set.get('', 0):,} pictures make the set, {left:,} are left out of it (set.parquet)")
        for reason, count in sorted(accounts.set.items()):
            if reason:
                outcome(f"    {reason:28}{count:>12,}")
    if accounts.repeated:
        outcome(f"  {accounts.repeated:,} more URLs stood under two keywords of one class")
    if accounts.read:
        outcome(f"  {accounts.read:,} pieces were there before and were not fetched again")
    for one in accounts.missing[:_SHOWN]:
        outcome(f"  missing: {one}")
    if len(accounts.missing) > _SHOWN:
        outcome(f"  and {len(accounts.missing) - _SHOWN:,} more are missing")
