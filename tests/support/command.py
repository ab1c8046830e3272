"""The command line as a user starts it: a process of its own, its output and its exit code."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO

import psutil

from tests.support.warm import ROOT, Warm, warm


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> str:
        return self.err.strip().splitlines()[-1] if self.err.strip() else ""


@dataclass(slots=True)
class Desk:
    """A working folder with a temp folder of its own, so that left-overs of browsers can be seen."""

    folder: Path
    workers: bool = True
    """Whether `run` has processes for pictures, as a user's command has; without, it is done in half of the time."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "tmp").mkdir(parents=True)
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder / "tmp"), "COLUMNS": "100"}

    @property
    def images(self) -> Path:
        return self.folder / "images"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "collector", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str, seconds: float = 100) -> Ended:
        """Wait for its end. `python -m collector` itself is started by `start`; this forks one that runs already."""
        if not Warm.suits(self.environment):
            return self._run_anew(*arguments, seconds=seconds)
        with TemporaryFile() as out, TemporaryFile() as err:
            process = warm().start(arguments, self.folder, self.environment, out.fileno(), err.fileno(), self.workers)
            late = Timer(seconds, os.kill, (process, signal.SIGKILL))
            late.start()
            code = warm().wait()
            late.cancel()
            ended = Ended(code, _text(out), _text(err))
        assert code != -signal.SIGKILL, f"{arguments} took over {seconds} s\n{ended}"
        return ended

    def _run_anew(self, *arguments: str, seconds: float) -> Ended:
        with self.start(*arguments) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                raise AssertionError(f"{arguments} took over {seconds} s\n{out}\n{err}") from None
            return Ended(process.returncode, out, err)

    def strays(self) -> list[str]:
        """Command lines of processes that still use this desk's temp folder: browsers, drivers."""
        mark = str(self.folder / "tmp")
        lines = []
        for process in psutil.process_iter(["cmdline"]):
            text = " ".join(process.info["cmdline"] or ())
            if mark in text:
                lines.append(text[:200])
        return lines

    def left_behind(self) -> list[str]:
        """Names in the temp folder."""
        return sorted(entry.name for entry in (self.folder / "tmp").iterdir())


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return io.TextIOWrapper(io.BytesIO(file.read()), encoding="utf-8").read()
