"""A page of memory shared with a worker: whose bytes are being looked at. Survives the worker, decides nothing.

A file in the temporary folder carries it, because that works on every system; its name is gone once both have it open.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from pathlib import Path

_SLOT = struct.Struct("=Q")
COUNT = 16
"""Threads of a worker that may look at bytes."""


class Slots:
    """One number per thread: the serial of the task whose bytes it looks at, 0 for none."""

    def __init__(self, path: str = "") -> None:
        """Made by the calling process; opened by the worker, with `path`."""
        self.path = path
        if path:
            with Path(path).open("r+b") as file:
                self._page = mmap.mmap(file.fileno(), _SLOT.size * COUNT)
            self.forget()
            return
        import tempfile  # A worker needs none of it.

        handle, self.path = tempfile.mkstemp(prefix="collector-fetch-")
        with os.fdopen(handle, "r+b") as file:
            file.write(bytes(_SLOT.size * COUNT))
            file.flush()
            self._page = mmap.mmap(file.fileno(), _SLOT.size * COUNT)

    def put(self, slot: int, serial: int) -> None:
        """A thread is at a task's bytes now; 0: at none."""
        _SLOT.pack_into(self._page, slot * _SLOT.size, serial)

    def serials(self) -> list[int]:
        """Tasks whose bytes are being looked at; empty once closed."""
        if self._page.closed:
            return []
        return [serial for (serial,) in _SLOT.iter_unpack(self._page[:]) if serial]

    def forget(self) -> None:
        """Take the name away. Where an open file cannot lose its name (Windows), closing does."""
        with contextlib.suppress(OSError):
            Path(self.path).unlink()

    def close(self) -> None:
        """Give it back."""
        self._page.close()
        self.forget()
