"""The watchdog: a tiny program that outlives the run by a moment and kills the browsers it left behind.

Stdlib only and run by its path, so that it starts in milliseconds and needs nothing of ours. It must not
end before its parent does, and must not touch anything that it was not told to watch.

Usage: reaper.py PARENT_PID RUN_FOLDER, with lines on stdin: `watch PGID FOLDER` and `forget PGID`.
End of input, or another parent than PARENT_PID, means that the run is over by whatever death.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

TICK = 0.5
"""Seconds between two looks at the parent: a forked sibling may hold our pipe open after its death."""


def kill_group(pgid: int) -> None:
    """SIGKILL to a whole process group; on Windows to the process and its children."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pgid)], capture_output=True, check=False)
        return
    try:
        os.killpg(pgid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # gone already, or no longer ours


def command_lines() -> dict[int, list[str]]:
    """pid -> arguments of every process whose command line we may read; empty on Windows."""
    if sys.platform == "win32":
        return {}
    if not Path("/proc/self/cmdline").exists():
        listing = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=False).stdout
        pairs = (line.strip().partition(" ") for line in listing.splitlines())
        return {int(pid): command.split() for pid, _, command in pairs if pid.isdigit()}
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                raw = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # ended meanwhile
            found[int(entry.name)] = raw.decode(errors="replace").split("\0")
    return found


def users_of(folder: str) -> list[int]:
    """Pids of the processes that were started with an option naming a path inside `folder`.

    Only `--option=<folder>/...` counts: somebody who merely looks into the folder is left alone.
    """
    mark = f"={folder}{os.sep}"
    lines = command_lines()
    return [pid for pid, line in lines.items() if pid != os.getpid() and any(mark in part for part in line)]


def kill_process(pid: int) -> None:
    """SIGKILL to one process, if it is there and ours."""
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def kill_users(folder: str) -> None:
    """SIGKILL to every process that uses `folder` (see `users_of`), twice: the first may be forking."""
    for _ in range(2):
        pids = users_of(folder)
        for pid in pids:
            kill_process(pid)
        if not pids:
            return
        time.sleep(0.05)


def remove(folder: str) -> None:
    """Delete a folder, again while dying processes still write into it, for two seconds at most."""
    end = time.monotonic() + 2.0
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder) or time.monotonic() > end:
            return
        time.sleep(0.05)


def follow(parent: int) -> dict[int, str]:
    """Read orders until the run is over; what is still to be killed then: pgid -> folder."""
    watched: dict[int, str] = {}
    rest = b""
    while True:
        if sys.platform != "win32":
            ready, _, _ = select.select([0], [], [], TICK)
            if not ready:
                if os.getppid() != parent:
                    return watched
                continue
        data = os.read(0, 65536)
        if not data:
            return watched
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            verb, _, tail = line.decode().partition(" ")
            number, _, folder = tail.partition(" ")
            if verb == "watch":
                watched[int(number)] = folder
            elif verb == "forget":
                watched.pop(int(number), None)


def main(parent: int, run_folder: str) -> None:
    """Wait for the end of the run, then leave nothing of it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # whoever stops the run stops us by the end of input
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.chdir(Path(run_folder).parent)  # hold no folder that somebody wants to unmount or remove
    for pgid in follow(parent):
        kill_group(pgid)
    kill_users(run_folder)
    remove(run_folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
