"""The options of the verbs as frozen values, each with its flag, its help and the setting that it stands for."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from operator import itemgetter
from pathlib import Path
from typing import Any

import click

from collector import settings as settings_file
from collector.api.collection import Collection
from collector.api.options import checked, loaded
from collector.cli import terminal
from collector.errors import UsageError
from collector.settings import LookSettings, Settings

_HEADINGS: Mapping[str, str] = {
    "Reading": "Keywords",
    "Blocking": "Keywords",
    "Searching": "Search",
    "Replacing": "Search",
    "Fetching": "Download",
    "Browsing": "Browsers",
    "Serving": "Server",
    "Configured": "General",
    "Place": "General",
    "Where": "General",
    "Common": "General",
}
"""Class of options -> its heading in the help, in the order in which it lists them."""
_OTHERS = "Other options"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def option(*flags: str, key: str = "", default: Any = None, **attributes: Any) -> Any:
    """A field that the user gives by flags; `key` is the setting it stands for, None or () mean not given."""
    return field(default=default, metadata={"flags": flags, "key": key, "attributes": attributes})


def switch(*flags: str, key: str = "", value: Any = True, **attributes: Any) -> Any:
    """An option without a value; given, it stands for `value`."""
    return option(*flags, key=key, flag_value=value, is_flag=True, **attributes)


def takes(name: str, kind: type[Any]) -> Decorator:
    """Gives a verb all options of a class of them, as one argument."""

    def decorate(verb: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(verb)
        def folded(**given: Any) -> Any:
            own = {one.name: given.pop(one.name) for one in fields(kind)}
            return verb(**given, **{name: kind(**own)})

        for one in reversed(fields(kind)):
            attributes = {"default": one.default, "cls": _Listed, "section": _section(kind, one.name)}
            folded = click.option(*one.metadata["flags"], one.name, **attributes | one.metadata["attributes"])(folded)
        return folded

    return decorate


class _Listed(click.Option):
    """An option that stands under a heading of the help."""

    def __init__(self, *arguments: Any, section: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.section = section


class Sections(click.Command):
    """A verb whose help lists its many options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        listed: dict[str, list[tuple[str, str]]] = {heading: [] for heading in (*_HEADINGS.values(), _OTHERS)}
        for one in self.get_params(ctx):
            if isinstance(one, click.Option) and (record := one.get_help_record(ctx)) is not None:
                listed[one.section if isinstance(one, _Listed) else _OTHERS].append(record)
        for heading, records in filter(itemgetter(1), listed.items()):
            with formatter.section(heading):
                formatter.write_dl(records)


def _section(kind: type[Any], name: str) -> str:
    """The heading of the class that an option was first written down in."""
    first = next(one for one in reversed(kind.__mro__) if name in getattr(one, "__annotations__", {}))
    return _HEADINGS[first.__name__]


class Number(click.FloatRange):
    """A number within bounds; "nan", which no bound keeps out, is none."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is not a valid number.", param, ctx)
        return found


class Aspect(Number):
    """How many times the shorter side; a word is the filter that the first version had under this name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if ctx is not None and param is not None and str(value).isalpha() and _has_old_filters(ctx.command):
            _remember(ctx, param, value)
            return None
        return super().convert(value, param, ctx)


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


A_PATH = click.Path(path_type=Path)
OUT_HELP = "Output folder.  [default: images]"
out = click.option("--out", type=A_PATH, default=Path("images"), help=OUT_HELP)
json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
distance = click.option(
    "--distance",
    type=click.IntRange(0, 31),
    default=31,
    show_default=True,
    help="How many of 256 bits may differ between hashes of pictures that count as the same.",
)
mirrored = click.option("--mirrored", is_flag=True, help="Treat a picture and its mirror image as the same.")
queries = click.argument("asked", nargs=-1, metavar="[QUERIES|KEYWORD]...")
embed = click.option(
    "--embed", is_flag=True, help="Compute embeddings during the fetch, on idle cores (needs the extra `look`)."
)
model = click.option(
    "--model", metavar="NAME", help="Model to use (`collector models list`); otherwise look.model of the settings."
)
models = click.option(
    "--models",
    metavar="DIR",
    help="Folder of one model, or of several, in the layout of Hugging Face (docs/relevance.md).",
)
dry_run = click.option("--dry-run", is_flag=True, help="Show what would be requested, and request nothing.")


@dataclass(frozen=True, slots=True)
class Configured:
    """Where settings come from."""

    config: Path | None = option("--config", type=A_PATH, help="Settings file.  [default: ./collector.toml]")
    assignments: tuple[str, ...] = option(
        "--set", default=(), multiple=True, metavar="KEY=VALUE", help="Set one setting, e.g. google.home=URL."
    )


@dataclass(frozen=True, slots=True)
class Place(Configured):
    """The folder and the settings."""

    out: Path | None = option("--out", key="out", type=A_PATH, help=OUT_HELP)


@dataclass(frozen=True, slots=True)
class Where(Place):
    """The same, and the way to the web."""

    proxy: str | None = option(
        "--proxy", key="proxy", metavar="URL",
        help="Proxy for browsers, pages and pictures: http://HOST:PORT, socks5://HOST:PORT, or none.  "
        "[default: from HTTP_PROXY, HTTPS_PROXY and ALL_PROXY]",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Serving(Where):
    """What the studio takes."""

    port: int = option(
        "--port",
        default=0,
        type=click.IntRange(0, 65_535),
        help="Port to listen on; 0 takes any free one.  [default: 0]",
    )
    host: str = option(
        "--host", default="127.0.0.1", metavar="ADDRESS", show_default=True,
        help="Where to listen. Others than this machine need --token: who has it may judge, and start runs.",
    )  # fmt: skip
    token: str = option(
        "--token",
        default="",
        metavar="KEY",
        help="The key in the address, of 16 characters or more.  [default: new]",
    )
    allow_private: bool | None = switch(
        "--allow-private", key="fetch.allow_private", help="Let runs ask loopback and private addresses, too."
    )

    def passed_on(self) -> list[str]:
        """The settings as flags of the commands that it starts."""
        given = [("--config", self.config), ("--proxy", self.proxy), *(("--set", one) for one in self.assignments)]
        flags = [f"{name}={value}" for name, value in given if value is not None]
        return [*flags, "--allow-private"] if self.allow_private else flags


@dataclass(frozen=True, slots=True)
class Common(Where):
    """What every run takes."""

    cookies: str | None = option(
        "--cookies", key="cookies", metavar="FILE",
        help="Your cookies (cookies.txt, Netscape format); each is sent to its own hosts only.",
    )  # fmt: skip
    events: bool = option("--events", default=False, is_flag=True, help="Print every event as a line of JSON.")
    events_to: Path | None = option(
        "-o", "--events-to", type=A_PATH, metavar="FILE", help="Write the events to FILE, and show progress as usual."
    )
    quiet: bool = option("--quiet", "-q", default=False, is_flag=True, help="Print warnings and errors only.")
    verbose: bool = option("--verbose", "-v", default=False, is_flag=True, help="Print a line for every URL.")
    log: Path | None = option(
        "--log", type=A_PATH, metavar="FILE", help="Append everything that happens to FILE, with the time."
    )
    allow_private: bool | None = switch(
        "--allow-private", key="fetch.allow_private", help="Also reach loopback and private addresses."
    )
    practice: bool = option(
        "--practice", default=False, is_flag=True, help="Use the bundled practice web instead of real sites."
    )


@dataclass(frozen=True, slots=True)
class PageOut(Common):
    """As Common; pages have a folder of their own."""

    out: Path | None = option("--out", key="out", type=A_PATH, help="Output folder.  [default: pages/HOST]")


@dataclass(frozen=True, slots=True)
class Reading:
    """How QUERIES are read."""

    encoding: str | None = option("--encoding", help="Encoding of QUERIES, unless it is UTF-8 or UTF-16.")
    delimiter: str | None = option("--delimiter", help="Column separator of QUERIES, if it is detected wrongly.")


@dataclass(frozen=True, slots=True)
class Blocking:
    """What is not to be searched."""

    blocklist: str | None = option(
        "--blocklist",
        key="blocklist",
        metavar="FILE",
        help="Skip keywords that contain a term from FILE (one per line).",
    )


@dataclass(frozen=True, slots=True)
class Browsing:
    """The browsers."""

    headed: bool | None = option(
        "--headed/--headless",
        key="search.headed",
        help="With or without a browser window.  [default: with one where there is a display]",
    )
    browser_binary: str | None = option(
        "--browser-binary", key="search.browser_binary", metavar="PATH", help="Chrome or Chromium to use."
    )
    driver: str | None = option("--driver", key="search.driver", metavar="PATH", help="chromedriver to use.")
    grid: str | None = option(
        "--grid", key="search.grid", metavar="URL", help="Use a Selenium Grid, e.g. http://localhost:4444."
    )
    profile: str | None = option(
        "--profile", key="search.profile", metavar="DIR", help="Keep browser profiles (cookies) in DIR between runs."
    )


@dataclass(frozen=True, slots=True)
class Searching(Browsing):
    """Stage one."""

    limit: settings_file.Limit | None = option(
        "--limit",
        key="limit",
        type=Limit(),
        metavar="NUMBER|all",
        help="Pictures per keyword, unless its row says otherwise.  [default: 100; all of a gallery or user]",
    )
    source: tuple[str, ...] = option(
        "--source", key="source", default=(), multiple=True, metavar="NAME",
        help="Where to search, unless a row says otherwise; see `collector sources`.  [default: google]",
    )  # fmt: skip
    filters: tuple[str, ...] = option(
        "--filter", default=(), multiple=True, metavar="NAME=VALUE,...",
        help="Search filters, e.g. size=large,color=red; `collector sources NAME` lists those of a source.",
    )  # fmt: skip
    keep_removed: bool = option(
        "--keep-removed", default=False, is_flag=True,
        help="Keep pictures in the set although their keyword's row is gone from QUERIES.",
    )  # fmt: skip
    browsers: int | None = option(
        "--browsers", key="search.browsers", type=click.IntRange(1, 64), help="Browsers open at once.  [default: 2]"
    )
    workers: int | None = option(
        "--workers", key="search.workers", type=click.IntRange(1, 64),
        help="Keywords searched at once without a browser.  [default: 10]",
    )  # fmt: skip
    widen: bool | None = switch(
        "--widen", key="search.widen", help="Search variations (size, time, color) of keywords with too few results."
    )
    refresh: bool = option(
        "--refresh", default=False, is_flag=True,
        help="Search again for new pictures, even where everything had been found.",
    )  # fmt: skip
    harvest: str | None = option(
        "--harvest",
        key="google.harvest",
        metavar="WAY",
        help="How Google's pictures are found: auto, rows, hover, click, network, redirect, page.",
    )


@dataclass(frozen=True, slots=True)
class Replacing(Searching):
    """The same, and what is done about pictures that are off topic."""

    relevant: bool = option(
        "--relevant", default=False, is_flag=True,
        help="Leave out pictures that do not show their class, and collect others instead, unless the row says"
        " relevant=no (needs the extra `look`).",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fetching:
    """Stage two."""

    threads: int | None = option(
        "--threads", key="fetch.threads", type=click.IntRange(1, 1024), help="Downloads at once.  [default: 64]"
    )
    transport: str | None = option("--transport", key="fetch.transport", hidden=True)
    verify: str | None = option(
        "--verify", key="fetch.verify", type=click.Choice(["full", "fast", "structure"]),
        help="How thoroughly pictures are checked before they are saved.  [default: fast]",
    )  # fmt: skip
    min_side: int | None = option(
        "--min-side", key="fetch.min_side", type=click.IntRange(0), metavar="PIXELS",
        help="Reject pictures whose shorter side is less than this.",
    )  # fmt: skip
    aspect: float | None = option(
        "--aspect", key="fetch.max_aspect", type=Aspect(1), metavar="NUMBER",
        help="Reject pictures whose longer side is more than this many times the shorter one.",
    )  # fmt: skip
    types: str | None = option(
        "--types", key="fetch.types", metavar="TYPE,...", help="Save only these types, e.g. jpg,png,webp."
    )
    exif: bool | None = switch(
        "--exif", key="fetch.exif", help="Keep the time and place recorded in EXIF; left out by default."
    )
    delay: float | None = option(
        "--delay", key="fetch.delay", type=Number(0, 60), metavar="SECONDS",
        help="Pause between two downloads from the same host.",
    )  # fmt: skip
    names: str | None = option(
        "--names", key="fetch.names", metavar="TEMPLATE",
        help='How files are named, e.g. "{label}-{rank:04}-{id}".  [default: by the hash of their bytes]',
    )  # fmt: skip
    rescue: bool | None = switch(
        "--rescue", key="fetch.browser", help="Let a browser try pictures that were refused; a few per host."
    )
    thumbnails: str | None = switch(
        "--thumbnails",
        key="fetch.thumbnails",
        value="fallback",
        help="Save the thumbnail, marked as such, when the picture itself is not available.",
    )
    robots: str | None = switch(
        "--ignore-robots", key="fetch.robots", value="no", help="Fetch what robots.txt forbids; recorded in the ledger."
    )
    opt_out: str | None = switch(
        "--ignore-opt-out", key="fetch.opt_out", value="no",
        help="Fetch pictures marked as not for training or mining; recorded in the ledger.",
    )  # fmt: skip


# --------------------------------------------------------------------------- filters

ALIASES: Mapping[str, str] = {"colour": "color", "licence": "license"}
"""Other spellings of filters."""
_OLD = "collector.filters"
_OLD_FILTERS = (
    *("color", "exact", "exclude", "extension", "language", "license", "order", "provider", "region", "rights"),
    *("safe", "site", "size", "sort", "time", "type", "window"),
)
"""Filters that had a flag of their own; `--aspect` is of `Fetching` by now, see `Aspect`."""
_PAIR = re.compile(r",(?=\s*\w+\s*=)")


def _remember(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta.setdefault(_OLD, {})[str(param.name)] = value


def _has_old_filters(verb: click.Command) -> bool:
    return any(param.name in _OLD_FILTERS for param in verb.params)


def old_filter(name: str) -> Callable[..., Any]:
    """`--size large` and the like, as earlier versions had them: they work, and are not shown."""
    spelled = [f"--{name}", *(f"--{other}" for other, known in ALIASES.items() if known == name)]
    return click.option(*spelled, name, hidden=True, expose_value=False, callback=_remember)


def old_filter_flags(verb: Callable[..., Any]) -> Callable[..., Any]:
    """All of them; of a verb with `Fetching`, see `Aspect`."""
    for name in _OLD_FILTERS:
        verb = old_filter(name)(verb)
    return verb


def filters_of(texts: tuple[str, ...]) -> dict[str, str]:
    """`size=large,color=red` as a dict; a comma within a value is no separator. UsageError for what is no pair."""
    found: dict[str, str] = {}
    for pair in (piece for text in texts for piece in _PAIR.split(text)):
        name, equals, value = pair.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise UsageError(f"--filter {pair.strip()}: write it as name=value, for example size=large,color=red")
        found[ALIASES.get(name.strip(), name.strip())] = value.strip()
    return found


# --------------------------------------------------------------------------- settings


def opened(where: Place, model: str | None, models: str | None) -> tuple[Collection, LookSettings]:
    """The set, and which model looks at it: --model and --models, else `look` of the settings."""
    settings = settings_of(where, also={"look.model": model, "look.models": models})
    return Collection(settings.out, terminal.error), settings.look


def settings_of(where: Configured, *others: Any, also: Mapping[str, Any] | None = None) -> Settings:
    """The settings file, then --set, then the flags that were given. UsageError says what is wrong.

    `also`: setting -> value of flags that belong to one verb alone; None is not given.
    """
    settings = loaded(where.config, where.assignments)
    for key, value in (also or {}).items():
        if value is not None:
            settings = settings_file.assign(settings, key, value, key)
    for group in (where, *others):
        for one in fields(group):
            key, value = one.metadata["key"], getattr(group, one.name)
            if key and value is not None and value != ():
                text = ",".join(value) if isinstance(value, tuple) else str(value) if key == "out" else value
                settings = settings_file.assign(settings, key, text, one.metadata["flags"][0].partition("/")[0])
        for name, value in filters_of(getattr(group, "filters", ())).items():
            settings = settings_file.assign(settings, f"filters.{name}", value, "--filter")
    context = click.get_current_context(silent=True)
    for name, value in (context.meta.get(_OLD, {}) if context else {}).items():
        settings = settings_file.assign(settings, f"filters.{name}", value, f"--{name}")
    return checked(settings)
