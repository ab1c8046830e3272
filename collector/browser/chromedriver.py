"""A chromedriver process of ours with its browser: started with the run, ended with the run.

Starts and ends it within bounds and finds out why it will not start; gives no commands.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from selenium.webdriver.remote.client_config import ClientConfig

from collector.browser import reaper
from collector.browser.driver import Installation
from collector.browser.options import local_options
from collector.browser.processes import RunFolder, end_users, kill_tree
from collector.browser.session import QUIT_TIME, client, one_line
from collector.errors import BrowserError
from collector.settings import SearchSettings

START_TIME = 20.0
BROWSER_TIME = 20.0
"""Seconds that a browser has to start, at least: more than a command may take, on a busy machine."""
COMPLAINT_TIME = 3.0
PORT_TRIES = 3
"""Starts of a driver whose port was taken: it chooses one for IPv6, and another program may have the same for IPv4."""
_PORT_TAKEN = re.compile(r"[Aa]ddress already in use|port not available")
_TELLING = re.compile(r"\b(?:ERROR|FATAL|error|cannot|not found)\b")
_PORT = re.compile(r"on port ([1-9]\d*)\W")


class Chromedriver:
    """See RemoteEnd. Its files lie in a folder of the run, and so does the profile unless one is given to be kept."""

    local = True

    def __init__(
        self,
        installation: Installation,
        settings: SearchSettings,
        run: RunFolder,
        kept_profile: Path | None = None,
        gate: str | None = None,
    ) -> None:
        """Start the process. BrowserError("browser.start") when it does not, UsageError for an impossible window."""
        self._installation, self._run = installation, run
        try:
            self._folder = run.new()
        except OSError as error:
            raise BrowserError("browser.start", f"no room for a browser profile: {error}") from None
        self.options = local_options(settings, installation, kept_profile or self._folder / "profile", gate)
        patient = replace(settings, command_timeout=max(settings.command_timeout, BROWSER_TIME))
        command = [str(installation.driver), "--port=0", f"--log-path={self._folder / 'driver.log'}"]
        tries = PORT_TRIES
        while True:
            self._spawn(command)
            tries -= 1
            try:
                self.config: ClientConfig = client(f"http://127.0.0.1:{self._port()}", patient)
                return
            except OSError as error:
                if tries and _PORT_TAKEN.search(str(error)):
                    run.forget(self.pid)  # It has ended.
                    continue
                self.end("", None)
                raise BrowserError("browser.start", f"{installation.driver} {error}", lasting=True) from None
            except BaseException:
                self.end("", None)
                raise

    def _spawn(self, command: list[str]) -> None:
        try:
            self._process = self._run.spawn(command, self._folder, self._folder / "driver.out")
        except OSError as error:
            detail = f"{command[0]} does not start: {error.strerror or error}"
            raise BrowserError("browser.start", detail, lasting=True) from None
        self.pid = self._process.pid

    def failure(self, error: BaseException) -> BrowserError:
        """Why no browser came, in the browser's own words if it has any."""
        reaper.kill_group(self.pid)  # A browser that is only late would have the next one complain of its profile.
        reaper.kill_users(str(self._folder))
        told = self._last_words([self.options.binary_location, *self.options.arguments]) or one_line(error)
        names = f"{self._installation.browser} (driven by {self._installation.driver})"
        return BrowserError("browser.start", f"{names} does not start: {told}")

    def kill(self, _session: str) -> None:
        """End browser and driver at once."""
        kill_tree(self.pid, self._folder)

    def end(self, _session: str, quit: Callable[[], None] | None) -> None:
        """Politely for at most 5 s, then by force; removes their files."""
        if quit is not None:
            quitting = threading.Thread(target=quit, name="browser quit", daemon=True)
            quitting.start()
            quitting.join(QUIT_TIME)
        kill_tree(self.pid, self._folder)
        self._process.wait()
        end_users(self._folder)
        self._run.forget(self.pid)

    def _last_words(self, command: list[str]) -> str:
        """What the browser says when it is started without the driver, which keeps that to itself; "" if nothing."""
        output = self._folder / "browser.out"
        try:
            browser = self._run.spawn(command, self._folder, output)
            try:
                browser.wait(COMPLAINT_TIME)
            except subprocess.TimeoutExpired:
                return ""  # by itself it runs
            finally:
                reaper.kill_group(browser.pid)
                reaper.kill_users(str(self._folder / "profile"))
                browser.wait()
                self._run.forget(browser.pid)
            lines = output.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        telling = [re.sub(r"^\[[^\]]*\]\s*", "", line) for line in lines if _TELLING.search(line)]
        return one_line(telling[0]) if telling else ""

    def _port(self) -> int:
        """The port the driver chose: its own choice cannot collide with another browser's."""
        end = time.monotonic() + START_TIME
        while time.monotonic() < end:
            text = (self._folder / "driver.out").read_text(errors="replace")
            match = _PORT.search(text)
            if match:
                return int(match.group(1))
            if self._process.poll() is not None:
                raise OSError(f"ended with code {self._process.returncode} before it was ready{self._said()}")
            time.sleep(0.01)
        raise OSError(f"was not ready within {START_TIME:.0f} s{self._said()}")

    def _said(self) -> str:
        """All that the driver has said, its last words last; at most 500 characters."""
        lines: list[str] = []
        for name in ("driver.log", "driver.out"):
            with contextlib.suppress(OSError):
                lines += (self._folder / name).read_text(errors="replace").splitlines()
        text = " / ".join(filter(None, (one_line(line) for line in lines if line.strip())))
        return f": {text[-500:]}" if text else "; it said nothing"
