"""Browsers on a grid; a plain chromedriver that the test starts plays it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.driver import Installation
from collector.browser.grid import Grid
from collector.errors import BrowserError, SourceError, UsageError
from collector.practice import Knobs, PracticeWeb
from collector.search.browsers import Browsers
from collector.settings import SearchSettings
from tests.support.browsers import QUICK
from tests.support.command import Desk
from tests.support.grid_double import Door, chromedriver, node_browser
from tests.support.site import Site

Node = tuple[SearchSettings, "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def node(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    with chromedriver(installation, folder) as (address, process):
        # A session given up while it starts stays: a lone chromedriver, other than a hub, does not list it to be ended.
        patient = replace(QUICK, command_timeout=60)
        yield replace(patient, grid=address, browser_binary=node_browser(installation, folder)), process


def browsers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children() if child.status() != psutil.STATUS_ZOMBIE]


def wait_gone(process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + 30
    while browsers_of(process) and time.monotonic() < end:
        time.sleep(0.05)
    return not browsers_of(process)


def use(browser: ChromeBrowser, site: Site) -> None:
    """What a source does with a browser, wherever that is."""
    browser.open(site.home + "/input")
    browser.move(30, 40)
    browser.click(100, 310)
    browser.press("a")
    browser.press("Escape")
    log = browser.run("return window.log")
    assert all(trusted for _, trusted, *_ in log)
    assert ["mouseover", True, 30, 40, ""] in log
    assert ["click", True, 100, 310, ""] in log
    assert browser.run("return document.getElementById('field').value") == "a"
    assert browser.run_async("setTimeout(arguments[1], 10, arguments[0])", "later") == "later"
    browser.run("document.activeElement.blur()")
    browser.press("PageDown")
    assert browser.address() == site.home + "/input"
    assert "field" in browser.html()
    assert browser.screenshot().startswith(b"\x89PNG")
    browser.open(site.home + "/new-window")
    browser.click(50, 50)
    end = time.monotonic() + 20
    while browser.run("return document.hidden") and time.monotonic() < end:  # Until the new window is closed.
        time.sleep(0.05)
    assert browser.run("return document.hidden") is False
    with browser._session.speaking() as driver:
        assert len(driver.window_handles) == 1
    with pytest.raises(SourceError, match="net::ERR_"):
        browser.open("http://127.0.0.1:9/")
    with pytest.raises(SourceError, match="did not answer within 3 s"):
        browser.open(site.home + "/never")
    browser.rest()
    assert browser.address() == "about:blank"


@pytest.mark.browser
def test_the_same_code_drives_a_browser_on_a_grid(node: Node, site: Site) -> None:
    settings, process = node
    with closing(ChromeBrowser(Grid(settings).browser(), settings)) as browser:
        assert len(browsers_of(process)) == 1
        use(browser, site)
        browser.responses()
        browser.open(site.home + "/xhr")
        end = time.monotonic() + 5
        while not browser.run("return window.ready") and time.monotonic() < end:
            time.sleep(0.05)
        assert [one.url for one, _ in browser.responses()] == [f"{site.home}/data/{n}" for n in (1, 2)]
        assert (browser.memory(), browser.headed) == (0, False)
    assert wait_gone(process)
    assert process.poll() is None, "the grid is not ours to end"


@pytest.mark.browser
def test_a_grid_without_devtools_is_used_by_plain_webdriver(node: Node, site: Site) -> None:
    settings, process = node
    with Door(settings.grid, refused=("/goog/cdp", "/se/log")) as door:
        with closing(ChromeBrowser(Grid(replace(settings, grid=door.address)).browser(), settings)) as browser:
            assert browser.responses() == []
            use(browser, site)
            browser.open(site.home + "/xhr")
            assert browser.responses() == []
        assert sum(line.startswith("DELETE /session/") and line.count("/") == 2 for line in door.asked) == 1
    assert wait_gone(process)


@pytest.mark.browser
def test_a_hung_or_killed_session_is_ended_at_the_grid_too(node: Node, site: Site) -> None:
    """How soon a chromedriver gets rid of a page that hangs is its own affair; that it is told is ours."""
    settings, process = node
    with Door(settings.grid) as door:
        behind = replace(settings, grid=door.address)
        browser = ChromeBrowser(Grid(behind).browser(), behind)
        browser.bound(lambda: QUICK.command_timeout)
        with closing(browser), pytest.raises(BrowserError) as caught:
            browser.open(site.home + "/stuck")  # On a busy machine it hangs before it is open.
            time.sleep(0.3)
            browser.run("return 1")
        assert caught.value.reason == "browser.hung"
        assert ended(door, 1)
        for hung in browsers_of(process):
            hung.kill()
        assert wait_gone(process)
        browser = ChromeBrowser(Grid(behind).browser(), behind)
        browser.kill()
        with pytest.raises(BrowserError) as caught:
            browser.run("return 1")
        assert caught.value.reason == "browser.crash"
        browser.close()
        assert ended(door, 2)
    assert wait_gone(process)


def ended(door: Door, sessions: int) -> bool:
    """Whether so many sessions are ended, waiting for it a while."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if sum(line.startswith("DELETE /session/") and line.count("/") == 2 for line in door.asked) >= sessions:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.browser
def test_a_run_from_the_command_line(node: Node, tmp_path: Path) -> None:
    settings, process = node
    desk = Desk(tmp_path / "desk")
    desk.write("queries.csv", "cat\ndog\n")
    with PracticeWeb(Knobs.calm()) as web:
        home = ["--set", f"google.home={web.url}", "--allow-private"]
        grid = ["--grid", settings.grid, "--browser-binary", settings.browser_binary]
        ended = desk.run("run", "--limit", "3", "--browsers", "2", *grid, *home)
    assert ended.code == 0, ended.err
    assert len(list(desk.images.glob("*/*"))) == 6
    assert desk.left_behind() == []
    assert wait_gone(process)
    away = desk.run("run", "--limit", "9", "--grid", "http://127.0.0.1:9", "--set", "search.grid_patience=0.1")
    assert away.code == 12
    assert "grid http://127.0.0.1:9 cannot be reached" in away.last_line
    assert "no search had a browser for 0.1 s" in away.last_line


@pytest.mark.browser
def test_name_and_password_are_sent_and_never_told(node: Node) -> None:
    settings, process = node
    with Door(settings.grid, password="me:s%cret") as door:
        guarded = door.address.replace("http://", "http://me:s%25cret@")
        browser = ChromeBrowser(Grid(replace(settings, grid=guarded)).browser(), settings)
        browser.close()
        assert "cret" not in str(door.sessions)
        with pytest.raises(BrowserError, match="user:password@") as caught:
            Grid(replace(settings, grid=door.address.replace("http://", "http://me:other@"))).browser()
        assert "other" not in str(caught.value)
    assert wait_gone(process)


@pytest.mark.browser
def test_a_grid_that_gives_no_browser_says_why(node: Node) -> None:
    settings, _ = node
    broken = replace(settings, browser_binary="/nowhere/chrome")
    with pytest.raises(BrowserError, match=r"gives no browser: session not created.* no chrome binary") as caught:
        ChromeBrowser(Grid(broken).browser(), broken)
    assert caught.value.reason == "browser.busy"
    assert "\n" not in str(caught.value)


# ---------------------------------------------------------------------- without a browser


def test_a_grid_that_is_away_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(BrowserError, match=f"http://127.0.0.1:{port} cannot be reached \\(no connection\\)") as caught:
        Grid(SearchSettings(grid=f"http://127.0.0.1:{port}")).browser()
    assert caught.value.reason == "browser.busy"
    assert "\n" not in str(caught.value)


def test_a_grid_that_is_silent_is_bounded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = time.monotonic()
        with pytest.raises(BrowserError, match="cannot be reached"):
            Grid(SearchSettings(grid=f"http://127.0.0.1:{server.getsockname()[1]}", command_timeout=1)).browser()
        assert time.monotonic() - before < 5


def test_something_else_at_the_address_is_told(site: Site) -> None:
    with pytest.raises(BrowserError, match=r"does not answer like a Selenium Grid \(HTTP 404\)"):
        Grid(SearchSettings(grid=site.home)).browser()


@pytest.mark.parametrize("address", ["localhost:4444", "ftp://x", "http://", "http://[", "http://h:99999"])
def test_an_impossible_address_is_a_usage_error(address: str) -> None:
    with pytest.raises(UsageError, match="such as http://localhost:4444"):
        Grid(SearchSettings(grid=address))


def test_a_grid_has_no_profile_of_ours(tmp_path: Path) -> None:
    browsers = Browsers(SearchSettings(grid="http://127.0.0.1:9", profile=str(tmp_path)), print)
    with pytest.raises(UsageError, match=r"--profile .* --grid"):
        browsers.start(1)
    browsers.close()
