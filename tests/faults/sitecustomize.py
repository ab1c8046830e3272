"""Makes the n-th open, write, rename, remove or commit below a folder fail, in this process and those it starts.

Loaded by Python itself when tests/faults is on PYTHONPATH; does nothing unless FAULT says what: `KIND:N:HOW`
with HOW one of ENOSPC, EIO, die. FAULT_UNDER is the folder; a hit is written to the file FAULT_LOG.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

KINDS = ("open", "write", "rename", "remove", "mkdir", "commit")
_EVENTS = {"open": "open", "os.rename": "rename", "os.remove": "remove", "os.mkdir": "mkdir"}


class Fault:
    """Counts what is done below the folder, and strikes once."""

    def __init__(self, kind: str, number: int, how: str, under: str, log: str) -> None:
        self.kind, self.left, self.how, self.under, self.log = kind, number, how, under, log
        self.busy = False

    def met(self, kind: str, path: Any) -> bool:
        """Whether this is the one; then it was written down."""
        if self.busy or kind != self.kind or self.left == 0:
            return False
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        if not os.path.abspath(os.fsdecode(path)).startswith(self.under):  # noqa: PTH100 - resolve() would open things
            return False
        self.left -= 1
        if self.left:
            return False
        self.busy = True
        with Path(self.log).open("a", encoding="utf-8") as file:
            file.write(f"{kind} {os.fsdecode(path)}\n")
        self.busy = False
        return True

    def strike(self, path: Any) -> None:
        """Die like a killed process, or fail like a disk."""
        if self.how == "die":
            os._exit(137)
        number = getattr(errno, self.how)
        raise OSError(number, os.strerror(number), os.fsdecode(path))


def install(spec: str, under: str, log: str) -> None:
    """Put the hooks in place. Audit hooks cannot be taken out again: only for processes that end soon."""
    kind, number, how = spec.split(":")
    fault = Fault(kind, int(number), how, under, log)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS and fault.met(_EVENTS[event], arguments[0]):
            fault.strike(arguments[0])

    sys.addaudithook(hook)
    if kind == "write":
        _hook_writes(fault)
    if kind == "commit":
        _hook_commits(fault)


def _hook_writes(fault: Fault) -> None:
    """os.write and unbuffered files; half of the bytes are written first, as a filling disk does."""
    plain_write, plain_fdopen = os.write, os.fdopen

    def where(handle: int) -> str:
        try:
            return str(Path(f"/proc/self/fd/{handle}").readlink())
        except OSError:
            return ""

    def write(handle: int, data: Any) -> int:
        if fault.met("write", where(handle)):
            plain_write(handle, bytes(data)[: len(data) // 2])
            fault.strike(where(handle))
        return plain_write(handle, data)

    class File(io.FileIO):
        def write(self, data: Any) -> int:
            if fault.met("write", where(self.fileno())):
                super().write(bytes(data)[: len(data) // 2])
                fault.strike(where(self.fileno()))
            return super().write(data)

    def fdopen(handle: int, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
        if "b" in mode and buffering == 0:
            return File(handle, mode)
        return plain_fdopen(handle, mode, buffering, *rest, **named)

    os.write, os.fdopen = write, fdopen  # type: ignore[assignment]


def _hook_commits(fault: Fault) -> None:
    plain = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            if sql.lstrip().startswith(("COMMIT", "INSERT OR REPLACE INTO meta", "VACUUM")) and fault.met(
                "commit", fault.under
            ):
                if fault.how == "die":
                    os._exit(137)
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL if fault.how == "ENOSPC" else sqlite3.SQLITE_IOERR
                raise error
            return super().execute(sql, *arguments)

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return plain(*arguments, **{**named, "factory": Connection})

    sqlite3.connect = connect  # type: ignore[assignment]


if os.environ.get("FAULT"):
    install(os.environ["FAULT"], os.environ["FAULT_UNDER"], os.environ["FAULT_LOG"])
