"""The browser as a source gets it: each command is preceded by a check that may end the search.

Adds nothing else; the commands mean what `collector.browser.contract.Browser` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collector.browser.contract import Browser


class Stopped(Exception):
    """The run stops: the search is left as it is, for the next run."""


class OutOfTime(Exception):
    """The keyword's time is up."""


class GuardedBrowser:
    """Calls `check` before each command; what `check` raises goes through the source to the host."""

    def __init__(self, browser: Browser, check: Callable[[], None]) -> None:
        self._browser = browser
        self._check = check

    @property
    def headed(self) -> bool:
        """See Browser."""
        return self._browser.headed

    def open(self, url: str) -> None:
        """See Browser."""
        self._check()
        self._browser.open(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """See Browser."""
        self._check()
        return self._browser.run(script, *arguments)

    def run_async(self, script: str, *arguments: Any) -> Any:
        """See Browser."""
        self._check()
        return self._browser.run_async(script, *arguments)

    def click(self, x: float, y: float) -> None:
        """See Browser."""
        self._check()
        self._browser.click(x, y)

    def move(self, x: float, y: float) -> None:
        """See Browser."""
        self._check()
        self._browser.move(x, y)

    def press(self, key: str) -> None:
        """See Browser."""
        self._check()
        self._browser.press(key)

    def address(self) -> str:
        """See Browser."""
        self._check()
        return self._browser.address()

    def html(self) -> str:
        """See Browser."""
        self._check()
        return self._browser.html()

    def screenshot(self) -> bytes:
        """See Browser."""
        self._check()
        return self._browser.screenshot()

    def responses(self) -> list[tuple[str, str]]:
        """See Browser."""
        self._check()
        return self._browser.responses()
