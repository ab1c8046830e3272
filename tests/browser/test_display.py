"""A window where there is a display, none elsewhere; with a real display where Xvfb is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collector.browser import display
from collector.browser.browser import ChromeBrowser
from collector.browser.chromedriver import Chromedriver
from collector.browser.driver import Installation
from collector.browser.options import grid_options, has_window, is_headed
from collector.browser.processes import RunFolder
from collector.errors import UsageError
from collector.settings import SearchSettings
from tests.support.browsers import QUICK
from tests.support.site import Site

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a window is taken for granted")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The display of an X server of our own."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed (Debian: apt install xvfb)")
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    monkeypatch.setenv("DISPLAY", f":{number}")
    yield f":{number}"
    server.terminate()
    server.wait(10)


@pytest.mark.browser
def test_where_there_is_a_display_there_is_a_window(
    screen: str, installation: Installation, run_folder: RunFolder, site: Site
) -> None:
    assert (display.trouble(), display.name()) == ("", screen)
    with ChromeWindow(installation, run_folder, QUICK) as browser:
        assert browser.headed
        browser.open(site.home + "/input")
        assert "HeadlessChrome" not in browser.run("return navigator.userAgent")
        assert browser.run("return navigator.webdriver") is True, "it says truthfully that it is driven"
        browser.move(30, 40)
        browser.click(100, 310)
        browser.press("a")
        assert ["click", True, 100, 310, ""] in browser.run("return window.log")
        assert browser.run("return document.getElementById('field').value") == "a"
        assert browser.run("return [innerWidth > 1000, outerHeight]") == [True, QUICK.window_height]
        assert browser.screenshot().startswith(b"\x89PNG")
    with ChromeWindow(installation, run_folder, replace(QUICK, headed="no")) as browser:
        assert not browser.headed
        assert "HeadlessChrome" in browser.run("return navigator.userAgent")


class ChromeWindow:
    """A browser that is closed again."""

    def __init__(self, installation: Installation, run: RunFolder, settings: SearchSettings) -> None:
        self._browser = ChromeBrowser(Chromedriver(installation, settings, run), settings)

    def __enter__(self) -> ChromeBrowser:
        return self._browser

    def __exit__(self, *_: object) -> None:
        self._browser.close()


@pytest.mark.parametrize(
    ("name", "why"), [("", "there is no display here"), (":987", "display :987 does not answer"), ("odd", "odd does")]
)
def test_without_a_display_there_is_none(monkeypatch: pytest.MonkeyPatch, name: str, why: str) -> None:
    if name:
        monkeypatch.setenv("DISPLAY", name)
    assert why in display.trouble()
    assert not has_window(SearchSettings())
    assert not has_window(SearchSettings(headed="no"))
    with pytest.raises(UsageError, match=r"--headed: .*xvfb-run"):
        has_window(SearchSettings(headed="yes"))


def test_wayland_and_remote_displays_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert "wayland-7 does not answer" in display.trouble()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen()
        assert (display.trouble(), display.name()) == ("", "wayland-7")
    monkeypatch.delenv("WAYLAND_DISPLAY")
    with listening_above(6000) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("DISPLAY", f"127.0.0.1:{port - 6000}.0")
        assert display.trouble() == ""


def listening_above(lowest: int) -> socket.socket:
    """A server on any free port that can be the port of a display."""
    for port in range(lowest + 10, lowest + 900):
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
    raise AssertionError("no free port")


def test_on_a_grid_a_window_must_be_asked_for() -> None:
    settings = SearchSettings(grid="http://127.0.0.1:9")
    assert not is_headed(grid_options(settings))
    assert is_headed(grid_options(replace(settings, headed="yes")))
