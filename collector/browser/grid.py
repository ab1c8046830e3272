"""Browsers on a Selenium Grid, or on anything else that speaks WebDriver over HTTP.

Begins and ends sessions there; what runs behind it, and where, is the grid's business.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import urllib3
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.remote.client_config import ClientConfig
from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

from collector.browser.grid_status import GridStatus, read_status
from collector.browser.options import grid_options
from collector.browser.session import QUIT_TIME, client, one_line
from collector.errors import BrowserError, GridBusy, UsageError
from collector.settings import SearchSettings

KILL_TIME = 1.0
CONNECT_TIME = 10.0
NAME = "se:name"
"""The capability under which a grid shows what a session is called (selenium.dev/documentation/grid)."""


class Grid:
    """The grid of `--grid`; may be used from many threads. It is asked for nothing before `browser` or `status`."""

    def __init__(self, settings: SearchSettings) -> None:
        """UsageError when the address is none."""
        try:
            parts = urlsplit(settings.grid)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None or parts.scheme not in ("http", "https"):
            raise UsageError(f"--grid {settings.grid[:100]}: give an address such as http://localhost:4444")
        place = f"[{host}]" if ":" in host else host
        self.name = f"{parts.scheme}://{place}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
        self._login = unquote(parts.username or ""), unquote(parts.password or "")
        self._settings = settings
        self._lock = threading.Lock()
        self._unclaimed: set[str] = set()
        """Names of sessions that nobody uses, and that the grid may have yet: those that were asked for and not waited
        for, and those that could not be ended because their hub was away."""

    def browser(self) -> GridBrowser:
        """Who answers for one new browser. GridBusy when no slot is free or nobody answers now."""
        status = self.status()
        if status is not None:
            self._end_unclaimed(status)
            if status.slots and not status.free:
                raise GridBusy(f"the grid {self.name} has no browser free: all {status.slots} are in use")
        return GridBrowser(self, self._settings, "" if status is None else f"collector {secrets.token_hex(8)}")

    def status(self) -> GridStatus | None:
        """Its nodes and slots; None of a single driver, which has none. BrowserError with one line when it is away
        (GridBusy), refuses us, or is no grid. GET /status is WebDriver's own (w3.org/TR/webdriver2, 8.3)."""
        try:
            code, body = self.request("GET", "/status", min(self._settings.command_timeout, CONNECT_TIME))
        except (HTTPError, OSError) as error:
            raise self.away(error) from None
        if code in (401, 403):
            line = f"the grid {self.name} refuses us (HTTP {code}); write the address as http://user:password@host:port"
            raise BrowserError("browser.start", line)
        if code >= 500:
            raise GridBusy(f"the grid {self.name} does not answer now (HTTP {code})")
        try:
            return read_status(body)
        except ValueError:
            line = f"{self.name} does not answer like a Selenium Grid (HTTP {code}); check the address"
            raise BrowserError("browser.start", line) from None

    def client(self) -> ClientConfig:
        """How Selenium reaches it, for one session."""
        return client(self.name, self._settings, *self._login)

    def away(self, error: BaseException) -> GridBusy:
        """What is said of it when nobody answers."""
        refused = isinstance(error, NewConnectionError) or "refused" in str(error)
        cause = "no connection" if refused else one_line(error)
        return GridBusy(f"the grid {self.name} cannot be reached ({cause}); start it or check --grid")

    def unclaimed(self, name: str) -> None:
        """Nobody uses the session of this name: it is ended when it is seen."""
        if name:
            with self._lock:
                self._unclaimed.add(name)

    def delete(self, session: str, seconds: float, node: str = "") -> bool:
        """Whether a session was ended, by the hub or by its node itself; else it falls to the grid's own time-out."""
        try:
            return self.request("DELETE", f"/session/{session}", seconds, node)[0] < 400
        except (HTTPError, OSError):
            return False

    def request(self, method: str, path: str, seconds: float, node: str = "") -> tuple[int, bytes]:
        """One request on a connection of its own: the session's may be in use by another thread, or stuck."""
        config = self.client()
        headers = {} if node else config.get_auth_header() or {}
        with urllib3.PoolManager(ca_certs=config.ca_certs, retries=False, timeout=seconds) as pool:
            answer = pool.request(method, f"{node or self.name}{path}", headers=headers, redirect=False)
            return answer.status, answer.data

    def _end_unclaimed(self, status: GridStatus) -> None:
        with self._lock:
            seen = self._unclaimed & status.sessions.keys()
            self._unclaimed -= seen
        for session, node in (status.sessions[name] for name in seen):
            if not self.delete(session, KILL_TIME) and urlsplit(node).scheme in ("http", "https"):
                self.delete(session, KILL_TIME, node)  # A hub that was restarted does not know it.


class GridBrowser:
    """See RemoteEnd: one browser of a grid."""

    local = False
    pid = 0

    def __init__(self, grid: Grid, settings: SearchSettings, name: str) -> None:
        """`name`: what the session is called there; "" where it can have no name."""
        self._grid, self._name = grid, name
        self._seconds = settings.command_timeout
        self.config = grid.client()
        self.options = grid_options(settings)
        if name:
            self.options.set_capability(NAME, name)

    def failure(self, error: BaseException) -> BrowserError:
        """Why no browser came: always something that may be over soon, by what a grid says."""
        if isinstance(error, ReadTimeoutError):
            self._grid.unclaimed(self._name)
            detail = f"none within {self._seconds:g} s: all its browsers may be busy, fewer --browsers may help"
        elif isinstance(error, WebDriverException):
            detail = one_line(error)
        else:
            return self._grid.away(error)
        return GridBusy(f"the grid {self._grid.name} gives no browser: {detail}")

    def kill(self, session: str) -> None:
        """Ask the grid to end it, and wait for a second at most."""
        self._end(session, KILL_TIME)

    def end(self, session: str, _quit: Callable[[], None] | None) -> None:
        """Ask the grid to end it, and wait for a few seconds at most."""
        self._end(session, QUIT_TIME)

    def _end(self, session: str, seconds: float) -> None:
        if session and not self._grid.delete(session, seconds):
            self._grid.unclaimed(self._name)
