"""What the sources are and what each of them knows, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from collector import settings as settings_file
from collector import sources
from collector.model import Query
from collector.sources.contract import Source
from collector.sources.filter_table import shown


def listed() -> list[tuple[str, str]]:
    """(name, what it is) of every source."""
    return [(name, sources.load(name).about) for name in sources.names()]


def described(name: str) -> list[tuple[str, str]]:
    """(heading, text) about one source. UsageError that lists the choices when there is none of that name."""
    source = sources.load(name)
    rows = [
        (name, source.about),
        ("keyword", f"{source.keyword}, such as {source.example}"),
        ("limit", f"{'all' if source.unlimited else settings_file.USUAL_LIMIT}, unless you give one"),
        ("browser", "may use one" if source.needs_browser else "none"),
    ]
    rows += [("filter", f"{filter}={shown(choices, ' | ')}") for filter, choices in sorted(source.filters.items())]
    rows += [("setting", text) for text in _settings(name, source)]
    return rows


def estimated(asked: Iterable[Query], spares: float) -> list[tuple[str, int, int, float]]:
    """(source, keywords, requests, US dollars) of every source that costs something, if each brings all that is wanted.

    By price lists of 2026 and their smallest plans: an order of magnitude, no offer.
    """
    counted: dict[str, tuple[int, int, float]] = {}
    for query in asked:
        for name in query.sources:
            source = sources.load(name)
            if source.price is None:
                continue
            deepest = source.price.results * int(source.settings.get("pages", 1))
            wanted = deepest if query.limit is None else min(deepest, query.limit + max(10, ceil(query.limit * spares)))
            keywords, requests, dollars = counted.get(name, (0, 0, 0.0))
            more = ceil(wanted / source.price.results)
            counted[name] = keywords + 1, requests + more, dollars + source.price.of(wanted)
    return [(name, *sums) for name, sums in counted.items()]


def _settings(name: str, source: Source) -> list[str]:
    kinds: Mapping[str, Any] = source.kinds
    return [
        f"{name}.{key} = {value!r} ({settings_file.expected(settings_file.kind_of(key, value, kinds))})"
        for key, value in source.settings.items()
    ]
