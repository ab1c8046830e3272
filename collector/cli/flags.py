"""The flags of the verbs, and the settings they make together with file and --set. Reads no query, starts nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from collector import settings as settings_file
from collector import sources
from collector.errors import UsageError
from collector.http.blocklist import hosts, inlined
from collector.settings import Settings


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


queries = click.argument("queries", type=click.Path(path_type=Path), default=Path("queries.csv"))
out = click.option("--out", type=click.Path(path_type=Path), help="Output folder.  [default: images]")
config = _options(
    click.option("--config", type=click.Path(path_type=Path), help="Settings file.  [default: ./collector.toml]"),
    click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="One setting, e.g. google.home=URL."),
)
practice = click.option("--practice", is_flag=True, help="Use the bundled practice web as the site for every source.")
common = _options(
    out,
    config,
    click.option("--events", is_flag=True, help="Print every event as a line of JSON on standard output."),
    practice,
)
blocklist = click.option(
    "--blocklist", metavar="FILE", help="Terms, one a line; keywords that contain one are left out."
)
reading = _options(
    click.option("--encoding", help="Encoding of QUERIES, if it is not UTF-8 or UTF-16."),
    click.option("--delimiter", help="What separates the columns of QUERIES, if it is not found out."),
)


def _filter_flags() -> Callable[[Any], Any]:
    """One flag per search filter of any source, with its choices in the help."""
    flags = []
    for name, choices in sorted(sources.all_filters().items()):
        spelled = (f"--{name}", "--colour") if name == "color" else (f"--{name}",)
        text = f"Filter: {', '.join(choices)}." if isinstance(choices, tuple) else f"Filter: {FILTER_HELP[name]}."
        flags.append(click.option(*spelled, f"filter_{name}", metavar="VALUE", help=text))
    return _options(*flags)


FILTER_HELP = {
    "region": "country of two letters",
    "language": "language of the pages, e.g. en or pt-BR",
    "site": "only from this site",
    "exclude": "words that must not appear",
    "license": "Creative Commons licences, e.g. by or by-sa|cc0",
    "provider": "collections that Openverse brings together, e.g. flickr or met",
}

browser = _options(
    click.option("--headed/--headless", default=None, help="A window or none.  [default: where there is a display]"),
    click.option("--browser-binary", metavar="PATH", help="Chrome or Chromium to use."),
    click.option("--driver", metavar="PATH", help="chromedriver to use."),
    click.option("--grid", metavar="URL", help="Use the browsers of a Selenium Grid, e.g. http://localhost:4444."),
    click.option("--profile", metavar="DIR", help="Keep browser profiles (cookies) in DIR between runs."),
)


class Limit(click.ParamType[settings_file.Limit]):
    """A whole number of at least 1, or all."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> settings_file.Limit:
        text = str(value).strip()
        if text.casefold() == "all":
            return "all"
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
            self.fail(f"{text!r} is neither a whole number of at least 1 nor all", param, ctx)
        return int(text)


search = _options(
    click.option(
        "--limit",
        type=Limit(),
        metavar="NUMBER|all",
        help="Pictures per keyword, if its row does not say.  [default: 100, all of a gallery or user]",
    ),
    click.option(
        "--source", "source_names", multiple=True, help="Where to search, if a row does not say.  [default: google]"
    ),
    click.option("--browsers", type=click.IntRange(1, 64), help="Browsers open at once.  [default: 2]"),
    click.option("--workers", type=click.IntRange(1, 64), help="Keywords at once without a browser.  [default: 10]"),
    browser,
    click.option("--widen", is_flag=True, help="Search facets of a keyword too when it has too few results."),
    click.option("--harvest", metavar="WAY", help="How Google's pictures are found: auto, rows, hover or click."),
    _filter_flags(),
)
fetch = _options(
    click.option("--threads", type=click.IntRange(1, 1024), help="Downloads in flight.  [default: 64]"),
    click.option("--transport", type=click.Choice(["curl", "requests"]), hidden=True),  # Of earlier versions.
    click.option(
        "--verify",
        type=click.Choice(["full", "fast", "structure"]),
        help="How pictures are looked at before they are kept.  [default: fast]",
    ),
    click.option(
        "--rescue",
        is_flag=True,
        help="Have a browser show the page of a picture that its host refuses; a few per host.",
    ),
    click.option(
        "--thumbnails", is_flag=True, help="Save a picture's thumbnail, marked, when the picture itself cannot be had."
    ),
    click.option(
        "--ignore-robots", flag_value="no", default=None, help="Fetch what robots.txt forbids; kept in the ledger."
    ),
    click.option(
        "--ignore-opt-out",
        flag_value="no",
        default=None,
        help="Fetch pictures marked as not for training or mining; kept in the ledger.",
    ),
    click.option("--allow-private", is_flag=True, help="Fetch from loopback and private addresses too."),
)
_FLAG_KEYS = {
    "out": "out",
    "limit": "limit",
    "blocklist": "blocklist",
    "browsers": "search.browsers",
    "workers": "search.workers",
    "headed": "search.headed",
    "browser_binary": "search.browser_binary",
    "driver": "search.driver",
    "grid": "search.grid",
    "profile": "search.profile",
    "harvest": "google.harvest",
    "widen": "search.widen",
    "threads": "fetch.threads",
    "transport": "fetch.transport",
    "verify": "fetch.verify",
    "rescue": "fetch.browser",
    "thumbnails": "fetch.stand_ins",
    "ignore_robots": "fetch.robots",
    "ignore_opt_out": "fetch.opt_out",
    "allow_private": "fetch.allow_private",
}


def settings_of(flags: dict[str, Any]) -> Settings:
    """Settings file, then --set, then the flags that were given."""
    names = sources.all_filters()
    settings = settings_file.load(
        flags.get("config"), flags.get("assignments", ()), sources.defaults(), names, sources.kinds()
    )
    for flag, key in {**_FLAG_KEYS, **{f"filter_{name}": f"filters.{name}" for name in names}}.items():
        if flags.get(flag) not in (None, False) or (flag == "headed" and flags.get(flag) is False):
            value = flags[flag]
            settings = settings_file.assign(
                settings, key, str(value) if flag == "out" else value, f"--{flag.removeprefix('filter_')}"
            )
    if flags.get("source_names"):
        settings = settings_file.assign(settings, "source", ",".join(flags["source_names"]), "--source")
    if not source_names(settings):
        raise UsageError(f"source: name at least one; there are: {', '.join(sources.names())}")
    for name in source_names(settings):
        sources.load(name)
    hosts(settings.fetch.block_hosts)  # A mistake in it is told now.
    return settings_file.assign(settings, "fetch.block_hosts", inlined(settings.fetch.block_hosts), "--set")


def source_names(settings: Settings) -> tuple[str, ...]:
    return tuple(name.strip() for name in settings.source.split(",") if name.strip())
