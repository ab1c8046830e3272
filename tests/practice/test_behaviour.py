"""What the practice pages do in a real Chromium. Everything finer is seen by the product's own end-to-end tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException

from collector.practice import LAYOUTS, Knobs, PracticeWeb
from collector.practice.results import Wanted, result

CARDS = {
    "2026": '#rso [data-docid][data-lpage] div[jsname="G3m5s"]',
    "2024": "#rso [data-docid][data-lpage] h3 > a > div",
    "2020": '#islrg [data-ri][data-tbnid] a[jsname="sTFXNd"]',
}
PANEL = {
    "2026": '#sZmt3b [jsname="Qzjw6d"][aria-hidden="false"] img[jsname="kn3ccd"]',
    "2024": '#Sva75c [jsname="CGzTgf"] img[jsname="kn3ccd"]',
    "2020": '#Sva75c .BIB1wf img[jsname="HiaYvf"]',
}


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs.calm(keywords={"consent": {"state": "consent"}})) as running:
        yield running


@pytest.fixture
def page(chromium: webdriver.Chrome, web: PracticeWeb) -> Iterator[Callable[..., webdriver.Chrome]]:
    def opened(keyword: str = "apple", more: str = "") -> webdriver.Chrome:
        chromium.get(f"{web.url}/search?q={keyword}&udm=2{more}")
        return chromium

    yield opened
    chromium.delete_all_cookies()


def soon(true: Callable[[], Any], seconds: float = 8.0) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.03)
    return False


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_click_shows_the_original_and_scrolling_brings_a_batch(
    page: Callable[..., webdriver.Chrome], web: PracticeWeb, layout: str
) -> None:
    driver = page(more=f"&practice_layout={layout}&practice_swap=1,1")
    first = driver.execute_script("return document.querySelectorAll(arguments[0]).length", CARDS[layout])
    driver.execute_script("document.querySelector(arguments[0]).click()", CARDS[layout])
    source = "const e = document.querySelector(arguments[0]); return e && e.src"
    assert soon(lambda: driver.execute_script(source, PANEL[layout]) == result(Wanted(web.url, "apple"), 0).original)
    assert "/search" in driver.current_url, "no navigation"
    bottom = "window.scrollTo(0, document.documentElement.scrollHeight);"
    count = f"{bottom} return document.querySelectorAll(arguments[0]).length"
    assert soon(lambda: driver.execute_script(count, CARDS[layout]) > first)


def test_foreign_scripts_cannot_inject_html(page: Callable[..., webdriver.Chrome]) -> None:
    with pytest.raises(WebDriverException, match="TrustedHTML"):
        page().execute_script("document.body.innerHTML = '<p>mine</p>'")


def test_the_consent_form_stays_on_this_server(page: Callable[..., webdriver.Chrome], web: PracticeWeb) -> None:
    driver = page("consent")
    driver.execute_script("""document.querySelector('form[action^="https://consent.google."]').submit()""")
    assert soon(lambda: "/search" in driver.current_url and driver.current_url.startswith(web.url))
    assert driver.get_cookie("SOCS")["value"].startswith("CAE")
