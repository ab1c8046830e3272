"""One Task from its URL to a verified picture in memory, or to a Missed: the only place that knows the order.

Never touches the disk and never sleeps; waiting and trying again are the caller's decisions.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

from collector.fetch.ladder import REFUSALS, Ladder, contradicts, gone, stand_in
from collector.fetch.payload import Unusable, decode_data, is_data
from collector.fetch.transport import Ask, Download, FetchError, Reply, one_line, retry_after
from collector.model import Missed, Picture, Task
from collector.reasons import http_reason
from collector.settings import FetchSettings

_SUCCESS = frozenset((200, 203))


@dataclass(frozen=True, slots=True)
class Verified:
    """A picture in memory, looked at."""

    picture: Picture
    body: bytes
    reply: Reply


Steps = Generator[Ask, Reply, "Verified | Missed"]
"""Yields what is to be asked; wants the Reply sent, or the FetchError thrown; returns how it ended."""


def fetch(task: Task, settings: FetchSettings, download: Download, ladder: Ladder) -> Verified | Missed:
    """Fetch and verify one task; expected trouble is a Missed, anything raised is a bug (or no memory)."""
    going = steps(task, settings, ladder)
    try:
        ask = next(going)
        while True:
            try:
                reply = download(ask)
            except FetchError as error:
                ask = going.throw(error)
            else:
                ask = going.send(reply)
    except StopIteration as end:
        result: Verified | Missed = end.value
        return result


def steps(task: Task, settings: FetchSettings, ladder: Ladder) -> Steps:
    """One task, request by request, whoever carries them. Looking at the bytes happens inside `send`."""
    started = time.monotonic()
    reply = Reply(0, task.url)
    try:
        if task.is_thumbnail and not settings.thumbnails:
            raise FetchError("policy.thumbnail", "only a thumbnail is known")
        if is_data(task.url):
            reply = Reply(0, "", body=decode_data(task.url, settings.max_data_url))
            return Verified(_inspect(reply, settings), reply.body, reply)
        return (yield from _climb(task, settings, ladder, started))
    except _Bad as bad:
        reason, detail, reply, wait = bad.reason, bad.detail, bad.reply, bad.retry_after
    except FetchError as error:
        reason, detail, wait = error.reason, error.detail, error.retry_after
        reply = Reply(error.status, task.url)
    except Unusable as unusable:
        reason, detail, wait = _data_reason(task, unusable), unusable.detail, None
    seconds = time.monotonic() - started
    return Missed(task, reason, one_line(detail), reply.status, wait, seconds, len(reply.body))


class _Bad(Exception):
    """A complete answer that is no success."""

    def __init__(self, reason: str, detail: str, reply: Reply) -> None:
        super().__init__(reason)
        self.reason, self.detail, self.reply = reason, detail, reply
        self.retry_after = retry_after(reply.headers.get("retry-after")) if reply.status not in _SUCCESS else None


def _climb(task: Task, settings: FetchSettings, ladder: Ladder, started: float) -> Generator[Ask, Reply, Verified]:
    """Try one Referer after the other while the host refuses; all of them share one deadline."""
    refusal: _Bad | None = None
    asked = 0
    for name, referer in ladder.rungs(task):
        left = settings.deadline - (time.monotonic() - started)
        if left <= 0 and refusal is not None:
            break
        reply = yield Ask(task.url, referer, seconds=max(0.01, left))
        asked += 1
        try:
            verified = _judge(task, reply, settings)
        except _Bad as bad:
            refusal = bad
            if not _another_may_do(bad):
                raise
            continue
        ladder.worked(task, name)
        return verified
    ladder.refused(task)
    if refusal is None:
        raise AssertionError("a ladder without a rung")
    refusal.detail = refusal.detail or f"refused with {asked} different Referers"
    raise refusal


def _another_may_do(bad: _Bad) -> bool:
    """Whether another Referer may bring the picture: refused, or served with a stand-in."""
    return bad.reply.status in REFUSALS or (bad.reason == "image.placeholder" and not gone(bad.detail))


def _judge(task: Task, reply: Reply, settings: FetchSettings) -> Verified:
    """What an answer is worth; raises _Bad with the reason when it is not the picture."""
    if reply.status not in _SUCCESS:
        raise _Bad(http_reason(reply.status), "", reply)
    if name := stand_in(task, reply):
        raise _Bad("image.placeholder", name, reply)
    try:
        picture = _inspect(reply, settings)
    except Unusable as unusable:
        raise _Bad(unusable.reason, unusable.detail, reply) from None
    if contradicts(task, reply, picture):
        detail = f"{picture.width} x {picture.height} instead of {task.width} x {task.height}"
        raise _Bad("image.placeholder", detail, reply)
    return Verified(picture, reply.body, reply)


def _inspect(reply: Reply, settings: FetchSettings) -> Picture:
    from collector.fetch.imaging import inspect

    return inspect(reply.body, settings)


def _data_reason(task: Task, unusable: Unusable) -> str:
    """A data: URL that does not even claim to be a picture, and is none, has the wrong type."""
    claims = task.url[5:11].lower() == "image/"
    return "data.type" if unusable.reason in ("image.unidentified", "body.html") and not claims else unusable.reason
