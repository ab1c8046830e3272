"""Our program in a page: put in when it is not there, out of reach of the page's own scripts."""

from __future__ import annotations

import time
from typing import Any

import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.page_script import PageScript
from collector.errors import SourceError
from collector.sources.page.browser_page import LOOK, BrowserPage
from tests.support.browser_fakes import FakeBrowser
from tests.support.site import Site


def script(*answers: Any) -> PageScript:
    """A program whose page gives these answers to what is run in it."""
    coming = iter(answers)
    return PageScript(FakeBrowser(lambda *_: next(coming)), LOOK)


def hostile(browser: ChromeBrowser, script: str) -> None:
    """Run it in the page once the driver, which is no part of this, has its answer."""
    browser.run(f"setTimeout(() => {{ try {{ {script} }} finally {{ document.body.id = 'hostile'; }} }}, 0)")
    while browser.apart("return document.body.id") != "hostile":
        time.sleep(0.02)


def test_it_is_put_in_when_the_page_does_not_have_it() -> None:
    made = script(None, None, ["seen"], ["more"], None, None, ["again"])
    assert (made.call("look"), made.loads) == ("seen", 1)
    assert (made.call("look"), made.loads) == ("more", 1)
    assert (made.call("look"), made.loads) == ("again", 2)


def test_a_page_that_reloads_for_ever_and_one_that_breaks_it_are_no_pages() -> None:
    with pytest.raises(SourceError, match="keeps reloading itself"):
        script(None, None, None).call("look")
    with pytest.raises(SourceError, match="look failed in the page: TypeError: x"):
        script("TypeError: x").call("look")


@pytest.mark.browser
def test_the_page_neither_finds_nor_replaces_it(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    shared.run("window.__collector = window.__collector_page = 1; window.api = null;")
    made, other = PageScript(shared, LOOK), PageScript(shared, LOOK)
    assert set(made.call("look")) == {"records", "resources", "made"}
    listed = shared.run("return Object.keys(window).filter((key) => key.startsWith('_'))")
    assert set(listed) == {"__collector", "__collector_page"}
    name = made._name
    shared.run("window[arguments[0]] = { look: () => 1 };", name)
    assert made.call("look") != 1
    assert name != other._name


@pytest.mark.browser
def test_what_the_page_overrides_does_not_reach_it(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/fooling")
    assert shared.apart("return typeof window.fooled") == "undefined", "the page's objects are not there"
    assert shared.apart("return [1, 2].map((n) => n + arguments[0])", 1) == [2, 3]
    assert (
        shared.apart("return new Promise((done) => setTimeout(() => done(JSON.stringify({ a: [] })), 20))")
        == '{"a":[]}'
    )
    assert "/real.jpg" in shared.html()
    made = PageScript(shared, LOOK)
    records = made.call("look")["records"]
    assert [record["current"][:10] for record in records] == ["data:image", ""]
    assert "/real.jpg" in records[1]["html"]
    assert made.call("further", 200) == {"grown": False, "bottom": True}
    assert made.call("news", 50) == {"grown": False, "loading": False}


@pytest.mark.browser
def test_a_page_that_breaks_what_the_driver_relies_on_is_read_all_the_same(shared: ChromeBrowser, site: Site) -> None:
    window = BrowserPage(shared)
    window.open(site.home + "/seized")
    assert shared.address() == site.home + "/seized"
    assert "seized" in shared.html()
    assert window.look().figures == []
    shared.apart("document.documentElement.remove()")
    assert window.further(50, 200).bottom
    shared.rest()


@pytest.mark.browser
def test_what_fails_or_never_ends_apart_is_told(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    with pytest.raises(SourceError, match="a script failed in the page: TypeError"):
        shared.apart("null.x")
    with pytest.raises(SourceError, match="nothing failed in the page: TypeError"):
        PageScript(shared, LOOK).call("nothing")


@pytest.mark.browser
def test_nothing_of_ours_stands_in_a_page_and_its_requests_are_known_all_the_same(
    shared: ChromeBrowser, site: Site
) -> None:
    window = BrowserPage(shared)
    window.open(site.home + "/plain")
    window.look()
    shared.run("window.fetch('/never').catch(() => 0)")
    shared.run("const asked = new XMLHttpRequest(); asked.open('GET', '/plain'); asked.send()")
    assert window.browser.pending() >= 1
    assert window.await_news(50, 600) is False, "one that never ends is not waited for beyond the limit"
    assert window.browser.pending() == 1
    plain = "return [fetch, XMLHttpRequest.prototype.send].every((one) => /native code/.test(one.toString()))"
    assert shared.run(plain) is True


@pytest.mark.browser
def test_what_a_page_asks_for_is_heard_whatever_it_makes_of_its_own_functions(
    shared: ChromeBrowser, site: Site
) -> None:
    shared.responses()
    shared.open(site.home + "/plain")
    hostile(
        shared,
        "const ask = fetch, lie = () => { throw new Error('fooled'); };"
        "window.fetch = window.CustomEvent = window.dispatchEvent = lie;"
        "for (const name of Object.getOwnPropertyNames(Response.prototype))"
        " try { Object.defineProperty(Response.prototype, name, { value: lie }); } catch {}"
        "for (const name of ['then', 'finally', 'catch']) Promise.prototype[name] = lie;"
        "ask('/data/1');"
        "const other = new XMLHttpRequest(); XMLHttpRequest.prototype.send.call(other.open('GET', '/data/2') || other)",
    )
    heard: dict[str, str] = {}
    end = time.monotonic() + 20
    while len(heard) < 2 and time.monotonic() < end:
        heard |= {one.url: body for one, body in shared.responses()}
        time.sleep(0.02)
    assert heard == {f"{site.home}/data/{n}": f'{{"data": "{n}", "text": "ä猫"}}' for n in (1, 2)}
    shared.rest()


@pytest.mark.browser
def test_what_a_page_holds_is_read_whatever_it_makes_of_its_own_functions(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    hostile(
        shared,
        "const ran = (what) => { document.title = what; return 1; }, circle = []; circle.push(circle);"
        "let deep = []; for (let n = 0; n < 3000; n++) deep = [deep];"
        "window.held = { plain: [1, null, 'ä', { b: [2.5] }], circle, deep, nothing: null, program: () => ran('f'),"
        " get computed() { return ran('getter'); },"
        " written: { toJSON() { return ran('toJSON'); } } };"
        "Array.prototype[Symbol.iterator] = JSON.stringify = () => ran('iterator');"
        "Object.defineProperty(Array.prototype, '0', { set() { ran('setter'); } });",
    )
    plain = [1, None, "ä", {"b": [2.5]}]
    assert shared.held("held", ["plain", "nothing", "gone", 'b"]; alert(1); ["']) == [plain, None, None, None]
    never = ["circle", "deep", "computed"]
    assert shared.held("held", ["plain", *never, "plain"]) == [plain, *[None] * len(never), plain]
    assert shared.held("nobody", ["plain"]) == [None]
    assert shared.apart("return document.title") == "plain"
