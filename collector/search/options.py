"""What Chrome is started with: quiet, contained, and truthful about being driven.

Nothing here hides automation or changes the user agent, and nothing may be added that does.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from selenium.webdriver.chrome.options import Options

from collector.contracts import UsageError
from collector.search.driver import Installation
from collector.settings import SearchSettings

SMALL_SHM = 256 * 2**20
"""Bytes of /dev/shm below which tabs crash (containers get 64 MB by default)."""
NO_SANDBOX_NOTICE = "running as root: Chromium's sandbox is off (--no-sandbox)"

ARGUMENTS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-quic",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--disable-features=MediaRouter,OptimizationHints,Translate",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
)
_DENY = 2
PREFERENCES: dict[str, Any] = {
    **{
        f"profile.default_content_setting_values.{what}": _DENY
        for what in ("automatic_downloads", "geolocation", "media_stream", "notifications", "popups")
    },
    "credentials_enable_service": False,
    "download.prompt_for_download": False,
    "download_restrictions": 3,  # none at all: enterprise policy DownloadRestrictions
    "profile.password_manager_enabled": False,
    "translate.enabled": False,
}


def needs_no_sandbox() -> bool:
    """Chromium refuses to run as root on Linux with its sandbox on (crbug.com/638180)."""
    return sys.platform == "linux" and os.geteuid() == 0


def chrome_options(settings: SearchSettings, installation: Installation, folder: Path) -> Options:
    """Selenium's options for one browser whose files all lie in `folder`."""
    options = Options()
    options.binary_location = str(installation.browser)
    options.page_load_strategy = "eager"
    options.timeouts = {
        "pageLoad": int(settings.page_load_timeout * 1000),
        "script": int(settings.script_timeout * 1000),
    }
    options.unhandled_prompt_behavior = "dismiss"
    for argument in (*ARGUMENTS, *_situational(settings)):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.add_argument(f"--window-size={settings.window_width},{settings.window_height}")
    options.add_experimental_option("prefs", PREFERENCES)
    # chromedriver would let every page open windows
    options.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])
    # The log exists, but Chrome fills it only after Network.enable: see ChromeBrowser.responses.
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": False, "enablePage": False})
    return options


def _situational(settings: SearchSettings) -> list[str]:
    arguments = []
    if not settings.headed:
        arguments.append("--headless=new")
    elif sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UsageError("--headed: there is no display here (DISPLAY is not set); leave it away or use xvfb-run")
    if needs_no_sandbox():
        arguments.append("--no-sandbox")
    if sys.platform == "linux" and _shm_is_small():
        arguments.append("--disable-dev-shm-usage")
    return arguments


def _shm_is_small() -> bool:
    try:
        return shutil.disk_usage("/dev/shm").total < SMALL_SHM
    except OSError:
        return True
