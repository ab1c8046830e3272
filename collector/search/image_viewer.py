"""Pictures as a browser gets them while it shows their page: the `Viewer` of `collector.browser.contract`.

One browser, started at the first picture. It opens the page and has it show the picture; it looks for nothing else.
"""

from __future__ import annotations

import math

from collector.browser.browser import ChromeBrowser
from collector.errors import BrowserError, SourceError
from collector.model import Emit
from collector.search.browsers import Browsers
from collector.search.lease import BrowserLease, OwnBrowser
from collector.settings import SearchSettings

_SHOW = """
const [url, milliseconds] = arguments
const picture = document.createElement('img')
window.shownByCollector = picture  // What nobody refers to is dropped from the page's resources.
return new Promise((done) => {
  picture.onload = () => done(true)
  picture.onerror = () => done(false)
  setTimeout(done, milliseconds, false)
  picture.src = url
})
"""


class PageViewer:
    """For one thread, but for `kill`."""

    def __init__(self, settings: SearchSettings, emit: Emit, allow_private: bool = False) -> None:
        self._browsers = Browsers(settings, emit, allow_private)
        self._lease = BrowserLease(self._start, settings)
        self._on_grid = bool(settings.grid)
        self._killed = False

    def picture(self, page: str, url: str, seconds: float) -> bytes:
        """See `collector.browser.contract.Viewer`."""
        browser = self._lease.borrow()
        try:
            browser.bound(lambda: seconds)
            browser.open(page)
            if not browser.apart(_SHOW, url, int(seconds * 1000)):
                return b""
            return browser.resource(url) if isinstance(browser, ChromeBrowser) else b""
        except BrowserError:
            self._lease.discard()
            raise
        except SourceError:
            return b""  # The page is gone, or no page; then it shows no picture.
        finally:
            if self._on_grid:  # Searches may wait for its slot.
                self._lease.discard()
            else:
                self._lease.give_back()

    def kill(self) -> None:
        """See `collector.browser.contract.Viewer`."""
        self._killed = True
        self._lease.kill()

    def close(self) -> None:
        """See `collector.browser.contract.Viewer`."""
        self._lease.discard()
        self._browsers.close()

    def _start(self) -> OwnBrowser:
        if self._killed:
            raise BrowserError("browser.start", "the run has ended")
        browser = self._browsers.start(0)
        browser.bound(lambda: math.inf)
        return browser
