"""Finding browser and driver, with shell scripts that print versions in their place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.browser import driver
from collector.browser.driver import find_browser, find_driver, locate, mismatch, version
from collector.errors import BrowserError, UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")
Program = Callable[[str, str], Path]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Makes a program that prints a version; those in `path/` are on PATH, and nothing else is."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(driver, "_usual_places", list)

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '[: unexpected operator' >&2\necho '{text}'\n")
        path.chmod(0o755)
        return path

    return make


def no_download(tool: str, browser: Path | None, browser_version: str) -> Path:
    raise ConnectionError("offline")


def test_an_explicit_browser_wins_over_path(program: Program) -> None:
    installed, explicit = program("path/chromium", "Chromium 156.0.1.2"), program("mine/chrome", "Chrome 155.0.0.1")
    assert find_browser() == installed
    assert find_browser(str(explicit)) == explicit
    assert find_browser("chromium") == installed, "a name on PATH will do"


def test_path_is_searched_in_order(program: Program) -> None:
    assert find_browser() is None
    program("path/chromium-browser", "Chromium 1.2")
    chrome = program("path/google-chrome", "Google Chrome 156.0.1.2")
    assert find_browser() == chrome


def test_of_several_browsers_the_one_that_fits_the_driver(program: Program, tmp_path: Path) -> None:
    program("path/google-chrome", "Google Chrome 155.0.1.2")
    chromium = program("path/chromium", "Chromium 156.0.1.2")
    program("path/chromium-browser", "no version here")
    assert find_browser() == tmp_path / "path/google-chrome", "without a driver the first"
    on_path = program("path/chromedriver", "ChromeDriver 156.0.8.8")
    found = locate()
    assert (found.browser, found.driver) == (chromium, on_path)
    older = program("mine/chromedriver", "ChromeDriver 155.0.8.8")
    assert locate(driver=str(older)).browser == tmp_path / "path/google-chrome"
    assert find_browser(str(tmp_path / "path/google-chrome")) == tmp_path / "path/google-chrome", "unless it is given"
    unfitting = program("mine/chromedriver", "ChromeDriver 99.0.8.8")
    assert find_browser(driver=str(unfitting)) == tmp_path / "path/google-chrome", "none fits: the first"


def test_one_browser_under_two_names_is_one(program: Program, tmp_path: Path) -> None:
    chrome = program("path/google-chrome-stable", "Google Chrome 156.0.1.2")
    (tmp_path / "path/google-chrome").symlink_to(chrome)
    assert driver._installed() == [tmp_path / "path/google-chrome"]


def test_usual_places_come_last(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = program("opt/chrome", "Google Chrome 156.0.1.2")
    monkeypatch.setattr(driver, "_usual_places", lambda: [tmp_path / "nowhere", place])
    assert find_browser() == place


def test_an_explicit_path_that_is_not_there_is_a_usage_error(program: Program, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--browser-binary /nowhere/chrome: no such file"):
        find_browser("/nowhere/chrome")
    with pytest.raises(UsageError, match="--driver /nowhere/driver: no such file"):
        find_driver("/nowhere/driver", None)
    (tmp_path / "text").write_text("no program")
    with pytest.raises(UsageError, match="not executable"):
        find_driver(str(tmp_path / "text"), None)


def test_version_is_read_past_a_noisy_wrapper(program: Program) -> None:
    assert version(program("path/chromium", "Chromium 156.0.8078.79 built on Debian")) == "156.0.8078.79"
    assert version(program("path/odd", "no number here")) == ""
    assert version(Path("/nowhere")) == ""


def test_driver_order(program: Program) -> None:
    browser = program("path/chromium", "Chromium 156.0.1.2")
    downloaded = program("cache/chromedriver", "ChromeDriver 156.0.9.9")
    asked: list[tuple[str, str]] = []

    def download(tool: str, browser: Path | None, browser_version: str) -> Path:
        asked.append((tool, browser_version))
        if tool == "webdriver-manager":
            raise ConnectionError("offline")
        return downloaded

    assert find_driver("", browser, download) == downloaded
    assert asked == [("webdriver-manager", "156.0.1.2"), ("selenium-manager", "156.0.1.2")]
    on_path = program("path/chromedriver", "ChromeDriver 156.0.8.8 (abc)")
    assert find_driver("", browser, download) == on_path
    explicit = program("mine/chromedriver", "ChromeDriver 156.0.7.7")
    assert find_driver(str(explicit), browser, download) == explicit
    assert len(asked) == 2


def test_a_mismatch_names_both_versions_and_what_to_do(program: Program) -> None:
    browser = program("path/chromium", "Chromium 156.0.1.2")
    old = program("path/chromedriver", "ChromeDriver 120.0.6099.109 (abc)")
    for explicit in (str(old), ""):
        with pytest.raises(BrowserError) as caught:
            find_driver(explicit, browser, no_download)
        line = str(caught.value)
        assert caught.value.reason == "browser.start"
        assert "Chromium 156.0.1.2" in line and "chromedriver 120.0.6099.109" in line
        assert (
            "install the chromedriver of the browser's own major version (Debian: apt install chromium-driver)" in line
            and "\n" not in line
        )


def test_an_old_driver_on_path_is_passed_over_for_one_that_fits(program: Program) -> None:
    browser = program("path/chromium", "Chromium 156.0.1.2")
    program("path/chromedriver", "ChromeDriver 120.0.6099.109")
    fitting = program("cache/chromedriver", "ChromeDriver 156.0.1.1")
    assert find_driver("", browser, lambda *_: fitting) == fitting


def test_every_way_that_failed_is_told(program: Program) -> None:
    browser = program("path/chromium", "Chromium 156.0.1.2")
    with pytest.raises(BrowserError) as caught:
        find_driver("", browser, no_download)
    line = str(caught.value)
    for part in ("no chromedriver on PATH", "webdriver-manager: offline", "selenium-manager: offline"):
        assert part in line


def test_an_unknown_browser_version_is_no_mismatch(program: Program) -> None:
    made = program("path/chromedriver", "ChromeDriver 156.0.1.2")
    assert mismatch(None, made) == ""
    assert "does not run" in mismatch(None, program("path/broken", "nothing"))


def test_locate(program: Program) -> None:
    with pytest.raises(BrowserError, match="no Chrome or Chromium found: install one"):
        locate()
    browser, path = program("path/chromium", "Chromium 156.0.1.2"), program("path/chromedriver", "ChromeDriver 156.3")
    found = locate()
    assert (found.browser, found.driver, found.browser_version, found.driver_version) == (
        browser,
        path,
        "156.0.1.2",
        "156.3",
    )


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("import sys; print('noise'); print(sys.argv[3])", ""),
        ("raise ConnectionError('Could not reach host')", "ConnectionError: Could not reach host"),
        ("print('/nowhere/chromedriver')", "no driver"),
        ("import time; time.sleep(30)", "no answer within 1 s"),
    ],
)
def test_a_downloader_is_bounded_and_its_trouble_is_one_line(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, line: str
) -> None:
    made = program("cache/chromedriver", "ChromeDriver 156.0.1.2")
    (tmp_path / "obtain.py").write_text(script)
    monkeypatch.setattr("collector.browser.driver_download.__file__", str(tmp_path / "obtain.py"))
    monkeypatch.setattr(driver, "DOWNLOAD_TIME", 1.0 if "sleep" in script else 20.0)
    if not line:
        assert driver._download("webdriver-manager", None, str(made)) == made
        return
    with pytest.raises(OSError, match=line):
        driver._download("webdriver-manager", None, "156")
