"""A program of ours beside a page: put in, called, and put in again when the page has loaded itself anew.

It shares the page's DOM and nothing else: what the page's own scripts override does not reach it. What they ask for and
hold is told by the DevTools protocol (`Browser.responses`, `Browser.held`); nothing of ours runs among them.
"""

from __future__ import annotations

import secrets
from functools import cache
from importlib.resources import files
from typing import Any, Final

from collector.browser.contract import Browser
from collector.errors import SourceError
from collector.model import SearchState

Part = tuple[str, str]
"""(package, file) of a piece of the program; all of them together define `api`, an object of functions."""

_CALL: Final = """
const api = window[arguments[0]];
if (!api) return null;
try { return [await api[arguments[1]](...arguments[2])]; } catch (error) { return String(error); }
"""


class PageScript:
    """The program beside the page that a browser shows now."""

    def __init__(self, browser: Browser, parts: tuple[Part, ...]) -> None:
        self._browser, self._parts = browser, parts
        self._name = f"_{secrets.token_hex(16)}"
        self.loads = 0
        """How often it had to be put in: once more for every time the page was loaded anew."""

    def call(self, function: str, *arguments: Any) -> Any:
        """What a function of it returns, at once or in time.

        SourceError when it fails, or when the page keeps reloading itself.
        """
        answer = self._browser.apart(_CALL, self._name, function, list(arguments))
        if answer is None:
            self._install()
            answer = self._browser.apart(_CALL, self._name, function, list(arguments))
        return _unpacked(function, answer)

    def _install(self) -> None:
        self.loads += 1
        self._browser.apart(_program(self._parts), self._name)


def _unpacked(function: str, answer: Any) -> Any:
    match answer:
        case [value]:
            return value
        case None:
            raise SourceError(SearchState.LAYOUT, "page.layout", "the page keeps reloading itself")
    raise SourceError(SearchState.LAYOUT, "page.layout", f"{function} failed in the page: {answer}"[:200])


def _text(part: Part) -> str:
    return files(part[0]).joinpath(part[1]).read_text(encoding="utf-8")


@cache
def _program(parts: tuple[Part, ...]) -> str:
    """One function body, which may be run twice; its argument is the name by which it is called."""
    body = "\n".join(map(_text, parts))
    return f""""use strict";
const name = arguments[0];
if (!window[name]) {{
const value = (() => {{
{body}
return api;
}})();
Object.defineProperty(window, name, {{ value }});
}}"""
