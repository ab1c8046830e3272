"""One command of ours at a time, run as from a terminal: what it says, how it ended, and a way to stop it cleanly."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collector.errors import UsageError

LINES: Final = 200
"""Last lines of what a command says that are kept."""
PATIENCE: Final = 20.0
"""Seconds that a command has to end when the studio ends."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How the command stands that was started last."""

    command: str
    """As in a terminal; "" before the first one."""
    running: bool
    ended: int | None
    """Its exit code (docs/exit-codes.md); None while it runs, and before the first."""
    lines: tuple[str, ...]


class Jobs:
    """Starts commands; used by any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._command = ""
        self._lines: deque[str] = deque(maxlen=LINES)

    def start(self, arguments: Sequence[str]) -> None:
        """Run `collector ARGUMENTS`. UsageError while another one runs."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                raise UsageError("a command is running already: wait for it, or stop it")
            if self._reader is not None:
                self._reader.join()
            self._command = shlex.join(["collector", *arguments])
            self._lines.clear()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "collector", *arguments], text=True, encoding="utf-8", errors="replace",
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            self._reader = threading.Thread(target=self._read, args=(self._process,), name="studio-job", daemon=True)
            self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._lines.append(line.rstrip()[:1000])
        process.wait()

    def state(self) -> JobState:
        """How it stands."""
        process = self._process
        ended = process.poll() if process is not None else None
        return JobState(self._command, process is not None and ended is None, ended, tuple(self._lines))

    def stop(self) -> None:
        """Ask the command to end as Ctrl-C does: what is under way is finished. A second time ends it at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """End the command, and wait for it."""
        self.stop()
        if self._process is not None:
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        if self._reader is not None:
            self._reader.join()
