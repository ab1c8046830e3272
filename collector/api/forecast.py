"""What a run would ask for: searches, downloads, megabytes, minutes. Asks nobody and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from collector import sources
from collector.api.collection import Collection
from collector.errors import LedgerError, counted
from collector.ledger.layout import LEDGER
from collector.model import Query
from collector.settings import Settings

SHOWN = 20
"""Keywords that have a line of their own."""
USUAL_BYTES = 500_000
"""Of a picture, where the folder has none to measure."""
USUAL_PAGE = 50
"""Results that a request brings."""
BROWSER_SECONDS = 20.0
"""A keyword in a browser, usually."""
DOWNLOADS_A_SECOND = 10.0


def forecast(asked: Sequence[Query], settings: Settings) -> list[str]:
    """Lines for people: each keyword, each source, and all in all."""
    saved, size = _there(settings)
    lines: list[str] = []
    to_fetch, endless = 0, 0
    searches: dict[str, list[int]] = {}
    """Source -> pictures still wanted, of each keyword."""
    for query in asked:
        have = saved.get((query.keyword, query.label), 0)
        missing = None if query.limit is None else max(0, query.limit - have)
        to_fetch += missing or 0
        endless += missing is None
        for name in query.sources if missing != 0 else ():
            searches.setdefault(name, []).append(missing or 0)
        wanted = "all there is" if query.limit is None else counted(query.limit, "picture")
        lines.append(f"{query.keyword}: {wanted} from {' and '.join(query.sources)}, {have:,} here already")
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], f"... and {len(lines) - SHOWN:,} keywords more"]
    seconds = to_fetch / DOWNLOADS_A_SECOND
    for name, missing_each in searches.items():
        line, took = _source(name, missing_each, settings)
        lines.append(line)
        seconds += took
    more = f", and all there is of {endless:,} keywords" if endless else ""
    lines.append(
        f"about {counted(to_fetch, 'picture')} to download{more}, {to_fetch * size / 1e6:,.0f} MB, "
        f"{counted(max(1, ceil(seconds / 60)), 'minute')}; nothing was requested"
    )
    return lines


def _source(name: str, missing: Sequence[int], settings: Settings) -> tuple[str, float]:
    """The line of a source, and about how many seconds its searches take."""
    table = settings.sources[name]
    keywords = counted(len(missing), "keyword")
    source = sources.load(name)
    if source.needs_browser:
        return f"{name}: {keywords} to search, in a browser", len(missing) * BROWSER_SECONDS / settings.search.browsers
    urls = [max(1, count + max(10, ceil(count * settings.search.spares))) for count in missing]
    page = int(table.get("page_size", 0) or (source.price.results if source.price else USUAL_PAGE))
    requests = sum(ceil(count / page) for count in urls)
    rate = float(table.get("rate", 0.0) or 0.0)
    pace = f", at most {rate:g} a second" if rate else ""
    return f"{name}: {keywords} to search, about {counted(requests, 'request')}{pace}", requests / (rate or 2.0)


def _there(settings: Settings) -> tuple[dict[tuple[str, str], int], float]:
    """(keyword, label) -> pictures saved, and their mean size in bytes."""
    if not (settings.out / LEDGER).exists():
        return {}, USUAL_BYTES
    try:
        tallies = list(Collection(settings.out).keywords())
    except LedgerError:
        return {}, USUAL_BYTES
    count = sum(tally.saved for tally in tallies)
    mean = sum(tally.bytes for tally in tallies) / count if count else USUAL_BYTES
    return {(tally.keyword, tally.label): tally.saved for tally in tallies}, mean
