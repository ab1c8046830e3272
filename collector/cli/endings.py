"""How a command ends: which exit code, and the one line that says why. The table: docs/exit-codes.md."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

from collector.cli import terminal
from collector.errors import CollectorError, Incomplete
from collector.model import Digest, Event, SearchEnded, SearchState
from collector.settings import Settings

GO_ON = "run the same command to go on"


def remember_unreachable(event: Event, unreachable: list[str]) -> None:
    if isinstance(event, SearchEnded) and event.state is SearchState.UNREACHABLE and event.detail:
        unreachable.append(event.detail)


def offer_widening(digest: Digest, settings: Settings) -> None:
    """Say that some keywords have too few results, and what can be done about it."""
    if digest.exhausted and not settings.search.widen:
        few = counted(digest.exhausted, "keyword", "s")
        terminal.error(f"{few} exhausted below the limit; --widen searches facets of them too")


def judge(digest: Digest, unreachable: Sequence[str], fetched: bool) -> None:
    """Raise Incomplete for a run that worked off its list but did not get everything.

    A keyword that wants everything has no limit to fall short of: only URLs to try again count there.
    """
    states = dict(digest.states)
    if SearchState.UNREACHABLE in states:
        line = unreachable[0] if unreachable else "a source could not be reached"
        raise Incomplete(f"{line}; check the address and the network, or try it out with --practice", 8)
    blocked = states.get(SearchState.BLOCKED, 0) + states.get(SearchState.LAYOUT, 0)
    if blocked:
        line = f"{counted(blocked, 'search', 'es')} met a block or an unknown page (see above); {GO_ON} later"
        raise Incomplete(line, 7)
    failed, short, whole = states.get(SearchState.FAILED, 0), fetched * digest.short, fetched * digest.unfinished
    parts = [counted(failed, "search", "es") + " failed"] * bool(failed)
    parts += [counted(short, "keyword", "s") + " short of the limit with URLs to try again"] * bool(short)
    parts += [counted(whole, "keyword", "s") + " not whole yet, with URLs to try again"] * bool(whole)
    if parts:
        raise Incomplete(f"{' and '.join(parts)}; {GO_ON}")


def counted(number: int, noun: str, plural: str) -> str:
    return f"{number} {noun}{plural if number != 1 else ''}"


def exit_code(run: Callable[[], object]) -> int:
    """Run the command line; its exit code, after one line on standard error for expected trouble."""
    from collector.ledger import SqlTrouble, translated

    try:
        run()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say(130, f"stopped; everything so far is kept, {GO_ON}")
    except CollectorError as error:
        return _say(error.exit_code, str(error))
    except SqlTrouble as error:
        meant = translated(error)
        if meant is error:
            raise
        return _say(meant.exit_code, str(meant)) if isinstance(meant, CollectorError) else _say_disk(meant)
    except BrokenPipeError:
        sys.stdout = None  # Nobody reads on: nothing more may be flushed.
        return 0
    except OSError as error:
        return _say_disk(error)
    return 0


def _say_disk(error: Exception) -> int:
    name, text = getattr(error, "filename", None), getattr(error, "strerror", None)
    where = f"{name}: " if name else ""
    return _say(3, f"{where}{text or error}; nothing saved is lost; put it right and {GO_ON}")


def _say(code: int, line: str) -> int:
    terminal.error(line)
    return code
