"""Every picture of some web pages, what their hosts ask for, and an HTML file that shows them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from collector import reasons, sources
from collector.api import queries
from collector.api.collect import LOG, Crawl
from collector.api.options import made
from collector.api.practice import site
from collector.api.queries import QueryRow
from collector.ledger import Ledger, Row, Which
from collector.settings import Limit, Settings, Value

if TYPE_CHECKING:
    from collector.fetch.hotlink_probe import Finding
    from collector.practice import PracticeWeb
    from collector.report.page_view import Shown

PAGES = Path("pages")
"""Where pages go: beside the output folder of keywords, in which a page's folder would pass for a class."""
Test = Literal["each", "host", "none"]
"""Which pictures are asked for as a page of another site would ask: all, some of each host, or none."""


@dataclass(frozen=True, slots=True)
class PageCrawl:
    """The crawl of some pages; when it has ended, `write` makes the file that shows them."""

    crawl: Crawl
    settings: Settings
    keywords: tuple[str, ...]
    """The addresses, as the ledger knows them."""
    source: str
    practice: bool | PracticeWeb

    def urls(self) -> Iterator[str]:
        """The pictures' URLs, each once."""
        with Ledger.read(self.settings.out) as ledger:
            yield from dict.fromkeys(row.url for row in self._rows(ledger))

    def shown(self, test: Test = "each") -> list[Shown]:
        """The pictures found so far, and what their hosts, which are asked for them, want."""
        found: dict[str, Finding] = {}
        with Ledger.read(self.settings.out) as ledger:
            rows = list(self._rows(ledger))
            if test != "none":
                with site(self.practice, ledger, self.settings) as led:
                    found = _tested(rows, led, test)
        return [_shown(row, found.get(row.url), self.settings.out.name) for row in rows]

    def write(self, test: Test = "each") -> Path:
        """Write the HTML file beside the folder, after asking the pictures' hosts what they want. OSError."""
        from collector.report.page_view import document
        from collector.report.rendering import replace

        shown = self.shown(test)
        addresses = dict.fromkeys(one.page for one in shown) or self.keywords
        path = self.settings.out.with_name(f"{self.settings.out.name}.html")
        replace(path, document(list(addresses), shown, f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"))
        return path

    def _rows(self, ledger: Ledger) -> Iterator[Row]:
        """What was found on the pages, in their order and by rank, but for what is no picture to collect."""
        for keyword in dict.fromkeys(self.keywords):
            found = ledger.dataset.rows(Which(keyword=keyword, source=self.source), "asked")
            yield from (row for row in found if row.reason != "page.left_out")


def pages(
    addresses: Sequence[str],
    out: str | PathLike[str] | None = None,
    *,
    limit: Limit = "all",
    gallery: bool = False,
    fetch: bool = True,
    settings: Mapping[str, Value] | None = None,
    practice: bool | PracticeWeb = False,
) -> PageCrawl:
    """Download every picture of web pages; `gallery` scrolls and presses for more in a browser.

    None as `out` is pages/HOST. InputError for what is no address.
    """
    built = made(usual_folder(addresses) if out is None else out, settings=settings)
    return page_crawl(addresses, built, limit=limit, gallery=gallery, fetch=fetch, practice=practice)


def page_crawl(
    addresses: Sequence[str],
    settings: Settings,
    *,
    limit: Limit = "all",
    gallery: bool = False,
    fetch: bool = True,
    practice: bool | PracticeWeb = False,
    notice: Callable[[str], None] = LOG.warning,
) -> PageCrawl:
    """As `pages`, with settings that are made already."""
    source = "gallery" if gallery else "page"
    asked = queries.from_rows([QueryRow(address, limit=limit, source=source) for address in addresses], settings)
    keywords = tuple(query.keyword for query in asked.queries)
    crawl = Crawl(settings, asked, fetch=fetch, practice=practice, notice=notice)
    return PageCrawl(crawl, settings, keywords, source, practice)


def usual_folder(addresses: Sequence[str]) -> Path:
    """pages/HOST, by the host of the first address."""
    from collector.ledger.layout import folder_name

    return PAGES / folder_name(sources.default_label("page", addresses[0]).partition(" ")[0], ())


def _shown(row: Row, finding: Finding | None, folder: str) -> Shown:
    from collector.report.page_view import Shown

    state = "inline" if row.url[:5].lower() == "data:" else str(finding.state) if finding else "not tested"
    loss = f"{reasons.meaning(row.reason) or row.state} ({row.reason})" if row.reason else row.state
    return Shown(
        url=row.url,
        page=row.page,
        title=row.title,
        state=state,
        told="; ".join(f"{name}: {came}" for name, came in finding.tries) if finding else "",
        local=f"{folder}/{row.path.as_posix()}" if row.path else "",
        width=row.width,
        height=row.height,
        bytes=row.bytes,
        loss="" if row.path else loss,
        video=row.media == "video",
        id=row.id if row.state == "saved" and row.media == "picture" else 0,
    )


def _tested(rows: Iterable[Row], settings: Settings, test: Test) -> dict[str, Finding]:
    """URL -> what its host wants; nothing of those that must not be asked for, or are no pictures."""
    from collector.fetch.hotlink_probe import Subject, survey

    subjects = [
        Subject(row.url, row.page, row.cookies, row.sha256 if not row.attempt.via else "")
        for row in rows
        if row.media == "picture" and row.url[:4] == "http" and not row.reason.startswith("policy.")
    ]
    a_strangers = replace(settings.fetch, cookies="")
    return survey(subjects, a_strangers, each=test == "each")
