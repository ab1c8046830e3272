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

from collector.browser import display
from collector.browser.driver import Installation
from collector.errors import UsageError
from collector.settings import SearchSettings
from collector.urls import Proxies

SMALL_SHM = 256 * 2**20
"""Bytes of /dev/shm below which tabs crash (containers get 64 MB by default)."""
NO_SANDBOX_NOTICE = "running as root: Chromium's sandbox is off (--no-sandbox)"

HEADLESS = "--headless=new"

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
    "--hide-crash-restore-bubble",
    "--mute-audio",
    "--password-store=basic",
)
_DENY = 2
_NEVER = 2
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
    "net.network_prediction_options": _NEVER,  # names of links are not looked up ahead of a click
    "webrtc.ip_handling_policy": "disable_non_proxied_udp",
}


def needs_no_sandbox() -> bool:
    """Chromium refuses to run as root on Linux with its sandbox on (crbug.com/638180)."""
    return sys.platform == "linux" and os.geteuid() == 0


def has_window(settings: SearchSettings) -> bool:
    """Whether browsers here get a window. UsageError when one is asked for and there is no display."""
    if settings.headed == "no":
        return False
    trouble = display.trouble()
    if trouble and settings.headed == "yes":
        raise UsageError(f"--headed: {trouble}; leave it away or use xvfb-run")
    return not trouble


def local_options(
    settings: SearchSettings, installation: Installation, profile: Path, gate: str | None = None
) -> Options:
    """Selenium's options for a browser on this machine with its profile folder; `gate`: see `gate_arguments`."""
    headed = has_window(settings)
    options = _options(settings, headed, gate)
    options.binary_location = str(installation.browser)
    if needs_no_sandbox():
        options.add_argument("--no-sandbox")
    if shm_is_small():
        options.add_argument("--disable-dev-shm-usage")
    options.add_argument(f"--user-data-dir={profile}")
    return options


def grid_options(settings: SearchSettings) -> Options:
    """The same for a browser on a grid, of whose machine we know nothing: a window only when it is asked for."""
    options = _options(settings, settings.headed == "yes", gate=None)
    if settings.browser_binary:
        options.binary_location = settings.browser_binary
    return options


def is_headed(options: Options) -> bool:
    """Whether a browser with these options has a window."""
    return HEADLESS not in options.arguments


def shm_is_small() -> bool:
    """True when Chrome's shared memory would not fit into /dev/shm; False where there is no such thing."""
    if sys.platform != "linux":
        return False
    try:
        return shutil.disk_usage("/dev/shm").total < SMALL_SHM
    except OSError:
        return True


def proxy_arguments(proxies: Proxies) -> list[str]:
    """The proxies as Chrome takes them. It asks loopback directly by itself; UsageError where a login is needed."""
    if proxies.http is None and proxies.https is None:
        return ["--no-proxy-server"]
    given = {"http": proxies.http, "https": proxies.https}
    if any(proxy is not None and proxy.login is not None for proxy in given.values()):
        raise UsageError(
            "--proxy: a browser takes no name and password for a proxy; take sources that need no browser "
            "(`collector sources`), or a proxy that asks for none"
        )
    servers = ";".join(f"{scheme}={proxy or 'direct://'}" for scheme, proxy in given.items())
    names = [f"*.{name};{name}" if name[0] not in "*[" and not name[0].isdigit() else name for name in
             (entry.removeprefix("*.").removeprefix(".") for entry in proxies.bypass) if name]  # fmt: skip
    return [f"--proxy-server={servers}", *([f"--proxy-bypass-list={';'.join(names)}"] if names else [])]


def gate_arguments(gate: str) -> list[str]:
    """All that Chrome asks goes to `gate` (host:port), loopback and link-local addresses, too: it knows the proxies."""
    return [f"--proxy-server=http://{gate}", "--proxy-bypass-list=<-loopback>"]


def _options(settings: SearchSettings, headed: bool, gate: str | None) -> Options:
    options = Options()
    options.page_load_strategy = "eager"
    options.timeouts = {
        "pageLoad": int(settings.page_load_timeout * 1000),
        "script": int(settings.script_timeout * 1000),
    }
    options.unhandled_prompt_behavior = "dismiss"
    for argument in (*ARGUMENTS, *([] if headed else [HEADLESS])):
        options.add_argument(argument)
    proxy = gate_arguments(gate) if gate else proxy_arguments(Proxies.of(settings.proxy, os.environ))
    for argument in proxy:
        options.add_argument(argument)
    options.add_argument(f"--window-size={settings.window_width},{settings.window_height}")
    options.add_experimental_option("prefs", PREFERENCES)
    # chromedriver would let every page open windows
    options.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])
    # The log exists, but Chrome fills it only after Network.enable: see ChromeBrowser.responses.
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    options.add_experimental_option("perfLoggingPrefs", {"enableNetwork": False, "enablePage": False})
    return options
