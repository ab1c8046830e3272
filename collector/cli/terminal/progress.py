"""The three ways to show a run: bars on a terminal, plain lines elsewhere, JSON lines for programs.

They only watch: leaving one out changes nothing about the run.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self, TextIO

from collector.cli.terminal.counts import Clock, Counts, Finishing
from collector.cli.terminal.records import record
from collector.cli.terminal.text import meaning, printable, write
from collector.model import Event, Noticed, SearchEnded, SearchStarted

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PROGRESS_SECONDS: Final = 5.0
SAME_WARNINGS: Final = 5
"""Warnings of one kind that are worth a line each; the summary has the rest."""


class Show(Protocol):
    """Something to watch a run with: `with show: show.show(event)`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, event: Event) -> None:
        """Show one event; quick, because the run waits."""

    def notice(self, text: str) -> None:
        """One line for the user that is no event."""


def choose(
    events: bool, stderr_is_terminal: bool, keywords: int, wanted: int | None, *, searched: int = 0, saved: int = 0
) -> Show:
    """The show that fits: JSON lines on stdout if asked for, else bars or lines on stderr.

    `keywords` to be searched and pictures `wanted` in all, 0 and None for unknown; `searched` and `saved` are how
    many of them earlier runs have brought.
    """
    if events:
        return JsonLines(sys.stdout)
    counts = Counts(keywords, wanted, time.monotonic, searched, saved)
    return Bars(counts) if stderr_is_terminal else Lines(counts, sys.stderr)


class _Warnings:
    """The line an event deserves by itself, if any; falls silent when it would repeat itself."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], int] = {}

    def of(self, event: Event) -> str:
        """ "" for the usual course of things."""
        match event:
            case Noticed(text, level):
                return f"warning: {text}" if level == "warning" else text
            case SearchEnded(search, state) if not state.done:
                why = ": ".join(filter(None, (meaning(event.reason) or event.reason, event.detail)))
                kept = f"; its page is kept in {event.diagnosis}" if event.diagnosis else ""
                text = f'warning: {search.source}, "{search.query.keyword}": {state.value}, {why}{kept}'
                return self._limited((state.value, event.reason), text)
            case _:
                return ""

    def _limited(self, kind: tuple[str, str], text: str) -> str:
        given = self._given[kind] = self._given.get(kind, 0) + 1
        if given > SAME_WARNINGS:
            return ""
        return text + ("; more of this kind stand in the summary" if given == SAME_WARNINGS else "")


# --------------------------------------------------------------------------- bars


class Bars:
    """Two live bars at the foot of the terminal, warnings above them. Redraws itself eight times a second."""

    def __init__(self, counts: Counts, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._counts = counts
        self._warnings = _Warnings()
        self._console = console or Console(stderr=True, highlight=False)
        self._live = Live(
            get_renderable=self._drawn,
            console=self._console,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        self._counts.take(event)
        if text := self._warnings.of(event):
            self.notice(text)

    def notice(self, text: str) -> None:
        from rich.text import Text

        style = "yellow" if text.startswith("warning") else ""
        self._console.print(Text(printable(text), style=style), soft_wrap=True)

    def _drawn(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        counts = self._counts
        bars = Table.grid(padding=(0, 1))
        bars.add_column(no_wrap=True, width=8)
        room = self._console.width - 10
        size = max(8, min(40, room - 42))
        bars.add_column(width=size)
        bars.add_column(no_wrap=True, overflow="ellipsis", width=max(8, room - size))
        details = []
        if counts.keywords or counts.searching or counts.searched:
            bars.add_row("searches", _bar(counts.searched, counts.keywords), counts.searches_text())
            details.append(", ".join(map(printable, tuple(counts.searching.values())[:8])))
        bars.add_row("pictures", _bar(counts.saved, counts.wanted or 0), counts.pictures_text())
        details.append(counts.others_text())
        shown = [Text(text, style="dim", no_wrap=True, overflow="ellipsis") for text in details if text]
        return Group(bars, *shown)


def _bar(done: float, total: int) -> RenderableType:
    """A bar that pulses while nobody knows the total."""
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=float(total) if total else None, completed=min(done, total or done), pulse=not total)


# --------------------------------------------------------------------------- lines


class Lines:
    """One line when a search begins and ends and when a keyword has its pictures; progress now and then."""

    def __init__(self, counts: Counts, stream: TextIO, clock: Clock = time.monotonic) -> None:
        self._counts = counts
        self._stream = stream
        self._clock = clock
        self._warnings = _Warnings()
        self._finishing = Finishing()
        self._spoken = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress()

    def show(self, event: Event) -> None:
        self._counts.take(event)
        for text in (_course(event), self._warnings.of(event), self._finishing.take(event)):
            if text:
                self.notice(text)
        if self._clock() - self._spoken >= PROGRESS_SECONDS:
            self._progress()

    def notice(self, text: str) -> None:
        write(self._stream, printable(text))

    def _progress(self) -> None:
        self._spoken = self._clock()
        counts = self._counts
        searches = [counts.searches_text()] if counts.keywords or counts.searched else []
        self.notice("; ".join([*searches, counts.pictures_text(), *filter(None, [counts.others_text()])]))


def _course(event: Event) -> str:
    """The line for a search that begins or ends as it should."""
    match event:
        case SearchStarted(search):
            return f'searching {search.source} for "{search.query.keyword}"'
        case SearchEnded(search, state) if state.done:
            end = {"exhausted": ", no more to be had", "empty": ", no results"}.get(state.value, "")
            what = f"{event.found:,} URLs in {event.seconds:.1f} s{end}"
            return f'searched {search.source} for "{search.query.keyword}": {what}'
        case _:
            return ""


# --------------------------------------------------------------------------- JSON


class JsonLines:
    """Every event as one JSON object a line, at once; `time` is in seconds since 1970."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.time) -> None:
        self._stream = stream
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

    def show(self, event: Event) -> None:
        fields = record(event)
        stamped = {"event": fields.pop("event"), "time": round(self._clock(), 3), **fields}
        write(self._stream, json.dumps(stamped))

    def notice(self, text: str) -> None:
        self.show(Noticed(text))
