"""One chromedriver process with one session, and the one place where driver errors get our names.

Starts, speaks to, and ends the driver within bounds; knows nothing of pages.
"""

from __future__ import annotations

import math
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium.common.exceptions import (
    JavascriptException,
    TimeoutException,
    UnexpectedAlertPresentException,
    WebDriverException,
)
from selenium.webdriver.chromium.remote_connection import ChromiumRemoteConnection
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError, ReadTimeoutError

from collector.contracts import BrowserError, SourceError
from collector.model import SearchState
from collector.search.driver import Installation
from collector.search.options import chrome_options
from collector.search.processes import RunFolder, end_users, kill_tree
from collector.settings import SearchSettings

QUIT_TIME = 5.0
"""Seconds a browser gets to close by itself; a hung one took Selenium 50 s."""
START_TIME = 20.0
DIALOGS = 30
"""Dialogs that a page may open during one command."""
COMPLAINT_TIME = 3.0
_TELLING = re.compile(r"\b(?:ERROR|FATAL|error|cannot|not found)\b")
_PORT = re.compile(r"on port ([1-9]\d*)\W")


class PatientDriver(WebDriver):
    """Goes on when a page opens a dialog during a command: the driver has dismissed it, and says so by an error."""

    def execute(self, driver_command: Any, params: dict[str, Any] | None = None) -> Any:
        """As WebDriver; a load counts as done, any other command is given again."""
        for _ in range(DIALOGS):
            try:
                return super().execute(driver_command, params)
            except UnexpectedAlertPresentException:
                if driver_command == Command.GET:
                    return {"value": None}
        raise TimeoutException("the page opens one dialog after the other")


class Session:
    """A running driver and browser. `kill` may be called from any thread, the rest from one at a time."""

    def __init__(self, installation: Installation, settings: SearchSettings, run: RunFolder) -> None:
        self._settings = settings
        self._run = run
        try:
            self._folder = run.new()
        except OSError as error:
            raise BrowserError("browser.start", f"no room for a browser profile: {error}") from None
        self._left = math.inf
        self._broken = False
        options = chrome_options(settings, installation, self._folder)
        command = [str(installation.driver), "--port=0", f"--log-path={self._folder / 'driver.log'}"]
        try:
            self._process = run.spawn(command, self._folder, self._folder / "driver.out")
        except OSError as error:
            detail = f"{installation.driver} does not start: {error.strerror or error}"
            raise BrowserError("browser.start", detail) from None
        self.pid = self._process.pid
        try:
            self._config = ClientConfig(
                remote_server_addr=f"http://127.0.0.1:{self._port()}",
                timeout=self._whole(settings.command_timeout),
                # no second try behind our back: a hung browser would cost the time limit four times
                init_args_for_pool_manager={"init_args_for_pool_manager": {"retries": False}},
            )
            self._connection = ChromiumRemoteConnection("", "goog", "chrome", True, True, self._config)
            self.driver = PatientDriver(command_executor=self._connection, options=options)
        except (WebDriverException, HTTPError, OSError) as error:
            complaint = self._complaint([options.binary_location, *options.arguments]) or one_line(error)
            self._end()
            detail = f"{installation.browser} (driven by {installation.driver}) does not start: {complaint}"
            raise BrowserError("browser.start", detail) from None
        except BaseException:
            self._end()
            raise

    def limit(self, seconds: float) -> None:
        """From now on no command may take longer than this, nor than the command timeout; math.inf lifts it."""
        self._left = seconds

    @contextmanager
    def speaking(self, at_least: float = 0.0) -> Iterator[WebDriver]:
        """The driver for one command; what it raises leaves as BrowserError or SourceError.

        The command timeout is raised to `at_least` seconds, but never above the limit set by `limit`.
        """
        self._config.timeout = self._whole(min(max(self._settings.command_timeout, at_least), self._left))
        try:
            yield self.driver
        except TimeoutException as error:
            raise self._failure("browser.hung", error) from None
        except JavascriptException as error:
            raise SourceError(
                SearchState.LAYOUT, "page.layout", f"a script failed in the page: {one_line(error)}"
            ) from None
        except ReadTimeoutError:
            raise self._failure("browser.hung", f"no answer within {self._config.timeout} s") from None
        except (WebDriverException, HTTPError) as error:
            raise self._failure("browser.crash", error) from None

    def cdp(self, command: str, **parameters: Any) -> Any:
        """One command of the DevTools protocol (chromedevtools.github.io/devtools-protocol), raw errors."""
        return self.driver.execute("executeCdpCommand", {"cmd": command, "params": parameters})["value"]

    def kill(self) -> None:
        """End browser and driver at once; a command under way in another thread fails."""
        self._broken = True
        kill_tree(self.pid, self._folder)

    def close(self) -> None:
        """End browser and driver, politely for at most 5 s, and remove their files."""
        if not self._broken:
            self._config.timeout = self._whole(QUIT_TIME)
            quitting = threading.Thread(target=self._quit, name="browser quit", daemon=True)
            quitting.start()
            quitting.join(QUIT_TIME)
        self._end()
        self._connection.close()  # type: ignore[no-untyped-call]

    def _quit(self) -> None:
        try:
            self.driver.quit()
        except (WebDriverException, HTTPError):
            return  # dead or hung already; _end sees to it

    def _end(self) -> None:
        kill_tree(self.pid, self._folder)
        self._process.wait()
        end_users(self._folder)
        self._run.forget(self.pid)

    def _complaint(self, command: list[str]) -> str:
        """What the browser says when it is started without the driver, which keeps that to itself; "" if nothing."""
        output = self._folder / "browser.out"
        try:
            browser = self._run.spawn(command, self._folder, output)
            try:
                browser.wait(COMPLAINT_TIME)
            except subprocess.TimeoutExpired:
                return ""  # by itself it runs
            finally:
                kill_tree(browser.pid, self._folder / "profile")
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
                raise OSError(f"chromedriver ended with code {self._process.returncode}: {one_line(text)}")
            time.sleep(0.01)
        raise OSError(f"chromedriver was not ready within {START_TIME:.0f} s")

    def _failure(self, reason: str, error: BaseException | str) -> BrowserError:
        self._broken = True
        return BrowserError(reason, one_line(error))

    @staticmethod
    def _whole(seconds: float) -> int:
        return max(1, round(seconds))


def one_line(error: BaseException | str) -> str:
    """The first telling line of a driver's message, without its stack trace; at most 200 characters."""
    text = str(error.msg or "") if isinstance(error, WebDriverException) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = "".join(lines[:1]).partition("; For documentation")[0]
    return "".join(char for char in first if char.isprintable())[:200] or type(error).__name__
