"""More than one way to show a run at once: every outcome in words, a log file, several shows together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TextIO

from collector.cli.terminal.progress import Nothing, course, trouble
from collector.cli.terminal.records import record
from collector.cli.terminal.text import write
from collector.errors import printable
from collector.model import Duplicate, Event, Failed, Found, Rejected, Saved, Skipped
from collector.reasons import meaning

if TYPE_CHECKING:
    from collector.api.collect import Progress


class Verbose:
    """A show, and above it a line for every URL that is found and for every outcome."""

    def __init__(self, inner: Progress) -> None:
        self._inner = inner

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(self, *ended: Any) -> None:
        self._inner.__exit__(*ended)

    def show(self, event: Event) -> None:
        self._inner.show(event)
        if text := outcome(event):
            self._inner.notice(text)

    def notice(self, text: str) -> None:
        self._inner.notice(text)


class LogFile(Nothing):
    """Everything as lines of plain text with the time, for a file that is read when something went wrong."""

    def __init__(self, stream: TextIO, clock: Callable[[], datetime] = datetime.now) -> None:
        self._stream, self._clock = stream, clock

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def show(self, event: Event) -> None:
        if text := course(event) or trouble(event) or outcome(event):
            self.notice(text)

    def notice(self, text: str) -> None:
        write(self._stream, f"{self._clock().isoformat(sep=' ', timespec='seconds')} {printable(text)}")


class Together:
    """Several shows of one run."""

    def __init__(self, shows: Sequence[Progress]) -> None:
        self._shows, self._stack = shows, ExitStack()

    def __enter__(self) -> Self:
        for show in self._shows:
            self._stack.enter_context(show)
        return self

    def __exit__(self, *ended: Any) -> None:
        self._stack.__exit__(*ended)

    def show(self, event: Event) -> None:
        for show in self._shows:
            show.show(event)

    def notice(self, text: str) -> None:
        for show in self._shows:
            show.notice(text)


def outcome(event: Event) -> str:
    """The line for a URL that was found, or that has come to its end; "" for other events."""
    fields = record(event)
    url = fields.get("url", "")
    match event:
        case Found(search, rank):
            return f'found {url} for "{search.query.keyword}", rank {rank} at {search.source}'
        case Saved(picture=picture, path=path):
            return f"saved {path.as_posix()}, {picture.width} x {picture.height}, {picture.bytes:,} bytes, from {url}"
        case Duplicate(path=path):
            return f"duplicate of {path.as_posix()}: {url}"
        case Rejected(reason=reason, detail=detail) | Failed(reason=reason, detail=detail) | Skipped(_, reason, detail):
            why = ": ".join(filter(None, (reason, meaning(reason), detail)))
            return f"{fields['event']} {url}: {why}"
        case _:
            return ""
