"""The arguments of a run become Settings, checked as a whole. Starts nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from collector import settings as settings_file
from collector import sources
from collector.cookies import Cookies
from collector.errors import UsageError
from collector.http.blocklist import inlined
from collector.settings import Late, Limit, Settings, Value
from collector.urls import Proxies


def loaded(config: Path | None, assignments: tuple[str, ...] = ()) -> Settings:
    """Settings of a file (None: ./collector.toml, if there is one), then of `table.key=value` texts."""
    return settings_file.load(config, assignments, *_of_sources())


def made(
    out: str | PathLike[str] = "images",
    *,
    limit: Limit | None = None,
    source: str | None = None,
    filters: Mapping[str, str] | None = None,
    settings: Mapping[str, Value] | None = None,
    config: str | PathLike[str] | None = None,
) -> Settings:
    """Settings of a settings file, if one is given, then of the other arguments. UsageError says what is wrong.

    `settings` are dotted keys, such as {"fetch.verify": "full"}; docs/settings.md lists them. Unlike the command line,
    this reads no collector.toml of the working folder.
    """
    if config is not None:
        built = loaded(Path(config))
    else:
        tables, known, kinds = _of_sources()
        built = Settings(sources=tables, filters=known, kinds=kinds)
    given: dict[str, object] = {**(settings or {}), "out": str(Path(out))}
    given |= {f"filters.{name}": value for name, value in (filters or {}).items()}
    given |= {"limit": limit} if limit is not None else {}
    given |= {"source": ",".join(sources.split_names(source))} if source is not None else {}
    for key, value in given.items():
        built = settings_file.assign(built, key, value, "collect")
    return checked(built)


def _of_sources() -> tuple[Late[Mapping[str, Value]], Late[str], Late[Mapping[str, Any]]]:
    """The sources' settings, their filters without a value, and what settings may be. Loads no source by itself."""
    return Late(sources.defaults), Late(lambda: dict.fromkeys(sources.all_filters(), "")), Late(sources.kinds)


def checked(settings: Settings) -> Settings:
    """The settings, with the lists of blocked hosts read. UsageError for what can be seen to be wrong before a run."""
    home = settings.out.resolve()
    if home in (Path(home.anchor), Path.home()):
        raise UsageError(f"--out {settings.out}: give a folder of its own, not the root of the disk or your home")
    if not (names := sources.split_names(settings.source)):
        raise UsageError(f"source: name at least one; there are: {', '.join(sources.names())}")
    for name in names:
        sources.check(name)
    proxies(settings)  # A mistake in it is told now.
    if settings.fetch.names:
        from collector.ledger.names import Names

        Names.parse(settings.fetch.names)
    for path in {settings.search.cookies, settings.fetch.cookies}:
        Cookies.read(path)
    settings_file.wanted_formats(settings.fetch.types)
    return settings_file.assign(settings, "fetch.block_hosts", inlined(settings.fetch.block_hosts), "--set")


def proxies(settings: Settings) -> Proxies:
    """By which proxies pages and pictures are asked for. UsageError for what is none."""
    try:
        return Proxies.of(settings.fetch.proxy, os.environ)
    except ValueError as error:
        raise UsageError(f"--proxy or the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY): {error}") from None
