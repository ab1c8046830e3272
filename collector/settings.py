"""`collector.toml`, `--set` and flags become one frozen Settings; a key nobody knows is an error.

Knows the shape of the file, never what a source does with its values: what those may be, each source declares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from collector.errors import InputError, UsageError, alternatives

FILE_NAME: Final = "collector.toml"
USUAL_LIMIT: Final = 100
USUAL_AGENT: Final = "Mozilla/5.0 (compatible; collector/{version})"
LARGEST_FILE: Final = 1_048_576
"""Bytes of a TOML file that are read."""
DEEPEST: Final = 30
"""Tables and arrays of a TOML file that may stand in one another."""
Value = str | int | float | bool
Tables = Mapping[str, Mapping[str, Value]]
Kinds = Mapping[str, Mapping[str, Any]]
"""Table -> key -> the type of its values for msgspec: `Annotated[int, Meta(ge=1, le=50)]`, `Literal[...]`."""
Item = TypeVar("Item")


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class Late(Mapping[str, Item]):
    """A table that is made when it is first looked into."""

    def __init__(self, make: Callable[[], Mapping[str, Item]]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Mapping[str, Item]:
        return self._make()

    def __getitem__(self, key: str) -> Item:
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


Plain = Annotated[str, Meta(pattern=r"\A[ -~]*\Z", description="a text in ASCII")]
"""What a header of a request may hold."""
Address = Annotated[
    str,
    Meta(
        pattern=r"(?i)\A(?:https?://(?:\[[0-9a-f:.]+\]|[^\s/?#\[\]@]+)(?:[:/?#]\S*)?)?\Z",
        description="an address with http:// or https://",
    ),
]
Text = Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f\ud800-\udfff]*\Z")]
Whole = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000_000)]
Crew = Annotated[int, Meta(ge=1, le=1024)]
"""How many do something at once."""
Amount = Annotated[float, Meta(ge=0, le=1_000_000)]
Pictures = Annotated[int, Meta(ge=1, le=999_999_999)]
Limit = Pictures | Literal["all"]
"""Pictures per keyword as a user writes it."""
Seconds = Annotated[float, Meta(gt=0, le=604_800)]
"""That something may take: up to a week, and never none at all."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Stage one. Times in seconds, sizes in bytes."""

    browsers: Crew = 2
    """Browsers open at once; each serves one keyword at a time."""
    workers: Crew = 10
    """Keywords searched at once at sources that need no browser."""
    headed: Literal["auto", "yes", "no"] = "auto"
    """Whether browsers have a window; auto: where there is a display (on a grid: no)."""
    browser_binary: Text = ""
    """Path of Chrome or Chromium; "" looks for an installed one."""
    driver: Text = ""
    """Path of chromedriver; "" looks on PATH, then webdriver-manager, then Selenium Manager."""
    grid: Text = ""
    """Address of a Selenium Grid whose browsers are used, such as http://localhost:4444; "" starts our own."""
    grid_patience: Seconds = 120.0
    """How long a grid may be short or away, with no worker holding a browser, before the run ends."""
    proxy: Text = ""
    """The browsers' proxy; `proxy` at the top of the file sets this one and that of [fetch]."""
    cookies: Text = ""
    """File of the browsers' cookies; `cookies` at the top of the file sets this one and that of [fetch]."""
    profile: Text = ""
    """Folder for browser profiles that are kept between runs; "" gives every browser a fresh one."""
    page_load_timeout: Seconds = 30.0
    """Seconds that a page may take to load; what is there then is used."""
    script_timeout: Seconds = 10.0
    """Seconds that a script of ours may take in a page."""
    command_timeout: Seconds = 45.0
    """Answer time of the driver itself, whatever the command."""
    keyword_timeout: Seconds = 180.0
    """Seconds for one search; of a source that is read whole, seconds without anything new."""
    restarts: Whole = 3
    """New browsers that one keyword may cost before its search is called failed."""
    recycle_after: Count = 50
    """Keywords after which a browser is replaced."""
    recycle_memory: Count = 1_610_612_736
    """Resident bytes of a browser's process tree above which it is replaced."""
    spares: Amount = 0.5
    """Extra URLs searched per wanted picture, because some will not be usable; at least ten."""
    widen: bool = False
    """Whether a query exhausted below its limit is searched again with facets of itself (size, time, colour)."""
    window_width: Count = 1600
    """Of a browser, in pixels; a larger one shows more results at once."""
    window_height: Count = 1100
    """The same, downwards."""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Stage two. Times in seconds, sizes in bytes."""

    threads: Crew = 64
    """Downloads in flight."""
    processes: Annotated[int, Meta(ge=0, le=1024)] = 0
    """Worker processes; 0 is one per core."""
    verify: Literal["full", "fast", "structure"] = "fast"
    """full decodes every pixel, fast reads all of a JPEG's data at an eighth of its size, structure decodes nothing."""
    decode_timeout: Seconds = 10.0
    """Seconds that looking at one picture may take."""
    max_in_flight: Count = 268_435_456
    """Bytes of bodies held in memory at once, over all workers."""
    per_host: Crew = 8
    """Downloads in flight at one host."""
    connect_timeout: Seconds = 6.05
    """Seconds to connect to a host, TLS included."""
    read_timeout: Seconds = 15.0
    """Seconds without a byte after which a host counts as silent."""
    deadline: Seconds = 60.0
    """The whole attempt, redirects and body included."""
    minimum_speed: Whole = 2048
    """Bytes a second; below it for `slow_time` seconds the attempt ends."""
    slow_time: Seconds = 20.0
    """Seconds that a download may be slower than that."""
    max_bytes: Count = 33_554_432
    """Of a picture, on the wire and unpacked, each."""
    max_video_bytes: Count = 268_435_456
    """The same for a video, and for a file that is neither."""
    video_deadline: Seconds = 600.0
    """The whole attempt at a video or file."""
    max_data_url: Whole = 8_388_608
    """Characters of a data: URL."""
    max_redirects: Whole = 5
    """Redirects that are followed for one picture."""
    max_pixels: Count = 50_000_000
    """Width times height of a picture; larger ones are not decoded."""
    max_side: Count = 20_000
    """Pixels of the longer side."""
    tiff: bool = False
    """Whether TIFF is accepted too."""
    min_side: Whole = 0
    """Pictures with a smaller side are rejected; 0 keeps all."""
    max_aspect: Amount = 0.0
    """Pictures whose longer side is more than so many times the shorter one are rejected; 0 keeps all."""
    types: Text = ""
    """Formats that are wanted, such as jpg,png; others are rejected. "" keeps all."""
    exif: bool = False
    """Whether time and place of the pictures are kept, as their EXIF says them. They may tell where people live."""
    delay: Annotated[float, Meta(ge=0, le=60)] = 0.0
    """Least seconds between the beginnings of two downloads at one host."""
    names: Text = ""
    """How files are called, such as {label}-{rank:04}-{id}; "" is half the hash of their bytes (docs/names.md)."""
    keep_free: Whole = 268_435_456
    """Free bytes below the output folder at which the run stops (exit 3), so that others do not meet a full disk."""
    attempts_per_run: Count = 3
    """Tries at one URL in one run."""
    attempts: Count = 6
    """Over all runs; after that a URL has failed for good."""
    retry_after_max: Amount = 300.0
    """Longest Retry-After waited for inside a run; a longer one leaves the URL to a later run."""
    backoff_max: Amount = 60.0
    """Longest pause in seconds between two tries at one URL."""
    thumbnails: Literal["no", "yes", "fallback"] = "yes"
    """no: none is saved; yes: where the source had nothing larger; fallback: also, and marked as such, in the place of
    a picture that cannot be had."""
    browser: bool = False
    """Whether a picture that its host refuses under every Referer is asked for by a browser that shows its page."""
    browser_per_host: Whole = 20
    """Pictures of one host for which that is done in one run."""
    browser_most: Whole = 200
    """Pictures for which it is done in one run; each costs a page load."""
    proxy: Text = ""
    """Proxy of pages and pictures, such as http://proxy:3128 or socks5://name:password@proxy:1080; "" is what the
    environment says (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), none is none."""
    cookies: Text = ""
    """A file in the Netscape format (cookies.txt); each cookie is sent to its own hosts alone."""
    user_agent: Plain = USUAL_AGENT
    """What pages and pictures are asked for as; {version} is filled in. The same as `user_agent` at the top."""
    contact: Plain = ""
    """A mail address or page of whoever runs this, told to Wikimedia's hosts, whose policy asks for it; "" takes
    COLLECTOR_CONTACT. `contact` at the top of the file sets this one and those of the sources."""
    robots: bool = True
    """Whether robots.txt is obeyed, by pictures everywhere and by pages at sites that were not made for programs."""
    opt_out: bool = True
    """Whether pictures are left alone whose server or whose bytes say that they are not for training or mining."""
    block_hosts: Text = ""
    """Hosts, comma-separated, that are asked for no picture, nor are those below them; `@FILE` for a list in a file."""
    allow_private: bool = False
    """Loopback and private addresses too."""


@dataclass(frozen=True, slots=True)
class LookSettings:
    """What pictures show."""

    model: Text = ""
    """Model that judges pictures by words and makes embeddings (`collector models list`), or a folder's name; "" is the
    usual network, without words."""
    models: Text = ""
    """Folder of one model, or of several, on machines without a hub; "" is where `collector models get` puts them."""


TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("jpg", "jpeg"), "JPEG"), **dict.fromkeys(("tif", "tiff"), "TIFF"),
    "png": "PNG", "gif": "GIF", "webp": "WEBP", "bmp": "BMP", "avif": "AVIF", **dict.fromkeys(("heic", "heif"), "HEIF"),
    "jxl": "JXL",
}  # fmt: skip
"""What `fetch.types` may name -> the format."""


def wanted_formats(types: str) -> frozenset[str]:
    """The formats that `fetch.types` names, none for all of them. UsageError that lists the choices."""
    names = [name.strip().casefold().removeprefix(".") for name in types.split(",") if name.strip()]
    if wrong := [name for name in names if name not in TYPES]:
        raise UsageError(f"fetch.types: no type {wrong[0]!r}; {alternatives(wrong[0], TYPES)}")
    return frozenset(TYPES[name] for name in names)


RETIRED: Final = frozenset(("fetch.transport",))
"""Settings of earlier versions: still accepted, without effect."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run needs to know beside the queries."""

    out: Path = Path("images")
    limit: Limit | None = None
    """Pictures per keyword where the row does not say. None, unless the user says something: that is 100, and
    everything from sources that are there to be read whole (see `Source.unlimited`)."""
    source: Text = "google"
    """Sources of rows that name none, comma-separated."""
    blocklist: Text = ""
    """Path of a text file of terms, one a line; rows whose keyword contains one are not searched. "" for none."""
    search: SearchSettings = field(default_factory=SearchSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    look: LookSettings = field(default_factory=LookSettings)
    sources: Tables = field(default_factory=dict)
    """Source name -> its settings, complete and checked."""
    kinds: Kinds = field(default_factory=dict, repr=False)
    """Source name -> what its settings may be, where the type of the default does not say it all."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """Search filter -> value for rows that do not set it; "" is no filter. Which values are right, the source says."""

    @property
    def diagnosis(self) -> Path:
        """See `diagnosis`."""
        return diagnosis(self.out)


def diagnosis(out: Path) -> Path:
    """Where pages that were blocked or not recognised, and reports of errors, are kept: beside the output folder."""
    out = out.absolute()
    return out.with_name(f"{out.name}-diagnosis")


def load(
    path: Path | None,
    assignments: Iterable[str],
    defaults: Tables,
    filters: Mapping[str, str] = _NONE,
    kinds: Kinds = _NONE,
) -> Settings:
    """Settings from a TOML file (None: `collector.toml` here, if any) and `table.key=value` texts.

    `defaults` gives each source's table with its default values, `kinds` the types of those that are not any value of
    their default's type; `filters` has every search filter, without a value. UsageError names the file, the line, the
    key and what may stand there.
    """
    chosen = path or (Path(FILE_NAME) if Path(FILE_NAME).is_file() else None)
    settings = Settings(sources=defaults, filters=filters, kinds=kinds)
    if chosen is not None:
        settings = _apply_file(settings, chosen)
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UsageError(
                f"--set {text}: write it as table.key=value, for example google.home=http://127.0.0.1:8000"
            )
        settings = assign(settings, key.strip(), value.strip(), "--set")
    return settings


def assign(settings: Settings, key: str, value: Any, where: str) -> Settings:
    """A copy with one dotted key set: `out`, `limit`, `search.browsers`, `google.home`, ... UsageError."""
    if key in RETIRED:
        return settings
    if key == "fetch.stand_ins":  # What is `thumbnails = "fallback"` now.
        asked = _converted(value, bool, key, where)
        return assign(settings, "fetch.thumbnails", "fallback", where) if asked else settings
    table, _, name = key.rpartition(".")
    if not table:
        return _assign_at_the_top(settings, key, value, where)
    if table in ("search", "fetch", "look"):
        part: Any = getattr(settings, table)
        known = _types(type(part))
        _require_known(name, known, table, where)
        return replace(settings, **{table: replace(part, **{name: _converted(value, known[name], key, where)})})
    if table == "filters":
        _require_known(name, settings.filters, table, where)
        return replace(settings, filters={**settings.filters, name: _converted(value, Text, key, where)})
    if table not in settings.sources:
        choices = ["search", "fetch", "look", "filters", *sorted(settings.sources)]
        raise UsageError(f"{where}: no table {table!r}; {alternatives(table, choices)}")
    current = settings.sources[table]
    _require_known(name, current, table, where)
    kind = kind_of(name, current[name], settings.kinds.get(table, {}))
    return replace(
        settings, sources={**settings.sources, table: {**current, name: _converted(value, kind, key, where)}}
    )


def _assign_at_the_top(settings: Settings, key: str, value: Any, where: str) -> Settings:
    if key not in AT_THE_TOP:
        raise UsageError(f"{where}: no setting {key!r}; {alternatives(key, AT_THE_TOP)}")
    if key in EVERYWHERE:
        tables = (name for name, table in settings.sources.items() if key == "contact" and key in table)
        for table in (*EVERYWHERE[key], *tables):
            settings = assign(settings, f"{table}.{key}", value, where)
        return settings
    if key == "limit" and isinstance(value, str) and value.strip().lower() == "all":
        return replace(settings, limit="all")
    kinds = {"out": Text, "limit": Pictures}
    found = _converted(value, kinds.get(key) or _types(Settings)[key], key, where)
    change: dict[str, Any] = {key: Path(found) if key == "out" else found}
    return replace(settings, **change)


EVERYWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "proxy": ("search", "fetch"),
    "cookies": ("search", "fetch"),
    "user_agent": ("fetch",),
    "contact": ("fetch",),
}
"""One word at the top for browsers, pages and pictures -> the tables that it sets; a contact is for sources as well."""
AT_THE_TOP: Final = tuple(sorted(("blocklist", "limit", "out", "source", *EVERYWHERE)))

_USUAL_KINDS: Final[Mapping[type, Any]] = {bool: bool, int: Whole, float: Amount, str: Text}
_NAMED_KINDS: Final[Mapping[str, Any]] = {"home": Address, "user_agent": Plain, "contact": Plain}


def kind_of(name: str, default: Value, kinds: Mapping[str, Any]) -> Any:
    """What a source's setting may be: what its `kinds` say, else what all of that name or of its default's type may."""
    return kinds.get(name) or _NAMED_KINDS.get(name) or _USUAL_KINDS[type(default)]


def describe() -> list[tuple[str, str, Value, str]]:
    """(table, key, default, what it may be) of every setting that is not a source's, for the docs."""
    return [
        (table, item.name, getattr(cls(), item.name), expected(_types(cls)[item.name]))
        for table, cls in (("search", SearchSettings), ("fetch", FetchSettings), ("look", LookSettings))
        for item in fields(cls)
    ]


def expected(kind: Any) -> str:
    """What a value may be, in words: "a whole number from 1 to 64", "one of auto, yes, no"."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(filter(None, get_args(kind)))}"
    base, *metas = get_args(kind) or (kind,)
    if get_origin(base) is Annotated:  # one of several, the other is None
        base, *metas = get_args(base)
    meta = metas[0] if metas and isinstance(metas[0], Meta) else Meta()
    usual = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    words = meta.description or usual[base]
    least = f" from {meta.ge:,}" if meta.ge is not None else f" above {meta.gt:,}" if meta.gt is not None else ""
    most = f" to {meta.le:,}" if meta.le is not None else ""
    return f"{words}{least}{most}"


# --------------------------------------------------------------------------- TOML files


def read_toml(path: Path) -> tuple[dict[str, Any], str]:
    """What a TOML file says, and its text. InputError, in one line, for what cannot be read or is no TOML."""
    try:
        with path.open("rb") as file:
            body = file.read(LARGEST_FILE + 1)
        text = body.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)!r}: cannot be read: {error}") from None
    if len(body) > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE:,} bytes")
    return parsed_toml(text, str(path)), text


def parsed_toml(text: str, file: str) -> dict[str, Any]:
    """What a text in TOML says. InputError, in one line, when it is none."""
    import tomllib  # Most runs have no settings file.

    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{file}: nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise InputError(f"{file}: not valid TOML: {error}") from None
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [below for values in inner for below in values]
        if not level:
            return data
    raise InputError(f"{file}: nested too deeply")


_HEADER: Final = re.compile(r"\s*\[\[?([^\[\]]+)\]")
_KEY: Final = re.compile(r"\s*([\w-][\w.\s-]*|[\"'][^\"']*[\"'])\s*=")
_PART: Final = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")


def line_of(text: str, path: tuple[str, ...]) -> int:
    """The line, from 1, of the key of a TOML file that is nearest to a path, or of its table; 0 when there is none."""
    table: tuple[str, ...] = ()
    best, depth = 0, 0
    wanted = tuple(key for key in path if not key.isdecimal())
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            here = table = _parts(header[1])
        elif key := _KEY.match(line[:500]):
            here = (*table, *_parts(key[1]))
        else:
            continue
        if len(here) > depth and wanted[: len(here)] == here:
            best, depth = number, len(here)
    return best


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


# --------------------------------------------------------------------------- pieces


def _apply_file(settings: Settings, path: Path) -> Settings:
    try:
        data, text = read_toml(path)
    except InputError as error:
        raise UsageError(str(error)) from None
    for key, value in data.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        for name, one in inner:
            keys = (key, name) if name else (key,)
            line = line_of(text, keys)
            settings = assign(settings, ".".join(keys), one, f"{path}, line {line}" if line else str(path))
    return settings


def _types(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


def _require_known(name: str, known: Iterable[str], table: str, where: str) -> None:
    choices = sorted(known)
    if name not in choices:
        raise UsageError(f"{where}: no setting {table}.{name}; {alternatives(name, choices)}")


_TRUTHS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def _converted(value: Any, kind: Any, key: str, where: str) -> Any:
    """The value as the wanted type; texts (from --set) are parsed, other types must fit.

    Choices of texts may be given as true and false where they are yes and no.
    """
    is_text = isinstance(value, str)
    truth = _TRUTHS.get(str(value).strip().lower()) if is_text or isinstance(value, bool) else None
    given = value
    if get_origin(kind) is Literal and truth is not None and "yes" in get_args(kind):
        given = "yes" if truth else "no"
    elif kind is bool and truth is not None:
        given = truth
    try:
        return msgspec.convert(given, kind, strict=not is_text)
    except msgspec.ValidationError:
        raise UsageError(f"{where}: {key} = {shown(value)}: expected {expected(kind)}") from None


def shown(value: object) -> str:
    """A value as an error message shows it, cut off where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # thousands of digits, or of lists in lists
        text = f"a very long {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
