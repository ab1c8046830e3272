"""The verb `page`: all pictures of pages downloaded, their hosts tested, and an HTML file that shows them.

The run itself is that of every other verb; here is what comes before and after it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector import sources
from collector.cli import flags, terminal
from collector.cli.site import site
from collector.cli.work import work
from collector.errors import Incomplete, InputError
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.fetch.hotlink_probe import Finding
    from collector.importers.queries import QueryFile
    from collector.ledger import Ledger, Row

PAGES = Path("pages")
"""Beside the output folder of keywords, in which a page's folder would pass for a class."""


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="URL...")
@flags.common
@flags.browser
@flags.fetch
@click.option("--gallery", is_flag=True, help="Scroll and press for more, in the browser.")
@click.option("--limit", type=click.IntRange(1), help="Pictures per page.  [default: all]")
@click.option(
    "--test",
    type=click.Choice(["each", "host", "none"]),
    default="each",
    help="Which pictures are asked for as a foreign page would.  [default: each]",
)
@click.option("--open", "show", is_flag=True, help="Open the HTML file in your browser.")
@click.option(
    "--print", "only_print", is_flag=True, help="Only print the pictures' URLs, one a line; download nothing."
)
def page(addresses: tuple[str, ...], gallery: bool, test: str, show: bool, only_print: bool, **given: Any) -> None:
    """Download every picture of web pages, and write an HTML file that shows them.

    It shows each from its own host where that lets other pages show it, from the local copy where not, and says
    which of them need a Referer, a cookie, ... Pictures and ledger go to pages/HOST, the file beside it.
    """
    source = "gallery" if gallery else "page"
    asked = _asked(addresses, source, given.get("limit"))
    given["out"] = given["out"] or PAGES / _folder(addresses)
    verdict: Incomplete | None = None
    try:
        work(given, asked, search=True, fetch=not only_print, summary=sys.stderr if only_print else sys.stdout)
    except Incomplete as ending:
        verdict = ending
    keywords = [query.keyword for query in asked.queries]
    if only_print:
        _print(given["out"], keywords, source)
    else:
        _write(given, keywords, source, test, show)
    if verdict is not None:
        raise verdict


def _asked(addresses: Sequence[str], source: str, limit: int | None) -> QueryFile:
    """The addresses as rows of a file of queries would be. InputError for one that is none."""
    from collector.importers.queries import QueryFile, clean
    from collector.model import Query

    queries = []
    for address in dict.fromkeys(addresses):
        try:
            keyword, _ = clean(address)
        except ValueError as error:
            raise InputError(f"the address {error}") from None
        if fault := sources.validate_keyword(source, keyword):
            raise InputError(f"{keyword[:200]}: {fault}")
        label, _ = clean(sources.default_label(source, keyword))
        queries.append(Query(keyword, label or keyword, limit, (source,)))
    return QueryFile(queries, 0, 0, (), "")


def _folder(addresses: Sequence[str]) -> str:
    """The host of the first address as the name of a folder."""
    from collector.ledger.layout import folder_name
    from collector.sources.page.http_page import default_label

    return folder_name(default_label(addresses[0]).partition(" ")[0], ())


def _print(out: Path, keywords: Sequence[str], source: str) -> None:
    from collector.ledger import Ledger

    with Ledger.read(out) as ledger:
        for url in dict.fromkeys(row.url for row in _rows(ledger, keywords, source)):
            terminal.line(url)


def _rows(ledger: Ledger, keywords: Sequence[str], source: str) -> Iterator[Row]:
    """What a source found for these addresses, in their order and by rank."""
    from collector.ledger import Which

    for keyword in dict.fromkeys(keywords):
        yield from ledger.dataset.rows(Which(keyword=keyword, source=source), "asked")


# --------------------------------------------------------------------------- the file that shows them


def _write(given: dict[str, Any], keywords: Sequence[str], source: str, test: str, show: bool) -> None:
    from collector.ledger import Ledger
    from collector.report.page_view import document
    from collector.report.rendering import replace

    out: Path = given["out"]
    with Ledger.read(out) as ledger, site(given["practice"], ledger, flags.settings_of(given)) as settings:
        views = list(_rows(ledger, keywords, source))
        found = _tested(views, settings, test)
    path = out.with_name(f"{out.name}.html")
    made = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
    shown = [_shown(view, found.get(view.url), out.name) for view in views]
    pages = dict.fromkeys(view.page for view in views) or keywords
    replace(path, document(list(pages), shown, made))
    terminal.line(str(path))
    if show:
        import webbrowser

        webbrowser.open(path.resolve().as_uri())


def _shown(view: Row, finding: Finding | None, folder: str) -> Any:
    from collector.report.page_view import Shown

    state = "inline" if view.url[:5].lower() == "data:" else str(finding.state) if finding else "not tested"
    loss = (
        ""
        if view.path
        else f"{terminal.meaning(view.reason) or view.state} ({view.reason})"
        if view.reason
        else view.state
    )
    return Shown(
        url=view.url,
        page=view.page,
        title=view.title,
        state=state,
        told="; ".join(f"{name}: {came}" for name, came in finding.tries) if finding else "",
        local=f"{folder}/{view.path.as_posix()}" if view.path else "",
        width=view.width,
        height=view.height,
        bytes=view.bytes,
        loss=loss,
        video=view.media == "video",
    )


def _tested(views: Sequence[Row], settings: Settings, test: str) -> dict[str, Finding]:
    """URL -> what its host wants; nothing of those that must not be asked for, or are no pictures."""
    from collector.fetch.hotlink_probe import Subject, survey

    if test == "none":
        return {}
    subjects = [
        Subject(view.url, view.page, view.cookies, view.sha256 if not view.attempt.via else "")
        for view in views
        if view.media == "picture" and view.url[:4] == "http" and not view.reason.startswith("policy.")
    ]
    return survey(subjects, settings.fetch, each=test == "each")
