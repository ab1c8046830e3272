"""The summary at the end: what every keyword asked for and got, and why the rest did not come.

Shows the ledger's numbers as they are; computes sums, never estimates.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from collector.cli.terminal.text import write
from collector.errors import counted, printable
from collector.ledger.layout import LEDGER
from collector.model import Digest, Tally
from collector.reasons import meaning

if TYPE_CHECKING:
    from rich.console import OverflowMethod
    from rich.table import Table
    from rich.text import Text

REASONS: Final = 8
SPARE: Final = "policy.limit"
"""The reason of what was not needed: nothing is missing because of it."""
NARROW: Final = 64
"""Columns of a terminal below which some numbers are left out."""
WIDE: Final = 110
"""Columns from which the headings are whole words."""
KEYWORD_WIDTH: Final = 40
PLAIN_WIDTH: Final = 160
"""Columns when the output is no terminal."""

_NUMBERS: Final = ("found", "saved", "videos", "files", "duplicate", "rejected", "failed", "skipped", "waiting")
_SHORT: Final = {
    "videos": "vid",
    "duplicate": "dup",
    "rejected": "rej",
    "failed": "fail",
    "skipped": "skip",
    "waiting": "wait",
    "seconds": "s",
}
_OPTIONAL: Final = {"skipped": NARROW, "waiting": NARROW, "videos": 90, "files": 90}
"""Numbers that are left out when they are nothing everywhere, or the terminal has fewer columns than that."""


def summary(
    digest: Digest,
    seconds: float,
    out: Path,
    *,
    left_out: int | None = None,
    events: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Print the summary on stdout: a table, or a line of JSON if `events`.

    `seconds` is how long the run took, 0 when nothing ran. Of many keywords, only those that miss most have rows; the
    totals always count all of them. `left_out`: how many of the saved the set leaves out; None where nobody asks.
    """
    stream = stream or sys.stdout
    total, shown = digest.total, digest.shown
    if events:
        _json_summary(digest, seconds, out, stream, left_out)
        return
    from rich.console import Console

    console = Console(file=stream, highlight=False, width=None if stream.isatty() else PLAIN_WIDTH)
    ascii_only = not console.encoding.lower().startswith("utf")
    with console.capture() as capture:  # to drop the spaces at the line ends, and never to fail on an encoding
        console.print(_table(shown, total, console.width, "crop" if ascii_only else "ellipsis"))
    for row in capture.get().splitlines():
        write(stream, row.rstrip())
    if digest.keywords > len(shown):
        write(stream, _left_out(len(shown), digest.keywords, out))
    _why(total, stream)
    write(stream, _closing(total, seconds, out))
    if left_out:
        write(stream, f"{total.saved - left_out:,} of them are kept in the set, {left_out:,} are left out of it")


def tally_lines(tallies: Iterable[Tally], stream: TextIO | None = None) -> None:
    """Print each keyword's numbers on stdout as a line of JSON; a limit of null is everything there is."""
    for tally in tallies:
        write(stream or sys.stdout, json.dumps({"event": "tally", **asdict(tally)}))


# --------------------------------------------------------------------------- the table


def _table(shown: Sequence[Tally], total: Tally, width: int, overflow: OverflowMethod) -> Table:
    """Numbers get the room they need; keywords and remarks share what is left, and are cut to fit."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = [*shown, total]
    spare = {name for name, least in _OPTIONAL.items() if not getattr(total, name) or width < least}
    numbers = [name for name in _NUMBERS if name not in spare]
    headings = [name if width >= WIDE else _SHORT.get(name, name) for name in (*numbers, "MB", "seconds")]
    cells = [_cells(tally, numbers) for tally in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    names = [Text(printable(_name(tally))) for tally in rows]
    remarks = [Text(printable(_remark(tally))) for tally in shown]
    first, last = _shares(width - sum(widths) - 2 * len(widths), names, remarks)

    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False, show_footer=bool(shown), padding=(0, 1, 0, 0))
    table.add_column("keyword", names[-1], no_wrap=True, overflow=overflow, width=first)
    for heading, size, footer in zip(headings, widths, cells[-1], strict=True):
        table.add_column(heading, footer, justify="right", no_wrap=True, width=size)
    if last:
        table.add_column("why", no_wrap=True, overflow=overflow, width=last, style="dim")
    for place in range(len(shown) or 1):
        table.add_row(names[place], *cells[place], *([remarks[place]] if last else []))
    return table


def _shares(room: int, names: Sequence[Text], remarks: Sequence[Text]) -> tuple[int, int]:
    """Widths in cells of keywords and remarks; no remarks rather than a few letters of them."""
    name = max(text.cell_len for text in names)
    remark = max((text.cell_len for text in remarks), default=0)
    first = max(12, min(name, KEYWORD_WIDTH, max(room - remark - 2, room // 2) if remark else room))
    last = min(remark, room - first - 2)
    return (first, last) if last >= 12 or last == remark else (max(12, min(name, room)), 0)


def _name(tally: Tally) -> str:
    return tally.keyword if tally.label in ("", tally.keyword) else f"{tally.keyword} ({tally.label})"


def _cells(tally: Tally, numbers: Sequence[str]) -> list[str]:
    """Numbers as text: counts, then megabytes and seconds with one decimal."""
    counts = [f"{getattr(tally, name):,}" for name in numbers]
    return [*counts, f"{tally.bytes / 1e6:,.1f}", f"{tally.seconds:,.1f}"]


def _remark(tally: Tally) -> str:
    """Searches that did not come to their end, then the most frequent reasons that have no column of their own."""
    searches = [f"{source}: {reason or state.value}" for source, state, reason in tally.searches if not state.done]
    reasons = [(reason, count) for reason, count in tally.reasons if not reason.startswith(("duplicate.", "policy."))]
    return ", ".join([*searches, *(f"{count:,} {reason}" for reason, count in reasons[:3])])


# --------------------------------------------------------------------------- below the table


def _left_out(shown: int, all_of_them: int, out: Path) -> str:
    if not shown:
        return f"Every keyword has all it asked for; each one's numbers stand in {printable(str(out / LEDGER))}"
    few = (
        f"The {shown:,} keywords that miss most of what they asked for" if shown > 1 else "The keyword that misses some"
    )
    return f"{few}; all {all_of_them:,} stand in {printable(str(out / LEDGER))}"


def _why(total: Tally, stream: TextIO) -> None:
    """The most frequent reasons in words, without the spares that were not needed."""
    reasons = [(reason, count) for reason, count in total.reasons if reason != SPARE]
    if not reasons:
        return
    write(stream, "\nNot saved, because:")
    for reason, count in reasons[:REASONS]:
        write(stream, f"  {count:>9,}  {printable(reason):<24} {printable(meaning(reason))}".rstrip())
    if rest := sum(count for _, count in reasons[REASONS:]):
        write(stream, f"  {rest:>9,}  other reasons")
    if total.retry:
        write(stream, f"  {total.retry:,} of the failed will be tried again by the next run")


def _closing(total: Tally, seconds: float, out: Path) -> str:
    took = f" in {seconds:,.1f} s" if seconds else ""
    wanted = f" of {total.limit:,}" if total.limit is not None else ""
    apart = _apart(total)
    one = total.saved == 1 and not wanted
    what = "saved" if apart else f"picture{'' if one else 's'} saved"
    saved = f"{total.saved:,}{wanted} {what}{apart}, {total.bytes / 1e6:,.1f} MB"
    return f"\n{saved}{took}: {printable(str(out))}"


def _apart(total: Tally) -> str:
    """What was saved beside pictures, such as ` (119 pictures, 33 videos with 12.0 MB)`; "" when it is all pictures."""
    parts = [counted(total.pictures, "picture")]
    for name, count, size in (("videos", total.videos, total.video_bytes), ("files", total.files, total.file_bytes)):
        parts += [f"{count:,} {name} with {size / 1e6:,.1f} MB"] * bool(count)
    return f" ({', '.join(parts)})" if len(parts) > 1 else ""


def _json_summary(digest: Digest, seconds: float, out: Path, stream: TextIO, left_out: int | None) -> None:
    sums = asdict(digest.total)
    del sums["keyword"], sums["label"], sums["searches"], sums["seconds"]
    ending = {"event": "summary", "keywords": digest.keywords, **sums, "seconds": round(seconds, 3), "out": str(out)}
    if left_out is not None:
        ending |= {"kept": digest.total.saved - left_out, "left_out": left_out}
    write(stream, json.dumps(ending))
