"""Runs the command line in forks of one process that has imported it: no start of Python for each command.

    python -m tests.support.warm SOCKET

A request is a line of JSON with standard output and error as file descriptors; the answers are two lines: the process
and how it ended.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import threading
import traceback
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import collector
from collector.fetch import pool
from collector.images.processes import Workers
from tests.support.fetching import ProcessHere
from tests.support.in_process import map_here

ROOT = Path(__file__).resolve().parents[2]
_READ_BY_PYTHON = ("PYTHON", "LC_", "LANG", "LD_", "FAULT")
_OTHERS = ("encodings.idna", "rich._emoji_codes", "rich.live", "rich.progress", "rich.table")


class Warm:
    """The process that forks, and the wire to it."""

    def __init__(self) -> None:
        self._wire, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        self._lines = self._wire.makefile("r", encoding="utf-8")

    def start(
        self,
        arguments: tuple[str, ...],
        folder: Path,
        environment: dict[str, str],
        out: int,
        err: int,
        workers: bool = True,
    ) -> int:
        """The process of a command; without `workers`, its own threads fetch and look at pictures."""
        request = json.dumps([arguments, str(folder), environment, workers]).encode()
        socket.send_fds(self._wire, [len(request).to_bytes(4, "big")], [out, err])
        self._wire.sendall(request)
        return self._told("began")

    def wait(self) -> int:
        """Its exit code; below nothing for a signal."""
        return self._told("ended")

    def _told(self, what: str) -> int:
        """The number of the next line of this kind: a test that was cut short has not read how its command ended."""
        while True:
            kind, number = self._lines.readline().split()
            if kind == what:
                return int(number)

    def close(self) -> None:
        """End it."""
        self._lines.close()
        self._wire.close()
        self._process.wait()

    @staticmethod
    def suits(environment: dict[str, str]) -> bool:
        """Whether nothing is asked for that Python reads when it starts."""
        ours = {**os.environ, "PYTHONPATH": str(ROOT)}
        return all(
            environment.get(name) == ours.get(name)
            for name in {*environment, *ours}
            if name.startswith(_READ_BY_PYTHON)
        )


@cache
def warm() -> Warm:
    """The one of this process, started when it is needed first."""
    started = Warm()
    atexit.register(started.close)
    return started


def import_all() -> None:
    """Whatever a command may need: a fork that imports the sources itself spends most of its time on that."""
    for module in pkgutil.walk_packages(collector.__path__, "collector."):
        importlib.import_module(module.name)
    for name in _OTHERS:
        importlib.import_module(name)
    gc.freeze()  # What is there already is neither looked through nor copied by the forks.


def _serve(wire: socket.socket) -> None:
    """Until the other end is closed."""
    import_all()
    while True:
        head, handles, _, _ = socket.recv_fds(wire, 4, 2)
        if not head:
            return
        left, body = int.from_bytes(head, "big"), b""
        while len(body) < left:
            body += wire.recv(left - len(body))
        child = os.fork()
        if not child:
            _become(wire, handles, *json.loads(body))
        for handle in handles:
            os.close(handle)
        wire.sendall(b"began %d\n" % child)
        wire.sendall(b"ended %d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _become(
    wire: socket.socket, handles: list[int], arguments: list[str], folder: str, environment: Any, workers: bool
) -> NoReturn:
    """The command: from here on an ordinary process, which ends as such."""
    wire.close()
    for number, handle in enumerate(handles, 1):
        os.dup2(handle, number)
        os.close(handle)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    if not workers:
        pool.LocalProcess = ProcessHere  # type: ignore[attr-defined]
        Workers.map = map_here  # type: ignore[method-assign]
    from collector import __main__
    from collector.cli import main

    sys.argv[:] = [str(__main__.__file__), *arguments]
    try:
        main(arguments)
        raise AssertionError("the command line ends with a code")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - it is printed, and the exit code tells
        traceback.print_exc()
        code = 1
    _end(code)


def _end(code: int) -> NoReturn:
    """As Python ends, but that nothing is taken apart: that copies memory, three quarters of a short command's time."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exc()
        code = 120
    os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
