"""Texts that come in one order and are wanted in another: they wait on the disk, and no more than some are held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final

import numpy as np

_RUN: Final = 10_000
"""Texts that are held, sorted and written together: what is read back in order is as many streams as there are runs."""


class Spool:
    """UTF-8 of the texts by their keys. Use it in a `with`: its file, which has no name, is gone afterwards."""

    def __init__(self, folder: Path) -> None:
        """`folder`: on the disk that has room for it."""
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._waiting: list[tuple[bytes, bytes]] = []
        self._keys: list[np.ndarray[tuple[int], np.dtype[np.bytes_]]] = []
        self._sizes: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def add(self, key: str, text: str) -> None:
        """One more; a key has no zero byte at its end."""
        self._waiting.append((key.encode(), text.encode()))
        if len(self._waiting) >= _RUN:
            self._write()

    def _write(self) -> None:
        self._waiting.sort(key=lambda pair: pair[0])
        keys, texts = zip(*self._waiting, strict=True)
        self._keys.append(np.array(keys))
        self._sizes.append(np.array([len(text) for text in texts]))
        self._file.write(b"".join(texts))
        self._waiting.clear()

    def __iter__(self) -> Iterator[bytes]:
        """All of them, by their keys."""
        if self._waiting:
            self._write()
        if not self._keys:
            return
        sizes = np.concatenate(self._sizes)
        starts = np.cumsum(sizes) - sizes
        order = np.argsort(np.concatenate(self._keys), kind="stable")
        for first in range(0, len(order), _RUN):
            some = order[first : first + _RUN]
            for start, size in zip(starts[some].tolist(), sizes[some].tolist(), strict=True):
                self._file.seek(start)
                yield self._file.read(size)
