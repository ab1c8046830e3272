"""The three shows, fed with the same run: what each prints, and that nothing hostile reaches the terminal."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from collector.api.collect import Progress, Standing
from collector.cli import terminal
from collector.cli.terminal.counts import Counts
from collector.cli.terminal.progress import Bars, JsonLines, Lines, Notebook
from collector.cli.terminal.records import record
from collector.model import (
    Attempt,
    Duplicate,
    Event,
    Failed,
    Found,
    Hit,
    Noticed,
    Picture,
    Query,
    Rejected,
    Saved,
    Search,
    SearchEnded,
    SearchStarted,
    SearchState,
    Skipped,
    Task,
)

ONE = Standing(1, 1, 0, 0)
HOSTILE = "cat\x1b[2J\x07[bold]\u202e"
DATA = "data:image/png;base64," + "A" * 5000
PICTURE = Picture("ab" * 32, "JPEG", "jpg", 640, 480, 500_000)


def search(number: int, keyword: str, limit: int | None = 2, sources: tuple[str, ...] = ("google",)) -> Search:
    return Search(number, Query(keyword, keyword, limit, sources), sources[0], limit and limit + 10)


def task(number: int, search_id: int, url: str = "http://a.example/1.jpg") -> Task:
    return Task(number, search_id, url)


def run() -> Iterator[Event]:
    """One keyword that gets all, one that is blocked."""
    first = search(1, HOSTILE)
    yield SearchStarted(first)
    for rank in range(1, 7):
        yield Found(first, rank, Hit(DATA if rank == 1 else "http://a.example/2.jpg", f"k{rank}", title=HOSTILE))
    yield SearchEnded(first, SearchState.ENOUGH, found=6, seconds=1.5)
    yield Saved(task(1, 1, DATA), PICTURE, Path("cat/a.jpg"))
    yield Duplicate(task(2, 1), PICTURE, Path("cat/a.jpg"))
    yield Rejected(task(3, 1), "body.html", "text/html", Attempt(200))
    yield Failed(task(4, 1), "http.404", "", Attempt(404))
    yield Failed(task(5, 1), "net.dns", "", retry=True)
    yield Saved(task(6, 1), PICTURE, Path("cat/b.jpg"))
    yield Skipped(task(7, 1), "policy.limit")
    second = search(2, "dog")
    yield SearchStarted(second)
    yield SearchEnded(second, SearchState.BLOCKED, "page.captcha", "unusual traffic", diagnosis=Path("diagnosis/2"))
    yield Noticed("the disk is nearly full", "warning")


class Clock:
    """Goes on by a second with every look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def watched(show: Progress) -> None:
    with show:
        show.notice("2 blank rows")
        for event in run():
            show.show(event)


# --------------------------------------------------------------------------- lines


def test_lines_tell_the_story() -> None:
    stream = io.StringIO()
    watched(Lines(Counts(2, 4, Clock()), stream, clock=lambda: 0.0))
    name = r"cat\x1b[2J\x07[bold]\u202e"
    assert stream.getvalue().splitlines() == [
        "2 blank rows",
        f'searching google for "{name}"',
        f'searched google for "{name}": 6 URLs in 1.5 s',
        f'"{name}" has 2 of 2 pictures',
        'searching google for "dog"',
        'warning: google, "dog": blocked, the site asks for a captcha: unusual traffic; '
        "its page is kept in diagnosis/2",
        '"dog" has 0 of 2 pictures',
        "warning: the disk is nearly full",
        "2/2 keywords, 6 URLs; 2/4 saved, 0.7/s, 0.3 MB/s; 1.0 MB, 0:04, 0:05 left; "
        "1 duplicate, 1 rejected, 1 failed, 1 to retry, 1 not needed",
    ]  # fmt: skip


def test_lines_report_progress_every_few_seconds() -> None:
    stream = io.StringIO()
    watched(Lines(Counts(2, 4, Clock()), stream, clock=Clock()))
    assert 3 <= stream.getvalue().count(" keywords, ") <= 6


def test_a_keyword_is_finished_when_all_its_sources_are() -> None:
    stream = io.StringIO()
    query = Query("cat", "cat", 9, ("google", "bing"))
    one, other = Search(1, query, "google", 9), Search(2, query, "bing", 9)
    events: list[Event] = [
        SearchStarted(one),
        SearchStarted(other),
        Found(one, 1, Hit("http://a", "a")),
        SearchEnded(one, SearchState.EXHAUSTED, found=1),
        Saved(task(1, 1), PICTURE, Path("a")),
        SearchEnded(other, SearchState.EMPTY),
        Saved(task(1, 1), PICTURE, Path("a")),
    ]
    show = Lines(Counts(1, 9, Clock()), stream, clock=lambda: 0.0)
    with show:
        for event in events:
            show.show(event)
    lines = stream.getvalue().splitlines()
    assert lines.count('"cat" has 1 of 9 pictures') == 1
    assert (
        lines.index('"cat" has 1 of 9 pictures')
        == lines.index('searched bing for "cat": 0 URLs in 0.0 s, no results') + 1
    )
    assert 'searched google for "cat": 1 URL in 0.0 s, no more to be found' in lines
    assert lines[-1].startswith("1/1 keywords")


def test_a_keyword_that_is_searched_on_counts_once() -> None:
    counts = Counts(2, 9, Clock())
    one = Search(1, Query("cat", "cat", 9, ("google",)), "google", 9)
    for _ in range(5):
        counts.take(SearchStarted(one))
        counts.take(SearchEnded(one, SearchState.ENOUGH, found=3))
    assert counts.searches_text() == "1/2 keywords, 0 URLs"
    assert Counts(1, 9, Clock(), searched=2).searches_text() == "1/1 keywords, 0 URLs", "earlier runs had more"


def test_outcomes_of_searches_of_earlier_runs_are_counted() -> None:
    stream = io.StringIO()
    with Lines(Counts(0, 0, Clock(), saved=7), stream, clock=lambda: 0.0) as show:
        show.show(Saved(task(1, 99), PICTURE, Path("a")))
    assert stream.getvalue().startswith("8 saved, ")


def test_the_same_trouble_is_told_five_times() -> None:
    stream = io.StringIO()
    with Lines(Counts(100, 4, Clock()), stream, clock=lambda: 0.0) as show:
        for number in range(100):
            show.show(SearchEnded(search(number, f"k{number}"), SearchState.UNREACHABLE, "page.unreachable"))
    warnings = [line for line in stream.getvalue().splitlines() if line.startswith("warning")]
    assert len(warnings) == 5
    assert warnings[-1].endswith("more of this kind stand in the summary")


# --------------------------------------------------------------------------- bars


@pytest.mark.parametrize("width", [40, 80, 200])
def test_bars_draw_counts_below_and_warnings_above(width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=width, color_system=None)
    watched(Bars(Counts(2, 4, Clock()), console))
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "2 blank rows" in text
    assert "warning: the disk is nearly full" in text
    assert text.index("warning: the disk") < text.rindex("pictures")
    assert max(len(line) for line in text.splitlines() if line.startswith(("searches", "pictures"))) <= width
    if width >= 80:
        assert "2/2 keywords, 6 URLs" in text
        assert "2/4 saved, " in text
        assert "1 duplicate, 1 rejected, 1 failed, 1 to retry, 1 not needed" in text


def test_bars_without_a_search_show_no_search_bar() -> None:
    stream = io.StringIO()
    with Bars(Counts(0, 0, Clock()), Console(file=stream, force_terminal=True, width=80)) as show:
        show.show(Saved(task(1, 99), PICTURE, Path("a")))
    assert "searches" not in stream.getvalue()
    assert "1 saved" in stream.getvalue()


# --------------------------------------------------------------------------- JSON lines


def test_json_lines_are_flat_and_complete() -> None:
    stream = io.StringIO()
    watched(JsonLines(stream, clock=lambda: 1.23456))
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [record["event"] for record in records] == [
        "noticed", "search_started", *["found"] * 6, "search_ended", "saved", "duplicate", "rejected", "failed",
        "failed", "saved", "skipped", "search_started", "search_ended", "noticed",
    ]  # fmt: skip
    assert all(not isinstance(value, dict | list) for record in records for value in record.values())
    assert {record["time"] for record in records} == {1.235}
    found = records[2]
    assert found["keyword"] == HOSTILE
    assert found["rank"] == 1
    assert found["url"] == "data:image/png"
    assert found["url_length"] == len(DATA)
    assert len(found["url_sha256"]) == 64
    assert records[3]["url"] == "http://a.example/2.jpg"
    assert records[-2]["state"] == "blocked"
    assert records[-2]["diagnosis"] == "diagnosis/2"
    assert [record["retry"] for record in records if record["event"] == "failed"] == [False, True]
    saved = next(record for record in records if record["event"] == "saved")
    assert (saved["path"], saved["bytes"], saved["sha256"]) == ("cat/a.jpg", 500_000, "ab" * 32)


def test_json_lines_hold_nothing_a_terminal_obeys() -> None:
    stream = io.StringIO()
    watched(JsonLines(stream))
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()
    assert "AAAA" not in stream.getvalue()


# --------------------------------------------------------------------------- which one


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_show_that_fits_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(terminal.choose(ONE, Terminal()), Bars)
    assert isinstance(terminal.choose(ONE, sys.stderr), Lines)
    watched(terminal.choose(Standing(2, 4, 0, 0), sys.stderr))
    out, err = capsys.readouterr()
    assert out == ""
    assert "searching google" in err
    watched(terminal.JsonLines(sys.stdout))
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith('{"event": "noticed"')


@pytest.mark.parametrize(("name", "value"), [("JPY_PARENT_PID", "7"), ("TERM", "dumb")])
def test_the_output_of_a_cell_and_a_dumb_terminal_get_plain_lines(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert isinstance(terminal.choose(ONE, Terminal()), Lines)


def test_a_long_run_without_a_terminal_prints_few_lines() -> None:
    stream = io.StringIO()
    seconds = iter(range(0, 10**6, 2))
    with Lines(Counts(2000, None, Clock()), stream, clock=lambda: float(next(seconds))) as show:
        for number in range(2000):
            show.show(SearchStarted(search(number, f"k{number}")))
            show.show(SearchEnded(search(number, f"k{number}"), SearchState.EXHAUSTED))
    assert stream.getvalue().count("\n") < 30 + 4000 * 4 / 60 + 20


class Output:
    """What IPython gives for `display(..., display_id=True)`."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, bundle: dict[str, str], raw: bool) -> None:
        assert raw
        self.shown.append(bundle["text/plain"])


class ZMQInteractiveShell:
    """A kernel's shell by its name, which is all that is asked of it."""


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Output:
    """This process as the kernel of a notebook."""
    output = Output()

    def display(bundle: dict[str, str], raw: bool, display_id: bool) -> Output:
        assert display_id
        output.update(bundle, raw)
        return output

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=ZMQInteractiveShell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    return output


def test_a_notebook_has_one_output_that_renews_itself(notebook: Output, capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(terminal.choose(ONE, Terminal()), Notebook)
    watched(Notebook(Counts(2, 4, lambda: 0.0), lambda: 0.0))
    assert len(notebook.shown) == 2, "at the start and at the end: no half second has passed"
    assert notebook.shown[0] == "0/2 keywords, 0 URLs; 0/4 saved, 0.0/s, 0.0 MB/s; 0.0 MB, 0:00"
    assert notebook.shown[1].startswith("2/2 keywords, ")
    assert "warning: google" in capsys.readouterr().err

    seconds = iter(range(1000))
    watched(Notebook(Counts(2, 4, lambda: 0.0), lambda: float(next(seconds))))
    assert len(notebook.shown) > 10


def test_everything_is_not_counted_against_a_number() -> None:
    stream = io.StringIO()
    of = search(1, "ann", None)
    with Lines(Counts(0, 0, lambda: 0.0), stream, lambda: 0.0) as show:
        for event in (
            SearchStarted(of),
            Found(of, 1, Hit("http://a/1", "k1")),
            SearchEnded(of, SearchState.EXHAUSTED, found=1),
            Saved(task(1, 1), PICTURE, Path("ann/a.jpg")),
        ):
            show.show(event)
    assert '"ann" is done: 1 saved' in stream.getvalue()
    assert record(SearchStarted(replace(of, wanted=None)))["wanted"] is None
