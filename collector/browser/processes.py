"""Every browser of a run lives in one folder of the temp dir, and none survives the run.

A watchdog process kills what the run leaves when it dies, and `sweep` at the next start what a killed
watchdog left. Touches only folders and processes of ours; knows nothing of Selenium.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from collector.browser import reaper

PREFIX = "collector-run-"
OWNER = "owner.json"
LONGEST_ROOT = 30
"""Characters: a Unix socket's path has at most 103, of which Chrome and we take 73."""
NEWBORN = 600.0
"""Seconds for which a folder without owner file may still be about to get one."""


class RunFolder:
    """This run's folder, its owner file and its watchdog. `close` is safe to call twice, from any thread."""

    def __init__(self) -> None:
        sweep()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root()))
        part = self.path / f"{OWNER}.part"
        part.write_text(json.dumps(identity(os.getpid())), encoding="utf-8")
        part.replace(self.path / OWNER)
        self._lock = threading.Lock()
        self._count = 0
        self._groups: set[int] = set()
        self._closed = False
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", reaper.__file__, str(os.getpid()), str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def new(self) -> Path:
        """A new, empty folder for one browser. OSError when the run has ended."""
        with self._lock:
            self._count += 1
            path = self.path / str(self._count)
        path.mkdir()
        (path / "tmp").mkdir()
        return path

    def spawn(self, command: list[str], folder: Path, output: Path) -> subprocess.Popen[bytes]:
        """Start a program in a process group of its own, which dies with the run whatever happens.

        Its temporary files go to `folder`, what it prints to `output`. OSError when it cannot be started,
        or the run has ended.
        """
        environment = dict(os.environ)
        # Chrome's own temporary folders and its crash handler's database too
        environment |= {"TMPDIR": str(folder / "tmp"), "BREAKPAD_DUMP_LOCATION": str(folder / "tmp")}
        with self._lock, output.open("wb") as out:
            if self._closed:
                raise ProcessLookupError("the run has ended")
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
            self._groups.add(process.pid)
            self._tell(f"watch {process.pid} {folder}\n")
        return process

    def forget(self, pgid: int) -> None:
        """The process group is gone; its number may be given to others."""
        with self._lock:
            self._groups.discard(pgid)
            self._tell(f"forget {pgid}\n")

    def close(self) -> None:
        """Kill what is left, remove the folder, end the watchdog; at most a few seconds."""
        with self._lock:
            self._closed = True
            while self._groups:
                reaper.kill_group(self._groups.pop())
            if self._watchdog.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # the watchdog was killed: we do its work below
                    self._watchdog.stdin.close()
        try:
            self._watchdog.wait(5)
        except subprocess.TimeoutExpired:
            self._watchdog.kill()
            self._watchdog.wait()
        end_users(self.path)

    def _tell(self, line: str) -> None:
        pipe = self._watchdog.stdin
        if pipe is None or pipe.closed:
            return
        with contextlib.suppress(BrokenPipeError):  # the watchdog was killed: close() and the next sweep do its work
            pipe.write(line.encode())
            pipe.flush()


def kill_tree(pgid: int, folder: Path) -> None:
    """Kill one browser's process group and whatever else was started with its folder, then the folder."""
    reaper.kill_group(pgid)
    end_users(folder)


def end_users(folder: Path) -> None:
    """Kill every process that was started with `folder` and remove it."""
    if os.path.lexists(folder):
        reaper.kill_users(str(folder))
        reaper.remove(str(folder))


def root() -> Path:
    """Where run folders are made: the temp dir, unless its path is too long for Chrome's socket in it."""
    usual = Path(os.path.realpath(tempfile.gettempdir()))
    short = Path("/tmp")
    if sys.platform != "win32" and len(str(usual)) > LONGEST_ROOT and os.access(short, os.W_OK):
        return short.resolve()
    return usual


def sweep() -> int:
    """Remove what earlier runs left that died together with their watchdog; the number of folders removed.

    A folder goes only when it is this user's and its owner is certainly dead: another boot, no such
    process, or a younger process with the same number. A living run of somebody else is never touched.
    """
    removed = 0
    for folder in root().glob(f"{PREFIX}*"):
        if _is_ours(folder) and _owner_is_dead(folder):
            for pid in reaper.users_of(str(folder)):
                _kill_group_of(pid)
            end_users(folder)
            removed += 1
    return removed


def identity(pid: int) -> dict[str, str | int]:
    """What makes a process itself and no later one with the same number: pid, start, boot, namespace."""
    return {"pid": pid, "start": _start(pid), "boot": _boot(), "namespace": _namespace()}


def memory(pid: int) -> int:
    """Resident bytes of a process and its descendants, pages that they share counted once; 0 when gone."""
    try:
        process = psutil.Process(pid)
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    own, shared = 0, 0
    for member in tree:
        try:
            info = member.memory_info()
        except psutil.Error:
            continue  # ended meanwhile
        part = int(getattr(info, "shared", 0))
        own += max(0, info.rss - part)
        shared = max(shared, part)
    return own + shared


def _is_ours(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    uid = os.getuid() if hasattr(os, "getuid") else status.st_uid
    return folder.is_dir() and not folder.is_symlink() and status.st_uid == uid


def _owner_is_dead(folder: Path) -> bool:
    try:
        owner = json.loads((folder / OWNER).read_text(encoding="utf-8"))
        pid, start = int(owner["pid"]), str(owner["start"])
        boot, namespace = str(owner["boot"]), str(owner["namespace"])
    except (OSError, ValueError, KeyError, TypeError):
        return _age(folder) > NEWBORN
    if boot != _boot():
        return True
    if namespace != _namespace():
        return False  # a container that shares our temp dir: its process numbers say nothing here
    return not psutil.pid_exists(pid) or _start(pid) != start


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0.0


def _kill_group_of(pid: int) -> None:
    """Our browsers lead or fill a group of their own; a group that holds us is not one of them."""
    if sys.platform == "win32":
        reaper.kill_group(pid)
        return
    try:
        group = os.getpgid(pid)
    except ProcessLookupError:
        return
    if group != os.getpgrp():
        reaper.kill_group(group)


def _start(pid: int) -> str:
    """Start time of a process in a unit that no clock change moves (Linux: ticks since boot)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        pass  # not Linux, or gone
    try:
        return f"{psutil.Process(pid).create_time():.1f}"
    except psutil.NoSuchProcess:
        return ""


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""  # not Linux, where the start time is of the wall clock and tells enough


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
