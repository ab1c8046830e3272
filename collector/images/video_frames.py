"""Stills out of a video, as JPEG bytes: the only module that knows PyAV. Writes no file and knows no ledger.

PyAV (the libraries of FFmpeg) is no requirement of the program: the extra `video` brings it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from collector.errors import missing
from collector.images.sniff import Unusable

QUALITY = 95


@dataclass(frozen=True, slots=True)
class Still:
    """One frame of a video."""

    at: float
    """Seconds from the video's beginning, as the frame says itself."""
    body: bytes
    """A JPEG without subsampled colours."""


def require() -> None:
    """UsageError when PyAV is not there."""
    if find_spec("av") is None:
        raise missing("PyAV", "a still of a video", "video")


def stills(film: Path, every: float = 0.0, count: int = 0) -> Iterator[Still]:
    """What is shown at the beginning and every so many seconds; or at `count` moments, evenly spread.

    Frames are decoded from the beginning one after the other: exact whatever the container says, and videos of the
    web are short. Unusable, video.unidentified or video.truncated, when they cannot be.
    """
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(film)) as container:
            if not container.streams.video:
                raise Unusable("video.unidentified", "no video track")
            track = container.streams.video[0]
            track.thread_type = "AUTO"
            length = float(track.duration * track.time_base) if track.duration and track.time_base else 0.0
            yield from _chosen(container.decode(track), _Turns(every, count, length))
    except FFmpegError as error:
        raise Unusable("video.truncated", f"{type(error).__name__}: {error.strerror}") from None


def write_stills(film: Path, every: float, count: int, place: str) -> int:
    """`stills` as files of a folder, for a process of its own; how many. What came before an error is there as well."""
    number = 0
    for number, still in enumerate(stills(film, every, count), start=1):
        Path(place, f"{number:08} {still.at!r}.jpg").write_bytes(still.body)
    return number


@dataclass(frozen=True, slots=True)
class StillFile:
    """One that `write_stills` wrote."""

    at: float
    """Seconds from the video's beginning."""
    file: Path


def read_stills(place: Path) -> Iterator[StillFile]:
    """What `write_stills` wrote, in order."""
    for file in sorted(place.iterdir()):
        yield StillFile(float(file.stem.partition(" ")[2]), file)


class _Turns:
    """When the next still is due."""

    def __init__(self, every: float, count: int, length: float) -> None:
        self._step = every if every > 0 else length / max(1, count)
        self._left = count if every <= 0 else 1_000_000
        self._due = 0.0 if every > 0 else self._step / 2

    def take(self, until: float) -> bool:
        """Whether the frame that is shown until then is wanted; the next one is due a step later."""
        if self._left <= 0 or until <= self._due + 1e-6:
            return False
        self._left -= 1
        while self._step > 0 and self._due + 1e-6 < until:
            self._due += self._step
        return True


def _chosen(frames: Iterator[Any], turns: _Turns) -> Iterator[Still]:
    for number, frame in enumerate(frames):
        at = float(frame.time) if frame.time is not None else number / 25
        shown = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.04
        if turns.take(at + shown):
            out = io.BytesIO()
            frame.to_image().save(out, "JPEG", quality=QUALITY, subsampling=0)
            yield Still(at, out.getvalue())
