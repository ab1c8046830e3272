"""`collector.toml`, `--set` and flags become one frozen Settings; a key nobody knows is an error.

Knows the shape of the file, never what a source does with its values: each source's own table is
checked against the defaults that the source declares.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from collector.errors import UsageError
from collector.model import ALL

FILE_NAME = "collector.toml"
EVERYTHING = "all"
"""The limit that is none."""
USUAL_LIMIT = 100
Value = str | int | float | bool
Tables = Mapping[str, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Stage one. Times in seconds, sizes in bytes."""

    browsers: int = 2
    """Browsers open at once; each serves one keyword at a time."""
    workers: int = 10
    """Keywords searched at once at sources that need no browser."""
    headed: Literal["auto", "yes", "no"] = "auto"
    """Whether browsers have a window; auto: where there is a display (on a grid: no)."""
    browser_binary: str = ""
    """Path of Chrome or Chromium; "" looks for an installed one."""
    driver: str = ""
    """Path of chromedriver; "" looks on PATH, then webdriver-manager, then Selenium Manager."""
    grid: str = ""
    """Address of a Selenium Grid whose browsers are used, such as http://localhost:4444; "" starts our own."""
    profile: str = ""
    """Folder for browser profiles that are kept between runs; "" gives every browser a fresh one."""
    page_load_timeout: float = 30.0
    script_timeout: float = 10.0
    command_timeout: float = 45.0
    """Answer time of the driver itself, whatever the command."""
    keyword_timeout: float = 180.0
    restarts: int = 3
    """New browsers that one keyword may cost before its search is called failed."""
    recycle_after: int = 50
    """Keywords after which a browser is replaced."""
    recycle_memory: int = 1_610_612_736
    """Resident bytes of a browser's process tree above which it is replaced."""
    spares: float = 0.5
    """Extra URLs searched per wanted picture, because some will not be usable; at least ten."""
    widen: bool = False
    """Whether a query exhausted below its limit is searched again with facets of itself (size, time, colour)."""
    window_width: int = 1600
    window_height: int = 1100


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Stage two. Times in seconds, sizes in bytes."""

    threads: int = 64
    """Downloads in flight."""
    processes: int = 0
    """Worker processes; 0 is one per core."""
    verify: str = "fast"
    """full decodes every pixel, fast reads all of a JPEG's data at an eighth of its size, structure decodes nothing."""
    decode_timeout: float = 10.0
    """Seconds that looking at one picture may take."""
    max_in_flight: int = 268_435_456
    """Bytes of bodies held in memory at once, over all workers."""
    per_host: int = 8
    """Downloads in flight at one host."""
    connect_timeout: float = 6.05
    read_timeout: float = 15.0
    deadline: float = 60.0
    """The whole attempt, redirects and body included."""
    minimum_speed: int = 2048
    """Bytes a second; below it for `slow_time` seconds the attempt ends."""
    slow_time: float = 20.0
    max_bytes: int = 33_554_432
    """Of a picture, on the wire and unpacked, each."""
    max_video_bytes: int = 268_435_456
    """The same for a video, and for a file that is neither."""
    video_deadline: float = 600.0
    """The whole attempt at a video or file."""
    max_data_url: int = 8_388_608
    max_redirects: int = 5
    max_pixels: int = 50_000_000
    max_side: int = 20_000
    tiff: bool = False
    """Whether TIFF is accepted too."""
    min_side: int = 0
    """Pictures with a smaller side are rejected; 0 keeps all."""
    keep_free: int = 268_435_456
    """Free bytes below the output folder at which the run stops (exit 3), so that others do not meet a full disk."""
    attempts_per_run: int = 3
    attempts: int = 6
    """Over all runs; after that a URL has failed for good."""
    retry_after_max: float = 300.0
    """Longest Retry-After waited for inside a run; a longer one leaves the URL to a later run."""
    backoff_max: float = 60.0
    thumbnails: bool = True
    """Whether a hit that is only a thumbnail may be saved."""
    stand_ins: bool = False
    """Whether the thumbnail that the source showed is saved, and marked, when the picture itself cannot be had."""
    browser: bool = False
    """Whether a picture that its host refuses under every Referer is asked for by a browser that shows its page."""
    browser_per_host: int = 20
    """Pictures of one host for which that is done in one run."""
    browser_most: int = 200
    """Pictures for which it is done in one run; each costs a page load."""
    user_agent: str = "Mozilla/5.0 (compatible; collector/{version})"
    robots: bool = True
    """Whether robots.txt is obeyed, by pictures everywhere and by pages at sites that were not made for programs."""
    opt_out: bool = True
    """Whether pictures are left alone whose server or whose bytes say that they are not for training or mining."""
    block_hosts: str = ""
    """Hosts, comma-separated, that are asked for no picture, nor are those below them; `@FILE` for a list in a file."""
    allow_private: bool = False
    """Loopback and private addresses too."""


CHOICES: Mapping[str, tuple[str, ...]] = {
    "fetch.verify": ("full", "fast", "structure"),
}
"""Texts of which only some are possible."""

RETIRED = frozenset(("fetch.transport",))
"""Settings of earlier versions: still accepted, without effect."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run needs to know beside the queries."""

    out: Path = Path("images")
    limit: int = 0
    """Pictures per keyword where the row does not say; `ALL` for everything there is. 0, unless the user says
    something, is 100, and everything from sources that are there to be read whole (see `Source.unlimited`)."""
    source: str = "google"
    """Sources of rows that name none, comma-separated."""
    blocklist: str = ""
    """Path of a text file of terms, one a line; rows whose keyword contains one are not searched. "" for none."""
    search: SearchSettings = field(default_factory=SearchSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    sources: Tables = field(default_factory=dict)
    """Source name -> its settings, complete and checked."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """Search filter -> value for rows that do not set it; "" is no filter. Which values are right, the source says."""

    @property
    def diagnosis(self) -> Path:
        """Where pages that were blocked or not recognised are kept: beside the output folder."""
        out = self.out.absolute()
        return out.with_name(f"{out.name}-diagnosis")


def load(path: Path | None, assignments: Iterable[str], defaults: Tables, filters: Iterable[str] = ()) -> Settings:
    """Settings from a TOML file (None: `collector.toml` here, if any) and `table.key=value` texts.

    `defaults` gives each source's table with its default values, which also fix the types; `filters` are the
    names of the search filters. UsageError names the file, the key and what may stand there.
    """
    chosen = path or (Path(FILE_NAME) if Path(FILE_NAME).is_file() else None)
    settings = Settings(
        sources={name: dict(table) for name, table in defaults.items()}, filters=dict.fromkeys(filters, "")
    )
    if chosen is not None:
        settings = _apply_file(settings, chosen)
    for text in assignments:
        settings = _apply_assignment(settings, text)
    return settings


def assign(settings: Settings, key: str, value: Any, where: str) -> Settings:
    """A copy with one dotted key set: `out`, `limit`, `search.browsers`, `google.home`, ..."""
    if key in RETIRED:
        return settings
    table, _, name = key.rpartition(".")
    if not table:
        if name not in ("out", "limit", "source", "blocklist"):
            raise UsageError(f"{where}: no setting {key!r}; at the top there are: blocklist, limit, out, source")
        kind = get_type_hints(Settings)[name]
        if name == "limit" and str(value).strip().lower() == EVERYTHING:
            value = ALL
        return replace(settings, **{name: _convert(value, kind, key, where)})
    if table in ("search", "fetch"):
        part: Any = getattr(settings, table)
        known = get_type_hints(type(part))
        _require_known(name, known, table, where)
        return replace(settings, **{table: replace(part, **{name: _convert(value, known[name], key, where)})})
    if table == "filters":
        _require_known(name, settings.filters, table, where)
        return replace(settings, filters={**settings.filters, name: _convert(value, str, key, where)})
    if table not in settings.sources:
        choices = ", ".join(["search", "fetch", "filters", *sorted(settings.sources)])
        raise UsageError(f"{where}: no table {table!r}; there are: {choices}")
    current = settings.sources[table]
    _require_known(name, current, table, where)
    converted = _convert(value, type(current[name]), key, where)
    return replace(settings, sources={**settings.sources, table: {**current, name: converted}})


def describe() -> list[tuple[str, str, Value]]:
    """(table, key, default) of every setting that is not a source's, for docs and `--help`."""
    rows: list[tuple[str, str, Value]] = []
    for table, cls in (("search", SearchSettings), ("fetch", FetchSettings)):
        shown = cls()
        rows += [(table, item.name, getattr(shown, item.name)) for item in fields(cls)]
    return rows


def _apply_file(settings: Settings, path: Path) -> Settings:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such settings file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    for key, value in data.items():
        if isinstance(value, dict):
            for name, inner in value.items():
                settings = assign(settings, f"{key}.{name}", inner, str(path))
        else:
            settings = assign(settings, key, value, str(path))
    return settings


def _apply_assignment(settings: Settings, text: str) -> Settings:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {text}: write it as table.key=value, for example google.home=http://127.0.0.1:8000")
    return assign(settings, key.strip(), value.strip(), "--set")


def _require_known(name: str, known: Iterable[str], table: str, where: str) -> None:
    choices = sorted(known)
    if name not in choices:
        raise UsageError(f"{where}: no setting {table}.{name}; in [{table}] there are: {', '.join(choices)}")


_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def _convert(value: Any, kind: Any, key: str, where: str) -> Any:
    """The value as the wanted type; texts (from --set) are parsed, other types must fit.

    Choices of texts may be given as true and false where they are yes and no.
    """
    text = str(value).strip()
    choices = get_args(kind)
    if choices:
        if text.lower() in _TRUE + _FALSE:
            text = "yes" if text.lower() in _TRUE else "no"
        if text in choices:
            return text
        raise UsageError(f"{where}: {key} = {text!r}: choices: {', '.join(choices)}")
    if kind is bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and text.lower() in _TRUE + _FALSE:
            return text.lower() in _TRUE
    elif kind in (int, float) and not isinstance(value, bool):
        try:
            number = kind(text)
        except ValueError:
            number = -1
        if number >= 0:
            return number
    elif kind in (str, Path) and isinstance(value, str):
        if value not in CHOICES.get(key, (value,)):
            raise UsageError(f"{where}: {key} = {text!r}: expected one of {', '.join(filter(None, CHOICES[key]))}")
        return kind(value)
    wanted = {bool: "true or false", int: "a whole number >= 0", float: "a number >= 0"}.get(kind, "a text")
    raise UsageError(f"{where}: {key} = {text!r}: expected {wanted}")
