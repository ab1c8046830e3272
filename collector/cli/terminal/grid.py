"""Rows of values in aligned columns, for people; numbers to the right. What comes from outside is made printable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.cli.terminal.text import line, printable


def grid(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print on standard output."""
    from rich.cells import cell_len

    texts = [[printable(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row] for row in rows]
    numeric = [all(isinstance(cell, int) for cell in column) for column in zip(*rows, strict=True)] if texts else []
    widths = [max(cell_len(row[place]) for row in [list(head), *texts]) for place in range(len(head))]
    for row in [list(head), *texts]:
        cells = []
        for place, text in enumerate(row):
            gap = " " * (widths[place] - cell_len(text))
            cells.append(gap + text if numeric and numeric[place] else text + gap)
        line("  ".join(cells).rstrip())
