"""The tree of errors is the one that is drawn at the head of its file, each with its exit code."""

from __future__ import annotations

import inspect
import re

import pytest

from collector import errors
from collector.model import SearchState


def drawn() -> list[tuple[str, str, int | None]]:
    """(parent, name, exit code or None where the parent's holds) of every line of the drawing."""
    path: list[str] = ["CollectorError"]
    found: list[tuple[str, str, int | None]] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        match = re.match(r"([│ ]*)[├└]── (\w+)\s+(\d+)?", line)
        if match is None:
            continue
        depth = len(match[1]) // 4 + 1
        path[depth:] = [match[2]]
        found.append((path[depth - 1], match[2], int(match[3]) if match[3] else None))
    return found


def defined() -> set[str]:
    return {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}


def test_every_error_is_drawn_where_it_hangs() -> None:
    assert {name for _, name, _ in drawn()} | {"CollectorError"} == defined()
    for parent, name, code in drawn():
        error = getattr(errors, name)
        assert error.__mro__[1].__name__ == parent
        if code is not None and name not in ("SourceError", "Incomplete"):
            assert error.exit_code == code, name


def test_a_source_that_cannot_be_reached_has_another_code_than_one_that_refuses() -> None:
    assert errors.SourceError(SearchState.UNREACHABLE, "page.unreachable").exit_code == 8
    assert errors.SourceError(SearchState.BLOCKED, "page.captcha", "a captcha").exit_code == 7


@pytest.mark.parametrize(("error", "text"), [
    (errors.BrowserError("browser.start"), "browser.start"),
    (errors.BrowserError("browser.start", "no Chrome"), "no Chrome"),
    (errors.Incomplete("1 page on which nothing was found", 7), "1 page on which nothing was found"),
])  # fmt: skip
def test_an_error_is_one_line(error: errors.CollectorError, text: str) -> None:
    assert str(error) == text
