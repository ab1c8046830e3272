"""Verbs for recipes: what there is, what one says, what it finds on a page, and the list that its crawl leaves."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from collector.cli import options, terminal
from collector.errors import Incomplete, InputError, SourceError, counted
from collector.http.contract import Request
from collector.settings import FetchSettings

_WIDTH = 100
_SECONDS = 60.0


@click.group()
def recipe() -> None:
    """Sites described by a TOML file (docs/recipes.md). A row of a CSV names one: `time-covers,recipe`."""


@recipe.command("list", short_help="list the recipes that come with the program")
def list_() -> None:
    """List the recipes that come with the program."""
    from collector.sources.recipe import catalog

    for name in catalog.names():
        terminal.line(f"{name}\t{catalog.shown(name).head.about}")


@recipe.command(short_help="print a recipe, to start your own from it")
@click.argument("name")
def show(name: str) -> None:
    """Print a recipe, to start one of your own from it."""
    from collector.sources.recipe import catalog

    for line in catalog.text(name)[2].rstrip("\n").split("\n"):
        terminal.line(line)


@recipe.command(short_help="check a recipe, and what it finds on pages")
@click.argument("what", metavar="FILE|NAME[?parameter=value]")
@click.argument("pages", nargs=-1, metavar="[PAGE|URL]...")
@click.option("--as", "state", default="", metavar="KIND", help="Kind of page; otherwise the one that fits.")
@click.option("--allow-private", is_flag=True, help="Fetch from loopback and private addresses, too.")
def check(what: str, pages: tuple[str, ...], state: str, allow_private: bool) -> None:
    """Check a recipe, and tell what it finds on saved pages or URLs, and what stays empty. Exit code 7 if all does."""
    from collector.sources.recipe import catalog
    from collector.sources.recipe.check import best_fit

    name, given = catalog.asked(what)
    known = catalog.recipe(what) if given else catalog.shown(name)
    if state and state not in known.kinds:
        raise InputError(f"--as {state}: {name} has: {', '.join(known.kinds)}")
    terminal.line(f"{name}: a sound recipe: {', '.join(known.kinds)}")
    nothing = 0
    for page in pages:
        text, url = _read(page, known.head.robots and not known.head.api, allow_private)
        found = best_fit(known, text, url, state)
        nothing += not found.matched
        terminal.line(f"{page}: {found.kind}, {counted(found.items, 'item')}, {found.matched} of {found.looked_for}")
        for field, count, example in found.fields:
            terminal.line(_row(field, count, example))
        for to, count, example in found.links:
            terminal.line(_row(f"-> {to}", count, example))
    if nothing:
        raise Incomplete(f"{counted(nothing, 'page')} on which nothing was found", 7)


@recipe.command(short_help="write output.json and full/ as Scrapy does")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@options.out
@click.option("--keyword", default="", help="Only what this keyword brought; otherwise all recipes.")
@click.option("--source", default="recipe", show_default=True, help='The list of another source; "" for all.')
@click.option("--files/--no-files", default=True, help="Whether FOLDER/full gets the pictures.  [default: files]")
@click.option("--copy", is_flag=True, help="Copy the pictures; otherwise they are hard links where possible.")
@click.option("--name", default="", metavar="TEMPLATE", help="Other names below full/, e.g. '{pubDate} {title}'.")
def output(folder: Path, out: Path, keyword: str, source: str, files: bool, copy: bool, name: str) -> None:
    """Write FOLDER/output.json and FOLDER/full/<SHA-1 of URL>, as Scrapy's files pipeline leaves them."""
    from collector.dataset import scrapy_output
    from collector.ledger import Ledger, Which

    with Ledger.read(out) as ledger:
        if folder.resolve().is_relative_to(out.resolve()):
            raise InputError(f"{folder}: give a folder outside of {out}, whose folders are classes")
        rows = ledger.dataset.rows(Which(source=source or None, keyword=keyword or None), "asked")
        done = scrapy_output.write(rows, out, folder, files=files, copy=copy, name=name)
    lost = f", {done.lost} without a picture" if done.lost else ""
    terminal.line(
        f"{counted(done.items, 'item')} in {folder / scrapy_output.LIST}, {done.files} with their picture{lost}"
    )


def _row(name: str, count: int, example: str) -> str:
    shown = " ".join(example.split())
    shown = shown if len(shown) <= _WIDTH else f"{shown[: _WIDTH - 3]}..."
    return f"  {name:<14} {count:>5}  {shown}" if count else f"  {name:<14}  none"


def _read(page: str, robots: bool, allow_private: bool) -> tuple[str, str]:
    """(text, address) of a saved page or a URL. InputError when it cannot be had."""
    if urlsplit(page).scheme not in ("http", "https"):
        try:
            return Path(page).read_text(encoding="utf-8", errors="replace"), Path(page).absolute().as_uri()
        except OSError as error:
            raise InputError(f"{page}: cannot be read: {error.strerror}") from None
    from collector.http.page_client import PageClient

    visit = PageClient(FetchSettings(allow_private=allow_private)).visit(lambda: _SECONDS)
    try:
        answer = visit.get(Request(page, crawl=robots))
    except SourceError as error:
        raise InputError(f"{page}: {error}") from None
    finally:
        visit.close()
    if answer.status >= 400:
        raise InputError(f"{page}: HTTP {answer.status}")
    return answer.text, answer.url
