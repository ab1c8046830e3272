"""One WebDriver session, and the one place where driver errors get our names.

Begins, speaks to, and ends it within bounds; knows nothing of pages, nor where the browser runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from selenium.common.exceptions import (
    JavascriptException,
    TimeoutException,
    UnexpectedAlertPresentException,
    WebDriverException,
)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chromium.remote_connection import ChromiumRemoteConnection
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError, ReadTimeoutError

from collector.errors import BrowserError, SourceError
from collector.model import SearchState
from collector.settings import SearchSettings

QUIT_TIME = 5.0
"""Seconds a browser gets to close by itself; a hung one took Selenium 50 s."""
DIALOGS = 30
"""Dialogs that a page may open during one command."""
_ANSWERED = frozenset(("executeCdpCommand", Command.W3C_GET_WINDOW_HANDLES, Command.GET_LOG, Command.GET_CURRENT_URL))
"""Commands whose answer is never nothing: a dialog has cut such a one short."""


class PatientDriver(WebDriver):
    """Goes on when a page opens a dialog during a command: the driver has dismissed it, and says so by an error."""

    def execute(self, driver_command: Any, params: dict[str, Any] | None = None) -> Any:
        """As WebDriver; a load counts as done, any other command is given again."""
        for _ in range(DIALOGS):
            try:
                answer = super().execute(driver_command, params)
                if driver_command not in _ANSWERED or answer.get("value") is not None:
                    return answer
            except UnexpectedAlertPresentException:
                if driver_command == Command.GET:
                    return {"value": None}
        raise TimeoutException("the page opens one dialog after the other")


class RemoteEnd(Protocol):
    """Who answers WebDriver's commands (its standard's word): a chromedriver of ours, or a grid."""

    @property
    def local(self) -> bool:
        """Whether it runs on this machine, below a process of ours."""

    @property
    def pid(self) -> int:
        """Its process here, 0 when there is none."""

    @property
    def config(self) -> ClientConfig:
        """How to reach it."""

    @property
    def options(self) -> Options:
        """What to ask of it."""

    def failure(self, error: BaseException) -> BrowserError:
        """Why it gave no browser, in one line, when that was the error."""

    def kill(self, session: str, /) -> None:
        """End the session at once; may be called from any thread."""

    def end(self, session: str, quit: Callable[[], None] | None, /) -> None:
        """End the session and all that belongs to it, within seconds. `quit` asks the browser to go by itself;
        None when it no longer listens. `session` is "" when none was begun."""


def client(
    address: str, settings: SearchSettings, username: str | None = None, password: str | None = None
) -> ClientConfig:
    """How Selenium reaches a remote end."""
    return ClientConfig(
        remote_server_addr=address,
        timeout=_whole(settings.command_timeout),
        username=username or None,
        password=password or None,
        # no second try behind our back: a hung browser would cost the time limit four times
        init_args_for_pool_manager={"init_args_for_pool_manager": {"retries": False}},
    )


class Session:
    """A session with one browser. `kill` may be called from any thread, the rest from one at a time."""

    def __init__(self, end: RemoteEnd, settings: SearchSettings) -> None:
        """Begin it. BrowserError with one line when no browser comes."""
        self._settings = settings
        self._remote = end
        self._config = end.config
        self._left: Callable[[], float] = lambda: math.inf
        self._broken = False
        self.id = ""
        try:
            self._connection = ChromiumRemoteConnection("", "goog", "chrome", True, True, self._config)
            self.driver = PatientDriver(command_executor=self._connection, options=end.options)
        except (WebDriverException, HTTPError, OSError) as error:
            failure = end.failure(error)
            end.end("", None)
            raise failure from None
        except BaseException:
            end.end("", None)
            raise
        self.id = str(self.driver.session_id)

    @property
    def pid(self) -> int:
        """The driver's process, 0 when it is not ours."""
        return self._remote.pid

    def bound(self, left: Callable[[], float]) -> None:
        """See `ChromeBrowser.bound`."""
        self._left = left

    @contextmanager
    def speaking(self, at_least: float = 0.0) -> Iterator[WebDriver]:
        """The driver for one command; what it raises leaves as BrowserError or SourceError.

        The command timeout is raised to `at_least` seconds, but never above what `bound` leaves.
        """
        self._config.timeout = _whole(min(max(self._settings.command_timeout, at_least), self._left()))
        try:
            yield self.driver
        except TimeoutException as error:
            raise self._failure("browser.hung", error) from None
        except JavascriptException as error:
            raise script_failed(error) from None
        except ReadTimeoutError:
            raise self._failure("browser.hung", f"no answer within {self._config.timeout} s") from None
        except (WebDriverException, HTTPError) as error:
            raise self._failure("browser.crash", error) from None

    def cdp(self, command: str, **parameters: Any) -> Any:
        """One command of the DevTools protocol (chromedevtools.github.io/devtools-protocol), raw errors."""
        return self.driver.execute("executeCdpCommand", {"cmd": command, "params": parameters})["value"]

    def isolated(self, frame: str, script: str, arguments: list[dict[str, Any]]) -> dict[str, Any]:
        """The protocol's answer to a function body that runs in a world of its own, always the same one for a frame."""
        world = self.cdp("Page.createIsolatedWorld", frameId=frame, worldName="apart")["executionContextId"]
        answer: dict[str, Any] = self.cdp(
            "Runtime.callFunctionOn",
            functionDeclaration=f"async function () {{{script}\n}}",
            executionContextId=world,
            arguments=arguments,
            returnByValue=True,
            awaitPromise=True,
        )
        return answer

    def untouched(self, expression: str) -> Any:
        """The value of an expression among the page's own scripts; None when it would run a function of theirs.

        It ends within a second, and is None for what is no JSON, too.
        """
        try:
            answer = self.cdp(
                "Runtime.evaluate", expression=expression, returnByValue=True, throwOnSideEffect=True, timeout=1000
            )
        except TimeoutException:
            raise
        except WebDriverException:  # a circle, or what is nested too deeply
            return None
        return None if "exceptionDetails" in answer else answer["result"].get("value")

    def kill(self) -> None:
        """End browser and driver at once; a command under way in another thread fails."""
        self._broken = True
        self._remote.kill(self.id)

    def close(self) -> None:
        """End browser and driver within seconds, and remove their files."""
        self._config.timeout = _whole(QUIT_TIME)
        self._remote.end(self.id, None if self._broken else self._quit)
        self._connection.close()  # type: ignore[no-untyped-call]

    def _quit(self) -> None:
        try:
            self.driver.quit()
        except (WebDriverException, HTTPError):
            return  # dead or hung already; the remote end sees to it

    def _failure(self, reason: str, error: BaseException | str) -> BrowserError:
        self._broken = True
        return BrowserError(reason, one_line(error))


def _whole(seconds: float) -> int:
    return max(1, round(seconds))


def script_failed(error: BaseException | str) -> SourceError:
    """The page's own words about a script of ours."""
    return SourceError(SearchState.LAYOUT, "page.layout", f"a script failed in the page: {one_line(error)}")


def one_line(error: BaseException | str) -> str:
    """The first telling line of a driver's message, without its stack trace; at most 200 characters."""
    text = str(error.msg or "") if isinstance(error, WebDriverException) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line[len("from ") :] for line in lines[1:2] if line.startswith("from ")]
    first = ": ".join([*lines[:1], *causes]).partition("; For documentation")[0]
    return "".join(char for char in first if char.isprintable())[:200] or type(error).__name__
