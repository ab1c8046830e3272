"""The command line: one small function per verb, and the exit code of every ending.

Reads flags and files, hands over to the rooms below, lets `ui` print. Exit codes: docs/exit-codes.md.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector import __version__, chores, sources, ui
from collector import settings as settings_file
from collector.contracts import BrowserError, InputError, UsageError
from collector.model import Event, SearchEnded, SearchState, Tally
from collector.settings import Settings

if TYPE_CHECKING:
    from collector.practice import PracticeWeb
    from collector.queries import QueryFile
    from collector.store import Ledger

GO_ON = "run the same command to go on"


class Verdict(Exception):
    """How a run ended when it was not plain success: exit code and one line."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(line)
        self.code = code


# --------------------------------------------------------------------------- options


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


_queries = click.argument("queries", type=click.Path(path_type=Path), default=Path("queries.csv"))
_out = click.option("--out", type=click.Path(path_type=Path), help="Output folder.  [default: images]")
_config = _options(
    click.option("--config", type=click.Path(path_type=Path), help="Settings file.  [default: ./collector.toml]"),
    click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="One setting, e.g. google.home=URL."),
)
_practice = click.option("--practice", is_flag=True, help="Use the bundled practice web as the site for every source.")
_common = _options(
    _out,
    _config,
    click.option("--events", is_flag=True, help="Print every event as a line of JSON on standard output."),
    _practice,
)
_reading = _options(
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
}

_browser = _options(
    click.option("--headed/--headless", default=None, help="A window or none.  [default: where there is a display]"),
    click.option("--browser-binary", metavar="PATH", help="Chrome or Chromium to use."),
    click.option("--driver", metavar="PATH", help="chromedriver to use."),
    click.option("--grid", metavar="URL", help="Use the browsers of a Selenium Grid, e.g. http://localhost:4444."),
    click.option("--profile", metavar="DIR", help="Keep browser profiles (cookies) in DIR between runs."),
)
_search = _options(
    click.option(
        "--limit", type=click.IntRange(1), help="Pictures per keyword, if its row does not say.  [default: 100]"
    ),
    click.option(
        "--source", "source_names", multiple=True, help="Where to search, if a row does not say.  [default: google]"
    ),
    click.option("--browsers", type=click.IntRange(1, 64), help="Browsers open at once.  [default: 2]"),
    _browser,
    click.option("--widen", is_flag=True, help="Search facets of a keyword too when it has too few results."),
    click.option("--harvest", metavar="WAY", help="How Google's pictures are found: auto, rows, hover or click."),
    _filter_flags(),
)
_fetch = _options(
    click.option("--threads", type=click.IntRange(1, 1024), help="Downloads in flight.  [default: 64]"),
    click.option("--transport", type=click.Choice(["curl", "requests"]), help="Who downloads.  [default: curl]"),
    click.option(
        "--verify",
        type=click.Choice(["full", "fast", "structure"]),
        help="How pictures are looked at before they are kept.  [default: fast]",
    ),
    click.option("--allow-private", is_flag=True, help="Fetch from loopback and private addresses too."),
)
_FLAG_KEYS = {
    "out": "out",
    "limit": "limit",
    "browsers": "search.browsers",
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
    "allow_private": "fetch.allow_private",
}


def _settings(flags: dict[str, Any]) -> Settings:
    """Settings file, then --set, then the flags that were given."""
    names = sources.all_filters()
    settings = settings_file.load(flags.get("config"), flags.get("assignments", ()), sources.defaults(), names)
    for flag, key in {**_FLAG_KEYS, **{f"filter_{name}": f"filters.{name}" for name in names}}.items():
        if flags.get(flag) not in (None, False) or (flag == "headed" and flags.get(flag) is False):
            value = flags[flag]
            settings = settings_file.assign(
                settings, key, str(value) if flag == "out" else value, f"--{flag.removeprefix('filter_')}"
            )
    if flags.get("source_names"):
        settings = settings_file.assign(settings, "source", ",".join(flags["source_names"]), "--source")
    for name in _source_names(settings):
        sources.load(name)
    return settings


def _source_names(settings: Settings) -> tuple[str, ...]:
    return tuple(name.strip() for name in settings.source.split(",") if name.strip())


# --------------------------------------------------------------------------- verbs


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="collector")
def cli() -> None:
    """From a CSV of keywords to a clean, documented folder of pictures.

    Stop at any moment (Ctrl-C) and run the same command again: it goes on where it was.
    """


@cli.command()
@_queries
@_reading
@_common
@_search
@_fetch
def run(queries: Path, **flags: Any) -> None:
    """Search for every keyword of QUERIES and fetch the pictures, both at once.

    QUERIES is a CSV: one keyword a row, or a header with keyword and any of limit, label, source and
    search filters.
    """
    _work(flags, queries, search=True, fetch=True)


@cli.command()
@_queries
@_reading
@_common
@_search
def search(queries: Path, **flags: Any) -> None:
    """Only search: fill the map of keywords and URLs, fetch nothing yet."""
    _work(flags, queries, search=True, fetch=False)


@cli.command()
@_common
@_fetch
def fetch(**flags: Any) -> None:
    """Only fetch: download whatever the map still has to do."""
    _work(flags, None, search=False, fetch=True)


@cli.command()
@_out
@click.option("--json", "as_json", is_flag=True, help="As lines of JSON, the totals last.")
def status(out: Path | None, as_json: bool) -> None:
    """Show how every keyword in the output folder stands, while a run goes on too."""
    from collector.store import Ledger

    folder = out or Settings().out
    with Ledger.read(folder) as ledger:
        ui.summary(ledger.tallies(), 0.0, folder, events=as_json)


@cli.command()
@_out
@click.option("--import", "file", type=click.Path(path_type=Path), help="Enter the URLs of FILE into the map.")
def urls(out: Path | None, file: Path | None) -> None:
    """Print the map as `keyword<TAB>url` lines, or enter somebody's saved map.

    --import takes the urls.json of another folder, an old keyword_urls.txt, a CSV or Parquet table
    of keyword and url, or a plain list of URLs. `collector fetch` then downloads them.
    """
    from collector import launch, urlmap
    from collector.store import Interrupted, Ledger

    folder = out or Settings().out
    if file is None:
        with Ledger.read(folder) as ledger:
            for keyword, url in ledger.urls():
                ui.line(f"{keyword}\t{url}")
        return
    stop = _Stop()
    try:
        with stop:
            pairs = list(urlmap.read_urls(file))
            with launch.workshop(folder, ui.error) as ledger:
                with ledger.interruptible(lambda: stop.asked):
                    new, given = ledger.import_urls(pairs)
                launch.write_map(ledger, folder)
    except (_Stopped, Interrupted):
        raise Verdict(stop.code, f"stopped; {file} was not entered, {GO_ON}") from None
    ui.line(f"{given} URLs read from {file}, {new} of them new; `collector fetch --out {folder}` downloads them")


for _chore in (chores.why, chores.retry, chores.forget, chores.verify, chores.repair):
    cli.add_command(_chore)


@cli.command()
@_out
@_config
@_practice
@_browser
@click.option("--source", "source_names", multiple=True, help="Sources that --live asks.  [default: google]")
@click.option("--live", is_flag=True, help="Ask each source for one keyword, by every way to a picture it knows.")
def doctor(live: bool, practice: bool, **flags: Any) -> None:
    """Check browser, driver, display, disk, output folder and ledger, and say what to do.

    With --live also whether the sites still answer as they should: worth a minute before a night's run.
    """
    from collector import doctor as doctors

    settings = _settings(flags)
    with _practice_site(0) if practice else nullcontext() as address:
        if address is not None:
            settings = _led_to(settings, address)
        problems: list[doctors.Finding] = []
        for finding in chain(doctors.checks(settings), doctors.live(settings) if live else ()):
            ui.line(str(finding))
            problems += [finding] * (finding.level is doctors.Level.PROBLEM)
    if problems:
        raise Verdict(problems[0].code, f"{_count(len(problems), 'problem', 's')}, see above")


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free port.")
def practice(port: int) -> None:
    """Serve the practice web on loopback until Ctrl-C, to look at or to test scrapers on."""
    from collector.practice.__main__ import main as serve

    sys.exit(serve(["--port", str(port)]))


# --------------------------------------------------------------------------- a run from start to end


def _work(flags: dict[str, Any], path: Path | None, *, search: bool, fetch: bool) -> None:
    """Plan the queries, work them off, show it, and end with the right code."""
    from collector.store import Interrupted

    settings = _settings(flags)
    if settings.out.resolve() in (Path(settings.out.resolve().anchor), Path.home()):
        raise UsageError(f"--out {settings.out}: a folder of its own, not the root of the disk or of your home")
    stop = _Stop()
    try:
        with stop:
            tallies, unreachable, seconds = _worked(flags, settings, path, stop, search=search, fetch=fetch)
    except (_Stopped, Interrupted):
        raise Verdict(stop.code, f"stopped; everything so far is kept, {GO_ON}") from None
    ui.summary(tallies, seconds, settings.out, events=flags["events"])
    if stop.asked:
        raise Verdict(stop.code, f"stopped; everything so far is kept, {GO_ON}")
    _offer_widening(tallies, settings)
    _judge(tallies, unreachable, fetch)


def _worked(
    flags: dict[str, Any], settings: Settings, path: Path | None, stop: _Stop, *, search: bool, fetch: bool
) -> tuple[list[Tally], list[str], float]:
    """(how every keyword stands, sources that could not be reached, seconds) of a run from its plan to its end."""
    from collector import launch

    asked = _read(path, settings, flags) if path is not None else None
    started = time.monotonic()
    with (
        launch.workshop(settings.out, ui.error, lambda: stop.asked) as ledger,
        _site(flags["practice"], ledger, settings) as settings,
    ):
        with ledger.interruptible(lambda: stop.asked):
            widen = settings.search.widen
            number = ledger.plan(asked.queries, widen) if asked is not None else ledger.take_up_all()
            keywords, wanted, searched, saved = ledger.progress(number)
        stop.gently = True
        run = launch.assemble(ledger, number, settings, search=search, fetch=fetch)
        show = ui.choose(
            flags["events"], sys.stderr.isatty(), keywords if search else 0, wanted, searched=searched, saved=saved
        )
        unreachable: list[str] = []
        with show:
            for note in asked.notes if asked else ():
                show.notice(note)
            try:
                with closing(run.events(stop.look)) as events:
                    for event in events:
                        show.show(event)
                        _remember_unreachable(event, unreachable)
            finally:
                if search:
                    launch.write_map(ledger, settings.out)
        return ledger.tallies(number), unreachable, time.monotonic() - started


def _read(path: Path, settings: Settings, flags: Mapping[str, Any]) -> QueryFile:
    from collector.queries import read_queries

    return read_queries(
        path,
        limit=settings.limit,
        sources=_source_names(settings),
        filters=sorted(settings.filters),
        given={name: value for name, value in settings.filters.items() if value},
        check=_check_query,
        encoding=flags["encoding"],
        delimiter=flags["delimiter"],
    )


def _check_query(query: Any) -> str | None:
    """What is wrong with a row's sources or filters, if anything."""
    for source in query.sources:
        try:
            sources.load(source)
            sources.check_filters(source, dict(query.filters))
        except (UsageError, InputError) as error:
            return str(error)
    return None


@contextmanager
def _site(practice: bool, ledger: Ledger, settings: Settings) -> Iterator[Settings]:
    """The settings, with every source led to a running practice web if that is wanted.

    The port is kept in the ledger, because the URLs found there hold it and a later run goes on.
    """
    if not practice:
        yield settings
        return
    with _practice_site(int(ledger.note("practice.port") or 0)) as address:
        ledger.remember("practice.port", address.rpartition(":")[2])
        yield _led_to(settings, address)


@contextmanager
def _practice_site(port: int) -> Iterator[str]:
    """The address of a practice web that runs meanwhile; 0 is any free port."""
    try:
        web = _practice_web(port)
    except OSError:
        raise UsageError(
            f"--practice: port {port}, which this folder's URLs use, is taken; free it or give --out"
        ) from None
    try:
        yield web.url
    finally:
        web.stop()


def _led_to(settings: Settings, address: str) -> Settings:
    """The settings with every source at the practice web, which needs no window: it challenges nobody for that."""
    for name, table in settings.sources.items():
        if "home" in table:
            settings = settings_file.assign(settings, f"{name}.home", address, "--practice")
    if settings.search.headed == "auto":
        settings = settings_file.assign(settings, "search.headed", "no", "--practice")
    return settings_file.assign(settings, "fetch.allow_private", True, "--practice")


def _practice_web(port: int) -> PracticeWeb:
    """A running practice web; without a port, on a free one below those that systems give to clients."""
    import random

    from collector.practice import PracticeWeb

    candidates = [port] if port else random.sample(range(20_000, 30_000), 50)
    for candidate in candidates[:-1]:
        with suppress(OSError):
            return PracticeWeb(port=candidate).start()
    return PracticeWeb(port=candidates[-1]).start()


class _Stopped(KeyboardInterrupt):
    """A signal came while nothing was under way that would have to be finished."""


class _Stop:
    """First signal: stop cleanly. Second: now; the browsers' watchdog clears up behind us."""

    def __init__(self) -> None:
        self.code = 0
        self.gently = False
        """True while a run looks at us; else the first signal ends at once what is being read or planned."""
        self._said = False
        self._before: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        return self.code != 0

    def look(self) -> bool:
        """Whether to stop; says so the first time (a signal handler must not print)."""
        if self.asked and not self._said:
            self._said = True
            ui.error("stopping; what is under way is finished or put back (again: stop now)")
        return self.asked

    def _handle(self, number: int, _frame: Any) -> None:
        if self.asked:
            os._exit(128 + number)
        self.code = 128 + number
        if not self.gently:
            raise _Stopped

    def __enter__(self) -> _Stop:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                number = getattr(signal, name)
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _remember_unreachable(event: Event, unreachable: list[str]) -> None:
    if isinstance(event, SearchEnded) and event.state is SearchState.UNREACHABLE and event.detail:
        unreachable.append(event.detail)


def _offer_widening(tallies: Sequence[Tally], settings: Settings) -> None:
    """Say that some keywords have too few results, and what can be done about it."""
    few = sum(tally.saved < tally.limit and _exhausted(tally) for tally in tallies)
    if few and not settings.search.widen:
        ui.error(f"{_count(few, 'keyword', 's')} exhausted below the limit; --widen searches facets of them too")


def _exhausted(tally: Tally) -> bool:
    return bool(tally.searches) and all(state is SearchState.EXHAUSTED for _, state, _ in tally.searches)


def _judge(tallies: Sequence[Tally], unreachable: Sequence[str], fetched: bool) -> None:
    """Raise the Verdict of a run that worked off its list but did not get everything."""
    states = [state for tally in tallies for _, state, _ in tally.searches]
    if SearchState.UNREACHABLE in states:
        line = unreachable[0] if unreachable else "a source could not be reached"
        raise Verdict(8, f"{line}; check address and network, or try it out with --practice")
    blocked = sum(state in (SearchState.BLOCKED, SearchState.LAYOUT) for state in states)
    if blocked:
        line = f"{_count(blocked, 'search', 'es')} met a block or an unknown page (see above); {GO_ON} later"
        raise Verdict(7, line)
    failed = sum(state is SearchState.FAILED for state in states)
    left = sum(tally.saved < tally.limit and _retries(tally) for tally in tallies) if fetched else 0
    parts = [_count(failed, "search", "es") + " failed"] * bool(failed)
    parts += [_count(left, "keyword", "s") + " short of the limit with URLs to try again"] * bool(left)
    if parts:
        raise Verdict(9, f"{' and '.join(parts)}; {GO_ON}")


def _count(number: int, noun: str, plural: str) -> str:
    return f"{number} {noun}{plural if number != 1 else ''}"


def _retries(tally: Tally) -> bool:
    return tally.waiting > 0 or tally.retry > 0


# --------------------------------------------------------------------------- endings


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; expected trouble is one line on standard error."""
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    from collector.lock import Locked
    from collector.run import RunStopped
    from collector.store import SqlTrouble, StoreBusy, StoreError, translated

    try:
        cli.main(arguments, prog_name="collector", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say(130, f"stopped; everything so far is kept, {GO_ON}")
    except UsageError as error:
        return _say(2, str(error))
    except InputError as error:
        return _say(4, str(error))
    except (Locked, StoreBusy) as error:
        return _say(5, str(error))
    except SqlTrouble as error:
        meant = translated(error)
        if meant is error:
            raise
        return _say(6, str(meant)) if isinstance(meant, StoreError) else _say_disk(meant)
    except StoreError as error:
        return _say(6, str(error))
    except (RunStopped, Verdict) as error:
        return _say(error.code, str(error))
    except BrowserError as error:
        return _say(10, error.detail or error.reason)
    except BrokenPipeError:
        sys.stdout = None  # Nobody reads on: nothing more may be flushed.
        return 0
    except OSError as error:
        return _say_disk(error)
    return 0


def _say_disk(error: Exception) -> int:
    name, text = getattr(error, "filename", None), getattr(error, "strerror", None)
    where = f"{name}: " if name else ""
    return _say(3, f"{where}{text or error}; nothing saved is lost, mend it and {GO_ON}")


def _say(code: int, line: str) -> int:
    ui.error(line)
    return code
