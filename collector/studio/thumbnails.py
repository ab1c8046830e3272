"""Thumbnails on demand: made by the guarded processes, the last asked first, and kept beside the output folder."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from collector.images.pixels import thumbnail
from collector.images.processes import FileTrouble, Workers

SIDE: Final = 360
KEPT: Final = 50_000
"""Thumbnails kept on disk, some 15 kB each; the oldest go first."""
_LOOK_EVERY: Final = 500
_DIGEST: Final = re.compile("[0-9a-f]{64}")
Wanted = tuple[Path, Path, "asyncio.Future[bytes | FileTrouble]"]


class Thumbnails:
    """Small JPEGs of pictures, each made once. Start it in the loop that asks, and close it."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._loop = asyncio.get_running_loop()
        self._wanted: list[Wanted] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="studio-thumbnails", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the processes; what is waited for is given up."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    async def of(self, sha256: str, file: Path) -> bytes | FileTrouble:
        """The thumbnail of a picture as its file is now, or why there is none."""
        if not _DIGEST.fullmatch(sha256):
            return FileTrouble("image.unreadable", "its row is broken")
        written = file.stat().st_mtime_ns if file.is_file() else 0
        kept = self._cache / sha256[:2] / f"{sha256}-{written:x}.jpg"
        if kept.is_file():
            return kept.read_bytes()
        answer: asyncio.Future[bytes | FileTrouble] = self._loop.create_future()
        with self._changed:
            self._wanted.append((file, kept, answer))
            self._changed.notify()
        return await answer

    def _next(self) -> Iterator[tuple[Wanted, Path]]:
        """What waits now, the last asked first: it is what is on the screen. Given up where nobody waits any more."""
        while True:
            with self._changed:
                if self._closed or not self._wanted:
                    return
                one = self._wanted.pop()
            if not one[2].cancelled():
                yield one, one[0]

    def _work(self) -> None:
        made = 0
        with Workers(thumbnail, SIDE, 75, processes=2) as workers:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._wanted)
                    if self._closed:
                        return
                for (_, kept, answer), result in workers.map(self._next()):
                    body = result if isinstance(result, FileTrouble) else result[0]
                    if isinstance(body, bytes):
                        _keep(kept, body)
                        made += 1
                        if made % _LOOK_EVERY == 0:
                            bound(self._cache, KEPT)
                    self._loop.call_soon_threadsafe(_told, answer, body)


def _told(answer: asyncio.Future[bytes | FileTrouble], body: bytes | FileTrouble) -> None:
    if not answer.done():
        answer.set_result(body)


def _keep(place: Path, body: bytes) -> None:
    """On disk, whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.write_bytes(body)
    part.replace(place)


def bound(cache: Path, most: int) -> None:
    """Delete the oldest thumbnails above this number."""
    files = sorted(cache.glob("*/*.jpg"), key=lambda file: file.stat().st_mtime)
    for file in files[: max(0, len(files) - most)]:
        file.unlink(missing_ok=True)
