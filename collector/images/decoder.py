"""Pictures decoded one at a time, in a process of their own that is kept between calls: what a file does to it, hang,
crash or fill the memory, costs that file alone. May be sent to other processes, each of which starts its own."""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path

from PIL import Image

from collector.images.pixels import pixels
from collector.images.processes import FileTrouble, Workers
from collector.images.sniff import Unusable

Raw = tuple[int, int, bytes]
"""Width, height, and RGB one row after the other."""


class Decoder:
    """Gives pictures as `pixels.upright` does. Thread-safe. The process ends with this object, or with the program."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: Workers[Raw] | None = None
        self._owner = 0
        """The process that started it: after a fork there are two of this object, and one of that."""

    def __reduce__(self) -> tuple[type[Decoder], tuple[()]]:
        return Decoder, ()

    def upright(self, path: Path) -> Image.Image:
        """See `pixels.upright`. Unusable, for a file that its decoder does not survive, too."""
        with self._lock:
            [(_, made)] = self._started().map([(None, path)])
        if isinstance(made, FileTrouble):
            raise Unusable(made.reason, made.detail)
        width, height, body = made
        return Image.frombytes("RGB", (width, height), body)

    def _started(self) -> Workers[Raw]:
        if self._workers is None or self._owner != os.getpid():
            self._workers, self._owner = Workers(pixels, processes=1), os.getpid()
            weakref.finalize(self, _end, self._workers, self._owner)
        return self._workers


def _end(workers: Workers[Raw], owner: int) -> None:
    if owner == os.getpid():
        workers.__exit__(None, None, None)
