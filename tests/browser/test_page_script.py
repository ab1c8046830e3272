"""Our program in a page: put in when it is not there, out of reach of the page's own scripts."""

from __future__ import annotations

from typing import Any

import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.page_script import PageScript
from collector.errors import SourceError
from collector.sources.page.browser_page import LOOK
from tests.support.browser_fakes import FakeBrowser
from tests.support.site import Site


def script(*answers: Any) -> PageScript:
    """A program whose page gives these answers to what is run in it."""
    coming = iter(answers)
    return PageScript(FakeBrowser(lambda *_: next(coming)), LOOK)


def test_it_is_put_in_when_the_page_does_not_have_it() -> None:
    made = script(None, None, ["seen"], ["more"], None, None, ["again"])
    assert (made.call("look"), made.loads) == ("seen", 1)
    assert (made.call_async("look"), made.loads) == ("more", 1)
    assert (made.call_async("look"), made.loads) == ("again", 2)


def test_a_page_that_reloads_for_ever_and_one_that_breaks_it_are_no_pages() -> None:
    with pytest.raises(SourceError, match="keeps reloading itself"):
        script(None, None, None).call("look")
    with pytest.raises(SourceError, match="look failed in the page: TypeError: x"):
        script("TypeError: x").call_async("look")


@pytest.mark.browser
def test_the_page_neither_finds_nor_replaces_it(shared: ChromeBrowser, site: Site) -> None:
    shared.open(site.home + "/plain")
    shared.run("window.__collector = window.__collector_page = 1; window.api = null;")
    made, other = PageScript(shared, LOOK), PageScript(shared, LOOK)
    assert set(made.call("look")) == {"records", "resources", "made"}
    listed = shared.run("return Object.keys(window).filter((key) => key.startsWith('_'))")
    assert set(listed) == {"__collector", "__collector_page"}
    name = made._name
    shared.run("try { window[arguments[0]] = { look: () => 1 }; } catch {} delete window[arguments[0]];", name)
    assert made.call("look") != 1
    assert name != other._name
