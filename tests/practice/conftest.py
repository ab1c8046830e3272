"""A calm practice web, and a Chromium of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from collector.practice import Knobs, PracticeWeb


@pytest.fixture(scope="module")
def calm() -> Iterator[PracticeWeb]:
    """One web without troubles, shared by the tests of a module."""
    with PracticeWeb(Knobs.calm()) as web:
        yield web


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a fresh profile, shared by the tests of a module."""
    driver = started_chromium(tmp_path_factory.mktemp("profile"))
    driver.set_page_load_timeout(20)
    try:
        yield driver
    finally:
        driver.quit()


def started_chromium(profile: Path) -> webdriver.Chrome:
    """A headless Chromium; the machine's own browser and driver when they are where Debian puts them."""
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.add_argument("--window-size=1400,1000")
    options.add_argument(f"--user-data-dir={profile}")
    if Path("/usr/bin/chromium").exists():
        options.binary_location = "/usr/bin/chromium"
    driver = Path("/usr/bin/chromedriver")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(driver) if driver.exists() else None))
