"""Texts that wait on the disk for their turn: no more than some are held."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

_RUN: Final = 10_000
"""Texts that are held, sorted and written together, and that are read together."""


class Scratch:
    """A file of bytes without a name. Use it in a `with`: it is gone afterwards."""

    def __init__(self, folder: Path) -> None:
        """`folder`: on the disk that has room for it."""
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


class Elements(Scratch):
    """Elements of a JSON list, or pairs of an object, that wait for their place in a document."""

    def __init__(self, folder: Path) -> None:
        """See Scratch."""
        super().__init__(folder)
        self.count = 0

    def add(self, text: str) -> None:
        """One more, as JSON."""
        self._file.write(f", {text}".encode() if self.count else text.encode())
        self.count += 1

    def copy_to(self, file: IO[bytes]) -> None:
        """All of them, as they stand between the brackets."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, file)


class Spool(Scratch):
    """Texts that come in one order and are wanted in another, that of their keys."""

    def __init__(self, folder: Path) -> None:
        """See Scratch."""
        super().__init__(folder)
        self._waiting: list[tuple[bytes, bytes]] = []
        self._keys: list[NDArray[np.bytes_]] = []
        self._sizes: list[NDArray[np.int32]] = []

    def add(self, key: bytes, text: str) -> None:
        """One more; keys are of one length, or have no zero byte at their end."""
        self._waiting.append((key, text.encode()))
        if len(self._waiting) >= _RUN:
            self._write()

    def _write(self) -> None:
        keys, texts = zip(*self._waiting, strict=True)
        self._waiting.clear()
        run = np.array(keys)
        order = np.argsort(run, kind="stable")
        self._keys.append(run[order])
        self._sizes.append(np.array([len(text) for text in texts], np.int32)[order])
        self._file.write(b"".join([texts[place] for place in order.tolist()]))

    def __iter__(self) -> Iterator[bytes]:
        """UTF-8 of all of them, by their keys. Once: the keys are let go of."""
        if self._waiting:
            self._write()
        if not self._keys:
            return
        keys = np.concatenate(self._keys)
        self._keys.clear()
        order = np.argsort(keys, kind="stable")
        del keys
        sizes = np.concatenate(self._sizes)
        ends = np.cumsum(sizes, dtype=np.int64)
        for first in range(0, len(order), _RUN):
            yield from self._read(order[first : first + _RUN], sizes, ends)

    def _read(self, wanted: NDArray[np.int64], sizes: NDArray[Any], ends: NDArray[Any]) -> Iterator[bytes]:
        """The texts with these numbers. They are neighbours by their keys, and so they are within each run."""
        there = np.sort(wanted)
        blocks = np.split(there, np.flatnonzero(np.diff(there) != 1) + 1)
        body = bytearray()
        for block in blocks:
            first, last = int(block[0]), int(block[-1])
            start = int(ends[first] - sizes[first])
            self._file.seek(start)
            body += self._file.read(int(ends[last]) - start)
        starts = np.cumsum(sizes[there]) - sizes[there]
        places = np.searchsorted(there, wanted)
        for start, size in zip(starts[places].tolist(), sizes[wanted].tolist(), strict=True):
            yield bytes(body[start : start + size])
