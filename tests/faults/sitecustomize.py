"""Makes the n-th open, write, rename, remove, insert or commit below a folder fail, in this process and its children.

Loaded by Python itself when tests/faults is on PYTHONPATH; does nothing unless FAULT says what: `KIND:N:HOW`
with HOW one of ENOSPC, EIO, die, pause. FAULT_UNDER is the folder; a hit is written to the file FAULT_LOG. What pauses
goes on when that file is gone: so a test can act in the middle of something that takes no time.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KINDS = ("open", "write", "rename", "remove", "mkdir", "commit", "insert")
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
        """Die like a killed process, wait, or fail like a disk."""
        if self.how == "die":
            os._exit(137)
        if self.how == "pause":
            while os.path.exists(self.log):  # noqa: PTH110 - a stat opens nothing, and no hook hears of it
                time.sleep(0.01)
            return
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
    if kind in ("commit", "insert"):
        _hook_statements(fault)


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


_STATEMENTS = {
    "commit": ("COMMIT", "INSERT OR REPLACE INTO meta", "VACUUM"),
    "insert": ("INSERT INTO found", "INSERT INTO query", "INSERT OR IGNORE INTO found"),
}


def _hook_statements(fault: Fault) -> None:
    plain = sqlite3.connect

    def hooked(kind: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
        class Connection(kind):  # type: ignore[misc, valid-type]
            def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
                if sql.lstrip().startswith(_STATEMENTS[fault.kind]) and fault.met(fault.kind, fault.under):
                    if fault.how in ("die", "pause"):
                        fault.strike(fault.under)
                    else:
                        error = sqlite3.OperationalError("database or disk is full")
                        error.sqlite_errorcode = sqlite3.SQLITE_FULL if fault.how == "ENOSPC" else sqlite3.SQLITE_IOERR
                        raise error
                return super().execute(sql, *arguments)

            def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
                def counted() -> Iterator[Any]:
                    for row in rows:
                        if fault.met(fault.kind, fault.under):
                            fault.strike(fault.under)
                        yield row

                counting = fault.kind == "insert" and sql.lstrip().startswith(_STATEMENTS["insert"])
                return super().executemany(sql, counted() if counting else rows)

        return Connection

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return plain(*arguments, **{**named, "factory": hooked(named.get("factory", sqlite3.Connection))})

    sqlite3.connect = connect  # type: ignore[assignment]


if os.environ.get("FAULT"):
    install(os.environ["FAULT"], os.environ["FAULT_UNDER"], os.environ["FAULT_LOG"])
