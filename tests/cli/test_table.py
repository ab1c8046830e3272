"""The summary: numbers add up, columns stand in line at any width, and hostile text stays text."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from collector.cli import terminal
from collector.model import SearchState, Tally
from tests.support.values import digest_of

DONE = (("google", SearchState.ENOUGH, ""),)
BLOCKED = (("google", SearchState.BLOCKED, "page.captcha"),)


def tally(keyword: str, saved: int = 10, *, label: str = "", limit: int = 10, failed: int = 2) -> Tally:
    return Tally(
        keyword,
        label or keyword,
        limit,
        found=20,
        saved=saved,
        duplicate=3,
        rejected=1,
        failed=failed,
        bytes=1_500_000,
        seconds=2.5,
        searches=DONE if saved else BLOCKED,
        reasons=(("duplicate.same_label", 3), ("http.404", failed), ("body.html", 1)),
    )


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(tallies: list[Tally], seconds: float = 12.0) -> list[str]:
    stream = io.StringIO()
    terminal.summary(digest_of(tallies), seconds, Path("images"), stream=stream)
    return stream.getvalue().splitlines()


def test_every_keyword_and_the_totals() -> None:
    lines = shown([tally("husky dog"), tally("猫", 0), tally("cat", label="animal")])
    assert lines[0].split() == ["keyword", "found", "saved", "duplicate", "rejected", "failed", "MB", "seconds", "why"]
    assert lines[2].split()[:9] == ["husky", "dog", "20", "10", "3", "1", "2", "1.5", "2.5"]
    assert lines[3].endswith("google: page.captcha, 2 http.404, 1 body.html")
    assert lines[4].startswith("cat (animal) ")
    assert lines[6].split() == ["3", "keywords", "60", "20", "9", "3", "6", "4.5", "7.5"]
    assert "Not saved, because:" in lines
    assert any(line.split() == ["6", "http.404", "the", "server", "answered:", "Not", "Found"] for line in lines)
    assert lines[-1] == "20 of 30 pictures saved, 4.5 MB in 12.0 s: images"


def test_columns_stand_in_line_with_wide_characters() -> None:
    lines = shown([tally("cat"), tally("黑色的猫"), tally("\U0001f431")])
    ends = {cell_len(line.partition("20")[0]) for line in lines[2:5]}
    assert len(ends) == 1


def test_nothing_ran() -> None:
    assert shown([tally("cat")], seconds=0.0)[-1] == "10 of 10 pictures saved, 1.5 MB: images"
    assert shown([])[-1] == "0 of 0 pictures saved, 0.0 MB in 12.0 s: images"


def test_what_can_still_come_is_said() -> None:
    waiting = Tally("cat", "cat", 10, found=8, failed=2, retry=2, waiting=6, reasons=(("net.dns", 2),))
    lines = shown([waiting])
    assert lines[0].split() == [
        "keyword",
        "found",
        "saved",
        "duplicate",
        "rejected",
        "failed",
        "waiting",
        "MB",
        "seconds",
        "why",
    ]
    assert "  2 of the failed will be tried again by the next run" in lines


def test_many_keywords_show_the_worst() -> None:
    tallies = [tally(f"keyword {number:03}", saved=10 if number % 2 else number // 10 % 10) for number in range(100)]
    lines = shown(tallies)
    rows = [line for line in lines if line.startswith("keyword 0")]
    assert len(rows) == 20
    assert {row.split()[3] for row in rows} == {"0", "1", "2", "3"}
    assert next(line for line in lines if line.startswith("100 keywords")).split()[2] == "2,000"
    assert "The 20 keywords that miss most of what they asked for; all 100 stand in images/collector.db" in lines


def test_many_keywords_that_miss_nothing_are_one_row() -> None:
    lines = shown([tally(f"k{number}") for number in range(41)])
    assert not [line for line in lines if line.startswith("k1")]
    assert lines[2].split()[:3] == ["41", "keywords", "820"]
    assert "Every keyword has all it asked for; each one's numbers stand in images/collector.db" in lines


def test_hostile_text_stays_text() -> None:
    lines = shown([tally("[bold]x[/bold]"), tally("a\x1b[2Jb\nc\u202e")])
    assert any(line.startswith("[bold]x[/bold] ") for line in lines)
    assert any(line.startswith(r"a\x1b[2Jb\nc\u202e ") for line in lines)


def test_no_line_ends_in_spaces() -> None:
    assert [line for line in shown([tally("cat"), tally("dog", 0)]) if line != line.rstrip()] == []


@pytest.mark.parametrize("width", [40, 64, 80, 120, 200])
def test_the_table_fits_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    terminal.summary(
        digest_of([tally("a very long keyword " * 5), tally("cat", 0)]), 1.0, Path("images"), stream=stream
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())
    table = plain.partition("\n\n")[0].splitlines()
    assert max(map(cell_len, table)) <= width
    if width >= 64:
        assert all("20" in row and "1.5" in row for row in table[2:4]), "numbers are never cut"


def test_an_old_encoding_is_no_reason_to_fail() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    terminal.summary(digest_of([tally("猫"), tally("x" * 60)]), 1.0, Path("images"), stream=stream)
    assert raw.getvalue().splitlines()[2].startswith(b"\\u732b ")
    stream.close()


def told(tallies: list[Tally]) -> list[dict[str, Any]]:
    stream = io.StringIO()
    terminal.tally_lines(iter(tallies), stream)
    terminal.summary(digest_of(tallies), 3.0, Path("images"), events=True, stream=stream)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_as_json_lines() -> None:
    first, second, total = told([tally("猫"), tally("dog", 0)])
    assert (first["event"], first["keyword"], first["saved"]) == ("tally", "猫", 10)
    assert second["searches"] == [["google", "blocked", "page.captcha"]]
    assert (total["event"], total["keywords"], total["saved"], total["limit"]) == ("summary", 2, 10, 20)
    assert (total["seconds"], total["bytes"], total["out"]) == (3.0, 3_000_000, "images")


MIXED = Tally(
    "r/funny", "funny", None, found=9_999, saved=1_520, duplicate=1_000, rejected=1_000, failed=1_000, skipped=1_000,
    waiting=4_479, bytes=9_000_000_000, videos=1_300, files=30, video_bytes=8_000_000_000, file_bytes=5_000_000,
    seconds=99_999.9, searches=DONE,
)  # fmt: skip


def test_videos_and_files_are_told_apart() -> None:
    lines = shown([tally("cat"), MIXED])
    assert lines[0].split()[:5] == ["keyword", "found", "saved", "videos", "files"]
    assert lines[2].split()[:5] == ["cat", "20", "10", "0", "0"]
    assert lines[-1] == (
        "1,530 saved (200 pictures, 1,300 videos with 8,000.0 MB, 30 files with 5.0 MB), 9,001.5 MB in 12.0 s: images"
    )
    assert "videos" not in shown([tally("cat")])[0]


def test_everything_is_no_number_and_nothing_is_missing_from_it() -> None:
    whole = Tally("ann", "ann", None, found=7, saved=7, searches=DONE)
    assert shown([whole, tally("cat")])[-1] == "17 pictures saved, 1.5 MB in 12.0 s: images"
    lines = shown([tally(f"k{number}") for number in range(41)] + [whole])
    assert not [line for line in lines if line.startswith("ann ")]
    lines = shown([tally(f"k{number}") for number in range(41)] + [replace(whole, waiting=2)])
    assert [line for line in lines if line.startswith("ann ")]


def test_all_columns_fit_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    terminal.summary(digest_of([MIXED, tally("cat")]), 1.0, Path("images"), stream=stream)
    table = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).partition("\n\n")[0].splitlines()
    assert max(map(cell_len, table)) <= 100
    assert all(number in table[2] for number in ("9,999", "1,520", "1,300", "30", "4,479", "9,000.0", "99,999.9"))


def test_a_limit_of_everything_is_null_in_json() -> None:
    first, second, total = told([MIXED, tally("cat")])
    assert (first["limit"], second["limit"], total["limit"]) == (None, 10, None)
    assert (first["videos"], first["files"], first["video_bytes"]) == (1_300, 30, 8_000_000_000)
    assert (total["saved"], total["videos"], total["file_bytes"]) == (1_530, 1_300, 5_000_000)


LONG = "a very long name of a class that nobody would read to its end, though somebody wrote it all"


def grid_at(columns: int, encoding: str, monkeypatch: pytest.MonkeyPatch, *rows: tuple[object, ...]) -> list[str]:
    shown = Screen(encoding)
    monkeypatch.setattr("sys.stdout", shown)
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal.grid(("class", "pictures", "off topic (estimate)", "file"), rows)
    return shown.getvalue().splitlines()


class Screen(io.StringIO):
    """A terminal as standard output."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "…"), ("ascii", "...")])
def test_long_names_are_cut_so_that_a_table_fits_its_terminal(
    encoding: str, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ((LONG, 12, 3, "cat/ab.jpg"), ("犬" * 60, 1_234, "too few to judge", "dog/cd.jpg"))
    head, first, second = grid_at(70, encoding, monkeypatch, *rows)
    assert max(map(cell_len, (head, first, second))) <= 70
    assert first.startswith("a very long n") and sign in first
    assert first.endswith("cat/ab.jpg") and second.endswith("dog/cd.jpg"), "a file can be copied from it"
    assert cell_len(head[: head.index("file")]) == cell_len(first[: first.index("cat/")])
    whole = grid_at(200, encoding, monkeypatch, *rows)
    assert LONG in whole[1] and "犬" * 60 in whole[2]


def test_a_table_that_cannot_fit_keeps_what_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = grid_at(20, "utf-8", monkeypatch, (LONG, 12, 3, f"{LONG}/ab.jpg"))
    assert first.startswith("a very long…") and first.endswith(f"{LONG}/ab.jpg")


def test_what_is_no_terminal_has_the_whole_names(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.grid(("class", "file"), [(LONG, "cat/ab.jpg")])
    assert capsys.readouterr().out.splitlines()[1] == f"{LONG}  cat/ab.jpg"
