"""What crosses the process boundary: lines of JSON, small values only, never bytes. No I/O.

JSON on purpose: a decoder that was taken over by a picture's bytes can send a wrong value, but it cannot make the
calling process run anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from collector.model import Attempt, Downloaded, DownloadFailed, Media, Picture, Task
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
    return dump([(n, *_task(task)) for n, task in tasks])


def _task(task: Task) -> tuple[Any, ...]:
    """Its fields in order, without those at the end that say nothing."""
    t = task
    facts = (t.id, t.search_id, t.url, t.page, t.width, t.height, t.is_thumbnail, t.attempt)
    if not (t.fallbacks or t.cookies or t.thumbnail_url or t.media is not Media.PICTURE):
        return facts
    return (*facts, t.fallbacks, t.media, t.cookies, t.thumbnail_url)


def read_tasks(rows: list[list[Any]]) -> list[tuple[int, Task]]:
    """What `tasks_line` wrote."""
    return [(row[0], _read_task(*row[1:])) for row in rows]


def _read_task(*facts: Any) -> Task:
    task = Task(*facts[:8])
    if len(facts) == 8:
        return task
    fallbacks, media, cookies, thumbnail = facts[8:]
    return replace(task, fallbacks=tuple(fallbacks), media=Media(media), cookies=cookies, thumbnail_url=thumbnail)


def result_message(serial: int, value: Downloaded | DownloadFailed) -> Message:
    """The value without its task, which the other side has."""
    if isinstance(value, DownloadFailed):
        return [serial, value.reason, value.detail, _attempt(value.attempt), value.retry_after]
    p = value.picture
    facts = (p.sha256, p.format, p.extension, p.width, p.height, p.bytes, p.mode, p.orientation, p.frames)
    return [serial, *facts, p.phash, p.media, p.rights, value.part.name, _attempt(value.attempt)]


def _attempt(attempt: Attempt) -> list[Any]:
    return [getattr(attempt, field.name) for field in fields(Attempt)]


def read_result(message: Message, task: Task, folder: Path) -> Downloaded | DownloadFailed:
    """What `result_message` wrote, with its task."""
    if len(message) == 5:
        reason, detail, attempt, waits = message[1:]
        return DownloadFailed(task, reason, detail, Attempt(*attempt), waits)
    facts: Message = [*message[1:11], Media(message[11]), tuple((name, text) for name, text in message[12])]
    part, attempt = message[13:]
    return Downloaded(task, Picture(*facts), folder / part, Attempt(*attempt))


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
