"""What every process beside the main one needs: signals, a bound on memory, and answers that are written whole.

Shared by the processes of `fetch/` and of `images/`, which load next to nothing else in common.
"""

from __future__ import annotations

import contextlib
import os
import signal


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
