"""Single lines: escaped, whole, and never in the way of the program."""

from __future__ import annotations

import io
import subprocess
import sys
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.cli import terminal
from collector.cli.terminal.text import runnable
from collector.errors import printable
from collector.reasons import REASONS, meaning


def test_trouble_wraps_at_words_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "40")
    words = "a line that is longer than the terminal has columns http://a.example/" + "x" * 60
    terminal.error(words)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines[:-1])) <= 40 and lines[-1].startswith("http://a.example/xxx")
    assert " ".join(lines) == f"collector: {words}"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_results_go_to_stdout_and_trouble_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.line("cat\x1b[2J\thttp://a\n")
    terminal.error("queries.csv, line 3: no\nkeyword \u200b")
    out, err = capsys.readouterr()
    assert out == "cat\\x1b[2J\thttp://a\\n\n"
    assert err == "collector: queries.csv, line 3: no\\nkeyword \\u200b\n"


@pytest.mark.parametrize(
    ("given", "text", "told"),
    [
        (["collector", "run"], "`collector retry` does", "`collector retry` does"),
        (["collector", "run", "--out", "my cats"], "`collector retry` does", "`collector retry --out 'my cats'` does"),
        (["collector", "run", "--out=a"], "`collector verify --again`", "`collector verify --again --out a`"),
        (["collector", "run", "--out", "a"], "`collector sources NAME`", "`collector sources NAME`"),
        (["collector", "run", "--out", "a"], "`collector fetch --out b`", "`collector fetch --out b`"),
        (["collector", "run", "--out"], "`collector retry`, `collector why`", "`collector retry`, `collector why`"),
    ],
)
def test_advice_names_the_folder_that_the_command_was_given(
    monkeypatch: pytest.MonkeyPatch, given: list[str], text: str, told: str
) -> None:
    monkeypatch.setattr(sys, "argv", given)
    assert runnable(text) == told


@pytest.mark.parametrize("text", ["husky dog", "猫", "\U0001f431", "👨\u200d👩\u200d👧", "naïve", "❤\ufe0f", "[bold]"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert printable(text) == text


@given(st.text())
def test_what_is_printed_is_one_line_without_controls(text: str) -> None:
    shown = printable(text)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown


def test_every_reason_has_a_meaning() -> None:
    assert all(meaning(reason.slug) for reason in REASONS)
    assert all(meaning(f"http.{status.value}") for status in HTTPStatus)
    assert meaning("http.999") == "the server answered with an unknown error"
    assert meaning("no.such") == ""


def test_the_import_is_light() -> None:
    code = "import sys, collector.cli.terminal; print(sorted({'rich', 'pandas', 'selenium', 'PIL'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"
