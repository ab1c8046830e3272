"""ChromeBrowser against hostile pages, with a real Chromium on a loopback site."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from selenium.common.exceptions import TimeoutException

from collector.browser.browser import ChromeBrowser
from collector.errors import BrowserError, SourceError
from collector.model import SearchState
from tests.support.site import Site

pytestmark = pytest.mark.browser
New = Callable[[], ChromeBrowser]


def heading(browser: ChromeBrowser) -> Any:
    return browser.run("return (document.querySelector('h1') || {}).textContent")


def until(browser: ChromeBrowser, expression: str, seconds: float = 5) -> Any:
    end = time.monotonic() + seconds
    while not (value := browser.run(f"return {expression}")):
        assert time.monotonic() < end, f"never true: {expression}"
        time.sleep(0.02)
    return value


# ---------------------------------------------------------------------- friendly pages


def test_reads_a_page(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    assert shared.address() == site.home + "/plain"
    assert "text äöü 猫" in shared.html()
    assert shared.screenshot().startswith(b"\x89PNG")
    assert shared.run("return [arguments[0] + 1, {a: null}]", 41) == [42, {"a": None}]
    assert shared.run_async("const done = arguments[1]; setTimeout(() => done(arguments[0]), 20)", "später") == "später"
    assert not shared.headed


def test_tells_truthfully_what_it_is(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    assert shared.run("return navigator.webdriver") is True
    assert "HeadlessChrome" in shared.run("return navigator.userAgent")


def test_input_is_trusted(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/input")
    shared.move(30, 40)
    shared.click(100, 310)
    shared.press("猫")
    shared.press("a")
    shared.press("Escape")
    log = shared.run("return window.log")
    assert all(trusted for _, trusted, *_ in log)
    assert ["mouseover", True, 30, 40, ""] in log
    assert ["click", True, 100, 310, ""] in log
    assert ["keydown", True, 0, 0, "Escape"] in log
    assert shared.run("return document.getElementById('field').value") == "猫a"
    shared.run("document.activeElement.blur()")
    shared.press("End")
    assert until(shared, "scrollY > 3000")
    with pytest.raises(ValueError, match="no key 'F99'"):
        shared.press("F99")


def test_responses_gives_xhr_and_fetch_bodies(shared: ChromeBrowser, site: Site) -> None:
    assert shared.responses() == []
    shared.open(site.home + "/xhr")
    until(shared, "window.ready")
    text = '{"data": "%s", "text": "ä猫"}'
    answers = shared.responses()
    assert [(one.url, body) for one, body in answers] == [(f"{site.home}/data/{n}", text % n) for n in (1, 2)]
    assert [one.answer and (one.answer.url, one.answer.status) for one, _ in answers] == [
        (f"{site.home}/data/{n}", 200) for n in (1, 2)
    ]
    assert shared.responses() == []
    assert f"{site.home}/data/1" in {one.url for one in shared.requests()}
    shared.open(site.home + "/plain")
    assert f"{site.home}/data/1" not in {one.url for one in shared.requests()}
    shared.rest()
    shared.open(site.home + "/xhr")
    until(shared, "window.ready")
    assert shared.responses() == [], "after rest() nothing is recorded until it is asked for again"
    shared.rest()


def test_a_failing_script_is_an_unrecognised_page(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    with pytest.raises(SourceError, match="null") as caught:
        shared.run("return document.querySelector('#gone').textContent")
    assert (caught.value.state, caught.value.reason) == (SearchState.LAYOUT, "page.layout")
    assert heading(shared) == "Plain"


# ---------------------------------------------------------------------- unreachable


def test_unreachable_names_host_and_cause(shared: ChromeBrowser, site: Site) -> None:
    cases = {
        "http://127.0.0.1:1/": "127.0.0.1:1 .*net::ERR_",
        "http://nobody.invalid/": "nobody.invalid .*net::ERR_NAME_NOT_RESOLVED",
        site.home + "/empty": "net::ERR_EMPTY_RESPONSE",
        "file:///etc/passwd": "neither http nor https",
    }
    for url, line in cases.items():
        with pytest.raises(SourceError, match=line) as caught:
            shared.open(url)
        assert (caught.value.state, caught.value.reason) == (SearchState.UNREACHABLE, "page.unreachable")
        assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_unreachable(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    with pytest.raises(SourceError, match="did not answer within 3 s"):
        shared.open(site.home + "/never")


@pytest.mark.parametrize("path", ["/evil.exe", "/nothing"])
def test_an_answer_that_is_no_page_is_never_the_page_before(shared: ChromeBrowser, site: Site, path: str) -> None:
    for before in ("/plain", None):
        if before:
            shared.open(site.home + before)
        else:
            shared.rest()
        with pytest.raises(SourceError, match="sent no page that the browser could show") as caught:
            shared.open(site.home + path)
        assert (caught.value.state, caught.value.reason) == (SearchState.UNREACHABLE, "page.unreachable")


def test_a_move_within_the_page_is_a_load(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    shared.open(site.home + "/plain#p")
    shared.open(site.home + "/plain#p")
    assert shared.address() == site.home + "/plain#p"


def test_a_browser_that_never_leaves_its_empty_page_is_unreachable(
    shared: ChromeBrowser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As seen under heavy load: the empty page itself came late, and after it the time was up, or get() returned."""
    driver = shared._session.driver
    load = driver.get

    def late(_url: str) -> None:
        load("about:blank")
        raise TimeoutException("timeout: Timed out receiving message from renderer")

    for never, line in ((late, "did not answer within 3 s"), (lambda _url: load("data:,"), "sent no page")):
        shared.rest()
        monkeypatch.setattr(driver, "get", never)
        with pytest.raises(SourceError, match=line) as caught:
            shared.open(site.home + "/plain")
        assert caught.value.state is SearchState.UNREACHABLE
        monkeypatch.undo()
    tries = iter([lambda _url: None, load])
    monkeypatch.setattr(driver, "get", lambda url: next(tries)(url))
    shared.open(site.home + "/plain")
    assert heading(shared) == "Plain", "a load that went nowhere is given once more"


# ---------------------------------------------------------------------- hostile pages that leave it usable


def test_never_ending_page_is_usable(shared: ChromeBrowser, site: Site) -> None:
    before = time.monotonic()
    shared.open(site.home + "/drip")
    assert heading(shared) == "drip"
    assert shared.run("return document.querySelectorAll('p').length") >= 500
    assert time.monotonic() - before < 6


def test_alerts_and_prompts_are_dismissed(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/alerts")
    for _ in range(20):
        assert heading(shared) == "alerts"
    assert shared.run("return null") is None
    assert shared.run_async("setTimeout(arguments[0], 200)") is None
    assert shared.run_async("setTimeout(arguments[1], 200, arguments[0])  // a comment", "later") == "later"
    shared.open(site.home + "/prompts")
    assert shared.run("return window.answers") == [False, None]


def test_a_page_that_never_stops_alerting_is_read_or_hung(new_browser: New, site: Site) -> None:
    """Dialogs leave commands without an answer, whichever is under way."""
    browser = new_browser()
    try:
        browser.open(site.home + "/alerting")
        for _ in range(10):
            assert browser.address() == site.home + "/alerting"
            browser.requests()
            assert browser.apart("return 1") == 1
    except BrowserError as error:
        assert error.reason == "browser.hung"
        assert "dialog" in str(error) or "time" in str(error).lower()


def test_popups_are_blocked_and_clicked_windows_closed(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/popups")
    time.sleep(0.3)
    assert heading(shared) == "popups"
    shared.open(site.home + "/new-window")
    for _ in range(3):
        shared.click(50, 50)
        assert until(shared, "!document.hidden")
    assert shared.address() == site.home + "/new-window"
    with shared._session.speaking() as driver:
        assert len(driver.window_handles) == 1


def test_a_page_that_reloads_itself_is_named(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/reloading")
    for _ in range(10):
        assert until(shared, "(document.querySelector('h1') || {}).textContent") == "reloading"
    with pytest.raises((SourceError, BrowserError)):
        shared.run_async("")  # the document never lives long enough for an answer
    shared.open(site.home + "/plain")


def test_downloads_are_denied(shared: ChromeBrowser, site: Site, run_folder: Any) -> None:
    shared.open(site.home + "/download")
    time.sleep(0.5)
    assert heading(shared) == "download"
    assert not [path for path in run_folder.path.rglob("*") if "evil" in path.name or path.suffix == ".crdownload"]
    assert not Path("evil.exe").exists()


def test_beforeunload_does_not_hold_it(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/staying")
    shared.click(5, 5)  # only a touched page may ask
    shared.open(site.home + "/plain")
    assert heading(shared) == "Plain"
    shared.open(site.home + "/staying")
    shared.click(5, 5)
    shared.rest()
    assert shared.address() == "about:blank"


def test_a_page_cannot_lead_to_files(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/file")
    time.sleep(0.3)
    assert shared.address() == site.home + "/file"
    assert "root:" not in shared.html()


def test_permissions_are_denied(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/permissions")
    assert until(shared, "window.answer") == "denied"
    assert until(shared, "window.place") == "denied"


# ---------------------------------------------------------------------- hostile pages that cost the browser


def test_endless_script_is_hung_and_closes_in_time(new_browser: New, site: Site) -> None:
    browser = new_browser()
    browser.open(site.home + "/plain")
    before = time.monotonic()
    with pytest.raises(BrowserError) as caught:
        browser.run("setTimeout(() => { while (true) {} }, 0)")  # On a busy machine this is not answered any more.
        heading(browser)
    assert caught.value.reason == "browser.hung"
    assert time.monotonic() - before < 6
    before = time.monotonic()
    browser.close()
    assert time.monotonic() - before < 3


def test_the_limit_bounds_every_command(new_browser: New, site: Site) -> None:
    browser = new_browser()
    browser.bound(lambda: 1)
    before = time.monotonic()
    with pytest.raises(BrowserError) as caught:
        browser.open(site.home + "/never")
    assert caught.value.reason == "browser.hung"
    assert time.monotonic() - before < 3


def test_tab_crash(new_browser: New, site: Site) -> None:
    browser = new_browser()
    browser.open(site.home + "/plain")
    lines = [(process, arguments(process)) for process in tree(browser)]
    renderers = [p for p, line in lines if "--type=renderer" in line and "--top-chrome-webui" not in line]
    for process in renderers:
        process.kill()
    with pytest.raises(BrowserError) as caught:
        for _ in range(3):
            heading(browser)
            time.sleep(0.1)
    assert caught.value.reason == "browser.crash"
    assert "\n" not in str(caught.value)


def test_a_window_that_closes_itself_is_no_hang(new_browser: New, site: Site) -> None:
    browser = new_browser()
    everything = tree(browser)
    browser.open(site.home + "/closing")
    time.sleep(0.3)
    try:
        assert heading(browser) == "closing"  # Chrome lets only opened windows close themselves
    except BrowserError as error:
        assert error.reason == "browser.crash"
    browser.close()
    assert gone(everything)


def test_two_browsers_at_once_are_killed_one_by_one_and_nothing_is_left(new_browser: New, site: Site) -> None:
    first, second = new_browser(), new_browser()
    everything = tree(first) + tree(second)
    first.open(site.home + "/plain")
    second.open(site.home + "/input")
    assert (first.address(), second.address()) == (site.home + "/plain", site.home + "/input")
    assert 50_000_000 < first.memory() < 1_500_000_000
    [main] = psutil.Process(first._session.pid).children()
    main.kill()
    with pytest.raises(BrowserError) as caught:
        heading(first)
    assert caught.value.reason == "browser.crash"
    first.close()
    assert first.memory() == 0
    assert second.address() == site.home + "/input"
    os.kill(second._session.pid, signal.SIGKILL)
    with pytest.raises(BrowserError) as caught:
        heading(second)
    assert caught.value.reason == "browser.crash"
    before = time.monotonic()
    second.close()
    assert time.monotonic() - before < 3
    assert gone(everything)


def gone(processes: list[psutil.Process]) -> bool:
    """True when all have ended within 3 s; those that init has not yet reaped have ended."""
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes):
            return True
        time.sleep(0.05)
    return False


def arguments(process: psutil.Process) -> list[str]:
    """Of a process that may be ending just now."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def tree(browser: ChromeBrowser) -> list[psutil.Process]:
    process = psutil.Process(browser._session.pid)
    return [process, *process.children(recursive=True)]
