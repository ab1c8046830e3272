"""Text that is safe on a terminal, and single lines of it. Must not let through what a terminal obeys."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TextIO

from collector.errors import counted, printable

_COMMAND: Final = re.compile(r"`collector ([a-z]++)([^`]*)`")
"""A command that a message advises."""
_FOLDERLESS: Final = ("sources", "recipe", "practice", "models")
"""Verbs that need no output folder."""


def write(stream: TextIO, text: str) -> None:
    """One line, at once; what the stream's encoding cannot hold is spelled out. Work goes on when nobody reads it."""
    try:
        _put(stream, text)
    except BrokenPipeError:
        _mute(stream)


def _mute(stream: TextIO) -> None:
    """Whatever is written from now on, or waits to be, goes nowhere: its reader went away."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _put(stream: TextIO, text: str) -> None:
    if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
        stream.reconfigure(errors="backslashreplace")
    stream.write(text + "\n")
    stream.flush()


def line(text: str) -> None:
    """One line of a list on standard output; tabs may separate fields. Ends the command when nobody reads on."""
    try:
        _put(sys.stdout, _fields(text))
    except BrokenPipeError:
        _mute(sys.stdout)
        sys.exit(0)


def facts(told: Mapping[str, object]) -> None:
    """What a verb has to tell, as one line of JSON on standard output."""
    line(json.dumps(told, ensure_ascii=False))


def unreadable(files: int) -> None:
    """How many files of the set can no longer be read, and what to do about it; nothing where there are none."""
    if files:
        line(f"{counted(files, 'file')} can no longer be read; `collector verify --again` queues them again")


def outcome(text: str) -> None:
    """One line on standard output about work that is done, whether somebody reads it or not."""
    write(sys.stdout, _fields(text))


def _fields(text: str) -> str:
    return "\t".join(map(printable, runnable(text).split("\t")))


def runnable(text: str) -> str:
    """The text, with commands in it as they work where this runs: by the name `collector`, or by its Python, and with
    the output folder that this command was given."""
    return _COMMAND.sub(_runnable, text)


def _runnable(command: re.Match[str]) -> str:
    verb, rest = command.groups()
    elsewhere = _folder() if verb not in _FOLDERLESS and "--out" not in rest and "--help" not in rest else None
    return f"`{_program()} {verb}{rest}{f' --out {shlex.quote(elsewhere)}' if elsewhere else ''}`"


def _folder() -> str | None:
    """What follows the last `--out` on this command line."""
    for place, word in reversed(tuple(enumerate(sys.argv))):
        if word.startswith("--out="):
            return word.removeprefix("--out=")
        if word == "--out":
            return "".join(sys.argv[place + 1 : place + 2]) or None
    return None


def _program() -> str:
    """How this program was started."""
    if Path(sys.argv[0]).name != "__main__.py":
        return "collector"
    for name in ("python", "python3"):
        if (found := shutil.which(name)) and Path(found).absolute() == Path(sys.executable).absolute():
            return f"{name} -m collector"
    python, here = Path(sys.executable), Path.cwd()
    return f"{python.relative_to(here) if python.is_relative_to(here) else python} -m collector"


def error(text: str) -> None:
    """One line of trouble on standard error; a terminal breaks it between words."""
    said = f"collector: {printable(runnable(text))}"
    if sys.stderr.isatty():
        width = max(20, shutil.get_terminal_size().columns)
        said = textwrap.fill(said, width, break_long_words=False, break_on_hyphens=False)
    write(sys.stderr, said)


def looked_at(done: int, of: int) -> None:
    """One line on standard error during long work."""
    error(f"{done:,} of {of:,} pictures looked at")
