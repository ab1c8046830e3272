"""The verb `keyword`: a person changes which keywords there are and of which class they are."""

from __future__ import annotations

from pathlib import Path

import click

from collector.api.collection import Collection
from collector.cli import options, terminal
from collector.errors import counted


@click.group()
def keyword() -> None:
    """Drop or rename a keyword, or move it to another class. Files move; nothing is deleted or fetched again.

    Make the same change in QUERIES: a run follows the file, and brings back what it lists.
    """


@keyword.command(short_help="take a keyword out of the set")
@click.argument("keyword")
@click.option("--label", help="Only that of this class.")
@options.out
def drop(keyword: str, label: str | None, out: Path) -> None:
    """Take KEYWORD out of the set. Its files stay, and it is neither searched nor fetched any more."""
    count = Collection(out, terminal.error).drop_keyword(keyword, label=label)
    terminal.line(f"{counted(count, 'picture')} left out of the set; no file was deleted")


@keyword.command(short_help="give a keyword another name")
@click.argument("keyword")
@click.argument("new")
@options.out
def rename(keyword: str, new: str, out: Path) -> None:
    """Call KEYWORD NEW from now on; its class as well, where that was called like it."""
    count = Collection(out, terminal.error).rename_keyword(keyword, new)
    terminal.line(f"{counted(count, 'picture')} of {keyword} are of {new} now; make the same change in QUERIES")


@keyword.command(short_help="put a keyword into another class")
@click.argument("keyword")
@click.argument("label", metavar="CLASS")
@click.option("--from", "of", metavar="CLASS", help="Only what is of this class now.")
@options.out
def move(keyword: str, label: str, of: str | None, out: Path) -> None:
    """Put the pictures of KEYWORD into CLASS; splits and decisions about them stay."""
    count = Collection(out, terminal.error).move_keyword(keyword, label, of=of)
    terminal.line(f"{counted(count, 'picture')} of {keyword} are in {label} now; make the same change in QUERIES")
