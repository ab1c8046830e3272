"""Everything that can be told to the user as one line and an exit code."""

from __future__ import annotations

from collector.model import SearchState


class InputError(Exception):
    """Something the user gave us cannot be used. One line: what, where, what to do. Exit code 4."""


class UsageError(Exception):
    """An option, setting or combination of them is not possible. One line. Exit code 2."""


class SourceError(Exception):
    """A source could not give an answer: never to be confused with "no results".

    `state` says how the search ends, `reason` is a slug of `collector.reasons`, `detail` one line.
    """

    def __init__(self, state: SearchState, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.state = state
        self.reason = reason
        self.detail = detail


class BrowserError(Exception):
    """Browser or driver failed. `reason` is one of browser.start, browser.crash, browser.hung.

    `page.unreachable` is raised as SourceError instead. After `crash` or `hung` the browser object
    is useless and the pool replaces it.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail
