"""What processes beside the main one need: their start, signals, a bound on memory, and lines written whole.

Shared by the processes of `fetch/` and of `images/`, which load next to nothing else in common.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import Popen


def start(module: str, variables: Mapping[str, str], own_group: bool = False) -> Popen[bytes]:
    """Start a module of ours with these variables of the environment, its standard input and output being pipes."""
    import subprocess  # The processes themselves need none of it.

    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **variables, "PYTHONPATH": path},
        bufsize=0,
        start_new_session=own_group,
    )


def send(process: Popen[bytes], line: bytes) -> None:
    """All of it into the process's standard input; a dead one takes nothing."""
    with contextlib.suppress(OSError, ValueError):
        view, pipe = memoryview(line), process.stdin
        while view and pipe is not None:
            view = view[pipe.write(view) or 0 :]


def ignore_signals() -> None:
    """Ctrl-C reaches the whole group; when to stop is the decision of the process that started this one."""
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def limit_memory(size: int) -> None:
    """At most so many bytes of data, and no core file, where the system can do that."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def write_all(handle: int, body: bytes) -> None:
    """All bytes into a file descriptor, which may take a part at a time."""
    view = memoryview(body)
    while view:
        view = view[os.write(handle, view) :]
