"""A browser on a Selenium Grid, or on anything else that speaks WebDriver over HTTP.

Begins and ends sessions there; what runs behind it, and where, is the grid's business.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import urllib3
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.client_config import ClientConfig
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from collector.browser.options import grid_options
from collector.browser.session import QUIT_TIME, client, one_line
from collector.errors import BrowserError, UsageError
from collector.settings import SearchSettings

KILL_TIME = 1.0
CONNECT_TIME = 10.0


class Grid:
    """See RemoteEnd: one browser on the grid of `--grid`."""

    local = False
    pid = 0

    def __init__(self, settings: SearchSettings) -> None:
        """Make sure that there is a grid. BrowserError("browser.start") or UsageError with one line when not."""
        try:
            parts = urlsplit(settings.grid)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.scheme not in ("http", "https"):
            raise UsageError(f"--grid {settings.grid[:100]}: give an address such as http://localhost:4444")
        place = f"[{host}]" if ":" in host else host
        self.name = f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
        self.options = grid_options(settings)
        self.config: ClientConfig = client(
            self.name, settings, unquote(parts.username or ""), unquote(parts.password or "")
        )
        self._seconds = settings.command_timeout
        self._require_answer()

    def complaint(self, error: BaseException) -> str:
        """Why no browser came."""
        if isinstance(error, ReadTimeoutError):
            detail = f"none within {self._seconds:g} s: all its browsers may be busy, fewer --browsers may help"
        elif isinstance(error, WebDriverException):
            detail = one_line(error)
        else:
            return self._away(error)
        return f"the grid {self.name} gives no browser: {detail}"

    def kill(self, session: str) -> None:
        """Ask the grid to end it, and wait for a second at most."""
        self._delete(session, KILL_TIME)

    def end(self, session: str, _quit: Callable[[], None] | None) -> None:
        """Ask the grid to end it. One that no longer listens falls to the grid's own session time-out."""
        self._delete(session, QUIT_TIME)

    def _require_answer(self) -> None:
        """GET /status is WebDriver's way to ask who is there (w3.org/TR/webdriver2, 8.3)."""
        try:
            status, body = self._request("GET", "/status", min(self._seconds, CONNECT_TIME))
        except (HTTPError, OSError) as error:
            raise BrowserError("browser.start", self._away(error)) from None
        if status in (401, 403):
            line = (
                f"the grid {self.name} refuses us (HTTP {status}); write the address as http://user:password@host:port"
            )
            raise BrowserError("browser.start", line)
        try:
            known = "ready" in json.loads(body)["value"]
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            line = f"{self.name} does not answer like a Selenium Grid (HTTP {status}); check the address"
            raise BrowserError("browser.start", line)

    def _away(self, error: BaseException) -> str:
        refused = isinstance(error, NewConnectionError) or "refused" in str(error)
        cause = "no connection" if refused else one_line(error)
        return f"the grid {self.name} cannot be reached ({cause}); start it or check --grid"

    def _delete(self, session: str, seconds: float) -> None:
        if not session:
            return
        try:
            self._request("DELETE", f"/session/{session}", seconds)
        except (HTTPError, OSError):
            return  # gone with its grid, or hung: nothing more can be done from here

    def _request(self, method: str, path: str, seconds: float) -> tuple[int, bytes]:
        """One request on a connection of its own: the session's may be in use by another thread, or stuck."""
        headers = self.config.get_auth_header() or {}
        with urllib3.PoolManager(ca_certs=self.config.ca_certs, retries=False, timeout=seconds) as pool:
            answer = pool.request(method, f"{self.name}{path}", headers=headers, redirect=False)
            return answer.status, answer.data
