"""`ChromeBrowser`: the Browser of `collector.browser.contract` on Selenium and a real Chrome or Chromium.

Loads, runs, clicks and reads; decides nothing about a page and waits for nothing but the page's DOM.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urldefrag, urlsplit

from selenium.common.exceptions import NoSuchWindowException, TimeoutException, WebDriverException
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.webdriver import WebDriver

from collector.browser import processes
from collector.browser.contract import DATA, PageRequest
from collector.browser.inputs import ActionInput, DevToolsInput, Input
from collector.browser.network import NetworkLog
from collector.browser.options import is_headed
from collector.browser.session import RemoteEnd, Session, script_failed
from collector.cookies import Cookie, Cookies
from collector.errors import SourceError
from collector.model import SearchState
from collector.settings import SearchSettings

INTERRUPTIONS = 10
"""How often a script is begun again because the page reloaded, or opened a dialog, under it."""
LOADS = 2
"""Tries to load a page when the browser says that it is through and shows no other page than before."""
_LATE = 2.0
"""Seconds that the log may lag behind what the page knows already."""

_BOXED = "return [(function () {BODY\n}).apply(this, arguments)]"
_BOXED_ASYNC = """
const all = Array.from(arguments), done = all.pop()
;(function () {BODY\n}).apply(this, [...all, value => done([value])])
"""
_AWAITED = """
const all = Array.from(arguments), done = all.pop();
(async function () {BODY\n}).apply(this, all).then(done, (error) => { throw error; });
"""
_ASK = """
const [url, milliseconds] = arguments;
const whole = new URL(url, location.href).href.replace(/#.*/, "");
const signal = AbortSignal.timeout(milliseconds);
const said = () => whole;
return fetch(whole, { redirect: "manual", credentials: "include", cache: "no-store", signal }).then(said, said);
"""
_NET_ERROR = re.compile(r"net::ERR_\w+")
_PAGE_LEFT = re.compile(
    r"aborted by navigation|navigated|[Ee]xecution context|document (?:was )?(?:unloaded|reloaded)|frame detached"
    r"|Cannot find context|Promise was collected|No frame"
)
_RESTLESS = "the page keeps reloading itself or opening dialogs"


class ChromeBrowser:
    """One browser window. Not thread-safe, except `kill`."""

    def __init__(self, end: RemoteEnd, settings: SearchSettings) -> None:
        """Start it. BrowserError("browser.start") with one line when that fails."""
        self._settings = settings
        self._headed = is_headed(end.options)
        self._session = Session(end, settings)
        self._network = NetworkLog(self._session)
        try:
            with self._session.speaking() as driver:
                self._window = driver.current_window_handle
                self._devtools = end.local or self._offers_devtools()
                if self._devtools:
                    with contextlib.suppress(TimeoutException):  # on a busy machine the first page takes its time
                        self._session.cdp("Browser.setDownloadBehavior", behavior="deny")
                    self._session.cdp("Browser.setDownloadBehavior", behavior="deny")
                    self._take_cookies(Cookies.read(settings.cookies))
        except BaseException:
            self._session.close()
            raise
        self._input: Input = DevToolsInput(self._session) if self._devtools else ActionInput(self._session)

    def _take_cookies(self, cookies: Cookies) -> None:
        """For this session alone, whatever the file says of their end, so that no profile keeps them."""
        if listed := [_as_devtools(one) for one in cookies]:
            self._session.cdp("Network.setCookies", cookies=listed)

    # ------------------------------------------------------------------ pages

    def open(self, url: str) -> None:
        """Load a page until its DOM is complete; one that never ends is stopped after the page-load timeout.

        What the page before it has asked for is forgotten.
        """
        host = urlsplit(url).netloc
        if urlsplit(url).scheme not in ("http", "https"):
            raise SourceError(SearchState.UNREACHABLE, "page.unreachable", f"{url[:100]}: neither http nor https")
        with self._in_front(self._settings.page_load_timeout + 5) as driver:
            if self._devtools:
                self._network.forget()
            before = self._frame()
            for _ in range(LOADS):
                try:
                    driver.get(url)
                except TimeoutException:
                    after = self._frame()
                    if not _is_new(after, before):
                        seconds = f"{self._settings.page_load_timeout:g} s"
                        raise _unreachable(f"{host} did not answer within {seconds}") from None
                except WebDriverException as error:
                    match = _NET_ERROR.search(error.msg or "")
                    if not match:
                        raise
                    raise _unreachable(f"{host} cannot be reached ({match.group()})") from None
                else:
                    after = self._frame()
                if after.get("unreachableUrl"):  # the driver is silent about some, such as unsafe ports
                    code = driver.execute_script("return (document.querySelector('.error-code') || {}).textContent")
                    raise _unreachable(f"{host} cannot be reached (net::{code or 'ERR_FAILED'})")
                if _is_new(after, before) or _same_page(after, url):
                    return
            raise _unreachable(f"{host} sent no page that the browser could show")

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a function body run in the page; begun again when the page reloads under it."""
        return self._script(Command.W3C_EXECUTE_SCRIPT, _BOXED, script, arguments)

    def run_async(self, script: str, *arguments: Any) -> Any:
        """The same for a body that calls back; one that never does is a BrowserError("browser.hung")."""
        return self._script(Command.W3C_EXECUTE_SCRIPT_ASYNC, _BOXED_ASYNC, script, arguments)

    def apart(self, script: str, *arguments: Any) -> Any:
        """As `Browser.apart`; begun again when the page reloads under it."""
        if not self._devtools:
            return self.run_async(_AWAITED.replace("BODY", script), *arguments)
        given = [{"value": argument} for argument in arguments]
        with self._in_front():
            for _ in range(INTERRUPTIONS):
                try:
                    answer = self._session.isolated(self._frame()["id"], script, given)
                except WebDriverException as error:  # a page that is left is a timeout, too, by the driver's words
                    if not _PAGE_LEFT.search(error.msg or ""):
                        raise
                    continue
                if failure := answer.get("exceptionDetails"):
                    said = failure.get("exception", {}).get("description") or failure.get("text", "")
                    raise script_failed(str(said))
                return answer["result"].get("value")
        raise SourceError(SearchState.LAYOUT, "page.layout", _RESTLESS)

    def held(self, name: str, keys: Sequence[str]) -> list[Any]:
        """As `Browser.held`: an expression of syntax alone, in which nothing of the page's can take a part."""
        values = [f"window[{json.dumps(name)}]?.[{json.dumps(key)}]" for key in keys]
        if not self._devtools:
            return list(self.run(f"return [{', '.join(values)}]"))
        with self._session.speaking():
            held = self._session.untouched(f"[{', '.join(values)}]")
            return held if isinstance(held, list) else [self._session.untouched(value) for value in values]

    def address(self) -> str:
        """The URL of the page shown; not by the driver, which asks the page."""
        with self._session.speaking() as driver:
            if not self._devtools:
                return str(driver.current_url)
            frame = self._frame()
            return f"{frame.get('unreachableUrl') or frame['url']}{frame.get('urlFragment', '')}"

    def html(self) -> str:
        """The DOM as HTML."""
        return str(self.apart("return document.documentElement ? document.documentElement.outerHTML : ''"))

    def screenshot(self) -> bytes:
        """PNG of the viewport."""
        with self._in_front() as driver:
            return bytes(driver.get_screenshot_as_png())

    # ------------------------------------------------------------------ input

    def click(self, x: float, y: float) -> None:
        """Move, press and release the left button; a window that opens is closed."""
        with self._in_front():
            self._input.click(x, y)
            self._close_other_windows()

    def move(self, x: float, y: float) -> None:
        """Move the mouse there."""
        with self._in_front():
            self._input.move(x, y)

    def press(self, key: str) -> None:
        """Press and release a key."""
        with self._in_front():
            self._input.press(key)

    # ------------------------------------------------------------------ network

    def responses(self) -> list[tuple[PageRequest, str]]:
        """As `Browser.responses`; the first call only begins listening, and a grid without DevTools tells nothing."""
        if not self._devtools:
            return []
        with self._session.speaking():
            return [] if self._network.listen() else self._network.batches()

    def requests(self) -> list[PageRequest]:
        """What the page asked for since the first call, oldest first; nothing where a grid does not offer DevTools."""
        if not self._devtools:
            return []
        with self._session.speaking():
            return [] if self._network.listen() else self._network.requests()

    def pending(self) -> int:
        """As `Browser.pending`."""
        if not self._devtools:
            return 0
        with self._session.speaking():
            return self._network.pending()

    def body(self, request: PageRequest) -> bytes:
        """The body of the answer to a request; b"" when it can no longer be had."""
        with self._session.speaking():
            found = self._network.body(request)
            if not found and request.kind in DATA:
                found = self._network.again(request, self._frame()["id"])
            return found or b""

    def redirect(self, url: str) -> tuple[int, str]:
        """(status, Location) of a GET made by the page itself, not followed; (0, "") when it is not told."""
        if not self._devtools:
            return 0, ""
        with self._session.speaking():
            self._network.listen()
        absolute = str(self.apart(_ASK, url, int(self._settings.script_timeout * 1000)))
        end = time.monotonic() + _LATE
        while True:
            with self._session.speaking():
                answered = self._network.answered(absolute)
            if answered is not None or time.monotonic() > end:
                return (answered.status, answered.headers.get("location", "")) if answered else (0, "")
            time.sleep(0.02)

    def resource(self, url: str) -> bytes:
        """The bytes of a picture that the page has loaded; b"" when it has none of that URL, or tells nothing."""
        if not self._devtools:
            return b""
        with self._session.speaking():
            frame = self._frame()["id"]
            self._session.cdp("Page.enable")
            try:
                answer = self._session.cdp("Page.getResourceContent", frameId=frame, url=url)
            except WebDriverException as error:
                if "No resource" in (error.msg or ""):
                    return b""
                raise
            finally:
                self._session.cdp("Page.disable")
            text = str(answer["content"])
            return base64.b64decode(text) if answer.get("base64Encoded") else text.encode()

    # ------------------------------------------------------------------ life

    @property
    def headed(self) -> bool:
        """True when a person can see and use the window."""
        return self._headed

    def bound(self, left: Callable[[], float]) -> None:
        """`left` is asked before every command: the seconds it may take; what it raises, the command raises."""
        self._session.bound(left)

    def rest(self) -> None:
        """Between two searches: leave the page, stop listening, forget what was not asked for."""
        with self._in_front() as driver:
            driver.get("about:blank")
            if self._devtools:
                self._network.stop()

    def memory(self) -> int:
        """Resident bytes of driver and browser, shared pages counted once; 0 when they are on a grid."""
        return processes.memory(self._session.pid) if self._session.pid else 0

    def kill(self) -> None:
        """End it at once, from any thread; its own thread then gets a BrowserError."""
        self._session.kill()

    def close(self) -> None:
        """End it within a few seconds; nothing of it is left."""
        self._session.close()

    # ------------------------------------------------------------------ inside

    def _script(self, command: str, box: str, script: str, arguments: tuple[Any, ...]) -> Any:
        """The answer comes in a box: without one, a dialog of the page has cut the script short."""
        parameters = {"script": box.replace("BODY", script), "args": list(arguments)}
        with self._in_front() as driver:
            for _ in range(INTERRUPTIONS):
                try:
                    answer = driver.execute(command, parameters)["value"]
                except WebDriverException as error:
                    if isinstance(error, TimeoutException) or not _PAGE_LEFT.search(error.msg or ""):
                        raise
                    continue
                if answer is not None:
                    return answer[0]
        raise SourceError(SearchState.LAYOUT, "page.layout", _RESTLESS)

    @contextlib.contextmanager
    def _in_front(self, at_least: float = 0.0) -> Iterator[WebDriver]:
        """The driver, as `Session.speaking` has it, of a browser that shows our window."""
        with self._session.speaking(at_least) as driver:
            self._close_other_windows()
            yield driver

    def _close_other_windows(self) -> None:
        """Pages may open windows on a click; ours would go to the background and stop drawing."""
        driver = self._session.driver
        others = [handle for handle in driver.window_handles if handle != self._window]
        for handle in others:
            with contextlib.suppress(NoSuchWindowException):  # Listed still, although it is closing already.
                if self._devtools:
                    self._session.cdp("Target.closeTarget", targetId=handle)
                else:
                    driver.switch_to.window(handle)
                    driver.close()
        if others and not self._devtools:
            driver.switch_to.window(self._window)

    def _offers_devtools(self) -> bool:
        """Grids may keep DevTools or its log to themselves; a browser that is dead shows at the next command."""
        try:
            self._session.cdp("Browser.getVersion")
            self._network.probe()
        except TimeoutException:
            raise
        except WebDriverException:
            return False
        return True

    def _frame(self) -> dict[str, Any]:
        """The main frame: `url`, and `loaderId`, which changes with every document shown."""
        if not self._devtools:
            script = "return {url: location.href, loaderId: String(performance.timeOrigin)}"
            shown = dict(self._session.driver.execute_script(script))
            return shown | {"unreachableUrl": shown["url"] if shown["url"].startswith("chrome-error:") else ""}
        frame: dict[str, Any] = self._session.cdp("Page.getFrameTree")["frameTree"]["frame"]
        return frame


def _is_new(after: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether the frame shows another document than before, of the web or an error; an empty page is none."""
    known = str(after["url"]).startswith(("http://", "https://")) or bool(after.get("unreachableUrl"))
    return known and after["loaderId"] != before["loaderId"]


def _same_page(frame: dict[str, Any], url: str) -> bool:
    """Whether the frame shows the page that was asked for: a load that only moves within it is none."""
    return urldefrag(str(frame["url"])).url == urldefrag(url).url


def _unreachable(detail: str) -> SourceError:
    return SourceError(SearchState.UNREACHABLE, "page.unreachable", detail)


def _as_devtools(cookie: Cookie) -> dict[str, Any]:
    """A cookie as Network.setCookies takes it; without `domain` it is for its one host."""
    where = {"domain": f".{cookie.domain}"} if cookie.subdomains else {
        "url": f"http{'s' if cookie.secure else ''}://{cookie.domain}{cookie.path}"
    }  # fmt: skip
    flags = {"secure": cookie.secure, "httpOnly": cookie.http_only}
    return {"name": cookie.name, "value": cookie.value, "path": cookie.path, **where, **flags}
