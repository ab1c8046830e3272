"""The ways to show a run: bars on a terminal, one line in a notebook, plain lines elsewhere, JSON for programs.

They only watch: leaving one out changes nothing about the run.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Self, TextIO

from collector.cli.terminal.counts import Clock, Counts, Finishing
from collector.cli.terminal.records import record
from collector.cli.terminal.text import runnable, write
from collector.errors import counted, printable
from collector.model import Event, Noticed, SearchEnded, SearchStarted, SearchState
from collector.reasons import meaning

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from collector.api.collect import Progress, Standing

PROGRESS_SECONDS: Final = 5.0
MOST_SECONDS: Final = 60.0
"""Between two lines of progress: at first, and of a long run."""
USUAL_LINES: Final = 30
"""Lines about searches and keywords that a run without a terminal prints; its lines of progress tell the rest."""
NOTEBOOK_SECONDS: Final = 0.5
SAME_WARNINGS: Final = 5
"""Warnings of one kind that are worth a line each; the summary has the rest."""


def choose(standing: Standing, stream: TextIO) -> Progress:
    """The progress that fits: bars on a terminal, a line that renews itself in a notebook, plain lines elsewhere."""
    counts = Counts(standing.keywords, standing.wanted, time.monotonic, standing.searched, standing.saved)
    if in_notebook():
        return Notebook(counts)
    return Bars(counts) if _redraws(stream) else Lines(counts, stream)


def _redraws(stream: TextIO) -> bool:
    """Whether it is a terminal that can redraw lines: the output of `!collector` in a notebook's cell cannot."""
    return stream.isatty() and "JPY_PARENT_PID" not in os.environ and os.environ.get("TERM") != "dumb"


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook (Jupyter, VS Code, Colab)."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return type(shell).__name__ in ("ZMQInteractiveShell", "Shell")


class Nothing:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        pass

    def notice(self, text: str) -> None:
        pass


class _Warnings:
    """The line an event deserves by itself, if any; falls silent when it would repeat itself."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], int] = {}

    def of(self, event: Event) -> str:
        """ "" for the usual course of things."""
        text = trouble(event)
        return (
            self._limited((event.state.value, event.reason), text) if isinstance(event, SearchEnded) and text else text
        )

    def _limited(self, kind: tuple[str, str], text: str) -> str:
        given = self._given[kind] = self._given.get(kind, 0) + 1
        if given > SAME_WARNINGS:
            return ""
        return text + ("; more of this kind stand in the summary" if given == SAME_WARNINGS else "")


def trouble(event: Event) -> str:
    """The line for what went wrong, or has to be told; "" for the usual course of things."""
    match event:
        case Noticed(text, level):
            return f"warning: {text}" if level == "warning" else text
        case SearchEnded(search, state) if not state.done:
            why = f"{state.value}, " + ": ".join(filter(None, (meaning(event.reason) or event.reason, event.detail)))
            if event.detail and state is SearchState.UNREACHABLE:
                why = event.detail
            kept = f"; its page is kept in {event.diagnosis}" if event.diagnosis else ""
            return f'warning: {search.source}, "{search.query.keyword}": {why}{kept}'
        case _:
            return ""


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

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        self._counts.take(event)
        if text := self._warnings.of(event):
            self.notice(text)

    def notice(self, text: str) -> None:
        from rich.text import Text

        style = "yellow" if text.startswith("warning") else ""
        self._console.print(Text(printable(runnable(text)), style=style, overflow="fold"))

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
        details += [counts.time_text(), counts.others_text()]
        shown = [Text(text, style="dim", no_wrap=True, overflow="ellipsis") for text in details if text]
        return Group(bars, *shown)


def _bar(done: float, total: int) -> RenderableType:
    """A bar that pulses while nobody knows the total."""
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=float(total) if total else None, completed=min(done, total or done), pulse=not total)


# --------------------------------------------------------------------------- lines


class Lines(Nothing):
    """The first searches and keywords in a line each, then one line of progress now and then, ever more seldom."""

    def __init__(self, counts: Counts, stream: TextIO, clock: Clock = time.monotonic) -> None:
        self._counts = counts
        self._stream = stream
        self._clock = clock
        self._warnings = _Warnings()
        self._finishing = Finishing()
        self._spoken = clock()
        self._pause = PROGRESS_SECONDS
        self._last = ""
        """The line of progress that was said last."""
        self._usual = 0
        """Lines about the usual course of things."""

    def __exit__(self, *_: object) -> None:
        text = _totals(self._counts)
        if text != self._last:
            self._progress(text)

    def show(self, event: Event) -> None:
        self._counts.take(event)
        for text in (
            self._usually(course(event)),
            self._warnings.of(event),
            self._usually(self._finishing.take(event)),
        ):
            if text:
                self.notice(text)
        if self._clock() - self._spoken >= self._pause:
            self._pause = min(MOST_SECONDS, self._pause * 1.5)
            self._progress(_totals(self._counts))

    def notice(self, text: str) -> None:
        write(self._stream, printable(runnable(text)))

    def _usually(self, text: str) -> str:
        """The text, as long as there were few of its kind."""
        self._usual += bool(text)
        return text if self._usual <= USUAL_LINES else ""

    def _progress(self, text: str) -> None:
        self._spoken, self._last = self._clock(), text
        self.notice(text)


def _totals(counts: Counts) -> str:
    """Such as `3/12 keywords, 1,204 URLs; 118/240 saved, 12.3/s, 4.1 MB/s; 38.4 MB, 0:31, 0:10 left; 5 duplicate`."""
    searches = [counts.searches_text()] if counts.keywords or counts.searched else []
    return "; ".join([*searches, counts.pictures_text(), counts.time_text(), *filter(None, [counts.others_text()])])


def course(event: Event) -> str:
    """The line for a search that begins or ends as it should."""
    match event:
        case SearchStarted(search):
            return f'searching {search.source} for "{search.query.keyword}"'
        case SearchEnded(search, state) if state.done:
            end = {"exhausted": ", no more to be found", "empty": ", no results"}.get(state.value, "")
            what = f"{counted(event.found, 'URL')} in {event.seconds:.1f} s{end}"
            return f'searched {search.source} for "{search.query.keyword}": {what}'
        case _:
            return ""


class Notebook:
    """One output of the cell that renews itself twice a second, as tqdm.auto does; warnings stay above it."""

    def __init__(self, counts: Counts, clock: Clock = time.monotonic) -> None:
        self._counts, self._clock = counts, clock
        self._warnings = _Warnings()
        self._drawn = clock()
        self._output: Any = None

    def __enter__(self) -> Self:
        self._output = import_module("IPython.display").display(self._bundle(), raw=True, display_id=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._output.update(self._bundle(), raw=True)

    def show(self, event: Event) -> None:
        self._counts.take(event)
        if text := self._warnings.of(event):
            self.notice(text)
        if self._clock() - self._drawn >= NOTEBOOK_SECONDS:
            self._drawn = self._clock()
            self._output.update(self._bundle(), raw=True)

    def notice(self, text: str) -> None:
        write(sys.stderr, printable(runnable(text)))

    def _bundle(self) -> dict[str, str]:
        """What IPython shows, by MIME type."""
        return {"text/plain": _totals(self._counts)}


# --------------------------------------------------------------------------- JSON


class JsonLines(Nothing):
    """Every event as one JSON object a line, at once; `time` is in seconds since 1970."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.time) -> None:
        self._stream = stream
        self._clock = clock

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def show(self, event: Event) -> None:
        fields = record(event)
        stamped = {"event": fields.pop("event"), "time": round(self._clock(), 3), **fields}
        write(self._stream, json.dumps(stamped))

    def notice(self, text: str) -> None:
        self.show(Noticed(text))
