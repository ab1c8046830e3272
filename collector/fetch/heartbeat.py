"""A page of memory shared with a worker: that its loop turns, and whose bytes are looked at. Survives the worker.

A file in the temporary folder carries it, because that works on every system; its name is gone once both have it open.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from pathlib import Path

_NUMBER = struct.Struct("=Q")
SLOTS = 16
"""Threads of a worker that may look at bytes."""
_SIZE = _NUMBER.size * (SLOTS + 1)
"""The beats come first, then the slots."""


class Heartbeat:
    """A count of the loop's turns; and per thread the serial of the task whose bytes it looks at, 0 for none."""

    def __init__(self, path: str = "") -> None:
        """Made by the calling process; opened by the worker, with `path`."""
        self.path = path
        if path:
            with Path(path).open("r+b") as file:
                self._page = mmap.mmap(file.fileno(), _SIZE)
            self.forget()
            return
        import tempfile  # A worker needs none of it.

        handle, self.path = tempfile.mkstemp(prefix="collector-fetch-")
        with os.fdopen(handle, "r+b") as file:
            file.write(bytes(_SIZE))
            file.flush()
            self._page = mmap.mmap(file.fileno(), _SIZE)

    def beat(self) -> None:
        """The loop has turned."""
        _NUMBER.pack_into(self._page, 0, self.beats + 1)

    @property
    def beats(self) -> int:
        """How often so far; 0 once closed."""
        return 0 if self._page.closed else int(_NUMBER.unpack_from(self._page)[0])

    def look(self, slot: int, serial: int) -> None:
        """A thread is at a task's bytes now; 0: at none."""
        _NUMBER.pack_into(self._page, (slot + 1) * _NUMBER.size, serial)

    def looked_at(self) -> list[int]:
        """Serials of the tasks whose bytes are being looked at; empty once closed."""
        if self._page.closed:
            return []
        return [serial for (serial,) in _NUMBER.iter_unpack(self._page[_NUMBER.size :]) if serial]

    def forget(self) -> None:
        """Take the name away. Where an open file cannot lose its name (Windows), closing does."""
        with contextlib.suppress(OSError):
            Path(self.path).unlink()

    def close(self) -> None:
        """Give it back."""
        self._page.close()
        self.forget()
