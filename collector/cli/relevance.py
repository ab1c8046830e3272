"""Verbs that look at what pictures show: embeddings, what is off topic, what is similar."""

from __future__ import annotations

from pathlib import Path

import click

from collector.api.collection import Collection
from collector.cli import options, terminal


@click.command()
@options.out
def embed(out: Path) -> None:
    """Give every picture its embedding: 1,280 numbers that say what it shows. Needs the extra `look`.

    They are kept beside the ledger, so that only new pictures are looked at next time. `relevance` and `similar` do
    the same by themselves.
    """
    done = Collection(out, terminal.error).embed(tell=terminal.looked_at)
    terminal.line(f"{done.made:,} pictures newly looked at, {done.known:,} known before")
    if done.unreadable:
        terminal.line(f"{done.unreadable:,} files can no longer be read; see `collector verify --again`")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@options.out
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="How many.")
def similar(file: Path, out: Path, top: int) -> None:
    """List the pictures of the set that show most nearly what FILE shows, the nearest first. Needs the extra `look`.

    FILE need not be of the set. The number is the cosine of two embeddings: 1 is the same, 0 nothing in common.
    """
    found = Collection(out, terminal.error).similar(file, top, tell=terminal.looked_at)
    rows = [(f"{one.likeness:.2f}", one.row.label, one.row.file) for one in found]
    terminal.grid(("likeness", "class", "file"), rows)
