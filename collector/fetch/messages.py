"""What crosses the process boundary: lines of JSON, tagged structs of small values, never bytes. No I/O.

JSON on purpose: a decoder that was taken over by a picture's bytes can send a wrong value, but it cannot make the
calling process run anything; and what has another shape than these is refused.
"""

from __future__ import annotations

import contextlib
import json
import traceback
from pathlib import Path
from typing import Any

import msgspec

from collector.http.transport import one_line
from collector.model import Attempt, Downloaded, DownloadFailed, Picture, Task
from collector.settings import FetchSettings, diagnosis


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The first line to a worker."""

    settings: FetchSettings
    folder: str
    token: str
    """What the names of its part files begin with."""
    limit: int
    """Downloads at a time."""
    threads: int
    """That look at bytes."""
    heartbeat: str
    """Path of the shared page."""
    blocked: frozenset[str] = frozenset()
    """Hosts of which nothing is asked."""


class Given(msgspec.Struct, frozen=True, tag="task"):
    """One task, under the number by which its result is known."""

    serial: int
    task: Task


class Close(msgspec.Struct, frozen=True, tag="close"):
    """Start nothing more, finish what runs, end."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """A worker is up and waits."""


class Came(msgspec.Struct, frozen=True, tag="came"):
    """A `Downloaded` without its task and its part file, which the other side has and knows."""

    serial: int
    picture: Picture
    attempt: Attempt

    def whole(self, task: Task, part: Path) -> Downloaded:
        """With its task, and with the part file that this task had to go to."""
        return Downloaded(task, self.picture, part, self.attempt)


class Missed(msgspec.Struct, frozen=True, tag="missed"):
    """A `DownloadFailed` without its task."""

    serial: int
    reason: str
    detail: str
    attempt: Attempt
    retry_after: float | None

    def whole(self, task: Task, _: Path) -> DownloadFailed:
        """With its task."""
        return DownloadFailed(task, self.reason, self.detail, self.attempt, self.retry_after)


class Trouble(msgspec.Struct, frozen=True, tag="trouble"):
    """What is no picture's fault: the disk's, or a bug."""

    text: str
    serial: int | None = None
    errno: int | None = None
    path: str = ""
    trace: str = ""
    """Of a bug, for whoever mends it."""

    @property
    def unforeseen(self) -> bool:
        """Whether it is a bug that one picture brought out, and not the disk's trouble."""
        return self.serial is not None and self.errno is None

    def error(self) -> Exception:
        """Something to raise."""
        return WorkerFailed(self.text) if self.errno is None else OSError(self.errno, self.text, self.path)


class WorkerFailed(Exception):
    """A fetch worker met a bug, or would not start."""


Order = Given | Close
Result = Came | Missed | Trouble
ORDERS, RESULTS = msgspec.json.Decoder(list[Order]), msgspec.json.Decoder(list[Ready | Result])
"""Read the lines to a worker after `Begin`, and those from it. msgspec.MsgspecError for a line of anything else."""


def unforeseen(folder: Path, task: Task, text: str, trace: str) -> DownloadFailed:
    """A bug that a picture brought out ends its try alone; the traceback lies beside the output folder."""
    place = diagnosis(folder)
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
        about = f"url: {task.url}\nPlease report this:\n{trace}"
        (place / f"picture-{task.id}.txt").write_text(about, encoding="utf-8", errors="replace")
    return DownloadFailed(task, "internal.error", one_line(text))


def line(value: Any) -> bytes:
    """One line. Half a character (a lone surrogate), which JSON cannot carry, becomes U+FFFD, as in browsers."""
    try:
        return msgspec.json.encode(value) + b"\n"
    except UnicodeEncodeError:
        plain = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b"\n"


def missed(serial: int, value: DownloadFailed) -> Missed:
    """What a worker says of a task that brought nothing."""
    return Missed(serial, value.reason, value.detail, value.attempt, value.retry_after)


def trouble(error: Exception, serial: int | None = None) -> Trouble:
    """What a worker says when it met trouble of ours."""
    if isinstance(error, OSError) and error.errno is not None:
        return Trouble(error.strerror or "", serial, error.errno, str(error.filename or ""))
    trace = "".join(traceback.format_exception(error, limit=-12))
    return Trouble(f"{type(error).__name__}: {error}", serial, trace=trace)
