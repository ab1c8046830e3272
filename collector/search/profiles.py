"""Browser profiles that are kept between runs: one folder per browser worker, one run at a time.

Never deletes a profile; takes away only what a killed browser left to lock it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from collector.browser import reaper
from collector.errors import BrowserError
from collector.ledger.lock import FolderLock

LOCKS = ("SingletonLock", "SingletonSocket", "SingletonCookie")
"""Links by which Chrome knows that a profile is in use; one that names another host name blocks it for ever."""
OURS = "--test-type=webdriver"
"""chromedriver starts every browser with it, a person's browser has it not."""


class Profiles:
    """The folder's profiles, which are ours until `close`. FolderLocked when another run has them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().absolute()
        self._lock = FolderLock(self._folder, "--profile")
        self._lock.__enter__()

    def take(self, worker: int) -> Path:
        """The profile of a worker (1, 2, ...), ready for a browser.

        BrowserError("browser.start") when somebody has it open in a browser of their own.
        """
        path = self._folder / str(worker)
        path.mkdir(exist_ok=True)
        for pid, line in _browsers_of(path).items():
            if OURS not in line:
                detail = f"{path}: a browser that is not ours has this profile open (process {pid}); close it"
                raise BrowserError("browser.start", detail)
            reaper.kill_process(pid)  # left by a run that was killed together with its watchdog
        if sys.platform != "win32":
            for name in LOCKS:
                (path / name).unlink(missing_ok=True)
        return path

    def close(self) -> None:
        """Leave the profiles to others."""
        self._lock.__exit__(None, None, None)


def _browsers_of(profile: Path) -> dict[int, list[str]]:
    """pid -> arguments of the browsers (not of their children) that were started with this profile."""
    mark = f"--user-data-dir={profile}"
    lines = reaper.command_lines().items()
    return {pid: line for pid, line in lines if mark in line and not any(part.startswith("--type=") for part in line)}
