"""Finds the browser and the chromedriver that fits it; says in one line what is missing.

Starts programs only to ask for their version, and the two downloaders with a time limit. Never drives.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from collector.browser import driver_download
from collector.errors import BrowserError, UsageError

BROWSER_NAMES = ("google-chrome", "google-chrome-stable", "chrome", "chromium", "chromium-browser")
MACOS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")
WINDOWS = (r"Google\Chrome\Application\chrome.exe", r"Chromium\Application\chrome.exe")
DOWNLOAD_TIME = 90.0
"""Seconds a downloader may take: a driver is about 10 MB."""

_ADVICE = (
    "install the chromedriver of the browser's own major version (Debian: apt install chromium-driver), or name one "
    "with --driver"
)
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){1,3}")

Download = Callable[[str, Path | None, str], Path]
"""(tool, browser, browser version) -> path of a driver; OSError with one line when there is none."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A browser and a driver of the same major version."""

    browser: Path
    driver: Path
    browser_version: str
    """Like 156.0.8078.79; "" when the program would not tell."""
    driver_version: str


def locate(browser: str = "", driver: str = "") -> Installation:
    """The installation to use. BrowserError("browser.start") or UsageError, one line, when there is none."""
    found = find_browser(browser, driver)
    if found is None:
        raise BrowserError(
            "browser.start",
            "no Chrome or Chromium found: install one (Debian: apt install chromium chromium-driver), name it with "
            "--browser-binary, or take a source that needs none, such as --source openverse",
        )
    chosen = find_driver(driver, found)
    return Installation(found, chosen, version(found), version(chosen))


def find_browser(explicit: str = "", driver: str = "") -> Path | None:
    """The browser's program: the explicit one, else one on PATH, else where it is usually installed.

    Of several, the first that fits the driver (the given one, or that on PATH); the first when none fits.
    """
    if explicit:
        return _existing(explicit, "--browser-binary", "a Chrome or Chromium program")
    installed = _installed()
    chosen = shutil.which(driver or "chromedriver")
    if len(installed) > 1 and chosen:
        fitting = (browser for browser in installed if version(browser) and not mismatch(browser, Path(chosen)))
        return next(fitting, installed[0])
    return installed[0] if installed else None


def _installed() -> list[Path]:
    """Every browser found, in order of preference; one program under two names once."""
    on_path = (shutil.which(name) for name in BROWSER_NAMES)
    found = [Path(path) for path in on_path if path] + [path for path in _usual_places() if path.is_file()]
    different = {path.resolve(): path for path in reversed(found)}
    return [path for path in found if different[path.resolve()] is path]


def find_driver(explicit: str, browser: Path | None, download: Download | None = None) -> Path:
    """A chromedriver for the browser: explicit, on PATH, by webdriver-manager, by Selenium Manager.

    An explicit one must fit; the others are passed over when they do not. BrowserError("browser.start")
    tells every way that was tried and, on a mismatch, both versions.
    """
    if explicit:
        path = _existing(explicit, "--driver", "a chromedriver program")
        problem = mismatch(browser, path)
        if problem:
            raise BrowserError("browser.start", f"{problem}: {_ADVICE}")
        return path
    tried: list[str] = []
    on_path = shutil.which("chromedriver")
    if on_path:
        problem = mismatch(browser, Path(on_path))
        if not problem:
            return Path(on_path)
        tried.append(problem)
    else:
        tried.append("no chromedriver on PATH")
    return _downloaded(browser, download or _download, tried)


def version(program: Path | None) -> str:
    """The version a browser or driver gives of itself, like 156.0.8078.79; "" when it does not."""
    if program is None:
        return ""
    if sys.platform == "win32" and program.name.lower() == "chrome.exe":
        # Chrome on Windows opens a window when asked; its folder holds one folder per version.
        folders = [item.name for item in program.parent.iterdir() if _VERSION.fullmatch(item.name)]
        return max(folders, key=_numbers, default="")
    try:
        answer = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # Debian's wrapper complains there about a harmless test
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = _VERSION.search(answer.stdout.decode(errors="replace"))
    return match.group() if match else ""


def mismatch(browser: Path | None, driver: Path) -> str:
    """ "" when the major versions fit or one of them is unknown, else a line that names both."""
    theirs, ours = version(browser), version(driver)
    if not ours:
        return f"{driver} does not run or tell its version"
    if not theirs or theirs.split(".")[0] == ours.split(".")[0]:
        return ""
    name = "Chromium" if browser is not None and "chromium" in browser.name.lower() else "Chrome"
    return f"{name} {theirs} ({browser}) does not work with chromedriver {ours} ({driver})"


def _downloaded(browser: Path | None, download: Download, tried: list[str]) -> Path:
    for tool in ("webdriver-manager", "selenium-manager"):
        try:
            path = download(tool, browser, version(browser))
        except OSError as error:
            tried.append(f"{tool}: {error}")
            continue
        problem = mismatch(browser, path)
        if not problem:
            return path
        tried.append(f"{tool}: {problem}")
    raise BrowserError("browser.start", f"{'; '.join(tried)}: {_ADVICE}")


def _download(tool: str, browser: Path | None, browser_version: str) -> Path:
    command = [sys.executable, "-P", driver_download.__file__, tool, str(browser or ""), browser_version]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DOWNLOAD_TIME, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"no answer within {DOWNLOAD_TIME:.0f} s") from None
    lines = answer.stdout.strip().splitlines()
    if answer.returncode == 0 and lines and Path(lines[-1]).is_file():
        return Path(lines[-1])
    raise FileNotFoundError(_last_line(answer.stderr))


def _last_line(text: str) -> str:
    """The line of a traceback that tells most, at most 160 characters."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Timeout)\b", line)]
    return (telling or lines or ["no driver"])[-1][:160]


def _existing(text: str, flag: str, what: str) -> Path:
    path = Path(text).expanduser()
    found = path if path.is_file() else Path(shutil.which(text) or "")
    if not found.is_file():
        raise UsageError(f"{flag} {text}: no such file; give the path of {what}")
    if not os.access(found, os.X_OK):
        raise UsageError(f"{flag} {text}: not executable; give the path of {what}")
    return found


def _usual_places() -> list[Path]:
    if sys.platform == "darwin":
        return [root / name for root in (Path("/Applications"), Path.home() / "Applications") for name in MACOS]
    if sys.platform == "win32":
        roots = [os.environ.get(name, "") for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
        return [Path(root, name) for root in roots if root for name in WINDOWS]
    return [
        Path(root, name) for root in ("/opt/google/chrome", "/snap/bin", "/usr/lib/chromium") for name in BROWSER_NAMES
    ]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
