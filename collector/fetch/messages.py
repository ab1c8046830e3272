"""What crosses the process boundary: lines of JSON, small values only, never bytes. No I/O.

JSON on purpose: a decoder that was taken over by a picture's bytes can send a wrong value, but it cannot make the
calling process run anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.model import Arrived, Missed, Picture, Task
from collector.settings import FetchSettings

Message = list[Any]
"""[serial, ...facts] for a result; for trouble of ours [0, serial, text] or [0, serial, errno, text, path]."""
CLOSE = b"null\n"
"""To a worker: start nothing more, finish what runs, end."""
READY = b"[]\n"
"""From a worker: up and waiting."""


def dump(value: Any) -> bytes:
    """One line."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def settings_line(settings: FetchSettings) -> bytes:
    """The first line to a worker."""
    return dump({name: getattr(settings, name) for name in settings.__dataclass_fields__})


def tasks_line(tasks: Sequence[tuple[int, Task]]) -> bytes:
    """(serial, task) pairs as one line."""
    return dump([(n, t.id, t.search_id, t.url, t.page, t.width, t.height, t.is_thumbnail, t.attempt) for n, t in tasks])


def read_tasks(rows: list[list[Any]]) -> list[tuple[int, Task]]:
    """What `tasks_line` wrote."""
    return [(row[0], Task(*row[1:])) for row in rows]


def result_message(serial: int, value: Arrived | Missed) -> Message:
    """The value without its task, which the other side has."""
    if isinstance(value, Missed):
        waits = value.retry_after
        return [serial, value.reason, value.detail, value.http_status, waits, value.seconds, value.bytes]
    p = value.picture
    facts = (p.sha256, p.format, p.extension, p.width, p.height, p.bytes, p.mode, p.orientation, p.frames)
    final = None if value.final_url == value.task.url else value.final_url
    answer = (value.part.name, value.http_status, final, value.seconds)
    return [serial, *facts, p.trailing_bytes, p.phash, *answer]


def read_result(message: Message, task: Task, folder: Path) -> Arrived | Missed:
    """What `result_message` wrote, with its task."""
    if len(message) == 7:
        return Missed(task, *message[1:])
    part, status, final, seconds = message[12:]
    return Arrived(task, Picture(*message[1:12]), folder / part, status, task.url if final is None else final, seconds)


def trouble_message(trouble: Exception, serial: int = 0) -> Message:
    """Trouble that is no picture's: the disk's, or a bug."""
    if isinstance(trouble, OSError) and trouble.errno is not None:
        return [0, serial, trouble.errno, trouble.strerror, str(trouble.filename or "")]
    return [0, serial, f"{type(trouble).__name__}: {trouble}"]


class WorkerFailed(Exception):
    """A fetch worker met a bug, or would not start."""


def read_trouble(message: Message) -> Exception:
    """What `trouble_message` wrote, as something to raise."""
    return OSError(*message[2:]) if len(message) == 5 else WorkerFailed(message[2])
