"""Asks one of two downloaders for a chromedriver and prints its path: a program of its own, so that it
can be given a time limit and cannot print into a run.

Usage: python driver_download.py webdriver-manager|selenium-manager BROWSER_PATH BROWSER_VERSION
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any


def webdriver_manager(version: str) -> str:
    """Path of the driver that webdriver-manager has or downloads for a browser of this version.

    It would look for an installed Chrome itself; ours may be Chromium, or anywhere: tell it.
    """
    os.environ.setdefault("WDM_LOG", "0")
    from webdriver_manager.chrome import ChromeDriverManager
    from webdriver_manager.core.os_manager import OperationSystemManager

    class KnownBrowser(OperationSystemManager):
        def get_browser_version_from_os(self, browser_type: str | None = None) -> Any:
            return version or super().get_browser_version_from_os(browser_type)  # type: ignore[no-untyped-call]

    system = KnownBrowser()  # type: ignore[no-untyped-call]
    return str(ChromeDriverManager(os_system_manager=system).install())


def selenium_manager(browser: str) -> str:
    """Path of the driver that Selenium Manager has or downloads; without its usage statistics."""
    os.environ["SE_AVOID_STATS"] = "true"
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.common.selenium_manager import SeleniumManager

    arguments = ["--browser", "chrome", "--skip-driver-in-path"]
    if browser:
        arguments += ["--browser-path", browser]
    try:
        return str(SeleniumManager().binary_paths(arguments)["driver_path"])
    except WebDriverException as error:
        told = re.search(r"'message': (['\"])(.+?)\1", str(error))  # the rest is the command line
        raise SystemExit(told.group(2) if told else str(error)) from None


if __name__ == "__main__":
    tool, browser_path, browser_version = sys.argv[1:4]
    path = webdriver_manager(browser_version) if tool == "webdriver-manager" else selenium_manager(browser_path)
    sys.stdout.write(path + "\n")
