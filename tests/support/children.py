"""The processes that a test has started. They may end, or be dead and not yet fetched, while they are looked at."""

from __future__ import annotations

import contextlib

import psutil


def running(word: str) -> list[psutil.Process]:
    """Our children that have not ended and have that word in their command line."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # ZombieProcess is one.
            if alive(child) and word in child.cmdline():
                found.append(child)
    return found


def alive(process: psutil.Process) -> bool:
    """Whether it has not ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
