"""What the browser tests share: the loopback site, the run folder, and browsers that are closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from collector.browser.browser import ChromeBrowser
from collector.browser.chromedriver import Chromedriver
from collector.browser.driver import Installation, locate
from collector.browser.processes import RunFolder
from collector.settings import SearchSettings
from tests.support.site import Site, serving

QUICK = SearchSettings(page_load_timeout=3, script_timeout=3, command_timeout=5)


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


@pytest.fixture(scope="session")
def installation() -> Installation:
    return locate()


@pytest.fixture(scope="session")
def run_folder() -> Iterator[RunFolder]:
    run = RunFolder()
    yield run
    run.close()
    assert not run.path.exists()


@pytest.fixture
def new_browser(installation: Installation, run_folder: RunFolder) -> Iterator[Callable[[], ChromeBrowser]]:
    """Starts a browser with short time limits; it is closed after the test, however that ends."""
    made: list[ChromeBrowser] = []

    def make() -> ChromeBrowser:
        made.append(ChromeBrowser(Chromedriver(installation, QUICK, run_folder), QUICK))
        return made[-1]

    yield make
    for browser in made:
        browser.close()


@pytest.fixture(scope="module")
def shared(installation: Installation, run_folder: RunFolder) -> Iterator[ChromeBrowser]:
    """One browser for all tests of a module that leave it usable."""
    browser = ChromeBrowser(Chromedriver(installation, QUICK, run_folder), QUICK)
    yield browser
    browser.close()
