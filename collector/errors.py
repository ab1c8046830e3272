"""Every error that a user can meet, one tree: each is one line of text and one exit code (docs/exit-codes.md).

CollectorError
├── UsageError        2   an option, setting or combination of them is not possible
├── DiskError         3   the disk is full, or the folder went away (the system's own trouble stays an OSError)
├── InputError        4   something that was given cannot be used
├── BusyError         5   somebody else is at work there
│   ├── FolderLocked      another collector works in the folder
│   └── LedgerBusy        another program holds the ledger
├── LedgerError       6   the ledger is missing or damaged
│   └── ForeignLedger     it was written by a newer version, or by another program
├── NetworkError      8   no host answers at all
├── SourceError     7/8   a source refused, was not understood (7), or could not be reached (8)
├── Incomplete    7/8/9   the work was done, and something is left to do
├── MissingPictures  11   pictures of the set are gone or unreadable, so nothing was written
├── BrowserError     10   no usable browser or driver
│   └── GridBusy     12   the Selenium Grid has no browser for us now
└── Stopped         130   stopped by Ctrl-C or a signal; everything so far is kept
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from collector.model import SearchState

DISTRIBUTION = "keyword-image-collector"
"""What pip calls this program; `collector` is another one there."""
GO_ON = "run the same command to go on"
"""What most endings advise."""
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters, line ends, what turns the writing direction, what shows nothing, lone surrogates."""
SURPRISES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a value that nobody foresaw may raise; other trouble is the disk's, the ledger's or ours."""


class CollectorError(Exception):
    """Trouble that one line explains: what, where, what to do."""

    exit_code: int = 1
    """What the command line ends with."""


class UsageError(CollectorError):
    """An option, setting or combination of them is not possible."""

    exit_code = 2


def missing(package: str, what: str, extra: str) -> UsageError:
    """The error for a package of an extra that is not installed: what needs it, and the line that installs it here."""
    return UsageError(f"{what} needs {package}, which is not installed: {install(extra)}")


def alternatives(name: str, known: Iterable[str]) -> str:
    """The end of a message on a name that there is not: the one that was probably meant, else all there are."""
    from difflib import get_close_matches

    names = tuple(known)
    meant = get_close_matches(name, names, 1, 0.7)
    return f"did you mean {meant[0]}?" if meant else f"there are: {', '.join(names)}"


def counted(number: int, noun: str, plural: str = "s") -> str:
    """`1 keyword`, `2 keywords`, `2 searches`."""
    return f"{number:,} {noun}{plural if number != 1 else ''}"


def some(names: Sequence[str], most: int = 3) -> str:
    """The first of many names: `a, b, c and 2 more`."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def printable(text: str) -> str:
    """The text with everything a terminal would obey or hide spelled out: `\\x1b`, `\\u202e`, `\\n`."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def install(extra: str) -> str:
    """The command that installs an extra into the environment that this runs in, from where this came from."""
    return f"{shlex.quote(sys.executable)} -m pip install {shlex.quote(f'{_came_from()}[{extra}]')}"


def _came_from() -> str:
    """What pip is given: the checkout that this is, or the folder or wheel that pip took (PEP 610), else a name."""
    folder = Path(__file__).resolve().parents[1]
    if (folder / "pyproject.toml").is_file():
        return str(folder)
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.request import url2pathname  # It loads http, email and ssl, of which fetch workers need nothing.

    try:
        url = json.loads(distribution(DISTRIBUTION).read_text("direct_url.json") or "{}").get("url", "")
    except (PackageNotFoundError, ValueError):
        return DISTRIBUTION
    path = Path(url2pathname(urlsplit(url).path)) if url.startswith("file:") else None
    return str(path) if path is not None and path.exists() else DISTRIBUTION


class DiskError(CollectorError):
    """The disk is full, or the output folder is not the one that the run began with. Nothing saved is lost."""

    exit_code = 3


class InputError(CollectorError):
    """Something that was given (a file, a keyword, an address) cannot be used; nothing was touched."""

    exit_code = 4


class BusyError(CollectorError):
    """Somebody else is at work there."""

    exit_code = 5


class FolderLocked(BusyError):
    """Another collector works in the folder."""


class LedgerBusy(BusyError):
    """Another program holds the ledger."""


class LedgerError(CollectorError):
    """The ledger cannot be used: missing, or damaged."""

    exit_code = 6


class ForeignLedger(LedgerError):
    """A sound file of a newer version, or of another program."""


class NetworkError(CollectorError):
    """No host answers at all; nothing is marked failed because of it."""

    exit_code = 8


class SourceError(CollectorError):
    """A source could not give an answer: never to be confused with "no results".

    `state` says how the search ends, `reason` is a slug of `collector.reasons`, `detail` one line.
    """

    def __init__(self, state: SearchState, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.state = state
        self.reason = reason
        self.detail = detail
        self.exit_code = 8 if state is SearchState.UNREACHABLE else 7


class Incomplete(CollectorError):
    """The work was done, and something is left: searches to take up again, URLs to try again, pictures to mend."""

    exit_code = 9

    def __init__(self, line: str, exit_code: int = 9) -> None:
        super().__init__(line)
        self.exit_code = exit_code


class MissingPictures(CollectorError):
    """More pictures of the set than allowed are gone or cannot be read; nothing was written."""

    exit_code = 11


class BrowserError(CollectorError):
    """Browser or driver failed. `reason` is one of browser.start, browser.busy, browser.crash, browser.hung.

    A page that cannot be reached is a SourceError instead. After `crash` or `hung` the browser object
    is useless and the pool replaces it. `lasting`: another try would end the same way.
    """

    exit_code = 10

    def __init__(self, reason: str, detail: str = "", lasting: bool = False) -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail
        self.lasting = lasting


class GridBusy(BrowserError):
    """The Selenium Grid is short, slow or away: nobody's fault, and worth asking again."""

    exit_code = 12

    def __init__(self, detail: str) -> None:
        super().__init__("browser.busy", detail)


class Stopped(CollectorError):
    """Stopped by Ctrl-C or a signal; everything so far is kept."""

    exit_code = 130

    def __init__(self, line: str = f"stopped; everything so far is kept, {GO_ON}", exit_code: int = 130) -> None:
        super().__init__(line)
        self.exit_code = exit_code
