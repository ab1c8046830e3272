"""Tokens resolved: Google is asked, by the page itself, where one leads, and the answer's Location is read.

Paced, once for every token ever, and stopped at the first sign of a wall, which comes sooner to who asks for many.
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit

from collector.errors import SourceError
from collector.sources.contract import Web
from collector.sources.google.page import Look, Page
from collector.sources.google.states import State, failure
from collector.sources.opaque import digest, read

_HOPS: Final = 3
"""Tokens that may lead to tokens."""
_MUTE: Final = 3
"""Answers without any address, and none with one before, after which no more is asked."""
_WALLS: Final = frozenset({401, 403, 407, 429, 451, 503})


class Resolver:
    """The tokens of one search."""

    def __init__(self, page: Page, web: Web, home: str, rate: float) -> None:
        self._page, self._web, self._home = page, web, home.rstrip("/")
        self._pause = 1 / rate if rate > 0 else 0.0
        self._off = rate <= 0
        self._last = 0.0
        self._answered = self._mute = 0
        self.wall: SourceError | None = None
        """What Google has put between us and it."""

    @property
    def open(self) -> bool:
        """Whether asking is allowed and may bring something."""
        return not self._off and self.wall is None and (self._answered > 0 or self._mute < _MUTE)

    def known(self, token: str) -> str | None:
        """Where a token leads, as far as that was asked before."""
        return self._web.recall(_name(token))

    def resolve(self, token: str) -> str | None:
        """Where a token leads; None when nobody says."""
        url = self.known(token)
        if url is None and self.open:
            url = self._asked(token)
            if url is not None:
                self._web.remember(_name(token), url)
        return url

    def _asked(self, token: str) -> str | None:
        for _ in range(_HOPS):
            self._wait()
            status, location = self._page.browser.redirect(token)
            if _is_wall(status, location, self._home):
                self.wall = failure(State.CAPTCHA, Look())
                return None
            found = read(location, self._home)
            if found.token is None:
                self._answered += found.url is not None
                self._mute += found.url is None
                return found.url
            token = found.token
        return None

    def _wait(self) -> None:
        """Not sooner after the last one than the rate allows; by the clock of the page, which may end the search."""
        left = self._last + self._pause - time.monotonic()
        if left > 0:
            self._page.pause(round(left * 1000))
        self._last = time.monotonic()


def _name(token: str) -> str:
    """What its address is remembered under; tells nothing of the token."""
    return f"google token {digest(token)}"


def _is_wall(status: int, location: str, home: str) -> bool:
    """A refusal, or the way to the page that asks whether we are human or agree."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return status in _WALLS
    ours = parts.netloc in ("", urlsplit(home).netloc) or ".google." in f".{parts.netloc}"
    asks = parts.path.startswith("/sorry/") or (parts.hostname or "").startswith(("sorry.", "consent."))
    return (status in _WALLS and not location) or (ours and asks)
