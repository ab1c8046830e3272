"""A command that stops in the middle of something, so that a test can act there without racing."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.support.command import ROOT, Desk


class Paused:
    """A command that waits at its n-th open, rename, insert or commit below the output folder."""

    def __init__(self, desk: Desk, at: str, number: int, *arguments: str, under: Path | None = None) -> None:
        """`at`: a kind of tests/faults/sitecustomize.py."""
        self._log = desk.folder / "tmp" / "paused"
        plain = dict(desk.environment)
        desk.environment |= {
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'faults'}",
            "FAULT": f"{at}:{number}:pause",
            "FAULT_UNDER": str(under or desk.images),
            "FAULT_LOG": str(self._log),
        }
        self.process: subprocess.Popen[str] = desk.start(*arguments)
        desk.environment = plain

    def reached(self, seconds: float = 60) -> None:
        """Wait until it is there."""
        end = time.monotonic() + seconds
        while not self._log.exists():
            assert self.process.poll() is None, "it ended before it got there"
            if time.monotonic() > end:
                self.process.kill()
                raise AssertionError("it never got there")
            time.sleep(0.01)

    def go(self) -> None:
        """Let it go on."""
        self._log.unlink()
