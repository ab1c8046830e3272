"""A run from its queries to its summary: plan, work off, show, end with the right code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from collector import sources
from collector.cli import terminal
from collector.cli.endings import GO_ON, judge, offer_widening, remember_unreachable
from collector.cli.flags import settings_of, source_names
from collector.cli.signals import Stop
from collector.cli.site import site
from collector.errors import InputError, Stopped, UsageError
from collector.importers.blocklist import Terms
from collector.model import Digest
from collector.settings import USUAL_LIMIT, Settings

if TYPE_CHECKING:
    from collector.importers.queries import QueryFile


def work(
    given: dict[str, Any],
    path: Path | QueryFile | None,
    *,
    search: bool,
    fetch: bool,
    summary: TextIO | None = None,
) -> None:
    """Plan the queries, work them off, show it, and end with the right code."""
    from collector.ledger import Interrupted

    settings = settings_of(given)
    if settings.out.resolve() in (Path(settings.out.resolve().anchor), Path.home()):
        raise UsageError(f"--out {settings.out}: a folder of its own, not the root of the disk or of your home")
    stop = Stop()
    try:
        with stop:
            digest, unreachable, seconds = _worked(
                given, settings, path, stop, search=search, fetch=fetch, summary=summary
            )
    except (KeyboardInterrupt, Interrupted):
        raise Stopped(f"stopped; everything so far is kept, {GO_ON}", stop.code) from None
    terminal.summary(digest, seconds, settings.out, events=given["events"], stream=summary)
    if stop.asked:
        raise Stopped(f"stopped; everything so far is kept, {GO_ON}", stop.code)
    offer_widening(digest, settings)
    judge(digest, unreachable, fetch)


def _worked(
    given: dict[str, Any],
    settings: Settings,
    path: Path | QueryFile | None,
    stop: Stop,
    *,
    search: bool,
    fetch: bool,
    summary: TextIO | None,
) -> tuple[Digest, list[str], float]:
    """(how the keywords stand, sources that could not be reached, seconds) of a run from its plan to its end."""
    from collector.crawl import assemble

    asked = _read(path, settings, given) if isinstance(path, Path) else path
    started = time.monotonic()
    with (
        assemble.workshop(settings.out, terminal.error, lambda: stop.asked) as ledger,
        site(given["practice"], ledger, settings) as settings,
    ):
        with ledger.interruptible(lambda: stop.asked):
            widen = settings.search.widen
            feeds = [name for name in sources.names() if sources.load(name).incremental]
            blocked = _blocked(settings)
            number = (
                ledger.work.plan(asked.queries, widen, feeds) if asked is not None else ledger.work.take_up_all(blocked)
            )
            if asked is None and blocked is not None and (left := ledger.work.left_alone(blocked)):
                terminal.error(f"keywords not fetched because of the block list (policy.blocklist): {left:,}")
            keywords, wanted, searched, saved = ledger.stats.progress(number)
        stop.gently = True
        run = assemble.assemble(ledger, number, settings, search=search, fetch=fetch)
        show = terminal.choose(
            given["events"], sys.stderr.isatty(), keywords if search else 0, wanted, searched=searched, saved=saved
        )
        unreachable: list[str] = []
        with show:
            for note in asked.notes if asked else ():
                show.notice(note)
            try:
                with closing(run.events(stop.look)) as events:
                    for event in events:
                        show.show(event)
                        remember_unreachable(event, unreachable)
            finally:
                if search:
                    assemble.write_map(ledger, settings.out)
        if given["events"]:
            terminal.tally_lines(ledger.stats.tallies(number), summary)
        return ledger.stats.digest(number), unreachable, time.monotonic() - started


def _read(path: Path, settings: Settings, given: Mapping[str, Any]) -> QueryFile:
    from collector.importers.queries import read_queries

    return read_queries(
        path,
        limit=lambda names: _limit(settings, names),
        sources=source_names(settings),
        filters=sorted(settings.filters),
        given={name: value for name, value in settings.filters.items() if value},
        check=_check_query,
        fault=sources.validate_keyword,
        label=sources.default_label,
        blocked=_blocked(settings),
        encoding=given["encoding"],
        delimiter=given["delimiter"],
    )


def _blocked(settings: Settings) -> Callable[[str], str] | None:
    """Keyword -> the term of the block list that it contains."""
    return Terms.read(Path(settings.blocklist)).within if settings.blocklist else None


def _limit(settings: Settings, names: tuple[str, ...]) -> int | None:
    """Of rows that have none of their own: what the user said, else what is usual for their sources. None: all."""
    if settings.limit is None:
        return None if all(sources.load(name).unlimited for name in names) else USUAL_LIMIT
    return None if settings.limit == "all" else settings.limit


def _check_query(query: Any) -> str | None:
    """What is wrong with a row's sources or filters, if anything."""
    for source in query.sources:
        try:
            sources.load(source)
            sources.check_filters(source, dict(query.filters))
        except (UsageError, InputError) as error:
            return str(error)
    return None
